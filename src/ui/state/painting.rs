//! What painting by hand is confined to: other objects' voxels, and a range of values.

use super::view_state::ViewState;
use crate::document::{Document, LabelId, Over};
use crate::mask::WorkLimits;
use crate::mask::range::ValueRange;
use crate::volume::{Region, Volume};

impl ViewState {
    /// From whom voxels may be taken.
    pub fn paint_over(&self, document: &Document) -> Over {
        let inside = self.scan.paint_inside.filter(|id| document.object(*id).is_some());
        inside.map_or(self.prefs.brush.over, Over::Only)
    }

    /// Chooses it. One object to paint inside of is a choice for this scan.
    pub fn set_paint_over(&mut self, over: Over) {
        if let Over::Only(id) = over {
            self.scan.paint_inside = Some(id);
        } else {
            self.scan.paint_inside = None;
            self.prefs.brush.over = over;
        }
    }

    /// Follows objects that have got other numbers. What was chosen of one that is gone is chosen no more, so that no
    /// other object that gets its number is meant by it; `true` if painting was confined to it.
    pub fn follow_numbers(
        &mut self,
        document: &Document,
        renumbered: &[(LabelId, LabelId)],
    ) -> bool {
        let scan = &mut self.scan;
        for chosen in [&mut scan.paint_inside, &mut scan.growth_not_wanted, &mut scan.operand] {
            for (from, to) in renumbered {
                if *chosen == Some(*from) {
                    *chosen = Some(*to);
                }
            }
        }
        let gone = |id: &mut LabelId| document.object(*id).is_none();
        scan.growth_not_wanted.take_if(gone);
        scan.operand.take_if(gone);
        scan.paint_inside.take_if(gone).is_some()
    }

    /// The values that brush and eraser are confined to, if they are.
    pub fn paint_range(&self) -> Option<ValueRange> {
        self.scan.paint_range.filter(|_| self.scan.in_range_only)
    }

    /// Confines brush and eraser to these values, and as far beyond as makes them easily read.
    pub fn set_paint_range(&mut self, range: ValueRange) {
        let step = self.readable_step();
        // (What is not finite, or rounded to within the range, is not taken.)
        let low = Some((range.low / step).floor() * step).filter(|low| low.is_finite());
        let high = Some((range.high / step).ceil() * step).filter(|high| high.is_finite());
        let (low, high) = (low.unwrap_or(range.low), high.unwrap_or(range.high));
        let range = ValueRange { low: low.min(range.low), high: high.max(range.high) };
        self.scan.paint_range = Some(range);
        self.scan.in_range_only = true;
    }

    /// The smallest difference of values that matters: of a range of some hundreds, 1.
    fn readable_step(&self) -> f64 {
        10f64.powf((self.scan_value_range().log10().floor() - 2.0).clamp(-300.0, 300.0))
    }

    /// What of a region brush and eraser may touch, by its values.
    pub fn in_paint_range(&self, image: &Volume, region: Region) -> Region {
        let Some(range) = self.paint_range() else { return region };
        // (Without limits it always ends well.)
        range.select(image, &region, &WorkLimits::none()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::Window;

    #[test]
    fn a_range_is_widened_to_numbers_that_are_easily_read() {
        let mut view = ViewState::default();
        for (values, low, high, expected) in [
            (1500.0, 31.4, 88.2, [30.0, 90.0]),
            (400.0, 31.4, 88.2, [31.0, 89.0]),
            (400.0, -31.4, -31.4, [-32.0, -31.0]),
            (400.0, 50.0, 50.0, [50.0, 50.0]),
            (2.0, 0.1234, 0.1266, [0.12, 0.13]),
            (1e300, 5.0, 5.0, [0.0, 1e298]),
        ] {
            view.scan.auto_window = Window::new(0.0, values);
            view.set_paint_range(ValueRange { low, high });
            let range = view.paint_range().unwrap();
            assert!(range.low <= low && range.high >= high, "{low} {high}: {range:?}");
            for (found, expected) in [range.low, range.high].into_iter().zip(expected) {
                let near = (found - expected).abs() <= 1e-9 * values;
                assert!(near, "{low} {high} of {values}: {range:?}");
            }
        }
        view.scan.in_range_only = false;
        assert_eq!(view.paint_range(), None);
    }
}
