//! Percentiles.

/// The value below which `percent` % of rising values lie, between two of them linearly (NumPy's `percentile`); `None`
/// of no values.
pub fn percentile(rising: &[f64], percent: f64) -> Option<f64> {
    let place = percent.clamp(0.0, 100.0) / 100.0 * rising.len().checked_sub(1)? as f64;
    let (low, high) = (rising.get(place.floor() as usize)?, rising.get(place.ceil() as usize)?);
    // Of two that are alike (or infinite) no difference is taken.
    Some(if low == high { *low } else { low + (high - low) * place.fract() })
}

#[cfg(test)]
mod tests {
    use super::percentile;

    #[test]
    fn as_numpy_does() {
        assert_eq!(percentile(&[], 50.0), None);
        for (percent, expected) in
            [(0.0, 1.0), (50.0, 2.5), (95.0, 7.25), (100.0, 8.0), (200.0, 8.0)]
        {
            let found = percentile(&[1.0, 2.0, 3.0, 8.0], percent).unwrap();
            assert!((found - expected).abs() < 1e-12, "{percent}: {found}");
        }
        assert_eq!(percentile(&[0.0, f64::INFINITY, f64::INFINITY], 95.0), Some(f64::INFINITY));
    }
}
