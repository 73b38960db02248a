//! Measures with as many digits as matter.

/// With so few digits after the point a number is the same after the way through the journal.
pub fn rounded(value: f64, digits: i32) -> f64 {
    let one = 10f64.powi(digits);
    (value * one).round() / one
}
