use super::*;
use crate::app::DocumentNumber;
use crate::document::{Command, EditKind, GestureId};
use crate::geom::{DAffine3, Grid};
use crate::mask::Scope;
use crate::mask::morphology::Shell;
use crate::ui::Toasts;
use crate::volume::{NamedRegion, Scale, StoredGeometry, Volume, Voxels};

const DIMS: [usize; 3] = [10, 10, 10];

fn boxed(lo: [usize; 3], hi: [usize; 3]) -> Region {
    let inside = |n: usize| {
        let at = [n % 10, n / 10 % 10, n / 100];
        (0..3).all(|a| lo[a] <= at[a] && at[a] < hi[a])
    };
    Region::from_mask(DIMS[0], (0..1000).map(inside))
}

/// A document with a box of 4 × 4 × 4 voxels, with a cavity, painted; and a single voxel far off.
fn open() -> OpenDocument {
    let grid = Grid::new(DIMS, DAffine3::IDENTITY).unwrap();
    let (voxels, stored) = (Voxels::U8(vec![0; 1000]), StoredGeometry::of(&grid));
    let volume = Volume::new("v", grid, DIMS.to_vec(), voxels, Scale::NONE, stored, vec![]);
    let mut open =
        OpenDocument::new(DocumentNumber(1), Document::new(Arc::new(volume)), "scan".into());
    let mask = boxed([1; 3], [5; 3]).without(&boxed([2; 3], [4; 3]), 10);
    add(&mut open.document, mask.union(&boxed([8; 3], [9; 3]), 10));
    open
}

fn add(document: &mut Document, region: Region) {
    let gesture = GestureId(1000 + document.revision());
    let (change, over, kind) = (Change::Add(Arc::new(region)), Over::Background, EditKind::Brush);
    document.apply(Command::Edit { object: None, change, over, kind, gesture }).unwrap();
}

fn wanted(kind: OperationKind, size: f64) -> WantedOperation {
    let (side, shell, scope) = (None, Shell::Inside, Scope::Volume);
    let operation = Operation { kind, size, side, shell, scope, cut: None };
    WantedOperation { operation, over: Over::Background, with: None, preview: true }
}

fn operations() -> Operations {
    Operations::start(Arc::new(|| ())).unwrap()
}

/// Follows until it is known what would change.
fn known(of: &mut Operations, open: &OpenDocument, wanted: &WantedOperation) -> OperationStatus {
    let mut status = OperationStatus::Idle;
    for _ in 0..2000 {
        of.follow(Some(open), Some(wanted), &mut status);
        if !matches!(status, OperationStatus::Working) {
            return status;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    panic!("still computing");
}

#[test]
fn what_is_shown_is_what_is_done() {
    for (kind, size, gained, lost, new) in [
        (OperationKind::FillHoles, 0.0, 8, 0, 0),
        (OperationKind::KeepLargest, 0.0, 0, 1, 0),
        (OperationKind::SplitParts, 0.0, 0, 1, 1),
        (OperationKind::Grow, 1.0, 8 + 6 * 16 + 6, 0, 0),
    ] {
        let (mut of, mut open) = (operations(), open());
        let wanted = wanted(kind, size);
        let status = known(&mut of, &open, &wanted);
        let ml = |voxels: i32| f64::from(voxels) / 1000.0;
        let expected = OperationStatus::Ready {
            gained_ml: ml(gained),
            lost_ml: ml(lost),
            under_ml: 0.0,
            parts: new,
            taken: Vec::new(),
            cut_off: None,
        };
        assert_eq!(status, expected, "{kind:?}");
        let before = open.document.labels().to_vec();
        let shown = of.preview(Some(&open)).unwrap().labels.to_vec();
        let mut toasts = Toasts::default();
        assert!(of.take_command(&mut toasts).is_none(), "nobody has asked for it");
        of.apply(Some(&open), Some(&wanted));
        let command = of.take_command(&mut toasts).unwrap();
        assert!(of.take_command(&mut toasts).is_none(), "once");
        open.document.apply(command).unwrap();
        let after = open.document.labels().to_vec();
        for n in 0..1000 {
            assert_eq!(shown[n] != before[n], after[n] != before[n], "{kind:?} {n}");
        }
        assert_eq!(open.document.can_undo(), Some(operation_name(kind)));
        assert!(open.document.undo());
        assert_eq!(open.document.labels().to_vec(), before);
    }
}

#[test]
fn what_can_not_be_done_is_said_and_not_done() {
    type Case = (OperationKind, f64, fn(&mut Document), &'static str);
    let cases: [Case; 7] = [
        (OperationKind::Shrink, 9.0, |_| (), "Nothing would be left"),
        (OperationKind::KeepClicked, 0.0, |_| (), "No part has a positive click"),
        (OperationKind::RemoveSmaller, 1.0, |_| (), "Nothing would change"),
        (
            OperationKind::FillHoles,
            -1.0,
            |d| d.apply(Command::SetLocked(id(1), true)).unwrap(),
            "locked",
        ),
        (OperationKind::Grow, -1.0, |_| (), "Give a size"),
        (OperationKind::FillHoles, 0.0, |d| d.apply(Command::NewObject).unwrap(), "no voxels yet"),
        (OperationKind::FillHoles, 0.0, |d| while d.undo() {}, "No object is selected"),
    ];
    for (kind, size, prepare, why) in cases {
        let (mut of, mut open) = (operations(), open());
        prepare(&mut open.document);
        let wanted = wanted(kind, size);
        of.apply(Some(&open), Some(&wanted));
        let status = known(&mut of, &open, &wanted);
        let OperationStatus::Refused(text) = status else { panic!("{kind:?}: {status:?}") };
        assert!(text.contains(why), "{text}");
        let mut toasts = Toasts::default();
        assert!(of.take_command(&mut toasts).is_none() && of.preview(Some(&open)).is_none());
        assert_eq!(toasts.texts().count(), 1);
    }
}

fn id(n: u16) -> crate::document::LabelId {
    crate::document::LabelId(n)
}

#[test]
fn what_was_computed_for_another_state_is_not_done() {
    let (mut of, mut open) = (operations(), open());
    let fill = wanted(OperationKind::FillHoles, 0.0);
    known(&mut of, &open, &fill);
    of.apply(Some(&open), Some(&fill));
    add(&mut open.document, boxed([2; 3], [4; 3]));
    // The cavity was painted meanwhile.
    let status = known(&mut of, &open, &fill);
    assert!(matches!(status, OperationStatus::Refused(_)), "{status:?}");
    let mut toasts = Toasts::default();
    assert!(of.take_command(&mut toasts).is_none());
    assert!(toasts.texts().any(|text| text.contains("apply it again")));
    // Closed, or set to something else before it was known.
    of.apply(Some(&open), Some(&fill));
    let mut status = OperationStatus::Idle;
    of.follow(Some(&open), None, &mut status);
    assert_eq!(status, OperationStatus::Idle);
    known(&mut of, &open, &wanted(OperationKind::Grow, 1.0));
    assert!(of.take_command(&mut Toasts::default()).is_none());
}

#[test]
fn a_preview_is_of_the_document_as_it_is_or_there_is_none() {
    let (mut of, mut open) = (operations(), open());
    known(&mut of, &open, &wanted(OperationKind::FillHoles, 0.0));
    assert!(of.preview(Some(&open)).is_some());
    // Looking changes nothing of it.
    open.document.apply(Command::SetVisible(id(1), false)).unwrap();
    assert!(of.preview(Some(&open)).is_some());
    add(&mut open.document, boxed([7; 3], [8; 3]));
    assert!(of.preview(Some(&open)).is_none(), "a stroke is under way");
}

#[test]
fn what_a_neighbour_gets_is_not_drawn_as_a_gain() {
    let (mut of, mut open) = (operations(), open());
    open.document.apply(Command::NewObject).unwrap();
    add(&mut open.document, boxed([5, 1, 1], [9, 5, 5]));
    open.document.apply(Command::Select(id(1))).unwrap();
    let status = known(&mut of, &open, &wanted(OperationKind::SmoothTogether, 2.0));
    assert!(matches!(status, OperationStatus::Ready { .. }), "{status:?}");
    let preview = of.preview(Some(&open)).unwrap();
    let [gained, lost] = [0, 1].map(|n: usize| preview.styles[n].value);
    of.apply(Some(&open), Some(&wanted(OperationKind::SmoothTogether, 2.0)));
    let command = of.take_command(&mut Toasts::default()).unwrap();
    let (before, shown) = (open.document.labels().to_vec(), preview_labels(&of, &open));
    open.document.apply(command).unwrap();
    let after = open.document.labels().to_vec();
    for n in 0..1000 {
        let expected = match (before[n], after[n]) {
            (old, new) if old == new => old,
            (_, 1) => gained,
            (1, _) | (_, 0) => lost,
            (_, new) => new,
        };
        assert_eq!(shown[n], expected, "{n}: {} → {}", before[n], after[n]);
    }
}

fn preview_labels(of: &Operations, open: &OpenDocument) -> Vec<u16> {
    of.preview(Some(open)).unwrap().labels.to_vec()
}

#[test]
fn without_a_preview_it_is_computed_when_it_is_asked_for() {
    let (mut of, open) = (operations(), open());
    let fill = WantedOperation { preview: false, ..wanted(OperationKind::FillHoles, 0.0) };
    let mut status = OperationStatus::Idle;
    of.follow(Some(&open), Some(&fill), &mut status);
    assert_eq!(status, OperationStatus::Idle);
    of.apply(Some(&open), Some(&fill));
    known(&mut of, &open, &fill);
    assert!(of.take_command(&mut Toasts::default()).is_some());
}

#[test]
fn why_not_is_told_in_the_language_of_the_window() {
    use crate::ui::text::{Language, speak};
    let (mut of, mut open) = (operations(), open());
    add(&mut open.document, boxed([2; 3], [4; 3]));
    speak(Language::Chinese);
    let status = known(&mut of, &open, &wanted(OperationKind::FillHoles, 0.0));
    speak(Language::English);
    assert_eq!(status, OperationStatus::Refused("不会有任何改变。".to_owned()));
}

/// A document with these structures of a file, the first one selected.
fn stacked(regions: &[Region]) -> OpenDocument {
    let mut open = open();
    while open.document.undo() {}
    let label = |(value, region): (u16, &Region)| NamedRegion {
        value,
        name: Some(format!("structure {value}")),
        colour: None,
        opacity: None,
        visible: true,
        region: region.clone(),
        on_top: None,
    };
    let labels = (1..).zip(regions).map(label).collect();
    open.document.apply(Command::Import(labels)).unwrap();
    open.document.apply(Command::Select(id(1))).unwrap();
    open
}

fn wholes(document: &Document) -> Vec<Region> {
    document.objects().iter().map(|o| (*o.whole(10)).clone()).collect()
}

/// Does what is known to be possible.
fn done(of: &mut Operations, open: &mut OpenDocument, wanted: &WantedOperation) {
    of.apply(Some(&*open), Some(wanted));
    let command = of.take_command(&mut Toasts::default()).unwrap();
    open.document.apply(command).unwrap();
}

#[test]
fn an_operation_is_done_to_what_lies_under_others_too() {
    // An organ, a vessel that crosses it, and a speck of the organ below another structure.
    let speck = boxed([8, 8, 8], [9, 9, 9]);
    let organ = boxed([0, 0, 0], [10, 5, 5]).union(&speck, 10);
    let others = [boxed([4, 0, 0], [6, 5, 5]), boxed([8, 8, 8], [10, 10, 9])];
    let [vessel, top] = &others;
    for (kind, size) in [
        (OperationKind::KeepLargest, 0.0),
        (OperationKind::RemoveSmaller, 2.0),
        (OperationKind::Shrink, 1.0),
        (OperationKind::Open, 1.0),
        (OperationKind::Hollow, 1.0),
        (OperationKind::Median, 2.0),
    ] {
        let wanted = wanted(kind, size);
        let (mut of, mut alone) = (operations(), stacked(std::slice::from_ref(&organ)));
        known(&mut of, &alone, &wanted);
        done(&mut of, &mut alone, &wanted);
        // (Which documents are told apart by their numbers: these have the same one.)
        let (mut of, mut open) =
            (operations(), stacked(&[organ.clone(), vessel.clone(), top.clone()]));
        let before = open.document.objects().to_vec();
        let status = known(&mut of, &open, &wanted);
        let OperationStatus::Ready { lost_ml, under_ml, .. } = status else {
            panic!("{kind:?}: {status:?}")
        };
        assert!(lost_ml >= under_ml && under_ml > 0.0, "{kind:?}: {lost_ml} {under_ml}");
        done(&mut of, &mut open, &wanted);
        let found = wholes(&open.document);
        assert_eq!(found[0], wholes(&alone.document)[0], "{kind:?}");
        assert_eq!(found[1..], others, "{kind:?}");
        assert!(open.document.undo());
        assert_eq!(open.document.objects(), before);
    }
    // What is one part for all its voxels, is not split; its halves are cut whole.
    let mut open = stacked(&[boxed([0, 0, 0], [10, 5, 5]), vessel.clone()]);
    let mut of = operations();
    let status = known(&mut of, &open, &wanted(OperationKind::SplitParts, 0.0));
    assert!(
        matches!(&status, OperationStatus::Refused(why) if why.contains("Nothing would change"))
    );
    let halves = wanted(OperationKind::SplitLeftRight, 0.0);
    known(&mut of, &open, &halves);
    done(&mut of, &mut open, &halves);
    let found = wholes(&open.document);
    assert_eq!(found[0].union(&found[2], 10), boxed([0, 0, 0], [10, 5, 5]));
    assert_eq!((found[0].count(), found[2].count(), &found[1]), (125, 125, vessel));
    // Together only what is seen can be smoothed.
    let mut open = stacked(&[boxed([0; 3], [4; 3]), boxed([0; 3], [4; 3])]);
    open.document.apply(Command::BringToFront(id(2))).ok();
    let status = known(&mut of, &open, &wanted(OperationKind::SmoothTogether, 1.0));
    assert!(
        matches!(&status, OperationStatus::Refused(why) if why.contains("bring it to the front"))
    );
}

#[test]
fn two_objects_make_one_and_the_other_stays_whole() {
    let (mask, other) = (boxed([0; 3], [5; 3]), boxed([3; 3], [8; 3]));
    let both = boxed([3; 3], [5; 3]);
    let rest = mask.without(&both, 10);
    for locked in [false, true] {
        for (kind, expected) in [
            (OperationKind::Union, mask.union(&other, 10)),
            (OperationKind::Intersection, both.clone()),
            (OperationKind::Difference, rest.clone()),
            (OperationKind::ExclusiveOr, rest.union(&other.without(&both, 10), 10)),
        ] {
            let (mut of, mut open) = (operations(), stacked(&[mask.clone(), other.clone()]));
            open.document.apply(Command::SetLocked(id(2), locked)).unwrap();
            let wish = WantedOperation { with: Some(id(2)), ..wanted(kind, 0.0) };
            let before = open.document.objects().to_vec();
            let status = known(&mut of, &open, &wish);
            let OperationStatus::Ready { gained_ml, lost_ml, under_ml, taken, .. } = &status else {
                panic!("{kind:?}: {status:?}")
            };
            assert!(taken.is_empty(), "{kind:?}");
            let ml = |region: &Region| region.count() as f64 / 1000.0;
            assert_eq!(*gained_ml, ml(&expected.without(&mask, 10)), "{kind:?}");
            assert_eq!(*lost_ml, ml(&mask.without(&expected, 10)), "{kind:?}");
            // On top of the other one, or below what is locked; of what both have that lies on top (the later one).
            let hidden = if locked { *gained_ml } else { 0.0 };
            let under = hidden + lost_ml * f64::from(u8::from(kind != OperationKind::Intersection));
            assert!((under_ml - under).abs() < 1e-9, "{kind:?} {locked}: {under_ml} {under}");
            assert_eq!(
                of.preview(Some(&open)).is_some(),
                kind == OperationKind::Intersection || !locked && *gained_ml > 0.0
            );
            done(&mut of, &mut open, &wish);
            assert_eq!(wholes(&open.document), [expected, other.clone()], "{kind:?}");
            if locked {
                assert_eq!(open.document.objects()[1].region, before[1].region, "{kind:?}");
            }
            assert!(open.document.undo());
            assert_eq!(open.document.objects(), before);
        }
    }
}

#[test]
fn why_two_objects_make_nothing_is_said() {
    let (mask, far) = (boxed([0; 3], [5; 3]), boxed([6; 3], [8; 3]));
    let mut of = operations();
    let mut says = |open: &OpenDocument, kind, with| {
        let wish = WantedOperation { with, ..wanted(kind, 0.0) };
        match known(&mut of, open, &wish) {
            OperationStatus::Refused(why) => why,
            status => panic!("{status:?}"),
        }
    };
    let open = stacked(&[mask.clone(), far, mask.clone(), Region::default()]);
    for (kind, with, why) in [
        (OperationKind::Union, None, "Choose the other object"),
        (OperationKind::Union, Some(id(1)), "Choose the other object"),
        (OperationKind::Union, Some(id(9)), "Choose the other object"),
        (OperationKind::Union, Some(id(4)), "no voxels yet"),
        (OperationKind::Union, Some(id(3)), "Nothing would change"),
        (OperationKind::Intersection, Some(id(2)), "share no voxel"),
        (OperationKind::Difference, Some(id(3)), "all voxels of this one"),
        (OperationKind::ExclusiveOr, Some(id(3)), "all voxels of this one"),
        (OperationKind::Difference, Some(id(2)), "Nothing would change"),
    ] {
        let said = says(&open, kind, with);
        assert!(said.contains(why), "{kind:?} {with:?}: {said}");
    }
}
