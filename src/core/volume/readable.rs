/// A number for people: at most `digits` (at least 1) significant ones, no idle zeros, whole numbers below
/// 10⁹ in full; far from 1 with a power of ten. `1.1e-9`, `0.000123`, `12.35`, `1127`, `1e300`, `NaN`.
pub fn readable(value: f64, digits: usize) -> String {
    if !value.is_finite() || value == 0.0 {
        // No "-0".
        return if value == 0.0 { "0".to_owned() } else { value.to_string() };
    }
    if value == value.round() && value.abs() < 1e9 {
        return format!("{value:.0}");
    }
    // Rounded first: 999999.7 has another power of ten afterwards.
    let rounded = format!("{value:.*e}", digits.max(1) - 1);
    let (mantissa, exponent) = rounded.split_once('e').unwrap_or((&rounded, "0"));
    let power: i32 = exponent.parse().unwrap_or_default();
    if !(-4..6).contains(&power) {
        return format!("{}e{exponent}", without_idle_zeros(mantissa));
    }
    let decimals = usize::try_from(digits.max(1) as i32 - 1 - power).unwrap_or_default();
    without_idle_zeros(&format!("{value:.decimals$}")).to_owned()
}

fn without_idle_zeros(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_any_size_are_told_by_their_first_digits() {
        for (value, digits, text) in [
            (0.0, 6, "0"),
            (-0.0, 6, "0"),
            (1.0, 6, "1"),
            (-1024.0, 3, "-1024"),
            (123_456_789.0, 6, "123456789"),
            (1.1e-9, 6, "1.1e-9"),
            (-1.234_567_8e-9, 6, "-1.23457e-9"),
            (5e-324, 6, "4.94066e-324"),
            (1e300, 6, "1e300"),
            (f64::MAX, 6, "1.79769e308"),
            (f64::from(f32::MAX), 4, "3.403e38"),
            (131.177_592, 6, "131.178"),
            (0.703_125, 4, "0.7031"),
            (0.000_123_4, 4, "0.0001234"),
            (0.000_099_996, 4, "0.0001"),
            (0.000_099, 4, "9.9e-5"),
            (2.5, 4, "2.5"),
            (999.96, 4, "1000"),
            (999_999.7, 6, "1e6"),
            (1_234_567.5, 6, "1.23457e6"),
            (0.1 + 0.2, 6, "0.3"),
            (f64::NAN, 6, "NaN"),
            (f64::NEG_INFINITY, 6, "-inf"),
        ] {
            assert_eq!(readable(value, digits), text, "{value}");
        }
    }
}
