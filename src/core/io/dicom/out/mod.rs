//! What all DICOM files have in common that are written here: they are derived from a scan's images, name these, and
//! are of its patient and study.

mod colour;
mod elements;
mod reference;
mod snomed;
mod without_patient;

pub(super) use colour::{lab_of, rgb_of};
pub(super) use elements::{Item, new_uid, now, three};
pub(super) use reference::{Reference, begin, finish, long_string, wrote};
pub(super) use snomed::coded;
pub(super) use without_patient::{says_no_patient, would_name_patient};
