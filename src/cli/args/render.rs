//! What `voxpoint render` can be told: a flag for every view and mode of the window.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{SeriesArg, number, parse_counts, parse_position, parse_time_point, parse_window};
use crate::geom::{Axis, Convention, DVec3, Direction, Plane};
use crate::render::{ClipBox, ColourMap, Interpolation, Mode3d, Projection, TransferPreset};
use crate::ui::theme::Theme;
use crate::ui::{FilmOptions, LONGEST_SIDE, Pane};
use crate::volume::Window;

/// `voxpoint render`.
#[derive(Args, Debug)]
pub struct RenderArgs {
    /// The scan.
    pub image: PathBuf,
    /// Which scan of a folder.
    #[command(flatten)]
    pub series: SeriesArg,
    /// A label map on the scan's grid.
    #[arg(long, value_name = "MASK")]
    pub labels: Option<PathBuf>,
    /// Which view; all when left out, or 3d with --turntable.
    #[arg(long, value_enum)]
    pub view: Option<View>,
    /// How all views share the picture; main has the view of --view large, else the axial one.
    #[arg(long, value_enum, conflicts_with = "lightbox")]
    pub layout: Option<LayoutArg>,
    /// A sheet of so many slices in a row and so many rows, of the plane of --view, else axial ones.
    #[arg(long, value_name = "NxM", value_parser = parse_sheet)]
    pub lightbox: Option<[usize; 2]>,
    /// Where the slices cross, RAS mm; else the middle of the labels, or of the scan.
    #[arg(long, value_name = "X,Y,Z", value_parser = parse_position, allow_hyphen_values = true)]
    pub at: Option<DVec3>,
    /// The time point of a 4D scan, counted from 1.
    #[arg(long, visible_alias = "frame", value_name = "N", value_parser = parse_time_point)]
    pub time_point: Option<usize>,
    /// The time point of a 4D label map, counted from 1; else that of the scan if it has as many, or the first.
    #[arg(long, visible_alias = "labels-frame", value_name = "N", value_parser = parse_time_point, requires = "labels")]
    pub labels_time_point: Option<usize>,
    /// Pixels of the picture [default: 1024x1024; of a film 512x512].
    #[arg(long, value_name = "WxH", value_parser = parse_size)]
    pub size: Option<[u32; 2]>,
    /// Without letters, crosshair and text.
    #[arg(long)]
    pub plain: bool,
    /// Dark or light, as the window's theme; the views are black in both.
    #[arg(long, value_name = "dark|light", value_parser = parse_theme, default_value = "dark", hide_default_value = true)]
    pub theme: Theme,
    /// Where to write the picture (.png); with --turntable a film (.png, .gif) or a folder (ends in /).
    #[arg(long, value_name = "PICTURE.png")]
    pub out: PathBuf,
    /// How slices look.
    #[command(flatten)]
    pub slices: SliceArgs,
    /// A second image.
    #[command(flatten)]
    pub second: OverlayArgs,
    /// What is shown beside.
    #[command(flatten)]
    pub sides: BesideArgs,
    /// How the volume looks.
    #[command(flatten)]
    pub volume: VolumeArgs,
    /// A film.
    #[command(flatten)]
    pub film: FilmArgs,
}

/// Flags of slices.
#[derive(Args, Debug)]
#[command(next_help_heading = "Slices")]
pub struct SliceArgs {
    /// Grey scale; else chosen from the scan.
    #[arg(long, value_name = "CENTRE,WIDTH", value_parser = parse_window, allow_hyphen_values = true)]
    pub window: Option<Window>,
    /// Colours from the window's low to its high end: grey, inverted, hot, viridis, bone, pet, rainbow.
    #[arg(long, value_name = "NAME", value_parser = parse_colour_map)]
    pub colormap: Option<ColourMap>,
    /// Between voxels: nearest, linear or cubic.
    #[arg(long, value_name = "NAME", value_parser = parse_interpolation)]
    pub interpolation: Option<Interpolation>,
    /// Left and right: radiological (the patient's right on the left) or neurological.
    #[arg(long, value_name = "NAME", value_parser = parse_convention)]
    pub convention: Option<Convention>,
    /// Thickness of the slices.
    #[arg(long, value_name = "MM", value_parser = parse_thickness)]
    pub slab: Option<f64>,
    /// What thick slices show: mean, mip (the largest value) or minip (the smallest).
    #[arg(long, value_name = "NAME", value_parser = parse_projection, requires = "slab")]
    pub projection: Option<Projection>,
    /// Turns all slices about the axis towards R, A or S through the crosshair, right-handed. Give it again
    /// for a further turn.
    #[arg(long, value_name = "AXIS,DEGREES", value_parser = parse_oblique, allow_hyphen_values = true)]
    pub oblique: Vec<(DVec3, f64)>,
    /// Width of the masks' outlines in pixels; 0 for none.
    #[arg(long, value_name = "PX", value_parser = parse_outline)]
    pub outline: Option<f32>,
    /// Opacity of the masks' filled areas in slices, 0 to 1.
    #[arg(long, value_name = "X", value_parser = parse_share)]
    pub fill: Option<f32>,
    /// Opacity of the masks as a whole, in slices (areas and outlines) and in 3D (surfaces), 0 to 1.
    #[arg(long, value_name = "X", value_parser = parse_share)]
    pub opacity: Option<f32>,
}

/// Flags of a second image.
#[derive(Args, Debug)]
#[command(next_help_heading = "Second image")]
pub struct OverlayArgs {
    /// An image to be laid over the scan, where it lies in the world (PET on CT).
    #[arg(long, value_name = "IMAGE")]
    pub overlay: Option<PathBuf>,
    /// Its window; else chosen from it.
    #[arg(long, value_name = "CENTRE,WIDTH", value_parser = parse_window, allow_hyphen_values = true, requires = "overlay")]
    pub overlay_window: Option<Window>,
    /// Its colours; hot when left out.
    #[arg(long, value_name = "NAME", value_parser = parse_colour_map, requires = "overlay")]
    pub overlay_colormap: Option<ColourMap>,
    /// Its opacity, 0 to 1; one half when left out.
    #[arg(long, value_name = "X", value_parser = parse_share, requires = "overlay")]
    pub overlay_opacity: Option<f32>,
}

/// Flags of slices that are shown twice.
#[derive(Args, Debug)]
#[command(next_help_heading = "Side by side")]
pub struct BesideArgs {
    /// A second scan at the right of each slice, where its header places it: it is not registered.
    #[arg(long, value_name = "SCAN", conflicts_with_all = ["lightbox", "turntable"])]
    pub beside: Option<PathBuf>,
    /// The time point of a 4D scan there, counted from 1; else that of the first scan, if both have as many.
    #[arg(long, value_name = "N", value_parser = parse_time_point, requires = "beside")]
    pub beside_time_point: Option<usize>,
    /// Its window; else that of the scan, if both are in Hounsfield units, or one chosen from it.
    #[arg(long, value_name = "CENTRE,WIDTH", value_parser = parse_window, allow_hyphen_values = true, requires = "beside")]
    pub beside_window: Option<Window>,
    /// A label map B that is drawn at the right, those of --labels (A) at the left: over the second scan, on its grid or
    /// put there from the scan's; without one over the scan itself.
    #[arg(long, value_name = "MASK", conflicts_with_all = ["lightbox", "turntable"])]
    pub compare: Option<PathBuf>,
}

/// Flags of the 3D view.
#[derive(Args, Debug)]
#[command(next_help_heading = "3D")]
pub struct VolumeArgs {
    /// How the scan is drawn: volume, mip (the brightest value along each ray), iso (a surface), surface (the
    /// masks alone).
    #[arg(long = "3d", value_name = "MODE", value_parser = parse_mode)]
    pub mode: Option<Mode3d>,
    /// Colours and opacity of the volume: window, ct-bone, ct-soft-tissue, ct-lung, ct-vessels, mr-pet.
    #[arg(long, value_name = "NAME", value_parser = parse_preset)]
    pub preset: Option<TransferPreset>,
    /// The value of the iso-surface; 250 in CT when left out, else a third up the window.
    #[arg(long, value_name = "VALUE", value_parser = number, allow_hyphen_values = true)]
    pub iso: Option<f64>,
    /// How much of the scan shows around the masks, 0 to 1; one half when left out.
    #[arg(long, value_name = "X", value_parser = parse_share)]
    pub scan_opacity: Option<f32>,
    /// From where: A, P, L, R, S or I, or degrees of turn (from A towards R) and of height (towards S).
    #[arg(long, value_name = "A|P|L|R|S|I|AZ,EL", value_parser = parse_camera, allow_hyphen_values = true)]
    pub camera: Option<CameraArg>,
    /// What is nearer looks larger.
    #[arg(long)]
    pub perspective: bool,
    /// Cuts away what lies beyond a plane: R:-10 what is further to the right than R -10 mm (L 10 mm), I:30
    /// what is further down than I 30 mm; axial:MM, coronal:MM and sagittal:MM are S:MM, A:MM and R:MM;
    /// camera:MM what is nearer to the viewer than MM in front of the scan's middle.
    #[arg(long, value_name = "SIDE:MM", value_parser = parse_clip, allow_hyphen_values = true)]
    pub clip: Option<ClipArg>,
    /// Keeps only a box: from and to as shares of the scan from left to right, from posterior to anterior,
    /// from inferior to superior; 0:1,0:0.5,0:1 is the posterior half.
    #[arg(long, value_name = "X:X,Y:Y,Z:Z", value_parser = parse_clip_box)]
    pub clip_box: Option<ClipBox>,
}

/// Flags of a film.
#[derive(Args, Debug)]
#[command(next_help_heading = "Film")]
pub struct FilmArgs {
    /// A full turn of the 3D view in so many pictures, as animated PNG (.png), GIF (.gif) or a folder of PNG
    /// files (a name that ends in /).
    #[arg(long, value_name = "FRAMES", value_parser = clap::value_parser!(u32).range(1..=i64::from(FilmOptions::MOST_FRAMES)))]
    pub turntable: Option<u32>,
    /// How long the turn takes; 4 when left out.
    #[arg(long, value_name = "S", value_parser = parse_seconds, requires = "turntable")]
    pub seconds: Option<f64>,
}

/// `--view`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum View {
    /// Across the body, seen from the feet.
    Axial,
    /// Seen from the front.
    Coronal,
    /// Seen from the patient's left.
    Sagittal,
    /// Ray-cast volume.
    #[value(name = "3d")]
    Volume,
    /// All four, as in the window.
    All,
}

impl View {
    /// The window's view; `None` is all four.
    pub fn pane(self) -> Option<Pane> {
        match self {
            Self::Axial => Some(Pane::Slice(Plane::Axial)),
            Self::Coronal => Some(Pane::Slice(Plane::Coronal)),
            Self::Sagittal => Some(Pane::Slice(Plane::Sagittal)),
            Self::Volume => Some(Pane::Volume),
            Self::All => None,
        }
    }
}

/// `--layout`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LayoutArg {
    /// Two by two.
    Quad,
    /// One large, three small.
    Main,
    /// The three slices in a row.
    Row,
}

/// `--camera`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CameraArg {
    /// From this side.
    From(Direction),
    /// Azimuth and elevation in radians.
    Angles(f64, f64),
}

/// `--clip`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ClipArg {
    /// Beyond so many millimetres towards a side.
    Towards(Direction, f64),
    /// Nearer to the viewer than so many millimetres in front of the scan's middle.
    Camera(f64),
}

/// One of several names, in any case.
fn named<T: Copy>(text: &str, names: &[(&str, T)]) -> Result<T, String> {
    let typed = text.trim().to_lowercase();
    names.iter().find(|(name, _)| *name == typed).map(|(_, value)| *value).ok_or_else(|| {
        let all: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
        format!("“{text}” is none of {}", all.join(", "))
    })
}

fn parse_theme(text: &str) -> Result<Theme, String> {
    named(text, &[("dark", Theme::Dark), ("light", Theme::Light)])
}

fn parse_colour_map(text: &str) -> Result<ColourMap, String> {
    let lower = ColourMap::ALL.map(|map| (map.name().to_lowercase(), map));
    let names: Vec<(&str, ColourMap)> = lower.iter().map(|(n, map)| (n.as_str(), *map)).collect();
    named(text, &names)
}

fn parse_interpolation(text: &str) -> Result<Interpolation, String> {
    let names = [
        ("nearest", Interpolation::Nearest),
        ("linear", Interpolation::Linear),
        ("cubic", Interpolation::Cubic),
    ];
    named(text, &names)
}

fn parse_convention(text: &str) -> Result<Convention, String> {
    let names =
        [("radiological", Convention::Radiological), ("neurological", Convention::Neurological)];
    named(text, &names)
}

fn parse_projection(text: &str) -> Result<Projection, String> {
    named(text, &[("mean", Projection::Mean), ("mip", Projection::Max), ("minip", Projection::Min)])
}

fn parse_mode(text: &str) -> Result<Mode3d, String> {
    let names = [
        ("volume", Mode3d::Volume),
        ("mip", Mode3d::Mip),
        ("iso", Mode3d::Iso),
        ("surface", Mode3d::Surface),
    ];
    named(text, &names)
}

fn parse_preset(text: &str) -> Result<TransferPreset, String> {
    let names = TransferPreset::ALL.map(|preset| (preset.slug(), preset));
    // Its name before it was the first look at everything but CT.
    named(if text == "mr-brain" { "mr-pet" } else { text }, &names)
}

fn within(text: &str, range: std::ops::RangeInclusive<f64>) -> Result<f64, String> {
    let value = number(text)?;
    if range.contains(&value) {
        return Ok(value);
    }
    Err(format!("{value} is not between {} and {}", range.start(), range.end()))
}

fn parse_share(text: &str) -> Result<f32, String> {
    Ok(within(text, 0.0..=1.0)? as f32)
}

fn parse_outline(text: &str) -> Result<f32, String> {
    Ok(within(text, 0.0..=64.0)? as f32)
}

fn parse_thickness(text: &str) -> Result<f64, String> {
    within(text, 0.0..=1000.0)
}

fn parse_seconds(text: &str) -> Result<f64, String> {
    within(text, 0.1..=FilmOptions::LONGEST)
}

fn parse_size(text: &str) -> Result<[u32; 2], String> {
    let longest = u64::from(LONGEST_SIDE);
    Ok(parse_counts::<2>(text, "WxH, for example 1024x768,", longest)?.map(|n| n as u32))
}

fn parse_sheet(text: &str) -> Result<[usize; 2], String> {
    Ok(parse_counts::<2>(text, "NxM, for example 5x4,", 12)?.map(|n| n as usize))
}

/// `R`, `left`, …
fn parse_direction(text: &str) -> Result<Direction, String> {
    let sides = Axis::ALL
        .into_iter()
        .flat_map(|axis| [true, false].map(|positive| Direction { axis, positive }));
    let mut sides = sides;
    let typed = text.trim().to_uppercase();
    sides
        .find(|side| side.letter().to_string() == typed)
        .ok_or_else(|| format!("“{text}” is none of R, L, A, P, S, I"))
}

fn parse_oblique(text: &str) -> Result<(DVec3, f64), String> {
    let (axis, degrees) = text.split_once(',').ok_or("AXIS,DEGREES is needed, for example R,15")?;
    let side = parse_direction(axis)?;
    if !side.positive {
        return Err(format!("“{axis}” is none of R, A, S"));
    }
    Ok((side.unit(), number(degrees)?))
}

fn parse_camera(text: &str) -> Result<CameraArg, String> {
    let Some((azimuth, elevation)) = text.split_once(',') else {
        let side = parse_direction(text);
        return side
            .map(CameraArg::From)
            .map_err(|why| format!("{why}, nor two angles AZ,EL in degrees"));
    };
    let elevation = within(elevation, -90.0..=90.0)?;
    Ok(CameraArg::Angles(number(azimuth)?.to_radians(), elevation.to_radians()))
}

fn parse_clip(text: &str) -> Result<ClipArg, String> {
    let (side, mm) = text.split_once(':').ok_or("SIDE:MM is needed, for example axial:12.5")?;
    let mm = number(mm)?;
    let towards = |axis| Direction { axis, positive: true };
    Ok(match side.trim().to_lowercase().as_str() {
        "camera" => ClipArg::Camera(mm),
        "axial" => ClipArg::Towards(towards(Axis::Z), mm),
        "coronal" => ClipArg::Towards(towards(Axis::Y), mm),
        "sagittal" => ClipArg::Towards(towards(Axis::X), mm),
        _ => {
            let side = parse_direction(side)
                .map_err(|why| format!("{why}, axial, coronal, sagittal, camera"))?;
            ClipArg::Towards(side, mm)
        }
    })
}

fn parse_clip_box(text: &str) -> Result<ClipBox, String> {
    let needed = "X:X,Y:Y,Z:Z is needed, for example 0:1,0:0.5,0:1";
    let parts: Vec<&str> = text.split(',').collect();
    if parts.len() != 3 {
        return Err(needed.to_owned());
    }
    let (mut low, mut high) = ([0.0; 3], [1.0; 3]);
    for (axis, part) in parts.into_iter().enumerate() {
        let (from, to) = part.split_once(':').ok_or(needed)?;
        (low[axis], high[axis]) = (within(from, 0.0..=1.0)?, within(to, 0.0..=1.0)?);
        if low[axis] >= high[axis] {
            return Err(format!("“{part}” keeps nothing"));
        }
    }
    Ok(ClipBox { low, high })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_of_a_clip_plane_are_those_of_the_letters() {
        let left = Direction { axis: Axis::X, positive: false };
        assert_eq!(parse_clip("L:10"), Ok(ClipArg::Towards(left, 10.0)));
        assert_eq!(parse_clip("axial:12.5"), parse_clip("S:12.5"));
        assert_eq!(parse_clip("sagittal:-3"), parse_clip("r:-3"));
        assert_eq!(parse_clip("camera:0"), Ok(ClipArg::Camera(0.0)));
        for bad in ["axial", "up:3", "S:", "S:x", "S:inf"] {
            assert!(parse_clip(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_camera_is_a_letter_or_two_angles() {
        let left = Direction { axis: Axis::X, positive: false };
        assert_eq!(parse_camera("l"), Ok(CameraArg::From(left)));
        let Ok(CameraArg::Angles(azimuth, elevation)) = parse_camera("-90,45") else { panic!() };
        assert!(
            (azimuth + std::f64::consts::FRAC_PI_2).abs() < 1e-5
                && (elevation - std::f64::consts::FRAC_PI_4).abs() < 1e-5
        );
        for bad in ["X", "1,2,3", "0,91", ""] {
            assert!(parse_camera(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_clip_box_keeps_something() {
        let half = ClipBox { low: [0.0, 0.0, 0.0], high: [1.0, 0.5, 1.0] };
        assert_eq!(parse_clip_box("0:1,0:0.5,0:1"), Ok(half));
        for bad in ["0:1,0:1", "0:1,0.5:0.5,0:1", "0:2,0:1,0:1", "0,1,2"] {
            assert!(parse_clip_box(bad).is_err(), "{bad}");
        }
    }
}
