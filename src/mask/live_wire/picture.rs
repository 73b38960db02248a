//! Values of a slice in a plane.

use super::super::Layer;
use crate::volume::Volume;

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
