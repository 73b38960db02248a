use crate::document::Over;

/// What the brush looks like in slices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BrushShape {
    /// One slice thick: what most programs paint with in slices.
    #[default]
    Disc,
    /// In all slices that it reaches. (In 3D the brush is a ball always.)
    Ball,
}

/// How Brush and Eraser paint.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BrushOptions {
    /// In mm, from [`Self::SMALLEST`] to [`Self::LARGEST`].
    pub diameter_mm: f64,
    /// In slices.
    pub shape: BrushShape,
    /// From whom painting may take voxels, unless it is one object's only.
    pub over: Over,
    /// A pen that is pressed lightly paints with a smaller brush.
    pub pen_pressure: bool,
}

impl Default for BrushOptions {
    fn default() -> Self {
        Self {
            diameter_mm: 10.0,
            shape: BrushShape::default(),
            over: Over::Background,
            pen_pressure: true,
        }
    }
}

/// Diameters in mm that keys and the wheel step through.
const SIZES: [f64; 26] = [
    0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 12.0, 14.0, 16.0, 18.0, 20.0,
    25.0, 30.0, 35.0, 40.0, 50.0, 60.0, 70.0, 80.0, 100.0,
];

/// The share of the diameter that the lightest touch of a pen has, and the pressure from which on it is all of it: few
/// hands press harder all the time.
const LIGHTEST: f64 = 0.3;
const FIRM: f64 = 0.8;

impl BrushOptions {
    /// Which share of the diameter is painted with. `pressure` is that of a pen, 0 to 1; all of it with a mouse, which
    /// has none, and where there is no pressure that makes sense.
    pub fn share(&self, pressure: Option<f32>) -> f64 {
        let pressure = pressure.map(f64::from).filter(|p| p.is_finite() && *p > 0.0);
        match pressure {
            Some(pressure) if self.pen_pressure => {
                LIGHTEST + (1.0 - LIGHTEST) * (pressure / FIRM).min(1.0)
            }
            _ => 1.0,
        }
    }

    /// The smallest diameter in mm.
    pub const SMALLEST: f64 = SIZES[0];
    /// The largest diameter in mm.
    pub const LARGEST: f64 = SIZES[SIZES.len() - 1];

    /// Makes it larger, or smaller, by so many steps.
    pub fn step(&mut self, steps: i64) {
        for _ in 0..steps.unsigned_abs().min(SIZES.len() as u64) {
            let now = self.diameter_mm;
            let next = if steps > 0 {
                SIZES.into_iter().find(|size| *size > now + 1e-6)
            } else {
                SIZES.into_iter().rev().find(|size| *size < now - 1e-6)
            };
            self.diameter_mm = next.unwrap_or(now).clamp(Self::SMALLEST, Self::LARGEST);
        }
    }

    /// The other shape.
    pub fn toggle_shape(&mut self) {
        self.shape = match self.shape {
            BrushShape::Disc => BrushShape::Ball,
            BrushShape::Ball => BrushShape::Disc,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pen_paints_with_a_third_to_all_of_the_size_and_a_mouse_with_all_of_it() {
        let brush = BrushOptions::default();
        let full = [None, Some(0.8), Some(1.0), Some(7.0)];
        let odd = [Some(0.0), Some(-1.0), Some(f32::NAN), Some(f32::INFINITY)];
        for pressure in full.into_iter().chain(odd) {
            assert_eq!(brush.share(pressure), 1.0, "{pressure:?}");
        }
        assert!((brush.share(Some(1e-6)) - 0.3).abs() < 1e-5);
        assert!((brush.share(Some(0.4)) - 0.65).abs() < 1e-6);
        let mut before = 0.0;
        for n in 1..=100u8 {
            let share = brush.share(Some(f32::from(n) / 100.0));
            assert!(share >= before && (0.3..=1.0).contains(&share), "{n}: {share}");
            before = share;
        }
        let off = BrushOptions { pen_pressure: false, ..brush };
        assert_eq!(off.share(Some(0.2)), 1.0);
    }

    #[test]
    fn sizes_are_stepped_through_and_end_where_they_end() {
        let mut brush = BrushOptions::default();
        let cases = [
            (10.0, 1, 12.0),
            (10.0, -1, 8.0),
            (10.0, 3, 16.0),
            (11.3, 1, 12.0),
            (11.3, -1, 10.0),
            (100.0, 1, 100.0),
            (0.5, -1, 0.5),
            (10.0, i64::MAX, 100.0),
            (10.0, i64::MIN, 0.5),
            (10.0, 0, 10.0),
        ];
        for (from, steps, expected) in cases {
            brush.diameter_mm = from;
            brush.step(steps);
            assert_eq!(brush.diameter_mm, expected, "{from} by {steps}");
        }
    }
}
