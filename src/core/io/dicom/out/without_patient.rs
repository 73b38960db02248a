//! What a file leaves out that is to say nothing of its patient: the Basic Application Level Confidentiality Profile
//! (PS3.15 E.2, table E.1-1) with the option of E.3.9 that keeps UIDs, without which it could not name its images.
//! Names of structures are what the user wrote, and stay.

use std::path::Path;

use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

use super::super::attributes::Attributes;
use super::super::opened::{data_set, open_dicom};
use super::super::origin::Origin;
use super::elements::Item;
use crate::volume::Provenance;
use crate::work::CancelToken;

/// What the profile empties (Z).
const EMPTY: [(Tag, VR); 11] = [
    (tags::PATIENT_NAME, VR::PN),
    (tags::PATIENT_ID, VR::LO),
    (tags::PATIENT_BIRTH_DATE, VR::DA),
    (tags::PATIENT_SEX, VR::CS),
    (tags::STUDY_DATE, VR::DA),
    (tags::STUDY_TIME, VR::TM),
    (tags::REFERRING_PHYSICIAN_NAME, VR::PN),
    (tags::STUDY_ID, VR::SH),
    (tags::ACCESSION_NUMBER, VR::SH),
    (tags::STRUCTURE_SET_DATE, VR::DA),
    (tags::STRUCTURE_SET_TIME, VR::TM),
];
/// What it removes (X).
const REMOVED: [Tag; 14] = [
    tags::ISSUER_OF_PATIENT_ID,
    tags::PATIENT_AGE,
    tags::PATIENT_SIZE,
    tags::PATIENT_WEIGHT,
    tags::STUDY_DESCRIPTION,
    tags::SERIES_DESCRIPTION,
    tags::CONTENT_DESCRIPTION,
    tags::SERIES_DATE,
    tags::SERIES_TIME,
    tags::INSTANCE_CREATION_DATE,
    tags::INSTANCE_CREATION_TIME,
    tags::TIMEZONE_OFFSET_FROM_UTC,
    tags::DEIDENTIFICATION_METHOD,
    tags::OPERATORS_NAME,
];
/// What it replaces (D), as these must have a value.
const REPLACED: [(Tag, VR, &str); 3] = [
    (tags::CONTENT_DATE, VR::DA, "19000101"),
    (tags::CONTENT_TIME, VR::TM, "000000"),
    (tags::DEVICE_SERIAL_NUMBER, VR::LO, "0"),
];
/// What says that it was done, and how (PS3.15 E.2; PS3.16 CID 7050).
const CODES: [[&str; 3]; 3] = [
    ["DCM", "113100", "Basic Application Confidentiality Profile"],
    ["DCM", "113110", "Retain UIDs Option"],
    // The number that a label had, which is the only private element of these files.
    ["DCM", "113111", "Retain Safe Private Option"],
];

/// Whether a file says that its patient was taken out of it (PS3.3 C.7.1.1, Patient Identity Removed).
pub(in crate::io::dicom) fn says_no_patient(said: Attributes) -> bool {
    said.text(tags::PATIENT_IDENTITY_REMOVED).is_some_and(|yes| yes.eq_ignore_ascii_case("YES"))
}

/// Whether the patient was taken out of the file at `path`, and what is written for a scan's images would say who it
/// is. (Images that are without their patient themselves say nothing of one.) Of a file that can't be read it is not
/// known: a name that was taken out must not come back.
pub(in crate::io::dicom) fn would_name_patient(path: &Path, of_scan: &Provenance) -> bool {
    let images = of_scan.images.as_ref().filter(|images| !images.without_patient);
    let Some(image) = images.and_then(|images| images.files.first()) else { return false };
    if !may_be_without_patient(path) {
        return false;
    }
    let data = Origin::again(&image.path, image.archive.as_deref(), &CancelToken::new())
        .and_then(|origin| data_set(&mut origin.open()?, &image.path));
    !data.is_ok_and(|data| says_no_patient(Attributes(&data)))
}

/// Whether the patient was taken out of what lies at a path, as far as can be seen.
fn may_be_without_patient(path: &Path) -> bool {
    match std::fs::metadata(path) {
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => return false,
        Ok(found) if !found.is_file() => return false,
        _ => {}
    }
    match open_dicom(path) {
        Ok(None) => false,
        Ok(Some(mut file)) => {
            data_set(&mut file, path).map_or(true, |data| says_no_patient(Attributes(&data)))
        }
        Err(_) => true,
    }
}

/// The file without what says something of its patient, whatever of that it has.
pub(super) fn without_patient(mut item: Item) -> Item {
    let has = |item: &Item, tag| item.0.get(tag).is_some();
    for (tag, vr) in EMPTY {
        if has(&item, tag) {
            item = item.empty(tag, vr);
        }
    }
    for tag in REMOVED {
        item.0.remove_element(tag);
    }
    // An element of type 2 of the RT Series module: there, but without a value.
    if has(&item, tags::STRUCTURE_SET_DATE) {
        item = item.empty(tags::OPERATORS_NAME, VR::PN);
    }
    for (tag, vr, value) in REPLACED {
        if has(&item, tag) {
            item = item.text(tag, vr, value);
        }
    }
    item.text(tags::PATIENT_IDENTITY_REMOVED, VR::CS, "YES")
        .sequence(tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE, CODES.map(Item::code_item))
        .text(tags::LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED, VR::CS, "REMOVED")
}

#[cfg(test)]
mod tests {
    use super::super::reference::{FURTHER, WANTED};
    use super::*;

    #[test]
    fn of_a_file_that_cannot_be_read_it_is_not_known_who_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("labels.dcm");
        assert!(!may_be_without_patient(&path), "there is none");
        assert!(!may_be_without_patient(folder.path()), "no file");
        std::fs::write(&path, "a text").unwrap();
        assert!(!may_be_without_patient(&path), "nothing of DICOM");
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/dicom/labels");
        let bytes = std::fs::read(data.join("binary_sagittal.dcm")).unwrap();
        std::fs::write(&path, &bytes).unwrap();
        assert!(!may_be_without_patient(&path), "its patient is in it");
        // It ends within an element of its header.
        let cut = |length: usize| {
            std::fs::write(&path, &bytes[..length]).unwrap();
            may_be_without_patient(&path)
        };
        assert!((360..600).any(cut));
    }

    #[test]
    fn nothing_of_what_is_copied_from_the_images_is_left() {
        let of_ours = [
            (tags::SERIES_DATE, VR::DA),
            (tags::SERIES_TIME, VR::TM),
            (tags::INSTANCE_CREATION_DATE, VR::DA),
            (tags::CONTENT_DATE, VR::DA),
            (tags::CONTENT_TIME, VR::TM),
            (tags::STRUCTURE_SET_DATE, VR::DA),
        ];
        let copied = WANTED.into_iter().chain(FURTHER);
        let mut item = Item::new();
        for (tag, vr) in copied.clone().chain(of_ours) {
            item = item.text(tag, vr, "77");
        }
        let left = without_patient(item);
        let said = Attributes(&left.0);
        // That nothing is written on the images says nothing of anybody.
        for (tag, _) in copied.chain(of_ours).filter(|(tag, _)| *tag != tags::BURNED_IN_ANNOTATION)
        {
            assert_ne!(said.text(tag).as_deref(), Some("77"), "{tag}");
        }
        for (tag, _) in WANTED {
            assert!(left.0.get(tag).is_some() && said.text(tag).unwrap_or_default().is_empty());
        }
        assert_eq!(said.text(tags::PATIENT_IDENTITY_REMOVED).as_deref(), Some("YES"));
    }
}
