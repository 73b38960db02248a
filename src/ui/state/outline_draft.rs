use crate::geom::{DVec3, Grid, Plane, SliceFrame};
use crate::mask::live_wire::PictureFrame;
use crate::mask::polygon::polygon;
use crate::mask::{CutPlane, FillRule};
use crate::volume::Region;

/// How an outline goes from one corner to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OutlineLine {
    /// Straight.
    #[default]
    Straight,
    /// Along the strongest edges.
    LiveWire,
}

/// The wires that are wanted while an outline is drawn along edges.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WantedWires {
    /// Where the slice's places are.
    pub frame: PictureFrame,
    /// Of the scan, from 0.
    pub time_point: usize,
    /// Values below the first and above the second are as these: edges are those that are seen.
    pub window: (f64, f64),
    /// The place that wires begin at.
    pub anchor: [usize; 2],
}

/// An outline in a slice that is half drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct OutlineDraft {
    /// The view that it is drawn in.
    pub plane: Plane,
    /// How that view's pictures lie.
    pub frame: SliceFrame,
    /// The slice.
    pub slice: usize,
    /// It will take voxels away.
    pub erases: bool,
    /// RAS mm, in the slice's plane.
    pub points: Vec<DVec3>,
    /// Each corner with the way to it, and each part that was drawn freely.
    pub steps: Vec<OutlineStep>,
    /// Corners whose way is not known yet, and what it is to be.
    pub waiting: Vec<(DVec3, OutlineLine)>,
    /// It is to be closed so, as soon as may be.
    pub closes: Option<OutlineLine>,
    /// Where the crosshair was when its last corner was set there by keyboard, RAS mm; `None` if it was with the mouse.
    pub keyed: Option<DVec3>,
}

/// What is taken back at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutlineStep {
    /// Where in the points it begins.
    pub first: usize,
    /// The point that was clicked, or where the hand began to draw freely.
    pub corner: usize,
}

impl OutlineDraft {
    /// Fewer points enclose nothing.
    pub const FEWEST: usize = 3;

    /// One more corner, or the first point of a part that is drawn freely.
    pub fn begin_step(&mut self, at: DVec3) {
        self.add_step(&[at]);
    }

    /// One more corner, the last of these, with the way to it.
    pub fn add_step(&mut self, way: &[DVec3]) {
        let first = self.points.len();
        self.points.extend(way);
        let corner = self.points.len().max(first + 1) - 1;
        self.steps.push(OutlineStep { first, corner });
    }

    /// Whether it could be closed in this way and enclose something: edges may lead back from the second corner.
    pub fn encloses(&self, line: OutlineLine) -> bool {
        let corners = match line {
            OutlineLine::Straight => Self::FEWEST,
            OutlineLine::LiveWire => Self::FEWEST - 1,
        };
        self.points.len() + self.waiting.len() >= corners
    }

    /// Takes the last of these back.
    pub fn take_back(&mut self) {
        if self.waiting.pop().is_none() {
            self.points.truncate(self.steps.pop().map_or(0, |step| step.first));
        }
    }

    /// Corners whose way is not known become corners with straight lines.
    pub fn settle(&mut self) {
        for (at, _) in std::mem::take(&mut self.waiting) {
            self.begin_step(at);
        }
    }

    /// Where the hand was last.
    pub fn last(&self) -> Option<DVec3> {
        self.waiting.last().map(|(at, _)| *at).or(self.points.last().copied())
    }

    /// The voxels within what was drawn so far, closed by `way`, from the last point back to the first.
    pub fn region(&self, grid: &Grid, way: &[DVec3]) -> Region {
        let Some(&point) = self.points.first() else { return Region::default() };
        let plane = CutPlane { point, normal: self.frame.normal() };
        let outline: Vec<DVec3> = self.points.iter().chain(way).copied().collect();
        polygon(grid, &plane, &outline, FillRule::NonZero)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::{Convention, DAffine3};

    #[test]
    fn corners_and_free_parts_are_taken_back_whole() {
        let grid = Grid::new([9, 9, 3], DAffine3::IDENTITY).unwrap();
        let frame = SliceFrame::new(&grid, Plane::Axial, Convention::Radiological);
        let mut draft = OutlineDraft {
            plane: Plane::Axial,
            frame,
            slice: 1,
            erases: false,
            points: Vec::new(),
            steps: Vec::new(),
            waiting: Vec::new(),
            closes: None,
            keyed: None,
        };
        let at = |x: f64, y: f64| DVec3::new(x, y, 1.0);
        draft.begin_step(at(0.5, 0.5));
        draft.begin_step(at(4.5, 0.5));
        draft.begin_step(at(4.5, 2.5));
        // A part that was drawn freely.
        draft.begin_step(at(4.5, 4.5));
        draft.points.extend([at(2.5, 4.5), at(0.5, 4.5)]);
        // Centres 1 to 4 in both directions.
        assert_eq!(draft.region(&grid, &[]).count(), 16);
        // A way back around a quarter of it.
        let back = [at(0.5, 2.5), at(2.5, 2.5), at(2.5, 0.5)];
        assert_eq!(draft.region(&grid, &back).count(), 12);
        draft.waiting.push((at(8.0, 8.0), OutlineLine::LiveWire));
        assert_eq!(draft.last(), Some(at(8.0, 8.0)));
        draft.take_back();
        assert_eq!((draft.waiting.len(), draft.points.len()), (0, 6), "what waits goes first");
        assert_eq!(draft.last(), Some(at(0.5, 4.5)));
        draft.take_back();
        assert_eq!((draft.points.len(), draft.steps.len()), (3, 3));
        draft.take_back();
        assert!(draft.region(&grid, &[]).is_empty(), "two corners");
        for _ in 0..4 {
            draft.take_back();
        }
        assert!(draft.points.is_empty() && draft.region(&grid, &[]).is_empty());
        // A way counts as one, with its end as the corner.
        draft.begin_step(at(1.0, 1.0));
        draft.add_step(&[at(2.0, 1.0), at(3.0, 1.0), at(4.0, 1.0)]);
        assert_eq!(draft.steps[1], OutlineStep { first: 1, corner: 3 });
        draft.waiting.push((at(4.0, 3.0), OutlineLine::LiveWire));
        draft.settle();
        assert_eq!((draft.points.len(), draft.steps.len()), (5, 3));
        draft.take_back();
        draft.take_back();
        assert_eq!((draft.points.len(), draft.steps.len()), (1, 1));
    }
}
