//! The tools for masks against the numbers of scikit-image, SciPy, SimpleITK and NumPy: `data/mask_tools/make.py`.

use std::collections::BTreeMap;

use serde_json::Value;
use voxpoint::geom::{DAffine3, DVec3, Grid};
use voxpoint::mask::flood::{FloodOptions, flood, flood_alike};
use voxpoint::mask::grow_cut::{GrowCut, GrowCutOptions};
use voxpoint::mask::interpolate::interpolate;
use voxpoint::mask::level::{LevelSide, trace_level};
use voxpoint::mask::live_wire::EdgeCosts;
use voxpoint::mask::polygon::polygon;
use voxpoint::mask::range::{Estimate, ValueRange};
use voxpoint::mask::snap::snap_to_edge;
use voxpoint::mask::{Connectivity, CutPlane, FillRule, Layer, WorkLimits};
use voxpoint::measure::dice_of;
use voxpoint::volume::{Region, Scale, StoredGeometry, Volume, Voxels};

fn cases(name: &str) -> Vec<Value> {
    let text = include_str!("../data/mask_tools/cases.json");
    let cases: BTreeMap<String, Vec<Value>> = serde_json::from_str(text).expect("JSON");
    assert!(cases[name].len() > 1, "{name}");
    cases[name].clone()
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

fn whole(value: &Value) -> usize {
    value.as_u64().expect("a whole number") as usize
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("numbers").iter().map(number).collect()
}

fn dims(case: &Value) -> [usize; 3] {
    std::array::from_fn(|a| whole(&case["dims"][a]))
}

fn spacing(case: &Value) -> [f64; 3] {
    std::array::from_fn(|a| case["spacing"].get(a).map_or(1.0, number))
}

/// A mask written as hexadecimal digits of its bits.
fn mask(value: &Value, dims: [usize; 3]) -> Region {
    let digits = value.as_str().expect("a string").as_bytes();
    let bit = |n: usize| {
        let digit = char::from(digits[n / 4]).to_digit(16).expect("a hexadecimal digit");
        digit >> (3 - n % 4) & 1 == 1
    };
    Region::from_mask(dims[0], (0..dims.iter().product()).map(bit))
}

fn grid(case: &Value) -> Grid {
    let affine = DAffine3::from_scale(DVec3::from_array(spacing(case)));
    Grid::new(dims(case), affine).expect("a sound grid")
}

fn volume(case: &Value, values: Vec<f32>) -> Volume {
    let grid = grid(case);
    let stored = StoredGeometry::of(&grid);
    let dims = grid.dims().to_vec();
    Volume::new("v", grid, dims, Voxels::F32(values), Scale::NONE, stored, Vec::new())
}

fn volume_of(case: &Value) -> Volume {
    volume(case, numbers(&case["values"]).into_iter().map(|v| v as f32).collect())
}

#[test]
fn polygons_are_those_of_scikit_image() {
    for case in cases("polygons") {
        let grid = grid(&case);
        let layer = Layer { axis: whole(&case["axis"]), at: whole(&case["at"]) };
        let place = |point: &Value| {
            let mut voxel = DVec3::ZERO;
            let [u, v] = layer.axes();
            (voxel[u], voxel[v]) = (number(&point[0]), number(&point[1]));
            voxel[layer.axis] = layer.at as f64;
            grid.world(voxel)
        };
        let points: Vec<DVec3> =
            case["points"].as_array().expect("points").iter().map(place).collect();
        let normal = grid.voxel_from_world().matrix3.row(layer.axis);
        let plane = CutPlane { point: points[0], normal };
        let found = polygon(&grid, &plane, &points, FillRule::EvenOdd);
        assert_eq!(found, mask(&case["mask"], grid.dims()), "{layer:?}, {}", points.len());
    }
}

#[test]
fn floods_and_levels_are_those_of_simpleitk_scikit_image_and_scipy() {
    for case in cases("floods") {
        let (dims, volume) = (dims(&case), volume_of(&case));
        let seed: [usize; 3] = std::array::from_fn(|a| whole(&case["seed"][a]));
        let list = |key: &str| case[key].as_array().expect("a list").clone();
        let options = |of: &Value| {
            let full = of["full"].as_bool().expect("yes or no");
            let connectivity = if full { Connectivity::Corners } else { Connectivity::Faces };
            FloodOptions { connectivity, ..FloodOptions::default() }
        };
        let limits = WorkLimits::none();
        for of in list("ranges") {
            let range = ValueRange { low: number(&of["low"]), high: number(&of["high"]) };
            let found = flood(&volume, seed, range, &options(&of), &limits).expect("a region");
            assert_eq!(found.region, mask(&of["mask"], dims), "{range:?}");
        }
        for of in list("alike") {
            let tolerance = number(&of["tolerance"]);
            let found = flood_alike(&volume, seed, tolerance, &options(&of), &limits);
            assert_eq!(found.expect("a region").region, mask(&of["mask"], dims), "{tolerance}");
        }
        for of in list("traced") {
            let bright = of["bright"].as_bool().expect("yes or no");
            let side = if bright { LevelSide::AtLeast } else { LevelSide::AtMost };
            let found = trace_level(&volume, seed, whole(&of["axis"]), side, &limits);
            assert_eq!(
                found.expect("a region"),
                mask(&of["mask"], dims),
                "{} {side:?}",
                of["axis"]
            );
        }
    }
}

#[test]
fn ranges_are_those_of_numpy() {
    for case in cases("ranges") {
        let (volume, region) = (volume_of(&case), mask(&case["region"], dims(&case)));
        let close = |found: f64, expected: f64| {
            assert!(
                (found - expected).abs() <= 1e-9 * expected.abs().max(1.0),
                "{found} {expected}"
            );
        };
        let (mean, sd) = (number(&case["mean"]), number(&case["sd"]));
        let by_mean =
            ValueRange::of(&volume, &region, Estimate::MeanDeviations(2.0)).expect("a range");
        close(by_mean.low, mean - 2.0 * sd);
        close(by_mean.high, mean + 2.0 * sd);
        let range =
            ValueRange::of(&volume, &region, Estimate::Percentiles(7.5, 93.0)).expect("a range");
        close(range.low, number(&case["low"]));
        close(range.high, number(&case["high"]));
        // A hair for the rounding of percentiles that are a value themselves.
        let range = ValueRange { low: range.low - 1e-9, high: range.high + 1e-9 };
        let found = range.select(&volume, &region, &WorkLimits::none()).expect("a region");
        assert_eq!(found, mask(&case["selected"], dims(&case)));
    }
}

#[test]
fn what_lies_between_slices_is_where_scipys_distances_add_up_to_it() {
    for case in cases("interpolations") {
        let (dims, grid) = (dims(&case), grid(&case));
        let given = mask(&case["mask"], dims);
        let axis = whole(&case["axis"]);
        let found = interpolate(&given, &grid, None, &WorkLimits::none()).expect("no error");
        let found = found.expect("slices are missing");
        assert_eq!(found.axis, axis);
        let unsure = mask(&case["unsure"], dims);
        let of = |region: &Region| region.without(&unsure, dims[0]);
        assert_eq!(of(&found.region), of(&mask(&case["expected"], dims)), "axis {axis}");
    }
}

#[test]
fn seeds_grow_along_scipys_shortest_paths() {
    for case in cases("grow_cuts") {
        let (dims, volume) = (dims(&case), volume_of(&case));
        let labels = |key: &str| -> Vec<(u16, Value)> {
            let all = case[key].as_object().expect("labels").clone();
            all.into_iter().map(|(l, v)| (l.parse().expect("a label"), v)).collect()
        };
        let seeds: Vec<(u16, Region)> = labels("seeds")
            .into_iter()
            .map(|(label, at)| {
                let at: Vec<usize> = numbers(&at).into_iter().map(|n| n as usize).collect();
                let count = dims.iter().product();
                (label, Region::from_mask(dims[0], (0..count).map(|n| at.contains(&n))))
            })
            .collect();
        let seeds: Vec<(u16, &Region)> = seeds.iter().map(|(label, r)| (*label, r)).collect();
        // Costs in 4096ths of a value.
        let contrast = 0.5;
        let locality = number(&case["locality"]) / contrast;
        let options = GrowCutOptions { margin_mm: 100.0, contrast, locality };
        let found =
            GrowCut::new(options).grow(&volume, &seeds, &WorkLimits::none()).expect("labels");
        let sure = mask(&case["sure"], dims);
        for (label, expected) in labels("labels") {
            let expected = mask(&expected, dims).intersection(&sure, dims[0]);
            assert_eq!(found[&label].intersection(&sure, dims[0]), expected, "label {label}");
        }
    }
}

#[test]
fn wires_cost_what_scikit_image_says() {
    for case in cases("wires") {
        let pair = |key: &str| std::array::from_fn(|a| whole(&case[key][a]));
        let size: [usize; 2] = pair("size");
        let spacing = std::array::from_fn(|a| number(&case["spacing"][a]));
        let costs = numbers(&case["costs"]).into_iter().map(|c| c as f32).collect();
        let costs = EdgeCosts::new(size, spacing, costs);
        let wires = costs.wires(pair("anchor"), usize::MAX, &WorkLimits::none()).expect("wires");
        let wires = wires.expect("an anchor in the picture");
        for (n, expected) in numbers(&case["sums"]).into_iter().enumerate() {
            let found = wires.cost([n % size[0], n / size[0]]).expect("within reach");
            let apart = (f64::from(found) - expected).abs();
            assert!(apart <= 1e-5 * expected.max(1.0), "{n}: {found}, expected {expected}");
        }
    }
}

#[test]
fn a_border_snaps_to_where_scikit_images_watershed_is() {
    for case in cases("snaps") {
        let (dims, noise) = (dims(&case), number(&case["noise"]));
        let step: [usize; 3] = std::array::from_fn(|a| whole(&case["spacing"][a]));
        let values = (0..dims.iter().product()).map(|n: usize| {
            let at = [n % dims[0], n / dims[0] % dims[1], n / dims[0] / dims[1]];
            let from = |a: usize, middle: usize| (at[a] * step[a]).abs_diff(middle).pow(2);
            let inside = from(0, 17) + from(1, 18) + from(2, 18) <= 121;
            let spread = (n * 7919 % 10007 * 31 % 101) as f64 - 50.0;
            (100.0 * f64::from(u8::from(inside)) + noise * spread) as f32
        });
        let volume = volume(&case, values.collect());
        let drawn = mask(&case["mask"], dims);
        let found = snap_to_edge(&drawn, &volume, number(&case["band"]), &WorkLimits::none());
        let found = found.expect("a region");
        // Gradients alike but for rounding: few voxels have two neighbours of which either might be lower.
        let alike = dice_of(&found, &mask(&case["found"], dims));
        assert!(alike > 0.998, "{alike}");
        let truth = mask(&case["truth"], dims);
        let (before, after) = (dice_of(&drawn, &truth), dice_of(&found, &truth));
        assert!((before - number(&case["dice_before"])).abs() < 1e-9);
        assert!(after > 0.97 && (after - number(&case["dice"])).abs() < 0.002, "{after}");
    }
}
