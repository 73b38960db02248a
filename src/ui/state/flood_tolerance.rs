use super::view_state::ViewState;

/// Points of dragging that make the tolerance as large as the range of values from black to white.
const WHOLE_WINDOW: f64 = 300.0;
/// Of the range of values, before there was another tolerance.
const FIRST_SHARE: f64 = 0.05;

impl ViewState {
    /// The tolerance of the next flood fill, in the scan's values.
    pub fn flood_tolerance(&self) -> f64 {
        self.scan.flood_tolerance.unwrap_or_else(|| self.rounded(FIRST_SHARE))
    }

    /// The tolerance that so many points of dragging mean. Close to the seed it grows slowly: there values differ
    /// little. Its measure is what is seen, from black to white, and not the range of values, which in a CT is that
    /// from air to metal; at most it is that.
    pub fn dragged_tolerance(&self, points: f64) -> f64 {
        let share = points / WHOLE_WINDOW;
        let seen = self.scan.window.width / self.scan_value_range();
        self.rounded((seen.min(1.0) * share * share).clamp(0.0, 1.0))
    }

    /// A share of the range of values, as a number that is easily read: of a range of some hundreds a whole one.
    fn rounded(&self, share: f64) -> f64 {
        let range = self.scan_value_range();
        let digits = (3.0 - range.log10().floor()).clamp(0.0, 300.0);
        // (Divided, not multiplied: 0.3 is 3 / 10 as it is read.)
        let power = 10f64.powf(digits);
        let rounded = (range * share * power).round() / power;
        if rounded.is_finite() { rounded } else { range * share }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::Window;

    #[test]
    fn a_tolerance_is_a_readable_share_of_the_values() {
        let mut view = ViewState::default();
        for (range, points, expected) in [
            (1500.0, 0.0, 0.0),
            (1500.0, 30.0, 15.0),
            (1500.0, 150.0, 375.0),
            (1500.0, 300.0, 1500.0),
            (1500.0, 9000.0, 1500.0),
            (400.0, 31.0, 4.3),
            (1.0, 31.0, 0.011),
            (40_000.0, 31.0, 427.0),
        ] {
            view.scan.auto_window = Window::new(0.0, range);
            view.scan.window = Window::new(0.0, 2.0 * range);
            let found = view.dragged_tolerance(points);
            assert!((found - expected).abs() < 1e-9, "{range} {points}: {found}");
        }
        // A narrow window, as for the liver in a CT of the abdomen.
        view.scan.auto_window = Window::new(0.0, 1500.0);
        view.scan.window = Window::new(60.0, 150.0);
        for (points, expected) in
            [(50.0, 4.0), (150.0, 38.0), (300.0, 150.0), (600.0, 600.0), (9e9, 1500.0)]
        {
            assert_eq!(view.dragged_tolerance(points), expected, "{points}");
        }
        view.scan.auto_window = Window::new(0.0, 1000.0);
        assert_eq!(view.flood_tolerance(), 50.0);
        view.scan.flood_tolerance = Some(7.0);
        assert_eq!(view.flood_tolerance(), 7.0);
    }
}
