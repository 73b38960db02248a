use glam::{DAffine3, DMat3, DVec2, DVec3};

use super::{Axis, Direction, Grid};

/// An anatomical plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Plane {
    /// Across the body, seen from the feet.
    Axial,
    /// Front to back, seen from the front.
    Coronal,
    /// Side to side, seen from the patient's left.
    Sagittal,
}

impl Plane {
    /// All three, in the order in which they are shown.
    pub const ALL: [Plane; 3] = [Plane::Axial, Plane::Coronal, Plane::Sagittal];

    /// The world axis that slices are stepped along.
    pub fn through(self) -> Axis {
        match self {
            Plane::Axial => Axis::Z,
            Plane::Coronal => Axis::Y,
            Plane::Sagittal => Axis::X,
        }
    }

    /// `Axial`, `Coronal`, `Sagittal`.
    pub fn name(self) -> &'static str {
        match self {
            Plane::Axial => "Axial",
            Plane::Coronal => "Coronal",
            Plane::Sagittal => "Sagittal",
        }
    }

    /// The direction towards the picture's right and bottom edges.
    fn right_and_down(self, convention: Convention) -> (Direction, Direction) {
        let to = |axis, positive| Direction { axis, positive };
        // Radiological: the patient's Right is on the picture's left, as if facing the patient.
        let right = convention == Convention::Neurological;
        match self {
            Plane::Axial => (to(Axis::X, right), to(Axis::Y, false)),
            Plane::Coronal => (to(Axis::X, right), to(Axis::Z, false)),
            Plane::Sagittal => (to(Axis::Y, false), to(Axis::Z, false)),
        }
    }
}

/// Which side of the patient is on the left of axial and coronal pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Convention {
    /// Patient's right on the picture's left: the habit of radiologists, and our default.
    #[default]
    Radiological,
    /// Patient's left on the picture's left.
    Neurological,
}

/// How the voxels of a grid lie in the pictures of one plane.
///
/// Pictures follow the voxel axes that are closest to the plane, so every slice shows voxels as they
/// were acquired, also in oblique scans. *View coordinates* are (right, down) in millimetres from the
/// outer corner of the picture's first voxel, and the continuous voxel index along the third axis.
#[derive(Clone, Debug, PartialEq)]
pub struct SliceFrame {
    plane: Plane,
    through_axis: usize,
    slices: usize,
    extent: DVec2,
    edges: [Direction; 2],
    view_from_voxel: DAffine3,
    voxel_from_view: DAffine3,
    world_from_voxel: DAffine3,
    voxel_from_world: DAffine3,
}

impl SliceFrame {
    /// The frame in which `plane` of `grid` is drawn.
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
        Self {
            plane,
            through_axis,
            slices: dims[through_axis],
            extent,
            edges: [right, down],
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

    /// The voxel axis (0, 1 or 2) that slices are stepped along.
    pub fn through_axis(&self) -> usize {
        self.through_axis
    }

    /// Number of slices.
    pub fn slices(&self) -> usize {
        self.slices
    }

    /// Whether the slice index grows towards Superior, Anterior or Right.
    pub fn slice_grows_positive(&self) -> bool {
        self.world_from_voxel.matrix3.col(self.through_axis)[self.plane.through().index()] >= 0.0
    }

    /// How far the slices are tilted out of the anatomical plane, in degrees: 0 in a straight scan.
    pub fn tilt_degrees(&self) -> f64 {
        let m = self.world_from_voxel.matrix3;
        let through = self.through_axis;
        let normal = m.col((through + 1) % 3).cross(m.col((through + 2) % 3)).normalize();
        normal[self.plane.through().index()].abs().clamp(0.0, 1.0).acos().to_degrees()
    }

    /// Width and height of the whole picture in millimetres.
    pub fn extent(&self) -> DVec2 {
        self.extent
    }

    /// Letters at the picture's left, right, top and bottom edges.
    pub fn letters(&self) -> [char; 4] {
        let [right, down] = self.edges;
        [right.opposite(), right, down.opposite(), down].map(Direction::letter)
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
        assert_eq!(frame.letters(), ['R', 'L', 'A', 'P']);
        // The rightmost, most anterior voxel is drawn at the picture's top left.
        let view = frame.view(ras.world_of([3, 4, 2]));
        assert!(view.abs_diff_eq(DVec3::new(0.5, 1.0, 2.0), 1e-9), "{view}");
        assert_eq!(frame.extent(), DVec2::new(4.0, 10.0));
    }

    #[test]
    fn neurological_mirrors_axial_and_coronal_only() {
        let lps = grid([-DVec3::X, -DVec3::Y, DVec3::Z]);
        let letters = |plane| SliceFrame::new(&lps, plane, Convention::Neurological).letters();
        assert_eq!(letters(Plane::Axial), ['L', 'R', 'A', 'P']);
        assert_eq!(letters(Plane::Coronal), ['L', 'R', 'S', 'I']);
        assert_eq!(letters(Plane::Sagittal), ['A', 'P', 'S', 'I']);
        let frame = SliceFrame::new(&lps, Plane::Sagittal, Convention::Radiological);
        assert_eq!(frame.letters(), ['A', 'P', 'S', 'I']);
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
