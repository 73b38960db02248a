//! The images that a file is derived from: it names them, lies in their frame of reference, and is of their patient.

use std::io::{self, Write};

use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use dicom_object::meta::FileMetaTableBuilder;

use super::super::NAME;
use super::super::attributes::Attributes;
use super::super::opened::data_set;
use super::super::origin::Origin;
use super::elements::{Item, new_uid, now};
use super::without_patient::without_patient;
use crate::geom::{DAffine3, DVec3, Grid};
use crate::io::format::{Content, EncodeError};
use crate::io::volume_part::VolumePart;
use crate::volume::{Provenance, SourceFile, SourceImages, WithinImages};
use crate::work::CancelToken;

/// What a file says of the patient and the study, as its images do (PS3.3 C.7.1.1, C.7.2.1, C.7.2.2): with an empty
/// value where they say nothing but the standard wants the element.
pub(super) const WANTED: [(Tag, VR); 9] = [
    (tags::PATIENT_NAME, VR::PN),
    (tags::PATIENT_ID, VR::LO),
    (tags::PATIENT_BIRTH_DATE, VR::DA),
    (tags::PATIENT_SEX, VR::CS),
    (tags::STUDY_DATE, VR::DA),
    (tags::STUDY_TIME, VR::TM),
    (tags::REFERRING_PHYSICIAN_NAME, VR::PN),
    (tags::STUDY_ID, VR::SH),
    (tags::ACCESSION_NUMBER, VR::SH),
];
/// Further elements of these, where the images have them. Those that say that a patient was made unknown stay with it.
pub(super) const FURTHER: [(Tag, VR); 9] = [
    (tags::ISSUER_OF_PATIENT_ID, VR::LO),
    (tags::PATIENT_AGE, VR::AS),
    (tags::PATIENT_SIZE, VR::DS),
    (tags::PATIENT_WEIGHT, VR::DS),
    (tags::STUDY_DESCRIPTION, VR::LO),
    (tags::PATIENT_IDENTITY_REMOVED, VR::CS),
    (tags::DEIDENTIFICATION_METHOD, VR::LO),
    (tags::LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED, VR::CS),
    (tags::BURNED_IN_ANNOTATION, VR::CS),
];
/// Registered nowhere and never changed: a UUID as UID.
const IMPLEMENTATION: &str = "2.25.281472961274859380371150338218342513049";
/// By which a file that was written here is known again.
const IMPLEMENTATION_NAME: &str = "VOXPOINT";

/// The images of a scan, for a file that is derived from them.
pub(in crate::io::dicom) struct Reference<'a> {
    /// Their files.
    images: &'a SourceImages,
    /// Columns, rows and slices of a time point.
    dims: [usize; 3],
    /// The header of one of them.
    header: InMemDicomObject,
    /// Their Series Instance UID.
    pub series: String,
    /// Their Study Instance UID.
    pub study: String,
    /// Their Frame of Reference UID.
    pub frame: String,
}

impl<'a> Reference<'a> {
    /// Of what is to be written.
    ///
    /// # Errors
    /// [`EncodeError::NoImages`] if it is of no DICOM images, or these are not where they were read.
    pub fn of(content: &Content<'a>) -> Result<Self, EncodeError> {
        let no = |what: &str| EncodeError::NoImages(what.to_owned());
        let dims = content.grid.dims();
        let images = content.provenance.images.as_deref();
        let images = images.ok_or_else(|| no(without_images(content.provenance)))?;
        let fits = images.within.is_none_or(|WithinImages { size, first }| {
            (0..2).all(|axis| first[axis] + dims[axis] <= size[axis])
        });
        if images.slices.is_empty() || !images.slices.len().is_multiple_of(dims[2]) || !fits {
            return Err(no("its slices are not those of the images"));
        }
        let file = images.files.first().ok_or_else(|| no("there are none"))?;
        if images.files.iter().any(|file| file.instance.is_empty() || file.class.is_empty()) {
            return Err(no("they have no UIDs"));
        }
        let header = Origin::again(&file.path, file.archive.as_deref(), &CancelToken::new())
            .and_then(|origin| data_set(&mut origin.open()?, &file.path));
        let header = header.map_err(|e| EncodeError::NoImages(e.to_string()))?;
        let said = Attributes(&header);
        let uid = |tag| said.text(tag).unwrap_or_default();
        if uid(tags::SOP_INSTANCE_UID) != file.instance {
            return Err(no("another image lies where the first of them was"));
        }
        let frame = uid(tags::FRAME_OF_REFERENCE_UID);
        if frame.is_empty() {
            return Err(no("they do not say their frame of reference"));
        }
        let (series, study) = (uid(tags::SERIES_INSTANCE_UID), uid(tags::STUDY_INSTANCE_UID));
        if series.is_empty() || study.is_empty() {
            return Err(no("they do not say their study and series"));
        }
        Ok(Self { images, dims, header, series, study, frame })
    }

    /// Which part of each image the content is.
    pub fn within(&self) -> WithinImages {
        let [columns, rows, _] = self.dims;
        self.images.within.unwrap_or(WithinImages { size: [columns, rows], first: [0; 2] })
    }

    /// Where the whole images of the content's slices lie. `grid`: that of the content.
    ///
    /// # Errors
    /// If there is no such grid.
    pub fn grid_of_images(&self, grid: &Grid) -> Result<Grid, EncodeError> {
        let WithinImages { size: [columns, rows], first } = self.within();
        let first = first.map(|n| -(n as f64));
        let from_first = DAffine3::from_translation(DVec3::new(first[0], first[1], 0.0));
        Grid::new([columns, rows, self.dims[2]], grid.world_from_voxel() * from_first)
            .map_err(|e| EncodeError::Impossible(e.to_string()))
    }

    /// The file that a slice is of, and the number of its image there (from 1) if it has several. Of several time points
    /// the first that has it.
    fn of_slice(&self, z: usize) -> Option<(&SourceFile, Option<usize>)> {
        let (file, frame) =
            self.images.slices.iter().skip(z).step_by(self.dims[2]).find_map(|s| *s)?;
        let file = self.images.files.get(file)?;
        Some((file, file.is_multi_frame.then_some(frame + 1)))
    }

    /// Names the image of a slice.
    pub fn image_of_slice(&self, z: usize) -> Option<Item> {
        let (file, frame) = self.of_slice(z)?;
        let item = named(file);
        Some(match frame {
            Some(frame) => item.text(tags::REFERENCED_FRAME_NUMBER, VR::IS, frame.to_string()),
            None => item,
        })
    }

    /// Names all images.
    pub fn images(&self) -> impl Iterator<Item = Item> {
        self.images.files.iter().map(named)
    }
}

/// Why a scan has no images.
fn without_images(said: &Provenance) -> &'static str {
    if said.format == NAME && VolumePart::of(said).every != [1; 3] {
        return "the scan was opened coarser, so its voxels are none of the images' pixels; open it whole, or a box of it";
    }
    "the scan was not opened from DICOM, so it has no images to be named; open its DICOM folder"
}

/// Names a file by its class and instance.
fn named(file: &SourceFile) -> Item {
    Item::new().text(tags::REFERENCED_SOP_CLASS_UID, VR::UI, &file.class).text(
        tags::REFERENCED_SOP_INSTANCE_UID,
        VR::UI,
        &file.instance,
    )
}

/// What every derived file begins with: itself, its patient, its study, its series, its maker.
pub(in crate::io::dicom) fn begin(reference: &Reference, class: &str, modality: &str) -> Item {
    let [day, time] = now();
    let mut item = Item::new()
        .text(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192")
        .text(tags::SOP_CLASS_UID, VR::UI, class)
        .text(tags::SOP_INSTANCE_UID, VR::UI, new_uid())
        .text(tags::INSTANCE_CREATION_DATE, VR::DA, &day)
        .text(tags::INSTANCE_CREATION_TIME, VR::TM, &time)
        .text(tags::MODALITY, VR::CS, modality)
        .text(tags::STUDY_INSTANCE_UID, VR::UI, &reference.study)
        .text(tags::SERIES_INSTANCE_UID, VR::UI, new_uid())
        .text(tags::SERIES_NUMBER, VR::IS, "900")
        .text(tags::SERIES_DATE, VR::DA, &day)
        .text(tags::SERIES_TIME, VR::TM, &time)
        .text(tags::INSTANCE_NUMBER, VR::IS, "1")
        .text(tags::MANUFACTURER, VR::LO, "Voxpoint")
        .text(tags::MANUFACTURER_MODEL_NAME, VR::LO, "Voxpoint")
        .text(tags::DEVICE_SERIAL_NUMBER, VR::LO, "1")
        .text(tags::SOFTWARE_VERSIONS, VR::LO, env!("CARGO_PKG_VERSION"))
        .text(tags::FRAME_OF_REFERENCE_UID, VR::UI, &reference.frame);
    let said = Attributes(&reference.header);
    let several = said.text(tags::SPECIFIC_CHARACTER_SET).is_some_and(|set| set.contains('\\'));
    let copied = |tag: Tag| {
        let text = said.text(tag)?;
        if !several {
            return Some(text);
        }
        // Of character sets that change within a text the first is read: what is in others is left out.
        let text = text.split('=').next().unwrap_or_default().to_owned();
        (!text.contains('\u{1b}')).then_some(text)
    };
    let position = copied(tags::POSITION_REFERENCE_INDICATOR).unwrap_or_default();
    item = item.text(tags::POSITION_REFERENCE_INDICATOR, VR::LO, position);
    for (tag, vr) in WANTED {
        item = match copied(tag) {
            Some(text) => item.text(tag, vr, text),
            None => item.empty(tag, vr),
        };
    }
    for (tag, vr) in FURTHER {
        if let Some(text) = copied(tag) {
            item = item.text(tag, vr, text);
        }
    }
    item
}

/// Writes a file, of which [`SourceImages::without_patient`] says whether it tells who the patient is. `syntax`: of the two
/// that are not compressed.
///
/// # Errors
/// If `out` can't be written to.
pub(in crate::io::dicom) fn finish(
    reference: &Reference,
    item: Item,
    syntax: &str,
    out: &mut dyn Write,
) -> Result<(), EncodeError> {
    let item = if reference.images.without_patient { without_patient(item) } else { item };
    let data = item.0;
    let said = Attributes(&data);
    let uid = |tag| said.text(tag).unwrap_or_default();
    let meta = FileMetaTableBuilder::new()
        .transfer_syntax(syntax)
        .media_storage_sop_class_uid(uid(tags::SOP_CLASS_UID))
        .media_storage_sop_instance_uid(uid(tags::SOP_INSTANCE_UID))
        .implementation_class_uid(IMPLEMENTATION)
        .implementation_version_name(IMPLEMENTATION_NAME);
    let file = data.with_meta(meta).map_err(|e| EncodeError::Impossible(e.to_string()))?;
    let mut kept = KeepsError { out, error: None };
    match file.write_all(&mut kept) {
        Ok(()) => Ok(()),
        Err(e) => Err(EncodeError::Output(kept.error.unwrap_or_else(|| io::Error::other(e)))),
    }
}

/// Keeps the system's error, which the library wraps out of reach.
struct KeepsError<'a> {
    out: &'a mut dyn Write,
    error: Option<io::Error>,
}

impl KeepsError<'_> {
    fn kept<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|e| {
            let kind = e.kind();
            self.error = Some(e);
            kind.into()
        })
    }
}

impl Write for KeepsError<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.out.write(bytes);
        self.kept(result)
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = self.out.flush();
        self.kept(result)
    }
}

/// Whether a file that begins like this was written here.
pub(in crate::io::dicom) fn wrote(beginning: &[u8]) -> bool {
    let name = IMPLEMENTATION_NAME.as_bytes();
    beginning.get(128..132) == Some(b"DICM") && beginning.windows(name.len()).any(|w| w == name)
}

/// A text of at most 64 characters (VR LO), in which `\\` would begin another.
pub(in crate::io::dicom) fn long_string(text: &str) -> String {
    let plain = |c: char| if c == '\\' || c.is_control() { ' ' } else { c };
    text.trim().chars().take(64).map(plain).collect()
}

impl Reference<'_> {
    /// Whether the images were compressed with loss: `01` or `00`, as the standard writes it.
    pub fn lossy(&self) -> &'static str {
        let said = Attributes(&self.header).text(tags::LOSSY_IMAGE_COMPRESSION);
        if said.as_deref() == Some("01") { "01" } else { "00" }
    }
}
