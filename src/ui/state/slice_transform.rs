use crate::geom::{
    Convention, DAffine3, DMat3, DVec2, DVec3, Grid, Oblique, PanZoom, Plane, SliceFrame,
};
use crate::render::{Projection, Slab};

/// Most samples of a thick slice: what lies between them in thicker ones is not looked at.
const SLAB_SAMPLES: u32 = 511;

/// The one mapping of a slice view between pane, picture, voxels and world; pure, in `f64`.
///
/// *Pane coordinates* are points from the pane's top left corner, y down. What is drawn, what the pointer
/// reads and where a click lands all go through here, so they can't disagree.
#[derive(Clone, Debug, PartialEq)]
pub struct SliceTransform {
    frame: SliceFrame,
    pan_zoom: PanZoom,
    pane: DVec2,
    slice: usize,
}

impl SliceTransform {
    /// `pane` is the pane's size in points; without `pan_zoom` the picture is fitted into it, without
    /// `oblique` it follows the grid's axes.
    pub fn new(
        grid: &Grid,
        plane: Plane,
        convention: Convention,
        oblique: Option<&Oblique>,
        pan_zoom: Option<PanZoom>,
        pane: DVec2,
        slice: usize,
    ) -> Self {
        let frame = SliceFrame::of(grid, plane, convention, oblique);
        let pane = pane.max(DVec2::ONE);
        let pan_zoom = pan_zoom.unwrap_or_else(|| PanZoom::fit(frame.extent(), pane));
        Self { frame, pan_zoom, pane, slice }
    }

    /// How the picture's voxels lie.
    pub fn frame(&self) -> &SliceFrame {
        &self.frame
    }

    /// Pan and zoom in force, fitted or chosen.
    pub fn pan_zoom(&self) -> PanZoom {
        self.pan_zoom
    }

    /// The slice shown, counted from 0 along the voxel axis.
    pub fn slice(&self) -> usize {
        self.slice
    }

    /// The pane's size in points.
    pub fn pane(&self) -> DVec2 {
        self.pane
    }

    /// A pane position relative to the pane's centre, as [`PanZoom`] wants it.
    pub fn from_centre(&self, at: DVec2) -> DVec2 {
        at - self.pane / 2.0
    }

    /// View coordinates (right mm, down mm, slice) of a pane position.
    pub fn view_from_pane(&self, at: DVec2) -> DVec3 {
        self.pan_zoom.view_from_screen(self.from_centre(at)).extend(self.slice as f64)
    }

    /// Pane position of view coordinates, and how many slices they are past the one shown.
    pub fn pane_from_view(&self, view: DVec3) -> DVec3 {
        let at = self.pan_zoom.screen_from_view(view.truncate()) + self.pane / 2.0;
        at.extend(view.z - self.slice as f64)
    }

    /// World position (RAS mm) shown at a pane position.
    pub fn world_from_pane(&self, at: DVec2) -> DVec3 {
        self.frame.world(self.view_from_pane(at))
    }

    /// Pane position of a world position (RAS mm), and how many slices it is past the one shown
    /// (in the direction in which the slice index grows).
    pub fn pane_from_world(&self, world: DVec3) -> DVec3 {
        self.pane_from_view(self.frame.view(world))
    }

    /// Continuous voxel coordinate of (x, y, n): a physical pixel of the pane, n slices on. Pixel centres
    /// lie at + 0.5. For the shader.
    pub fn voxel_from_pane(&self, pixels_per_point: f64) -> DAffine3 {
        let mm_per_pixel = 1.0 / (self.pan_zoom.points_per_mm * pixels_per_point);
        let view_from_pane = DAffine3::from_mat3_translation(
            DMat3::from_diagonal(DVec3::new(mm_per_pixel, mm_per_pixel, 1.0)),
            self.view_from_pane(DVec2::ZERO),
        );
        self.frame.voxel_from_view() * view_from_pane
    }

    /// A slice of so many millimetres around the one shown: a sample for each slice within (the one shown in the
    /// middle, so their number is odd), further apart where that would be too many. `None` when no other
    /// slice is within.
    pub fn slab(&self, mm: f64, projection: Projection) -> Option<Slab> {
        // The hair is for 0.3 / 0.1, the limit for absurd thicknesses.
        let each_side = (mm / self.frame.slice_distance() / 2.0 + 1e-6).clamp(0.0, 1e9) as u32;
        if each_side == 0 {
            return None;
        }
        let wanted = 2 * each_side + 1;
        let samples = wanted.min(SLAB_SAMPLES);
        let apart = f64::from(wanted - 1) / f64::from(samples - 1);
        let voxel_step = self.frame.voxel_from_view().matrix3.z_axis * apart;
        Some(Slab { projection, samples, voxel_step })
    }

    /// How many slices towards Superior, Anterior or Right something `past` slices on is (see
    /// [`SliceTransform::pane_from_world`]), rounded.
    pub fn steps_up(&self, past: f64) -> i64 {
        let past = past.round() as i64;
        if self.frame.slice_grows_positive() { past } else { -past }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::geom::DMat3;

    const DIMS: [usize; 3] = [5, 7, 9];
    const SPACING: DVec3 = DVec3::new(1.0, 1.5, 2.5);
    const PANE: DVec2 = DVec2::new(301.0, 247.0);

    /// The same lattice of world points in all 48 memory orders: axes permuted and flipped.
    fn all_orders(rotation: DMat3) -> Vec<Grid> {
        let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        let mut grids = Vec::new();
        for order in orders {
            for flips in 0..8u8 {
                let mut columns = [DVec3::ZERO; 3];
                let mut origin = DVec3::new(-20.0, 13.0, 400.0);
                let mut dims = [0; 3];
                for (axis, world) in order.into_iter().enumerate() {
                    let step = rotation.col(world) * SPACING[world];
                    let flipped = flips >> axis & 1 == 1;
                    columns[axis] = if flipped { -step } else { step };
                    if flipped {
                        origin += step * (DIMS[world] - 1) as f64;
                    }
                    dims[axis] = DIMS[world];
                }
                let m = DMat3::from_cols(columns[0], columns[1], columns[2]);
                let affine = DAffine3::from_mat3_translation(m, origin);
                grids.push(Grid::new(dims, affine).unwrap());
            }
        }
        grids
    }

    fn lenses(grid: &Grid, slice: usize, pan_zoom: Option<PanZoom>) -> Vec<SliceTransform> {
        let conventions = [Convention::Radiological, Convention::Neurological];
        let of = |plane, convention| {
            let count = SliceFrame::new(grid, plane, convention).slices();
            SliceTransform::new(grid, plane, convention, None, pan_zoom, PANE, slice % count)
        };
        Plane::ALL.into_iter().flat_map(|p| conventions.map(|c| of(p, c))).collect()
    }

    /// Checks a transform at a pane position: there and back, and that the shader reads the voxel that the
    /// pointer reads.
    fn check(grid: &Grid, transform: &SliceTransform, at: DVec2, pixels_per_point: f64) {
        let world = transform.world_from_pane(at);
        let back = transform.pane_from_world(world);
        assert!(back.truncate().distance(at) < 1e-6, "{at} → {world} → {back}");
        assert!(back.z.abs() < 1e-6, "a pane position lies in the slice shown: {back}");

        let pixel = (at * pixels_per_point).floor();
        let sampled =
            transform.voxel_from_pane(pixels_per_point).transform_point3((pixel + 0.5).extend(0.0));
        let pointed = grid.voxel(transform.world_from_pane((pixel + 0.5) / pixels_per_point));
        assert!(sampled.distance(pointed) < 1e-6, "shader {sampled}, pointer {pointed}");
        let through = transform.frame().through_axis();
        assert!((sampled[through] - transform.slice() as f64).abs() < 1e-9, "exactly in the slice");
    }

    #[test]
    fn pane_and_world_agree_in_all_48_memory_orders_straight_and_oblique() {
        let oblique = DMat3::from_euler(glam::EulerRot::XYZ, 0.3, -0.2, 0.25);
        for rotation in [DMat3::IDENTITY, oblique] {
            for grid in all_orders(rotation) {
                for transform in lenses(&grid, 3, None) {
                    for at in [DVec2::ZERO, PANE, PANE / 2.0, DVec2::new(97.3, 201.8)] {
                        check(&grid, &transform, at, 1.0);
                        check(&grid, &transform, at, 1.75);
                    }
                }
            }
        }
    }

    #[test]
    fn the_picture_does_not_depend_on_the_memory_order() {
        let grids = all_orders(DMat3::IDENTITY);
        let world = grids[0].world_of([1, 5, 6]);
        let reference: Vec<_> = lenses(&grids[0], 4, None)
            .iter()
            .map(|l| l.pane_from_world(world).truncate())
            .collect();
        for grid in &grids {
            for (transform, at) in lenses(grid, 4, None).iter().zip(&reference) {
                let here = transform.pane_from_world(world).truncate();
                assert!(here.distance(*at) < 1e-6, "{} {here} {at}", grid.orientation().letters());
            }
        }
    }

    #[test]
    fn a_picture_is_where_the_drawing_says() {
        // Radiological axial: right of the patient left, anterior up. The picture is 5 × 10.5 mm and its
        // 96 % of a 247 points high pane give the scale.
        let grid = &all_orders(DMat3::IDENTITY)[0];
        let radiological = Convention::Radiological;
        let transform = SliceTransform::new(grid, Plane::Axial, radiological, None, None, PANE, 2);
        let scale = 247.0 * 0.96 / 10.5;
        // The centre of the rightmost, most anterior voxel.
        let at = transform.pane_from_world(grid.world_of([4, 6, 5]));
        let expected = PANE / 2.0 + DVec2::new(-2.0, -3.0 * 1.5) * scale;
        assert!(at.truncate().distance(expected) < 1e-9, "{at} {expected}");
        assert!((at.z - 3.0).abs() < 1e-9, "three slices on");
        assert_eq!(transform.steps_up(at.z), 3);
    }

    #[test]
    fn steps_up_are_towards_superior_in_any_memory_order() {
        for grid in all_orders(DMat3::IDENTITY) {
            let transform = &lenses(&grid, 4, None)[0];
            let here = transform.world_from_pane(PANE / 2.0);
            let above = here + DVec3::new(0.0, 0.0, 2.0 * SPACING.z);
            assert_eq!(transform.steps_up(transform.pane_from_world(above).z), 2);
        }
    }

    proptest! {
        #[test]
        fn any_grid_pan_and_zoom_keeps_pane_and_world_together(
            order in 0usize..48,
            angles in prop::array::uniform3(-3.0f64..3.0),
            centre in prop::array::uniform2(-50.0f64..50.0),
            points_per_mm in 0.05f64..200.0,
            slice in 0usize..9,
            at in (0.0f64..301.0, 0.0f64..247.0),
            pixels_per_point in 0.5f64..3.0,
        ) {
            let rotation =
                DMat3::from_euler(glam::EulerRot::XYZ, angles[0], angles[1], angles[2]);
            let grid = &all_orders(rotation)[order];
            let pan_zoom = PanZoom { centre: DVec2::from_array(centre), points_per_mm };
            for transform in lenses(grid, slice, Some(pan_zoom)) {
                check(grid, &transform, DVec2::new(at.0, at.1), pixels_per_point);
            }
        }
    }
}
