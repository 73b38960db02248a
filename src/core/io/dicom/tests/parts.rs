//! Parts of scans: what is read, and how much memory that takes.

use super::*;
use crate::io::{OpenOptions, VolumePart, formats};

fn part(path: &Path, part: &VolumePart, memory: u64) -> Result<Volume, IoError> {
    let options = OpenOptions { part: part.clone(), ..OpenOptions::default() };
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    formats().open_as(&Source::at(path), &options, &Limits { memory }, &cancel, &progress)
}

#[test]
fn a_part_has_the_voxels_of_the_whole_where_they_lie() {
    let times = (0..8).map(|n| {
        let image = image("5", n, [0.0, 0.0, (n / 2) as f64], 10 * n as i16);
        with(image, tags::TEMPORAL_POSITION_IDENTIFIER, VR::IS, &format!("{}", 2 - n % 2))
    });
    let scales = series(&[0.0, 1.0, 2.0, 3.0]).into_iter().enumerate();
    let scales = scales.map(|(n, i)| with(i, tags::RESCALE_SLOPE, VR::DS, &format!("{}", n + 1)));
    for (what, images) in [
        ("slices", series(&[0.0, 2.0, 4.0, 6.0])),
        ("one missing", series(&[0.0, 2.0, 4.0, 8.0])),
        ("times", times.collect()),
        ("scales of their own", scales.collect()),
    ] {
        let dir = folder(images);
        let whole = open(dir.path()).unwrap();
        for (crop, every) in [
            ([Some([1, 4]), Some([1, 3]), Some([1, 4])], [1, 1, 1]),
            ([None; 3], [2, 2, 1]),
            ([None, Some([0, 2]), None], [3, 1, 2]),
        ] {
            let wanted = VolumePart { crop, every };
            let bounds = wanted.bounds(whole.grid().dims()).unwrap();
            let found = part(dir.path(), &wanted, u64::MAX).unwrap();
            let what = format!("{what}, {wanted:?}");
            assert_eq!(found.grid().dims(), bounds.dims, "{what}");
            assert_eq!(found.time_points(), whole.time_points(), "{what}");
            for t in 0..whole.time_points() {
                for (k, z) in bounds.along(2).enumerate() {
                    for (j, y) in bounds.along(1).enumerate() {
                        for (i, x) in bounds.along(0).enumerate() {
                            let (here, there) = ([i, j, k], [x, y, z]);
                            let is_missing = what.starts_with("one missing") && z == 3;
                            let same = found.value_in(t, here) == whole.value_in(t, there);
                            assert!(same || is_missing, "{what}, {t}, {there:?}");
                            let places =
                                [found.grid().world_of(here), whole.grid().world_of(there)];
                            assert!(places[0].distance(places[1]) < 1e-9, "{what}");
                        }
                    }
                }
            }
        }
    }
}

/// Of what is left out of slices nothing is kept; the one that is being read is whole.
#[test]
fn a_coarser_scan_takes_little_memory() {
    let wide = |n: usize| {
        let mut image = image("5", n, [0.0, 0.0, n as f64], 0);
        let pixels: Vec<u8> = (0..64 * 64).flat_map(|at| ((at + n) as u16).to_le_bytes()).collect();
        for tag in [tags::ROWS, tags::COLUMNS] {
            image.put(DataElement::new(tag, VR::US, PrimitiveValue::from(64u16)));
        }
        image.put(DataElement::new(tags::PIXEL_DATA, VR::OW, PrimitiveValue::from(pixels)));
        image
    };
    let dir = folder((0..8).map(wide).collect());
    let every = |every| VolumePart { every, ..VolumePart::default() };
    let why = part(dir.path(), &every([1; 3]), 9000).unwrap_err();
    assert!(matches!(why, IoError::TooLarge { needed: 65_536, dims: Some([64, 64, 8]), .. }));
    let found = part(dir.path(), &every([8; 3]), 9000).unwrap();
    assert_eq!(found.grid().dims(), [8, 8, 1]);
    assert_eq!(found.value([1, 1, 0]), 8.0 * 65.0 - 1000.0);
    assert!(warnings(&found).contains("opened coarser"), "{}", warnings(&found));
    // A part is told by its whole.
    let why = part(dir.path(), &every([1, 1, 2]), 9000).unwrap_err();
    assert!(matches!(why, IoError::TooLarge { dims: Some([64, 64, 8]), .. }), "{why}");
}
