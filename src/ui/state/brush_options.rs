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
}

impl Default for BrushOptions {
    fn default() -> Self {
        Self { diameter_mm: 10.0, shape: BrushShape::default(), over: Over::Background }
    }
}

/// Diameters in mm that keys and the wheel step through.
const SIZES: [f64; 26] = [
    0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 12.0, 14.0, 16.0, 18.0, 20.0,
    25.0, 30.0, 35.0, 40.0, 50.0, 60.0, 70.0, 80.0, 100.0,
];

impl BrushOptions {
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
