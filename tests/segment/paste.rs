//! Logits to voxels, against plain interpolation of each voxel by itself and against PyTorch's mask.

use crate::lattice::{grid, logits, plainly, rotation};
use crate::reference::{Case, folder, read_nifti, read_npy};
use proptest::prelude::*;
use voxpoint::geom::{DAffine3, DMat3, DVec3, Grid};
use voxpoint::segment::cubes::{CanonicalGrid, CropPlace, Logits, SIDE, paste, upsample};
use voxpoint::volume::Voxels;

fn check(logits: &Logits, place: &CropPlace, grid: &Grid) {
    let region = paste(logits, place, grid);
    let crop_from_world = place.world_from_crop.inverse();
    let [nx, ny, nz] = grid.dims();
    let mut positive = 0;
    for index in 0..nx * ny * nz {
        let voxel = [index % nx, index / nx % ny, index / nx / ny];
        let crop = crop_from_world.transform_point3(grid.world_of(voxel));
        let edge = crop
            .to_array()
            .iter()
            .any(|c| (c + 0.5).abs() < 1e-6 || (c - SIDE as f64 + 0.5).abs() < 1e-6);
        let value = plainly(logits, crop);
        // On the threshold or the cube's face, rounding decides.
        if edge || value.is_some_and(|v| v.abs() < 1e-4) {
            continue;
        }
        let wanted = value.is_some_and(|v| v > 0.0);
        positive += usize::from(wanted);
        assert_eq!(region.contains(index), wanted, "{voxel:?} at crop {crop}: {value:?}");
    }
    assert!(region.count().abs_diff(positive) <= 200, "{} {positive}", region.count());
}

#[test]
fn axis_aligned_permuted_flipped_anisotropic_and_oblique_grids() {
    let scale = |x: f64, y: f64, z: f64| DMat3::from_diagonal(DVec3::new(x, y, z));
    let permuted = DMat3::from_cols(-DVec3::Z * 1.2, DVec3::X * 2.0, -DVec3::Y * 0.9);
    let sheared = DMat3::from_cols(DVec3::X, DVec3::new(0.3, 1.4, 0.0), DVec3::Z * 3.0);
    for (dims, matrix) in [
        ([90, 80, 30], scale(1.5, 1.5, 1.5)),
        ([120, 90, 20], scale(0.7, 0.7, 5.0)),
        ([60, 50, 40], scale(-4.0, 4.0, -5.0)),
        ([70, 60, 90], permuted),
        ([64, 48, 40], rotation() * scale(1.0, 1.3, 2.6)),
        ([50, 40, 30], sheared),
    ] {
        let grid = grid(dims, matrix, DVec3::new(11.0, -20.0, 7.0));
        for (side, click) in [(32, [0.5, 0.5, 0.5]), (64, [0.1, 0.9, 0.3])] {
            let at = |a: usize| click[a] * (dims[a] - 1) as f64;
            let world = grid.world(DVec3::new(at(0), at(1), at(2)));
            let place = CanonicalGrid::of(&grid).crop_around(world);
            check(&logits(side, 7), &place, &grid);
        }
    }
}

#[test]
fn a_grid_at_an_angle_to_the_crop() {
    let place = CropPlace {
        start: [0; 3],
        side: SIDE,
        world_from_crop: DAffine3::from_scale(DVec3::splat(1.5)),
    };
    let turned = grid([60, 50, 40], rotation() * 2.5, DVec3::splat(96.0));
    check(&logits(32, 3), &place, &turned);
}

#[test]
fn all_none_and_nan() {
    let grid = grid([150, 150, 150], DMat3::from_diagonal(DVec3::splat(1.5)), DVec3::ZERO);
    let place = CanonicalGrid::of(&grid).crop_around(DVec3::ZERO);
    let of = |value: f32| {
        paste(&Logits { side: 32, values: vec![value; 32 * 32 * 32] }, &place, &grid).count()
    };
    assert_eq!(of(1.0), SIDE.pow(3), "the cube, not more");
    assert_eq!((of(-1.0), of(0.0), of(f32::NAN)), (0, 0, 0));
    let short = Logits { side: 32, values: vec![1.0; 5] };
    assert!(paste(&short, &place, &grid).is_empty(), "too few values");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    #[test]
    fn random_grids(
        seed in 1u64..1000,
        order in 0usize..6,
        signs in 0usize..8,
        spacing in prop::array::uniform3(0.6f64..6.0),
        dims in prop::array::uniform3(1usize..40),
        click in prop::array::uniform3(0.0f64..1.0),
        turned in any::<bool>(),
    ) {
        let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        let units = [DVec3::X, DVec3::Y, DVec3::Z];
        let column = |n: usize| {
            let sign = if signs >> n & 1 == 1 { -1.0 } else { 1.0 };
            units[orders[order][n]] * spacing[n] * sign
        };
        let matrix = DMat3::from_cols(column(0), column(1), column(2));
        let matrix = if turned { rotation() * matrix } else { matrix };
        let grid = grid(dims, matrix, DVec3::new(-5.0, 40.0, 900.0));
        let at = |a: usize| click[a] * (dims[a] - 1) as f64;
        let world = grid.world(DVec3::new(at(0), at(1), at(2)));
        check(&logits(32, seed), &CanonicalGrid::of(&grid).crop_around(world), &grid);
    }
}

fn dice(a: &[bool], b: &[bool]) -> f64 {
    let both = a.iter().zip(b).filter(|(a, b)| **a && **b).count();
    let count = |m: &[bool]| m.iter().filter(|v| **v).count();
    2.0 * both as f64 / (count(a) + count(b)) as f64
}

#[test]
fn upsampled_logits_are_pytorchs_mask() {
    for name in ["abdomen_ct", "brain_mri", "head_neck_ct", "oblique", "spine_ct"] {
        let place = folder().join(name);
        let values = read_npy(&place.join("last_low_res_logits.npy"));
        let ours = upsample(&Logits { side: 32, values: values.clone() }, SIDE);
        let volume = read_nifti(&place.join("final_mask_crop.nii.gz"));
        let Voxels::U8(mask) = volume.voxels() else { panic!("not uint8") };
        // The file has x fastest, the logits z.
        let ours: Vec<bool> = (0..SIDE.pow(3))
            .map(|i| (i % SIDE, i / SIDE % SIDE, i / SIDE / SIDE))
            .map(|(x, y, z)| ours[(x * SIDE + y) * SIDE + z] > 0.0)
            .collect();
        let theirs: Vec<bool> = mask.iter().map(|&v| v != 0).collect();
        let dice_up = dice(&ours, &theirs);
        assert!(dice_up >= 0.9999, "{name}: {dice_up}");

        // Pasted on the crop's own lattice it is the same mask.
        let world_from_crop = Case::read(name).crop_affine();
        let crop = CropPlace { start: [0; 3], side: SIDE, world_from_crop };
        let grid = Grid::new([SIDE; 3], world_from_crop).unwrap();
        let region = paste(&Logits { side: 32, values }, &crop, &grid);
        let mut pasted = vec![false; SIDE.pow(3)];
        for run in region.runs() {
            pasted[run.start..run.end()].fill(true);
        }
        let dice_paste = dice(&pasted, &theirs);
        assert!(dice_paste >= 0.9999, "{name}: {dice_paste}");
    }
}
