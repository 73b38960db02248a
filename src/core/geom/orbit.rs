use std::f64::consts::{FRAC_PI_2, PI, TAU};

use glam::{DMat3, DVec2, DVec3};

use super::{Axis, Direction, Grid};

/// Radians of turn for each point of a drag.
const RADIANS_PER_POINT: f64 = 0.01;

/// Share of the pane's smaller side that the volume's bounding sphere fills at zoom 1.
const FIT: f64 = 0.95;

/// Distance of a perspective viewer's eye from the middle of the volume, in radii of the bounding sphere:
/// well outside of it, and 47° for all of it, about as a photograph of a face.
const EYE: f64 = 2.5;

/// The 3D camera: turns around the middle of the volume.
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
    /// How far the picture is moved in its own plane, mm at depth 0: right, up. The camera still turns around
    /// the middle of the volume.
    pub shift: DVec2,
}

impl Default for Orbit {
    fn default() -> Self {
        Self { azimuth: 0.5, elevation: 0.3, zoom: 1.0, perspective: false, shift: DVec2::ZERO }
    }
}

/// What a pane's pixel looks along: the world position (RAS mm) at `depth` is `origin + along * depth`.
/// Depth is in millimetres away from the viewer, at right angles to the picture, 0 in the plane through the
/// middle of the volume.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ray {
    /// Where it is at depth 0, RAS mm.
    pub origin: DVec3,
    /// World millimetres for each millimetre of depth; longer than 1 where a perspective ray is slanted.
    pub along: DVec3,
}

impl Ray {
    /// World position (RAS mm) at a depth (mm).
    pub fn at(&self, depth: f64) -> DVec3 {
        self.origin + self.along * depth
    }
}

impl Orbit {
    /// Looks at the middle from the patient's side that a direction names, orthographic, everything in view.
    ///
    /// Superior is up, seen from the sides. From above and from the feet, anterior is up; so the patient's
    /// right is on the picture's right from above and on its left from the feet.
    pub fn looking_from(direction: Direction) -> Self {
        let (azimuth, elevation) = match (direction.axis, direction.positive) {
            (Axis::Y, true) => (0.0, 0.0),
            (Axis::Y, false) => (PI, 0.0),
            (Axis::X, true) => (FRAC_PI_2, 0.0),
            (Axis::X, false) => (3.0 * FRAC_PI_2, 0.0),
            (Axis::Z, true) => (PI, FRAC_PI_2),
            (Axis::Z, false) => (0.0, -FRAC_PI_2),
        };
        Self { azimuth, elevation, ..Self::default() }
    }

    /// The same view after a share `t` (0 to 1) of a whole turn about the body's long axis, towards the
    /// patient's right.
    pub fn turntable(&self, t: f64) -> Self {
        Self { azimuth: (self.azimuth + t * TAU).rem_euclid(TAU), ..self.clone() }
    }

    /// Turns by a drag of so many points (right, down): what is in front follows the pointer.
    pub fn drag(&mut self, dx: f64, dy: f64) {
        self.azimuth = (self.azimuth + dx * RADIANS_PER_POINT).rem_euclid(TAU);
        self.elevation = (self.elevation + dy * RADIANS_PER_POINT).clamp(-FRAC_PI_2, FRAC_PI_2);
    }

    /// Moves the picture by a drag of so many pixels (right, down) of a pane, at most as far as the volume reaches.
    pub fn pan(&mut self, grid: &Grid, pane: [f64; 2], drag: DVec2) {
        let radius = Self::radius(grid);
        let moved = self.shift + drag * DVec2::new(1.0, -1.0) * self.mm_per_pixel(grid, pane);
        if moved.is_finite() {
            self.shift = moved.clamp(DVec2::splat(-radius), DVec2::splat(radius));
        }
    }

    /// World directions (unit, RAS) of picture right, picture up, and towards the viewer, as columns.
    pub fn axes(&self) -> DMat3 {
        let (sin_a, cos_a) = self.azimuth.sin_cos();
        let (sin_e, cos_e) = self.elevation.sin_cos();
        let right = DVec3::new(-cos_a, sin_a, 0.0);
        let towards = DVec3::new(sin_a * cos_e, cos_a * cos_e, sin_e);
        DMat3::from_cols(right, towards.cross(right), towards)
    }

    /// What a pane's pixel (from the top left, y down; pixel centres at + 0.5) looks along.
    pub fn ray(&self, grid: &Grid, pane: [f64; 2], pixel: [f64; 2]) -> Ray {
        let axes = self.axes();
        let mm = self.mm_per_pixel(grid, pane);
        let sideways = axes.x_axis * ((pixel[0] - pane[0] / 2.0) * mm - self.shift.x)
            - axes.y_axis * ((pixel[1] - pane[1] / 2.0) * mm + self.shift.y);
        Ray {
            origin: grid.centre() + sideways,
            along: sideways * self.widening(grid) - axes.z_axis,
        }
    }

    /// How much larger than at depth 0 a pixel is for each millimetre of depth; 0 when orthographic.
    pub fn widening(&self, grid: &Grid) -> f64 {
        if self.perspective { 1.0 / (EYE * Self::radius(grid)) } else { 0.0 }
    }

    /// World position (RAS mm) of a pane pixel (x, y) at a depth (z), as [`Orbit::ray`] has them.
    pub fn world_from_pane(&self, grid: &Grid, pane: [f64; 2], at: DVec3) -> DVec3 {
        self.ray(grid, pane, [at.x, at.y]).at(at.z)
    }

    /// Pane pixel (from the top left, y down) and depth (mm, away from the viewer, 0 in the middle of the
    /// volume) of a world position. Behind a perspective viewer's eye there is no such pixel: what comes
    /// back lies far outside of the pane.
    pub fn project(&self, grid: &Grid, pane: [f64; 2], world: DVec3) -> DVec3 {
        let from_centre = self.axes().transpose() * (world - grid.centre());
        let wider = (1.0 - from_centre.z * self.widening(grid)).max(1e-3);
        let mm = self.mm_per_pixel(grid, pane);
        DVec3::new(
            pane[0] / 2.0 + (from_centre.x / wider + self.shift.x) / mm,
            pane[1] / 2.0 - (from_centre.y / wider + self.shift.y) / mm,
            -from_centre.z,
        )
    }

    /// Radius in mm of the sphere around the volume's outer corners.
    pub fn radius(grid: &Grid) -> f64 {
        let centre = grid.centre();
        grid.corners().iter().map(|c| c.distance(centre)).fold(0.0, f64::max)
    }

    /// Millimetres across a pixel at depth 0.
    pub fn mm_per_pixel(&self, grid: &Grid, pane: [f64; 2]) -> f64 {
        let side = pane[0].min(pane[1]).max(1.0);
        // What is nearer than the middle looks larger: the sphere's outline lies in front of it.
        let outline = if self.perspective { EYE / (EYE * EYE - 1.0).sqrt() } else { 1.0 };
        2.0 * Self::radius(grid) * outline / (FIT * side * self.zoom.max(1e-3))
    }
}

#[cfg(test)]
mod tests {
    use glam::DAffine3;

    use super::*;

    fn grid() -> Grid {
        let m = DMat3::from_cols(-DVec3::Z * 3.0, DVec3::X, DVec3::new(0.0, 1.9, 0.6));
        Grid::new([9, 20, 30], DAffine3::from_mat3_translation(m, DVec3::new(5.0, -80.0, 11.0)))
            .unwrap()
    }

    #[test]
    fn azimuth_zero_faces_the_patient() {
        let axes = Orbit { azimuth: 0.0, elevation: 0.0, ..Orbit::default() }.axes();
        assert!(axes.x_axis.abs_diff_eq(-DVec3::X, 1e-12), "the patient's left is on the right");
        assert!(axes.y_axis.abs_diff_eq(DVec3::Z, 1e-12), "superior is up");
        assert!(axes.z_axis.abs_diff_eq(DVec3::Y, 1e-12), "anterior is in front");
        assert!((Orbit::default().axes().determinant() - 1.0).abs() < 1e-12, "no mirror");
    }

    #[test]
    fn what_is_in_front_follows_a_drag() {
        let grid = grid();
        let pane = [300.0, 200.0];
        let mut orbit = Orbit { azimuth: 1.0, elevation: 0.2, zoom: 1.3, ..Orbit::default() };
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
        for perspective in [false, true] {
            let orbit = Orbit { perspective, ..Orbit::default() };
            let shifted = Orbit { shift: DVec2::new(13.0, -8.0), ..orbit.clone() };
            for at in [DVec3::new(3.5, 150.5, -7.0), DVec3::new(299.5, 0.5, 12.0)] {
                let world = shifted.world_from_pane(&grid, pane, at);
                assert!(shifted.project(&grid, pane, world).abs_diff_eq(at, 1e-9));
            }
            for at in [DVec3::new(3.5, 150.5, -7.0), DVec3::new(299.5, 0.5, 12.0)] {
                let world = orbit.world_from_pane(&grid, pane, at);
                assert!(orbit.project(&grid, pane, world).abs_diff_eq(at, 1e-9));
            }
            // The highest point of the sphere that is drawn, whatever its depth.
            let radius = Orbit::radius(&grid);
            let top = (0..1000)
                .map(|n| f64::from(n) / 1000.0 * TAU)
                .map(|a| orbit.axes() * DVec3::new(0.0, a.cos(), a.sin()) * radius)
                .map(|v| orbit.project(&grid, pane, grid.centre() + v).y)
                .fold(f64::INFINITY, f64::min);
            assert!((top - 100.0 * (1.0 - FIT)).abs() < 1e-2, "{perspective}: {top}");
        }
    }

    #[test]
    fn a_pan_takes_what_is_at_depth_0_along() {
        let (grid, pane) = (grid(), [300.0, 200.0]);
        for perspective in [false, true] {
            let mut orbit = Orbit { perspective, zoom: 1.7, ..Orbit::default() };
            let place = orbit.world_from_pane(&grid, pane, DVec3::new(120.5, 80.5, 0.0));
            orbit.pan(&grid, pane, DVec2::new(21.0, -9.0));
            let there = orbit.project(&grid, pane, place);
            assert!(there.abs_diff_eq(DVec3::new(141.5, 71.5, 0.0), 1e-9), "{there}");
            orbit.pan(&grid, pane, DVec2::splat(1e9));
            assert_eq!(orbit.shift, DVec2::new(1.0, -1.0) * Orbit::radius(&grid));
            orbit.pan(&grid, pane, DVec2::splat(f64::NAN));
            assert!(orbit.shift.is_finite());
        }
    }

    #[test]
    fn what_is_nearer_looks_larger_in_perspective_only() {
        let grid = grid();
        let width = |perspective: bool, towards: f64| {
            let orbit = Orbit { perspective, ..Orbit::default() };
            let at = |x: f64| grid.centre() + orbit.axes() * DVec3::new(x, 0.0, towards);
            let project = |x| orbit.project(&grid, [300.0, 200.0], at(x)).x;
            project(5.0) - project(-5.0)
        };
        assert!(width(true, 20.0) > width(true, 0.0) && width(true, 0.0) > width(true, -20.0));
        assert!((width(false, 20.0) - width(false, -20.0)).abs() < 1e-9);
        let orbit = Orbit { perspective: true, ..Orbit::default() };
        let behind = grid.centre() + orbit.axes() * DVec3::new(1.0, 0.0, 1e4);
        assert!(orbit.project(&grid, [300.0, 200.0], behind).is_finite());
    }

    #[test]
    fn the_six_sides_have_the_right_side_right_and_the_right_way_up() {
        // Picture right, picture up, towards the viewer.
        let (r, a, s) = (DVec3::X, DVec3::Y, DVec3::Z);
        let cases = [
            (Axis::Y, true, -r, s, a),
            (Axis::Y, false, r, s, -a),
            (Axis::X, true, a, s, r),
            (Axis::X, false, -a, s, -r),
            (Axis::Z, true, r, a, s),
            (Axis::Z, false, -r, a, -s),
        ];
        for (axis, positive, right, up, towards) in cases {
            let axes = Orbit::looking_from(Direction { axis, positive }).axes();
            let wanted = DMat3::from_cols(right, up, towards);
            assert!(axes.abs_diff_eq(wanted, 1e-12), "{axis:?} {positive}: {axes}");
        }
        // Straight from above a drag still turns about the body's long axis.
        let mut above = Orbit::looking_from(Direction { axis: Axis::Z, positive: true });
        above.drag(100.0, 50.0);
        assert!(above.axes().z_axis.abs_diff_eq(s, 1e-12));
        assert!((above.axes().determinant() - 1.0).abs() < 1e-12);
        let half = Orbit::looking_from(Direction { axis: Axis::Y, positive: true }).turntable(0.5);
        assert!(half.axes().z_axis.abs_diff_eq(-a, 1e-12));
    }
}
