//! Labels of a part of a scan; files that lie elsewhere by a little, are of no patient, or of several frames of reference.

use dicom_core::value::DataSetSequence;

use super::*;
use crate::io::format::{Content, ContentVoxels};
use crate::io::open_options::OpenOptions;
use crate::io::verify::{Written, verify};
use crate::io::volume_part::VolumePart;

/// Opens a part of a scan.
pub(super) fn part(folder: &Path, crop: [Option<[usize; 2]>; 3], every: [usize; 3]) -> Volume {
    let options = OpenOptions { part: VolumePart { crop, every }, ..OpenOptions::default() };
    let (limits, cancel, progress) = (Limits::default(), CancelToken::new(), Progress::new());
    formats().open_as(&Source::at(folder), &options, &limits, &cancel, &progress).unwrap()
}

/// Labels of a box that begins at `from`, on the whole scan.
pub(super) fn on_whole(labels: &LabelMap, from: [usize; 3]) -> LabelMap {
    let [nx, ny, nz] = labels.dims();
    let mut values = vec![0; SIZE.iter().product()];
    for at in 0..nx * ny * nz {
        let voxel = [at % nx, at / nx % ny, at / nx / ny];
        let [x, y, z] = [0, 1, 2].map(|axis| voxel[axis] + from[axis]);
        values[x + SIZE[0] * (y + SIZE[1] * z)] = labels.get(voxel);
    }
    LabelMap::from_labels(SIZE, &values)
}

#[test]
fn labels_of_a_box_of_a_scan_lie_in_whole_images() {
    let mut random = fastrand::Rng::with_seed(18);
    for acquisition in acquisitions() {
        let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        series(folder.path(), &acquisition);
        let whole = scan(folder.path());
        for (n, crop) in [
            [Some([2, 9]), Some([3, 8]), Some([1, 6])],
            [None, None, Some([4, usize::MAX])],
            [Some([0, 5]), None, None],
        ]
        .into_iter()
        .enumerate()
        {
            let scan = part(folder.path(), crop, [1; 3]);
            let from = crop.map(|range| range.map_or(0, |[first, _]| first));
            let meant = labels(&mut random, scan.grid().dims(), [9, 300][n % 2]);
            for name in NAMES {
                let what = format!("{}, {n}, {name}", acquisition.name);
                let path = out.path().join(name);
                save(&path, &meant, &scan, &names(9)).unwrap_or_else(|e| panic!("{what}: {e}"));
                std::fs::remove_file(out.path().join("m.labels.txt")).unwrap();
                let read = read_back(&path, &scan);
                let regions: BTreeMap<_, _> =
                    read.labels.iter().map(|l| (l.value, l.region.clone())).collect();
                assert_eq!(regions, meant.regions(), "{what}");
                assert!(!read.is_doubtful && read.apart < 1e-5, "{what}: {}", read.apart);
                // On the whole scan they are where the box is.
                let read = read_back(&path, &whole);
                let all = read.labels.iter().map(|l| (l.value, &l.region));
                assert!(LabelMap::from_regions(SIZE, all) == on_whole(&meant, from), "{what}");
                let data = header(&path);
                let said = Attributes(&data);
                assert_eq!(images(said, name).len(), scan.grid().dims()[2], "{what}");
                if !name.contains("rtstruct") {
                    let size = [tags::COLUMNS, tags::ROWS].map(|tag| said.whole(tag));
                    assert_eq!(size, [Some(SIZE[0] as i64), Some(SIZE[1] as i64)], "{what}");
                }
            }
        }
    }
}

#[test]
fn labels_of_a_coarser_scan_are_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    series(folder.path(), &acquisitions()[0]);
    let out = tempfile::tempdir().unwrap();
    for every in [[2, 2, 1], [1, 1, 2]] {
        let scan = part(folder.path(), [None; 3], every);
        let meant = labels(&mut fastrand::Rng::with_seed(1), scan.grid().dims(), 9);
        for name in NAMES {
            let why = save(&out.path().join(name), &meant, &scan, &names(9)).unwrap_err();
            assert!(why.to_string().contains("opened coarser"), "{name}: {why}");
        }
    }
}

/// What is read after a save is compared by its place, too, far below a voxel.
#[test]
fn a_file_that_lies_elsewhere_by_a_little_is_not_what_was_meant() {
    for acquisition in acquisitions() {
        let folder = tempfile::tempdir().unwrap();
        series(folder.path(), &acquisition);
        let scan = scan(folder.path());
        let meant = labels(&mut fastrand::Rng::with_seed(3), scan.grid().dims(), 9);
        let out = tempfile::tempdir().unwrap();
        for name in NAMES {
            let path = out.path().join(name);
            save(&path, &meant, &scan, &names(9)).unwrap();
            for axis in 0..3 {
                for moved in [0.0, 0.004, -0.03, 0.5, 1.0] {
                    let mut affine = scan.grid().world_from_voxel();
                    affine.translation += moved * affine.matrix3.col(axis);
                    let grid = Grid::new(scan.grid().dims(), affine).unwrap();
                    let content = Content {
                        voxels: ContentVoxels::Labels(&meant),
                        grid: &grid,
                        provenance: scan.provenance(),
                        names: &[],
                        covered: &CoveredLabels::NONE,
                    };
                    let (cancel, progress) = (CancelToken::new(), Progress::new());
                    let written = Written::Whole(&path);
                    let found =
                        verify(formats(), written, "DICOM", &content, &path, &cancel, &progress);
                    let what = format!("{}, {name}, {axis}, {moved}", acquisition.name);
                    let why = found.err().map(|e| e.to_string());
                    assert_eq!(why.is_none(), moved == 0.0, "{what}: {why:?}");
                    if (1e-6..0.1).contains(&f64::abs(moved)) {
                        assert!(why.unwrap_or_default().contains("its place"), "{what}");
                    }
                }
            }
        }
    }
}

/// Writes a file again with something changed.
fn change(path: &Path, change: impl FnOnce(&mut InMemDicomObject)) {
    let mut file = dicom_object::open_file(path).unwrap();
    change(&mut file);
    file.write_to_file(path).unwrap();
}

#[test]
fn a_file_without_its_patient_stays_without_when_it_is_saved_again() {
    let folder = tempfile::tempdir().unwrap();
    series(folder.path(), &acquisitions()[0]);
    let opened = scan(folder.path());
    let meant = labels(&mut fastrand::Rng::with_seed(1), opened.grid().dims(), 9);
    let out = tempfile::tempdir().unwrap();
    let saved = |path: &Path, said: &Provenance| {
        let (cancel, progress) = (CancelToken::new(), Progress::new());
        let saved =
            save_labels(path, &meant, opened.grid(), said, &names(9), &cancel, &progress).unwrap();
        let data = header(path);
        (saved.stays_without_patient, Attributes(&data).text(tags::PATIENT_NAME))
    };
    let said = opened.provenance();
    let name = || Some("Müßig^Näme".to_owned());
    for file in NAMES {
        let path = out.path().join(file);
        assert_eq!(saved(&path, said), (false, name()), "{file}: of a patient");
        assert_eq!(saved(&path, &said.clone().without_patient()), (false, None), "{file}: asked");
        assert_eq!(saved(&path, said), (true, None), "{file}: again");
        let told = |note: &LabelNote| note.text.contains("the patient was taken out");
        assert!(read_back(&path, &opened).notes.iter().any(told), "{file}");
        let other = out.path().join(format!("other_{file}"));
        assert_eq!(saved(&other, said), (false, name()), "{file}: another");
        assert!(!read_back(&other, &opened).notes.iter().any(told), "{file}");
    }
    // Images of a made-up name say nothing of a patient that would have to be left out.
    for image in std::fs::read_dir(folder.path()).unwrap() {
        change(&image.unwrap().path(), |image| {
            let text = |tag, vr, text: &str| DataElement::new(tag, vr, PrimitiveValue::from(text));
            image.put(text(tags::PATIENT_NAME, VR::PN, "Subject 7"));
            image.put(text(tags::PATIENT_IDENTITY_REMOVED, VR::CS, "YES"));
        });
    }
    for file in NAMES {
        let path = out.path().join(file);
        assert_eq!(saved(&path, said), (false, Some("Subject 7".into())), "{file}: of nobody");
        assert_eq!(saved(&path, said), (false, Some("Subject 7".into())), "{file}: again");
    }
}

#[test]
fn only_structures_of_the_scans_frame_of_reference_are_taken() {
    let folder = tempfile::tempdir().unwrap();
    series(folder.path(), &acquisitions()[4]);
    let scan = scan(folder.path());
    let meant = labels(&mut fastrand::Rng::with_seed(1), scan.grid().dims(), 9);
    let out = tempfile::tempdir().unwrap();
    let path = out.path().join("m.rtstruct.dcm");
    let unknown = Provenance::default();
    // The frame of each structure; numbers that are read, part of what is told; for a scan that says no frame, too.
    let own = "1.2.3.4";
    let others = "lie in another frame of reference";
    let any = "in several frames of reference";
    for (frames, expected, told, told_of_unknown) in [
        ([own, own, own], Ok(&[2u16, 3, 9][..]), "", ""),
        ([own, "9.9", own], Ok(&[2, 9]), others, any),
        (["9.9", "9.9", own], Ok(&[9]), others, any),
        (["9.9", "9.9", "9.9"], Ok(&[2, 3, 9]), "the patient may have moved", ""),
        (["9.9", "9.8", "9.9"], Err("in 2 frames of reference, none of which"), "", any),
    ] {
        save(&path, &meant, &scan, &names(9)).unwrap();
        change(&path, |data| {
            let structures = data.get(tags::STRUCTURE_SET_ROI_SEQUENCE).unwrap().items().unwrap();
            let changed = structures.iter().zip(frames).map(|(item, frame)| {
                let mut item = item.clone();
                let value = PrimitiveValue::from(frame);
                let tag = tags::REFERENCED_FRAME_OF_REFERENCE_UID;
                item.put(DataElement::new(tag, VR::UI, value));
                item
            });
            let changed = DataSetSequence::from(changed.collect::<Vec<_>>());
            data.put(DataElement::new(tags::STRUCTURE_SET_ROI_SEQUENCE, VR::SQ, changed));
        });
        let (limits, cancel, progress) = (Limits::default(), CancelToken::new(), Progress::new());
        let read = |said: &Provenance| {
            let onto = Onto { grid: scan.grid(), provenance: said };
            let source = Source::File(path.clone());
            let read = DicomReader.labels(&source, &onto, &limits, &cancel, &progress);
            read.map(Option::unwrap)
        };
        let values = |read: &LabelsRead| read.labels.iter().map(|l| l.value).collect::<Vec<_>>();
        let notes = |read: &LabelsRead| {
            read.notes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        };
        match (read(scan.provenance()), expected) {
            (Ok(found), Ok(expected)) => {
                assert_eq!(values(&found), expected, "{frames:?}");
                assert!(notes(&found).contains(told), "{frames:?}: {}", notes(&found));
                assert_eq!(found.is_doubtful, !told.is_empty(), "{frames:?}");
            }
            (Err(why), Err(part)) => assert!(why.to_string().contains(part), "{why}"),
            (found, _) => panic!("{frames:?}: {:?}", found.map(|read| values(&read))),
        }
        let found = read(&unknown).unwrap();
        assert_eq!(values(&found), [2, 3, 9], "{frames:?}");
        assert!(notes(&found).contains(told_of_unknown), "{frames:?}: {}", notes(&found));
        assert_eq!(found.is_doubtful, !told_of_unknown.is_empty(), "{frames:?}");
    }
}

/// The order of labels that share voxels, whatever their sizes; where they lie over each other by turns, that of most
/// voxels.
#[test]
fn what_lies_over_what_is_kept() {
    let mut random = fastrand::Rng::with_seed(33);
    let mut turns = 0;
    for acquisition in acquisitions() {
        let folder = tempfile::tempdir().unwrap();
        series(folder.path(), &acquisition);
        let scan = scan(folder.path());
        let dims = scan.grid().dims();
        let whole = {
            let (map, covered) = overlapping(&mut random, dims, 9);
            covered.whole(&map)
        };
        for order in [[2, 3, 9], [9, 2, 3], [3, 9, 2]] {
            let map = LabelMap::from_regions(dims, order.map(|value| (value, &whole[&value])));
            for by_turns in [false, true] {
                let on_top = |value: u16| match map.regions().remove(&value) {
                    // All of the highest lies on top, but for one voxel that is left to the one below.
                    Some(top) if by_turns && value == order[2] => {
                        let shared = top.intersection(&whole[&order[1]], dims[0]);
                        let one = shared.nth(0).unwrap();
                        let count = dims.iter().product::<usize>();
                        top.without(
                            &Region::from_mask(dims[0], (0..count).map(|n| n == one)),
                            dims[0],
                        )
                    }
                    top => top.unwrap_or_default(),
                };
                let label = |value: u16| NamedRegion {
                    value,
                    name: None,
                    colour: None,
                    opacity: None,
                    visible: true,
                    region: whole[&value].clone(),
                    on_top: Some(on_top(value)),
                };
                let (map, covered) = CoveredLabels::of(dims, &order.map(label));
                for name in ["m.dcm", "m.rtstruct.dcm"] {
                    let what = format!("{}, {name}, {order:?}, {by_turns}", acquisition.name);
                    let path = folder.path().join(name);
                    save_overlapping_as(&path, (&map, &covered), &scan);
                    let read = read_back(&path, &scan);
                    let found = CoveredLabels::of(dims, &read.labels).0;
                    assert!(by_turns || found == map, "{what}");
                    turns += usize::from(found != map);
                    assert_eq!(found, covered.as_ordered(&map), "{what}");
                    std::fs::remove_file(&path).unwrap();
                }
            }
        }
    }
    assert!(turns > 0);
}
