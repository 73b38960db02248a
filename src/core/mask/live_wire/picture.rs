//! Values of a slice in a plane, and where they are.

use rayon::prelude::*;

use super::super::{Layer, MaskError, WorkLimits};
use crate::geom::{DVec2, DVec3, Grid, SliceFrame};
use crate::volume::{Interpolation, Row, Sampler, Volume};

/// More places along a side an oblique slice is not looked at in.
const MOST_PLACES: f64 = 2048.0;

/// Where the places of a picture lie in the world.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PictureFrame {
    /// The first place, RAS mm.
    origin: DVec3,
    /// From one place to the next along u and along v, RAS mm.
    steps: [DVec3; 2],
    size: [usize; 2],
    /// The places are these voxels.
    layer: Option<Layer>,
}

impl PictureFrame {
    /// That of a slice of a view, as [`SliceFrame`] counts them: along the grid's axes its places are the voxels, in an
    /// oblique one they are as far apart as the closest voxels (further where it would be more than 2048 along a side).
    pub fn of_slice(grid: &Grid, frame: &SliceFrame, slice: usize) -> Self {
        if frame.is_oblique() {
            let extent = frame.extent();
            let apart = grid.spacing().min_element().max(extent.max_element() / MOST_PLACES);
            let at = |u: f64, v: f64| frame.world(DVec2::new(u, v).extend(slice as f64));
            let origin = at(apart / 2.0, apart / 2.0);
            let steps = [at(apart * 1.5, apart / 2.0), at(apart / 2.0, apart * 1.5)];
            let size = extent.to_array().map(|mm| ((mm / apart).ceil() as usize).max(1));
            return Self { origin, steps: steps.map(|at| at - origin), size, layer: None };
        }
        let axis = frame.through_axis();
        let layer = Layer { axis, at: slice.min(grid.dims()[axis] - 1) };
        Self {
            origin: grid.world_of(layer.voxel([0, 0])),
            steps: layer.axes().map(|a| grid.world_from_voxel().matrix3.col(a)),
            size: layer.size(grid.dims()),
            layer: Some(layer),
        }
    }

    /// Places along u and v.
    pub fn size(&self) -> [usize; 2] {
        self.size
    }

    /// World position of a place, RAS mm.
    pub fn world(&self, [u, v]: [usize; 2]) -> DVec3 {
        self.origin + self.steps[0] * u as f64 + self.steps[1] * v as f64
    }

    /// The place that is nearest to a world position (RAS mm), which may lie beside the plane or beyond the picture.
    pub fn nearest(&self, world: DVec3) -> [usize; 2] {
        let at = self.coordinates(world).round().to_array();
        // (A conversion to an unsigned number clamps at 0, and takes NaN for it.)
        std::array::from_fn(|a| (at[a] as usize).min(self.size[a] - 1))
    }

    /// Whether a world position is in the picture, as far as half a step around its places.
    pub fn contains(&self, world: DVec3) -> bool {
        let at = self.coordinates(world).to_array();
        (0..2).all(|a| -0.5 <= at[a] && at[a] <= self.size[a] as f64 - 0.5)
    }

    /// Along u and v, in steps, of a world position moved straight onto the plane.
    fn coordinates(&self, world: DVec3) -> DVec2 {
        let [u, v] = self.steps;
        let by = world - self.origin;
        let (uu, uv, vv) = (u.dot(u), u.dot(v), v.dot(v));
        let (a, b) = (by.dot(u), by.dot(v));
        DVec2::new(a * vv - b * uv, b * uu - a * uv) / (uu * vv - uv * uv)
    }
}

/// Values on a rectangle of places, u fastest: a layer of voxels, or what an oblique slice shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    size: [usize; 2],
    spacing: [f64; 2],
    values: Vec<f32>,
}

impl Picture {
    /// `values` along u (fastest) and v, `spacing` mm from one to the next.
    ///
    /// # Panics
    /// If there are not as many values as places.
    pub fn new(size: [usize; 2], spacing: [f64; 2], values: Vec<f32>) -> Self {
        assert_eq!(values.len(), size[0] * size[1], "values do not fill the picture");
        Self { size, spacing, values }
    }

    /// A layer of a volume (of the time point that is looked at); `None` if there is no such layer.
    pub fn of(volume: &Volume, layer: Layer) -> Option<Self> {
        let dims = volume.grid().dims();
        if layer.axis > 2 || layer.at >= dims[layer.axis] {
            return None;
        }
        let spacing = layer.axes().map(|a| volume.grid().spacing()[a]);
        Some(Self { size: layer.size(dims), spacing, values: layer.values(volume) })
    }

    /// What a volume (the time point that is looked at) shows in a slice: the voxels themselves, or in an oblique one
    /// values between them, linear; beyond the volume its outermost voxels go on, so that its border is no edge.
    pub fn in_frame(
        volume: &Volume,
        frame: &PictureFrame,
        limits: &WorkLimits,
    ) -> Result<Self, MaskError> {
        let [nu, nv] = frame.size;
        limits.allow(nu.checked_mul(nv), size_of::<f32>())?;
        if let Some(picture) = frame.layer.and_then(|layer| Self::of(volume, layer)) {
            return Ok(picture);
        }
        let (grid, scale) = (volume.grid(), volume.scale());
        let first = volume.time_point_range().start;
        let everything = (f64::MIN, f64::MAX);
        let sampler = Sampler::new(volume.voxels(), first, grid.dims(), f64::NAN, everything);
        let step = grid.voxel_from_world().matrix3 * frame.steps[0];
        let mut values = limits.buffer(0f32, nu.checked_mul(nv))?;
        values.par_chunks_mut(nu).enumerate().try_for_each(|(v, out)| {
            limits.check()?;
            let mut read = vec![0.0; nu];
            let row = Row { start: grid.voxel(frame.world([0, v])), step };
            sampler.row(row, Interpolation::Linear, None, &mut read);
            for (value, raw) in out.iter_mut().zip(read) {
                *value = scale.apply(raw) as f32;
            }
            Ok::<(), MaskError>(())
        })?;
        Ok(Self { size: frame.size, spacing: frame.steps.map(DVec3::length), values })
    }

    /// The same with values beyond `low` and `high` as these are: edges among what a window shows as black, or as
    /// white, are none.
    #[must_use]
    pub fn clamped(mut self, (low, high): (f64, f64)) -> Self {
        let (low, high) = (low as f32, high as f32);
        for value in &mut self.values {
            // (NaN stays what it is.)
            if *value < low {
                *value = low;
            } else if *value > high {
                *value = high;
            }
        }
        self
    }

    /// Places along u and v.
    pub fn size(&self) -> [usize; 2] {
        self.size
    }

    /// From one place to the next, mm.
    pub fn spacing(&self) -> [f64; 2] {
        self.spacing
    }

    /// Value at (u, v); beyond the edge that of the edge.
    pub fn value(&self, u: isize, v: isize) -> f32 {
        let at = |c: isize, n: usize| c.clamp(0, n as isize - 1) as usize;
        self.values[at(u, self.size[0]) + self.size[0] * at(v, self.size[1])]
    }
}
