//! A second format, made up for this test, through the same door as the one that ships: opened, saved, verified; and
//! writers of it that go wrong, each in its way, of which none replaces a file.

use std::path::{Path, PathBuf};

use crate::tiny::{Fault, with_tiny, write_tiny};
use voxpoint::geom::{DAffine3, DVec3};
use voxpoint::io::{ContentKind, IoError, Limits, Registry, Source};
use voxpoint::volume::{LabelMap, LabelName, Volume};
use voxpoint::work::{CancelToken, Progress};

fn open(formats: &Registry, source: &Source) -> Result<Volume, IoError> {
    formats.open(source, &Limits::default(), &CancelToken::new(), &Progress::new())
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("readable").flatten();
    let mut names: Vec<_> = entries.map(|e| e.file_name().into_string().expect("UTF-8")).collect();
    names.sort();
    names
}

fn save(formats: &Registry, path: &Path, labels: &LabelMap, scan: &Volume) -> Result<(), IoError> {
    let liver = LabelName {
        value: 1,
        name: "liver".into(),
        colour: [9, 8, 7],
        opacity: 1.0,
        visible: true,
    };
    let (grid, said) = (scan.grid(), scan.provenance());
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    formats.save_labels(path, labels, grid, said, &[liver], &cancel, &progress).map(drop)
}

#[test]
fn a_second_format_is_opened_from_a_file_a_series_and_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let voxels: Vec<u16> = (0..24).collect();
    write_tiny(&at("scan.tiny"), [4, 3, 2], &voxels);
    std::fs::create_dir(at("scan")).unwrap();
    write_tiny(&at("scan/0.tiny"), [4, 3, 1], &voxels[..12]);
    write_tiny(&at("scan/1.tiny"), [4, 3, 1], &voxels[12..]);
    // Told by content: neither the first nor the second name says it.
    std::fs::copy(at("scan.tiny"), at("scan.nii")).unwrap();
    std::fs::create_dir(at("empty")).unwrap();
    std::fs::write(at("old.tiny"), "TINY0").unwrap();
    std::fs::write(at("notes.tiny"), "a text").unwrap();
    let formats = with_tiny(Fault::None);
    for (source, name) in [
        (Source::at(&at("scan.tiny")), "scan.tiny"),
        (Source::at(&at("scan.nii")), "scan.nii"),
        (Source::at(&at("scan")), "scan"),
        (Source::Series(vec![at("scan/1.tiny"), at("scan/0.tiny")]), "1.tiny"),
    ] {
        let volume = open(&formats, &source).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!((volume.name(), volume.grid().dims()), (name, [4, 3, 2]));
        assert_eq!(volume.grid().world_of([1, 2, 1]), DVec3::new(-9.5, 24.0, 8.0), "{name}");
        assert_eq!(volume.value([3, 2, 1]), 23.0, "{name}");
        assert_eq!(volume.provenance().identifiers[0].1, "1.2.840.7", "{name}");
    }
    let nifti = "tests/data/nifti/niivue_low_res.nii.gz";
    let nifti = Path::new(env!("CARGO_MANIFEST_DIR")).join(nifti);
    assert_eq!(open(&formats, &Source::at(&nifti)).unwrap().provenance().format, "NIfTI");
    for (source, says) in [
        (Source::at(&at("empty")), "this is a folder, not a file"),
        (Source::at(&at("old.tiny")), "looks like a Tiny file of version 0"),
        (
            Source::at(&at("notes.tiny")),
            "convert it to NIfTI (.nii, .nii.gz), NRRD (.nrrd, .nhdr), MetaImage (.mha, .mhd), MGH (.mgz, .mgh), DICOM (.dcm), Tiny (.tiny)",
        ),
        (Source::at(&at("gone.tiny")), "there is no such file"),
        (Source::Series(Vec::new()), "there is no such file"),
    ] {
        let error = open(&formats, &source).unwrap_err().to_string();
        assert!(error.contains(says), "{source:?}: {error}");
    }
    let error = open(&Registry::standard(), &Source::at(&at("scan.tiny"))).unwrap_err();
    assert!(matches!(error, IoError::Unsupported { .. }), "{error}");
}

#[test]
fn a_second_format_is_saved_verified_and_says_what_its_scan_said() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write_tiny(&at("scan.tiny"), [4, 3, 2], &[7; 24]);
    let formats = with_tiny(Fault::None);
    let scan = open(&formats, &Source::at(&at("scan.tiny"))).unwrap();
    let labels: Vec<u16> = (0..24).map(|n| if n % 5 == 0 { 1 } else { n / 20 * 300 }).collect();
    let labels = LabelMap::from_labels([4, 3, 2], &labels);
    for name in ["mask.tiny", "mask.nii.gz", "Mask.TINY"] {
        std::fs::write(at(name), "old").unwrap();
        assert!(formats.is_foreign(&at(name)), "{name}");
        save(&formats, &at(name), &labels, &scan).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(!formats.is_foreign(&at(name)), "{name}");
        let back = open(&formats, &Source::at(&at(name))).unwrap();
        let read = formats.labels_on(&back, &at(name), &scan).unwrap();
        let found: Vec<_> = read.labels.iter().map(|l| (l.value, l.region.clone())).collect();
        assert_eq!(found, labels.regions().into_iter().collect::<Vec<_>>(), "{name}");
        assert_eq!(read.labels[0].name.as_deref(), Some("liver"), "{name}: by the table beside it");
    }
    let back = open(&formats, &Source::at(&at("mask.tiny"))).unwrap();
    assert_eq!(back.provenance(), scan.provenance());
    // What it can't hold is not written in it, and a name of no format in none.
    let values = formats.save_float32(&at("a.tiny"), [1; 3], &[1.0], DAffine3::IDENTITY);
    assert!(
        values
            .unwrap_err()
            .to_string()
            .contains("must end in one of .nii.gz, .nii, .nrrd, .mha, .mhd, .mgz, .mgh;")
    );
    let error = save(&formats, &at("mask.png"), &labels, &scan).unwrap_err().to_string();
    let endings = ".nii.gz, .nii, .nrrd, .seg.nrrd, .mha, .mhd, .mgz, .mgh";
    let dicom = ".dcm, .seg.dcm, .labelmap.dcm, .rtstruct.dcm";
    assert!(error.contains(&format!("must end in one of {endings}, {dicom}, .tiny;")), "{error}");
}

#[test]
fn a_writer_that_goes_wrong_is_caught_and_leaves_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let (scan, mask) = (folder.path().join("scan.tiny"), folder.path().join("mask.tiny"));
    write_tiny(&scan, [4, 3, 2], &[7; 24]);
    std::fs::write(&mask, "old").unwrap();
    std::fs::write(folder.path().join("mask.labels.txt"), "old").unwrap();
    let scan = open(&with_tiny(Fault::None), &Source::File(scan)).unwrap();
    let labels: Vec<u16> = (0..24).map(|n| u16::from(n % 4 == 0)).collect();
    let labels = LabelMap::from_labels([4, 3, 2], &labels);
    for (fault, says) in [
        (Fault::MirrorsLeftAndRight, "differs from what was meant (slice 0)"),
        (Fault::OneVoxelIsOther, "differs from what was meant (slice 1)"),
        (Fault::OneSliceTooFew, "differs from what was meant (the file is cut short"),
        (Fault::LiesElsewhere, "differs from what was meant (its header)"),
        (Fault::OtherSpacing, "differs from what was meant (its header)"),
        (Fault::NothingIsWritten, "differs from what was meant (the file is empty"),
        (Fault::IsAnotherFormat, "differs from what was meant (it is read as NIfTI, not as Tiny)"),
        (Fault::NoDiskLeft, "free some space"),
        (Fault::CanNot, "it is no cube"),
    ] {
        let error = save(&with_tiny(fault), &mask, &labels, &scan).unwrap_err().to_string();
        assert!(
            error.contains(says) && error.contains("nothing was changed"),
            "{fault:?}: {error}"
        );
        assert!(error.ends_with(&mask.display().to_string()), "{fault:?}: {error}");
        for name in ["mask.tiny", "mask.labels.txt"] {
            let kept = std::fs::read_to_string(folder.path().join(name)).unwrap();
            assert_eq!(kept, "old", "{fault:?}: {name}");
        }
        assert_eq!(names_in(folder.path()), ["mask.labels.txt", "mask.tiny", "scan.tiny"]);
    }
}

/// What users are told of the formats comes from the registry: one entry more is in every list.
#[test]
fn lists_have_every_format() {
    let formats = with_tiny(Fault::None);
    assert!(formats.readable().ends_with(", MGH (.mgz, .mgh), DICOM (.dcm), Tiny (.tiny)"));
    assert!(formats.readable_endings().ends_with(".mgz, .mgh, .dcm, .tiny"));
    assert_eq!(formats.written_endings(ContentKind::Labels).last(), Some(&".tiny"));
    assert!(!formats.written_endings(ContentKind::Values).contains(&".tiny"));
    assert!(formats.markdown().ends_with("| Tiny | `.tiny`, `.tny` | `.tiny` |\n"));
    let stem =
        |name: &str| formats.stem(&PathBuf::from(name)).map(|s| s.to_string_lossy().into_owned());
    assert_eq!(stem("d/a.tny"), Some("a".into()));
    assert_eq!(stem("d/a.tiny.nii"), Some("a.tiny".into()));
    assert_eq!(stem("d/a.jpg"), None);
}

/// A header, the files of its voxels, and from which files it is read.
#[test]
fn a_volume_tells_from_which_files_it_was_read() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["a.raw", "b.raw"] {
        std::fs::write(at(name), [1, 2, 3, 4]).unwrap();
    }
    std::fs::write(at("v.raw"), [7; 8]).unwrap();
    let nrrd = "NRRD0004\ntype: uint8\ndimension: 3\nsizes: 2 2 2\nencoding: raw\n";
    std::fs::write(at("list.nhdr"), format!("{nrrd}data file: LIST\na.raw\nb.raw\n")).unwrap();
    std::fs::write(at("one.nhdr"), format!("{nrrd}data file: v.raw\n")).unwrap();
    let meta = "ObjectType = Image\nNDims = 3\nDimSize = 2 2 2\nElementType = MET_UCHAR\n";
    std::fs::write(at("v.mhd"), format!("{meta}ElementDataFile = v.raw\n")).unwrap();
    let mut attached = format!("{nrrd}\n").into_bytes();
    attached.extend([7; 8]);
    std::fs::write(at("alone.nrrd"), attached).unwrap();
    write_tiny(&at("scan.tiny"), [2, 2, 2], &[1; 8]);
    let formats = with_tiny(Fault::None);
    for (opened, read) in [
        ("list.nhdr", &["list.nhdr", "a.raw", "b.raw"][..]),
        ("one.nhdr", &["one.nhdr", "v.raw"]),
        ("v.mhd", &["v.mhd", "v.raw"]),
        // The voxels were chosen instead of their header.
        ("v.raw", &["v.mhd", "v.raw"]),
        ("alone.nrrd", &["alone.nrrd"]),
        ("scan.tiny", &["scan.tiny"]),
    ] {
        let volume = open(&formats, &Source::at(&at(opened))).unwrap_or_else(|e| panic!("{e}"));
        let expected: Vec<PathBuf> = read.iter().map(|name| at(name)).collect();
        assert_eq!(volume.files(), expected, "{opened}");
        assert_eq!(volume.with_time_point(0).files(), expected, "{opened}");
    }
}
