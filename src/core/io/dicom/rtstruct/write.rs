use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use dicom_core::VR;
use dicom_dictionary_std::tags;
use glam::DVec3;

use super::super::NAME;
use super::super::class::STRUCTURE_SET;
use super::super::out::{
    Item, Reference, begin, coded, finish, long_string, now, would_name_patient, wrote,
};
use super::super::own_block::{PLACE, with_own};
use super::super::structure::IMPLICIT;
use super::outline::Mask;
use crate::geom::Grid;
use crate::io::format::{Content, ContentKind, ContentVoxels, EncodeError, FormatInfo, Writer};
use crate::io::lps;
use crate::volume::{LabelName, Provenance, Region};
use crate::work::{CancelToken, Progress};

/// A millionth of a millimetre: more is not written of a contour.
const EXACT: f64 = 1e6;
/// The class of a study, long retired, that the standard still wants named (PS3.3 C.8.8.5).
const STUDY_CLASS: &str = "1.2.840.10008.3.1.2.3.1";

/// Writes RT Structure Sets: the outlines of labels on each slice.
pub(in crate::io::dicom) struct StructureSetWriter;

impl Writer for StructureSetWriter {
    fn info(&self) -> FormatInfo {
        FormatInfo { name: NAME, endings: &[".rtstruct.dcm"], other_endings: &[] }
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
        let ContentVoxels::Labels(labels) = content.voxels else {
            return Err(EncodeError::Impossible("they are no labels".into()));
        };
        let reference = Reference::of(content)?;
        let regions = content.covered.whole(labels);
        if regions.is_empty() {
            return Err(EncodeError::Impossible(
                "no object has a voxel, and an RT Structure Set needs one".into(),
            ));
        }
        let mut contours = Vec::new();
        for (n, (value, region)) in regions.iter().enumerate() {
            let row = content.names.iter().find(|row| row.value == *value);
            let own = of_label(region, content.grid, &reference, cancel)?;
            let mut item = Item::new()
                .text(tags::REFERENCED_ROI_NUMBER, VR::IS, value.to_string())
                .sequence(tags::CONTOUR_SEQUENCE, own);
            if let Some([r, g, b]) = row.map(|row| row.colour) {
                item = item.text(tags::ROI_DISPLAY_COLOR, VR::IS, format!("{r}\\{g}\\{b}"));
            }
            contours.push(item);
            progress.set_done((labels.dims()[2] * (n + 1) / regions.len()) as u64);
        }
        let places = content.covered.order(labels).into_iter().zip(0..).collect();
        let item = structure_set(&reference, &regions, content.names, &places);
        // Contours may be longer than 65,534 bytes, which explicit types can't say of them.
        finish(&reference, item.sequence(tags::ROI_CONTOUR_SEQUENCE, contours), IMPLICIT, out)
    }
}

/// All but the contours.
fn structure_set(
    reference: &Reference,
    regions: &BTreeMap<u16, Region>,
    names: &[LabelName],
    places: &BTreeMap<u16, u16>,
) -> Item {
    let [day, time] = now();
    let name = |value: u16| {
        let named = names.iter().find(|row| row.value == value);
        let named = named.map(|row| row.name.trim()).filter(|name| !name.is_empty());
        named.map_or_else(|| format!("Label {value}"), ToOwned::to_owned)
    };
    let roi = |value: &u16| {
        let item = Item::new()
            .text(tags::ROI_NUMBER, VR::IS, value.to_string())
            .text(tags::REFERENCED_FRAME_OF_REFERENCE_UID, VR::UI, &reference.frame)
            .text(tags::ROI_NAME, VR::LO, long_string(&name(*value)))
            .text(tags::ROI_GENERATION_ALGORITHM, VR::CS, "SEMIAUTOMATIC");
        match places.get(value) {
            Some(place) => with_own(item, PLACE, *place),
            None => item,
        }
    };
    let observation = |(n, value): (usize, &u16)| {
        let item = Item::new()
            .text(tags::OBSERVATION_NUMBER, VR::IS, (n + 1).to_string())
            .text(tags::REFERENCED_ROI_NUMBER, VR::IS, value.to_string())
            .empty(tags::RTROI_INTERPRETED_TYPE, VR::CS)
            .empty(tags::ROI_INTERPRETER, VR::PN);
        let [code, meaning] = coded(&name(*value)).kind;
        item.code(tags::RTROI_IDENTIFICATION_CODE_SEQUENCE, ["SCT", &code, &meaning])
    };
    let series = Item::new()
        .text(tags::SERIES_INSTANCE_UID, VR::UI, &reference.series)
        .sequence(tags::CONTOUR_IMAGE_SEQUENCE, reference.images());
    let study = Item::new()
        .text(tags::REFERENCED_SOP_CLASS_UID, VR::UI, STUDY_CLASS)
        .text(tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, &reference.study)
        .sequence(tags::RT_REFERENCED_SERIES_SEQUENCE, [series]);
    let frame = Item::new()
        .text(tags::FRAME_OF_REFERENCE_UID, VR::UI, &reference.frame)
        .sequence(tags::RT_REFERENCED_STUDY_SEQUENCE, [study]);
    begin(reference, STRUCTURE_SET, "RTSTRUCT")
        .empty(tags::OPERATORS_NAME, VR::PN)
        .text(tags::SERIES_DESCRIPTION, VR::LO, "Contours by Voxpoint")
        .text(tags::STRUCTURE_SET_LABEL, VR::SH, "Voxpoint")
        .text(tags::STRUCTURE_SET_DATE, VR::DA, day)
        .text(tags::STRUCTURE_SET_TIME, VR::TM, time)
        .text(tags::APPROVAL_STATUS, VR::CS, "UNAPPROVED")
        .sequence(tags::REFERENCED_FRAME_OF_REFERENCE_SEQUENCE, [frame])
        .sequence(tags::STRUCTURE_SET_ROI_SEQUENCE, regions.keys().map(roi))
        .sequence(tags::RTROI_OBSERVATIONS_SEQUENCE, regions.keys().enumerate().map(observation))
}

/// The contours of a label, slice after slice.
fn of_label(
    region: &Region,
    grid: &Grid,
    reference: &Reference,
    cancel: &CancelToken,
) -> Result<Vec<Item>, EncodeError> {
    let [nx, ny, _] = grid.dims();
    let area = nx * ny;
    let mut contours = Vec::new();
    for runs in region.runs().chunk_by(|a, b| a.start / area == b.start / area) {
        cancel.check()?;
        let z = runs[0].start / area;
        let within = runs.iter().map(|run| {
            let at = run.start - z * area;
            (at / nx, at % nx..at % nx + run.len as usize)
        });
        let (low_x, high_x) = within.clone().fold((usize::MAX, 0), |(low, high), (_, run)| {
            (low.min(run.start), high.max(run.end - 1))
        });
        let (first, last) = (runs[0], runs[runs.len() - 1]);
        let row = |start: usize| (start - z * area) / nx;
        let mut mask = Mask::new([low_x, row(first.start)], [high_x, row(last.start)]);
        for (row, run) in within {
            mask.set(row, run);
        }
        for ring in mask.outlines() {
            contours.push(contour(&ring, z, grid, reference));
        }
    }
    Ok(contours)
}

fn contour(ring: &[[i32; 2]], z: usize, grid: &Grid, reference: &Reference) -> Item {
    let points = ring.iter().flat_map(|[u, v]| {
        let at = DVec3::new(f64::from(*u) / 2.0, f64::from(*v) / 2.0, z as f64);
        let place = grid.world(at) * lps::FLIP;
        place.to_array().map(|mm| (mm * EXACT).round() / EXACT)
    });
    Item::new()
        .sequence(tags::CONTOUR_IMAGE_SEQUENCE, reference.image_of_slice(z))
        .text(tags::CONTOUR_GEOMETRIC_TYPE, VR::CS, "CLOSED_PLANAR")
        .text(tags::NUMBER_OF_CONTOUR_POINTS, VR::IS, ring.len().to_string())
        .decimal(tags::CONTOUR_DATA, points)
}
