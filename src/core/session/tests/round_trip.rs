//! What was written comes back, identical.

use proptest::prelude::*;

use super::*;
use crate::document::GestureId;
use crate::document::tests::deeds::{deed, do_deed, document};

#[test]
fn a_full_session_comes_back_and_goes_on() {
    let (_folder, path) = temporary();
    let snapshot = full_snapshot();
    drop(create(&path, &snapshot));
    let Opened { contents, file } = SessionFile::open(&path, false).unwrap();
    assert_eq!(contents.damage, []);
    assert_eq!(contents.snapshot, as_read(&snapshot, &path));
    let mut file = file.unwrap();
    // Nothing has changed, so nothing is written: not even masks that were read.
    assert_eq!(file.write(&contents.snapshot).unwrap(), WriteOutcome::Unchanged);
    let overlay = Arc::new(scan());
    let (document, damage) =
        contents.snapshot.restore(Arc::new(scan()), BTreeMap::from([(0, overlay)])).unwrap();
    assert_eq!(damage, []);
    assert_eq!(document.image().time_point(), 1);
    assert_eq!(document.objects(), snapshot.objects.to_vec());
    assert_eq!(document.model_image(), snapshot.model_image);
    assert_eq!(document.active().map(|o| o.id), Some(LabelId(2)));
    assert_eq!(document.pending().map(|_| ()), None);
    assert!(!document.is_modified());
    let again = Snapshot::of(&document, contents.snapshot.around.clone(), snapshot.taken_ms);
    assert_eq!(again, contents.snapshot);
    assert_eq!(file.write(&again).unwrap(), WriteOutcome::Unchanged);
}

#[test]
fn masks_are_never_shown_on_another_grid() {
    let snapshot = full_snapshot();
    let moved = |mm: f64| {
        let grid = scan().grid().clone();
        let place = DAffine3::from_translation(DVec3::X * mm) * grid.world_from_voxel();
        let grid = Grid::new(grid.dims(), place).unwrap();
        let stored = StoredGeometry::of(&grid);
        let voxels = Voxels::U8(vec![1; grid.count()]);
        Volume::new("v", grid, vec![40, 30, 20], voxels, Scale::NONE, stored, vec![])
    };
    for (mm, fine) in [(0.0, true), (1e-4, true), (0.1, false), (-50.0, false)] {
        assert_eq!(snapshot.restore(Arc::new(moved(mm)), BTreeMap::new()).is_ok(), fine, "{mm} mm");
    }
    let wrong = snapshot.restore(Arc::clone(document().image()), BTreeMap::new()).unwrap_err();
    assert!(wrong.to_string().contains("6 × 5 × 4 voxels"), "{wrong}");
}

/// What is said of the second object, what is done to it, and which objects are left with how many voxels.
type BreakObject = (&'static str, fn(&mut Object, [usize; 3]), &'static [(u16, usize)]);

#[test]
fn what_is_not_whole_keeps_its_mask_and_is_told() {
    let snapshot = full_snapshot();
    let dims = snapshot.around.source.grid.dims();
    let full = snapshot.objects[1].region.count();
    assert_eq!(full, 1350);
    let table: [BreakObject; 11] = [
        ("the number of the background, 0; it is left out", |o, _| o.id = LabelId(0), &[]),
        ("another object has its number; it is left out", |o, _| o.id = LabelId(3), &[]),
        (
            "not what its layers make; it is kept as drawn",
            |o, _| o.added = Arc::default(),
            &[(2, 1350)],
        ),
        (
            "not what its layers make; it is kept as drawn",
            |o, dims| o.added = boxed(dims, [2, 2, 5], [9, 9, 7]),
            &[(2, 1350)],
        ),
        (
            "its mask has voxels that the scan does not have; it is left out",
            |o, dims| o.region = boxed([dims[0] * 2, dims[1], dims[2]], [0, 0, 0], [70, 1, 1]),
            &[],
        ),
        (
            "its part removed by hand has voxels that the scan does not have; its mask is kept",
            |o, dims| o.removed = boxed([dims[0] * 2, dims[1], dims[2]], [0, 0, 0], [70, 1, 1]),
            &[(2, 1350)],
        ),
        (
            "its mask that its clicks correct has voxels that the scan does not have; its mask",
            |o, dims| o.log.start = Some(boxed([dims[0] * 2, 1, 1], [0, 0, 0], [70, 1, 1])),
            &[(2, 1350)],
        ),
        (
            "its part under other objects has voxels that the scan does not have; its mask is kept",
            |o, dims| o.covered = boxed([dims[0] * 2, dims[1], dims[2]], [0, 0, 0], [70, 1, 1]),
            &[(2, 1350)],
        ),
        (
            "12 of its voxels are said to lie under other objects and do not; they are left out",
            |o, dims| o.covered = boxed(dims, [6, 6, 3], [8, 9, 6]),
            &[(2, 1350)],
        ),
        (
            "6 of its voxels are said to lie under other objects and do not; they are left out",
            |o, dims| o.covered = boxed(dims, [38, 28, 3], [39, 30, 6]),
            &[(2, 1350)],
        ),
        (
            "it has 16 voxels of objects before it, which keep them",
            |o, dims| {
                (o.model, o.removed) = (Arc::default(), Arc::default());
                o.added = boxed(dims, [10, 10, 0], [12, 12, 6]);
                o.region = Arc::clone(&o.added);
            },
            &[(2, 8)],
        ),
    ];
    for (said, break_it, left) in table {
        let mut broken = snapshot.clone();
        break_it(&mut broken.objects[1], dims);
        let (document, damage) = broken.restore(Arc::new(scan()), BTreeMap::new()).unwrap();
        assert_eq!(damage.len(), 1, "{said}: {damage:?}");
        assert!(damage[0].0.contains(said) && damage[0].0.contains("肝"), "{} – {said}", damage[0]);
        let second = document.objects().iter().filter(|o| ![3, 700].contains(&o.id.0));
        let second: Vec<(u16, usize)> = second.map(|o| (o.id.0, o.region.count())).collect();
        assert_eq!(second, left, "{said}");
        if said.contains("kept") {
            let object = document.object(LabelId(2)).unwrap();
            assert!(object.log.prompts.is_empty() && object.added == object.region, "{said}");
        }
        let regions = document.labels().regions();
        for object in document.objects() {
            for (top, _) in document.labels().parts_of(&object.covered) {
                assert!(top != 0 && top != object.id.0, "{said}");
            }
            assert_eq!(regions.get(&object.id.0), Some(&*object.region), "{said}");
            let mut made = object.model.union(&object.added, dims[0]);
            made.subtract(&object.removed, dims[0]);
            assert_eq!(made, *object.region, "{said}");
        }
        assert_eq!(regions.len(), document.objects().len());
    }
}

/// A session with such an object is told, and stays as it is.
#[test]
fn a_session_whose_objects_are_not_whole_is_only_read() {
    let (_folder, path) = temporary();
    let mut broken = full_snapshot();
    broken.objects[1].added = Arc::default();
    drop(create(&path, &broken));
    let opened = SessionFile::open(&path, false).unwrap();
    assert_eq!(opened.file.err(), Some(ReadOnly::Damaged));
    assert_eq!(opened.contents.snapshot.objects[1].region, broken.objects[1].region);
    assert!(opened.contents.damage[0].0.contains("not what its layers make"));
}

/// An image that was not found keeps its number: clicks in it are never replayed in another one.
#[test]
fn the_number_of_an_image_that_was_not_found_is_not_given_again() {
    use crate::document::Command;
    let mut snapshot = full_snapshot();
    snapshot.objects[0].log.image = ImageId::Overlay(4_000_000_000);
    snapshot.objects[1].log.image = ImageId::Overlay(1);
    let (mut document, _) = snapshot.restore(Arc::new(scan()), BTreeMap::new()).unwrap();
    for expected in [2, 3] {
        document.apply(Command::UseImage(Some(Arc::new(scan())))).unwrap();
        assert_eq!(document.model_image(), ImageId::Overlay(expected));
    }
    for object in snapshot.objects.iter().take(2) {
        assert!(document.image_by_id(object.log.image).is_none());
    }
    // What was asked in it can't be asked again, which is told.
    snapshot.objects[0].log.prompts.pop();
    let (document, damage) = snapshot.restore(Arc::new(scan()), BTreeMap::new()).unwrap();
    assert!(damage.len() == 1 && damage[0].0.contains("was not found"), "{damage:?}");
    assert!(document.pending().is_none());
}

/// A switch and a moved click that wait for their answer: asked again, and taken back all is as it was answered.
#[test]
fn other_questions_wait_again_too() {
    use crate::prompt::KeptParts;
    let whole = full_snapshot();
    let asked: [fn(&mut Object); 2] = [
        |o| o.log.parts = KeptParts::Clicked,
        |o| {
            o.log.prompts[0].world.x += 1.0;
            o.log.extensions.clear();
        },
    ];
    for ask in asked {
        let (_folder, path) = temporary();
        let mut snapshot = whole.clone();
        ask(&mut snapshot.objects[0]);
        drop(create(&path, &snapshot));
        let contents = read(&path).unwrap();
        assert_eq!(contents.snapshot.objects, snapshot.objects);
        let (mut document, damage) =
            contents.snapshot.restore(Arc::new(scan()), BTreeMap::new()).unwrap();
        assert_eq!(damage, []);
        assert_eq!(document.pending().unwrap().1.log, snapshot.objects[0].log);
        assert!(document.undo());
        assert_eq!(document.objects()[0], whole.objects[0]);
        assert!(document.pending().is_none());
    }
}

#[test]
fn durations_of_odd_sittings_do_not_overflow() {
    let sitting = |began_ms, ended_ms| Sitting {
        began_ms,
        ended_ms,
        program: String::new(),
        host: String::new(),
        steps: Vec::new(),
    };
    for (sittings, expected) in [
        (vec![sitting(0, i64::MAX), sitting(i64::MIN, i64::MAX)], i64::MAX),
        (vec![sitting(5, 3), sitting(1, 8)], 7),
    ] {
        assert_eq!(Past { sittings }.duration_ms(), expected);
    }
}

/// Clicks whose answer was still to come are asked again; taken back, the answered ones are there.
#[test]
fn clicks_that_were_not_answered_wait_again() {
    let mut snapshot = full_snapshot();
    let more = Prompt { id: PromptId(9000), ..snapshot.objects[0].log.prompts[0] };
    snapshot.objects[0].log.prompts.push(more);
    let (mut document, _) = snapshot.restore(Arc::new(scan()), BTreeMap::new()).unwrap();
    assert_eq!(document.prompts_given(), 9000);
    let (_, pending) = document.pending().unwrap();
    assert_eq!((pending.object, &pending.log), (LabelId(3), &snapshot.objects[0].log));
    assert!(document.undo());
    assert_eq!(document.objects()[0].log.prompts, snapshot.objects[0].answer.prompts);
    assert!(document.pending().is_none() && !document.undo());
}

#[test]
fn odd_numbers_and_names_fail_no_write() {
    let (_folder, path) = temporary();
    let mut snapshot = full_snapshot();
    let around = &mut snapshot.around;
    around.source.geometry.as_mut().unwrap().qform.offset = [f64::INFINITY, -0.0, 1e300];
    around.source.identifiers = vec![("uid".to_owned(), "1.2\u{0}3".to_owned())];
    let object = &mut snapshot.objects[0];
    object.name = "a\u{0}b\n".to_owned();
    object.log.threshold = f32::MIN_POSITIVE;
    object.log.prompts[0].world.x = 1.0 / 3.0;
    object.answer.footprint[0].world_from_box.translation.y = f64::MAX;
    let mut file = create(&path, &snapshot);
    assert_eq!(read(&path).unwrap().snapshot, as_read(&snapshot, &path));
    // A name that is no text, and what is not a number: kept as such.
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::ffi::OsStrExt as _;
        let name = std::ffi::OsStr::from_bytes(b"/scans/\xff.nii");
        snapshot.around.source.file.absolute = PathBuf::from(name);
    }
    snapshot.around.source.geometry.as_mut().unwrap().pixdim[7] = f64::NAN;
    snapshot.objects[0].log.prompts[0].world.x = f64::NAN;
    assert_eq!(file.write(&snapshot).unwrap(), WriteOutcome::Written);
    let contents = read(&path).unwrap();
    assert_eq!(contents.damage, []);
    let found = &contents.snapshot;
    assert_eq!(found.around.source.file.absolute, snapshot.around.source.file.absolute);
    assert!(found.objects[0].log.prompts[0].world.x.is_nan());
    assert!(found.around.source.geometry.as_ref().unwrap().pixdim[7].is_nan());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Any deeds, written now and then: what is read is what there was, the document restored from it is the same, and
    /// a file that was written bit by bit is the same as one that was written at once.
    #[test]
    fn any_work_comes_back(deeds in prop::collection::vec(deed(), 1..50), every in 5usize..20) {
        let (folder, path) = temporary();
        let mut d = document();
        let image = Arc::clone(d.image());
        let mut gesture = GestureId(0);
        let snapshot = |d: &Document, n: usize| {
            let mut around = surroundings(&image);
            around.view = serde_json::json!({ "deeds": n });
            Snapshot::of(d, around, 1000 + n as i64)
        };
        let mut file = create(&path, &snapshot(&d, 0));
        for (n, deed) in deeds.iter().enumerate() {
            do_deed(&mut d, deed, &mut gesture);
            if n % every == 0 {
                file.write(&snapshot(&d, n)).unwrap();
            }
        }
        let last = snapshot(&d, deeds.len());
        prop_assert_eq!(file.write(&last).unwrap(), WriteOutcome::Written);
        let contents = read(&path).unwrap();
        prop_assert_eq!(&contents.damage, &vec![]);
        prop_assert_eq!(&contents.snapshot, &as_read(&last, &path));
        let written: Vec<RecordedStep> = contents.past.sittings[0].steps.iter().map(|s| s.step.clone()).collect();
        let mut expected = last.steps.clone();
        expected.sort_by_key(|step| step.entry);
        let in_history = |s: &&RecordedStep| expected.iter().any(|e| e.entry == s.entry);
        prop_assert_eq!(written.iter().filter(in_history).cloned().collect::<Vec<_>>(), expected.clone());
        prop_assert!(written.iter().filter(|s| !in_history(s)).all(|s| !s.done));

        let (restored, damage) = contents.snapshot.restore(Arc::clone(&image), BTreeMap::new()).unwrap();
        prop_assert_eq!(damage, vec![]);
        prop_assert_eq!(restored.labels(), d.labels());
        prop_assert_eq!(restored.objects(), &*last.objects.to_vec());
        prop_assert_eq!(restored.active().map(|o| o.id), d.active().map(|o| o.id));
        for object in d.objects() {
            let answered = !object.is_unanswered();
            prop_assert_eq!(restored.is_pending(object.id), !answered);
            prop_assert!(answered || d.is_pending(object.id));
        }
        let at_once = folder.path().join("at once.voxpoint");
        drop(create(&at_once, &last));
        let at_once = read(&at_once).unwrap();
        prop_assert_eq!(at_once.snapshot, contents.snapshot);
    }
}
