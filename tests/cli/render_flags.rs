//! Every flag of `voxpoint render` changes the picture in the way it says.

use std::path::{Path, PathBuf};

use image::RgbaImage;

use crate::pictures::{middle, render};
use crate::support::{lps, nifti, voxpoint, write_labels, write_scan};

const SIDE: u32 = 96;

/// A folder with a scan of 32³ voxels of 2 mm: a block of 1000 to the patient's right, in front, near the top.
struct Phantom {
    folder: tempfile::TempDir,
    scan: PathBuf,
}

fn inside(v: [i16; 3]) -> bool {
    (4..=10).contains(&v[0]) && (8..=14).contains(&v[1]) && (24..=30).contains(&v[2])
}

impl Phantom {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let scan = folder.path().join("block.nii");
        write_scan(&scan, [32; 3], 2.0, |v| if inside(v) { 1000 } else { 0 });
        Self { folder, scan }
    }

    /// The middle of the block at hand in all slices, unless `more` says otherwise.
    fn draw(&self, more: &str) -> RgbaImage {
        let size = format!("{SIDE}x{SIDE}");
        let mut all = vec!["--size", &size, "--plain"];
        if !more.contains("--window") {
            all.extend(["--window", "500,1000"]);
        }
        if !more.contains("--at") {
            all.extend(["--at", "-14,-22,54"]);
        }
        all.extend(more.split(' ').filter(|word| !word.is_empty()));
        render(&self.scan, &all)
    }
}

fn brightness(picture: &RgbaImage) -> f64 {
    picture.pixels().map(|p| f64::from(p[0])).sum::<f64>() / f64::from(SIDE * SIDE)
}

fn different(a: &RgbaImage, b: &RgbaImage) -> usize {
    assert_eq!(a.dimensions(), b.dimensions());
    let far =
        |(a, b): (&image::Rgba<u8>, &image::Rgba<u8>)| (0..3).any(|n| a[n].abs_diff(b[n]) > 2);
    a.pixels().zip(b.pixels()).filter(|pair| far(*pair)).count()
}

#[test]
fn the_neurological_convention_mirrors_axial_and_coronal_and_leaves_sagittal() {
    let phantom = Phantom::new();
    for (view, mirrored) in [("axial", true), ("coronal", true), ("sagittal", false)] {
        let usual = phantom.draw(&format!("--view {view}"));
        let other = phantom.draw(&format!("--view {view} --convention neurological"));
        let expected =
            if mirrored { image::imageops::flip_horizontal(&usual) } else { usual.clone() };
        assert_eq!(different(&other, &expected), 0, "{view}");
        assert_eq!(different(&other, &usual) > 50, mirrored, "{view}");
    }
}

#[test]
fn thick_slices_show_the_mean_the_largest_or_the_smallest_of_what_lies_along_them() {
    let phantom = Phantom::new();
    // 20 mm below the block's middle, where the thin slice is black.
    let at = "--view axial --at -14,-22,34";
    let [thin, mip, mean, minip] = [
        "",
        "--slab 40 --projection mip",
        "--slab 40 --projection mean",
        "--slab 40 --projection minip",
    ]
    .map(|flags| brightness(&phantom.draw(&format!("{at} {flags}"))));
    assert_eq!(thin, 0.0);
    assert_eq!(minip, 0.0);
    // Seven voxels of 2 mm are 20.2 of 96 pixels: 4.4 % of the picture.
    assert!((mip - 11.3).abs() < 1.0, "{mip}");
    assert!(mean > 1.0 && mean < mip * 0.6, "{mean} of {mip}");
    let (x, y) = middle(&phantom.draw(&format!("{at} --slab 40 --projection mip")));
    let (x0, y0) = middle(&phantom.draw("--view axial"));
    assert!((x - x0).abs() < 0.6 && (y - y0).abs() < 0.6, "in the same place: {x}, {y}");
}

#[test]
fn oblique_turns_add_up() {
    let phantom = Phantom::new();
    let straight = phantom.draw("--view coronal");
    let turned = phantom.draw("--view coronal --oblique S,30");
    assert!(different(&straight, &turned) > 30);
    let back = phantom.draw("--view coronal --oblique S,30 --oblique S,-30");
    assert!(different(&straight, &back) < 10);
    // About the axis through the crosshair, which lies in the block's middle: it stays in view.
    assert!(brightness(&turned) > 5.0);
    // The axial plane stays where it is when everything is turned about its normal.
    let axial = phantom.draw("--view axial");
    let there = phantom.draw("--view axial --oblique S,30");
    assert!((brightness(&axial) - brightness(&there)).abs() < 1.0);
}

#[test]
fn interpolation_and_colours() {
    let phantom = Phantom::new();
    let nearest = phantom.draw("--view axial --interpolation nearest");
    assert!(nearest.pixels().all(|p| p[0] < 5 || p[0] > 250), "no grey between two voxels");
    let linear = phantom.draw("--view axial --interpolation linear");
    assert!(linear.pixels().any(|p| (20..235).contains(&p[0])));
    let cubic = phantom.draw("--view axial --interpolation cubic");
    assert!(different(&linear, &cubic) > 10);

    let inverted = phantom.draw("--view axial --interpolation nearest --colormap inverted");
    let at = |p: &RgbaImage, x, y| p.get_pixel(x, y).0;
    let (x, y) = middle(&nearest);
    assert!(at(&nearest, x as u32, y as u32)[0] > 250);
    assert!(at(&inverted, x as u32, y as u32)[0] < 5);
    let hot = phantom.draw("--view axial --colormap hot --window 1000,1000");
    let [r, g, b, _] = at(&hot, x as u32, y as u32);
    assert!(r > 200 && b < 60, "half way up, hot is red: {r} {g} {b}");
}

#[test]
fn a_second_image_is_laid_where_it_is_in_the_world() {
    let phantom = Phantom::new();
    // The left half of the patient (the picture's right) in a coarser grid of its own.
    let pet = phantom.folder.path().join("pet.nii");
    write_scan(&pet, [16; 3], 4.0, |v| if v[0] >= 8 { 700 } else { 0 });
    let pet = pet.to_str().unwrap();
    let plain = phantom.draw("--view axial");
    let flags = format!("--view axial --overlay {pet} --overlay-window 350,700");
    let both = phantom.draw(&flags);
    let half = |p: &RgbaImage, right: bool| {
        let part = image::imageops::crop_imm(p, if right { 50 } else { 4 }, 4, 40, 88).to_image();
        part.pixels().map(|p| f64::from(p[0])).sum::<f64>() / (40.0 * 88.0)
    };
    assert!(half(&both, true) > half(&plain, true) + 30.0);
    assert!((half(&both, false) - half(&plain, false)).abs() < 8.0);
    assert!(different(&phantom.draw(&format!("{flags} --overlay-opacity 0")), &plain) == 0);
    let green = phantom.draw(&format!("{flags} --overlay-opacity 1 --overlay-colormap viridis"));
    let [r, g, b, _] = green.get_pixel(70, 70).0;
    assert!(r > 200 && g > 200 && b < 90, "viridis ends in yellow: {r} {g} {b}");
}

#[test]
fn opposite_cameras_show_mirrored_sides() {
    let phantom = Phantom::new();
    let seen = |camera: &str| middle(&phantom.draw(&format!("--view 3d --3d mip {camera}")));
    let centre = f64::from(SIDE) / 2.0;
    for (one, other) in [("A", "P"), ("L", "R")] {
        let (a, b) = (seen(&format!("--camera {one}")), seen(&format!("--camera {other}")));
        assert!((a.0 - centre + (b.0 - centre)).abs() < 1.0, "{one} {a:?}, {other} {b:?}");
        assert!((a.1 - b.1).abs() < 1.0, "{one} {a:?}, {other} {b:?}");
        assert!(a.1 < centre - 5.0, "the block is near the top");
    }
    assert!(
        seen("--camera A").0 < centre - 5.0,
        "the patient's right is on the left from the front"
    );
    assert!(
        seen("--camera L").0 < centre - 3.0,
        "the front is on the left from the patient's left"
    );
    let (x, y) = seen("--camera I");
    assert!(x < centre - 5.0 && y < centre - 3.0, "from the feet as in an axial slice: {x}, {y}");
    let (a, b) = (seen("--camera A"), seen("--camera 0,0"));
    assert!((a.0 - b.0).abs() < 0.1 && (a.1 - b.1).abs() < 0.1);
    let from = |flags: &str| phantom.draw(&format!("--view 3d --3d mip --camera {flags}"));
    assert!(different(&from("A"), &from("A --perspective")) > 10);
}

#[test]
fn clipping_removes_what_it_says() {
    let phantom = Phantom::new();
    let lit = |flags: &str| brightness(&phantom.draw(&format!("--view 3d --3d mip {flags}")));
    let all = lit("");
    assert!(all > 2.0, "{all}");
    // The block reaches from S 47 to S 61 mm, from L −21 … to R, in world: x −21 … −7 (L 7 to L 21).
    for (clip, gone) in [
        ("axial:40", true),
        ("S:40", true),
        ("S:62", false),
        ("I:-40", false),
        ("I:-62", true),
        ("sagittal:-30", true),
        ("L:30", false),
        ("L:5", true),
        ("coronal:-5", false),
        ("P:5", true),
    ] {
        let left = lit(&format!("--clip {clip}"));
        assert_eq!(left < 0.2 * all, gone, "{clip}: {left} of {all}");
    }
    let half = lit("--camera A --clip camera:0");
    assert!(half < 0.2 * all, "the block is in front: {half}");
    assert!(lit("--clip-box 0:1,0:1,0:0.5") < 0.2 * all);
    assert!(lit("--clip-box 0:1,0:1,0.5:1") > 0.8 * all);
    assert!(lit("--clip-box 0:0.5,0:1,0:1") < 0.2 * all, "the patient's left half is empty");
    assert!(lit("--clip-box 0.5:1,0.5:1,0.5:1") > 0.8 * all);
}

#[test]
fn every_3d_mode_and_preset_looks_its_own_way() {
    let phantom = Phantom::new();
    let draw = |flags: &str| phantom.draw(&format!("--view 3d {flags}"));
    let pictures = ["", "--3d mip", "--iso 500", "--3d volume --preset ct-bone"].map(draw);
    for (n, a) in pictures.iter().enumerate() {
        assert!(brightness(a) > 0.3, "{n} is black");
        for b in &pictures[n + 1..] {
            assert!(different(a, b) > 20, "{n}");
        }
    }
    assert_eq!(brightness(&draw("--3d surface")), 0.0, "no masks, no surfaces");
    assert!(brightness(&draw("--iso 1500")) < 0.01, "nothing is as bright as that");
    assert!(brightness(&draw("--scan-opacity 0")) < 0.01);
    assert_eq!(different(&draw("--3d iso --iso 500"), &pictures[2]), 0);
}

#[test]
fn masks_are_as_thick_and_as_clear_as_asked() {
    let phantom = Phantom::new();
    let labels = phantom.folder.path().join("l.nii");
    // The posterior part of some slices (rows are complete).
    write_labels(&labels, [32; 3], 2.0, &vec![1; 32 * 32 * 20 + 32 * 12]);
    let common = format!("--view axial --at -30,-30,40 --labels {} ", labels.to_str().unwrap());
    let coloured = |flags: &str| {
        let picture = phantom.draw(&format!("{common} {flags}"));
        picture.pixels().filter(|p| p[0].abs_diff(p[2]) > 20).count()
    };
    let filled = coloured("");
    assert!(filled > 2500, "{filled}");
    assert_eq!(coloured("--fill 0 --outline 0"), 0);
    let (thin, thick) = (coloured("--fill 0 --outline 1"), coloured("--fill 0 --outline 5"));
    assert!(thin > 80 && thick > 3 * thin, "{thin} {thick}");
    assert_eq!(coloured("--opacity 0"), 0);
    let volume = |flags: &str| {
        let flags = format!("--view 3d --3d surface --labels {} {flags}", labels.display());
        brightness(&phantom.draw(&flags))
    };
    let (solid, faint) = (volume(""), volume("--opacity 0.3"));
    assert!(faint < 0.6 * solid && faint > 0.5, "{faint} {solid}");
}

#[test]
fn sheets_and_layouts() {
    let phantom = Phantom::new();
    let sheet = phantom.draw("--view axial --lightbox 4x4");
    let lit = |x: u32, y: u32| {
        let tile = image::imageops::crop_imm(&sheet, x * 24, y * 24, 24, 24).to_image();
        tile.pixels().any(|p| p[0] > 200)
    };
    let tiles = (0..16).filter(|n| lit(n % 4, n / 4)).count();
    // The block is in 7 of 32 slices.
    assert!((2..=5).contains(&tiles), "{tiles} of 16");
    let quad = phantom.draw("");
    assert_eq!(different(&quad, &phantom.draw("--layout quad")), 0);
    let row = phantom.draw("--layout row");
    let main = phantom.draw("--layout main");
    let main_3d = phantom.draw("--layout main --view 3d --3d mip");
    for other in [&row, &main, &main_3d] {
        assert!(different(&quad, other) > 100);
    }
    assert!(different(&main, &main_3d) > 100);
}

fn scan_4d(path: &Path) {
    let mut voxels = Vec::new();
    for value in [100i16, 900] {
        voxels.extend(std::iter::repeat_n(value.to_le_bytes(), 8 * 8 * 8).flatten());
    }
    let mut file = nifti([8; 3], 4, 16, lps(2.0), &voxels);
    file[40..42].copy_from_slice(&4i16.to_le_bytes());
    file[48..50].copy_from_slice(&2i16.to_le_bytes());
    std::fs::write(path, file).unwrap();
}

#[test]
fn time_points_are_counted_from_one() {
    let folder = tempfile::tempdir().unwrap();
    let scan = folder.path().join("4d.nii");
    scan_4d(&scan);
    let draw = |flag: &str, time_point: &str| {
        let flags = ["--view", "axial", "--window", "500,1000", "--size", "32x32", "--plain"];
        let picture = render(&scan, &[&flags[..], &[flag, time_point]].concat());
        picture.get_pixel(16, 16)[0]
    };
    // By its name, and by the one that it had.
    for flag in ["--time-point", "--frame"] {
        assert!(draw(flag, "1").abs_diff(26) < 3 && draw(flag, "2").abs_diff(230) < 3, "{flag}");
    }
    let out = folder.path().join("x.png");
    let (scan, out) = (scan.to_str().unwrap(), out.to_str().unwrap());
    let run = voxpoint(&["render", scan, "--time-point", "3", "--out", out]);
    assert!(run.failed(1).contains("time point 3"), "{run:?}");
}

#[test]
fn the_theme_is_that_of_the_window() {
    let phantom = Phantom::new();
    let size = ["--size", "128x128"];
    let [dark, light] = ["dark", "light"]
        .map(|theme| render(&phantom.scan, &[&size[..], &["--theme", theme]].concat()));
    let different = different(&dark, &light);
    // The lines between the views, and the edges of text, which egui softens otherwise on light.
    assert!((100..6000).contains(&different), "{different}");
}

#[test]
fn bad_values_are_refused_in_one_line() {
    let phantom = Phantom::new();
    let (scan, out) = (phantom.scan.to_str().unwrap(), phantom.folder.path().join("x.png"));
    for flags in [
        "--slab -1",
        "--slab thick",
        "--projection mip",
        "--slab 5 --projection max",
        "--oblique L,5",
        "--oblique R",
        "--oblique R,x",
        "--colormap pink",
        "--interpolation best",
        "--convention surgical",
        "--outline -1",
        "--fill 1.5",
        "--opacity nan",
        "--overlay-window 1,2",
        "--overlay-opacity 0.5",
        "--time-point 0",
        "--3d solid",
        "--preset ct-skin",
        "--iso high",
        "--3d mip --preset ct-bone",
        "--3d mip --iso 3",
        "--camera X",
        "--camera 1,2,3",
        "--camera 0,91",
        "--clip up:3",
        "--clip S",
        "--clip S:inf",
        "--clip-box 0:1,0:1",
        "--clip-box 0:0,0:1,0:1",
        "--lightbox 4",
        "--lightbox 0x3",
        "--lightbox 3x3 --view 3d",
        "--lightbox 3x3 --layout quad",
        "--layout row --view axial",
        "--layout heap",
        "--theme pink",
        "--turntable 0",
        "--turntable 361",
        "--turntable 4 --view axial",
        "--turntable 4 --layout quad",
        "--turntable 4 --seconds 0",
        "--seconds 3",
        "--scan-opacity 2",
        "--size 9000x10",
    ] {
        let mut all = vec!["render", scan, "--out", out.to_str().unwrap()];
        all.extend(flags.split(' '));
        let run = voxpoint(&all);
        run.failed(2);
        assert!(!out.exists(), "{flags}");
    }
    let film = phantom.folder.path().join("film.mp4");
    let run = voxpoint(&["render", scan, "--turntable", "4", "--out", film.to_str().unwrap()]);
    assert!(run.failed(2).contains(".gif"), "{run:?}");
}
