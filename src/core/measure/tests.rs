//! Numbers against those of other people's programs: `make_compare.py`, `make_diameters.py` and `make_measures.py` in
//! `tests/data/measure`.

use serde_json::Value;

use super::*;
use crate::geom::{DAffine3, DVec3, Grid};
use crate::mask::WorkLimits;
use crate::volume::{Region, Scale, StoredGeometry, Volume, Voxels};

/// A mask written as hexadecimal digits of its bits, x fastest.
fn mask(digits: &Value, dims: [usize; 3]) -> Region {
    let digits = digits.as_str().unwrap().as_bytes();
    let bit = |n: usize| {
        let digit = char::from(digits[n / 4]).to_digit(16).unwrap();
        digit >> (3 - n % 4) & 1 == 1
    };
    Region::from_mask(dims[0], (0..dims.iter().product()).map(bit))
}

fn three(value: &Value) -> [f64; 3] {
    std::array::from_fn(|a| value[a].as_f64().unwrap())
}

fn close(found: Option<f64>, expected: &Value, what: &str) {
    match (found, expected.as_f64()) {
        (Some(found), Some(expected)) => {
            let apart = (found - expected).abs();
            assert!(
                apart <= 1e-6 * expected.abs().max(1.0),
                "{what}: {found}, expected {expected}"
            );
        }
        (found, expected) => assert_eq!(found, expected, "{what}"),
    }
}

fn reference() -> Value {
    serde_json::from_str(include_str!("../../../tests/data/measure/compare.json")).unwrap()
}

#[test]
fn distances_overlaps_and_lesions_are_those_of_medpy_and_scipy() {
    let reference = reference();
    let pairs = reference["pairs"].as_array().unwrap();
    assert!(pairs.len() > 10);
    for case in pairs {
        let name = case["name"].as_str().unwrap();
        let dims = three(&case["dims"]).map(|n| n as usize);
        let spacing = DVec3::from_array(three(&case["spacing"]));
        let grid = Grid::new(dims, DAffine3::from_scale(spacing)).unwrap();
        let (a, b) = (mask(&case["a"], dims), mask(&case["b"], dims));
        let (rows, total) = compare_masks(&[(&a, &b)], &grid, 2.0, &WorkLimits::none()).unwrap();
        assert_eq!(rows, [total], "{name}: of one pair the total is that");
        let both = total.overlap.a > 0 && total.overlap.b > 0;
        let lesions = total.lesions;
        let counted = [lesions.detected, lesions.missed, lesions.spurious].map(Value::from);
        assert_eq!(case["lesions"], Value::from(counted.to_vec()), "{name}");
        if both {
            for (key, found) in [
                ("hd", total.hd),
                ("hd95", total.hd95),
                ("asd_a_to_b", total.asd_a_to_b),
                ("asd_b_to_a", total.asd_b_to_a),
                ("assd", total.assd),
                ("dice", Some(total.overlap.dice())),
                ("jaccard", Some(total.overlap.jaccard())),
                ("precision", total.overlap.precision()),
                ("recall", total.overlap.recall()),
            ] {
                close(found, &case[key], &format!("{name}, {key}"));
            }
        } else {
            // What MedPy refuses is by the conventions of Metrics Reloaded.
            let neither = total.overlap.a + total.overlap.b == 0;
            let distances = [total.hd, total.hd95, total.asd_a_to_b, total.asd_b_to_a, total.assd];
            assert_eq!(distances, [neither.then_some(0.0); 5], "{name}");
            let one = f64::from(u8::from(neither));
            assert_eq!(
                [total.overlap.dice(), total.overlap.jaccard(), total.nsd],
                [one; 3],
                "{name}"
            );
        }
    }
}

#[test]
fn staple_and_the_majority_are_those_of_simpleitk() {
    for (n, case) in reference()["raters"].as_array().unwrap().iter().enumerate() {
        let dims = three(&case["dims"]).map(|n| n as usize);
        let masks: Vec<Region> =
            case["masks"].as_array().unwrap().iter().map(|m| mask(m, dims)).collect();
        let masks: Vec<&Region> = masks.iter().collect();
        let raters = RaterMasks::of(&masks, dims.iter().product());
        assert_eq!(raters.majority(dims[0]), mask(&case["majority"], dims), "case {n}");
        let staple = raters.staple(&WorkLimits::none()).unwrap();
        for (found, key) in
            [(&staple.sensitivity, "sensitivity"), (&staple.specificity, "specificity")]
        {
            let expected = case[key].as_array().unwrap();
            assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(expected) {
                close(Some(*found), expected, &format!("case {n}, {key}"));
            }
        }
        let region = raters.likely_region(&staple, dims[0]);
        assert_eq!(region, mask(&case["staple"], dims), "case {n}");
        for voxel in 0..dims.iter().product() {
            let likely = raters.probability(&staple, voxel) >= 0.5;
            assert_eq!(likely, region.contains(voxel), "case {n}, voxel {voxel}");
        }
    }
}

#[test]
fn the_total_is_of_all_pairs_as_one() {
    let grid = Grid::new([9, 1, 1], DAffine3::IDENTITY).unwrap();
    let mask = |text: &str| Region::from_mask(9, text.bytes().map(|b| b == b'#'));
    let (a, b, c, d) = (mask("##......."), mask("##......."), mask("....##..."), mask("......##."));
    let (rows, total) =
        compare_masks(&[(&a, &b), (&c, &d)], &grid, 1.0, &WorkLimits::none()).unwrap();
    assert_eq!(rows.iter().map(|r| r.hd).collect::<Vec<_>>(), [Some(0.0), Some(2.0)]);
    assert_eq!((total.overlap.dice(), total.hd, total.assd), (0.5, Some(2.0), Some(0.75)));
    let (rows, total) = compare_masks(&[], &grid, 1.0, &WorkLimits::none()).unwrap();
    assert!(rows.is_empty());
    assert_eq!((total.overlap.dice(), total.hd, total.nsd), (1.0, Some(0.0), 1.0));
    let nothing = Region::default();
    let (_, total) =
        compare_masks(&[(&a, &b), (&c, &nothing)], &grid, 1.0, &WorkLimits::none()).unwrap();
    assert_eq!((total.hd, total.overlap.recall()), (None, Some(1.0)), "one has no other");
}

/// A case of `make_measures.py`: its mask and its scan.
fn measured(case: &Value) -> (Region, Volume) {
    let dims = three(&case["dims"]).map(|n| n as usize);
    let spacing = DVec3::from_array(three(&case["spacing"]));
    let grid = Grid::new(dims, DAffine3::from_scale(spacing)).unwrap();
    let hex = case["values"].as_str().unwrap();
    let byte = |n: usize| u8::from_str_radix(&hex[2 * n..2 * n + 2], 16).unwrap();
    let raw = (0..grid.count()).map(|n| i16::from_le_bytes([byte(2 * n), byte(2 * n + 1)]));
    let scale = Scale { slope: case["slope"].as_f64().unwrap(), inter: 0.0 };
    let (stored, voxels) = (StoredGeometry::of(&grid), Voxels::I16(raw.collect()));
    let scan = Volume::new("s", grid, dims.to_vec(), voxels, scale, stored, Vec::new());
    (mask(&case["mask"], dims), scan)
}

fn measures() -> Vec<Value> {
    serde_json::from_str(include_str!("../../../tests/data/measure/measures.json")).unwrap()
}

#[test]
fn shapes_are_those_of_pyradiomics() {
    for case in &measures() {
        let (name, (mask, scan)) = (case["name"].as_str().unwrap(), measured(case));
        let shape = MaskShape::of(&mask, scan.grid(), &WorkLimits::none()).unwrap().unwrap();
        let [major, minor, least] = shape.axes.lengths();
        for (key, found) in [
            ("shape_MeshVolume", shape.mesh.volume),
            ("shape_SurfaceArea", shape.mesh.area),
            ("shape_SurfaceVolumeRatio", shape.mesh.area / shape.mesh.volume),
            ("shape_Sphericity", shape.mesh.sphericity()),
            ("shape_VoxelVolume", shape.voxel_volume),
            ("shape_Maximum3DDiameter", shape.diameters.in_space),
            ("shape_Maximum2DDiameterSlice", shape.diameters.in_slices[0]),
            ("shape_Maximum2DDiameterColumn", shape.diameters.in_slices[1]),
            ("shape_Maximum2DDiameterRow", shape.diameters.in_slices[2]),
            ("shape_MajorAxisLength", major),
            ("shape_MinorAxisLength", minor),
            ("shape_LeastAxisLength", least),
            ("shape_Elongation", shape.axes.elongation().unwrap()),
            ("shape_Flatness", shape.axes.flatness().unwrap()),
            ("long", shape.axial.long),
        ] {
            close(Some(found), &case[key], &format!("{name}, {key}"));
        }
        for (a, found) in shape.axes.centroid.to_array().into_iter().enumerate() {
            close(Some(found), &case["centroid"][a], &format!("{name}, centroid"));
        }
        // Where two axes are alike the box may lie in many ways.
        let [_, second, third] = shape.axes.variances;
        if second - third > 1e-6 || third > 0.0 {
            let mut size = shape.oriented_box.size;
            size.sort_by(f64::total_cmp);
            for (a, found) in size.into_iter().enumerate() {
                close(Some(found), &case["obb"][a], &format!("{name}, oriented box"));
            }
        }
    }
}

/// In grids that are turned, flipped and stored in other orders.
#[test]
fn axial_diameters_and_boxes_are_those_of_scikit_image_shapely_and_simpleitk() {
    let text = include_str!("../../../tests/data/measure/diameters.json");
    let cases: Vec<Value> = serde_json::from_str(text).unwrap();
    assert!(cases.len() >= 5);
    for case in &cases {
        let name = case["name"].as_str().unwrap();
        let dims = three(&case["dims"]).map(|n| n as usize);
        let rows: [[f64; 4]; 3] = std::array::from_fn(|r| {
            std::array::from_fn(|c| case["affine"][r][c].as_f64().unwrap())
        });
        let column = |c: usize| DVec3::new(rows[0][c], rows[1][c], rows[2][c]);
        let affine = DAffine3::from_cols(column(0), column(1), column(2), column(3));
        let (mask, grid) = (mask(&case["mask"], dims), Grid::new(dims, affine).unwrap());
        let shape = MaskShape::of(&mask, &grid, &WorkLimits::none()).unwrap().unwrap();
        let axial = &shape.axial;
        assert_eq!(Value::from(axial.axis), case["axis"], "{name}");
        assert_eq!(Value::from(axial.slice), case["slice"], "{name}");
        close(Some(axial.long), &case["long"], &format!("{name}, long"));
        close(Some(axial.short), &case["short"], &format!("{name}, short"));
        // They are where they are said to be, at right angles to each other.
        let [long, short] = [axial.long_ends, axial.short_ends].map(|[a, b]| b - a);
        close(Some(long.length()), &case["long"], &format!("{name}, ends of the long one"));
        close(Some(short.length()), &case["short"], &format!("{name}, ends of the short one"));
        assert!(long.dot(short).abs() < 1e-6 * long.length() * short.length(), "{name}");
        let bounds = &shape.bounds;
        assert_eq!(Value::from(bounds.min.to_vec()), case["box_min"], "{name}");
        assert_eq!(Value::from(bounds.size().to_vec()), case["box_size"], "{name}");
        for (found, key) in shape.world_bounds.iter().zip(["world_min", "world_max"]) {
            for (a, found) in found.to_array().into_iter().enumerate() {
                close(Some(found), &case[key][a], &format!("{name}, {key}"));
            }
        }
    }
}

#[test]
fn values_are_those_of_pyradiomics_and_numpy() {
    for case in &measures() {
        let (name, (mask, scan)) = (case["name"].as_str().unwrap(), measured(case));
        let found = FirstOrder::of(values_under(&mask, &scan)).unwrap();
        let check = |key: &str, value| close(value, &case[key], &format!("{name}, {key}"));
        check("firstorder_Mean", Some(found.mean));
        check("firstorder_Median", Some(found.median()));
        check("firstorder_Minimum", Some(found.min));
        check("firstorder_Maximum", Some(found.max));
        check("firstorder_Range", Some(found.max - found.min));
        check("firstorder_Variance", Some(found.sd * found.sd));
        check("firstorder_10Percentile", Some(found.percentiles[1]));
        check("firstorder_90Percentile", Some(found.percentiles[5]));
        check("firstorder_InterquartileRange", Some(found.interquartile_range()));
        check("firstorder_MeanAbsoluteDeviation", Some(found.mean_absolute_deviation));
        check("firstorder_RobustMeanAbsoluteDeviation", found.robust_mean_absolute_deviation);
        check("firstorder_RootMeanSquared", Some(found.root_mean_squared));
        check("firstorder_Energy", Some(found.energy));
        check("firstorder_Skewness", Some(found.skewness));
        check("firstorder_Kurtosis", Some(found.kurtosis));
        check("firstorder_Entropy", Some(found.entropy));
        check("firstorder_Uniformity", Some(found.uniformity));
        check("sd", Some(found.sd));
        for (n, value) in found.percentiles.into_iter().enumerate() {
            close(Some(value), &case["percentiles"][n], &format!("{name}, percentile {n}"));
        }
        let uptake = Uptake::of(&mask, &scan).unwrap();
        check("peak", Some(uptake.peak));
        assert_eq!((uptake.max, uptake.mean), (found.max, found.mean));
        assert!((uptake.tlg_ml - uptake.mtv_ml * found.mean).abs() < 1e-9);
    }
}

#[test]
fn nothing_has_no_measures_and_values_that_are_none_are_counted() {
    let grid = Grid::new([4, 1, 1], DAffine3::IDENTITY).unwrap();
    let (nothing, limits) = (Region::default(), WorkLimits::none());
    assert_eq!(MaskShape::of(&nothing, &grid, &limits).unwrap(), None);
    assert_eq!(FirstOrder::of(vec![]), None);
    assert_eq!(FirstOrder::of(vec![f64::NAN, f64::INFINITY]), None);
    let found = FirstOrder::of(vec![f64::NAN, 2.0, 4.0]).unwrap();
    assert_eq!((found.count, found.not_finite, found.mean), (2, 1, 3.0));
    let one = Region::from_mask(4, [false, true, false, false]);
    let shape = MaskShape::of(&one, &grid, &limits).unwrap().unwrap();
    assert_eq!((shape.axes.elongation(), shape.axes.flatness()), (None, None));
    assert_eq!(shape.diameters.in_space, 1.0);
    assert_eq!(shape.world_bounds.map(|p| p.x), [0.5, 1.5]);
}

/// The same object in a grid that is turned and flipped in the world has the same shape, elsewhere.
#[test]
fn shapes_do_not_depend_on_where_the_grid_lies() {
    let case = &measures()[1];
    let (mask, scan) = measured(case);
    let turn = crate::geom::DMat3::from_axis_angle(DVec3::new(1.0, 2.0, 3.0).normalize(), 0.4);
    let flip = crate::geom::DMat3::from_diagonal(DVec3::new(-1.0, 1.0, 1.0));
    let moved = DAffine3::from_mat3_translation(turn * flip, DVec3::new(-2000.0, 300.0, 1000.0));
    let there = moved * scan.grid().world_from_voxel();
    let grid = Grid::new(scan.grid().dims(), there).unwrap();
    let limits = WorkLimits::none();
    let here = MaskShape::of(&mask, scan.grid(), &limits).unwrap().unwrap();
    let there = MaskShape::of(&mask, &grid, &limits).unwrap().unwrap();
    let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-6 * a.abs().max(1.0), "{a} {b}");
    near(here.mesh.volume, there.mesh.volume);
    near(here.diameters.in_space, there.diameters.in_space);
    let centroid = moved.transform_point3(here.axes.centroid);
    assert!(centroid.distance(there.axes.centroid) < 1e-6);
    for n in 0..3 {
        near(here.axes.lengths()[n], there.axes.lengths()[n]);
        near(here.oriented_box.size[n], there.oriented_box.size[n]);
    }
    let centre = moved.transform_point3(here.oriented_box.centre);
    assert!(centre.distance(there.oriented_box.centre) < 1e-6);
}
