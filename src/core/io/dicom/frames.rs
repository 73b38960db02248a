//! Where each image of a file lies and when it was taken: said once for files of one image, by functional groups in
//! multi-frame files (PS3.3 C.7.6.16), by steps in those of nuclear medicine (C.8.4.15).

use std::path::Path;

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use glam::DVec3;

use super::super::error::IoError;
use super::attributes::Attributes;
use super::instance::{Frame, Moment};
use crate::volume::Scale;

/// More are never made, and would cost memory before a single pixel is read.
const MOST_FRAMES: i64 = 100_000;

/// The images of a file; at least one.
pub(super) fn frames(said: Attributes, class: &str, path: &Path) -> Result<Vec<Frame>, IoError> {
    let count = said.whole(tags::NUMBER_OF_FRAMES).unwrap_or(1);
    if !(1..=MOST_FRAMES).contains(&count) {
        return Err(IoError::header(format!("it has {count} images"), path));
    }
    let count = count as usize;
    let each = said.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE);
    if each.len() > 0 {
        if each.len() < count {
            let what = format!("it has {count} images and says the place of {}", each.len());
            return Err(IoError::header(what, path));
        }
        let shared = said.first(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE);
        let frame = |(n, own)| grouped(n, Groups { own, shared, all: said });
        return Ok(each.take(count).enumerate().map(frame).collect());
    }
    let first = single(said);
    if count == 1 {
        return Ok(vec![first]);
    }
    let steps = nuclear(said, class, count).or_else(|| dose(said, class, count));
    Ok((0..count)
        .map(|number| {
            let mut frame = Frame { number, ..first.clone() };
            match &steps {
                Some(step) => (frame.position, frame.axes) = step(number),
                // Nothing says that they are of different places.
                None => frame.moment.instance = Some(number as i64),
            }
            frame
        })
        .collect())
}

/// The only image of a file.
fn single(said: Attributes) -> Frame {
    let of_patient = pair(&said.numbers(tags::PIXEL_SPACING))
        .or_else(|| pair(&said.numbers(tags::NOMINAL_SCANNED_PIXEL_SPACING)));
    let of_detector = || pair(&said.numbers(tags::IMAGER_PIXEL_SPACING));
    let spacing = of_patient.or_else(of_detector);
    let thickness = [tags::SPACING_BETWEEN_SLICES, tags::SLICE_THICKNESS];
    Frame {
        number: 0,
        position: said.vector(tags::IMAGE_POSITION_PATIENT),
        axes: axes(&said.numbers(tags::IMAGE_ORIENTATION_PATIENT)),
        spacing,
        on_detector: spacing.is_some() && of_patient.is_none(),
        thickness: thickness.into_iter().find_map(|tag| length(said, tag)),
        scale: scale(said),
        kind: kind(said, tags::IMAGE_TYPE),
        moment: Moment {
            temporal: said.number(tags::TEMPORAL_POSITION_IDENTIFIER),
            echo_ms: said.number(tags::ECHO_TIME),
            b_value: said.number(tags::DIFFUSION_B_VALUE).or_else(|| siemens_b_value(said)),
            trigger_ms: said.number(tags::TRIGGER_TIME),
            acquisition: said.whole(tags::ACQUISITION_NUMBER),
            time: said.text(tags::ACQUISITION_TIME).or_else(|| said.text(tags::CONTENT_TIME)),
            instance: said.whole(tags::INSTANCE_NUMBER),
        },
    }
}

/// Siemens' private element for the b value, as others read it too.
fn siemens_b_value(said: Attributes) -> Option<f64> {
    let creator = said.text(Tag(0x0019, 0x0010))?;
    creator.starts_with("SIEMENS MR HEADER").then(|| said.number(Tag(0x0019, 0x100c)))?
}

/// The functional groups that an image is described by.
#[derive(Clone, Copy)]
struct Groups<'a> {
    own: Attributes<'a>,
    shared: Option<Attributes<'a>>,
    all: Attributes<'a>,
}

impl<'a> Groups<'a> {
    /// A group: of the image itself, else of all.
    fn group(self, tag: Tag) -> Option<Attributes<'a>> {
        self.own.first(tag).or_else(|| self.shared?.first(tag))
    }

    fn number(self, group: Tag, tag: Tag) -> Option<f64> {
        self.group(group)?.number(tag)
    }
}

fn grouped(number: usize, groups: Groups) -> Frame {
    let measures = groups.group(tags::PIXEL_MEASURES_SEQUENCE);
    let content = groups.group(tags::FRAME_CONTENT_SEQUENCE);
    let thickness = [tags::SPACING_BETWEEN_SLICES, tags::SLICE_THICKNESS];
    let kinds = [
        tags::MR_IMAGE_FRAME_TYPE_SEQUENCE,
        tags::CT_IMAGE_FRAME_TYPE_SEQUENCE,
        tags::PET_FRAME_TYPE_SEQUENCE,
    ];
    let own_kind = kinds.into_iter().find_map(|tag| groups.group(tag));
    Frame {
        number,
        position: groups
            .group(tags::PLANE_POSITION_SEQUENCE)
            .and_then(|group| group.vector(tags::IMAGE_POSITION_PATIENT)),
        axes: groups
            .group(tags::PLANE_ORIENTATION_SEQUENCE)
            .and_then(|group| axes(&group.numbers(tags::IMAGE_ORIENTATION_PATIENT))),
        spacing: measures.and_then(|group| pair(&group.numbers(tags::PIXEL_SPACING))),
        on_detector: false,
        thickness: measures
            .and_then(|group| thickness.into_iter().find_map(|tag| length(group, tag))),
        scale: scale(groups.group(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE).unwrap_or(groups.all)),
        kind: own_kind.map_or_else(
            || kind(groups.all, tags::IMAGE_TYPE),
            |group| kind(group, tags::FRAME_TYPE),
        ),
        moment: Moment {
            temporal: content.and_then(|group| group.number(tags::TEMPORAL_POSITION_INDEX)),
            echo_ms: groups.number(tags::MR_ECHO_SEQUENCE, tags::EFFECTIVE_ECHO_TIME),
            b_value: groups.number(tags::MR_DIFFUSION_SEQUENCE, tags::DIFFUSION_B_VALUE),
            trigger_ms: groups.number(
                tags::CARDIAC_SYNCHRONIZATION_SEQUENCE,
                tags::NOMINAL_CARDIAC_TRIGGER_DELAY_TIME,
            ),
            acquisition: content.and_then(|group| group.whole(tags::FRAME_ACQUISITION_NUMBER)),
            time: content.and_then(|group| group.text(tags::FRAME_ACQUISITION_DATE_TIME)),
            instance: Some(number as i64),
        },
    }
}

/// Place and axes of an image by its number.
type Steps = Box<dyn Fn(usize) -> (Option<DVec3>, Option<[DVec3; 2]>)>;

/// The images of a reconstructed tomogram of nuclear medicine: slice after slice, by the vector that says in which
/// order they are. `None` of what is none.
fn nuclear(said: Attributes, class: &str, count: usize) -> Option<Steps> {
    const NUCLEAR_MEDICINE: &str = "1.2.840.10008.5.1.4.1.1.20";
    if class != NUCLEAR_MEDICINE {
        return None;
    }
    let detector = said.first(tags::DETECTOR_INFORMATION_SEQUENCE)?;
    let first = detector.vector(tags::IMAGE_POSITION_PATIENT)?;
    let axes = axes(&detector.numbers(tags::IMAGE_ORIENTATION_PATIENT))?;
    // With a sign: against the normal if it is negative.
    let step = said.number(tags::SPACING_BETWEEN_SLICES).filter(|step| *step != 0.0)?;
    let slices: Vec<f64> = said.numbers(tags::SLICE_VECTOR);
    if slices.len() != count {
        return None;
    }
    let step = step * axes[0].cross(axes[1]);
    Some(Box::new(move |n| (Some(first + (slices[n] - 1.0) * step), Some(axes))))
}

/// The planes of an RT dose, by their offsets (PS3.3 C.8.8.3.2): from the first plane on if that is at 0, else places
/// along the patient's axis.
fn dose(said: Attributes, class: &str, count: usize) -> Option<Steps> {
    if class != RT_DOSE {
        return None;
    }
    let first = said.vector(tags::IMAGE_POSITION_PATIENT)?;
    let axes = axes(&said.numbers(tags::IMAGE_ORIENTATION_PATIENT))?;
    let offsets = said.numbers(tags::GRID_FRAME_OFFSET_VECTOR);
    if offsets.len() != count {
        return None;
    }
    let begin = offsets[0];
    let normal = axes[0].cross(axes[1]);
    let normal = if begin == 0.0 || normal.z >= 0.0 { normal } else { -normal };
    Some(Box::new(move |n| (Some(first + (offsets[n] - begin) * normal), Some(axes))))
}

const RT_DOSE: &str = "1.2.840.10008.5.1.4.1.1.481.2";

/// Two unit vectors that are at right angles, or nearly.
fn axes(six: &[f64]) -> Option<[DVec3; 2]> {
    if six.len() != 6 {
        return None;
    }
    let (x, y) = (DVec3::from_slice(&six[..3]), DVec3::from_slice(&six[3..]));
    let (x, y) = (x.try_normalize()?, y.try_normalize()?);
    (x.dot(y).abs() < 0.02).then_some([x, y])
}

/// From row to row and from column to column as DICOM has it (PS3.3 10.7.1.3), the other way round.
fn pair(rows_first: &[f64]) -> Option<[f64; 2]> {
    match *rows_first {
        [rows, columns] if rows > 0.0 && columns > 0.0 => Some([columns, rows]),
        _ => None,
    }
}

fn length(said: Attributes, tag: Tag) -> Option<f64> {
    said.number(tag).map(f64::abs).filter(|mm| *mm > 0.0)
}

/// Rescale slope and intercept; a slope of nothing is none.
fn scale(said: Attributes) -> Scale {
    // Of an RT dose: to gray, or to shares of a reference.
    let slope = said.number(tags::RESCALE_SLOPE).or_else(|| said.number(tags::DOSE_GRID_SCALING));
    let slope = slope.filter(|slope| *slope != 0.0);
    match (slope, said.number(tags::RESCALE_INTERCEPT)) {
        (None, None) => Scale::NONE,
        (slope, inter) => Scale { slope: slope.unwrap_or(1.0), inter: inter.unwrap_or(0.0) },
    }
}

/// The image type from its third value on: `LOCALIZER`, `M\NONE`.
fn kind(said: Attributes, tag: Tag) -> String {
    let text = said.text(tag).unwrap_or_default();
    text.split('\\').skip(2).map(str::trim).collect::<Vec<_>>().join("\\")
}
