//! `voxpoint render --turntable`: films that other programs can read.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::time::Duration;

use image::codecs::gif::GifDecoder;
use image::codecs::png::PngDecoder;
use image::{AnimationDecoder, Frame, RgbaImage};

use crate::pictures::render;
use crate::support::{names, voxpoint, write_scan};

const FLAGS: [&str; 7] = ["--view", "3d", "--3d", "mip", "--size", "64x48", "--plain"];

fn scan(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("block.nii");
    let inside =
        |v: [i16; 3]| v.into_iter().zip([4, 8, 18]).all(|(v, from)| (from..from + 6).contains(&v));
    write_scan(&path, [24; 3], 2.0, |v| if inside(v) { 1000 } else { 0 });
    path
}

fn film(scan: &Path, out: &Path, frames: &str) {
    let mut all = vec!["render", scan.to_str().unwrap(), "--out", out.to_str().unwrap()];
    all.extend(FLAGS);
    all.extend(["--turntable", frames, "--seconds", "1.5"]);
    let run = voxpoint(&all);
    assert_eq!(run.code, 0, "{run:?}");
}

fn ms(frame: &Frame) -> u128 {
    Duration::from(frame.delay()).as_millis()
}

fn mean_difference(a: &RgbaImage, b: &RgbaImage) -> f64 {
    assert_eq!(a.dimensions(), b.dimensions());
    let sum: f64 = a.as_raw().iter().zip(b.as_raw()).map(|(a, b)| f64::from(a.abs_diff(*b))).sum();
    sum / a.as_raw().len() as f64
}

#[test]
fn an_animated_png_begins_with_the_still_picture_and_goes_all_the_way_round() {
    let folder = tempfile::tempdir().unwrap();
    let scan = scan(folder.path());
    let out = folder.path().join("turn.png");
    film(&scan, &out, "6");
    let decoder = PngDecoder::new(BufReader::new(File::open(&out).unwrap())).unwrap();
    assert!(decoder.is_apng().unwrap());
    let frames = decoder.apng().unwrap().into_frames().collect_frames().unwrap();
    assert_eq!(frames.len(), 6);
    assert_eq!(frames.iter().map(ms).sum::<u128>(), 1500);
    let still = render(&scan, &FLAGS);
    assert_eq!(frames[0].buffer(), &still);
    // Opposite sides of a MIP are mirrored, seen from the same height.
    let level = render(&scan, &[&FLAGS[..], &["--camera", "28.6478897565412,0"]].concat());
    let across = render(&scan, &[&FLAGS[..], &["--camera", "208.6478897565412,0"]].concat());
    assert!(mean_difference(&image::imageops::flip_horizontal(&level), &across) < 1.0);
    for (n, frame) in frames.iter().enumerate().skip(1) {
        assert!(mean_difference(frame.buffer(), &still) > 0.5, "picture {n}");
    }
    // Viewers that don't know animations show the still picture.
    assert_eq!(image::open(&out).unwrap().to_rgba8(), still);
}

#[test]
fn a_gif_takes_as_long_as_asked_and_shows_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let scan = scan(folder.path());
    let out = folder.path().join("turn.gif");
    film(&scan, &out, "7");
    let decoder = GifDecoder::new(BufReader::new(File::open(&out).unwrap())).unwrap();
    let frames = decoder.into_frames().collect_frames().unwrap();
    assert_eq!(frames.len(), 7);
    assert_eq!(frames.iter().map(ms).sum::<u128>(), 1500, "hundredths of a second add up");
    let still = render(&scan, &FLAGS);
    let error = mean_difference(frames[0].buffer(), &still);
    assert!(error < 3.0, "256 colours: {error}");
}

#[test]
fn a_folder_of_pictures_is_new_or_empty() {
    let folder = tempfile::tempdir().unwrap();
    let scan = scan(folder.path());
    let out = folder.path().join("turn/");
    let slash = format!("{}/", out.display());
    film(&scan, Path::new(&slash), "3");
    assert_eq!(names(&out), ["frame_0000.png", "frame_0001.png", "frame_0002.png"]);
    let first = image::open(out.join("frame_0000.png")).unwrap().to_rgba8();
    assert_eq!(first, render(&scan, &FLAGS));
    let again = voxpoint(&[
        "render",
        scan.to_str().unwrap(),
        "--turntable",
        "3",
        "--out",
        &slash,
        "--size",
        "32x32",
    ]);
    assert!(again.failed(1).contains("not empty"), "{again:?}");
    assert_eq!(names(&out).len(), 3);
}
