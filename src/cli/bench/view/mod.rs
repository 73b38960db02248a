//! What showing a scan costs: slices while they are scrolled, the whole window, the 3D view, an edit, on the
//! graphics adapter at hand. Every time is from the start of a frame to the device having drawn it.

mod large;

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use serde::Serialize;
use serde_json::Value;

use super::{median, synthetic, timed};
use crate::cli::args::BenchArgs;
use crate::document::Document;
use crate::figure::UnseenWindow;
use crate::geom::{Convention, DAffine3, DMat3, DVec2, DVec3, Orbit, PanZoom, Plane, SliceFrame};
use crate::render::{
    Clip, ColourMap, Interpolation, MaskStyle, Mode3d, Offscreen, Projection, RaycastParams,
    RenderError, Scene, Slab, SliceParams, TransferPreset,
};
use crate::ui::ViewState;
use crate::volume::{Histogram, LabelMap, Volume, VoxelBox, Window};

pub use large::LargeScanTimes;

/// Pixels of the window.
const WINDOW: [u32; 2] = [1600, 1000];
/// Pixels of the 3D view.
const SQUARE: [u32; 2] = [800, 800];
/// Frames of each measurement, for each repetition.
const FRAMES: usize = 40;
/// Voxels along each side of the edit.
const EDIT: usize = 64;
/// Runs another viewer; in the folder of the shipped models.
const PEER: &str = "bench/peer_view.py";

/// Milliseconds of some frames.
#[derive(Debug, Serialize)]
pub struct FrameTimes {
    p50_ms: f64,
    p99_ms: f64,
}

impl FrameTimes {
    fn of(times: &[f64]) -> Self {
        let mut sorted = times.to_vec();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().saturating_sub(1);
        let at = (last as f64 * 0.99).ceil() as usize;
        Self { p50_ms: median(times), p99_ms: sorted.get(at).copied().unwrap_or(f64::NAN) }
    }
}

/// The 3D view in one mode.
#[derive(Debug, Serialize)]
struct In3d {
    mode: &'static str,
    /// While it turns: fewer pixels and steps.
    draft: FrameTimes,
    draft_per_s: f64,
    /// At rest.
    full_ms: f64,
    /// At rest, with rays that look into empty space as well.
    full_without_skipping_ms: f64,
}

/// An edit of the label map.
#[derive(Debug, Serialize)]
struct Edit {
    /// Voxels along each side of the box.
    side: usize,
    /// Until the three slices that show it are drawn.
    ms: f64,
    bytes: u64,
    /// Bytes of the whole label texture.
    all_bytes: u64,
}

/// What was measured.
#[derive(Debug, Serialize)]
pub struct Viewed {
    adapter: String,
    /// Whether the adapter computes with the CPU.
    software: bool,
    /// Three slices of 800 × 500 pixels with masks, all scrolled.
    quad: FrameTimes,
    /// The same, fine print: tricubic, and 10 mm MIP.
    quad_cubic: FrameTimes,
    quad_slab: FrameTimes,
    /// One slice of 1600 × 1000.
    single: FrameTimes,
    /// The same from the CPU's copy, as for scans that the device can't hold; while it is scrolled coarser, as in
    /// the window.
    single_from_memory: FrameTimes,
    single_from_memory_whole: FrameTimes,
    /// The whole window with its panels, axial slices scrolled.
    window: FrameTimes,
    /// The three slices once more, last: what was measured first had a cold machine.
    quad_again: FrameTimes,
    in_3d: Vec<In3d>,
    edit: Edit,
    /// VTK on the same machine; null where it can't run.
    peer: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    no_peer: Option<String>,
}

/// Draws a synthetic scan.
pub fn measure(args: &BenchArgs) -> anyhow::Result<Viewed> {
    let gpu = Offscreen::new()?;
    let (adapter, software) = adapter(&gpu, args.gpu)?;
    let volume = Arc::new(synthetic::volume(args.size)?);
    let labels = labels(args.size);
    let mut scene = gpu.scene();
    load(&gpu, &mut scene, &volume, &labels)?;
    let frames = FRAMES * args.repeat;
    let plain = |params: SliceParams| params;
    let quad = scroll(&gpu, &mut scene, &volume, &QUAD, frames, plain)?;
    let quad_cubic = scroll(&gpu, &mut scene, &volume, &QUAD, frames, |params| SliceParams {
        interpolation: Interpolation::Cubic,
        ..params
    })?;
    let quad_slab = scroll(&gpu, &mut scene, &volume, &QUAD, frames, |params| {
        let voxel_step = params.voxel_from_pane.matrix3.z_axis;
        let slab = Slab { projection: Projection::Max, samples: 10, voxel_step };
        SliceParams { slab: Some(slab), ..params }
    })?;
    let single = scroll(&gpu, &mut scene, &volume, &SINGLE, frames, plain)?;
    let edit = edit(&gpu, &mut scene, &volume, args.repeat)?;
    let in_3d = [Mode3d::Volume, Mode3d::Mip, Mode3d::Iso, Mode3d::Surface];
    let in_3d: Vec<In3d> = in_3d
        .into_iter()
        .map(|mode| turn(&gpu, &mut scene, mode, args.repeat))
        .collect::<Result<_, _>>()?;
    drop(scene);
    let window = window(&gpu, &volume, frames)?;
    let [single_from_memory, single_from_memory_whole] =
        from_memory(&gpu, &volume, &labels, frames)?;
    let quad_again = {
        let mut scene = gpu.scene();
        load(&gpu, &mut scene, &volume, &labels)?;
        scroll(&gpu, &mut scene, &volume, &QUAD, frames, plain)?
    };
    let (peer, no_peer) = asked_peer(args);
    Ok(Viewed {
        adapter,
        software,
        quad,
        quad_cubic,
        quad_slab,
        single,
        single_from_memory,
        single_from_memory_whole,
        window,
        quad_again,
        in_3d,
        edit,
        peer,
        no_peer,
    })
}

/// A slice scrolled of a scan for which the graphics memory has no room: drawn coarse first, and whole.
fn from_memory(
    gpu: &Offscreen,
    volume: &Arc<Volume>,
    labels: &LabelMap,
    frames: usize,
) -> anyhow::Result<[FrameTimes; 2]> {
    // Room for next to nothing.
    let mut scene = Scene::with_budget(gpu.device(), gpu.queue(), Offscreen::FORMAT, 1 << 22);
    load(gpu, &mut scene, volume, labels)?;
    let whole = scroll(gpu, &mut scene, volume, &SINGLE, frames, |params| params)?;
    scene.set_progressive(true);
    Ok([scroll(gpu, &mut scene, volume, &SINGLE, frames, |params| params)?, whole])
}

/// What the peer says, or why it says nothing.
fn asked_peer(args: &BenchArgs) -> (Option<Value>, Option<String>) {
    match args.peer.as_deref().map(|python| peer(python, args)) {
        Some(Ok(told)) => (Some(told), None),
        Some(Err(why)) => (None, Some(format!("{why:#}"))),
        None => (None, Some("not asked for: --peer PYTHON".to_owned())),
    }
}

/// Name of the adapter, and whether it is no GPU; an error if one is asked for.
fn adapter(gpu: &Offscreen, wants_gpu: bool) -> anyhow::Result<(String, bool)> {
    let info = gpu.device().adapter_info();
    let software = info.device_type == wgpu::DeviceType::Cpu;
    if software && wants_gpu {
        bail!("there is no GPU: the only graphics adapter is {}", info.name);
    }
    Ok((format!("{} ({:?})", info.name, info.backend), software))
}

/// A ball in the middle, and a plate beside it.
fn labels([nx, ny, nz]: [usize; 3]) -> LabelMap {
    let mut labels = vec![0u16; nx * ny * nz];
    let unit = |i: usize, n: usize| (i as f32 + 0.5) / n as f32 * 2.0 - 1.0;
    for (row, labels) in labels.chunks_exact_mut(nx).enumerate() {
        let (v, w) = (unit(row % ny, ny), unit(row / ny, nz));
        for (x, label) in labels.iter_mut().enumerate() {
            let u = unit(x, nx);
            if (u * u + v * v) / 0.08 + w * w / 0.16 < 1.0 {
                *label = 1;
            } else if (0.4..0.46).contains(&u) && v.abs() < 0.3 && w.abs() < 0.6 {
                *label = 2;
            }
        }
    }
    LabelMap::from_labels([nx, ny, nz], &labels)
}

pub fn load(
    gpu: &Offscreen,
    scene: &mut Scene,
    volume: &Arc<Volume>,
    labels: &LabelMap,
) -> Result<(), RenderError> {
    scene.set_volume(Arc::clone(volume))?;
    scene.set_labels(labels, None)?;
    while !scene.upload(64 << 20) {
        gpu.queue().submit([]);
    }
    Ok(())
}

/// Panes of a window: plane, corner, pixels.
type Panes = [(Plane, [u32; 2], [u32; 2])];
const QUAD: [(Plane, [u32; 2], [u32; 2]); 3] = [
    (Plane::Axial, [0, 0], [800, 500]),
    (Plane::Sagittal, [800, 0], [800, 500]),
    (Plane::Coronal, [0, 500], [800, 500]),
];
const SINGLE: [(Plane, [u32; 2], [u32; 2]); 1] = [(Plane::Axial, [0, 0], WINDOW)];

/// Draws a frame of three slices and a draft of the 3D view.
pub fn draw_all(gpu: &Offscreen, scene: &mut Scene, volume: &Volume) -> Result<(), RenderError> {
    for (pane, &(plane, _, size)) in QUAD.iter().enumerate() {
        scene.prepare_slice(pane, &slice(volume, plane, size, 0));
    }
    let params = in_3d(Mode3d::Surface, Orbit::default(), true);
    gpu.prepare_3d(scene, &params);
    gpu.frame(&gpu.target(WINDOW), |pass| {
        paint(scene, pass, &QUAD);
        scene.paint_3d(pass);
    })
}

/// How long frames take in which every pane shows another slice than in the one before.
fn scroll(
    gpu: &Offscreen,
    scene: &mut Scene,
    volume: &Volume,
    panes: &Panes,
    frames: usize,
    look: impl Fn(SliceParams) -> SliceParams,
) -> anyhow::Result<FrameTimes> {
    let target = gpu.target(WINDOW);
    let mut times = Vec::new();
    // The first ones make pipelines.
    for n in 0..frames + 3 {
        let draw = || -> Result<(), RenderError> {
            for (pane, &(plane, _, size)) in panes.iter().enumerate() {
                scene.prepare_slice(pane, &look(slice(volume, plane, size, n)));
            }
            gpu.frame(&target, |pass| paint(scene, pass, panes))
        };
        let (drawn, ms) = timed(draw);
        drawn?;
        times.push(ms);
    }
    Ok(FrameTimes::of(&times[3..]))
}

/// How long frames of the whole window take in which the axial view shows the next slice.
fn window(gpu: &Offscreen, volume: &Arc<Volume>, frames: usize) -> anyhow::Result<FrameTimes> {
    let document = Document::new(Arc::clone(volume));
    let stats = volume.stats();
    let histogram = Histogram::of(volume, &stats, 256);
    let mut view = ViewState::for_scan(volume.grid(), stats, histogram);
    let mut scene = gpu.scene();
    load(gpu, &mut scene, volume, document.labels())?;
    let mut window = UnseenWindow::new(gpu, scene, WINDOW);
    // Sizes settle, and the 3D picture is drawn.
    let mut settling = 5;
    while settling > 0 {
        settling = if window.frame(&document, &mut view)? { 5 } else { settling - 1 };
    }
    let mut times = Vec::new();
    for _ in 0..frames {
        view.step(volume.grid(), Plane::Axial, 1);
        let (drawn, ms) = timed(|| window.frame(&document, &mut view));
        drawn?;
        times.push(ms);
    }
    Ok(FrameTimes::of(&times))
}

fn paint(scene: &Scene, pass: &mut wgpu::RenderPass<'_>, panes: &Panes) {
    for (pane, &(_, at, size)) in panes.iter().enumerate() {
        let [x, y, width, height] = [at[0], at[1], size[0], size[1]].map(|n| n as f32);
        pass.set_viewport(x, y, width, height, 0.0, 1.0);
        scene.paint_slice(pass, pane);
    }
}

/// Slice `n` beyond a third of the scan, fitted into the pane.
fn slice(volume: &Volume, plane: Plane, size: [u32; 2], n: usize) -> SliceParams {
    let frame = SliceFrame::new(volume.grid(), plane, Convention::Radiological);
    let pane = DVec2::new(f64::from(size[0]), f64::from(size[1]));
    let fit = PanZoom::fit(frame.extent(), pane);
    let index = (frame.slices() / 3 + n) % frame.slices();
    let corner = fit.view_from_screen(-pane / 2.0).extend(index as f64);
    let scale = DVec3::new(1.0 / fit.points_per_mm, 1.0 / fit.points_per_mm, 1.0);
    let view_from_pane = DAffine3::from_mat3_translation(DMat3::from_diagonal(scale), corner);
    SliceParams {
        size,
        voxel_from_pane: frame.voxel_from_view() * view_from_pane,
        window: Window::new(40.0, 400.0),
        colour_map: ColourMap::Grey,
        interpolation: Interpolation::Linear,
        slab: None,
        overlays: Vec::new(),
        masks: MaskStyle { fill: 0.4, outline: 1.0, outline_width: 1.0 },
    }
}

/// A label changes in a box that all three slices cut.
fn edit(
    gpu: &Offscreen,
    scene: &mut Scene,
    volume: &Volume,
    repeat: usize,
) -> anyhow::Result<Edit> {
    let dims = volume.grid().dims();
    let before = labels(dims);
    let side = EDIT.min(dims.into_iter().min().unwrap_or(1));
    // Slice 0 of `slice` is at a third.
    let min = dims.map(|n| (n / 3).saturating_sub(side / 2).min(n - side));
    let within = VoxelBox { min, max: min.map(|c| c + side) };
    let mut after = before.to_vec();
    for z in within.min[2]..within.max[2] {
        for y in within.min[1]..within.max[1] {
            let row = dims[0] * (y + dims[1] * z);
            after[row + min[0]..row + min[0] + side].fill(3);
        }
    }
    let after = LabelMap::from_labels(dims, &after);
    let target = gpu.target(WINDOW);
    let (mut times, mut bytes) = (Vec::new(), 0);
    for n in 0..2 * repeat {
        let uploaded = scene.uploaded_bytes();
        let labels = if n % 2 == 0 { &after } else { &before };
        let draw = || -> Result<(), RenderError> {
            scene.set_labels(labels, Some(within))?;
            for (pane, &(plane, _, size)) in QUAD.iter().enumerate() {
                scene.prepare_slice(pane, &slice(volume, plane, size, 0));
            }
            gpu.frame(&target, |pass| paint(scene, pass, &QUAD))
        };
        let (drawn, ms) = timed(draw);
        drawn?;
        times.push(ms);
        bytes = scene.uploaded_bytes() - uploaded;
    }
    let all_bytes = dims.iter().product::<usize>() as u64;
    Ok(Edit { side, ms: median(&times), bytes, all_bytes })
}

/// The 3D view while it turns, and at rest.
fn turn(gpu: &Offscreen, scene: &mut Scene, mode: Mode3d, repeat: usize) -> anyhow::Result<In3d> {
    let target = gpu.target(SQUARE);
    let mut azimuth = 0.5;
    let mut draw = |draft: bool, scene: &mut Scene| -> anyhow::Result<f64> {
        azimuth += 0.02;
        let params = in_3d(mode, Orbit { azimuth, ..Orbit::default() }, draft);
        let (drawn, ms) = timed(|| {
            gpu.prepare_3d(scene, &params);
            gpu.frame(&target, |pass| scene.paint_3d(pass))
        });
        drawn?;
        Ok(ms)
    };
    draw(true, scene)?;
    let draft: Vec<f64> =
        (0..FRAMES * repeat.min(5)).map(|_| draw(true, scene)).collect::<Result<_, _>>()?;
    let mut full = |skip: bool| -> anyhow::Result<f64> {
        scene.set_skip_empty(skip);
        draw(false, scene)?;
        let times: Vec<f64> = (0..repeat).map(|_| draw(false, scene)).collect::<Result<_, _>>()?;
        Ok(median(&times))
    };
    let full_without_skipping_ms = full(false)?;
    let full_ms = full(true)?;
    let draft = FrameTimes::of(&draft);
    let mode = match mode {
        Mode3d::Volume => "volume",
        Mode3d::Mip => "mip",
        Mode3d::Iso => "iso",
        Mode3d::Surface => "surface",
    };
    let draft_per_s = 1000.0 / draft.p50_ms;
    Ok(In3d { mode, draft, draft_per_s, full_ms, full_without_skipping_ms })
}

fn in_3d(mode: Mode3d, orbit: Orbit, draft: bool) -> RaycastParams {
    let window = Window::new(40.0, 400.0);
    RaycastParams {
        size: SQUARE,
        orbit,
        mode,
        window,
        colour_map: ColourMap::Grey,
        transfer: TransferPreset::CtBone.function(window),
        iso_value: 300.0,
        clip: Clip::default(),
        draft,
        image_opacity: 0.5,
    }
}

/// What VTK takes for the like, as one JSON object.
fn peer(python: &Path, args: &BenchArgs) -> anyhow::Result<Value> {
    let script = super::model::script_beside_models(PEER)?;
    let output = Command::new(python)
        .arg(&script)
        .args(["--size", &args.size.map(|n| n.to_string()).join("x")])
        .args(["--frames", &(FRAMES * args.repeat).to_string()])
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("can't start {}", python.display()))?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        let last = why.lines().last().unwrap_or("without a word: it may need a display, xvfb-run");
        bail!("VTK did not run ({last}): {}", script.display());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().last().unwrap_or_default();
    serde_json::from_str(last).context("VTK's script gave no answer")
}

impl Viewed {
    pub fn lines(&self) -> Vec<String> {
        let row = |name: &str, frames: &FrameTimes| {
            format!("  {name}  median {:.1} ms, p99 {:.1} ms", frames.p50_ms, frames.p99_ms)
        };
        let mut lines = vec![
            format!("views on {}", self.adapter),
            row("three slices of 800 × 500, scrolled      ", &self.quad),
            row("  tricubic                               ", &self.quad_cubic),
            row("  10 samples MIP                         ", &self.quad_slab),
            row("one slice of 1600 × 1000, scrolled       ", &self.single),
            row("  from the CPU's copy, while scrolled    ", &self.single_from_memory),
            row("  from the CPU's copy, whole             ", &self.single_from_memory_whole),
            row("the whole window 1600 × 1000, scrolled   ", &self.window),
            row("three slices once more                   ", &self.quad_again),
        ];
        lines.extend(self.in_3d.iter().map(|view| {
            format!(
                "  3D {:<8} 800 × 800  draft {:.1} frames/s, full {:.0} ms ({:.0} ms without skipping)",
                view.mode, view.draft_per_s, view.full_ms, view.full_without_skipping_ms
            )
        }));
        let Edit { side, ms, bytes, all_bytes } = &self.edit;
        lines.push(format!(
            "  an edit of {side}³ on screen after {ms:.1} ms: {bytes} bytes uploaded of {all_bytes}"
        ));
        match (&self.peer, &self.no_peer) {
            (Some(peer), _) => lines.push(format!("  VTK: {peer}")),
            (None, why) => {
                lines.push(format!("  no comparison: {}", why.as_deref().unwrap_or_default()));
            }
        }
        lines
    }
}

/// Opens a large scan.
pub fn open_large(args: &BenchArgs) -> anyhow::Result<LargeScanTimes> {
    large::measure(args)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_frames() {
        let frames = FrameTimes::of(&(1..=200).map(f64::from).collect::<Vec<_>>());
        assert_eq!((frames.p50_ms, frames.p99_ms), (100.5, 199.0));
        let one = FrameTimes::of(&[7.0]);
        assert_eq!((one.p50_ms, one.p99_ms), (7.0, 7.0));
    }

    #[test]
    fn the_edit_lies_in_the_slices_that_are_drawn() {
        let volume = synthetic::volume([40, 36, 30]).unwrap();
        for plane in Plane::ALL {
            let params = slice(&volume, plane, [80, 50], 0);
            let middle = params.voxel_from_pane.transform_point3(DVec3::new(40.0, 25.0, 0.0));
            let grid = volume.grid();
            assert!(grid.voxel_at(grid.world(middle)).is_some(), "{plane:?}: {middle}");
        }
    }
}
