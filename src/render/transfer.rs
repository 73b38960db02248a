use crate::volume::Window;

/// Colour and opacity of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TransferPoint {
    /// The scan's value (HU in CT).
    pub value: f64,
    /// sRGB.
    pub colour: [u8; 3],
    /// How much of the light a voxel's length of it stops, 0 (clear) to 1 (solid).
    pub opacity: f32,
}

/// From values to colour and opacity.
#[derive(Clone, Debug, PartialEq)]
pub enum TransferFunction {
    /// Follows the window: grey level as colour, its square as density.
    Window,
    /// Follows the scan's values.
    Points(TransferCurve),
}

impl TransferFunction {
    /// Through these points; `None` if they are no [`TransferCurve`].
    pub fn points(points: Vec<TransferPoint>) -> Option<Self> {
        TransferCurve::new(points).map(Self::Points)
    }

    /// Colour (sRGB, 0 to 1) and opacity (0 to 1) of a value. `window` is what [`TransferFunction::Window`]
    /// follows.
    pub fn sample(&self, value: f64, window: Window) -> ([f32; 3], f32) {
        match self {
            TransferFunction::Window => {
                let grey = window.grey(value) as f32;
                ([0.25 + 0.75 * grey; 3], grey * grey)
            }
            TransferFunction::Points(curve) => curve.sample(value),
        }
    }
}

/// Points in ascending order of value, at least two, not all of one value: straight between them, beyond the
/// ends as at the ends. Cannot be anything else, whatever an editor does.
#[derive(Clone, Debug, PartialEq)]
pub struct TransferCurve {
    points: Vec<TransferPoint>,
}

impl TransferCurve {
    /// `None` for fewer than two points, values that are not finite, not in ascending order (equal
    /// neighbours make a step) or all the same. Opacities are brought between 0 and 1.
    pub fn new(mut points: Vec<TransferPoint>) -> Option<Self> {
        let ascends = points.windows(2).all(|pair| pair[0].value <= pair[1].value);
        let finite = points.iter().all(|p| p.value.is_finite() && !p.opacity.is_nan());
        let span = points.last()?.value - points.first()?.value;
        if points.len() < 2 || !ascends || !finite || span <= 0.0 || !span.is_finite() {
            return None;
        }
        for point in &mut points {
            point.opacity = point.opacity.clamp(0.0, 1.0);
        }
        Some(Self { points })
    }

    /// In ascending order of value; at least two.
    pub fn points(&self) -> &[TransferPoint] {
        &self.points
    }

    /// The values of the first and the last point; the second is larger.
    pub fn range(&self) -> (f64, f64) {
        (self.points[0].value, self.points[self.points.len() - 1].value)
    }

    /// Colour (sRGB, 0 to 1) and opacity (0 to 1) of a value; of the first point for NaN.
    pub fn sample(&self, value: f64) -> ([f32; 3], f32) {
        let colour = |p: &TransferPoint| p.colour.map(|c| f32::from(c) / 255.0);
        let after = self.points.partition_point(|p| p.value <= value);
        let [low, high] = match after {
            0 => [self.points[0]; 2],
            n if n == self.points.len() => [self.points[n - 1]; 2],
            n => [self.points[n - 1], self.points[n]],
        };
        let span = high.value - low.value;
        let t = if span > 0.0 { ((value - low.value) / span) as f32 } else { 0.0 };
        let (a, b) = (colour(&low), colour(&high));
        let mixed = std::array::from_fn(|n| a[n] + (b[n] - a[n]) * t);
        (mixed, low.opacity + (high.opacity - low.opacity) * t)
    }

    /// The same with point `index` somewhere else: it stays between its neighbours and keeps its colour.
    #[must_use]
    pub fn moved(&self, index: usize, value: f64, opacity: f32) -> Self {
        let mut points = self.points.clone();
        if let Some(point) = points.get_mut(index) {
            let low = index.checked_sub(1).map_or(f64::MIN, |n| self.points[n].value);
            let high = self.points.get(index + 1).map_or(f64::MAX, |p| p.value);
            point.value = value.clamp(low, high);
            point.opacity = opacity;
        }
        Self::new(points).unwrap_or_else(|| self.clone())
    }

    /// The same with a point of another colour.
    #[must_use]
    pub fn coloured(&self, index: usize, colour: [u8; 3]) -> Self {
        let mut points = self.points.clone();
        if let Some(point) = points.get_mut(index) {
            point.colour = colour;
        }
        Self { points }
    }

    /// The same with one more point, of the colour that the curve has there; and where in the list it is.
    #[must_use]
    pub fn inserted(&self, value: f64, opacity: f32) -> (Self, usize) {
        let (colour, _) = self.sample(value);
        let colour = colour.map(|c| (c * 255.0).round() as u8);
        let at = self.points.partition_point(|p| p.value <= value);
        let mut points = self.points.clone();
        points.insert(at, TransferPoint { value, colour, opacity });
        (Self::new(points).unwrap_or_else(|| self.clone()), at)
    }

    /// The same without a point; two points stay.
    #[must_use]
    pub fn removed(&self, index: usize) -> Self {
        let mut points = self.points.clone();
        if index < points.len() {
            points.remove(index);
        }
        Self::new(points).unwrap_or_else(|| self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(value: f64, grey: u8, opacity: f32) -> TransferPoint {
        TransferPoint { value, colour: [grey; 3], opacity }
    }

    fn curve() -> TransferCurve {
        TransferCurve::new(vec![point(0.0, 0, 0.0), point(100.0, 100, 0.5), point(200.0, 200, 0.5)])
            .unwrap()
    }

    #[test]
    fn a_curve_is_straight_between_points_and_level_beyond() {
        let curve = curve();
        for (value, grey, opacity) in [
            (-5.0, 0.0, 0.0),
            (0.0, 0.0, 0.0),
            (50.0, 50.0, 0.25),
            (150.0, 150.0, 0.5),
            (999.0, 200.0, 0.5),
            (f64::NAN, 0.0, 0.0),
        ] {
            let (colour, o) = curve.sample(value);
            assert!(
                (colour[1] - grey / 255.0).abs() < 1e-6 && (o - opacity).abs() < 1e-6,
                "{value}"
            );
        }
        let step =
            TransferCurve::new(vec![point(0.0, 0, 0.0), point(5.0, 0, 0.0), point(5.0, 9, 1.0)]);
        let step = step.unwrap();
        assert_eq!((step.sample(4.999).1, step.sample(5.0).1), (0.0, 1.0));
    }

    #[test]
    fn no_edit_breaks_a_curve() {
        assert!(TransferCurve::new(vec![point(0.0, 0, 0.0)]).is_none());
        assert!(TransferCurve::new(vec![]).is_none());
        assert!(TransferCurve::new(vec![point(1.0, 0, 0.0), point(0.0, 0, 0.0)]).is_none());
        assert!(TransferCurve::new(vec![point(1.0, 0, 0.0), point(1.0, 0, 1.0)]).is_none());
        assert!(TransferCurve::new(vec![point(f64::NAN, 0, 0.0), point(1.0, 0, 1.0)]).is_none());
        let curve = curve();
        assert_eq!(
            curve.moved(1, 1e9, 7.0).points()[1],
            point(200.0, 100, 1.0),
            "stops at the next"
        );
        assert_eq!(curve.moved(0, f64::NAN, 0.0), curve);
        assert_eq!(curve.moved(9, 1.0, 0.0), curve);
        let (more, at) = curve.inserted(50.0, 0.9);
        assert_eq!((more.points()[at], at), (point(50.0, 50, 0.9), 1));
        assert_eq!(more.removed(1), curve);
        assert_eq!(curve.inserted(f64::INFINITY, 0.5).0, curve);
        assert_eq!(curve.removed(0).removed(0).removed(0).points().len(), 2);
    }
}
