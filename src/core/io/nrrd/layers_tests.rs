//! Segmentations whose segments share voxels: layers, written and read. Reference readers read what
//! `write_layers_for_reference_readers` leaves (`tests/data/formats/read_back.py`).

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use super::super::format::{Content, ContentVoxels};
use super::super::labels_read::LabelsRead;
use super::super::limits::Limits;
use super::super::standard::{formats, labels_for, open_volume, save_labels, save_overlapping};
use super::super::verify::{Written, verify};
use crate::geom::{DAffine3, DMat3, DVec3, Grid};
use crate::volume::{
    CoveredLabels, LabelMap, LabelName, NamedRegion, Provenance, Region, Scale, StoredGeometry,
    Volume, Voxels,
};
use crate::work::{CancelToken, Progress};

const DIMS: [usize; 3] = [7, 5, 4];

fn scan(dims: [usize; 3]) -> Volume {
    let turn = DMat3::from_rotation_z(0.4) * DMat3::from_diagonal(DVec3::new(-0.7, 0.9, 2.5));
    let place = DAffine3 { matrix3: turn, translation: DVec3::new(3.5, -80.25, 411.0) };
    let grid = Grid::new(dims, place).unwrap();
    let (voxels, stored) = (Voxels::U8(vec![0; grid.count()]), StoredGeometry::of(&grid));
    Volume::new("scan", grid, dims.to_vec(), voxels, Scale::NONE, stored, Vec::new())
}

/// Four labels of which any may share voxels.
fn labels(random: &mut fastrand::Rng, largest: u16) -> (LabelMap, CoveredLabels) {
    let regions = [1, 4, 9, largest].map(|value| {
        let share = random.f64();
        let mask = (0..140).map(|_| random.f64() < share);
        NamedRegion::unnamed(value, Region::from_mask(DIMS[0], mask))
    });
    CoveredLabels::of(DIMS, &regions)
}

fn names(largest: u16) -> Vec<LabelName> {
    let row = |(value, name): (u16, &str)| LabelName {
        value,
        name: name.to_owned(),
        colour: [value as u8, 200, 30],
        opacity: 1.0,
        visible: true,
    };
    [(1, "liver"), (4, "vein"), (9, "lesion"), (largest, "all")].map(row).to_vec()
}

fn save(path: &Path, labels: (&LabelMap, &CoveredLabels), names: &[LabelName]) {
    let (scan, cancel, progress) = (scan(DIMS), CancelToken::new(), Progress::new());
    let said = Provenance::default();
    save_overlapping(path, labels, scan.grid(), &said, names, &cancel, &progress).unwrap();
}

fn read(path: &Path, scan: &Volume) -> Option<LabelsRead> {
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    labels_for(path, scan, &Limits::default(), &cancel, &progress).unwrap()
}

fn regions(read: &LabelsRead) -> BTreeMap<u16, Region> {
    read.labels.iter().map(|label| (label.value, label.region.clone())).collect()
}

#[test]
fn segments_that_share_voxels_come_back_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.seg.nrrd");
    let mut random = fastrand::Rng::with_seed(5);
    let mut layered = 0;
    for round in 0..40 {
        let largest = [200, 255, 256, 65535][round % 4];
        let (map, covered) = labels(&mut random, largest);
        // With and without names.
        let names = if round % 3 == 0 { Vec::new() } else { names(largest) };
        save(&path, (&map, &covered), &names);
        // Not the table beside it: the file's own.
        std::fs::remove_file(folder.path().join("m.labels.txt")).unwrap();
        let Some(read) = read(&path, &scan(DIMS)) else {
            assert!(covered.is_empty());
            continue;
        };
        layered += 1;
        assert_eq!(regions(&read), covered.whole(&map), "{round}");
        assert!(!read.is_doubtful && !formats().is_foreign(&path));
        assert_eq!(read.notes.len(), 1, "{:?}", read.notes);
        for label in &read.labels {
            let row = names.iter().find(|row| row.value == label.value);
            let name = row.map_or(format!("Label {}", label.value), |row| row.name.clone());
            assert_eq!(label.name.as_ref(), Some(&name));
        }
    }
    assert!(layered > 30, "{layered}");
}

/// Which of several labels is on top is that voxel by voxel, whatever their sizes: also where they lie over each other by
/// turns.
#[test]
fn what_is_on_top_is_on_top_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.seg.nrrd");
    let mut random = fastrand::Rng::with_seed(12);
    let mut turns = 0;
    for round in 0..30 {
        let whole = {
            let (map, covered) = labels(&mut random, 300);
            covered.whole(&map)
        };
        let mut order: Vec<u16> = whole.keys().copied().collect();
        random.shuffle(&mut order);
        let by_turns = round % 2 == 1;
        let mut tops: BTreeMap<u16, Vec<bool>> =
            order.iter().map(|value| (*value, vec![false; 140])).collect();
        for n in 0..140 {
            let mut here = order.iter().filter(|value| whole[value].contains(n));
            let count = here.clone().count();
            let one = if by_turns { here.nth(random.usize(0..count.max(1))) } else { here.next() };
            if let Some(top) = one {
                tops.get_mut(top).unwrap()[n] = true;
            }
        }
        let label = |(value, region): (&u16, &Region)| NamedRegion {
            value: *value,
            name: None,
            colour: None,
            opacity: None,
            visible: true,
            region: region.clone(),
            on_top: Some(Region::from_mask(DIMS[0], tops[value].iter().copied())),
        };
        let (map, covered) = CoveredLabels::of(DIMS, &whole.iter().map(label).collect::<Vec<_>>());
        save(&path, (&map, &covered), &names(300));
        std::fs::remove_file(folder.path().join("m.labels.txt")).unwrap();
        let read = read(&path, &scan(DIMS)).unwrap();
        assert_eq!(CoveredLabels::of(DIMS, &read.labels), (map, covered), "{round}");
        assert!(read.notes[0].text.contains("in the order that the file says"), "{:?}", read.notes);
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        let told = text.contains("_VoxpointOnTop:=");
        assert!(by_turns || !told, "{round}");
        turns += usize::from(told);
        assert!(text.contains("inprogress|Voxpoint.Order:0|\n"), "{round}");
    }
    assert!(turns > 10, "{turns}");
}

/// A file without its lines of what is on top has each label whole, but is not what was meant.
#[test]
fn what_is_on_top_is_verified_voxel_by_voxel() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.seg.nrrd");
    let of = |range: std::ops::Range<usize>| {
        Region::from_mask(DIMS[0], (0..140).map(|n| range.contains(&n)))
    };
    // By turns: of voxels 40 to 70, each has some.
    let label = |value, region, on_top| NamedRegion {
        on_top: Some(on_top),
        ..NamedRegion::unnamed(value, region)
    };
    let labels = [label(1, of(0..70), of(0..60)), label(2, of(40..140), of(60..140))];
    let (map, covered) = CoveredLabels::of(DIMS, &labels);
    save(&path, (&map, &covered), &[]);
    let written = std::fs::read(&path).unwrap();
    let verified = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        let (scan, cancel, progress) = (scan(DIMS), CancelToken::new(), Progress::new());
        let content = Content {
            voxels: ContentVoxels::Labels(&map),
            grid: scan.grid(),
            provenance: &Provenance::default(),
            names: &[],
            covered: &covered,
        };
        let written = Written::Whole(&path);
        verify(formats(), written, "NRRD", &content, &path, &cancel, &progress)
    };
    verified(&written).unwrap();
    let line = b"VoxpointOnTop:=";
    let at = written.windows(line.len()).position(|w| w == line).expect("by turns");
    // The line under another name, and one voxel less.
    for (place, other) in [(at, b'W'), (at + line.len(), b'7')] {
        let mut changed = written.clone();
        assert_ne!(changed[place], other);
        changed[place] = other;
        let why = verified(&changed).unwrap_err().to_string();
        assert!(why.contains("its labels"), "{why}");
    }
}

/// A segment that another program has added has no place: then the smaller is on top, as of any file.
#[test]
fn an_order_that_is_not_known_of_all_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.seg.nrrd");
    let of = |range: std::ops::Range<usize>| {
        Region::from_mask(DIMS[0], (0..140).map(|n| range.contains(&n)))
    };
    let (small, large) = (of(10..20), of(0..70));
    let label = |value, region: &Region, on_top| NamedRegion {
        value,
        name: None,
        colour: None,
        opacity: None,
        visible: true,
        region: region.clone(),
        on_top: Some(on_top),
    };
    let labels = [label(1, &small, Region::default()), label(2, &large, large.clone())];
    let (map, covered) = CoveredLabels::of(DIMS, &labels);
    save(&path, (&map, &covered), &[]);
    let written = std::fs::read(&path).unwrap();
    let on_top = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        CoveredLabels::of(DIMS, &read(&path, &scan(DIMS)).unwrap().labels).0.parts_of(&small)
    };
    assert!(on_top(&written).contains_key(&2));
    // As long as it was, so that nothing else moves.
    for (tag, other) in [("Order:0", "Other:0"), ("Order:1", "Order:x"), ("Order:0", "Order:-")] {
        let at = written.windows(tag.len()).position(|w| w == tag.as_bytes()).unwrap();
        let mut changed = written.clone();
        changed[at..at + tag.len()].copy_from_slice(other.as_bytes());
        assert!(on_top(&changed).contains_key(&1), "{other}");
    }
}

#[test]
fn a_segmentation_that_shares_nothing_is_one_layer() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (folder.path().join("a.seg.nrrd"), folder.path().join("b.seg.nrrd"));
    let map = labels(&mut fastrand::Rng::with_seed(8), 200).0;
    save(&one, (&map, &CoveredLabels::NONE), &names(200));
    let (scan, cancel, progress) = (scan(DIMS), CancelToken::new(), Progress::new());
    let said = Provenance::default();
    save_labels(&other, &map, scan.grid(), &said, &names(200), &cancel, &progress).unwrap();
    assert_eq!(std::fs::read(&one).unwrap(), std::fs::read(&other).unwrap());
    assert_eq!(read(&one, &scan), None, "it is opened as a volume");
}

/// What a format can't keep is left out: the file has what is on top.
#[test]
fn formats_of_one_label_for_each_voxel_have_what_is_on_top() {
    let folder = tempfile::tempdir().unwrap();
    let (map, covered) = labels(&mut fastrand::Rng::with_seed(8), 200);
    assert!(!covered.is_empty());
    for name in ["m.nrrd", "m.nii.gz", "m.mha", "m.mgz"] {
        let path = folder.path().join(name);
        assert!(!formats().keeps_overlaps(&path), "{name}");
        save(&path, (&map, &covered), &names(200));
        let (cancel, progress) = (CancelToken::new(), Progress::new());
        let found = open_volume(&path, &Limits::default(), &cancel, &progress).unwrap();
        let found: Vec<u16> = (0..140).map(|n| found.voxels().raw(n) as u16).collect();
        assert_eq!(found, map.to_vec(), "{name}");
    }
    let endings = formats().endings_with_overlaps();
    assert_eq!(endings, [".seg.nrrd", ".dcm", ".rtstruct.dcm"]);
}

/// 3D Slicer numbers the segments of each layer anew.
#[test]
fn layers_of_others_have_numbers_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slicer.seg.nrrd");
    let header = "NRRD0004\ntype: unsigned char\ndimension: 4\nspace: left-posterior-superior\n\
        sizes: 2 3 2 1\nspace directions: none (1,0,0) (0,1,0) (0,0,1)\n\
        kinds: list domain domain domain\nendian: little\nencoding: raw\nspace origin: (0,0,0)\n\
        Segment0_Name:=liver\nSegment0_Color:=1 0 0\nSegment0_LabelValue:=1\nSegment0_Layer:=0\n\
        Segment1_Name:=lesion\nSegment1_Color:=0 1 0\nSegment1_LabelValue:=1\nSegment1_Layer:=1\n\
        Segment2_Name:=spleen\nSegment2_Color:=0 0 1\nSegment2_LabelValue:=2\nSegment2_Layer:=0\n\n";
    let voxels = [1, 0, 1, 1, 1, 0, 2, 0, 2, 1, 0, 0];
    std::fs::write(&path, [header.as_bytes(), &voxels].concat()).unwrap();
    let grid = Grid::new([3, 2, 1], DAffine3::from_scale(DVec3::new(-1.0, -1.0, 1.0))).unwrap();
    let stored = StoredGeometry::of(&grid);
    let scan = Volume::new(
        "scan",
        grid,
        vec![3, 2, 1],
        Voxels::U8(vec![0; 6]),
        Scale::NONE,
        stored,
        Vec::new(),
    );
    let read = read(&path, &scan).unwrap();
    let found: Vec<_> = read
        .labels
        .iter()
        .map(|l| (l.value, l.name.as_deref().unwrap(), l.colour.unwrap()))
        .collect();
    assert_eq!(
        found,
        [(1, "liver", [255, 0, 0]), (2, "spleen", [0, 0, 255]), (3, "lesion", [0, 255, 0])]
    );
    let of = |voxels: [usize; 2]| Region::from_mask(3, (0..6).map(|n| voxels.contains(&n)));
    assert_eq!(read.labels[2].region, of([1, 4]));
    assert_eq!(read.labels[1].region, of([3, 4]));
    let notes: Vec<String> = read.notes.iter().map(ToString::to_string).collect();
    assert!(notes[0].starts_with("1 labels share their number") && notes[0].contains("1 → 3"));
    assert!(notes[1].contains("lesion / liver: "), "{notes:?}");
    // On a scan elsewhere it is no use.
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    let elsewhere = self::scan(DIMS);
    let why = labels_for(&path, &elsewhere, &Limits::default(), &cancel, &progress).unwrap_err();
    assert!(why.to_string().contains("none of its voxels lie in the scan"), "{why}");
}

/// For `read_back.py`: files and, in `layers.json`, what is in them.
#[test]
#[ignore = "writes files for readers of others into the folder VOXPOINT_WRITTEN"]
fn write_layers_for_reference_readers() {
    let folder = std::env::var_os("VOXPOINT_WRITTEN").expect("VOXPOINT_WRITTEN is a folder");
    let folder = Path::new(&folder);
    let mut random = fastrand::Rng::with_seed(31);
    let mut expected = serde_json::Map::new();
    for n in 0..24 {
        let largest = [200, 255, 256, 65535][n % 4];
        let (map, covered) = labels(&mut random, largest);
        if covered.is_empty() {
            continue;
        }
        let name = format!("{n}_layers.seg.nrrd");
        save(&folder.join(&name), (&map, &covered), &names(largest));
        let m = scan(DIMS).grid().world_from_voxel();
        let affine: Vec<[f64; 4]> =
            (0..3).map(|r| [m.x_axis[r], m.y_axis[r], m.z_axis[r], m.translation[r]]).collect();
        let whole = covered.whole(&map);
        let label = |row: &LabelName| {
            let runs = whole.get(&row.value).map(|region| {
                region.runs().iter().map(|run| [run.start, run.end()]).collect::<Vec<_>>()
            });
            json!({ "value": row.value, "name": row.name, "runs": runs.unwrap_or_default() })
        };
        let labels: Vec<_> = names(largest).iter().map(label).collect();
        expected.insert(name, json!({ "affine": affine, "dims": DIMS, "labels": labels }));
    }
    let text = serde_json::to_string(&expected).unwrap();
    std::fs::write(folder.join("layers.json"), text).unwrap();
}
