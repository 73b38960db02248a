//! What was written comes back, identical.

use proptest::prelude::*;

use super::*;
use crate::document::GestureId;
use crate::document::tests::{document, random};

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
        contents.snapshot.restore(Arc::new(scan()), vec![Some(overlay)]).unwrap();
    assert_eq!(damage, []);
    assert_eq!(document.image().time_point(), 1);
    assert_eq!(document.objects(), snapshot.objects);
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
        assert_eq!(snapshot.restore(Arc::new(moved(mm)), vec![]).is_ok(), fine, "{mm} mm");
    }
    let wrong = snapshot.restore(Arc::clone(document().image()), vec![]).unwrap_err();
    assert!(wrong.to_string().contains("6 × 5 × 4 voxels"), "{wrong}");
}

/// What is done to the second object, and what is said of it.
type BreakObject = (&'static str, fn(&mut Object, [usize; 3]));

#[test]
fn what_is_not_whole_is_left_out_of_the_document_and_told() {
    let snapshot = full_snapshot();
    let dims = snapshot.around.source.grid.dims();
    let table: [BreakObject; 5] = [
        ("it has the number of the background", |o, _| o.id = LabelId(0)),
        ("another object has its number", |o, _| o.id = LabelId(3)),
        ("its mask is not what its layers make", |o, _| o.added = Arc::default()),
        ("its mask has voxels that the scan does not have", |o, dims| {
            o.region = boxed([dims[0] * 2, dims[1], dims[2]], [0, 0, 0], [70, 1, 1]);
        }),
        ("it has voxels of object 3", |o, dims| {
            (o.model, o.removed) = (Arc::default(), Arc::default());
            o.added = boxed(dims, [10, 10, 0], [12, 12, 6]);
            o.region = Arc::clone(&o.added);
        }),
    ];
    for (said, break_it) in table {
        let mut broken = snapshot.clone();
        break_it(&mut broken.objects[1], dims);
        let (document, damage) = broken.restore(Arc::new(scan()), vec![]).unwrap();
        assert_eq!(damage.len(), 1, "{said}");
        assert!(damage[0].0.contains(said) && damage[0].0.contains("肝"), "{} – {said}", damage[0]);
        let left: Vec<u16> = document.objects().iter().map(|o| o.id.0).collect();
        assert_eq!(left, [3, 700]);
        let voxels: usize = document.labels().regions().values().map(Region::count).sum();
        assert_eq!(voxels, document.objects().iter().map(|o| o.region.count()).sum::<usize>());
    }
}

/// Clicks whose answer was still to come are asked again; taken back, the answered ones are there.
#[test]
fn clicks_that_were_not_answered_wait_again() {
    let mut snapshot = full_snapshot();
    let more = Prompt { id: PromptId(9000), ..snapshot.objects[0].log.prompts[0] };
    snapshot.objects[0].log.prompts.push(more);
    let (mut document, _) = snapshot.restore(Arc::new(scan()), vec![]).unwrap();
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
    fn any_work_comes_back(deeds in prop::collection::vec(random::deed(), 1..50), every in 5usize..20) {
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
            random::do_deed(&mut d, deed, &mut gesture);
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

        let (restored, damage) = contents.snapshot.restore(Arc::clone(&image), vec![]).unwrap();
        prop_assert_eq!(damage, vec![]);
        prop_assert_eq!(restored.labels(), d.labels());
        prop_assert_eq!(restored.objects(), &last.objects[..]);
        prop_assert_eq!(restored.active().map(|o| o.id), d.active().map(|o| o.id));
        for object in d.objects() {
            let answered = object.log.prompts == object.answer.prompts;
            prop_assert_eq!(restored.is_pending(object.id), !answered);
            prop_assert!(answered || d.is_pending(object.id));
        }
        let at_once = folder.path().join("at once.voxpoint");
        drop(create(&at_once, &last));
        let at_once = read(&at_once).unwrap();
        prop_assert_eq!(at_once.snapshot, contents.snapshot);
    }
}
