use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use glam::DVec3;

use super::super::NAME;
use super::super::class::{LABEL_MAP, SEGMENTATION};
use super::super::out::{
    Item, Reference, begin, coded, finish, lab_of, long_string, new_uid, three, would_name_patient,
    wrote,
};
use super::super::own_block::{LABEL, PLACE, with_own};
use super::super::structure::EXPLICIT;
use super::bits::Bits;
use crate::geom::Grid;
use crate::io::format::{Content, ContentKind, ContentVoxels, EncodeError, FormatInfo, Writer};
use crate::io::lps;
use crate::volume::{LabelMap, LabelName, Provenance, Region, WithinImages};
use crate::work::{CancelToken, Progress};

/// More bytes of pixels don't fit into an element.
const MOST_BYTES: u64 = u32::MAX as u64 - 1;

/// Writes segmentations of one bit for each voxel and label, which every program knows.
pub(in crate::io::dicom) struct SegWriter;

/// Writes segmentations of one number for each voxel (Supplement 243).
pub(in crate::io::dicom) struct LabelMapWriter;

impl Writer for SegWriter {
    fn info(&self) -> FormatInfo {
        FormatInfo { name: NAME, endings: &[".dcm", ".seg.dcm"], other_endings: &[] }
    }

    fn can(&self, kind: ContentKind) -> bool {
        kind == ContentKind::Labels
    }

    fn names_images(&self) -> bool {
        true
    }

    fn keeps_overlaps(&self) -> bool {
        true
    }

    fn wrote(&self, beginning: &[u8]) -> bool {
        wrote(beginning)
    }

    fn would_name_patient(&self, path: &Path, of_scan: &Provenance) -> bool {
        would_name_patient(path, of_scan)
    }

    fn encode(
        &self,
        content: &Content,
        _: &str,
        out: &mut dyn Write,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<(), EncodeError> {
        encode(content, false, out, cancel, progress)
    }
}

impl Writer for LabelMapWriter {
    fn info(&self) -> FormatInfo {
        FormatInfo { name: NAME, endings: &[".labelmap.dcm"], other_endings: &[] }
    }

    fn can(&self, kind: ContentKind) -> bool {
        kind == ContentKind::Labels
    }

    fn names_images(&self) -> bool {
        true
    }

    fn wrote(&self, _: &[u8]) -> bool {
        // It begins as that of the other writer, which knows it.
        false
    }

    fn would_name_patient(&self, path: &Path, of_scan: &Provenance) -> bool {
        would_name_patient(path, of_scan)
    }

    fn encode(
        &self,
        content: &Content,
        _: &str,
        out: &mut dyn Write,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<(), EncodeError> {
        encode(content, true, out, cancel, progress)
    }
}

/// Pixels and of which slice and segment each frame is.
struct Frames {
    pixels: Vec<u8>,
    bits: u16,
    /// Slice, and the number of the segment if the frame is of one.
    of: Vec<(usize, Option<u16>)>,
}

fn encode(
    content: &Content,
    as_label_map: bool,
    out: &mut dyn Write,
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<(), EncodeError> {
    let ContentVoxels::Labels(labels) = content.voxels else {
        return Err(EncodeError::Impossible("they are no labels".into()));
    };
    let reference = Reference::of(content)?;
    let regions = content.covered.whole(labels);
    if regions.is_empty() {
        return Err(EncodeError::Impossible(
            "no object has a voxel, and a DICOM segmentation needs one".into(),
        ));
    }
    let within = reference.within();
    let frames = if as_label_map {
        numbers(labels, within, cancel, progress)?
    } else {
        bits((labels.dims(), within), &regions, cancel, progress)?
    };
    let class = if as_label_map { LABEL_MAP } else { SEGMENTATION };
    let item = begin(&reference, class, "SEG");
    let overlap = if content.covered.is_empty() { "NO" } else { "YES" };
    let [day, time] = super::super::out::now();
    // Whole images also of a part of them: many programs lay a segmentation on the images pixel by pixel.
    let [columns, rows] = within.size.map(|n| n as u16);
    let places: BTreeMap<u16, u16> = content.covered.order(labels).into_iter().zip(0..).collect();
    let segments = regions.keys().enumerate().map(|(n, value)| {
        let number = if as_label_map { *value } else { n as u16 + 1 };
        segment(number, *value, content.names, places.get(value).copied())
    });
    let item = item
        .text(tags::IMAGE_TYPE, VR::CS, "DERIVED\\PRIMARY")
        .text(tags::CONTENT_DATE, VR::DA, day)
        .text(tags::CONTENT_TIME, VR::TM, time)
        .text(tags::LOSSY_IMAGE_COMPRESSION, VR::CS, reference.lossy())
        .text(tags::CONTENT_LABEL, VR::CS, "SEGMENTATION")
        .text(tags::CONTENT_DESCRIPTION, VR::LO, "Segmentation by Voxpoint")
        .text(tags::SERIES_DESCRIPTION, VR::LO, "Segmentation by Voxpoint")
        .empty(tags::CONTENT_CREATOR_NAME, VR::PN)
        .short(tags::SAMPLES_PER_PIXEL, [1])
        .text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2")
        .text(tags::NUMBER_OF_FRAMES, VR::IS, frames.of.len().to_string())
        .short(tags::ROWS, [rows])
        .short(tags::COLUMNS, [columns])
        .short(tags::BITS_ALLOCATED, [frames.bits])
        .short(tags::BITS_STORED, [frames.bits])
        .short(tags::HIGH_BIT, [frames.bits - 1])
        .short(tags::PIXEL_REPRESENTATION, [0])
        .text(tags::SEGMENTATION_TYPE, VR::CS, if as_label_map { "LABELMAP" } else { "BINARY" })
        .text(tags::SEGMENTS_OVERLAP, VR::CS, overlap)
        .sequence(tags::SEGMENT_SEQUENCE, segments)
        .sequence(tags::REFERENCED_SERIES_SEQUENCE, [referenced_series(&reference)]);
    let item = if as_label_map { item.short(tags::PIXEL_PADDING_VALUE, [0]) } else { item };
    let item = with_places(item, &reference.grid_of_images(content.grid)?, &frames, &reference)?;
    let vr = if frames.bits > 8 { VR::OW } else { VR::OB };
    finish(&reference, item.bytes(tags::PIXEL_DATA, vr, frames.pixels), EXPLICIT, out)
}

fn referenced_series(reference: &Reference) -> Item {
    Item::new()
        .text(tags::SERIES_INSTANCE_UID, VR::UI, &reference.series)
        .sequence(tags::REFERENCED_INSTANCE_SEQUENCE, reference.images())
}

/// One frame for each label and slice that it is in.
fn bits(
    (dims, within): ([usize; 3], WithinImages),
    regions: &BTreeMap<u16, Region>,
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<Frames, EncodeError> {
    let area = dims[0] * dims[1];
    let ([columns, rows], [left, top]) = (within.size, within.first);
    let (mut bits, mut of) = (Bits::default(), Vec::new());
    for (n, region) in regions.values().enumerate() {
        let number = n as u16 + 1;
        for slice in region.runs().chunk_by(|a, b| a.start / area == b.start / area) {
            cancel.check()?;
            let z = slice[0].start / area;
            check_size((of.len() as u64 + 1) * (columns * rows) as u64 / 8)?;
            let begin = bits.grow(columns * rows);
            for run in slice {
                let at = run.start - z * area;
                let (x, y) = (left + at % dims[0], top + at / dims[0]);
                bits.set(begin + y * columns + x, run.len as usize);
            }
            of.push((z, Some(number)));
        }
        progress.set_done((dims[2] * (n + 1) / regions.len()) as u64);
    }
    Ok(Frames { pixels: bits.bytes, bits: 1, of })
}

/// One frame for each slice with a label.
fn numbers(
    labels: &LabelMap,
    within: WithinImages,
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<Frames, EncodeError> {
    let [nx, _, nz] = labels.dims();
    let ([columns, rows], [left, top]) = (within.size, within.first);
    let wide = labels.max() > 255;
    let (mut pixels, mut of) = (Vec::new(), Vec::new());
    for z in (0..nz).filter(|z| !labels.is_untouched(*z)) {
        cancel.check()?;
        progress.set_done(z as u64 + 1);
        if labels.rows(z).flatten().all(|label| *label == 0) {
            continue;
        }
        let size = if wide { 2 } else { 1 };
        check_size((of.len() as u64 + 1) * (columns * rows * size) as u64)?;
        let begin = pixels.len();
        pixels.resize(begin + columns * rows * size, 0u8);
        for (y, row) in labels.rows(z).enumerate() {
            let start = begin + ((top + y) * columns + left) * size;
            for (place, label) in pixels[start..start + nx * size].chunks_mut(size).zip(row) {
                place.copy_from_slice(&label.to_le_bytes()[..size]);
            }
        }
        of.push((z, None));
    }
    Ok(Frames { pixels, bits: if wide { 16 } else { 8 }, of })
}

fn check_size(bytes: u64) -> Result<(), EncodeError> {
    if bytes <= MOST_BYTES {
        return Ok(());
    }
    Err(EncodeError::Impossible("a DICOM file holds 4 GB of pixels at most".into()))
}

/// What is said of a label.
fn segment(number: u16, value: u16, names: &[LabelName], place: Option<u16>) -> Item {
    let row = names.iter().find(|row| row.value == value);
    let name = row.map(|row| row.name.trim()).filter(|name| !name.is_empty());
    let name = name.map_or_else(|| format!("Label {value}"), ToOwned::to_owned);
    let item = Item::new()
        .short(tags::SEGMENT_NUMBER, [number])
        .text(tags::SEGMENT_LABEL, VR::LO, long_string(&name))
        .text(tags::SEGMENT_ALGORITHM_TYPE, VR::CS, "SEMIAUTOMATIC")
        .text(tags::SEGMENT_ALGORITHM_NAME, VR::LO, "Voxpoint");
    let item = with_own(item, LABEL, value);
    let item = match place {
        Some(place) => with_own(item, PLACE, place),
        None => item,
    };
    let item = match row {
        Some(row) => item.short(tags::RECOMMENDED_DISPLAY_CIE_LAB_VALUE, lab_of(row.colour)),
        None => item,
    };
    coded(&name).put(
        item,
        tags::SEGMENTED_PROPERTY_CATEGORY_CODE_SEQUENCE,
        tags::SEGMENTED_PROPERTY_TYPE_CODE_SEQUENCE,
        tags::SEGMENTED_PROPERTY_TYPE_MODIFIER_CODE_SEQUENCE,
    )
}

/// Where each frame lies, what it is of, and the image that it lies on.
fn with_places(
    item: Item,
    grid: &Grid,
    frames: &Frames,
    reference: &Reference,
) -> Result<Item, EncodeError> {
    let ([x, y, step], first) = lps::of(grid);
    if x.normalize().dot(y.normalize()).abs() > 1e-3 {
        let what = "its rows and columns are not at right angles, as DICOM wants them";
        return Err(EncodeError::Impossible(what.into()));
    }
    let normal = x.cross(y).normalize();
    let apart = step.dot(normal).abs();
    let axes = [three(x.normalize()), three(y.normalize())].concat();
    let measures = Item::new()
        .decimal(tags::SLICE_THICKNESS, [apart])
        .decimal(tags::SPACING_BETWEEN_SLICES, [apart])
        .decimal(tags::PIXEL_SPACING, [y.length(), x.length()]);
    let orientation = Item::new().decimal(tags::IMAGE_ORIENTATION_PATIENT, axes);
    let shared = Item::new()
        .sequence(tags::PIXEL_MEASURES_SEQUENCE, [measures])
        .sequence(tags::PLANE_ORIENTATION_SEQUENCE, [orientation]);
    let mut used: Vec<usize> = frames.of.iter().map(|(z, _)| *z).collect();
    used.sort_unstable();
    used.dedup();
    let each = frames.of.iter().map(|&(z, number)| {
        let place: DVec3 = first + z as f64 * step;
        let position = Item::new().decimal(tags::IMAGE_POSITION_PATIENT, three(place));
        let rank = used.partition_point(|other| *other < z) as u32 + 1;
        let index = number.map(u32::from).into_iter().chain([rank]);
        let content = Item::new().long(tags::DIMENSION_INDEX_VALUES, index);
        let frame = Item::new()
            .sequence(tags::FRAME_CONTENT_SEQUENCE, [content])
            .sequence(tags::PLANE_POSITION_SEQUENCE, [position])
            .sequence(tags::DERIVATION_IMAGE_SEQUENCE, reference.image_of_slice(z).map(derived));
        match number {
            Some(number) => {
                let of = Item::new().short(tags::REFERENCED_SEGMENT_NUMBER, [number]);
                frame.sequence(tags::SEGMENT_IDENTIFICATION_SEQUENCE, [of])
            }
            None => frame,
        }
    });
    let each: Vec<Item> = each.collect();
    Ok(with_dimensions(item, frames.bits == 1)
        .sequence(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, [shared])
        .sequence(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, each))
}

/// By what its frames are ordered (PS3.3 C.7.6.17): their segment, if each is of one, then their place.
fn with_dimensions(item: Item, by_segment: bool) -> Item {
    let organization = new_uid();
    let index = |pointer: Tag, group: Tag, label: &str| {
        Item::new()
            .text(tags::DIMENSION_ORGANIZATION_UID, VR::UI, &organization)
            .tag(tags::DIMENSION_INDEX_POINTER, pointer)
            .tag(tags::FUNCTIONAL_GROUP_POINTER, group)
            .text(tags::DIMENSION_DESCRIPTION_LABEL, VR::LO, label)
    };
    let of_segment = index(
        tags::REFERENCED_SEGMENT_NUMBER,
        tags::SEGMENT_IDENTIFICATION_SEQUENCE,
        "Segment number",
    );
    let of_place =
        index(tags::IMAGE_POSITION_PATIENT, tags::PLANE_POSITION_SEQUENCE, "Image position");
    let indices = by_segment.then_some(of_segment).into_iter().chain([of_place]);
    let id = Item::new().text(tags::DIMENSION_ORGANIZATION_UID, VR::UI, &organization);
    item.sequence(tags::DIMENSION_ORGANIZATION_SEQUENCE, [id])
        .sequence(tags::DIMENSION_INDEX_SEQUENCE, indices)
}

/// Says that a frame was drawn on an image.
fn derived(image: Item) -> Item {
    let image = image.text(tags::SPATIAL_LOCATIONS_PRESERVED, VR::CS, "YES").code(
        tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE,
        ["DCM", "121322", "Source image for image processing operation"],
    );
    Item::new()
        .sequence(tags::SOURCE_IMAGE_SEQUENCE, [image])
        .code(tags::DERIVATION_CODE_SEQUENCE, ["DCM", "113076", "Segmentation"])
}
