//! A small picture of the work, by which it is known again: the axial slice through the middle of an object, with all
//! masks that are shown in their colours.

use image::{ExtendedColorType, ImageEncoder as _};

use crate::document::Object;
use crate::geom::{Convention, DVec3, Plane, SliceFrame};
use crate::session::Snapshot;
use crate::volume::{Volume, Window};

/// The longest side, pixels, and what is tried where that takes too many bytes.
const SIDES: [f64; 5] = [256.0, 224.0, 192.0, 128.0, 80.0];
/// A session is written often, and a picture is not what it is for.
const MOST_BYTES: usize = 60_000;
/// How much of a mask's colour is over the scan.
const FILL: f64 = 0.45;

/// What the work lies on, and how that is looked at.
#[derive(Clone, Debug)]
pub struct Backdrop {
    pub volume: std::sync::Arc<Volume>,
    pub window: Window,
    pub convention: Convention,
}

/// A PNG of the work; `None` if there is nothing on it.
pub fn png_of(snapshot: &Snapshot, scene: &Backdrop) -> Option<Vec<u8>> {
    let slice = slice_of(snapshot, scene)?;
    SIDES.into_iter().find_map(|side| {
        let (size, rgb) = drawn(snapshot, scene, slice, side);
        let mut png = Vec::new();
        let encoder = image::codecs::png::PngEncoder::new(&mut png);
        encoder.write_image(&rgb, size[0], size[1], ExtendedColorType::Rgb8).ok()?;
        (png.len() <= MOST_BYTES).then_some(png)
    })
}

/// The axial slice through the middle of the active object, or of the largest.
fn slice_of(snapshot: &Snapshot, scene: &Backdrop) -> Option<f64> {
    let there = |o: &&Object| !o.region.is_empty();
    let active = snapshot.objects.iter().find(|o| Some(o.id) == snapshot.active).filter(there);
    let largest = || snapshot.objects.iter().filter(there).max_by_key(|o| o.region.count());
    let object = active.or_else(largest)?;
    let grid = scene.volume.grid();
    let frame = SliceFrame::new(grid, Plane::Axial, scene.convention);
    // Where half of its voxels lie to either side: an object may be bent so that the middle of its box is none of it.
    let [nx, ny, nz] = grid.dims();
    let mut voxels = vec![0; grid.dims()[frame.through_axis()]];
    for run in object.region.runs() {
        let start = [run.start % nx, run.start / nx % ny, (run.start / nx / ny).min(nz - 1)];
        match frame.through_axis() {
            0 => (start[0]..start[0] + run.len as usize).for_each(|x| voxels[x] += 1),
            axis => voxels[start[axis]] += run.len as usize,
        }
    }
    let half = object.region.count().div_ceil(2);
    let mut so_far = 0;
    let at = voxels.iter().position(|n| {
        so_far += n;
        so_far >= half
    })?;
    let mut voxel = DVec3::ZERO;
    voxel[frame.through_axis()] = at as f64;
    Some(frame.view_from_voxel().transform_point3(voxel).z)
}

/// Size and sRGB pixels, row by row.
fn drawn(snapshot: &Snapshot, scene: &Backdrop, slice: f64, side: f64) -> ([u32; 2], Vec<u8>) {
    let Backdrop { volume, window, convention } = scene;
    let grid = volume.grid();
    let frame = SliceFrame::new(grid, Plane::Axial, *convention);
    let extent = frame.extent();
    let mm = extent.max_element() / side;
    let size = [extent.x / mm, extent.y / mm].map(|n| (n.round() as u32).max(1));
    // The voxel of each pixel, and the pixels by their voxels.
    let mut pixels = Vec::with_capacity((size[0] * size[1]) as usize);
    let mut rgb = Vec::with_capacity(3 * pixels.capacity());
    for y in 0..size[1] {
        for x in 0..size[0] {
            let view = DVec3::new((f64::from(x) + 0.5) * mm, (f64::from(y) + 0.5) * mm, slice);
            let at = frame.voxel_from_view().transform_point3(view);
            let dims = grid.dims();
            let voxel = std::array::from_fn(|n| (at[n].round().max(0.0) as usize).min(dims[n] - 1));
            let value = volume.value_in(snapshot.time_point.min(volume.time_points() - 1), voxel);
            // Steps that nobody sees at this size, and that take fewer bytes.
            let grey = (255.0 * window.grey(value)) as u8 & 0xF8;
            rgb.extend([grey; 3]);
            pixels.push((grid.index(voxel), pixels.len()));
        }
    }
    pixels.sort_unstable();
    for object in snapshot.objects.iter().filter(|o| o.visible) {
        for run in object.region.runs() {
            let first = pixels.partition_point(|(index, _)| *index < run.start);
            for &(_, pixel) in pixels[first..].iter().take_while(|(index, _)| *index < run.end()) {
                for (channel, colour) in rgb[3 * pixel..3 * pixel + 3].iter_mut().zip(object.colour)
                {
                    let mixed = f64::from(*channel) * (1.0 - FILL) + f64::from(colour) * FILL;
                    *channel = mixed as u8 & 0xF8;
                }
            }
        }
    }
    (size, rgb)
}
