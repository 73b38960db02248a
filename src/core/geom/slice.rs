use glam::{DAffine3, DMat3, DVec2, DVec3};

use super::oblique::{nearest_axis, smallest_turn, straight_axes};
use super::plane::{Convention, Plane};
use super::{Axis, Direction, Grid, Oblique};

/// How the voxels of a grid lie in the pictures of one plane.
///
/// Straight pictures follow the voxel axes that are closest to the plane, so every slice shows voxels as they
/// were acquired, also in tilted scans; oblique ones cut across them. *View coordinates* are (right, down) in
/// millimetres from the picture's top left corner, and the slice index: the continuous voxel index along the
/// third axis, or steps of the smallest voxel spacing along an oblique plane's normal.
#[derive(Clone, Debug, PartialEq)]
pub struct SliceFrame {
    plane: Plane,
    through_axis: usize,
    oblique: bool,
    slices: usize,
    extent: DVec2,
    view_from_voxel: DAffine3,
    voxel_from_view: DAffine3,
    world_from_voxel: DAffine3,
    voxel_from_world: DAffine3,
}

impl SliceFrame {
    /// The frame in which `plane` of `grid` is drawn, turned if there is a turn.
    pub fn of(
        grid: &Grid,
        plane: Plane,
        convention: Convention,
        oblique: Option<&Oblique>,
    ) -> Self {
        match oblique {
            Some(turn) if !turn.is_straight() => Self::oblique(grid, plane, convention, turn),
            _ => Self::new(grid, plane, convention),
        }
    }

    /// The frame in which `plane` of `grid` is drawn along the grid's own axes.
    pub fn new(grid: &Grid, plane: Plane, convention: Convention) -> Self {
        let orientation = grid.orientation();
        let spacing = grid.spacing().to_array();
        let dims = grid.dims();
        let (right, down) = plane.right_and_down(convention);
        let (through_axis, _) = orientation.voxel_axis(plane.through());

        let mut columns = [DVec3::ZERO; 3];
        let mut offset = DVec3::ZERO;
        let mut extent = DVec2::ZERO;
        for (n, direction) in [right, down].into_iter().enumerate() {
            let (axis, grows_positive) = orientation.voxel_axis(direction.axis);
            let step = spacing[axis];
            extent[n] = dims[axis] as f64 * step;
            if grows_positive == direction.positive {
                columns[axis][n] = step;
                offset[n] = 0.5 * step;
            } else {
                columns[axis][n] = -step;
                offset[n] = (dims[axis] as f64 - 0.5) * step;
            }
        }
        columns[through_axis].z = 1.0;
        let view_from_voxel = DAffine3::from_mat3_translation(
            DMat3::from_cols(columns[0], columns[1], columns[2]),
            offset,
        );
        let slices = dims[through_axis];
        Self::with(grid, (plane, through_axis, false), slices, extent, view_from_voxel)
    }

    /// The frame in which a turned `plane` of `grid` is drawn.
    ///
    /// The picture is the straight one, carried along by the smallest turn that lays its plane into the turned
    /// one: turning the two other planes about this one's normal leaves it as it is. Of the two sides of the
    /// plane it is seen from the one that is nearer to the straight view's, so an edge that shows the
    /// patient's Right without a turn never shows Left. One slice passes exactly through the pivot.
    pub fn oblique(grid: &Grid, plane: Plane, convention: Convention, turn: &Oblique) -> Self {
        let base = straight_axes(grid);
        let towards = |d: Direction| {
            let axis = base.col(d.axis.index());
            if d.positive { axis } else { -axis }
        };
        let (right, down) = plane.right_and_down(convention);
        let straight = base.col(plane.through().index());
        let normal = turn.normal(grid, plane);
        let carried = smallest_turn(straight, normal);
        let (right, down) = (carried * towards(right), carried * towards(down));

        let step = grid.spacing().min_element();
        let (mut low, mut high) = (DVec3::INFINITY, DVec3::NEG_INFINITY);
        for corner in grid.corners() {
            let from_pivot = corner - turn.pivot;
            let at = DVec3::new(corner.dot(right), corner.dot(down), from_pivot.dot(normal) / step);
            (low, high) = (low.min(at), high.max(at));
        }
        // A hair, so that a plane that just touches a corner does not come and go with rounding.
        let (first, last) = ((low.z - 1e-6).ceil(), (high.z + 1e-6).floor());
        let view_from_world = DAffine3::from_mat3_translation(
            DMat3::from_cols(right, down, normal / step).transpose(),
            DVec3::new(-low.x, -low.y, -turn.pivot.dot(normal) / step - first),
        );
        let (through_axis, _) = grid.orientation().voxel_axis(nearest_axis(grid, normal));
        let slices = (last - first + 1.0).max(1.0) as usize;
        let view_from_voxel = view_from_world * grid.world_from_voxel();
        let extent = (high - low).truncate();
        Self::with(grid, (plane, through_axis, true), slices, extent, view_from_voxel)
    }

    fn with(
        grid: &Grid,
        (plane, through_axis, oblique): (Plane, usize, bool),
        slices: usize,
        extent: DVec2,
        view_from_voxel: DAffine3,
    ) -> Self {
        Self {
            plane,
            through_axis,
            oblique,
            slices,
            extent,
            view_from_voxel,
            voxel_from_view: view_from_voxel.inverse(),
            world_from_voxel: grid.world_from_voxel(),
            voxel_from_world: grid.voxel_from_world(),
        }
    }

    /// The plane shown.
    pub fn plane(&self) -> Plane {
        self.plane
    }

    /// The voxel axis (0, 1 or 2) that slices are stepped along; of oblique ones the nearest.
    pub fn through_axis(&self) -> usize {
        self.through_axis
    }

    /// Whether slices cut across the grid's axes because the user turned them.
    pub fn is_oblique(&self) -> bool {
        self.oblique
    }

    /// Number of slices.
    pub fn slices(&self) -> usize {
        self.slices
    }

    /// Whether the slice index grows towards Superior, Anterior or Right.
    pub fn slice_grows_positive(&self) -> bool {
        // Oblique frames count that way by themselves, whatever the turn.
        self.oblique
            || self.world_from_voxel.matrix3.col(self.through_axis)[self.plane.through().index()]
                >= 0.0
    }

    /// The slices' unit normal in RAS, on the side towards which the slice index grows.
    pub fn normal(&self) -> DVec3 {
        let [right, down, through] = self.world_steps();
        let normal = right.cross(down).normalize();
        if normal.dot(through) < 0.0 { -normal } else { normal }
    }

    /// Distance between neighbouring slices in millimetres.
    pub fn slice_distance(&self) -> f64 {
        self.world_steps()[2].dot(self.normal())
    }

    /// The axis (RAS) about which a right-handed turn is clockwise as one sees the picture.
    pub fn clockwise_axis(&self) -> DVec3 {
        let [right, down, _] = self.world_steps();
        right.cross(down).normalize()
    }

    /// How the line in which another plane cuts this one's pictures runs: a unit vector (right, down), to the
    /// right or straight down; `None` if they are parallel.
    pub fn line_of(&self, other: &SliceFrame) -> Option<DVec2> {
        let along = self.normal().cross(other.normal());
        let voxel = self.voxel_from_world.matrix3 * along;
        let line = (self.view_from_voxel.matrix3 * voxel).truncate();
        if along.length() < 1e-6 {
            return None;
        }
        let line = line.try_normalize()?;
        let backwards = line.x < -1e-9 || line.x < 1e-9 && line.y < 0.0;
        Some(if backwards { -line } else { line })
    }

    /// How far the slices are tilted out of the anatomical plane, in degrees: 0 in a straight scan.
    pub fn tilt_degrees(&self) -> f64 {
        let along = self.normal()[self.plane.through().index()];
        along.abs().clamp(0.0, 1.0).acos().to_degrees()
    }

    /// Width and height of the whole picture in millimetres.
    pub fn extent(&self) -> DVec2 {
        self.extent
    }

    /// Letters at the picture's left, right, top and bottom edges, as DICOM writes them: the strongest
    /// direction first, a second and third if the edge lies 20° and more towards them.
    pub fn letters(&self) -> [String; 4] {
        let [right, down, _] = self.world_steps();
        [-right, right, -down, down].map(letters_of)
    }

    /// World vectors of one millimetre to the right, one down, and one slice on.
    fn world_steps(&self) -> [DVec3; 3] {
        let m = self.world_from_voxel.matrix3 * self.voxel_from_view.matrix3;
        [m.x_axis, m.y_axis, m.z_axis]
    }

    /// (right mm, down mm, slice index) of a continuous voxel coordinate.
    pub fn view_from_voxel(&self) -> DAffine3 {
        self.view_from_voxel
    }

    /// Continuous voxel coordinate of (right mm, down mm, slice index).
    pub fn voxel_from_view(&self) -> DAffine3 {
        self.voxel_from_view
    }

    /// View coordinates of a world position (RAS mm).
    pub fn view(&self, world: DVec3) -> DVec3 {
        self.view_from_voxel.transform_point3(self.voxel_from_world.transform_point3(world))
    }

    /// World position (RAS mm) of view coordinates.
    pub fn world(&self, view: DVec3) -> DVec3 {
        self.world_from_voxel.transform_point3(self.voxel_from_view.transform_point3(view))
    }
}

/// Letters of the directions that a vector points to, strongest first.
fn letters_of(vector: DVec3) -> String {
    // The sine of 20°.
    const WORTH_A_LETTER: f64 = 0.342_02;
    let vector = vector.normalize_or_zero().to_array();
    let mut axes = Axis::ALL;
    axes.sort_by(|a, b| vector[b.index()].abs().total_cmp(&vector[a.index()].abs()));
    axes.into_iter()
        .enumerate()
        .filter(|(n, axis)| *n == 0 || vector[axis.index()].abs() > WORTH_A_LETTER)
        .map(|(_, axis)| Direction { axis, positive: vector[axis.index()] >= 0.0 }.letter())
        .collect()
}

/// How a slice picture lies in its pane: the view point shown at the pane's centre, and the zoom.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PanZoom {
    /// View coordinates (right mm, down mm) at the centre of the pane.
    pub centre: DVec2,
    /// Screen points for each millimetre.
    pub points_per_mm: f64,
}

impl PanZoom {
    /// The whole picture, centred, with a margin of four per cent.
    pub fn fit(extent: DVec2, pane: DVec2) -> Self {
        let scale = (pane / extent.max(DVec2::splat(1e-6))).min_element() * 0.96;
        Self { centre: extent / 2.0, points_per_mm: scale.max(1e-6) }
    }

    /// Life size around `centre` (view coordinates), on a screen with so many points to the inch: 96 by
    /// agreement, whatever its pixels are, as long as the system's scale is set to match the screen.
    pub fn one_to_one(centre: DVec2, points_per_inch: f64) -> Self {
        Self { centre, points_per_mm: (points_per_inch / 25.4).clamp(0.02, 500.0) }
    }

    /// Position relative to the pane's centre, in points, of a view position.
    pub fn screen_from_view(&self, view: DVec2) -> DVec2 {
        (view - self.centre) * self.points_per_mm
    }

    /// View position of a position relative to the pane's centre, in points.
    pub fn view_from_screen(&self, screen: DVec2) -> DVec2 {
        screen / self.points_per_mm + self.centre
    }

    /// Zooms by `factor`, keeping what is under `screen` (relative to the pane's centre) in place.
    pub fn zoom_at(&mut self, screen: DVec2, factor: f64) {
        let fixed = self.view_from_screen(screen);
        self.points_per_mm = (self.points_per_mm * factor).clamp(0.02, 500.0);
        self.centre = fixed - screen / self.points_per_mm;
    }

    /// Moves the picture by a drag of `points`.
    pub fn pan(&mut self, points: DVec2) {
        self.centre -= points / self.points_per_mm;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(columns: [DVec3; 3]) -> Grid {
        let m = DMat3::from_cols(columns[0], columns[1], columns[2]);
        Grid::new([4, 5, 6], DAffine3::from_mat3_translation(m, DVec3::new(7.0, -3.0, 2.0)))
            .unwrap()
    }

    #[test]
    fn radiological_axial_has_the_patients_right_on_the_left_and_anterior_up() {
        let ras = grid([DVec3::X, DVec3::Y * 2.0, DVec3::Z * 3.0]);
        let frame = SliceFrame::new(&ras, Plane::Axial, Convention::Radiological);
        assert_eq!(frame.letters(), ["R", "L", "A", "P"]);
        // The rightmost, most anterior voxel is drawn at the picture's top left.
        let view = frame.view(ras.world_of([3, 4, 2]));
        assert!(view.abs_diff_eq(DVec3::new(0.5, 1.0, 2.0), 1e-9), "{view}");
        assert_eq!(frame.extent(), DVec2::new(4.0, 10.0));
    }

    #[test]
    fn neurological_mirrors_axial_and_coronal_only() {
        let lps = grid([-DVec3::X, -DVec3::Y, DVec3::Z]);
        let letters = |plane| SliceFrame::new(&lps, plane, Convention::Neurological).letters();
        assert_eq!(letters(Plane::Axial), ["L", "R", "A", "P"]);
        assert_eq!(letters(Plane::Coronal), ["L", "R", "S", "I"]);
        assert_eq!(letters(Plane::Sagittal), ["A", "P", "S", "I"]);
        let frame = SliceFrame::new(&lps, Plane::Sagittal, Convention::Radiological);
        assert_eq!(frame.letters(), ["A", "P", "S", "I"]);
    }

    #[test]
    fn a_turn_about_the_long_axis_tilts_coronal_and_sagittal_slices_only() {
        let (s, c) = 20f64.to_radians().sin_cos();
        let turned = grid([DVec3::new(c, s, 0.0), DVec3::new(-s, c, 0.0) * 2.0, DVec3::Z]);
        let tilt = |plane| SliceFrame::new(&turned, plane, Convention::default()).tilt_degrees();
        assert!(tilt(Plane::Axial) < 1e-6);
        assert!((tilt(Plane::Coronal) - 20.0).abs() < 1e-6);
        assert!((tilt(Plane::Sagittal) - 20.0).abs() < 1e-6);
    }

    #[test]
    fn zooming_keeps_the_point_under_the_pointer() {
        let mut pan = PanZoom::fit(DVec2::new(100.0, 50.0), DVec2::new(400.0, 400.0));
        let at = DVec2::new(30.0, -20.0);
        let before = pan.view_from_screen(at);
        pan.zoom_at(at, 1.7);
        assert!((pan.view_from_screen(at) - before).length() < 1e-9);
    }
}
