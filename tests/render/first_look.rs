//! What a scan looks like before anybody has touched a control: its window, whether it is taken for a CT, the first
//! 3D view. On small copies of real scans (`tests/data/looks`) and on made ones; expected values from NumPy and
//! arithmetic.

use std::f64::consts::TAU;
use std::path::Path;
use std::sync::Arc;

use crate::support::{offscreen, plane_params, show, volume};
use voxpoint::geom::{DAffine3, DVec3, Grid, Orbit, Plane};
use voxpoint::io::Limits;
use voxpoint::render::{
    Clip, ColourMap, Mode3d, Offscreen, RaycastParams, Scene, TransferPreset, default_iso,
};
use voxpoint::volume::{CtContent, Histogram, LabelMap, Scale, Stats, Volume, Voxels, Window};
use voxpoint::work::{CancelToken, Progress};

fn read(name: &str) -> Arc<Volume> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    Arc::new(voxpoint::io::open_volume(&path, &Limits::default(), &cancel, &progress).unwrap())
}

fn values(volume: &Volume) -> Vec<f64> {
    let scale = volume.scale();
    (0..volume.grid().count()).map(|n| scale.apply(volume.voxels().raw(n))).collect()
}

/// The volume with other values.
fn with(like: &Volume, voxels: Voxels, slope: f64) -> Arc<Volume> {
    volume(like.grid().clone(), voxels, Scale { slope, inter: 0.0 })
}

fn floats(like: &Volume, value: impl Fn(usize, f64) -> f64) -> Arc<Volume> {
    let values = values(like).into_iter().enumerate().map(|(n, v)| value(n, v));
    with(like, Voxels::F64(values.collect()), 1.0)
}

fn look(volume: &Volume) -> (Stats, Window) {
    let stats = volume.stats();
    let window = Window::auto(&stats, &Histogram::of(volume, &stats, 256));
    (stats, window)
}

/// What is told of CT by hand: data set's own description.
const SOFT: Option<CtContent> = Some(CtContent::SoftTissue);

/// (file, CT?, low and high end of the window: at least, at most). Of the others, high is between NumPy's 98th and
/// 99.9th percentile of what is above 2 % of the brightest.
type Look = (&'static str, Option<CtContent>, [f64; 2], [f64; 2]);

const LOOKS: [Look; 15] = [
    ("ct_abdomen_slab", SOFT, [-160.0, -160.0], [240.0, 240.0]),
    ("ct_chest_nodule", SOFT, [-160.0, -160.0], [240.0, 240.0]),
    ("ct_head_neck_pt_236", SOFT, [-160.0, -160.0], [240.0, 240.0]),
    ("ct_lumbar_crop", SOFT, [-160.0, -160.0], [240.0, 240.0]),
    ("ct_lung_right_crop", SOFT, [-160.0, -160.0], [240.0, 240.0]),
    ("ct_sts_003", SOFT, [-160.0, -160.0], [240.0, 240.0]),
    ("colin27_t1", None, [0.0, 0.0], [161.0, 219.0]),
    ("mni152_t1", None, [0.0, 75.0], [229.0, 236.0]),
    ("mr_brain_ms_patient26_flair", None, [-1.0, 8.0], [103.0, 123.0]),
    ("mr_brain_tumour_t1c", None, [0.0, 0.0], [1603.0, 2134.0]),
    ("mr_breast_crop", None, [0.0, 0.0], [131.0, 213.0]),
    ("mr_spine_cervical_t1", None, [0.0, 0.0], [553.0, 744.0]),
    ("mr_spine_cervical_t2", None, [0.0, 0.0], [794.0, 1118.0]),
    ("mr_t1_sts_003", None, [0.0, 0.0], [1032.0, 1131.0]),
    ("pet_sts_003", None, [0.0, 0.0], [5.08, 8.97]),
];

#[test]
fn each_volume_opens_in_a_window_that_fits_it() {
    for (name, ct, low, high) in LOOKS {
        let (stats, window) = look(&read(&format!("looks/{name}.nii.gz")));
        assert_eq!(stats.ct, ct, "{name}");
        let within = |value: f64, [least, most]: [f64; 2]| value >= least && value <= most;
        assert!(within(window.low(), low) && within(window.high(), high), "{name}: {window:?}");
    }
}

/// The true lumen is 435 to 502 HU between its quartiles, the pulmonary artery 519 to 575; W 600 to 800 and L 200 to
/// 300 are usual.
#[test]
fn a_ct_angiography_shows_its_vessels() {
    let (stats, window) = look(&read("looks/ct_thorax_cta.nii.gz"));
    assert!(matches!(stats.ct, Some(CtContent::Contrast(hu)) if (420.0..580.0).contains(&hu)));
    assert!((200.0..=300.0).contains(&window.centre), "{window:?}");
    assert!((600.0..=800.0).contains(&window.width), "{window:?}");
    let (muscle, vessel) = (window.grey(60.0), window.grey(550.0));
    assert!(muscle > 0.1 && vessel < 0.95 && vessel - muscle > 0.4, "{muscle} {vessel}");
    assert_eq!(TransferPreset::first(&stats), TransferPreset::CtVessels);
}

#[test]
fn strays_do_not_move_the_window() {
    let plain = read("balls/scan.nii.gz");
    let (_, wanted) = look(&plain);
    // NumPy's 98th and 99.9th percentile of what is not background.
    assert!(wanted.low() == 0.0 && (884.0..1108.0).contains(&wanted.high()), "{wanted:?}");
    let table: [(&str, f64, usize); 9] = [
        ("one of 3e5", 3e5, 1),
        ("one of 5e3", 5e3, 1),
        ("twenty of 1e5", 1e5, 20),
        ("one of 1e7", 1e7, 1),
        ("one of 1e300", 1e300, 1),
        ("one of -32768", -32768.0, 1),
        ("one of -1e300", -1e300, 1),
        ("one of infinity", f64::INFINITY, 1),
        ("one of NaN", f64::NAN, 1),
    ];
    for (what, stray, count) in table {
        let scan = floats(&plain, |n, v| if n % 1000 == 7 && n / 1000 < count { stray } else { v });
        let (stats, window) = look(&scan);
        assert_eq!(stats.ct, None, "{what}");
        let near = |a: f64, b: f64| (a - b).abs() < 0.02 * wanted.width;
        assert!(near(window.low(), wanted.low()), "{what}: {window:?}");
        assert!(near(window.high(), wanted.high()), "{what}: {window:?}");
        // The bars of the histogram are still those of the scan, not one for all of it.
        let histogram = Histogram::of(&scan, &stats, 256);
        let used = histogram.counts().iter().filter(|c| **c > 0).count();
        assert!(used > 12, "{what}: {used} bars");
    }
}

/// Numbers between 0 and 1 that look like chance, the same each time.
fn noise(n: usize) -> f64 {
    let mut h = (n as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    h = (h ^ (h >> 31)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    ((h ^ (h >> 29)) >> 11) as f64 / (1u64 << 53) as f64
}

/// Of a memory position, a T1 value, and a smooth field from -1 to 1.
type Value = fn(usize, f64, f64) -> f64;

#[test]
fn what_reaches_as_far_as_ct_is_not_ct() {
    let head = read("looks/colin27_t1.nii.gz");
    let wave = |n: usize| (n as f64 * 0.0007).sin();
    let table: [(&str, Value); 8] =
        [
            ("field map ±1400, noise in air", |n, t1, f| {
                if t1 > 20.0 { f * 150.0 } else { noise(n) * 2800.0 - 1400.0 }
            }),
            ("field map ±1400, masked", |_, t1, f| if t1 > 20.0 { f * 1400.0 } else { 0.0 }),
            ("field map ±900, masked", |_, t1, f| if t1 > 20.0 { f * 900.0 } else { 0.0 }),
            ("phase ±4095", |n, t1, f| {
                if t1 > 20.0 { f * 4095.0 } else { (noise(n) * 8191.0 - 4095.0).round() }
            }),
            (
                "phase ±3142",
                |n, t1, f| {
                    if t1 > 20.0 { f * 3142.0 } else { noise(n) * 2.0 * 3142.0 - 3142.0 }
                },
            ),
            ("difference of two", |n, t1, _| (t1 - 250.0 * noise(n)) * 4.0),
            ("from -1000 to 1000", |_, t1, _| t1 / 245.0 * 2000.0 - 1000.0),
            ("one voxel of -32768", |n, t1, _| if n == 9 { -32768.0 } else { t1 * 4.0 }),
        ];
    for (what, value) in table {
        let scan = floats(&head, |n, t1| value(n, t1, wave(n)));
        assert_eq!(scan.stats().ct, None, "{what}");
        let whole = floats(&head, |n, t1| value(n, t1, (n as f64 / 900.0 * TAU).sin()).round());
        assert_eq!(whole.stats().ct, None, "{what}, whole numbers");
    }
}

#[test]
fn a_padded_cropped_or_noisy_ct_is_still_one() {
    let contrast = |ct| matches!(ct, Some(CtContent::Contrast(_)));
    for name in ["ct_abdomen_slab", "ct_chest_nodule", "ct_thorax_cta", "ct_lumbar_crop"] {
        let plain = read(&format!("looks/{name}.nii.gz"));
        let [nx, ny, _] = plain.grid().dims();
        let outside = |n: usize| {
            let off = |c: usize, of: usize| (c as f64 + 0.5) / of as f64 * 2.0 - 1.0;
            off(n % nx, nx).powi(2) + off(n / nx % ny, ny).powi(2) > 1.0
        };
        let is_cta = name == "ct_thorax_cta";
        for padding in [-1024.0, -2000.0, -3024.0, -32768.0] {
            let padded = floats(&plain, |n, v| if outside(n) { padding } else { v });
            let ct = padded.stats().ct;
            assert!(if is_cta { contrast(ct) } else { ct == SOFT }, "{name} {padding}: {ct:?}");
        }
        let noisy = floats(&plain, |n, v| v + (noise(n) - 0.5) * 100.0).stats().ct;
        assert!(if is_cta { contrast(noisy) } else { noisy == SOFT }, "{name}: {noisy:?}");
    }
    // Hardly anything but lung (-950 to -500), or but bone.
    let lung = read("looks/ct_lung_right_crop.nii.gz");
    for background in [0.0, -1024.0, -2000.0] {
        let only = floats(&lung, |_, v| if (-950.0..-500.0).contains(&v) { v } else { background });
        let (stats, window) = look(&only);
        assert_eq!(stats.ct, Some(CtContent::Lung), "{background}");
        assert_eq!(window, Window::new(-600.0, 1500.0));
        assert_eq!(TransferPreset::first(&stats), TransferPreset::CtLung);
    }
    let bone = read("looks/ct_lumbar_crop.nii.gz");
    let (stats, window) = look(&floats(&bone, |_, v| if v > 250.0 { v } else { -1024.0 }));
    assert_eq!((stats.ct, window), (Some(CtContent::Bone), Window::new(400.0, 1800.0)));
}

/// How a first 3D view turned out.
#[derive(Debug)]
struct Shown {
    /// Share of pixels that are not black.
    lit: f64,
    /// Of these, those that are white.
    white: f64,
    /// The brightness that a tenth of them exceed: low if there is next to nothing.
    bright: f64,
    /// Mean difference in brightness of neighbours: low in fog.
    edges: f64,
}

impl Shown {
    fn of(pixels: &[u8], side: usize) -> Self {
        let brightness =
            |p: &[u8]| 0.299 * f64::from(p[0]) + 0.587 * f64::from(p[1]) + 0.114 * f64::from(p[2]);
        let grey: Vec<f64> = pixels.chunks_exact(4).map(brightness).collect();
        let lit: Vec<usize> = (0..grey.len()).filter(|&n| grey[n] > 24.0).collect();
        let mut sorted: Vec<f64> = lit.iter().map(|&n| grey[n]).collect();
        sorted.sort_by(f64::total_cmp);
        let white = pixels.chunks_exact(4).filter(|p| p[..3].iter().all(|&c| c > 250)).count();
        let inner = lit.iter().filter(|&&n| n % side + 1 < side && n + side < grey.len());
        let edges: f64 =
            inner.map(|&n| (grey[n + 1] - grey[n]).hypot(grey[n + side] - grey[n])).sum();
        let count = lit.len().max(1) as f64;
        Self {
            lit: lit.len() as f64 / grey.len() as f64,
            white: white as f64 / count,
            bright: sorted.get(sorted.len() * 9 / 10).copied().unwrap_or(0.0),
            edges: edges / count,
        }
    }

    fn is_good(&self) -> bool {
        self.lit >= 0.01 && self.white <= 0.05 && self.bright >= 130.0 && self.edges >= 8.0
    }
}

fn first_view(volume: &Volume, mode: Mode3d, side: u32) -> RaycastParams {
    let (stats, window) = look(volume);
    RaycastParams {
        size: [side; 2],
        orbit: Orbit::default(),
        mode,
        window,
        colour_map: ColourMap::Grey,
        transfer: TransferPreset::first(&stats).function(window),
        iso_value: default_iso(&stats, window),
        clip: Clip::default(),
        draft: false,
        image_opacity: 0.5,
    }
}

fn draw(
    gpu: &Offscreen,
    scene: &mut Scene,
    volume: &Arc<Volume>,
    params: &RaycastParams,
) -> Vec<u8> {
    show(scene, volume, &LabelMap::empty(volume.grid().dims()));
    gpu.volume_3d(scene, params).unwrap()
}

/// Neither fog nor black, and what shows the window instead (as it once was for everything but CT) is one of them.
#[test]
fn the_first_3d_view_shows_something() {
    let gpu = offscreen();
    let mut scene = gpu.scene();
    let names = LOOKS.iter().map(|(name, ..)| *name).chain(["ct_thorax_cta"]);
    for name in names {
        let volume = read(&format!("looks/{name}.nii.gz"));
        let params = first_view(&volume, Mode3d::Volume, 160);
        let shown = Shown::of(&draw(&gpu, &mut scene, &volume, &params), 160);
        println!("{name}: {shown:?}");
        assert!(shown.is_good(), "{name}: {shown:?}");
        if !volume.stats().looks_like_ct() {
            let transfer = TransferPreset::Window.function(params.window);
            let fog = RaycastParams { transfer, ..params };
            let shown = Shown::of(&draw(&gpu, &mut scene, &volume, &fog), 160);
            assert!(!shown.is_good(), "{name}: {shown:?}");
        }
    }
}

/// The same scan in another unit, however it is stored, is the same picture in slices and in 3D.
#[test]
fn the_unit_of_the_values_does_not_show() {
    let gpu = offscreen();
    let mut scene = gpu.scene();
    let plain = read("balls/scan.nii.gz");
    let numbers = values(&plain);
    let single = |by: f64| Voxels::F32(numbers.iter().map(|v| (v * by) as f32).collect());
    let double = |by: f64| Voxels::F64(numbers.iter().map(|v| v * by).collect());
    let whole = || Voxels::I16(numbers.iter().map(|&v| v as i16).collect());
    let mut pictures = |volume: &Arc<Volume>| {
        let mut all = Vec::new();
        for mode in [Mode3d::Volume, Mode3d::Mip, Mode3d::Iso] {
            let params = first_view(volume, mode, 96);
            all.push(draw(&gpu, &mut scene, volume, &params));
        }
        let params = plane_params(volume.grid(), Plane::Axial, look(volume).1, [96; 2]);
        all.push(gpu.slice(&mut scene, &params).unwrap());
        all
    };
    let wanted = pictures(&with(&plain, double(1.0), 1.0));
    assert!(wanted.iter().all(|p| p.chunks_exact(4).any(|p| p[0] > 120)), "something is seen");
    let mut table = vec![("int16".to_owned(), whole(), 1.0)];
    for unit in [1e-12, 1e-9, 1e-6, 1e6, 1e12, 1e20] {
        table.push((format!("float32 × {unit:e}"), single(unit), 1.0));
        table.push((format!("int16, slope {unit:e}"), whole(), unit));
        table.push((format!("float32 × 1e-3, slope {:e}", unit * 1e3), single(1e-3), unit * 1e3));
    }
    for unit in [1e-300, 1e-44, 1e38, 1e300] {
        table.push((format!("float64 × {unit:e}"), double(unit), 1.0));
    }
    for (what, voxels, slope) in table {
        let drawn = pictures(&with(&plain, voxels, slope));
        for (n, (drawn, wanted)) in drawn.iter().zip(&wanted).enumerate() {
            let off = drawn.iter().zip(wanted).filter(|(a, b)| a.abs_diff(**b) > 2).count();
            assert!(off * 500 <= drawn.len(), "{what}, picture {n}: {off} of {}", drawn.len());
        }
    }
}

/// A slope of 0 does not happen here, and nothing finite at all does.
#[test]
fn odd_scans_have_a_first_look() {
    let grid = Grid::new([4, 4, 4], DAffine3::from_scale(DVec3::ONE)).unwrap();
    for odd in [0.0, 7.0, -1e300, f64::NAN, f64::INFINITY] {
        let volume = volume(grid.clone(), Voxels::F64(vec![odd; 64]), Scale::NONE);
        let (stats, window) = look(&volume);
        assert!(window.width > 0.0 && window.centre.is_finite(), "{odd}");
        assert_eq!(stats.ct, None);
    }
    let both = (0..64).map(|n| if n % 2 == 0 { f64::MAX } else { f64::MIN }).collect();
    let volume = volume(grid, Voxels::F64(both), Scale::NONE);
    let stats = volume.stats();
    let histogram = Histogram::of(&volume, &stats, 8);
    assert_eq!(histogram.counts(), [32, 0, 0, 0, 0, 0, 0, 32]);
}
