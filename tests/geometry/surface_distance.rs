//! Measures of masks against the numbers of other people's code: `data/measure/make_surface.py`.

use voxpoint::geom::{DAffine3, DVec3, Grid};
use voxpoint::mask::WorkLimits;
use voxpoint::measure::{SurfaceDistances, compare_masks, dice_of};
use voxpoint::volume::Region;

/// A mask written as hexadecimal digits of its bits.
fn mask(case: &serde_json::Value, key: &str, dims: [usize; 3]) -> Region {
    let digits = case[key].as_str().expect("a string").as_bytes();
    let bit = |n: usize| {
        let digit = char::from(digits[n / 4]).to_digit(16).expect("a hexadecimal digit");
        digit >> (3 - n % 4) & 1 == 1
    };
    Region::from_mask(dims[0], (0..dims.iter().product()).map(bit))
}

fn close(got: Option<f64>, expected: &serde_json::Value, what: &str) {
    match (got, expected.as_f64()) {
        (Some(got), Some(expected)) => {
            let apart = (got - expected).abs();
            assert!(apart <= 1e-6 * expected.abs().max(1.0), "{what}: {got}, expected {expected}");
        }
        (got, expected) => assert_eq!(got, expected, "{what}"),
    }
}

#[test]
fn surface_distances_are_those_of_their_authors() {
    let text = include_str!("../data/measure/surface.json");
    let cases: Vec<serde_json::Value> = serde_json::from_str(text).expect("JSON");
    assert!(cases.len() > 10);
    for case in &cases {
        let name = case["name"].as_str().expect("a name");
        let numbers = |key: &str| -> [f64; 3] {
            std::array::from_fn(|a| case[key][a].as_f64().expect("a number"))
        };
        let dims = numbers("dims").map(|n| n as usize);
        let (a, b) = (mask(case, "a", dims), mask(case, "b", dims));
        let surfaces = SurfaceDistances::of(&a, &b, dims, numbers("spacing"));
        let check = |got, key: &str| close(got, &case[key], &format!("{name}, {key}"));
        check(Some(dice_of(&a, &b)), "dice");
        check(Some(surfaces.areas()[0]), "area_a");
        check(Some(surfaces.areas()[1]), "area_b");
        check(surfaces.hausdorff(95.0), "hd95");
        check(surfaces.hausdorff(100.0), "hd");
        for (tolerance, expected) in case["nsd"].as_object().expect("an object") {
            let nsd = surfaces.nsd(tolerance.parse().expect("a number"));
            close(Some(nsd), expected, &format!("{name}, NSD at {tolerance}"));
        }
    }
}

/// What `voxpoint compare` and the window say, by the numbers of the authors: of a pair, and of two pairs together, whose
/// surfaces count by their areas.
#[test]
fn surface_dice_of_comparisons_is_that_of_their_authors() {
    let text = include_str!("../data/measure/surface.json");
    let cases: Vec<serde_json::Value> = serde_json::from_str(text).expect("JSON");
    let mut between = 0;
    for case in &cases {
        let name = case["name"].as_str().expect("a name");
        let numbers = |key: &str| -> [f64; 3] {
            std::array::from_fn(|a| case[key][a].as_f64().expect("a number"))
        };
        let dims = numbers("dims").map(|n| n as usize);
        let affine = DAffine3::from_scale(DVec3::from_array(numbers("spacing")));
        let grid = Grid::new(dims, affine).expect("a grid");
        let (a, b) = (mask(case, "a", dims), mask(case, "b", dims));
        let area = |key: &str| case[key].as_f64().expect("a number");
        let (area_a, area_b) = (area("area_a"), area("area_b"));
        for (tolerance, expected) in case["nsd"].as_object().expect("an object") {
            let mm: f64 = tolerance.parse().expect("a number");
            let what = format!("{name}, NSD at {tolerance}");
            let limits = WorkLimits::none();
            let (rows, total) = compare_masks(&[(&a, &b)], &grid, mm, &limits).expect("room");
            close(Some(rows[0].nsd), expected, &what);
            close(Some(total.nsd), expected, &what);
            // Beside a pair of which all of both surfaces is within.
            let pairs = [(&a, &b), (&a, &a)];
            let (rows, total) = compare_masks(&pairs, &grid, mm, &limits).expect("room");
            let alone = expected.as_f64().expect("a number");
            let together = (alone * (area_a + area_b) + 2.0 * area_a) / (3.0 * area_a + area_b);
            close(Some(rows[0].nsd), expected, &what);
            assert_eq!(rows[1].nsd, 1.0, "{what}");
            close(Some(total.nsd), &together.into(), &format!("{what}, of two pairs"));
            between += usize::from(alone > 0.05 && alone < 0.95);
        }
    }
    assert!(between > 10, "{between} are neither nearly 0 nor nearly 1");
}
