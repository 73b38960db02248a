use std::time::{Duration, Instant};

use super::*;
use crate::document::{Command, EditKind, GestureId};
use crate::geom::{DAffine3, Grid};
use crate::ui::Toasts;
use crate::volume::{Scale, StoredGeometry, Volume, Voxels};

const DIMS: [usize; 3] = [24, 10, 8];

/// Two plateaus along x, the edge between voxels 13 and 14; a little uneven each.
fn value(n: usize) -> u8 {
    let x = n % DIMS[0];
    if x < 14 { 20 + (n % 3) as u8 } else { 200 + (n % 2) as u8 }
}

fn open() -> OpenDocument {
    let grid = Grid::new(DIMS, DAffine3::IDENTITY).unwrap();
    let voxels = Voxels::U8((0..grid.count()).map(value).collect());
    let stored = StoredGeometry::of(&grid);
    let volume = Volume::new("v", grid, DIMS.to_vec(), voxels, Scale::NONE, stored, vec![]);
    OpenDocument::new(DocumentNumber(1), Document::new(Arc::new(volume)), "scan".into())
}

fn boxed(lo: [usize; 3], hi: [usize; 3]) -> Region {
    let [nx, ny, nz] = DIMS;
    let inside = |n: usize| {
        let at = [n % nx, n / nx % ny, n / nx / ny];
        (0..3).all(|a| lo[a] <= at[a] && at[a] < hi[a])
    };
    Region::from_mask(nx, (0..nx * ny * nz).map(inside))
}

fn edit(document: &mut Document, object: Option<u16>, change: Change) {
    let gesture = GestureId(1000 + document.revision());
    let (over, kind) = (Over::Background, EditKind::Brush);
    let object = object.map(LabelId);
    document.apply(Command::Edit { object, change, over, kind, gesture }).unwrap();
}

/// Paints a box into a new object.
fn begin(document: &mut Document, lo: [usize; 3], hi: [usize; 3]) {
    document.apply(Command::NewObject).unwrap();
    edit(document, None, Change::Add(boxed(lo, hi).into()));
}

/// 1 in the dark half, 2 in the bright one.
fn two() -> OpenDocument {
    let mut open = open();
    begin(&mut open.document, [3, 4, 4], [5, 6, 5]);
    begin(&mut open.document, [18, 4, 4], [20, 6, 5]);
    open
}

fn growth() -> Growth {
    Growth::start(Arc::new(|| ())).unwrap()
}

const WANTED: WantedGrowth = WantedGrowth { margin_mm: 100.0, not_wanted: None, alone: None };

fn known(growth: &mut Growth, open: &OpenDocument, wanted: &WantedGrowth) -> GrowthStatus {
    let until = Instant::now() + Duration::from_mins(1);
    let mut status = GrowthStatus::Idle;
    loop {
        growth.follow(Some(open), Some(wanted), &mut status);
        if !matches!(status, GrowthStatus::Working(..)) {
            return status;
        }
        assert!(Instant::now() < until, "it never ends");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Applies what is known, and says what all voxels are then.
fn applied(growth: &mut Growth, open: &mut OpenDocument, wanted: &WantedGrowth) -> Vec<u16> {
    growth.apply(Some(open), Some(wanted));
    let mut toasts = Toasts::default();
    let command = growth.take_command(&mut toasts).expect("known");
    assert!(growth.take_command(&mut toasts).is_none(), "once");
    open.document.apply(command).unwrap();
    growth.applied(Some(open), Some(wanted));
    open.document.labels().to_vec()
}

#[test]
fn what_is_shown_is_what_is_done_as_one_step() {
    let (mut growth, mut open) = (growth(), two());
    // A voxel has 1 mm³; of 1920, 14 / 24 are dark.
    let ready = GrowthStatus::Ready(vec![(LabelId(1), 1.116), (LabelId(2), 0.796)]);
    assert_eq!(known(&mut growth, &open, &WANTED), ready);
    let before = open.document.labels().to_vec();
    let preview = growth.preview(Some(&open)).unwrap();
    let (shown, styles) = (preview.labels.to_vec(), preview.styles.clone());
    let after = applied(&mut growth, &mut open, &WANTED);
    for n in 0..after.len() {
        assert_eq!(after[n], if n % DIMS[0] < 14 { 1 } else { 2 }, "{n}");
        let style = styles.iter().find(|style| style.value == shown[n]);
        match (before[n], style) {
            (0, Some(style)) => {
                let object = open.document.object(LabelId(after[n])).unwrap();
                assert!(style.faint && style.colour == object.colour, "{n}");
            }
            (seed, None) => assert!(seed == after[n] && shown[n] == seed, "{n}"),
            other => panic!("{n}: {other:?}"),
        }
    }
    assert_eq!(open.document.can_undo(), Some("Grow from seeds"));
    assert_eq!(known(&mut growth, &open, &WANTED), GrowthStatus::Done);
    assert!(growth.preview(Some(&open)).is_none());
    // Undone, it is proposed again.
    assert!(open.document.undo());
    assert_eq!(open.document.labels().to_vec(), before);
    assert_eq!(known(&mut growth, &open, &WANTED), ready);
}

#[test]
fn what_is_not_wanted_holds_back_and_gains_nothing() {
    let (mut growth, mut open) = (growth(), two());
    let wanted = WantedGrowth { not_wanted: Some(LabelId(2)), ..WANTED };
    let ready = GrowthStatus::Ready(vec![(LabelId(1), 1.116)]);
    assert_eq!(known(&mut growth, &open, &wanted), ready);
    let before = open.document.labels().to_vec();
    let after = applied(&mut growth, &mut open, &wanted);
    for n in 0..after.len() {
        assert_eq!(after[n], if n % DIMS[0] < 14 { 1 } else { before[n] }, "{n}");
    }
}

/// More paint, paint taken back and erased, an object hidden: each time as from the start.
#[test]
fn an_update_is_as_a_new_start() {
    let (mut kept, mut open) = (growth(), two());
    let steps: [&dyn Fn(&mut Document); 6] = [
        &|_| (),
        &|d| edit(d, Some(2), Change::Add(boxed([6, 0, 0], [8, 10, 8]).into())),
        &|d| assert!(d.undo()),
        &|d| begin(d, [10, 2, 2], [11, 3, 3]),
        &|d| edit(d, Some(1), Change::Subtract(boxed([3, 4, 4], [4, 6, 5]).into())),
        &|d| d.apply(Command::SetVisible(LabelId(3), false)).unwrap(),
    ];
    let mut seen = Vec::new();
    for (n, step) in steps.iter().enumerate() {
        step(&mut open.document);
        let (found, fresh) = (known(&mut kept, &open, &WANTED), &mut growth());
        assert_eq!(found, known(fresh, &open, &WANTED), "step {n}");
        let [a, b] = [&kept, fresh].map(|g| g.preview(Some(&open)).unwrap().labels.to_vec());
        assert!(a == b, "step {n}");
        seen.push(a);
    }
    assert!(seen[0] != seen[1] && seen[0] == seen[2] && seen[3] != seen[4], "they differ");
    // While a stroke is drawn, nothing that is not so is shown.
    begin(&mut open.document, [12, 0, 0], [13, 1, 1]);
    assert!(kept.preview(Some(&open)).is_none());
}

#[test]
fn objects_that_are_locked_or_hidden_stay_and_are_not_crossed() {
    for hide in [false, true] {
        let (mut growth, mut open) = (growth(), two());
        // A wall across the dark half.
        begin(&mut open.document, [8, 0, 0], [10, 10, 8]);
        let command = if hide {
            Command::SetVisible(LabelId(3), false)
        } else {
            Command::SetLocked(LabelId(3), true)
        };
        open.document.apply(command).unwrap();
        let status = known(&mut growth, &open, &WANTED);
        assert!(matches!(&status, GrowthStatus::Ready(gains) if gains.len() == 2), "{status:?}");
        let after = applied(&mut growth, &mut open, &WANTED);
        for (n, label) in after.into_iter().enumerate() {
            let expected = match n % DIMS[0] {
                0..8 => 1,
                8..10 => 3,
                _ => 2,
            };
            assert_eq!(label, expected, "{n}");
        }
        assert_eq!(open.document.object(LabelId(3)).unwrap().visible, !hide);
    }
}

#[test]
fn what_can_not_be_done_is_said_and_not_done() {
    type Case = (fn(&mut Document), &'static str);
    let cases: [Case; 6] = [
        (|d| while d.undo() {}, "at least two objects"),
        (|d| assert!(d.undo()), "at least two objects"),
        (|d| d.apply(Command::SetLocked(LabelId(1), true)).unwrap(), "at least two objects"),
        (|d| d.apply(Command::SetVisible(LabelId(1), false)).unwrap(), "at least two objects"),
        (
            |d| {
                let prompt = crate::prompt::Prompt::positive(crate::geom::DVec3::splat(1.0));
                d.apply(Command::AddPrompt { object: Some(LabelId(1)), prompt }).unwrap();
            },
            "still being computed",
        ),
        (
            |d| {
                edit(d, Some(1), Change::Add(boxed([0; 3], DIMS).into()));
            },
            "Nothing would change",
        ),
    ];
    for (prepare, why) in cases {
        let (mut growth, mut open) = (growth(), two());
        prepare(&mut open.document);
        growth.apply(Some(&open), Some(&WANTED));
        let status = known(&mut growth, &open, &WANTED);
        let GrowthStatus::Refused(text) = status else { panic!("{why}: {status:?}") };
        assert!(text.contains(why), "{text}");
        let mut toasts = Toasts::default();
        assert!(
            growth.take_command(&mut toasts).is_none() && growth.preview(Some(&open)).is_none()
        );
        assert_eq!(toasts.texts().count(), 1);
    }
}

#[test]
fn what_was_computed_for_another_state_is_not_done() {
    let (mut growth, mut open) = (growth(), two());
    known(&mut growth, &open, &WANTED);
    growth.apply(Some(&open), Some(&WANTED));
    begin(&mut open.document, [10, 2, 2], [11, 3, 3]);
    known(&mut growth, &open, &WANTED);
    let mut toasts = Toasts::default();
    assert!(growth.take_command(&mut toasts).is_none());
    assert!(toasts.texts().any(|text| text.contains("apply it again")));
    // Closed.
    let mut status = GrowthStatus::Done;
    growth.follow(Some(&open), None, &mut status);
    assert_eq!(status, GrowthStatus::Idle);
    assert!(growth.preview(Some(&open)).is_none());
}
