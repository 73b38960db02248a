//! Changes of how the document is looked at that keys, menus and gestures share.

use super::arrangement::{Layout, Lightbox, Pane};
use super::preferences::Preferences;
use super::view_state::ViewState;
use crate::geom::{Convention, DVec2, Grid, PanZoom, Plane};
use crate::render::Projection;
use crate::ui::kit::text::{mark, tr};

/// Thicknesses of slices in millimetres that keys and the wheel step through.
const THICKNESSES: [f64; 20] = [
    0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 60.0,
    80.0, 100.0, 150.0,
];
/// The thickest slab, in millimetres.
pub const THICKEST: f64 = 300.0;
/// How large everything can be, against what the system asks for.
pub const SCALES: [f32; 8] = [0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0];
/// What a slab is when it is switched on.
const USUAL_SLAB: f64 = 10.0;
/// Points in an inch, as systems count them.
const POINTS_PER_INCH: f64 = 96.0;

/// How masks are laid over slices, as the quick choice names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaskLook {
    /// Only the area.
    Fill,
    /// Only the edge.
    Outline,
    /// Both.
    Both,
}

impl ViewState {
    /// Makes slices thicker or thinner by so many steps: 0, 1, 2 … 150 mm.
    pub fn thicken(&mut self, steps: i64) {
        let now = self.prefs.slab_mm;
        for _ in 0..steps.unsigned_abs().min(THICKNESSES.len() as u64) {
            let next = if steps > 0 {
                THICKNESSES.iter().find(|t| **t > self.prefs.slab_mm).or(THICKNESSES.last())
            } else {
                THICKNESSES.iter().rev().find(|t| **t < self.prefs.slab_mm).or(THICKNESSES.first())
            };
            self.prefs.slab_mm = next.copied().unwrap_or(now);
        }
    }

    /// Thick slices on or off.
    pub fn toggle_slab(&mut self) {
        self.prefs.slab_mm = if self.prefs.slab_mm > 0.0 { 0.0 } else { USUAL_SLAB };
    }

    /// The next of mean, maximum, minimum; of slices that are thick then.
    pub fn next_projection(&mut self) {
        self.prefs.projection = match self.prefs.projection {
            Projection::Mean => Projection::Max,
            Projection::Max => Projection::Min,
            Projection::Min => Projection::Mean,
        };
        if self.prefs.slab_mm <= 0.0 {
            self.prefs.slab_mm = USUAL_SLAB;
        }
    }

    /// `MIP 20 mm`; `None` while slices are thin.
    pub fn slab_text(&self) -> Option<String> {
        let mm = (self.prefs.slab_mm * 10.0).round() / 10.0;
        (mm > 0.0).then(|| format!("{} {mm} mm", tr(projection_name(self.prefs.projection))))
    }

    /// Shows the views in this layout.
    pub fn set_layout(&mut self, layout: Layout) {
        self.prefs.layout = layout;
        self.scan.maximised = None;
        self.scan.lightbox = None;
    }

    /// The next layout: two by two, one large, three in a row.
    pub fn next_layout(&mut self) {
        self.set_layout(match self.prefs.layout {
            Layout::Quad => Layout::Main(self.large()),
            Layout::Main(_) => Layout::Row,
            Layout::Row => Layout::Quad,
        });
    }

    /// One large view and three small; again: the next one is the large one.
    pub fn large_view(&mut self) {
        let shown = self.scan.maximised.is_none() && self.scan.lightbox.is_none();
        let large = match self.prefs.layout {
            Layout::Main(large) if shown => {
                let at = Pane::ALL.iter().position(|p| *p == large).unwrap_or(0);
                Pane::ALL[(at + 1) % Pane::ALL.len()]
            }
            _ => self.large(),
        };
        self.set_layout(Layout::Main(large));
    }

    /// The view that is to be the large one: what the user looks at.
    fn large(&self) -> Pane {
        self.scan.maximised.unwrap_or(Pane::Slice(Plane::Axial))
    }

    /// The plane that keys act on: of the view that has the keyboard, of the one under the pointer, of the one that fills
    /// the window, or axial.
    pub fn plane_in_hand(&self) -> Plane {
        let keyboard = self.transient.keyboard_view.map(|(_, pane)| pane);
        let pane = keyboard.or(self.transient.hovered).or(self.scan.maximised);
        match (self.scan.lightbox, pane) {
            (Some(lightbox), _) => lightbox.plane,
            (None, Some(Pane::Slice(plane))) => plane,
            _ => Plane::Axial,
        }
    }

    /// A sheet of slices, or the views again.
    pub fn toggle_lightbox(&mut self) {
        self.scan.lightbox = match self.scan.lightbox {
            Some(_) => None,
            None => Some(Lightbox { plane: self.plane_in_hand(), columns: 5, rows: 4 }),
        };
    }

    /// Gives the other slice views the scale of this one, if they are linked: about the crosshair, which comes
    /// to the middle of a view that does not show it.
    pub fn link_zoom_of(&mut self, grid: &Grid, plane: Plane, points_per_mm: f64) {
        if !self.prefs.link_zoom {
            return;
        }
        for other in Plane::ALL.into_iter().filter(|other| *other != plane) {
            let frame = self.slice_frame(grid, other);
            let pane = DVec2::from_array(
                self.transient.screen.size_of(Some(Pane::Slice(other))).map(f64::from),
            );
            let mut pan_zoom =
                self.pane(other).pan_zoom.unwrap_or_else(|| PanZoom::fit(frame.extent(), pane));
            let crosshair = frame.view(self.scan.crosshair).truncate();
            let mut fixed = pan_zoom.screen_from_view(crosshair);
            if fixed.abs().cmpgt(pane / 2.0).any() {
                (pan_zoom.centre, fixed) = (crosshair, DVec2::ZERO);
            }
            pan_zoom.zoom_at(fixed, points_per_mm / pan_zoom.points_per_mm);
            self.pane_mut(other).pan_zoom = Some(pan_zoom);
        }
    }

    /// Links the zoom of the slice views, or lets each have its own.
    pub fn toggle_link_zoom(&mut self, grid: &Grid) {
        self.prefs.link_zoom = !self.prefs.link_zoom;
        let plane = self.plane_in_hand();
        if let Some(pan_zoom) = self.pane(plane).pan_zoom {
            self.link_zoom_of(grid, plane, pan_zoom.points_per_mm);
        }
    }

    /// Fits the picture of the view under the pointer into it; all slices if they are linked, and all views if
    /// there is none under it.
    pub fn fit(&mut self) {
        match self.transient.hovered.or(self.scan.maximised) {
            Some(Pane::Slice(plane)) if !self.prefs.link_zoom => {
                self.pane_mut(plane).pan_zoom = None;
            }
            Some(Pane::Volume) => self.scan.orbit.zoom = 1.0,
            _ => self.scan.slices = Default::default(),
        }
    }

    /// Shows slices in life size, as far as the screen tells its own: the view under the pointer, or all.
    pub fn life_size(&mut self, grid: &Grid) {
        let planes = match self.transient.hovered.or(self.scan.maximised) {
            Some(Pane::Slice(plane)) if !self.prefs.link_zoom => vec![plane],
            _ => Plane::ALL.to_vec(),
        };
        for plane in planes {
            let middle = self.slice_frame(grid, plane).extent() / 2.0;
            let pane = self.pane_mut(plane);
            let centre = pane.pan_zoom.map_or(middle, |p| p.centre);
            pane.pan_zoom = Some(PanZoom::one_to_one(centre, POINTS_PER_INCH));
        }
    }

    /// The planes follow the scan's axes again.
    pub fn straighten(&mut self) {
        self.scan.oblique = None;
        // Turned pictures have other corners: what was panned to is elsewhere.
        for pane in &mut self.scan.slices {
            pane.pan_zoom = None;
        }
    }

    /// How masks are drawn.
    pub fn mask_look(&self) -> MaskLook {
        match (self.prefs.masks.fill > 0.0, self.prefs.masks.outline > 0.0) {
            (true, false) => MaskLook::Fill,
            (false, _) => MaskLook::Outline,
            (true, true) => MaskLook::Both,
        }
    }

    /// Draws masks so; what was invisible gets the usual opacity.
    pub fn set_mask_look(&mut self, look: MaskLook) {
        let usual = Preferences::default().masks;
        let or_usual = |value: f32, usual: f32| if value > 0.0 { value } else { usual };
        let (fill, outline) = (
            or_usual(self.prefs.masks.fill, usual.fill),
            or_usual(self.prefs.masks.outline, usual.outline),
        );
        (self.prefs.masks.fill, self.prefs.masks.outline) = match look {
            MaskLook::Fill => (fill, 0.0),
            MaskLook::Outline => (0.0, outline),
            MaskLook::Both => (fill, outline),
        };
    }

    /// The next of fill, outline, both.
    pub fn next_mask_look(&mut self) {
        self.set_mask_look(match self.mask_look() {
            MaskLook::Both => MaskLook::Fill,
            MaskLook::Fill => MaskLook::Outline,
            MaskLook::Outline => MaskLook::Both,
        });
    }

    /// Goes so many time points on (or back), round and round.
    pub fn step_time_point(&mut self, time_points: usize, steps: i64) {
        let count = time_points.max(1) as i64;
        let now = self.scan.time_point.min(time_points.saturating_sub(1)) as i64;
        self.scan.time_point = (now + steps % count).rem_euclid(count) as usize;
    }

    /// The other left-right convention.
    pub fn mirror(&mut self) {
        self.prefs.convention = match self.prefs.convention {
            Convention::Radiological => Convention::Neurological,
            Convention::Neurological => Convention::Radiological,
        };
    }
}

/// `Mean`, `MIP`, `MinIP`.
pub fn projection_name(projection: Projection) -> &'static str {
    match projection {
        Projection::Mean => mark("Mean"),
        Projection::Max => mark("MIP"),
        Projection::Min => mark("MinIP"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::{DAffine3, DVec3};

    #[test]
    fn linked_slices_zoom_alike_and_keep_the_crosshair_in_its_place() {
        let grid = Grid::new([100, 60, 40], DAffine3::IDENTITY).unwrap();
        let pane = [300.0, 200.0];
        let mut view = ViewState::default();
        view.scan.crosshair = DVec3::new(20.0, 30.0, 10.0);
        view.transient.screen.panes = Pane::ALL.map(|p| (p, pane)).to_vec();
        let places = |view: &ViewState| {
            Plane::ALL.map(|plane| {
                let frame = view.slice_frame(&grid, plane);
                let size = DVec2::from_array(pane.map(f64::from));
                let fitted = PanZoom::fit(frame.extent(), size);
                let at = frame.view(view.scan.crosshair).truncate();
                view.pane(plane).pan_zoom.unwrap_or(fitted).screen_from_view(at)
            })
        };
        let before = places(&view);
        view.link_zoom_of(&grid, Plane::Axial, 12.0);
        assert_eq!(view.pane(Plane::Axial).pan_zoom, None, "its own zoom is its own affair");
        for plane in [Plane::Coronal, Plane::Sagittal] {
            assert!((view.pane(plane).pan_zoom.unwrap().points_per_mm - 12.0).abs() < 1e-9);
            let (now, then) = (places(&view)[plane as usize], before[plane as usize]);
            assert!(now.distance(then) < 1e-6, "{plane:?}: {now} {then}");
        }
        // A crosshair that can't be seen is brought in.
        view.scan.crosshair = DVec3::new(95.0, 55.0, 35.0);
        view.link_zoom_of(&grid, Plane::Axial, 15.0);
        assert!(places(&view)[Plane::Coronal as usize].length() < 1e-6);
        // Each for itself; and together again, as the view in hand is.
        view.transient.hovered = Some(Pane::Slice(Plane::Coronal));
        view.toggle_link_zoom(&grid);
        view.link_zoom_of(&grid, Plane::Axial, 3.0);
        view.fit();
        assert_eq!(view.pane(Plane::Coronal).pan_zoom, None);
        assert_eq!(view.pane(Plane::Sagittal).pan_zoom.unwrap().points_per_mm, 15.0);
        view.transient.hovered = Some(Pane::Slice(Plane::Sagittal));
        view.toggle_link_zoom(&grid);
        assert!((view.pane(Plane::Coronal).pan_zoom.unwrap().points_per_mm - 15.0).abs() < 1e-9);
        view.fit();
        assert!(view.scan.slices.iter().all(|pane| pane.pan_zoom.is_none()));
    }

    #[test]
    fn slabs_grow_and_shrink_in_round_steps_and_say_what_they_are() {
        let mut view = ViewState::default();
        assert_eq!(view.slab_text(), None);
        view.thicken(2);
        assert_eq!(view.prefs.slab_mm, 2.0);
        view.prefs.slab_mm = 7.3;
        view.thicken(1);
        assert_eq!(view.prefs.slab_mm, 8.0);
        view.thicken(-1);
        assert_eq!(view.prefs.slab_mm, 6.0);
        view.thicken(1000);
        assert_eq!(view.prefs.slab_mm, 150.0);
        view.thicken(-1000);
        assert_eq!(view.prefs.slab_mm, 0.0);
        view.next_projection();
        assert_eq!(view.slab_text().as_deref(), Some("MIP 10 mm"));
        view.prefs.slab_mm = 2.5;
        view.next_projection();
        assert_eq!(view.slab_text().as_deref(), Some("MinIP 2.5 mm"));
        view.toggle_slab();
        assert_eq!(view.slab_text(), None);
    }

    #[test]
    fn layouts_follow_one_another_and_end_what_hides_them() {
        let mut view = ViewState::default();
        view.scan.maximised = Some(Pane::Volume);
        view.next_layout();
        assert_eq!((view.prefs.layout, view.scan.maximised), (Layout::Main(Pane::Volume), None));
        view.next_layout();
        assert_eq!(view.prefs.layout, Layout::Row);
        view.next_layout();
        assert_eq!(view.prefs.layout, Layout::Quad);
        view.toggle_lightbox();
        view.large_view();
        assert_eq!((view.prefs.layout, view.scan.lightbox), (Layout::Main(Pane::ALL[0]), None));
        view.large_view();
        assert_eq!(view.prefs.layout, Layout::Main(Pane::ALL[1]));
    }

    #[test]
    fn time_points_go_round() {
        let mut view = ViewState::default();
        for (steps, time_point) in [(1, 1), (1, 2), (1, 0), (-1, 2), (-7, 1)] {
            view.step_time_point(3, steps);
            assert_eq!(view.scan.time_point, time_point, "{steps}");
        }
        view.step_time_point(1, 5);
        assert_eq!(view.scan.time_point, 0);
    }

    #[test]
    fn masks_are_seen_in_every_look() {
        let mut view = ViewState::default();
        view.prefs.masks.fill = 0.0;
        view.next_mask_look();
        assert_eq!(view.mask_look(), MaskLook::Both);
        assert!(view.prefs.masks.fill > 0.0 && view.prefs.masks.outline > 0.0);
        view.prefs.masks.fill = 0.7;
        view.next_mask_look();
        assert_eq!((view.prefs.masks.fill, view.prefs.masks.outline), (0.7, 0.0));
        view.next_mask_look();
        assert_eq!((view.prefs.masks.fill, view.prefs.masks.outline), (0.0, 1.0));
    }
}
