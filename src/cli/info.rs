//! `voxpoint info`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;

use super::args::InfoArgs;
use super::{files, print, print_json, series, server, session_info};
use crate::document::{LabelId, palette_colour};
use crate::io::{self, IoError, Limits, Source};
use crate::session::is_named_as_session;
use crate::volume::{LabelName, OtherPlace, Provenance, Stats, SuvKind, Volume, Warning, readable};
use crate::work::{CancelToken, Progress};

/// What a file holds; keys are stable.
#[derive(Debug, Serialize)]
struct Info<'a> {
    /// As the file states them: two to seven.
    dims: &'a [usize],
    /// Time points or components; 1 for an ordinary scan.
    #[serde(rename = "frames")]
    time_points: usize,
    /// Millimetres along the first three axes.
    spacing: [f64; 3],
    /// numpy's name of the stored type.
    dtype: &'static str,
    /// Direction in which each voxel axis grows, as nibabel's `aff2axcodes`.
    orientation: String,
    /// Rows of the transform to RAS mm.
    world_from_voxel: [[f64; 4]; 4],
    /// Of every finite voxel, slope applied; null when there is none. JSON has no NaN.
    min: f64,
    max: f64,
    mean: f64,
    /// Of these, if the file says that they are SUV.
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'static str>,
    /// What was never measured; missing if the file says nothing of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    padding: Option<Padded>,
    /// The file says that low values are bright (MONOCHROME1): it is shown inverted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    low_is_bright: bool,
    provenance: Origin<'a>,
    /// The labels that the file itself names; missing if there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    labels: Vec<Named>,
    warnings: Vec<Warning>,
}

/// Voxels that were never measured, and are in none of the numbers above.
#[derive(Debug, Serialize)]
struct Padded {
    /// Their values, slope applied: ranges, ends included.
    values: Vec<[f64; 2]>,
    /// How many are left out; 0 if there is nothing else.
    voxels: usize,
}

impl Padded {
    fn of(volume: &Volume, stats: &Stats) -> Option<Self> {
        let values = volume.padding_values();
        (!values.is_empty()).then_some(Self { values, voxels: stats.padding })
    }

    /// `-2000, -1500 to -1400: 1234 voxels, left out above`.
    fn told(&self) -> String {
        let range = |[low, high]: &[f64; 2]| {
            if low == high {
                number(*low)
            } else {
                format!("{} to {}", number(*low), number(*high))
            }
        };
        let values: Vec<String> = self.values.iter().map(range).collect();
        format!("{}: {} voxels, left out above", values.join(", "), self.voxels)
    }
}

/// Where what is known of the scan comes from.
#[derive(Debug, Serialize)]
struct Origin<'a> {
    format: &'a str,
    /// The statement that decided where the voxels are.
    placed_by: &'a str,
    /// Whether it says which side is left; else a default was taken.
    says_sides: bool,
    /// Statements that put the voxels elsewhere, and were not followed.
    conflicts: Vec<Conflict<'a>>,
    /// By which it is found again: UIDs of a series.
    identifiers: BTreeMap<&'a str, &'a str>,
}

#[derive(Debug, Serialize)]
struct Conflict<'a> {
    by: &'a str,
    world_from_voxel: [[f64; 4]; 4],
    /// How far the corner furthest from it lies, in mm.
    apart_mm: f64,
}

impl<'a> Origin<'a> {
    fn of(said: &'a Provenance) -> Self {
        let conflict = |other: &'a OtherPlace| Conflict {
            by: &other.by,
            world_from_voxel: files::rows(&other.world_from_voxel),
            apart_mm: other.apart_mm,
        };
        Self {
            format: said.format,
            placed_by: &said.placement.by,
            says_sides: said.placement.says_sides,
            conflicts: said.placement.others.iter().map(conflict).collect(),
            identifiers: said.identifiers.iter().map(|(n, v)| (&**n, &**v)).collect(),
        }
    }
}

/// A label that a file names.
#[derive(Debug, Serialize)]
struct Named {
    number: u16,
    name: String,
    /// sRGB.
    colour: [u8; 3],
}

/// The labels that a file names.
fn named(path: &Path) -> Vec<Named> {
    let rows = io::formats().label_names(&Source::at(path)).into_iter();
    rows.map(|LabelName { value, name, colour, .. }| Named { number: value, name, colour })
        .collect()
}

/// A file that has nothing but labels of a scan, and no grid of its own.
#[derive(Debug, Serialize)]
struct OnlyLabels {
    labels: Vec<Named>,
}

impl<'a> Info<'a> {
    fn of(volume: &'a Volume) -> Self {
        let stats = volume.stats();
        let grid = volume.grid();
        let mut warnings = volume.warnings().to_vec();
        warnings.extend(not_finite(stats.not_finite));
        Self {
            dims: volume.file_dims(),
            time_points: volume.time_points(),
            spacing: grid.spacing().to_array(),
            dtype: volume.voxels().data_type().name(),
            orientation: grid.orientation().letters(),
            world_from_voxel: files::rows(&grid.world_from_voxel()),
            min: stats.min,
            max: stats.max,
            mean: stats.mean,
            unit: volume.suv_kind().map(SuvKind::unit),
            padding: Padded::of(volume, &stats),
            low_is_bright: volume.low_is_bright(),
            provenance: Origin::of(volume.provenance()),
            labels: Vec::new(),
            warnings,
        }
    }

    fn table(&self) -> String {
        let dims: Vec<String> = self.dims.iter().map(ToString::to_string).collect();
        let [x, y, z] = self.spacing.map(number);
        let mut text = String::new();
        // Writing into a String can't fail.
        let _ = writeln!(text, "dimensions    {}", dims.join(" × "));
        if self.time_points > 1 {
            let _ = writeln!(text, "time points   {}, counted from 1", self.time_points);
        }
        let _ = writeln!(text, "spacing       {x} × {y} × {z} mm");
        let _ = writeln!(text, "type          {}", self.dtype);
        let _ = writeln!(text, "orientation   {}", self.orientation);
        let [min, max, mean] = [self.min, self.max, self.mean].map(number);
        let unit = self.unit.map(|unit| format!(" ({unit})")).unwrap_or_default();
        let _ = writeln!(text, "values        {min} to {max}, mean {mean}{unit}");
        if let Some(padding) = &self.padding {
            let _ = writeln!(text, "padding       {}", padding.told());
        }
        matrix(&mut text, "voxel to mm", &self.world_from_voxel);
        if !self.provenance.placed_by.is_empty() {
            let _ = writeln!(text, "placed by     {}", self.provenance.placed_by);
        }
        for other in &self.provenance.conflicts {
            let apart = number(other.apart_mm);
            let _ = writeln!(text, "not by        {}, up to {apart} mm away", other.by);
            matrix(&mut text, "  its matrix", &other.world_from_voxel);
        }
        text += &told(&self.labels);
        for warning in &self.warnings {
            let _ = writeln!(text, "warning       {}", warning.0);
        }
        text.truncate(text.trim_end().len());
        text
    }
}

/// The rows of a transform below one another.
fn matrix(text: &mut String, name: &str, rows: &[[f64; 4]; 4]) {
    for (n, row) in rows[..3].iter().enumerate() {
        let name = if n == 0 { name } else { "" };
        let [a, b, c, d] = row.map(number);
        // Writing into a String can't fail.
        let _ = writeln!(text, "{name:<13} {a:>11} {b:>11} {c:>11} {d:>12}");
    }
}

/// A line for each label.
fn told(labels: &[Named]) -> String {
    let line = |Named { number, name, .. }: &Named| format!("label {number:<7} {name}\n");
    labels.iter().map(line).collect()
}

/// As exact as float32, which the file has.
fn number(value: f64) -> String {
    readable(value, 6)
}

/// A warning if there are voxels that are not a number.
fn not_finite(count: usize) -> Option<Warning> {
    let voxels = if count == 1 { "1 voxel is" } else { &format!("{count} voxels are") };
    let text = format!("{voxels} not finite (NaN or infinite) and left out of min, max and mean");
    (count > 0).then_some(Warning(text))
}

/// Says what a file holds.
pub fn run(args: &InfoArgs) -> anyhow::Result<()> {
    if server::address(Some(&args.file)).is_some() {
        anyhow::bail!("this is an address; what a server has, “voxpoint model info” says");
    }
    if is_named_as_session(&args.file) {
        return session_info::info(&args.file, args.json);
    }
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    let options = args.series.options();
    // A place that is typed is one scan's, if it is any's.
    let list = if args.series.series.is_some() || !options.place.is_empty() {
        None
    } else {
        io::formats().list(&Source::at(&args.file), &cancel, &progress)?
    };
    let volume = match list {
        Some(list) if !list.is_plain() => return series::print_list(&*list, args.json),
        Some(list) => list.open_likely(&options, &Limits::default(), &cancel, &progress)?,
        None => match files::open_one(&args.file, &args.series) {
            Ok(volume) => volume,
            Err(error) => return labels_alone(&args.file, error, args.json),
        },
    };
    let mut info = Info { labels: named(&args.file), ..Info::of(&volume) };
    if let Some(labels) = in_layers(&args.file, &volume)? {
        info.labels = labels;
        info.warnings.retain(|warning| !warning.0.contains("opened at the first"));
        let what =
            "it is one label map in layers, because labels share voxels; all of it is opened";
        info.warnings.push(Warning(what.to_owned()));
    }
    if args.json { print_json(&info) } else { print(&info.table()) }
}

/// The labels of a label map whose layers look like time points to whom they are numbers.
fn in_layers(path: &Path, volume: &Volume) -> anyhow::Result<Option<Vec<Named>>> {
    if volume.time_points() < 2 || named(path).is_empty() {
        return Ok(None);
    }
    let read = files::labels_for(path, volume)?;
    Ok(read.map(|read| {
        let labels = read.labels.into_iter().map(|label| Named {
            number: label.value,
            name: label.name.unwrap_or_default(),
            colour: label.colour.unwrap_or_else(|| palette_colour(LabelId(label.value))),
        });
        labels.collect()
    }))
}

/// Of a file that has only labels, which are on no grid of their own, their names; else the error that it gave.
fn labels_alone(path: &Path, error: anyhow::Error, json: bool) -> anyhow::Result<()> {
    let labels = named(path);
    let needs_scan = matches!(error.downcast_ref(), Some(IoError::NeedsScan { .. }));
    if !needs_scan || labels.is_empty() {
        return Err(error);
    }
    if json { print_json(&OnlyLabels { labels }) } else { print(told(&labels).trim_end()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::{DAffine3, DVec3, Grid};
    use crate::volume::{Padding, Scale, StoredGeometry, Voxels};

    #[test]
    fn json_has_null_where_a_number_is_not_finite() {
        let grid = Grid::new([2, 1, 1], DAffine3::from_scale(DVec3::new(-2.0, 1.0, 1.0))).unwrap();
        let stored = StoredGeometry::of(&grid);
        let voxels = Voxels::F32(vec![f32::NAN, f32::INFINITY]);
        let volume = Volume::new("n", grid, vec![2, 1, 1], voxels, Scale::NONE, stored, vec![]);
        let json = serde_json::to_value(Info::of(&volume)).unwrap();
        assert!(json["min"].is_null() && json["max"].is_null() && json["mean"].is_null());
        assert_eq!(json["orientation"], "LAS");
        assert_eq!(json["world_from_voxel"][0][0], -2.0);
        assert_eq!(json["world_from_voxel"][3], serde_json::json!([0.0, 0.0, 0.0, 1.0]));
        assert_eq!(json["spacing"][0], 2.0);
        let warnings = json["warnings"].as_array().unwrap();
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].as_str().unwrap().starts_with("2 voxels are not finite"), "{json}");
    }

    #[test]
    fn padding_is_told_in_values_and_left_out() {
        let grid = Grid::new([4, 1, 1], DAffine3::IDENTITY).unwrap();
        let stored = StoredGeometry::of(&grid);
        let voxels = Voxels::I16(vec![-1000, -999, 1000, 1010]);
        let scale = Scale { slope: 2.0, inter: -1.0 };
        let volume = Volume::new("n", grid, vec![4, 1, 1], voxels, scale, stored, vec![]);
        let plain = serde_json::to_value(Info::of(&volume)).unwrap();
        assert!(plain.get("padding").is_none() && plain.get("low_is_bright").is_none());
        let padding = Padding::new([[-1000.0, -990.0]]);
        let volume = volume.with_padding(padding).with_low_bright(true);
        let info = Info::of(&volume);
        let json = serde_json::to_value(&info).unwrap();
        let expected = serde_json::json!({"values": [[-2001.0, -1981.0]], "voxels": 2});
        assert_eq!((&json["padding"], &json["min"]), (&expected, &serde_json::json!(1999.0)));
        assert_eq!(json["low_is_bright"], true);
        let line = "padding       -2001 to -1981: 2 voxels, left out above";
        assert!(info.table().contains(line), "{}", info.table());
    }

    #[test]
    fn only_voxels_that_are_not_finite_are_warned_of() {
        assert_eq!(not_finite(0), None);
        assert!(not_finite(1).unwrap().0.starts_with("1 voxel is not finite"));
    }
}
