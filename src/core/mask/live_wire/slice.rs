//! Wires in a slice, in world positions.

use super::{EdgeCosts, MaskError, PictureFrame, Wires, WorkLimits};
use crate::geom::DVec3;

/// The best wires from one place of a slice to all others.
#[derive(Clone, Debug)]
pub struct SliceWires {
    frame: PictureFrame,
    wires: Wires,
}

impl SliceWires {
    /// Those from `anchor`; `costs` are those of the picture in `frame`. `None` if the anchor is not in it.
    pub fn of(
        frame: &PictureFrame,
        costs: &EdgeCosts,
        anchor: [usize; 2],
        limits: &WorkLimits,
    ) -> Result<Option<Self>, MaskError> {
        let wires = costs.wires(anchor, usize::MAX, limits)?;
        Ok(wires.map(|wires| Self { frame: *frame, wires }))
    }

    /// The wire to a place in the slice's plane (RAS mm): the positions after the anchor's, the last is `to` itself.
    /// Beyond the picture it goes straight on from where it leaves it.
    pub fn path(&self, to: DVec3) -> Vec<DVec3> {
        let place = self.frame.nearest(to);
        let path = self.wires.path(place).unwrap_or_default();
        let mut path: Vec<DVec3> = path.iter().skip(1).map(|&at| self.frame.world(at)).collect();
        if self.frame.contains(to) {
            // Where the hand is, not the middle of the voxel there.
            path.pop();
        }
        path.push(to);
        path
    }
}
