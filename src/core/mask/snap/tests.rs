use proptest::prelude::*;

use super::super::test_volume::{noise, region, volume};
use super::*;
use crate::geom::DAffine3;
use crate::volume::{Scale, StoredGeometry, Voxels};
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

#[test]
fn a_narrow_lumen_and_a_tight_crop_stay_open() {
    // A flat picture: nothing pulls the border anywhere.
    let dims = [17, 17, 17];
    let grid = Grid::new(dims, DAffine3::IDENTITY).unwrap();
    let (voxels, stored) = (Voxels::U8(vec![7; grid.count()]), StoredGeometry::of(&grid));
    let volume = Volume::new("flat", grid, dims.to_vec(), voxels, Scale::NONE, stored, vec![]);
    let from_centre = |n: usize, axes: usize| {
        let at = [n % 17, n / 17 % 17, n / 289];
        at[..axes].iter().map(|&c| (c as f64 - 8.0).powi(2)).sum::<f64>().sqrt()
    };
    let shell = Region::from_mask(
        17,
        (0..17 * 289).map(|n| {
            let r = from_centre(n, 3);
            r > 2.5 && r < 6.5
        }),
    );
    let all_but_a_rim = Region::from_mask(17, (0..17 * 289).map(|n| from_centre(n, 3) < 8.0));
    for mask in [shell, all_but_a_rim] {
        let moved = snap_to_edge(&mask, &volume, 4.0, &WorkLimits::none()).unwrap();
        let lumen = 8 + 17 * (8 + 17 * 8);
        assert_eq!(moved.contains(lumen), mask.contains(lumen));
        assert!(!moved.contains(0), "the corner of the scan");
    }
}
