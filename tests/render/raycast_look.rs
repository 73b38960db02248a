//! Pictures to look at, and how long they take. Not run by default:
//! `cargo nextest run --run-ignored only --test render raycast_look::`, with `LOOK` naming a scan (and
//! `LOOK_LABELS` its label map), and PNGs written to `LOOK_OUT`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use crate::support::{offscreen, scene};
use voxpoint::geom::{Axis, DVec3, Direction, Orbit};
use voxpoint::io::Limits;
use voxpoint::render::{
    Clip, ClipPlane, ColourMap, LabelStyle, Mode3d, RaycastParams, TransferFunction,
    TransferPreset, default_iso,
};
use voxpoint::volume::{Histogram, LabelMap, Volume, Window};
use voxpoint::work::{CancelToken, Progress};

fn read(path: &Path) -> Volume {
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    voxpoint::io::open_volume(path, &Limits::default(), &cancel, &progress).unwrap()
}

fn open() -> (Arc<Volume>, LabelMap) {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/sample");
    let path =
        std::env::var_os("LOOK").map_or_else(|| sample.join("ct_thorax_cta.nii.gz"), PathBuf::from);
    let volume = read(&path);
    let labels = std::env::var_os("LOOK_LABELS").map(PathBuf::from);
    let labels = labels.or_else(|| {
        std::env::var_os("LOOK").is_none().then(|| sample.join("ct_thorax_cta_label.nii.gz"))
    });
    let dims = volume.grid().dims();
    let labels = labels.map_or_else(
        || LabelMap::empty(dims),
        |path| {
            let map = read(&path);
            let values: Vec<u16> =
                (0..map.grid().count()).map(|n| map.voxels().raw(n) as u16).collect();
            LabelMap::from_labels(dims, &values)
        },
    );
    (Arc::new(volume), labels)
}

fn styles(opacity: f32) -> Vec<LabelStyle> {
    const COLOURS: [[u8; 3]; 8] = [
        [0, 158, 115],
        [230, 159, 0],
        [86, 180, 233],
        [213, 94, 0],
        [240, 228, 66],
        [204, 121, 167],
        [0, 114, 178],
        [200, 200, 200],
    ];
    (1..=255)
        .map(|value| LabelStyle {
            value,
            colour: COLOURS[usize::from(value - 1) % 8],
            visible: true,
            opacity,
            faint: false,
        })
        .collect()
}

/// Processor time of this process so far, all threads together; 0 where nobody tells.
fn processor_ms() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum::<u64>() * 10
}

#[test]
#[ignore = "writes pictures for a person to look at"]
fn pictures() {
    let out = std::env::var_os("LOOK_OUT").map_or_else(std::env::temp_dir, PathBuf::from);
    std::fs::create_dir_all(&out).unwrap();
    let only = std::env::var("LOOK_ONLY").unwrap_or_default();
    let (volume, labels) = open();
    let stats = volume.stats();
    let auto = Window::auto(&stats, &Histogram::of(&volume, &stats, 256));
    let gpu = offscreen();
    let mut scene = scene(&gpu, &volume, &labels);
    let size: u32 = std::env::var("LOOK_SIZE").map_or(800, |s| s.parse().unwrap());
    let base = RaycastParams {
        size: [size, size],
        orbit: Orbit {
            azimuth: 0.4,
            elevation: 0.15,
            zoom: 1.3,
            perspective: true,
            ..Orbit::default()
        },
        mode: Mode3d::Volume,
        window: auto,
        colour_map: ColourMap::Grey,
        transfer: TransferFunction::Window,
        iso_value: default_iso(&stats, auto),
        clip: Clip::default(),
        draft: false,
        image_opacity: 0.5,
    };
    let mut shots: Vec<(String, f32, RaycastParams)> = Vec::new();
    for preset in TransferPreset::ALL {
        let transfer = preset.function(auto);
        shots.push((preset.slug().into(), -1.0, RaycastParams { transfer, ..base.clone() }));
    }
    shots.push(("mip".into(), -1.0, RaycastParams { mode: Mode3d::Mip, ..base.clone() }));
    shots.push(("iso".into(), -1.0, RaycastParams { mode: Mode3d::Iso, ..base.clone() }));
    let skin = RaycastParams { mode: Mode3d::Iso, iso_value: -300.0, ..base.clone() };
    shots.push(("iso-skin".into(), -1.0, skin));
    let surface = RaycastParams { mode: Mode3d::Surface, ..base.clone() };
    shots.push(("surface".into(), 1.0, surface.clone()));
    shots.push(("surface-glass".into(), 0.4, surface.clone()));
    shots.push(("mip-masks".into(), 1.0, RaycastParams { mode: Mode3d::Mip, ..base.clone() }));
    shots.push(("window-masks".into(), 1.0, base.clone()));
    let transfer = TransferPreset::CtBone.function(auto);
    shots.push(("bone-masks".into(), 0.6, RaycastParams { transfer, ..base.clone() }));
    let middle = volume.grid().centre();
    let plane = ClipPlane { normal: DVec3::Y, offset_mm: middle.y };
    let clip = Clip { plane: Some(plane), bounds: None };
    let front = Orbit::looking_from(Direction { axis: Axis::Y, positive: true });
    for (name, mode, opacity) in [
        ("clip-volume", Mode3d::Volume, -1.0),
        ("clip-iso", Mode3d::Iso, 1.0),
        ("clip-surface", Mode3d::Surface, 1.0),
    ] {
        let transfer = TransferPreset::CtSoftTissue.function(auto);
        let orbit = Orbit { azimuth: 0.3, elevation: 0.2, ..front.clone() };
        let params = RaycastParams { mode, clip, transfer, orbit, ..base.clone() };
        shots.push((name.into(), opacity, params));
    }
    for (name, opacity, params) in shots.iter().filter(|s| s.0.contains(&only)) {
        let shown = styles(opacity.max(0.0));
        scene.set_styles(&shown);
        // Compiles the pipeline.
        let small = RaycastParams { size: [2, 2], ..params.clone() };
        gpu.volume_3d(&mut scene, &small).unwrap();
        let mut timed = |params: &RaycastParams, skip: bool| {
            scene.set_skip_empty(skip);
            let (begin, processor) = (Instant::now(), processor_ms());
            let pixels = gpu.volume_3d(&mut scene, params).unwrap();
            (pixels, begin.elapsed().as_millis(), processor_ms() - processor)
        };
        let draft = RaycastParams { draft: true, ..params.clone() };
        let (whole, unskipped, unskipped_processor) = timed(params, false);
        let (pixels, full, full_processor) = timed(params, true);
        let (_, draft, draft_processor) = timed(&draft, true);
        println!(
            "{name}: full {full} ms (processor {full_processor}), without skipping {unskipped} \
             ({unskipped_processor}), same {}, draft {draft} ({draft_processor})",
            whole == pixels,
        );
        let path = out.join(format!("{name}.png"));
        image::save_buffer(&path, &pixels, size, size, image::ColorType::Rgba8).unwrap();
    }
}
