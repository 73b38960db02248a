//! Folders and tables as people have them.

use std::collections::BTreeMap;

use super::*;
use crate::io::formats;
use crate::session::CaseState;
use crate::session::testing::{NewSession, new_session};

fn find_in(place: &Path, sessions: Option<&Path>) -> Result<CaseList, CasesError> {
    find(place, sessions, formats(), &CancelToken::new(), &Progress::new())
}

/// A folder with these files, all but empty.
fn folder(files: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let path = folder.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "x").unwrap();
    }
    folder
}

/// `name < scan > session` of each case, ways from the folder.
fn shown(list: &CaseList, root: &Path) -> Vec<String> {
    let way = |path: &Path| path.strip_prefix(root).unwrap_or(path).display().to_string();
    let row =
        |case: &WorkCase| format!("{} < {} > {}", case.name, way(&case.scan), way(&case.session));
    list.cases.iter().map(row).collect()
}

#[test]
fn scans_of_folders_as_people_have_them() {
    type Row<'a> = (&'a str, &'a [&'a str], &'a [&'a str]);
    let table: [Row; 8] = [
        (
            "a flat folder",
            &[
                "case10.nii.gz",
                "case2.nii.gz",
                "Case1.NII",
                "notes.txt",
                ".hidden.nii",
                "x.voxpoint",
            ],
            &[
                "Case1 < Case1.NII > Case1.voxpoint",
                "case2 < case2.nii.gz > case2.voxpoint",
                "case10 < case10.nii.gz > case10.voxpoint",
            ],
        ),
        (
            "label maps beside scans",
            &[
                "a.nii.gz",
                "a_mask.nii.gz",
                "a_seg2.nii.gz",
                "a-dseg.nii",
                "b_seg2.nii",
                "c_label.nii",
            ],
            &["a < a.nii.gz > a.voxpoint", "b_seg2 < b_seg2.nii > b_seg2.voxpoint"],
        ),
        (
            "a folder for each patient",
            &["p1/ct.nii.gz", "p2/ct.nii.gz", "p2/pet.nii.gz"],
            &[
                "p1/ct.nii.gz < p1/ct.nii.gz > p1/ct.voxpoint",
                "p2/ct.nii.gz < p2/ct.nii.gz > p2/ct.voxpoint",
                "pet < p2/pet.nii.gz > p2/pet.voxpoint",
            ],
        ),
        (
            "nnU-Net",
            &[
                "imagesTr/x_0000.nii.gz",
                "imagesTr/x_0001.nii.gz",
                "labelsTr/x.nii.gz",
                "imagesTs/y_0000.nii.gz",
            ],
            &[
                "x_0000 < imagesTr/x_0000.nii.gz > imagesTr/x_0000.voxpoint",
                "x_0001 < imagesTr/x_0001.nii.gz > imagesTr/x_0001.voxpoint",
                "y_0000 < imagesTs/y_0000.nii.gz > imagesTs/y_0000.voxpoint",
            ],
        ),
        (
            "BIDS",
            &[
                "dataset_description.json",
                "sub-01/ses-1/anat/sub-01_ses-1_T1w.nii.gz",
                "sub-01/ses-1/anat/sub-01_ses-1_T1w.json",
                "sub-02/ses-1/anat/T1w.nii.gz",
                "derivatives/x/sub-01/ses-1/anat/sub-01_ses-1_desc-x_T1w.nii.gz",
                "sourcedata/raw.nii.gz",
            ],
            &[
                "sub-01_ses-1_T1w < sub-01/ses-1/anat/sub-01_ses-1_T1w.nii.gz > \
                 sub-01/ses-1/anat/sub-01_ses-1_T1w.voxpoint",
                "sub-02_ses-1_T1w < sub-02/ses-1/anat/T1w.nii.gz > sub-02/ses-1/anat/T1w.voxpoint",
            ],
        ),
        (
            "derivatives that are no data set's",
            &["derivatives/a.nii"],
            &["a < derivatives/a.nii > derivatives/a.voxpoint"],
        ),
        (
            "two files that belong together",
            &["a.hdr", "a.img", "b.img.gz", "b.hdr.gz"],
            &["a < a.hdr > a.voxpoint", "b < b.hdr.gz > b.voxpoint"],
        ),
        (
            "one name, two formats",
            &["a.nii", "a.nii.gz"],
            &["a.nii < a.nii > a.voxpoint", "a.nii.gz < a.nii.gz > a.nii.gz.voxpoint"],
        ),
    ];
    for (what, files, expected) in table {
        let folder = folder(files);
        let list = find_in(folder.path(), None).unwrap();
        assert_eq!(shown(&list, folder.path()), expected, "{what}");
        assert!(list.cases.iter().all(|case| case.status == WorkStatus::default()), "{what}");
    }
}

/// As scanners and hospitals' CDs have them.
#[test]
fn folders_of_slices_without_endings_are_cases() {
    let slice = [&[0; 128][..], b"DICM\x02\0\0\0UL\x04\0\0\0\0\0"].concat();
    // Without a preamble.
    let old = b"\x08\0\0\0\x04\0\0\0\x10\0\0\0";
    let folder = folder(&["AUTORUN.INF", "README", "VIEWER/2048", "VIEWER/LICENCE", "x.nii"]);
    for (file, bytes) in [
        ("DICOMDIR", &*slice),
        ("DICOM/ST0/SE0/IM000000", &slice),
        ("DICOM/ST0/SE0/IM000001", &slice),
        ("DICOM/ST0/SE1/1.2.840.10008.1", &slice),
        ("DICOM/ST0/SE2/A", b"text"),
        ("DICOM/ST0/SE2/IM0", old),
        ("DICOM/ST1/SE0/MR.1.2.3", &slice),
        ("DICOM/ST1/SE1/a.dcm", b"by its name"),
        ("DICOM/ST1/SE1/b", &slice),
        ("DICOM/ST2/IM0.txt", &slice),
        ("images/p/IM0", &slice),
        ("labels/p/IM0", &slice),
    ] {
        let path = folder.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let list = find_in(folder.path(), None).unwrap();
    let scans = list.cases.iter().map(|case| case.scan.strip_prefix(folder.path()).unwrap());
    let scans: Vec<_> = scans.map(|scan| scan.display().to_string()).collect();
    let expected = [
        "DICOM/ST0/SE0",
        "DICOM/ST1/SE0",
        "DICOM/ST0/SE1",
        "DICOM/ST1/SE1",
        "DICOM/ST0/SE2",
        "images/p",
        "x.nii",
    ];
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names
    };
    assert_eq!(sorted(scans), sorted(expected.map(str::to_owned).into()));
    let session = |scan: &str| {
        let scan = folder.path().join(scan);
        list.cases.iter().find(|case| case.scan == scan).unwrap().session.clone()
    };
    assert_eq!(session("DICOM/ST0/SE1"), folder.path().join("DICOM/ST0/SE1.voxpoint"));
    assert!(list.cases.iter().all(|case| case.series.is_none()));
}

/// A DICOM file of this class that has nothing but it.
fn without_image(class: &str) -> Vec<u8> {
    let mut file = vec![0; 128];
    file.extend_from_slice(b"DICM");
    for (group, element, uid) in [(2, 0x10, "1.2.840.10008.1.2.1"), (8, 0x16, class)] {
        let mut uid = uid.as_bytes().to_vec();
        uid.resize(uid.len().next_multiple_of(2), 0);
        for number in [group, element] {
            file.extend_from_slice(&u16::to_le_bytes(number));
        }
        file.extend_from_slice(b"UI");
        file.extend_from_slice(&(uid.len() as u16).to_le_bytes());
        file.extend_from_slice(&uid);
    }
    file
}

/// What it is, its files, and whether it is a case.
type FolderRow<'a> = (&'a str, Vec<(&'a str, &'a [u8])>, bool);

/// What else lies in folders of hospitals is no case: opened, it could only fail.
#[test]
fn folders_of_dicom_without_an_image_are_left_out() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/dicom");
    let read = |file: &str| std::fs::read(data.join(file)).unwrap();
    let (contours, labels) = (read("labels/contours_axial.dcm"), read("labels/binary_axial.dcm"));
    let ct = read("pydicom/CT_small.dcm");
    let report = without_image("1.2.840.10008.5.1.4.1.1.88.33");
    let state = without_image("1.2.840.10008.5.1.4.1.1.11.1");
    let damaged = ct[..300].to_vec();
    let table: [FolderRow; 11] = [
        ("an RT Structure Set", vec![("a.dcm", &contours)], false),
        ("without endings", vec![("RS0001", &contours), ("SEG1", &labels)], false),
        ("a segmentation", vec![("a.dcm", &labels)], false),
        ("a report, a presentation state", vec![("a.dcm", &report), ("b.dcm", &state)], false),
        ("an image", vec![("a.dcm", &ct)], true),
        ("an image among others", vec![("a.dcm", &contours), ("z.dcm", &ct)], true),
        ("an image without an ending", vec![("A", &report), ("B", &ct)], true),
        ("contours beside images without endings", vec![("IM1", &ct), ("RS.dcm", &contours)], true),
        ("a damaged file first", vec![("a.dcm", &damaged), ("b.dcm", &ct)], true),
        ("nothing but a damaged file", vec![("a.dcm", &damaged)], true),
        ("no file", vec![], false),
    ];
    for (what, files, is_case) in table {
        let folder = folder(&["z.nii"]);
        let place = folder.path().join("p");
        std::fs::create_dir(&place).unwrap();
        for (name, bytes) in &files {
            std::fs::write(place.join(name), bytes).unwrap();
        }
        let list = find_in(folder.path(), None).unwrap();
        assert_eq!(list.cases.iter().any(|case| case.scan == place), is_case, "{what}");
        let told = list.notes.join("; ").contains("have no image");
        assert_eq!(told, !is_case && !files.is_empty(), "{what}: {:?}", list.notes);
    }
    // Of nothing else there is no list.
    let only = folder(&[]);
    std::fs::write(only.path().join("a.dcm"), &contours).unwrap();
    let why = find_in(only.path(), None).unwrap_err().to_string();
    assert!(why.contains("have no image"), "{why}");
}

/// Of one place: each has its own session, whatever stands before it.
#[test]
fn several_scans_of_a_place_have_a_session_each() {
    let folder = folder(&["ct/IM0", "list.csv", "other.csv"]);
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("list.csv", "scan,series,name\nct,30,\nct,T1 axial/fat,Head\nct,1.2.840.7#2,\nct,,All\n");
    let list = find_in(&folder.path().join("list.csv"), None).unwrap();
    assert_eq!(
        shown(&list, folder.path()),
        [
            "ct (30) < ct > ct-series-30.voxpoint",
            "Head < ct > ct-series-T1_axial_fat-4c72bb43.voxpoint",
            "ct (1.2.840.7#2) < ct > ct-series-1.2.840.7#2.voxpoint",
            "All < ct > ct.voxpoint",
        ]
    );
    let series: Vec<_> = list.cases.iter().map(|case| case.series.as_deref()).collect();
    assert_eq!(series, [Some("30"), Some("T1 axial/fat"), Some("1.2.840.7#2"), None]);
    // Another table names fewer of them.
    write("other.csv", "scan,series\nct,1.2.840.7#2\n");
    let other = find_in(&folder.path().join("other.csv"), None).unwrap();
    assert_eq!(other.cases[0].session, list.cases[2].session);
}

#[test]
fn all_sessions_may_be_in_one_folder() {
    let scans = folder(&["p1/ct.nii.gz", "p2/s/ct.nii.gz", "x.nii", "elsewhere/deep/y.nii"]);
    let table = scans.path().join("p1/list.csv");
    std::fs::write(&table, "scan\nct.nii.gz\n../elsewhere/deep/y.nii\n").unwrap();
    let sessions = folder(&[]);
    let names = |place: &Path| {
        let list = find_in(place, Some(sessions.path())).unwrap();
        assert!(list.cases.iter().all(|c| c.session.parent() == Some(sessions.path())));
        let name =
            |case: &WorkCase| case.session.file_name().unwrap().to_string_lossy().into_owned();
        list.cases.iter().map(name).collect::<Vec<_>>()
    };
    assert_eq!(
        names(scans.path()),
        ["p1__ct.voxpoint", "p2__s__ct.voxpoint", "x.voxpoint", "elsewhere__deep__y.voxpoint"]
    );
    assert_eq!(names(&table), ["ct.voxpoint", "deep__y.voxpoint"]);
    let missing = find_in(scans.path(), Some(&scans.path().join("no"))).unwrap_err().to_string();
    assert!(missing.contains("no such folder for sessions; make it first"), "{missing}");
}

/// What is in a session, and what a list says of it.
#[test]
fn how_far_the_work_is_is_told_by_sessions() {
    let names = ["empty", "begun", "flagged", "done", "none", "damaged", "newer", "text"];
    let files: Vec<String> = names.iter().map(|name| format!("{name}.nii")).collect();
    let folder = folder(&files.iter().map(String::as_str).collect::<Vec<_>>());
    let at = |name: &str| folder.path().join(name);
    let make = |name: &str, objects, done, state| {
        let scan = at(&format!("{name}.nii"));
        let session = at(&format!("{name}.voxpoint"));
        drop(new_session(&session, &NewSession { scan, objects, done, state }));
    };
    make("empty", 0, 0, CaseState::Open);
    make("begun", 5, 2, CaseState::Open);
    make("flagged", 1, 0, CaseState::Flagged);
    make("done", 3, 3, CaseState::Done);
    make("damaged", 1, 1, CaseState::Done);
    make("newer", 1, 1, CaseState::Done);
    let bytes = std::fs::read(at("damaged.voxpoint")).unwrap();
    std::fs::write(at("damaged.voxpoint"), &bytes[..bytes.len() / 3]).unwrap();
    let mut bytes = std::fs::read(at("newer.voxpoint")).unwrap();
    bytes[62] = 7;
    std::fs::write(at("newer.voxpoint"), &bytes).unwrap();
    std::fs::write(at("text.voxpoint"), "x").unwrap();
    let mut list = find_in(folder.path(), None).unwrap();
    let found = |list: &CaseList| -> BTreeMap<String, (WorkState, usize, usize, bool, String)> {
        let status = |case: &WorkCase| {
            let WorkStatus { state, objects, objects_done, written_ms, problem, .. } = &case.status;
            let problem = problem.clone().unwrap_or_default();
            (*state, *objects_done, *objects, written_ms.is_some(), problem)
        };
        list.cases.iter().map(|case| (case.name.clone(), status(case))).collect()
    };
    let first = found(&list);
    for (name, state, done, objects, written, problem) in [
        ("empty", WorkState::NotStarted, 0, 0, true, ""),
        ("begun", WorkState::InProgress, 2, 5, true, ""),
        ("flagged", WorkState::Flagged, 0, 1, true, ""),
        ("done", WorkState::Done, 3, 3, true, ""),
        ("none", WorkState::NotStarted, 0, 0, false, ""),
        ("damaged", WorkState::InProgress, 0, 0, false, "this session is damaged"),
        ("newer", WorkState::InProgress, 0, 0, false, "written by a newer Voxpoint"),
        ("text", WorkState::InProgress, 0, 0, false, "another kind of file"),
    ] {
        let (is, is_done, of, was, told) = &first[name];
        assert_eq!((*is, *is_done, *of, *was), (state, done, objects, written), "{name}");
        assert!(told.contains(problem) && told.is_empty() == problem.is_empty(), "{name}: {told}");
    }
    assert_eq!((list.count(WorkState::Done), list.count(WorkState::InProgress)), (1, 4));
    // A second look sees what has changed.
    std::fs::remove_file(at("text.voxpoint")).unwrap();
    make("text", 2, 1, CaseState::Open);
    std::fs::remove_file(at("none.nii")).unwrap();
    list.refresh(&CancelToken::new(), &Progress::new()).unwrap();
    let second = found(&list);
    assert_eq!(second["text"], (WorkState::InProgress, 1, 2, true, String::new()));
    assert_eq!(second["none"].4, "there is no such scan");
    assert_eq!(second["begun"], first["begun"]);
}

/// Who has it, who has it no more, and what this program itself has open.
#[test]
fn who_has_a_case_is_told() {
    let folder = folder(&["a.nii", "b.nii", "c.nii"]);
    let at = |name: &str| folder.path().join(name);
    let new = |name: &str| {
        let scan = at(&format!("{name}.nii"));
        let new = NewSession { scan, objects: 2, ..NewSession::default() };
        new_session(&at(&format!("{name}.voxpoint")), &new)
    };
    let a = new("a");
    drop(new("b"));
    drop(new("c"));
    let lock = |holder: &Holder, name: &str| {
        let text = serde_json::to_string(holder).unwrap();
        std::fs::write(at(&format!("{name}.voxpoint.lock")), text).unwrap();
    };
    let elsewhere = Holder { host: "elsewhere".to_owned(), ..Holder::me() };
    lock(&elsewhere, "b");
    lock(&Holder { process: u32::MAX - 7, ..Holder::me() }, "c");
    let mut list = find_in(folder.path(), None).unwrap();
    let holders = |list: &CaseList| -> Vec<Option<String>> {
        list.cases.iter().map(|c| c.status.holder.as_ref().map(|h| h.host.clone())).collect()
    };
    let me = Holder::me().host;
    let dead_is_told = !cfg!(target_os = "linux");
    let third = dead_is_told.then(|| me.clone());
    assert_eq!(holders(&list), [Some(me), Some("elsewhere".to_owned()), third]);
    let objects: Vec<usize> = list.cases.iter().map(|c| c.status.objects).collect();
    assert_eq!(objects, [0, 2, 2], "the first is not opened a second time by this program");
    list.cases[0].status.objects = 2;
    list.cases[0].refresh();
    assert_eq!(list.cases[0].status.objects, 2, "what was known before stays");
    drop(a);
    std::fs::remove_file(at("b.voxpoint.lock")).unwrap();
    list.refresh(&CancelToken::new(), &Progress::new()).unwrap();
    assert_eq!(holders(&list)[..2], [None, None]);
}

/// A session is the scan's that it says it is about, also if all was moved; another scan's is never taken.
#[test]
fn sessions_belong_to_the_scans_that_they_are_about() {
    let folder = folder(&["old/a.nii", "old/b.nii"]);
    let old = folder.path().join("old");
    let new = |session: &str, scan: &str| {
        let new = NewSession { scan: old.join(scan), objects: 1, ..NewSession::default() };
        drop(new_session(&old.join(session), &new));
    };
    new("a.voxpoint", "b.nii");
    let list = find_in(&old, None).unwrap();
    let expected = ["a < a.nii > a.nii.voxpoint", "b < b.nii > b.voxpoint"];
    assert_eq!(shown(&list, &old), expected);
    assert!(list.cases.iter().all(|case| case.status == WorkStatus::default()));
    // Where a table says that it is, it is told.
    let table = old.join("list.csv");
    std::fs::write(&table, "scan,session\na.nii,a.voxpoint\n").unwrap();
    let list = find_in(&table, None).unwrap();
    let problem = list.cases[0].status.problem.clone().unwrap_or_default();
    assert!(problem.contains("about another scan: ") && problem.contains("b.nii"), "{problem}");
    // A format more, whose session has the longer name.
    std::fs::remove_file(old.join("a.voxpoint")).unwrap();
    std::fs::write(old.join("a.nii.gz"), "x").unwrap();
    new("a.voxpoint", "a.nii.gz");
    let expected = [
        "a.nii < a.nii > a.nii.voxpoint",
        "a.nii.gz < a.nii.gz > a.voxpoint",
        "b < b.nii > b.voxpoint",
    ];
    assert_eq!(shown(&find_in(&old, None).unwrap(), &old), expected);
    // Moved together, and the session alone.
    let moved = folder.path().join("new");
    std::fs::rename(&old, &moved).unwrap();
    let list = find_in(&moved, None).unwrap();
    assert_eq!(shown(&list, &moved), expected);
    assert_eq!(list.cases[1].status.objects, 1);
    let sessions = folder.path().join("sessions");
    std::fs::create_dir(&sessions).unwrap();
    std::fs::rename(moved.join("a.voxpoint"), sessions.join("a.voxpoint")).unwrap();
    let list = find_in(&moved, Some(&sessions)).unwrap();
    assert_eq!(list.cases[1].session, sessions.join("a.voxpoint"));
    assert_eq!(list.cases[1].status.objects, 1);
}

/// A header and its voxels are one case, and so is a folder of slices.
#[test]
fn files_that_belong_together_are_one_case() {
    let folder = folder(&[
        "a.mhd",
        "a.raw",
        "b.nii",
        "ct/1.dcm",
        "ct/2.DCM",
        "labels/x/1.dcm",
        "img/y.nrrd",
    ]);
    std::fs::create_dir(folder.path().join("images")).unwrap();
    let list = find_in(folder.path(), None).unwrap();
    let scans: Vec<_> = list
        .cases
        .iter()
        .map(|c| c.scan.strip_prefix(folder.path()).unwrap().display().to_string())
        .collect();
    assert_eq!(scans, ["a.mhd", "b.nii", "ct", "img/y.nrrd"]);
}

#[test]
fn what_is_no_list_is_told() {
    let folder = folder(&["scans/a_mask.nii", "file.txt", "none/x"]);
    for (place, said) in [
        ("nowhere", "there is no such folder or table"),
        ("file.txt", "a list of cases is a folder, or a table (.csv, .tsv) with a column “scan”"),
        ("none", "no scan was found, no file whose name ends in .nii, .nii.gz"),
        ("scans", "1 label maps were left out, by their names"),
    ] {
        let error = find_in(&folder.path().join(place), None).unwrap_err().to_string();
        assert!(error.contains(said) && error.contains(place), "{place}: {error}");
    }
    let cancel = CancelToken::new();
    cancel.cancel();
    std::fs::write(folder.path().join("c.nii"), "x").unwrap();
    let found = find(folder.path(), None, formats(), &cancel, &Progress::new());
    assert!(matches!(found, Err(CasesError::Cancelled)));
}

/// A scan that is not there is a case all the same: it is told what to do.
#[cfg(unix)]
#[test]
fn scans_that_are_elsewhere_are_told() {
    let folder = folder(&["a.nii"]);
    let link = folder.path().join("b.nii.gz");
    std::os::unix::fs::symlink("nowhere", &link).unwrap();
    // A circle, and a link to a folder above.
    std::os::unix::fs::symlink(folder.path(), folder.path().join("up")).unwrap();
    let list = find_in(folder.path(), None).unwrap();
    let problems: Vec<bool> = list.cases.iter().map(|c| c.status.problem.is_some()).collect();
    assert_eq!(problems, [false, true]);
    let table = folder.path().join("list.csv");
    std::fs::write(&table, "scan\na.nii\ngone.nii\n").unwrap();
    let list = find_in(&table, None).unwrap();
    assert_eq!(list.cases[0].status.problem, None);
    assert_eq!(list.cases[1].status.problem.as_deref(), Some("there is no such scan"));
}

#[test]
#[ignore = "prints times; by hand"]
fn times_of_ten_thousand_scans() {
    let folder = folder(&[]);
    let kept = |scan: usize| folder.path().join(format!("{scan}.voxpoint"));
    for scan in (0..20).step_by(4) {
        let new = NewSession {
            scan: format!("/gone/scan{scan}.nii.gz").into(),
            objects: 20,
            ..NewSession::default()
        };
        drop(new_session(&kept(scan), &new));
    }
    for patient in 0..500 {
        let patient = folder.path().join(format!("p{patient}"));
        std::fs::create_dir(&patient).unwrap();
        for scan in 0..20 {
            std::fs::write(patient.join(format!("scan{scan}.nii.gz")), "x").unwrap();
            if scan % 4 == 0 {
                let session = patient.join(format!("scan{scan}.voxpoint"));
                std::fs::copy(kept(scan), session).unwrap();
            }
        }
    }
    let start = std::time::Instant::now();
    let mut list = find_in(folder.path(), None).unwrap();
    println!("{} cases found in {:.2} s", list.cases.len(), start.elapsed().as_secs_f64());
    assert_eq!((list.cases.len(), list.count(WorkState::InProgress)), (10_000, 2500));
    let start = std::time::Instant::now();
    list.refresh(&CancelToken::new(), &Progress::new()).unwrap();
    println!("looked at again in {:.2} s", start.elapsed().as_secs_f64());
}
