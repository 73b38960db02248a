use super::*;
use crate::app::DocumentNumber;
use crate::document::{Command, EditKind, GestureId};
use crate::geom::{DAffine3, Grid};
use crate::mask::Scope;
use crate::mask::morphology::Shell;
use crate::ui::Toasts;
use crate::volume::{Scale, StoredGeometry, Volume, Voxels};

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
    WantedOperation { operation, over: Over::Background, preview: true }
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
