//! `voxpoint render`: the right thing in the right place. Needs a Vulkan driver; a software one will do.

use std::path::Path;

use image::RgbaImage;

use crate::support::{sample, voxpoint, write_labels, write_scan};

const SIDE: u32 = 96;

pub fn render(scan: &Path, more: &[&str]) -> RgbaImage {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("p.png");
    let mut arguments = vec!["render", scan.to_str().unwrap(), "--out", out.to_str().unwrap()];
    arguments.extend(more);
    let run = voxpoint(&arguments);
    assert_eq!(run.code, 0, "{run:?}");
    image::open(&out).unwrap().to_rgba8()
}

/// Brightness-weighted middle of a picture, in pixels (the first pixel's centre is at 0.5).
pub fn middle(picture: &RgbaImage) -> (f64, f64) {
    let (mut x, mut y, mut sum) = (0.0, 0.0, 0.0);
    for (px, py, pixel) in picture.enumerate_pixels() {
        let weight = f64::from(pixel[0]);
        x += weight * (f64::from(px) + 0.5);
        y += weight * (f64::from(py) + 0.5);
        sum += weight;
    }
    assert!(sum > 0.0, "the picture is black");
    (x / sum, y / sum)
}

/// A block to the patient's right, in front, near the top. The expected pixels are worked out by hand:
/// 64 mm fill 96 % of 96 pixels, 1.44 pixels a millimetre. From the picture's left or top edge the block's
/// middle lies 15 mm (from the right side), 23 mm (from the front), 9 mm (from the top).
#[test]
fn slices_show_the_patients_right_on_the_left_front_and_head_up() {
    let folder = tempfile::tempdir().unwrap();
    let scan = folder.path().join("block.nii");
    let inside = |v: [i16; 3]| {
        (4..=10).contains(&v[0]) && (8..=14).contains(&v[1]) && (24..=30).contains(&v[2])
    };
    write_scan(&scan, [32; 3], 2.0, |v| if inside(v) { 1000 } else { 0 });
    let pixel = |mm: f64| (mm - 32.0) * 1.44 + 48.0;
    for (view, x, y) in [("axial", 15.0, 23.0), ("coronal", 15.0, 9.0), ("sagittal", 23.0, 9.0)] {
        let size = format!("{SIDE}x{SIDE}");
        let more = [
            "--view",
            view,
            "--at",
            "-14,-22,54",
            "--window",
            "500,1000",
            "--size",
            &size,
            "--plain",
        ];
        let picture = render(&scan, &more);
        assert_eq!(picture.dimensions(), (SIDE, SIDE));
        let (got_x, got_y) = middle(&picture);
        assert!((got_x - pixel(x)).abs() < 0.6, "{view}: x {got_x}, expected {}", pixel(x));
        assert!((got_y - pixel(y)).abs() < 0.6, "{view}: y {got_y}, expected {}", pixel(y));
        let block = picture.get_pixel(got_x as u32, got_y as u32);
        assert!(block[0] > 240, "{view}: {block:?}");
    }
}

#[test]
fn labels_are_drawn_in_colour() {
    let folder = tempfile::tempdir().unwrap();
    let (scan, labels) = (folder.path().join("s.nii"), folder.path().join("l.nii"));
    write_scan(&scan, [16, 16, 1], 2.0, |_| 500);
    write_labels(&labels, [16, 16, 1], 2.0, &[1; 128]);
    let labels = labels.to_str().unwrap();
    let common = ["--view", "axial", "--size", "64x64", "--window", "500,1000", "--plain"];
    let coloured =
        |picture: &RgbaImage| picture.pixels().filter(|p| p[0].abs_diff(p[2]) > 20).count();
    assert_eq!(coloured(&render(&scan, &common)), 0);
    let more = [&common[..], &["--labels", labels]].concat();
    let count = coloured(&render(&scan, &more));
    // Half of 61 × 61 pixels.
    assert!((1700..2200).contains(&count), "{count}");
}

#[test]
fn all_views_and_text_are_drawn() {
    let scan = sample("ct_thorax_cta.nii.gz");
    let labels = sample("ct_thorax_cta_label.nii.gz");
    let more = ["--labels", labels.to_str().unwrap(), "--size", "640x480"];
    let picture = render(&scan, &more);
    assert_eq!(picture.dimensions(), (640, 480));
    for (x, y) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
        let quarter = image::imageops::crop_imm(&picture, x * 320, y * 240, 320, 240).to_image();
        let lit = quarter.pixels().filter(|p| p[0] > 60).count();
        assert!(lit > 5000, "view {x},{y} is empty: {lit} pixels");
    }
    let plain = render(&scan, &[&more[..], &["--plain"]].concat());
    let different = plain.pixels().zip(picture.pixels()).filter(|(a, b)| a != b).count();
    assert!(different > 500, "letters and crosshair are missing: {different} pixels differ");
}
