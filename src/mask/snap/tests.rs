use proptest::prelude::*;

use super::super::test_volume::{noise, region, volume};
use super::*;
use crate::work::CancelToken;

proptest! {
    /// Whatever mask on whatever values: nothing deeper inside or further outside than the band changes.
    #[test]
    fn only_the_band_changes(
        dims in prop::array::uniform3(1usize..14),
        spacing in prop::array::uniform3(0.5f64..3.0),
        band in 0.1f64..6.0,
        share in 0.3f32..1.0,
        radius in 0.0f64..10.0,
        salt in 0usize..1000,
        odd in prop::option::of(0usize..2000),
    ) {
        let count: usize = dims.iter().product();
        let mut values: Vec<f32> = (0..count).map(|n| noise(n + salt * 3000)).collect();
        if let Some(odd) = odd {
            values[odd % count] = [f32::NAN, f32::INFINITY][odd % 2];
        }
        let volume = volume(dims, spacing, values);
        let mask = region(dims, |v| {
            let away = (0..3).map(|a| ((v[a] as f64 - dims[a] as f64 / 2.0) * spacing[a]).powi(2));
            let n = v[0] + dims[0] * (v[1] + dims[1] * v[2]);
            away.sum::<f64>().sqrt() <= radius && noise(n + salt) < share
        });
        let found = snap_to_edge(&mask, &volume, band, &WorkLimits::none()).unwrap();
        prop_assert_eq!(found.is_empty(), mask.is_empty());
        let whole = VoxelBox::whole(dims);
        let depth = signed_distance(&mask, volume.grid(), &whole, &WorkLimits::none()).unwrap();
        for (n, &mm) in depth.mm.iter().enumerate() {
            if f64::from(mm.abs()) > band + 1e-4 {
                prop_assert_eq!(found.contains(n), mask.contains(n));
            }
        }
    }
}

#[test]
fn a_flat_scan_no_band_and_odd_bands() {
    let dims = [12, 12, 12];
    let flat = volume(dims, [1.0; 3], vec![3.0; 1728]);
    let mask = region(dims, |v| v.iter().all(|c| (3..9).contains(c)));
    for band in [0.0, -1.0, f64::NAN] {
        assert_eq!(
            snap_to_edge(&mask, &flat, band, &WorkLimits::none()),
            Ok(mask.clone()),
            "{band}"
        );
    }
    for band in [1.0, 100.0, 1e300, f64::INFINITY] {
        let found = snap_to_edge(&mask, &flat, band, &WorkLimits::none()).unwrap();
        assert!(!found.is_empty(), "{band}");
    }
    let everything = region(dims, |_| true);
    assert_eq!(snap_to_edge(&everything, &flat, 2.0, &WorkLimits::none()), Ok(everything));
    let nothing = Region::default();
    assert_eq!(snap_to_edge(&nothing, &flat, 2.0, &WorkLimits::none()), Ok(nothing));
    let stopped = WorkLimits::none();
    stopped.cancel.cancel();
    assert_eq!(snap_to_edge(&mask, &flat, 2.0, &stopped), Err(MaskError::Cancelled));
    let little = WorkLimits::new(CancelToken::new(), 1000);
    let found = snap_to_edge(&mask, &flat, 2.0, &little);
    assert!(matches!(found, Err(MaskError::Memory { .. })));
}
