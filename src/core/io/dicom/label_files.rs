//! Files that have labels of a scan and nothing else: on that scan's grid, or, of segmentations, on their own.

use std::path::Path;

use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::super::error::IoError;
use super::super::format::Onto;
use super::super::labels_onto::{OwnLabels, labels_onto};
use super::super::labels_read::LabelsRead;
use super::super::limits::Limits;
use super::super::note::{LabelNote, note};
use super::super::overlaps::{told_overlaps, without_overlaps};
use super::NAME;
use super::attributes::Attributes;
use super::class::{STRUCTURE_SET, is_segmentation};
use super::opened::{data_set, open};
use super::out::{says_no_patient, would_name_patient};
use super::rtstruct;
use super::seg;
use crate::volume::{LabelName, Provenance, Scale, Volume, Voxels, Warning};
use crate::work::{CancelToken, Progress};

/// The labels of a segmentation or a structure set on a scan's grid; `None` of another file.
///
/// # Errors
/// See [`IoError`].
pub(super) fn labels(
    path: &Path,
    onto: &Onto,
    limits: Limits,
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<Option<LabelsRead>, IoError> {
    let mut opened = open(path)?;
    let data = data_set(&mut opened, path)?;
    let class = Attributes(&data).text(tags::SOP_CLASS_UID).unwrap_or_default();
    let (said, mut read) = if is_segmentation(&class) {
        let found = seg::read((path, &opened, &data), limits, cancel, progress)?;
        let seg::Segmentation { grid, labels, notes, frame_of_reference } = found;
        let own = OwnLabels { grid, labels, notes };
        (frame_of_reference, labels_onto(own, onto, path, cancel)?)
    } else if class == STRUCTURE_SET {
        let of_scan = frame_of_scan(onto);
        let scan = (onto.grid, of_scan);
        let found = rtstruct::read(Attributes(&data), scan, path, cancel, progress)?;
        let mut notes = found.notes;
        notes.extend(told_overlaps(onto.grid, &found.labels));
        let read = LabelsRead {
            labels: found.labels,
            notes,
            renumbered: found.renumbered,
            is_doubtful: found.is_doubtful,
            apart: found.apart,
        };
        (found.frame_of_reference, read)
    } else {
        return Ok(None);
    };
    let notes = other_frame(said.as_deref(), onto).into_iter().chain(other_images(&data, onto));
    let notes = notes.chain(without_patient(path, &data, onto));
    for (note, is_doubtful) in notes {
        read.is_doubtful |= is_doubtful;
        read.notes.insert(0, note);
    }
    Ok(Some(read))
}

/// A segmentation as a volume of label numbers on its own grid.
///
/// # Errors
/// See [`IoError`].
pub(super) fn volume(
    path: &Path,
    name: &str,
    limits: Limits,
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<Volume, IoError> {
    let mut opened = open(path)?;
    let data = data_set(&mut opened, path)?;
    let found = seg::read((path, &opened, &data), limits, cancel, progress)?;
    let dims = found.grid.dims();
    // The map in its bands, and all of its voxels.
    let needed = found.grid.count() as u64 * 4;
    if needed > limits.memory {
        return Err(IoError::too_large(needed, limits.memory, path));
    }
    let (map, overlap) = without_overlaps(dims, &found.labels);
    let notes = found.notes.iter().chain(&overlap);
    let warnings = notes.map(|note| Warning(note.to_string())).collect();
    let voxels = if map.max() > 255 {
        Voxels::U16(map.to_vec())
    } else {
        let mut bytes = Vec::with_capacity(found.grid.count());
        for z in 0..dims[2] {
            bytes.extend(map.rows(z).flatten().map(|label| *label as u8));
        }
        Voxels::U8(bytes)
    };
    let said = Attributes(&data);
    let known = [
        ("StudyInstanceUID", tags::STUDY_INSTANCE_UID),
        ("SeriesInstanceUID", tags::SERIES_INSTANCE_UID),
        ("FrameOfReferenceUID", tags::FRAME_OF_REFERENCE_UID),
    ];
    let known =
        known.into_iter().filter_map(|(name, tag)| Some((name.to_owned(), said.text(tag)?)));
    let provenance =
        Provenance { format: NAME, identifiers: known.collect(), ..Provenance::default() };
    let (grid, dims) = (found.grid, dims.to_vec());
    Ok(Volume::new(name, grid, dims, voxels, Scale::NONE, provenance, warnings))
}

/// The names of the labels in a segmentation or a structure set; none of another file.
///
/// # Errors
/// See [`IoError`].
pub(super) fn names(path: &Path) -> Result<Vec<LabelName>, IoError> {
    let mut opened = open(path)?;
    let data = data_set(&mut opened, path)?;
    let said = Attributes(&data);
    let class = said.text(tags::SOP_CLASS_UID).unwrap_or_default();
    let found = if is_segmentation(&class) {
        seg::names(said)
    } else if class == STRUCTURE_SET {
        rtstruct::names(said)
    } else {
        return Ok(Vec::new());
    };
    let row = |(value, name, colour): (u16, Option<String>, Option<[u8; 3]>)| LabelName {
        value,
        name: name.unwrap_or_default(),
        colour: colour.unwrap_or(NO_COLOUR),
        opacity: 1.0,
        visible: true,
    };
    Ok(found.map_err(|what| IoError::header(what, path))?.into_iter().map(row).collect())
}

/// Of a label that has none.
const NO_COLOUR: [u8; 3] = [160; 3];

/// What is said if labels were drawn on other images than the scan's, and whether it is worth asking: of another study
/// they may be another patient's.
fn other_images(data: &InMemDicomObject, onto: &Onto) -> Option<(LabelNote, bool)> {
    let said = Attributes(data);
    let known = |name: &str| {
        let mut all = onto.provenance.identifiers.iter();
        all.find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    };
    let differs = |said: Option<String>, name: &str| {
        said.zip(known(name)).is_some_and(|(said, known)| said != known)
    };
    if differs(said.text(tags::STUDY_INSTANCE_UID), "StudyInstanceUID") {
        let note = note(
            "it belongs to another study than the scan: it may be of another day or of another patient",
            &[],
        );
        return Some((note, true));
    }
    // Of labels that are converted without their scan the file is its own.
    if said.text(tags::SERIES_INSTANCE_UID).as_deref() == known(Provenance::SERIES) {
        return None;
    }
    let series = said.first(tags::REFERENCED_SERIES_SEQUENCE);
    let series = series.and_then(|series| series.text(tags::SERIES_INSTANCE_UID));
    if differs(series, Provenance::SERIES) {
        return Some((
            note("it was drawn on another series of the study than the scan", &[]),
            false,
        ));
    }
    None
}

/// What is said of labels of no patient on a scan of one.
fn without_patient(path: &Path, data: &InMemDicomObject, onto: &Onto) -> Option<(LabelNote, bool)> {
    let names = says_no_patient(Attributes(data)) && would_name_patient(path, onto.provenance);
    names.then(|| {
        let note = note(
            "the patient was taken out of this file, and is left out again when it is saved; saved as DICOM under another name it says whose scan this is, unless “DICOM files without the patient” is on",
            &[],
        );
        (note, false)
    })
}

/// The Frame of Reference UID of a scan.
fn frame_of_scan<'a>(onto: &Onto<'a>) -> Option<&'a str> {
    let mut known = onto.provenance.identifiers.iter();
    known.find(|(name, _)| name == "FrameOfReferenceUID").map(|(_, uid)| uid.as_str())
}

/// What is said if the scan is of another frame of reference, or if that is not known; and whether it is worth asking.
fn other_frame(said: Option<&str>, onto: &Onto) -> Option<(LabelNote, bool)> {
    match (said, frame_of_scan(onto)) {
        (Some(said), Some(known)) if said != known => {
            let note = note(
                "it was made in another frame of reference than the scan's: the patient may have moved between the two",
                &[],
            );
            Some((note, true))
        }
        (None, _) => {
            let note = note("it does not say its frame of reference; the scan's is taken", &[]);
            Some((note, false))
        }
        _ => None,
    }
}
