//! Measures of masks against the numbers of other people's code: `data/measure/make_surface.py`.

use voxpoint::measure::{SurfaceDistances, dice_of};
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
