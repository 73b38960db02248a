use crate::geom::{DVec3, Grid, Plane, SliceFrame};
use crate::mask::polygon::polygon;
use crate::mask::{CutPlane, FillRule};
use crate::volume::Region;

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
    /// Where in `points` each corner, and each part that was drawn freely, begins.
    pub steps: Vec<usize>,
    /// It is to be closed as soon as may be.
    pub closes: bool,
}

impl OutlineDraft {
    /// Fewer points enclose nothing.
    pub const FEWEST: usize = 3;

    /// One more corner, or the first point of a part that is drawn freely.
    pub fn begin_step(&mut self, at: DVec3) {
        self.steps.push(self.points.len());
        self.points.push(at);
    }

    /// Takes the last of these back.
    pub fn take_back(&mut self) {
        self.points.truncate(self.steps.pop().unwrap_or(0));
    }

    /// The voxels within what was drawn so far, closed.
    pub fn region(&self, grid: &Grid) -> Region {
        let Some(&point) = self.points.first() else { return Region::default() };
        let plane = CutPlane { point, normal: self.frame.normal() };
        polygon(grid, &plane, &self.points, FillRule::NonZero)
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
            closes: false,
        };
        let at = |x: f64, y: f64| DVec3::new(x, y, 1.0);
        draft.begin_step(at(0.5, 0.5));
        draft.begin_step(at(4.5, 0.5));
        draft.begin_step(at(4.5, 2.5));
        // A part that was drawn freely.
        draft.begin_step(at(4.5, 4.5));
        draft.points.extend([at(2.5, 4.5), at(0.5, 4.5)]);
        // Centres 1 to 4 in both directions.
        assert_eq!(draft.region(&grid).count(), 16);
        draft.take_back();
        assert_eq!((draft.points.len(), draft.steps.len()), (3, 3));
        draft.take_back();
        assert!(draft.region(&grid).is_empty(), "two corners");
        for _ in 0..4 {
            draft.take_back();
        }
        assert!(draft.points.is_empty() && draft.region(&grid).is_empty());
    }
}
