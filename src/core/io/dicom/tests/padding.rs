//! Padding of slices that are stored by scales of their own, as of a PET: a number that is padding in one slice is a
//! measured value in another.

use dicom_core::value::DataSetSequence;
use dicom_object::mem::InMemElement;

use super::*;
use crate::io::{OpenOptions, SliceSpacing, VolumePart, formats};
use crate::volume::Histogram;

/// Slices of 4 × 3 pixels.
struct Case {
    what: &'static str,
    signed: bool,
    photometric: &'static str,
    /// Stored number and, of a range, its other end.
    padding: (i32, Option<i32>),
    /// Slope, intercept and stored numbers of each, of which the first few.
    slices: Vec<(f64, f64, Vec<i32>)>,
    /// How many are padding.
    padded: usize,
}

/// What others are filled with, which is padding nowhere.
const MEASURED: i32 = 700;

fn cases() -> Vec<Case> {
    vec![
        Case {
            what: "signed",
            signed: true,
            photometric: "MONOCHROME2",
            padding: (-2000, None),
            // -4000 of the first is the padding of the second, -2000 of the second that of the first.
            slices: vec![
                (1.0, 0.0, vec![-2000, -2000, -4000, 5]),
                (2.0, 0.0, vec![-2000, -1000, 6]),
                (-0.5, 10.0, vec![-2000, 4020, 7]),
            ],
            padded: 4,
        },
        Case {
            what: "unsigned, zero",
            signed: false,
            photometric: "MONOCHROME2",
            padding: (0, None),
            slices: vec![
                (0.5, -20.0, vec![0, 0, 0, 40, 60]),
                (0.25, 0.0, vec![0, 0, 1]),
                (0.75, -3.0, vec![4, 0]),
            ],
            padded: 6,
        },
        Case {
            what: "a range of signed numbers",
            signed: true,
            photometric: "MONOCHROME2",
            padding: (-1010, Some(-1000)),
            slices: vec![
                (0.3, 1.0, vec![-1010, -1005, -1000, -999, -2020, -2010]),
                (0.6, 1.0, vec![-1011, -1010, -1000, -505, -502]),
            ],
            padded: 5,
        },
        Case {
            what: "a bright range, its limit below",
            signed: false,
            photometric: "MONOCHROME1",
            padding: (4095, Some(4000)),
            slices: vec![
                (1.0, 0.0, vec![4095, 4000, 3999, 2047, 2001]),
                (0.5, 0.0, vec![4095, 4001, 4096, 8100]),
            ],
            padded: 4,
        },
        Case {
            what: "32 bits of a float do not hold its values",
            signed: true,
            photometric: "MONOCHROME2",
            padding: (-32768, None),
            slices: vec![
                (0.123_456_789_1, 0.987_654_321, vec![-32768, -32767]),
                (0.765_432_198_7, -0.123_456_789, vec![-32768, -32767]),
            ],
            padded: 2,
        },
    ]
}

impl Case {
    fn numbers(&self, slice: usize) -> Vec<i32> {
        let given = &self.slices[slice].2;
        (0..12).map(|n| given.get(n).copied().unwrap_or(MEASURED)).collect()
    }

    fn described(&self, mut image: InMemDicomObject) -> InMemDicomObject {
        let kind = PrimitiveValue::from(u16::from(self.signed));
        image.put(DataElement::new(tags::PIXEL_REPRESENTATION, VR::US, kind));
        let vr = if self.signed { VR::SS } else { VR::US };
        let number = |n: i32| {
            if self.signed {
                PrimitiveValue::from(n as i16)
            } else {
                PrimitiveValue::from(n as u16)
            }
        };
        image.put(DataElement::new(tags::PIXEL_PADDING_VALUE, vr, number(self.padding.0)));
        if let Some(limit) = self.padding.1 {
            image.put(DataElement::new(tags::PIXEL_PADDING_RANGE_LIMIT, vr, number(limit)));
        }
        with(image, tags::PHOTOMETRIC_INTERPRETATION, VR::CS, self.photometric)
    }

    /// One file for each, at these heights.
    fn files(&self, heights: &[f64]) -> Vec<InMemDicomObject> {
        let each = heights.iter().zip(&self.slices).enumerate();
        each.map(|(n, (z, (slope, intercept, _)))| {
            let mut image = self.described(image("5", n, [0.0, 0.0, *z], 0));
            image.put(pixels(self.numbers(n)));
            let image = with(image, tags::RESCALE_SLOPE, VR::DS, &slope.to_string());
            with(image, tags::RESCALE_INTERCEPT, VR::DS, &intercept.to_string())
        })
        .collect()
    }

    /// One file of all, with a scale for each.
    fn enhanced(&self) -> InMemDicomObject {
        let text = |tag, text: &str| DataElement::new(tag, VR::DS, PrimitiveValue::from(text));
        let group = |tag, elements: Vec<InMemElement>| {
            let item = InMemDicomObject::from_element_iter(elements);
            DataElement::new(tag, VR::SQ, DataSetSequence::from(vec![item]))
        };
        let frame = |(n, (slope, intercept, _)): (usize, &(f64, f64, Vec<i32>))| {
            let place = text(tags::IMAGE_POSITION_PATIENT, &format!("0\\0\\{n}"));
            let scale = vec![
                text(tags::RESCALE_SLOPE, &slope.to_string()),
                text(tags::RESCALE_INTERCEPT, &intercept.to_string()),
            ];
            InMemDicomObject::from_element_iter([
                group(tags::PLANE_POSITION_SEQUENCE, vec![place]),
                group(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE, scale),
            ])
        };
        let frames: Vec<_> = self.slices.iter().enumerate().map(frame).collect();
        let shared = InMemDicomObject::from_element_iter([
            group(
                tags::PLANE_ORIENTATION_SEQUENCE,
                vec![text(tags::IMAGE_ORIENTATION_PATIENT, "1\\0\\0\\0\\1\\0")],
            ),
            group(tags::PIXEL_MEASURES_SEQUENCE, vec![text(tags::PIXEL_SPACING, "0.75\\0.5")]),
        ]);
        let image = self.described(image("5", 0, [0.0; 3], 0));
        let mut image = with(image, tags::NUMBER_OF_FRAMES, VR::IS, &frames.len().to_string());
        let sequence =
            |tag, items: Vec<_>| DataElement::new(tag, VR::SQ, DataSetSequence::from(items));
        image.put(sequence(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, vec![shared]));
        image.put(sequence(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, frames));
        image.put(pixels((0..self.slices.len()).flat_map(|n| self.numbers(n)).collect()));
        image
    }

    /// The values that were measured, as 32 bits hold them; of some of the slices.
    fn measured(&self, slices: impl IntoIterator<Item = usize>) -> Vec<f64> {
        let (value, limit) = (self.padding.0, self.padding.1.unwrap_or(self.padding.0));
        let is_padding = |n: &i32| (value.min(limit)..=value.max(limit)).contains(n);
        let of = |slice: usize| {
            let (slope, intercept, _) = self.slices[slice];
            let measured = self.numbers(slice).into_iter().filter(move |n| !is_padding(n));
            measured.map(move |n| f64::from((f64::from(n) * slope + intercept) as f32))
        };
        slices.into_iter().flat_map(of).collect()
    }
}

fn pixels(numbers: Vec<i32>) -> InMemElement {
    let bytes: Vec<u8> = numbers.into_iter().flat_map(|n| (n as u16).to_le_bytes()).collect();
    DataElement::new(tags::PIXEL_DATA, VR::OW, PrimitiveValue::from(bytes))
}

/// That all numbers about values are those of what was measured.
fn assert_measured(volume: &Volume, measured: &[f64], what: &str) {
    let stats = volume.stats();
    assert_eq!(stats.padding, volume.voxels().len() - measured.len(), "{what}");
    let least = measured.iter().copied().fold(f64::INFINITY, f64::min);
    let most = measured.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    assert_eq!((stats.min, stats.max), (least, most), "{what}");
    let mean = measured.iter().sum::<f64>() / measured.len() as f64;
    assert!((stats.mean - mean).abs() <= 1e-9 * mean.abs().max(1.0), "{what}: {}", stats.mean);
    let histogram = Histogram::of(volume, &stats, 32);
    assert_eq!(histogram.counts().iter().sum::<u64>(), measured.len() as u64, "{what}");
}

#[test]
fn each_slice_has_the_padding_of_its_own_scale() {
    for case in cases() {
        let what = case.what;
        let all = 0..case.slices.len();
        let measured = case.measured(all.clone());
        assert_eq!(12 * case.slices.len() - measured.len(), case.padded, "{what}");
        let heights: Vec<f64> = all.clone().map(|n| n as f64).collect();
        let separate = open(folder(case.files(&heights)).path()).unwrap();
        let enhanced = open(folder(vec![case.enhanced()]).path()).unwrap();
        for (volume, kind) in [(&separate, "files"), (&enhanced, "frames")] {
            assert_measured(volume, &measured, &format!("{what}, {kind}"));
            assert_eq!(volume.low_is_bright(), case.photometric == "MONOCHROME1", "{what}");
        }
        assert_eq!(enhanced.voxels(), separate.voxels(), "{what}");
        // Of each slice, taken out of memory or read alone.
        let dir = folder(case.files(&heights));
        for z in all {
            let crop = [None, None, Some([z, z + 1])];
            let part = VolumePart { crop, ..VolumePart::default() };
            let options = OpenOptions { part: part.clone(), ..OpenOptions::default() };
            let (cancel, progress) = (CancelToken::new(), Progress::new());
            let source = Source::at(dir.path());
            let limits = Limits::default();
            let read = formats().open_as(&source, &options, &limits, &cancel, &progress).unwrap();
            let taken = part.taken_from(separate.clone()).unwrap();
            for (volume, kind) in [(&read, "read"), (&taken, "taken")] {
                assert_measured(volume, &case.measured([z]), &format!("{what}, {z} {kind}"));
            }
            assert_eq!(read.voxels(), taken.voxels(), "{what}, {z}");
        }
    }
}

/// Between slices padding is what is made of that of both; beside something measured it is none.
#[test]
fn resampled_slices_have_the_padding_of_their_neighbours() {
    let slices = [
        (0.1, 3.0, vec![-2000, -2000, 5]),
        (0.3, 7.0, vec![-2000, 9, 5]),
        (0.7, -4.0, vec![-2000, -2000, 5]),
        (0.9, 2.0, vec![-2000, -2000, 5]),
    ];
    let case = Case {
        what: "uneven",
        signed: true,
        photometric: "MONOCHROME2",
        padding: (-2000, None),
        slices: slices.to_vec(),
        padded: 7,
    };
    let dir = folder(case.files(&[0.0, 1.0, 2.0, 3.5]));
    let options = OpenOptions { slices: SliceSpacing::Even, ..OpenOptions::default() };
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    let source = Source::at(dir.path());
    let volume =
        formats().open_as(&source, &options, &Limits::default(), &cancel, &progress).unwrap();
    let count = volume.grid().dims()[2];
    assert!(count > 4 && volume.provenance().is_resampled(), "{count}");
    // The first pixel is padding in all slices and so in all that are made of them; the second in all but one.
    let stored = |z: usize, x: usize| volume.voxels().raw(12 * z + x);
    let is_padding =
        |z: usize, x: usize| volume.padding().holds(volume.grid().dims(), 12 * z + x, stored(z, x));
    let found: Vec<[bool; 3]> = (0..count).map(|z| [0, 1, 2].map(|x| is_padding(z, x))).collect();
    assert!(found.iter().all(|[first, _, third]| *first && !third), "{found:?}");
    let along = |z: usize| 3.5 * z as f64 / (count - 1) as f64;
    for (z, [_, second, _]) in found.iter().enumerate() {
        // Case at 0 mm, and from 2 mm on.
        assert_eq!(*second, z == 0 || along(z) >= 2.0, "{z}, {}", along(z));
    }
}

/// A file that says nothing of padding has none, though others of its series say so.
#[test]
fn padding_is_that_of_the_file() {
    let mut files = series(&[0.0, 1.0, 3.0]);
    for (n, image) in files.iter_mut().enumerate() {
        image.put(pixels(vec![-5, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]));
        if n != 1 {
            let value = PrimitiveValue::from(-5i16);
            image.put(DataElement::new(tags::PIXEL_PADDING_VALUE, VR::SS, value));
        }
    }
    let volume = open(folder(files).path()).unwrap();
    assert_eq!(volume.grid().dims(), [4, 3, 4]);
    // Of two slices, and all of the missing one, which is filled with the smallest number.
    let stats = volume.stats();
    assert_eq!((stats.padding, stats.min), (2 + 12, -1005.0));
}
