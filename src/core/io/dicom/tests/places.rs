//! Folders, archives and indexes with several series.

use std::io::Write as _;
use std::sync::Arc;

use dicom_core::value::DataSetSequence;
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

use super::*;
use crate::io::{OpenOptions, SeriesList, SeriesRemark, SliceSpacing, formats};

fn list(path: &Path) -> Result<Option<Arc<dyn SeriesList>>, IoError> {
    DicomReader.list(&Source::at(path), &CancelToken::new(), &Progress::new())
}

fn several(path: &Path) -> Arc<dyn SeriesList> {
    list(path).unwrap().unwrap()
}

fn chosen(path: &Path, series: &str) -> Result<Volume, IoError> {
    let source = Source::Chosen { place: path.to_owned(), series: series.to_owned() };
    formats().open(&source, &Limits::default(), &CancelToken::new(), &Progress::new())
}

fn of_patient(images: Vec<InMemDicomObject>, name: &str, study: &str) -> Vec<InMemDicomObject> {
    let each = |image| {
        let image = with(image, tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192");
        let image = with(image, tags::PATIENT_NAME, VR::PN, name);
        let image = with(image, tags::PATIENT_ID, VR::LO, &format!("ID {name}"));
        let image = with(image, tags::STUDY_DATE, VR::DA, "20240331");
        let image = with(image, tags::SERIES_DESCRIPTION, VR::LO, "Abdomen 1.0");
        with(image, tags::STUDY_INSTANCE_UID, VR::UI, study)
    };
    images.into_iter().map(each).collect()
}

pub(super) fn numbered(series: &str, count: usize) -> Vec<InMemDicomObject> {
    (0..count).map(|n| image(series, n, [0.0, 0.0, n as f64], 10 * n as i16)).collect()
}

/// Two patients; one has a localizer, copies, and a series of two sizes.
fn hospital() -> tempfile::TempDir {
    let mut images = of_patient(numbered("6", 4), "Roe^Ann", "1.2.9");
    images.extend(of_patient(numbered("5", 3), "Doe^Jane=王^小东", "1.2.8"));
    let localizer = numbered("1", 2).into_iter();
    let localizer =
        localizer.map(|i| with(i, tags::IMAGE_TYPE, VR::CS, "ORIGINAL\\PRIMARY\\LOCALIZER"));
    images.extend(of_patient(localizer.collect(), "Doe^Jane=王^小东", "1.2.8"));
    let mut sizes = numbered("7", 3);
    for image in &mut sizes[2..] {
        image.put(DataElement::new(tags::ROWS, VR::US, PrimitiveValue::from(2u16)));
    }
    sizes.extend(numbered("7", 2));
    images.extend(of_patient(sizes, "Roe^Ann", "1.2.9"));
    folder(images)
}

#[test]
fn a_folder_of_several_series_is_a_list() {
    let dir = hospital();
    let list = several(dir.path());
    let rows: Vec<_> = list
        .rows()
        .iter()
        .map(|row| (row.patient_number, row.study_number, row.title(), row.images, row.size))
        .collect();
    let title = str::to_owned;
    assert_eq!(
        rows,
        [
            (1, 1, title("CT 1"), 2, [4, 3]),
            (1, 1, title("CT 5"), 3, [4, 3]),
            (2, 2, title("CT 6"), 4, [4, 3]),
            (2, 2, title("CT 7 #1"), 2, [4, 3]),
            (2, 2, title("CT 7 #2"), 1, [4, 2]),
        ]
    );
    let row = &list.rows()[1];
    assert_eq!(row.patient.for_the_screen(), "Doe Jane 王 小东 (ID Doe^Jane=王^小东)");
    assert_eq!((row.date.as_deref(), &*row.description), (Some("2024-03-31"), "Abdomen 1.0"));
    assert_eq!(list.rows()[0].remarks, [SeriesRemark::Localizer]);
    let part = SeriesRemark::Part { number: 1, of: 2 };
    assert_eq!(list.rows()[3].remarks, [part, SeriesRemark::Doubles(2)]);
    assert_eq!(list.likely(), 2, "the one with most images");
    assert!(!list.is_plain());
    let picture = list.picture(1, 8, &CancelToken::new()).unwrap();
    // 4 × 3 pixels of 0.5 × 0.75 mm.
    assert_eq!((picture.size, picture.pixels.len()), ([7, 8], 56));
    let (least, most) = (picture.pixels.iter().min(), picture.pixels.iter().max());
    assert_eq!((least, most), (Some(&0), Some(&255)));
}

#[test]
fn a_series_is_named_by_its_uid_its_number_or_its_title() {
    let dir = hospital();
    for (wanted, dims) in [
        ("1.2.3.5", Ok([4, 3, 3])),
        ("5", Ok([4, 3, 3])),
        ("ct 6", Ok([4, 3, 4])),
        ("1.2.3.7", Ok([4, 3, 2])),
        ("1.2.3.7#2", Ok([4, 2, 1])),
        ("any name (CT 7 #2)", Ok([4, 2, 1])),
        // Two of this number.
        ("7", Err("no one series 7 here, but CT 1 (1.2.3.1), CT 5 (1.2.3.5)")),
        ("9", Err("no one series 9 here")),
        ("", Err("no one series")),
        (" ", Err("no one series")),
    ] {
        match (chosen(dir.path(), wanted), dims) {
            (Ok(volume), Ok(dims)) => {
                assert_eq!(volume.grid().dims(), dims, "{wanted}");
                let again = volume.provenance().series().unwrap();
                assert_eq!(chosen(dir.path(), &again).unwrap().grid().dims(), dims, "{again}");
                assert!(!warnings(&volume).contains("sets of images"), "it was asked for");
                let all = format!("{volume:?}");
                assert!(!all.contains("Doe") && !all.contains("Roe"), "{wanted}");
            }
            (Err(error), Err(part)) => {
                let text = error.to_string();
                assert!(text.contains(part) && !text.contains("Doe"), "{wanted}: {text}");
            }
            (found, _) => panic!("{wanted}: {:?}", found.map(|v| v.grid().dims())),
        }
    }
}

#[test]
fn what_has_one_scan_is_opened_straight() {
    let mut images = numbered("5", 3);
    let localizer = numbered("1", 2).into_iter();
    images.extend(
        localizer.map(|i| with(i, tags::IMAGE_TYPE, VR::CS, "ORIGINAL\\PRIMARY\\LOCALIZER")),
    );
    let dir = folder(images);
    let list = several(dir.path());
    assert!(list.is_plain() && list.rows().len() == 2);
    let limits = Limits::default();
    let volume = list
        .open_likely(&OpenOptions::default(), &limits, &CancelToken::new(), &Progress::new())
        .unwrap();
    assert_eq!(volume.grid().dims(), [4, 3, 3]);
    assert!(warnings(&volume).contains("series 1, CT, 2 images"));
}

#[test]
fn a_series_may_lie_in_several_folders() {
    let dir = tempfile::tempdir().unwrap();
    let (a, b) = (folder(numbered("5", 2)), folder(numbered("5", 4).split_off(2)));
    for (from, to) in [(&a, "a/b"), (&b, "c")] {
        let to = dir.path().join(to);
        std::fs::create_dir_all(&to).unwrap();
        for entry in std::fs::read_dir(from.path()).unwrap().flatten() {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
    assert_eq!(open(dir.path()).unwrap().grid().dims(), [4, 3, 4]);
}

/// An index of files by these names.
fn index(names: &[&str]) -> InMemDicomObject {
    let record = |name: &&str| {
        let text = PrimitiveValue::Strs(name.split('\\').map(str::to_owned).collect());
        InMemDicomObject::from_element_iter([
            DataElement::new(tags::DIRECTORY_RECORD_TYPE, VR::CS, PrimitiveValue::from("IMAGE")),
            DataElement::new(tags::REFERENCED_FILE_ID, VR::CS, text),
        ])
    };
    let records: Vec<_> = names.iter().map(record).collect();
    let class = "1.2.840.10008.1.3.10";
    InMemDicomObject::from_element_iter([
        DataElement::new(tags::MEDIA_STORAGE_SOP_CLASS_UID, VR::UI, PrimitiveValue::from(class)),
        DataElement::new(tags::SOP_CLASS_UID, VR::UI, PrimitiveValue::from(class)),
        DataElement::new(tags::DIRECTORY_RECORD_SEQUENCE, VR::SQ, DataSetSequence::from(records)),
    ])
}

fn write_index(path: &Path, names: &[&str]) {
    let mut data = index(names);
    data.remove_element(tags::MEDIA_STORAGE_SOP_CLASS_UID);
    let meta = FileMetaTableBuilder::new()
        .transfer_syntax("1.2.840.10008.1.2.1")
        .media_storage_sop_class_uid("1.2.840.10008.1.3.10")
        .media_storage_sop_instance_uid("1.2.3.4");
    data.with_meta(meta).unwrap().write_to_file(path).unwrap();
}

#[test]
fn an_index_opens_the_files_that_it_names() {
    let dir = tempfile::tempdir().unwrap();
    let images = folder(numbered("5", 3));
    let inner = dir.path().join("images");
    std::fs::create_dir(&inner).unwrap();
    let mut names = Vec::new();
    for (n, entry) in std::fs::read_dir(images.path()).unwrap().flatten().enumerate() {
        std::fs::copy(entry.path(), inner.join(format!("im{n}"))).unwrap();
        names.push(format!("IMAGES\\IM{n}"));
    }
    // Not there; and not in the folder.
    let outside = dir.path().join("outside");
    std::fs::copy(inner.join("im0"), &outside).unwrap();
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.extend(["IMAGES\\IM9", "IMAGES\\..\\..\\outside", "..\\..\\etc\\passwd"]);
    let path = dir.path().join("DICOMDIR");
    write_index(&path, &names);
    let volume = open(&path).unwrap();
    assert_eq!(volume.grid().dims(), [4, 3, 3]);
    let told = warnings(&volume);
    assert!(told.contains("3 files that the index names are missing"), "{told}");
    assert!(told.contains("IMAGES/IM9"), "{told}");
    // Nothing of it is there.
    write_index(&path, &["A\\B"]);
    let why = open(&path).err().map(|e| e.to_string()).unwrap_or_default();
    assert!(why.contains("the index names are missing") && why.contains("A/B"), "{why}");
}

/// The bytes of a ZIP archive with these files.
pub(super) fn archive(files: &[(&str, Vec<u8>)], method: CompressionMethod) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        let options = SimpleFileOptions::default().compression_method(method);
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

pub(super) fn bytes_of(images: Vec<InMemDicomObject>) -> Vec<Vec<u8>> {
    let dir = folder(images);
    let mut paths: Vec<_> =
        std::fs::read_dir(dir.path()).unwrap().flatten().map(|e| e.path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

#[test]
fn an_archive_is_read_as_the_folder_that_it_packs() {
    let files = bytes_of(numbered("5", 3));
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("scans.zip");
    let names = ["scan/1", "../../outside", "/etc/slice", "readme.txt"];
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        let mut members: Vec<(&str, Vec<u8>)> = names.into_iter().zip(files.clone()).collect();
        members.push((names[3], b"Slices.".to_vec()));
        std::fs::write(&path, archive(&members, method)).unwrap();
        let volume = formats().open(
            &Source::at(&path),
            &Limits::default(),
            &CancelToken::new(),
            &Progress::new(),
        );
        let volume = volume.unwrap();
        assert_eq!(volume.grid().dims(), [4, 3, 3], "{method:?}");
        assert_eq!([0, 1, 2].map(|z| volume.value([0, 0, z])), [-1000.0, -990.0, -980.0]);
        assert_eq!(warnings(&volume), "");
        assert!(several(&path).picture(0, 16, &CancelToken::new()).is_some());
    }
    let written: Vec<_> = std::fs::read_dir(dir.path()).unwrap().flatten().collect();
    assert_eq!(written.len(), 1, "nothing is unpacked to a path");
}

/// Puts `bytes` over those at `offset` behind each place where a header of a ZIP archive begins.
fn patched(mut archive: Vec<u8>, signature: [u8; 4], offset: usize, bytes: &[u8]) -> Vec<u8> {
    let begins: Vec<usize> =
        (0..archive.len() - 4).filter(|at| archive[*at..].starts_with(&signature)).collect();
    for at in begins {
        archive[at + offset..at + offset + bytes.len()].copy_from_slice(bytes);
    }
    archive
}

#[test]
fn archives_that_are_not_what_they_say_are_refused_in_a_line() {
    let (local, central) = (*b"PK\x03\x04", *b"PK\x01\x02");
    let files = bytes_of(numbered("5", 3));
    let members: Vec<(&str, Vec<u8>)> = ["a", "b", "c"].into_iter().zip(files).collect();
    let packed = archive(&members, CompressionMethod::Deflated);
    let encrypted = patched(patched(packed.clone(), central, 8, &[1, 0]), local, 6, &[1, 0]);
    // Four gigabytes of some hundred bytes.
    let bomb = patched(packed.clone(), central, 24, &[0xf0, 0xff, 0xff, 0xff]);
    // Ten times what is there.
    let longer = patched(packed.clone(), central, 24, &[0, 0x40, 0, 0]);
    let damaged = {
        let mut bytes = packed.clone();
        let at = bytes.len() / 4;
        bytes[at..at + 40].fill(0x55);
        bytes
    };
    let text = archive(&[("a", b"no images".to_vec())], CompressionMethod::Stored);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("scans.zip");
    for (what, bytes, part) in [
        ("encrypted", encrypted, "an encrypted ZIP archive"),
        ("a bomb", bomb, "claims what can't be"),
        ("longer", longer, ""),
        ("damaged", damaged, ""),
        ("cut short", packed[..packed.len() - 30].to_vec(), "a ZIP archive"),
        ("no images", text, "a ZIP archive"),
    ] {
        std::fs::write(&path, bytes).unwrap();
        let source = Source::at(&path);
        let found =
            formats().open(&source, &Limits::default(), &CancelToken::new(), &Progress::new());
        let Err(why) = found else {
            // One member of three was hit.
            assert_eq!(what, "damaged");
            continue;
        };
        let why = why.to_string();
        assert!(why.contains(part) && !why.contains('\n'), "{what}: {why}");
    }
}

#[cfg(unix)]
#[test]
fn what_nobody_may_look_into_is_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = folder(numbered("5", 3));
    let closed = dir.path().join("zzz");
    std::fs::create_dir(&closed).unwrap();
    let rights =
        |mode| std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(mode)).unwrap();
    rights(0);
    let seen = std::fs::read_dir(&closed).is_ok();
    let volume = open(dir.path());
    rights(0o700);
    // Who may do anything is never refused.
    if !seen {
        let told = warnings(&volume.unwrap());
        assert!(told.contains("1 files could not be read"), "{told}");
    }
}

#[test]
fn uneven_slices_are_resampled_when_asked() {
    let dir = folder(series(&[0.0, 1.0, 2.0, 3.5, 5.0]));
    let source = Source::at(dir.path());
    let opened = |spacing| {
        let (cancel, progress) = (CancelToken::new(), Progress::new());
        formats().open_spaced(&source, spacing, &Limits::default(), &cancel, &progress)
    };
    assert!(matches!(opened(SliceSpacing::AsItIs), Err(IoError::Uneven { .. })));
    let volume = opened(SliceSpacing::Even).unwrap();
    assert_eq!(volume.grid().dims(), [4, 3, 6]);
    // Slice n begins with 100 n: at 3 mm two thirds of the way from 200 to 300, rounded.
    let found: Vec<f64> = (0..6).map(|z| volume.value([0, 0, z]) + 1000.0).collect();
    assert_eq!(found, [0.0, 100.0, 200.0, 267.0, 333.0, 400.0]);
    assert!(warnings(&volume).contains("resampled to every 1 mm, linearly"));
    assert!(volume.provenance().is_resampled());
    // What is even stays as it is.
    let dir = folder(series(&[0.0, 1.0, 2.0]));
    let source = Source::at(dir.path());
    let even = formats()
        .open_spaced(
            &source,
            SliceSpacing::Even,
            &Limits::default(),
            &CancelToken::new(),
            &Progress::new(),
        )
        .unwrap();
    assert!(!even.provenance().is_resampled());
}
