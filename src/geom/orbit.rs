use std::f64::consts::FRAC_PI_2;

use glam::{DAffine3, DMat3, DVec3};

use super::Grid;

/// Radians of turn for each point of a drag.
const RADIANS_PER_POINT: f64 = 0.01;

/// Share of the pane's smaller side that the volume's bounding sphere fills at zoom 1.
const FIT: f64 = 0.95;

/// The 3D camera: turns around the middle of the volume, orthographic.
#[derive(Clone, Debug, PartialEq)]
pub struct Orbit {
    /// Turn about the body's long axis, radians; 0 looks at the patient's face (from anterior), right on
    /// the left. Positive goes round towards the patient's right.
    pub azimuth: f64,
    /// Up and down, radians, within ±π/2; positive looks down from above (superior).
    pub elevation: f64,
    /// 1 fits the volume into the pane.
    pub zoom: f64,
    /// Whether what is nearer looks larger; otherwise orthographic.
    pub perspective: bool,
}

impl Default for Orbit {
    fn default() -> Self {
        Self { azimuth: 0.5, elevation: 0.3, zoom: 1.0, perspective: false }
    }
}

impl Orbit {
    /// Turns by a drag of so many points (right, down): what is in front follows the pointer.
    pub fn drag(&mut self, dx: f64, dy: f64) {
        let turn = std::f64::consts::TAU;
        self.azimuth = (self.azimuth + dx * RADIANS_PER_POINT).rem_euclid(turn);
        self.elevation = (self.elevation + dy * RADIANS_PER_POINT).clamp(-FRAC_PI_2, FRAC_PI_2);
    }

    /// World directions (unit, RAS) of picture right, picture up, and towards the viewer, as columns.
    pub fn axes(&self) -> DMat3 {
        let (sin_a, cos_a) = self.azimuth.sin_cos();
        let (sin_e, cos_e) = self.elevation.sin_cos();
        let right = DVec3::new(-cos_a, sin_a, 0.0);
        let towards = DVec3::new(sin_a * cos_e, cos_a * cos_e, sin_e);
        DMat3::from_cols(right, towards.cross(right), towards)
    }

    /// World position (RAS mm) of a pane pixel (from the top left, y down; pixel centres at + 0.5) at a
    /// depth in mm, away from the viewer, 0 in the plane through the middle of the volume.
    pub fn world_from_pane(&self, grid: &Grid, pane: [f64; 2]) -> DAffine3 {
        let axes = self.axes();
        let mm = self.mm_per_pixel(grid, pane);
        let columns = DMat3::from_cols(axes.x_axis * mm, -axes.y_axis * mm, -axes.z_axis);
        let middle = DVec3::new(pane[0] / 2.0, pane[1] / 2.0, 0.0);
        DAffine3::from_mat3_translation(columns, grid.centre() - columns * middle)
    }

    /// Pane pixel (from the top left, y down) and depth (mm, away from the viewer, 0 in the middle of the
    /// volume) of a world position.
    pub fn project(&self, grid: &Grid, pane: [f64; 2], world: DVec3) -> DVec3 {
        let from_centre = self.axes().transpose() * (world - grid.centre());
        let mm = self.mm_per_pixel(grid, pane);
        DVec3::new(
            pane[0] / 2.0 + from_centre.x / mm,
            pane[1] / 2.0 - from_centre.y / mm,
            -from_centre.z,
        )
    }

    /// Radius in mm of the sphere around the volume's outer corners.
    pub fn radius(grid: &Grid) -> f64 {
        let centre = grid.centre();
        grid.corners().iter().map(|c| c.distance(centre)).fold(0.0, f64::max)
    }

    fn mm_per_pixel(&self, grid: &Grid, pane: [f64; 2]) -> f64 {
        let side = pane[0].min(pane[1]).max(1.0);
        2.0 * Self::radius(grid) / (FIT * side * self.zoom.max(1e-3))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Grid {
        let m = DMat3::from_cols(-DVec3::Z * 3.0, DVec3::X, DVec3::new(0.0, 1.9, 0.6));
        Grid::new([9, 20, 30], DAffine3::from_mat3_translation(m, DVec3::new(5.0, -80.0, 11.0)))
            .unwrap()
    }

    #[test]
    fn azimuth_zero_faces_the_patient() {
        let axes = Orbit { azimuth: 0.0, elevation: 0.0, zoom: 1.0, perspective: false }.axes();
        assert!(axes.x_axis.abs_diff_eq(-DVec3::X, 1e-12), "the patient's left is on the right");
        assert!(axes.y_axis.abs_diff_eq(DVec3::Z, 1e-12), "superior is up");
        assert!(axes.z_axis.abs_diff_eq(DVec3::Y, 1e-12), "anterior is in front");
        assert!((Orbit::default().axes().determinant() - 1.0).abs() < 1e-12, "no mirror");
    }

    #[test]
    fn what_is_in_front_follows_a_drag() {
        let grid = grid();
        let pane = [300.0, 200.0];
        let mut orbit = Orbit { azimuth: 1.0, elevation: 0.2, zoom: 1.3, perspective: false };
        let front = grid.centre() + orbit.axes().z_axis * 4.0;
        let before = orbit.project(&grid, pane, front);
        orbit.drag(6.0, 4.0);
        let after = orbit.project(&grid, pane, front);
        assert!(after.x > before.x && after.y > before.y, "{before} → {after}");
        orbit.drag(0.0, 1e6);
        assert_eq!(orbit.elevation, FRAC_PI_2);
    }

    #[test]
    fn projecting_takes_back_world_from_pane_and_the_sphere_fits() {
        let grid = grid();
        let pane = [300.0, 200.0];
        let orbit = Orbit::default();
        for at in [DVec3::new(3.5, 150.5, -7.0), DVec3::new(299.5, 0.5, 12.0)] {
            let world = orbit.world_from_pane(&grid, pane).transform_point3(at);
            assert!(orbit.project(&grid, pane, world).abs_diff_eq(at, 1e-9));
        }
        let top = grid.centre() + orbit.axes().y_axis * Orbit::radius(&grid);
        let y = orbit.project(&grid, pane, top).y;
        assert!((y - 100.0 * (1.0 - FIT)).abs() < 1e-9, "{y}");
    }
}
