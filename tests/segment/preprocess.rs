//! The crop against the numbers of torchio and PyTorch (`tests/data/reference`), and its edge cases.

use crate::reference::{Case, folder, read_npy, volume_of};
use voxpoint::geom::{DAffine3, DMat3, DVec3, Grid};
use voxpoint::segment::SegmentError;
use voxpoint::segment::cubes::{CanonicalGrid, SIDE, crop};
use voxpoint::volume::{Scale, StoredGeometry, Volume, Voxels};

/// `tolerance` of the image; `mm` of the crop's place.
fn agrees(name: &str, tolerance: f32, mm: f64) {
    let case = Case::read(name);
    let volume = case.volume();
    agrees_on(name, &case, &volume, tolerance, mm);
}

/// [`agrees`] for a volume that is the case's own, perhaps on a slightly other grid.
fn agrees_on(name: &str, case: &Case, volume: &Volume, tolerance: f32, mm: f64) {
    let grid = CanonicalGrid::of(volume.grid());
    let place = grid.crop_around(DVec3::from_array(case.steps[0].world));
    assert_eq!(grid.dims(), case.grid_shape);
    assert_eq!(place.start, case.crop_start);
    let (ours, theirs) = (place.world_from_crop, case.crop_affine());
    for corner in [DVec3::ZERO, DVec3::splat(127.0), DVec3::new(127.0, 0.0, 60.0)] {
        let apart = ours.transform_point3(corner).distance(theirs.transform_point3(corner));
        assert!(apart <= mm, "{corner} lies {apart} mm off");
    }
    for click in &case.steps {
        let index = grid.nearest(DVec3::from_array(click.world));
        let point: [f64; 3] = std::array::from_fn(|a| (index[a] - place.start[a]) as f64);
        assert_eq!(point, click.point);
    }
    let image = crop(volume, place.start).unwrap();
    let close = |a: f64, b: f64| ((a - b) / b).abs() <= f64::from(tolerance);
    assert!(close(image.mean, case.mean), "mean {} is not {}", image.mean, case.mean);
    assert!(close(image.std, case.std), "std {} is not {}", image.std, case.std);
    let theirs = read_npy(&folder().join(name).join("image_every_4th.npy"));
    assert_eq!(theirs.len(), 32 * 32 * 32);
    let mut worst = 0f32;
    for (n, &theirs) in theirs.iter().enumerate() {
        let (x, y, z) = (n / 1024 * 4, n / 32 % 32 * 4, n % 32 * 4);
        worst = worst.max((image.values[(x * SIDE + y) * SIDE + z] - theirs).abs());
    }
    println!("{name}: largest difference {worst:e}");
    assert!(worst <= tolerance, "{worst}");
}

#[test]
fn abdomen_ct_equals_the_reference() {
    agrees("abdomen_ct", 1e-4, 1e-6);
}

#[test]
fn brain_mri_equals_the_reference() {
    agrees("brain_mri", 1e-4, 1e-6);
}

#[test]
fn head_neck_ct_equals_the_reference() {
    agrees("head_neck_ct", 1e-4, 1e-6);
}

#[test]
fn spine_ct_equals_the_reference() {
    agrees("spine_ct", 1e-4, 1e-6);
}

/// Ours takes the sform as it stands in the file: in float32, its columns are a part in 10⁸ longer or
/// shorter than the spacing. That is enough to move voxels that lie exactly on others a hair to the side,
/// where a neighbour's share exceeds the residue that counts as 0, and so the mean of what is > 0.
#[test]
fn oblique_nearly_equals_the_reference() {
    agrees("oblique", 5e-3, 1e-3);
}

/// The reference's reader (SimpleITK) splits the sform into unit axes and the header's spacing. On that
/// grid there is no difference.
#[test]
fn oblique_as_the_references_reader_places_it_equals_the_reference() {
    let case = Case::read("oblique");
    let read = case.volume();
    let mut place = read.grid().world_from_voxel();
    // The header's spacing: what the columns' lengths are in float32.
    let spacing = read.grid().spacing().as_vec3().as_dvec3();
    assert_eq!(spacing, DVec3::new(1.0, 1.0, 2.5));
    assert_ne!(spacing, read.grid().spacing());
    let axes = place.matrix3.to_cols_array_2d().map(|c| DVec3::from_array(c).normalize());
    place.matrix3 = DMat3::from_cols(axes[0], axes[1], axes[2]) * DMat3::from_diagonal(spacing);
    let grid = Grid::new(read.grid().dims(), place).unwrap();
    agrees_on("oblique", &case, &volume_of(grid, read.voxels().clone()), 1e-4, 1e-6);
}

fn ramp(dims: [usize; 3]) -> Vec<f32> {
    (0..dims.iter().product()).map(|i| (i * 37 % 101) as f32 - 20.0).collect()
}

fn grid(dims: [usize; 3], spacing: DVec3) -> Grid {
    Grid::new(dims, DAffine3::from_scale(spacing)).unwrap()
}

fn middle_crop(volume: &Volume) -> Result<voxpoint::segment::cubes::Crop, SegmentError> {
    let place = CanonicalGrid::of(volume.grid()).crop_around(volume.grid().centre());
    crop(volume, place.start)
}

#[test]
fn every_voxel_type_and_scale_gives_the_same_crop() {
    let dims = [20, 17, 13];
    let grid = grid(dims, DVec3::new(1.1, 0.8, 2.5));
    let values = ramp(dims);
    let wanted = middle_crop(&volume_of(grid.clone(), Voxels::F32(values.clone()))).unwrap();
    // value = raw · 0.5 - 20, so raw = (value + 20) · 2: fits every type.
    let raw = |v: &f32| (v + 20.0) * 2.0;
    macro_rules! stored {
        ($kind:ident, $t:ty) => {
            Voxels::$kind(values.iter().map(|v| raw(v) as $t).collect())
        };
    }
    for voxels in [
        stored!(U8, u8),
        stored!(U16, u16),
        stored!(I16, i16),
        stored!(U32, u32),
        stored!(I32, i32),
        stored!(U64, u64),
        stored!(I64, i64),
        stored!(F32, f32),
        stored!(F64, f64),
    ] {
        let (stored, scale) = (StoredGeometry::of(&grid), Scale { slope: 0.5, inter: -20.0 });
        let kind = voxels.data_type().name();
        let volume = Volume::new("t", grid.clone(), dims.to_vec(), voxels, scale, stored, vec![]);
        assert_eq!(middle_crop(&volume).unwrap(), wanted, "{kind}");
    }
}

#[test]
fn padding_is_minus_mean_over_std_and_not_counted() {
    let dims = [8, 8, 8];
    let volume = volume_of(grid(dims, DVec3::splat(1.5)), Voxels::F32(ramp(dims)));
    let image = middle_crop(&volume).unwrap();
    let positive: Vec<f64> =
        ramp(dims).iter().filter(|&&v| v > 0.0).map(|&v| f64::from(v)).collect();
    let mean = positive.iter().sum::<f64>() / positive.len() as f64;
    let squares: f64 = positive.iter().map(|v| (v - mean).powi(2)).sum();
    let std = (squares / (positive.len() - 1) as f64).sqrt();
    assert!((image.mean - mean).abs() < 1e-9 && (image.std - std).abs() < 1e-9);
    assert!((f64::from(image.values[0]) + mean / std).abs() < 1e-6);
    // The same voxels at the same spacing: voxel (3, 2, 5) of the scan, whose (4, 4, 4) is in the middle.
    let at = |x: usize, y: usize, z: usize| f64::from(image.values[(x * SIDE + y) * SIDE + z]);
    let value = f64::from(ramp(dims)[3 + 8 * (2 + 8 * 5)]);
    assert!((at(63, 62, 65) - (value - mean) / std).abs() < 1e-5);
}

#[test]
fn nan_and_infinite_voxels_count_as_zero() {
    let dims = [9, 9, 9];
    let mut values = ramp(dims);
    let mut zeroed = values.clone();
    for (n, odd) in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY].into_iter().enumerate() {
        values[100 + 50 * n] = odd;
        zeroed[100 + 50 * n] = 0.0;
    }
    let crop = |v| middle_crop(&volume_of(grid(dims, DVec3::ONE), Voxels::F32(v))).unwrap();
    assert_eq!(crop(values), crop(zeroed));
}

/// A scan with a slope.
fn scaled(slope: f64, voxels: Voxels) -> Volume {
    let dims = [20, 17, 13];
    let grid = grid(dims, DVec3::new(1.1, 0.8, 2.5));
    let stored = StoredGeometry::of(&grid);
    let scale = Scale { slope, inter: 0.0 };
    Volume::new("t", grid, dims.to_vec(), voxels, scale, stored, vec![])
}

#[test]
fn the_unit_of_the_values_does_not_matter() {
    let dims = [20, 17, 13];
    let values: Vec<f64> = ramp(dims).into_iter().map(f64::from).collect();
    let wanted = middle_crop(&scaled(1.0, Voxels::F64(values.clone()))).unwrap();
    let floats = |by: f64| Voxels::F32(values.iter().map(|v| (v * by) as f32).collect());
    let doubles = |by: f64| Voxels::F64(values.iter().map(|v| v * by).collect());
    let whole = Voxels::I16(values.iter().map(|&v| v as i16).collect());
    // (values times, slope, stored as)
    let mut table: Vec<(f64, f64, Voxels)> = Vec::new();
    for power in (-15..=12).step_by(3) {
        let unit = 10f64.powi(power);
        table.push((unit, 1.0, floats(unit)));
        table.push((unit, unit, whole.clone()));
        table.push((unit, unit * 1e3, floats(1e-3)));
        table.push((unit, unit * 1e-30, doubles(1e30)));
    }
    // Below the smallest normal f32 of the crop, at both ends of f64, and of f32 voxels times a slope.
    for unit in [1e-44, 1e-60, 1e-300, 1e-307, 1e37, 1e38, 1e60, 1e300, 1e306] {
        table.push((unit, 1.0, doubles(unit)));
        table.push((unit, unit, whole.clone()));
    }
    table.push((1e-70, 1e-35, floats(1e-35)));
    table.push((1e70, 1e34, floats(1e36)));
    for (unit, slope, voxels) in table {
        let kind = voxels.data_type().name();
        let image = middle_crop(&scaled(slope, voxels)).unwrap();
        let what = format!("{unit:e} as {kind}, slope {slope:e}");
        assert!((image.mean / unit / wanted.mean - 1.0).abs() < 1e-6, "{what}: {}", image.mean);
        assert!((image.std / unit / wanted.std - 1.0).abs() < 1e-6, "{what}: {}", image.std);
        let off = image.values.iter().zip(&wanted.values).map(|(a, b)| (a - b).abs());
        let worst = off.fold(0f32, f32::max);
        assert!(worst < 1e-5, "{what}: {worst:e}");
    }
}

/// Small values are values, also where the scan has one voxel that is a billion times larger.
#[test]
fn an_outlier_leaves_small_values_as_they_are() {
    let dims = [60, 60, 60];
    let count = 60 * 60 * 60;
    let value = |n: usize| (1.0 + (n * 37 % 101) as f32) * 1e-6;
    let positive = |outlier: f32| {
        let mut values: Vec<f32> = (0..count).map(value).collect();
        values[0] = outlier;
        let image = middle_crop(&volume_of(grid(dims, DVec3::splat(1.5)), Voxels::F32(values)));
        let image = image.unwrap();
        // What is not padding, nor taken for residue.
        image.values.iter().filter(|&&v| v != image.values[SIDE * SIDE * SIDE - 1]).count()
    };
    assert_eq!(positive(1e-5), count);
    // Voxels on voxels: the outlier is a neighbour, without a share, of itself and the seven after it.
    assert!(positive(1e4) >= count - 8, "{}", positive(1e4));
}

/// Where positive and negative neighbours cancel, no residue is left that would count as > 0.
#[test]
fn cancelled_neighbours_leave_nothing_in_any_unit() {
    for unit in [1e-20, 1e-9, 1.0, 1e9, 1e20] {
        // Voxels of 4.5 mm: two thirds of the crop's lie a third of the way between two, those next to a negative
        // one at exactly 0.
        let value = |n: usize| if (n % 30).is_multiple_of(2) { -0.1 * unit } else { 0.2 * unit };
        let voxels = Voxels::F64((0..480).map(value).collect());
        let volume = volume_of(grid([30, 4, 4], DVec3::new(4.5, 1.5, 1.5)), voxels);
        let image = middle_crop(&volume).unwrap();
        // Of 90 along x 15 lie on 0.2, one beyond the last, 29 beside.
        let mean = (16.0 * 0.2 + 29.0 * 0.1) / 45.0;
        assert!((image.mean / unit / mean - 1.0).abs() < 1e-6, "{unit:e}: {}", image.mean);
    }
}

#[test]
fn an_empty_or_constant_crop_is_an_error_in_any_unit() {
    for unit in [1e-300, 1e-40, 1e-12, 1e-5, 1.0, 1e12, 1e38, 1e300] {
        let of = |value: f64| {
            let voxels = Voxels::F64(vec![value * unit; 1000]);
            middle_crop(&volume_of(grid([10, 10, 10], DVec3::splat(1.3)), voxels)).unwrap_err()
        };
        assert!(matches!(of(0.0), SegmentError::NothingPositive), "{unit:e}");
        assert!(matches!(of(-1000.0), SegmentError::NothingPositive), "{unit:e}");
        let SegmentError::Constant(mean) = of(7.0) else { panic!("{unit:e}") };
        assert!((mean / unit - 7.0).abs() < 1e-6, "{unit:e}: {mean}");
    }
}

#[test]
fn an_empty_or_constant_crop_is_an_error() {
    let of = |value: i16| {
        let voxels = Voxels::I16(vec![value; 1000]);
        middle_crop(&volume_of(grid([10, 10, 10], DVec3::splat(1.3)), voxels)).unwrap_err()
    };
    assert!(matches!(of(0), SegmentError::NothingPositive));
    assert!(matches!(of(-1000), SegmentError::NothingPositive));
    assert!(matches!(of(7), SegmentError::Constant(_)));
}

#[test]
fn far_away_and_tiny_grids_do_not_panic() {
    let dims = [5, 1, 3];
    let volume = volume_of(grid(dims, DVec3::new(0.01, 5.0, 0.2)), Voxels::F32(ramp(dims)));
    assert_eq!(CanonicalGrid::of(volume.grid()).dims(), [1, 1, 1]);
    for start in [[i64::MIN; 3], [i64::MAX; 3], [1000; 3]] {
        assert!(matches!(crop(&volume, start), Err(SegmentError::NothingPositive)));
    }
}

#[test]
fn a_spacing_a_hair_under_two_and_a_half_counts_as_two_and_a_half() {
    let spacing = DVec3::new(2.499_999_9, 2.5, 1.499_999_8);
    assert_eq!(CanonicalGrid::of(&grid([60, 60, 100], spacing)).dims(), [100, 100, 100]);
}

/// All 48 axis orders and flips of one scan show the model the same crop.
#[test]
fn the_crop_does_not_depend_on_how_the_voxels_lie_in_memory() {
    let dims = [14, 11, 9];
    let spacing = [1.0, 1.7, 2.2];
    let values = ramp(dims);
    let at = |v: [usize; 3]| values[v[0] + dims[0] * (v[1] + dims[1] * v[2])];
    let plain = Grid::new(dims, DAffine3::from_scale(DVec3::from_array(spacing))).unwrap();
    let wanted = middle_crop(&volume_of(plain, Voxels::F32(values.clone()))).unwrap();
    let units = [DVec3::X, DVec3::Y, DVec3::Z];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        for flips in 0..8usize {
            let flipped = |a: usize| flips >> a & 1 == 1;
            let size = order.map(|a: usize| dims[a]);
            let column = |n: usize| {
                let a = order[n];
                units[a] * spacing[a] * if flipped(a) { -1.0 } else { 1.0 }
            };
            let matrix3 = DMat3::from_cols(column(0), column(1), column(2));
            let translation: DVec3 = (0..3)
                .filter(|&a| flipped(a))
                .map(|a| units[a] * spacing[a] * (dims[a] - 1) as f64)
                .sum();
            let grid = Grid::new(size, DAffine3 { matrix3, translation }).unwrap();
            let voxels = (0..values.len()).map(|i| {
                let here = [i % size[0], i / size[0] % size[1], i / size[0] / size[1]];
                let mut there = [0; 3];
                for n in 0..3 {
                    let a = order[n];
                    there[a] = if flipped(a) { dims[a] - 1 - here[n] } else { here[n] };
                }
                at(there)
            });
            let volume = volume_of(grid, Voxels::F32(voxels.collect()));
            let image = middle_crop(&volume).unwrap();
            let worst = image.values.iter().zip(&wanted.values).map(|(a, b)| (a - b).abs());
            let worst = worst.fold(0f32, f32::max);
            assert!(worst < 1e-5, "order {order:?}, flips {flips:03b}: {worst}");
        }
    }
}
