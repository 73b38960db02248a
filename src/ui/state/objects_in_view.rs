//! Which objects are seen, and bringing one of them into the views.

use std::sync::Arc;

use super::arrangement::Pane;
use super::comparison::{ComparisonLook, DrawnLabels};
use super::mesh_options::MeshObjects;
use super::status::Status;
use super::view_state::ViewState;
use crate::document::{Document, LabelId, Object};
use crate::geom::{DVec3, Grid, Plane};
use crate::render::LabelStyle;
use crate::volume::Region;

/// Which masks are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ShownMasks {
    /// None.
    Nothing,
    /// Those of visible objects.
    #[default]
    Visible,
    /// That of the active object alone.
    Active,
}

impl ShownMasks {
    /// Whether an object's mask is among them.
    fn has(self, document: &Document, object: &Object) -> bool {
        match (self, document.active()) {
            (ShownMasks::Nothing, _) => false,
            (ShownMasks::Active, Some(active)) => active.id == object.id,
            (ShownMasks::Visible, _) | (ShownMasks::Active, None) => object.visible,
        }
    }
}

/// How each object's label is drawn.
pub fn label_styles(document: &Document, shown: ShownMasks) -> Vec<LabelStyle> {
    document
        .objects()
        .iter()
        .map(|o| LabelStyle {
            value: o.id.0,
            colour: o.colour,
            visible: shown.has(document, o),
            opacity: o.opacity,
            faint: false,
        })
        .collect()
}

/// Whether the mask probably goes on beyond what the model has looked at.
pub fn goes_on(object: &Object) -> bool {
    object.replayed() > 0 && object.answer.touches
}

/// Whether the mask goes on, and the model in use can follow it.
pub fn can_extend(object: &Object, status: &Status) -> bool {
    goes_on(object) && !status.model_lacks(|can| can.extends)
}

/// Whether the mask is cut off at the edge of a cube, and extending it is of no use there or not to be had.
pub fn is_cut(object: &Object, status: &Status) -> bool {
    let cut = object.replayed() > 0 && object.answer.cut;
    cut || goes_on(object) && !can_extend(object, status)
}

impl ViewState {
    /// Which masks are drawn now.
    pub fn shown_masks(&self) -> ShownMasks {
        match (self.labels_shown(), self.scan.solo) {
            (false, _) => ShownMasks::Nothing,
            (true, false) => ShownMasks::Visible,
            (true, true) => ShownMasks::Active,
        }
    }

    /// Whether an object is seen when masks are.
    pub fn shows(&self, document: &Document, object: &Object) -> bool {
        let shown = if self.scan.solo { ShownMasks::Active } else { ShownMasks::Visible };
        shown.has(document, object)
    }

    /// The objects with voxels that become meshes.
    pub fn objects_for_meshes(&self, document: &Document, of: MeshObjects) -> Vec<LabelId> {
        let is_wanted = |object: &&Object| match of {
            MeshObjects::All => true,
            MeshObjects::Shown => self.shows(document, object),
            MeshObjects::Selected => document.active().is_some_and(|active| active.id == object.id),
        };
        let there = document.objects().iter().filter(|object| object.has_voxels());
        there.filter(is_wanted).map(|object| object.id).collect()
    }

    /// Brings an object into the views: moves the crosshair to the middle of it, unless the slices shown cut it
    /// already, and views that are zoomed in elsewhere.
    pub fn go_to_object(&mut self, document: &Document, object: &Object) {
        let grid = document.image().grid();
        let whole = object.whole(grid.dims()[0]);
        if !self.cuts(grid, &whole) {
            let middle = middle(grid, &whole).map(|voxel| grid.world_of(voxel));
            let Some(world) = middle.or_else(|| Some(object.log.prompts.last()?.world)) else {
                return;
            };
            self.scan.crosshair = world;
        }
        for plane in Plane::ALL {
            self.centre_if_outside(grid, plane);
        }
    }

    /// Brings a place into the views.
    pub fn go_to_place(&mut self, grid: &Grid, world: DVec3) {
        self.scan.crosshair = world;
        for plane in Plane::ALL {
            self.centre_if_outside(grid, plane);
        }
    }

    /// What is drawn instead of the objects, if something is.
    pub fn drawn_labels(&self) -> Option<&Arc<DrawnLabels>> {
        self.scan.comparison.as_ref()?.drawn.as_ref()
    }

    /// Whether another label map is drawn instead of the objects.
    pub fn draws_reference(&self) -> bool {
        let look = self.scan.comparison.as_ref().map(|comparison| comparison.look);
        look == Some(ComparisonLook::Reference)
    }

    /// How labels are drawn now: the document's, or those that are drawn instead.
    pub fn drawn_styles(&self, document: &Document) -> Vec<LabelStyle> {
        match self.drawn_labels() {
            Some(drawn) => drawn.styles(self.labels_shown()),
            None => label_styles(document, self.shown_masks()),
        }
    }

    /// Whether each of the slices shown has a voxel of a region.
    fn cuts(&self, grid: &Grid, region: &Region) -> bool {
        let [x, y, z] = grid.voxel_clamped(self.scan.crosshair);
        let [row, rows, _] = grid.dims();
        if self.scan.oblique.is_some() {
            return region.contains(x + row * (y + rows * z));
        }
        let mut found = [false; 3];
        for run in region.runs() {
            let (from, line) = (run.start % row, run.start / row);
            found[0] |= (from..from + run.len as usize).contains(&x);
            found[1] |= line % rows == y;
            found[2] |= line / rows == z;
            if found == [true; 3] {
                return true;
            }
        }
        false
    }

    /// Pans a view that is zoomed in so that the crosshair is in its middle, if it can't be seen there.
    fn centre_if_outside(&mut self, grid: &Grid, plane: Plane) {
        let at = self.slice_frame(grid, plane).view(self.scan.crosshair).truncate();
        let pane = self.transient.screen.panes.iter().find(|(pane, _)| *pane == Pane::Slice(plane));
        let Some(half) = pane.map(|(_, [x, y])| [f64::from(*x) / 2.0, f64::from(*y) / 2.0]) else {
            return;
        };
        if let Some(pan_zoom) = &mut self.pane_mut(plane).pan_zoom {
            let seen = pan_zoom.screen_from_view(at).abs();
            if seen.x > half[0] * 0.9 || seen.y > half[1] * 0.9 {
                pan_zoom.centre = at;
            }
        }
    }
}

/// The voxel of a region that is nearest to its centre of mass.
fn middle(grid: &Grid, region: &Region) -> Option<[usize; 3]> {
    let [row, rows, _] = grid.dims();
    let spacing = grid.spacing();
    // The first voxel of each run, and how many there are.
    let runs = || {
        region.runs().iter().map(|run| {
            let line = run.start / row;
            ([run.start % row, line % rows, line / rows], run.len as usize)
        })
    };
    let mut sum = DVec3::ZERO;
    for ([x, y, z], len) in runs() {
        let middle = x as f64 + (len - 1) as f64 / 2.0;
        sum += DVec3::new(middle, y as f64, z as f64) * len as f64;
    }
    let centre = sum / region.count().max(1) as f64;
    let nearest = |([x, y, z], len): ([usize; 3], usize)| {
        let last = (x + len - 1) as f64;
        let x = centre.x.round().clamp(x as f64, last);
        let away = (DVec3::new(x, y as f64, z as f64) - centre) * spacing;
        (away.length_squared(), [x as usize, y, z])
    };
    runs().map(nearest).min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, voxel)| voxel)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::{DAffine3, PanZoom};

    const DIMS: [usize; 3] = [10, 8, 6];

    fn grid() -> Grid {
        let m = DAffine3::from_scale(DVec3::new(-1.0, 2.0, 3.0));
        Grid::new(DIMS, m).unwrap()
    }

    fn region(voxels: impl Fn([usize; 3]) -> bool) -> Region {
        let all = (0..DIMS[2])
            .flat_map(|z| (0..DIMS[1]).flat_map(move |y| (0..DIMS[0]).map(move |x| [x, y, z])));
        Region::from_mask(DIMS[0], all.map(voxels))
    }

    #[test]
    fn the_middle_is_a_voxel_of_the_region() {
        let grid = grid();
        let cases: [(Region, Option<[usize; 3]>); 4] = [
            (region(|_| false), None),
            (region(|v| v == [9, 7, 5]), Some([9, 7, 5])),
            // A box: its centre.
            (region(|[x, y, z]| (2..7).contains(&x) && y < 3 && z == 4), Some([4, 1, 4])),
            // A ring, whose centre is not in it: 2 mm along y are nearer than 3 along z.
            (
                region(|[x, y, z]| {
                    x == 5 && (y, z) != (3, 2) && (2..5).contains(&y) && (1..4).contains(&z)
                }),
                Some([5, 2, 2]),
            ),
        ];
        for (region, expected) in cases {
            assert_eq!(middle(&grid, &region), expected);
        }
    }

    #[test]
    fn slices_that_cut_a_region_are_told_from_those_that_miss_it() {
        let grid = grid();
        let region = region(|[x, y, z]| (2..7).contains(&x) && y < 3 && z == 4);
        let cuts = |voxel| {
            let mut view = ViewState::default();
            view.scan.crosshair = grid.world_of(voxel);
            view.cuts(&grid, &region)
        };
        assert!(cuts([4, 1, 4]) && cuts([6, 2, 4]));
        for outside in [[7, 1, 4], [4, 3, 4], [4, 1, 3]] {
            assert!(!cuts(outside), "{outside:?}");
        }
    }

    #[test]
    fn a_view_is_moved_only_where_the_place_can_not_be_seen() {
        let grid = grid();
        let mut view = ViewState::default();
        view.scan.crosshair = grid.world_of([1, 1, 1]);
        view.transient.screen.panes = vec![(Pane::Slice(Plane::Axial), [200.0, 100.0])];
        let at = view.slice_frame(&grid, Plane::Axial).view(view.scan.crosshair).truncate();
        for (away, moves) in [(3.0, false), (12.0, true)] {
            let before =
                PanZoom { centre: at + crate::geom::DVec2::new(0.0, away), points_per_mm: 10.0 };
            view.pane_mut(Plane::Axial).pan_zoom = Some(before);
            view.centre_if_outside(&grid, Plane::Axial);
            let after = view.pane(Plane::Axial).pan_zoom.unwrap().centre;
            assert_eq!(after, if moves { at } else { before.centre }, "{away} mm away");
        }
        view.pane_mut(Plane::Axial).pan_zoom = None;
        view.centre_if_outside(&grid, Plane::Axial);
        assert_eq!(view.pane(Plane::Axial).pan_zoom, None, "a fitted view shows all");
    }
}
