//! What keys and gestures do to the 3D view: its camera and its clip plane.

use super::view_3d::{ClipFacing, clip_range};
use super::view_state::ViewState;
use crate::geom::{DVec3, Direction, Grid, Orbit};
use crate::render::ClipPlane;

impl ViewState {
    /// Turns the 3D camera to one of the patient's sides; zoom and perspective stay.
    pub fn look_from(&mut self, side: Direction) {
        let from = Orbit::looking_from(side);
        (self.scan.orbit.azimuth, self.scan.orbit.elevation) = (from.azimuth, from.elevation);
    }

    /// Switches the clip plane of the 3D view on (at the crosshair, in the direction it had last) or off.
    pub fn toggle_clip_plane(&mut self) {
        let clip = &mut self.scan.view_3d.clip;
        if clip.plane.take().is_none() {
            // What is nearer to the viewer than the crosshair is cut away: something is seen to happen.
            self.clip_facing(ClipFacing::Camera);
        }
    }

    /// Lays the clip plane through the crosshair; what is cut away is on the viewer's side.
    pub fn clip_facing(&mut self, facing: ClipFacing) {
        let towards = self.scan.orbit.axes().z_axis;
        let normal = match facing {
            ClipFacing::Camera => towards,
            ClipFacing::Across(axis) => {
                let mut normal = DVec3::ZERO;
                normal[axis.index()] = if towards[axis.index()] < 0.0 { -1.0 } else { 1.0 };
                normal
            }
        };
        let offset_mm = normal.dot(self.scan.crosshair);
        self.scan.view_3d.clip.plane = Some(ClipPlane { normal, offset_mm });
    }

    /// Moves the clip plane by so many millimetres towards what it cuts away, within the scan.
    pub fn move_clip_plane(&mut self, grid: &Grid, mm: f64) {
        if let Some(plane) = &mut self.scan.view_3d.clip.plane {
            let (low, high) = clip_range(grid, plane.normal);
            plane.offset_mm = (plane.offset_mm + mm).clamp(low, high.max(low));
        }
    }

    /// Cuts away the other side of the clip plane.
    pub fn flip_clip_plane(&mut self) {
        if let Some(plane) = &mut self.scan.view_3d.clip.plane {
            plane.normal = -plane.normal;
            plane.offset_mm = -plane.offset_mm;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::view_3d::SIDES;
    use super::*;
    use crate::geom::{Axis, DAffine3};

    #[test]
    fn a_clip_plane_lies_through_the_crosshair_and_stays_in_the_scan() {
        let grid = Grid::new([10, 20, 30], DAffine3::IDENTITY).unwrap();
        let mut view = ViewState::default();
        view.scan.crosshair = DVec3::new(2.0, 3.0, 4.0);
        view.toggle_clip_plane();
        let plane = view.scan.view_3d.clip.plane.unwrap();
        assert_eq!(ClipFacing::of(&plane), ClipFacing::Camera);
        assert!((plane.normal.dot(view.scan.crosshair) - plane.offset_mm).abs() < 1e-9);
        view.look_from(SIDES[1]);
        view.clip_facing(ClipFacing::Across(Axis::Y));
        let plane = view.scan.view_3d.clip.plane.unwrap();
        assert_eq!((plane.normal, plane.offset_mm), (-DVec3::Y, -3.0), "the near side goes");
        assert_eq!(ClipFacing::of(&plane), ClipFacing::Across(Axis::Y));
        view.move_clip_plane(&grid, 1e6);
        assert_eq!(view.scan.view_3d.clip.plane.unwrap().offset_mm, 0.5);
        view.flip_clip_plane();
        let plane = view.scan.view_3d.clip.plane.unwrap();
        assert_eq!((plane.normal, plane.offset_mm), (DVec3::Y, -0.5));
        view.toggle_clip_plane();
        assert_eq!(view.scan.view_3d.clip.plane, None);
    }
}
