use super::arrangement::{Pane, SidePanels};
use super::inner_box::inner_box;
use super::open_windows::Windows;
use super::preferences::Preferences;
use super::scan_view::{PaneState, ScanView};
use super::transient::Transient;
use crate::geom::{DVec3, Grid, Oblique, Plane, SliceFrame};
use crate::render::Orbit;
use crate::volume::{Histogram, Stats, Volume, Window};

/// How the user looks at the document. Not part of it, and not in its history.
#[derive(Clone, Debug, Default)]
pub struct ViewState {
    /// What the user has chosen for all scans.
    pub prefs: Preferences,
    /// How the open scan is looked at.
    pub scan: ScanView,
    /// What is so at the moment.
    pub transient: Transient,
    /// Which windows are open.
    pub windows: Windows,
}

impl ViewState {
    /// A first look at a scan.
    pub fn for_scan(grid: &Grid, stats: Stats, histogram: Histogram) -> Self {
        Self { scan: ScanView::new(grid, stats, histogram), ..Self::default() }
    }

    /// What a scan is called in a view. Pictures that are saved have the name of files: no day of a study.
    pub fn shown_name<'v>(&self, volume: &'v Volume) -> &'v str {
        if self.transient.is_figure { volume.name() } else { volume.name_on_screen() }
    }

    /// Points that the table of a comparison takes of the window's height.
    pub fn comparison_height(&self) -> f32 {
        if self.scan.comparison.is_some() { self.transient.comparison_height } else { 0.0 }
    }

    /// Width of a window without a list of cases that would have as little room for side panels as this one, points:
    /// decides which of them are open ([`SidePanels::open`]).
    pub fn width_for_panels(&self, window: f32) -> f32 {
        let left = window - self.transient.cases_width;
        if left < SidePanels::BESIDE_CASES { left.min(SidePanels::NARROW - 1.0) } else { window }
    }

    /// A first look at another scan by the same user.
    pub fn show_scan(&mut self, grid: &Grid, stats: Stats, histogram: Histogram) {
        self.scan = ScanView::new(grid, stats, histogram);
        self.transient = Transient::default();
    }

    /// No scan any more: what belonged to it goes.
    pub fn close_scan(&mut self) {
        self.scan = ScanView::default();
        self.transient = Transient::default();
        self.windows.history = false;
    }

    /// Fits all views again. Crosshair and window stay.
    pub fn reset(&mut self) {
        self.scan.slices = [PaneState::default(); 3];
        self.scan.orbit = Orbit::default();
        self.scan.oblique = None;
    }

    /// Pan and zoom of a slice view.
    pub fn pane(&self, plane: Plane) -> &PaneState {
        &self.scan.slices[plane as usize]
    }

    /// Pan and zoom of a slice view.
    pub fn pane_mut(&mut self, plane: Plane) -> &mut PaneState {
        &mut self.scan.slices[plane as usize]
    }

    /// How the pictures of a slice view lie: along the scan's axes, or turned.
    pub fn slice_frame(&self, grid: &Grid, plane: Plane) -> SliceFrame {
        SliceFrame::of(grid, plane, self.prefs.convention, self.scan.oblique.as_ref())
    }

    /// The slice that a view shows: the one that is nearest to the crosshair.
    pub fn slice(&self, grid: &Grid, plane: Plane) -> usize {
        let frame = self.slice_frame(grid, plane);
        if frame.is_oblique() {
            let slice = frame.view(self.scan.crosshair).z.round();
            return slice.clamp(0.0, (frame.slices() - 1) as f64) as usize;
        }
        grid.voxel_clamped(self.scan.crosshair)[frame.through_axis()]
    }

    /// Shows a slice (clamped to those there are) by moving the crosshair along the axis through the plane.
    pub fn set_slice(&mut self, grid: &Grid, plane: Plane, slice: usize) {
        let frame = self.slice_frame(grid, plane);
        if frame.is_oblique() {
            let slice = slice.min(frame.slices() - 1);
            let steps = slice as f64 - frame.view(self.scan.crosshair).z;
            let along = frame.normal();
            let inside = inner_box(grid);
            self.scan.crosshair =
                inside.along(self.scan.crosshair, along, steps * frame.slice_distance());
            return;
        }
        let axis = frame.through_axis();
        let mut voxel = grid.voxel(self.scan.crosshair);
        voxel[axis] = slice.min(grid.dims()[axis] - 1) as f64;
        self.scan.crosshair = grid.world(voxel);
    }

    /// Steps by so many slices towards Superior, Anterior or Right (negative: the other way).
    pub fn step(&mut self, grid: &Grid, plane: Plane, steps: i64) {
        let grows_positive = self.slice_frame(grid, plane).slice_grows_positive();
        let steps = if grows_positive { steps } else { steps.saturating_neg() };
        let slice = (self.slice(grid, plane) as i64).saturating_add(steps).max(0);
        self.set_slice(grid, plane, slice as usize);
    }

    /// Moves the crosshair to the nearest place in the volume; in oblique views to where the way there leaves
    /// it, which is in the slices shown.
    pub fn move_crosshair(&mut self, grid: &Grid, world: DVec3) {
        let inside = inner_box(grid);
        self.scan.crosshair = match self.scan.oblique {
            Some(_) if inside.contains(self.scan.crosshair) => {
                let way = world - self.scan.crosshair;
                self.scan.crosshair + way * inside.reach(self.scan.crosshair, way).min(1.0)
            }
            _ => inside.nearest(world),
        };
    }

    /// Turns the two other planes about the crosshair, clockwise as one sees it in the view of `plane`,
    /// whose own picture stays. What is turned back to where it was is straight again.
    pub fn turn(&mut self, grid: &Grid, plane: Plane, degrees_clockwise: f64) {
        let axis = self.slice_frame(grid, plane).clockwise_axis();
        let before = self.scan.oblique.unwrap_or(Oblique::straight(self.scan.crosshair));
        let after = before.turned_about(axis, degrees_clockwise, self.scan.crosshair);
        let places = |view: &Self| {
            Plane::ALL.map(|p| view.slice_frame(grid, p).view(view.scan.crosshair).truncate())
        };
        let old = places(self);
        self.scan.oblique = (!after.is_straight()).then_some(after);
        // Pictures have other corners now: what the crosshair is on stays where it is in its pane.
        for (plane, (old, new)) in Plane::ALL.into_iter().zip(old.into_iter().zip(places(self))) {
            if let Some(pan_zoom) = &mut self.pane_mut(plane).pan_zoom {
                pan_zoom.centre += new - old;
            }
        }
    }

    /// Fills the window with one view, or shows all again if it does already.
    pub fn toggle_maximised(&mut self, pane: Pane) {
        self.scan.maximised = if self.scan.maximised == Some(pane) { None } else { Some(pane) };
    }

    /// The spread of the chosen layer's values that matter, as a measure for window drags: between the 0.5th
    /// and 99.5th percentile of what is not background.
    pub fn value_range(&self) -> f64 {
        spread(self.layer_histogram(), self.layer_auto_window())
    }

    /// The same of the scan itself, whichever layer is chosen.
    pub fn scan_value_range(&self) -> f64 {
        spread(self.scan.histogram.as_ref(), self.scan.auto_window)
    }

    /// Whether labels are drawn now.
    pub fn labels_shown(&self) -> bool {
        self.prefs.show_labels && !self.transient.peek
    }
}

fn spread(histogram: Option<&Histogram>, auto_window: Window) -> f64 {
    let (low, high) = histogram.map_or((0.0, 0.0), |h| h.foreground_percentiles(0.005, 0.995));
    let range = high - low;
    if range.is_finite() && range > 0.0 { range } else { auto_window.width }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::{DAffine3, DMat3};
    use crate::volume::{Scale, StoredGeometry, Voxels};

    fn lps() -> Grid {
        let m = DMat3::from_diagonal(DVec3::new(-2.0, -1.0, 3.0));
        Grid::new([8, 6, 5], DAffine3::from_mat3_translation(m, DVec3::new(9.0, 4.0, -7.0)))
            .unwrap()
    }

    fn ramp(grid: &Grid) -> Volume {
        let voxels = Voxels::I16((0..grid.count() as i16).collect());
        let stored = StoredGeometry::of(grid);
        let dims = grid.dims().to_vec();
        Volume::new("ramp", grid.clone(), dims, voxels, Scale::NONE, stored, vec![])
    }

    fn view(grid: &Grid) -> ViewState {
        let scan = ramp(grid);
        let stats = scan.stats();
        ViewState::for_scan(grid, stats, Histogram::of(&scan, &stats, 64))
    }

    #[test]
    fn pictures_that_are_saved_name_no_day_of_a_study() {
        let scan = ramp(&lps()).called_on_screen("CT 3 2019-05-12 · ramp");
        let mut view = view(&lps());
        assert_eq!(view.shown_name(&scan), "CT 3 2019-05-12 · ramp");
        view.transient.is_figure = true;
        assert_eq!(view.shown_name(&scan), "ramp");
    }

    #[test]
    fn a_scan_is_first_seen_from_its_middle_with_its_own_window() {
        let grid = lps();
        let view = view(&grid);
        assert_eq!(grid.voxel_at(view.scan.crosshair), Some([4, 3, 2]));
        assert_eq!(Plane::ALL.map(|p| view.slice(&grid, p)), [2, 3, 4]);
        assert_eq!(view.scan.window, view.scan.auto_window);
        assert!(
            view.scan.window.low() >= 0.0 && view.scan.window.high() <= 240.0,
            "{:?}",
            view.scan.window
        );
        assert!(view.value_range() > 200.0);
    }

    #[test]
    fn stepping_goes_towards_superior_anterior_right_and_stops_at_the_ends() {
        let grid = lps();
        let mut view = view(&grid);
        view.step(&grid, Plane::Axial, 1);
        view.step(&grid, Plane::Coronal, 1);
        view.step(&grid, Plane::Sagittal, 2);
        // Here z grows towards Superior, but y towards Posterior and x towards Left.
        assert_eq!(grid.voxel_at(view.scan.crosshair), Some([2, 2, 3]));
        view.step(&grid, Plane::Axial, 1000);
        view.step(&grid, Plane::Sagittal, i64::MAX);
        assert_eq!(grid.voxel_at(view.scan.crosshair), Some([0, 2, 4]));
    }

    #[test]
    fn the_crosshair_stays_in_the_volume() {
        let grid = lps();
        let mut view = view(&grid);
        view.move_crosshair(&grid, DVec3::new(1e6, -1e6, 0.0));
        assert_eq!(grid.voxel_at(view.scan.crosshair).map(|v| [v[0], v[1]]), Some([0, 5]));
        let inside = grid.world(DVec3::new(1.3, 2.4, 3.1));
        view.move_crosshair(&grid, inside);
        assert!(view.scan.crosshair.distance(inside) < 1e-9);
    }
}
