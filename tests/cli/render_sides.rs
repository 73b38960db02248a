//! `voxpoint render --beside` and `--compare`: two scans, or two label maps, at the same place of the world.

use std::path::{Path, PathBuf};

use image::RgbaImage;

use crate::pictures::{middle, render};
use crate::support::{lps, nifti, voxpoint, write_labels, write_scan};

const SIDE: u32 = 96;

/// A scan of 32³ voxels of 2 mm with a block, and one of 16³ of 4 mm in which it lies where that has it.
struct Pair {
    folder: tempfile::TempDir,
    scan: PathBuf,
    second: PathBuf,
}

/// In voxels of 2 mm.
fn inside(v: [i16; 3]) -> bool {
    (4..=11).contains(&v[0]) && (8..=15).contains(&v[1]) && (24..=31).contains(&v[2])
}

/// Four by four millimetres: its middle lies between those of two voxels of the first.
fn coarse() -> [[f32; 4]; 3] {
    let mut rows = lps(4.0);
    (rows[0][3], rows[1][3], rows[2][3]) = (-1.0, -1.0, 1.0);
    rows
}

fn bytes_of(value: impl Fn([i16; 3]) -> i16) -> Vec<u8> {
    let voxels = (0..16 * 16 * 16).map(|n: i16| [n % 16, n / 16 % 16, n / 256]);
    voxels.flat_map(|v| value(v).to_le_bytes()).collect()
}

fn block([x, y, z]: [i16; 3]) -> bool {
    inside([2 * x, 2 * y, 2 * z])
}

impl Pair {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [scan, second] = ["block.nii", "second.nii"].map(|name| folder.path().join(name));
        write_scan(&scan, [32; 3], 2.0, |v| if inside(v) { 1000 } else { 0 });
        let voxels = bytes_of(|v| if block(v) { 1000 } else { 0 });
        std::fs::write(&second, nifti([16; 3], 4, 16, coarse(), &voxels)).unwrap();
        Self { folder, scan, second }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The block's columns up to this one as a label of the second scan.
    fn labels(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        let voxels = bytes_of(|v| i16::from(block(v)) * 3);
        std::fs::write(&path, nifti([16; 3], 4, 16, coarse(), &voxels)).unwrap();
        path
    }

    /// An axial picture of both sides, each a square.
    fn draw(&self, more: &[&str]) -> [RgbaImage; 2] {
        let size = format!("{}x{SIDE}", 2 * SIDE);
        let mut all = vec!["--size", &size, "--plain", "--view", "axial", "--at", "-15,-23,55"];
        all.extend(["--window", "500,1000"]);
        all.extend(more);
        let picture = render(&self.scan, &all);
        [0, SIDE].map(|x| image::imageops::crop_imm(&picture, x, 0, SIDE, SIDE).to_image())
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn coloured(picture: &RgbaImage) -> usize {
    let range = |p: &image::Rgba<u8>| p[0].max(p[1]).max(p[2]) - p[0].min(p[1]).min(p[2]);
    picture.pixels().filter(|p| range(p) > 20).count()
}

#[test]
fn a_second_scan_stands_at_the_right_at_the_same_place_in_its_own_window() {
    let pair = Pair::new();
    let beside = ["--beside", text(&pair.second), "--beside-window", "500,1000"];
    let [left, right] = pair.draw(&beside);
    let (a, b) = (middle(&left), middle(&right));
    // The gap between them is some pixels.
    assert!((a.0 - b.0).abs() < 3.0 && (a.1 - b.1).abs() < 1.0, "{a:?} {b:?}");
    let at = |picture: &RgbaImage| picture.get_pixel(a.0 as u32, a.1 as u32)[0];
    assert!(at(&left) > 240 && at(&right) > 240);
    let dim = ["--beside", text(&pair.second), "--beside-window", "1000,4000"];
    let [same, other] = pair.draw(&dim);
    assert!(at(&same) > 240 && (100..160).contains(&at(&other)), "{}", at(&other));
}

#[test]
fn a_and_b_are_each_on_its_side_whichever_scan_b_is_of() {
    let pair = Pair::new();
    let own = pair.labels("follow_up_label.nii");
    let on_scan = pair.path("b.nii");
    let mut first = vec![0u8; 32 * 32 * 32];
    for (n, label) in first.iter_mut().enumerate() {
        let n = n as i16;
        *label = u8::from(inside([n % 32, n / 32 % 32, n / 1024]));
    }
    write_labels(&on_scan, [32; 3], 2.0, &first);
    let beside = ["--beside", text(&pair.second)];
    let shown = |more: &[&str]| pair.draw(more).map(|side| coloured(&side) > 50);
    assert_eq!(shown(&beside), [false, false]);
    for b in [&own, &on_scan] {
        let more = [&beside[..], &["--compare", text(b)]].concat();
        assert_eq!(shown(&more), [false, true], "{}", b.display());
        let more = [&more[..], &["--labels", text(&on_scan)]].concat();
        assert_eq!(shown(&more), [true, true], "{}", b.display());
    }
    // On one scan.
    assert_eq!(shown(&["--compare", text(&on_scan)]), [false, true]);
    assert_eq!(shown(&["--compare", text(&on_scan), "--labels", text(&on_scan)]), [true, true]);
    // The same pixels, put from one grid onto the other.
    let drawn = |b: &Path| {
        let [_, right] = pair.draw(&[&beside[..], &["--compare", text(b)]].concat());
        coloured(&right)
    };
    assert!(drawn(&own).abs_diff(drawn(&on_scan)) < 60, "{} {}", drawn(&own), drawn(&on_scan));
}

/// Two time points, the second empty.
fn moving(path: &Path) {
    let mut file = nifti([16; 3], 4, 16, coarse(), &bytes_of(|v| i16::from(block(v)) * 1000));
    file[40..42].copy_from_slice(&4u16.to_le_bytes());
    file[48..50].copy_from_slice(&2u16.to_le_bytes());
    file.extend(bytes_of(|_| 0));
    std::fs::write(path, file).unwrap();
}

#[test]
fn the_time_point_of_a_second_scan_is_chosen() {
    let pair = Pair::new();
    let path = pair.path("moving.nii");
    moving(&path);
    let lit = |number: &str| {
        let more = ["--beside", text(&path), "--beside-window", "500,1000"];
        let [_, right] = pair.draw(&[&more[..], &["--beside-time-point", number]].concat());
        right.pixels().filter(|p| p[0] > 200).count()
    };
    assert!(lit("1") > 200);
    assert_eq!(lit("2"), 0);
    let out = pair.path("p.png");
    let more = ["--beside", text(&path), "--beside-time-point", "3"];
    let run = voxpoint(&[&["render", text(&pair.scan), "--out", text(&out)][..], &more].concat());
    assert!(run.failed(1).contains("time points 1 to 2"), "{run:?}");
}

/// What can't be shown at the right is one line, and no picture.
#[test]
fn odd_files_at_the_right_are_one_line() {
    let pair = Pair::new();
    let own = pair.labels("label.nii");
    let write = |name: &str, bytes: &[u8]| {
        let path = pair.path(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let good = std::fs::read(&own).unwrap();
    let floats = |value: f32| -> Vec<u8> {
        (0..4096).flat_map(|n| if n % 3 == 0 { value } else { 0.25 }.to_le_bytes()).collect()
    };
    let cut = write("cut.nii", &good[..good.len() / 2]);
    let none = write("none.nii", &[]);
    let probability = write("probability.nii", &nifti([16; 3], 16, 32, coarse(), &floats(0.7)));
    let nan = write("nan.nii", &nifti([16; 3], 16, 32, coarse(), &floats(f32::NAN)));
    let elsewhere = write("other.nii", &nifti([9; 3], 4, 16, lps(3.0), &[0; 9 * 9 * 9 * 2]));
    let empty = pair.path("empty.nii");
    write_labels(&empty, [32; 3], 2.0, &[0]);
    let (missing, folder) = (pair.path("missing.nii"), pair.path("folder"));
    std::fs::create_dir(&folder).unwrap();
    let frames = pair.path("frames.nii");
    moving(&frames);
    // As B over the second scan, as B over the scan itself, as the second scan.
    let rows: [(&Path, [Option<&str>; 3]); 9] = [
        (&missing, [Some("missing.nii"); 3]),
        (&folder, [Some("folder"); 3]),
        (&cut, [Some("cut.nii"); 3]),
        (&none, [Some("none.nii"); 3]),
        (&probability, [Some("probability.nii"), Some("probability.nii"), None]),
        (&nan, [Some("nan.nii"), Some("nan.nii"), None]),
        (&elsewhere, [Some("other.nii"), Some("other.nii"), None]),
        (&empty, [None, None, None]),
        (&frames, [None, Some("frames.nii"), None]),
    ];
    let out = pair.path("p.png");
    for (path, expected) in rows {
        let file = text(path);
        let ways = [
            vec!["--beside", text(&pair.second), "--compare", file],
            vec!["--compare", file],
            vec!["--beside", file],
        ];
        for (way, expected) in ways.iter().zip(expected) {
            let start = ["render", text(&pair.scan), "--size", "64x32", "--view", "axial"];
            let run = voxpoint(&[&start[..], &["--out", text(&out)], way].concat());
            let what = format!("{} {way:?}: {run:?}", path.display());
            match expected {
                None => assert!(run.code == 0 && out.exists(), "{what}"),
                Some(word) => {
                    let said = run.failed(1);
                    assert!(said.contains(word) && said.lines().count() == 1, "{what}");
                    assert!(!out.exists(), "{what}");
                }
            }
            let _ = std::fs::remove_file(&out);
        }
    }
}

#[test]
fn sides_are_of_slices() {
    let pair = Pair::new();
    let out = pair.path("p.png");
    for more in [
        &["--view", "3d"][..],
        &["--lightbox", "2x2"],
        &["--turntable", "3"],
        &["--beside-time-point", "0"],
    ] {
        let start = ["render", text(&pair.scan), "--out", text(&out)];
        let beside = ["--beside", text(&pair.second)];
        voxpoint(&[&start[..], &beside, more].concat()).failed(2);
        assert!(!out.exists(), "{more:?}");
    }
    voxpoint(&["render", text(&pair.scan), "--out", text(&out), "--beside-window", "1,2"])
        .failed(2);
}
