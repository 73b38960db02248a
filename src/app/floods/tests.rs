use std::time::{Duration, Instant};

use super::*;
use crate::document::{GestureId, LabelId, Over};
use crate::geom::{DAffine3, Grid};
use crate::mask::level::LevelSide;
use crate::volume::{NamedRegion, Scale, StoredGeometry, Volume, Voxels};

/// Values 0, 1, 2 … along x, in rows of 10; two time points, of which the second is 100 larger.
fn open(dims: [usize; 3]) -> OpenDocument {
    let grid = Grid::new(dims, DAffine3::IDENTITY).unwrap();
    let count = grid.count();
    let voxels = (0..2 * count).map(|n| (n % count % dims[0] + 100 * (n / count)) as u8);
    let stored = StoredGeometry::of(&grid);
    let dims = [&dims[..], &[2]].concat();
    let voxels = Voxels::U8(voxels.collect());
    let volume = Volume::new("v", grid, dims, voxels, Scale::NONE, stored, vec![]);
    OpenDocument::new(DocumentNumber(1), Document::new(Arc::new(volume)), "scan".into())
}

fn wanted(tolerance: f64) -> WantedFlood {
    WantedFlood {
        seed: [5, 0, 0],
        time_point: 0,
        by: FloodBy::Tolerance,
        tolerance,
        scope: Scope::Volume,
        plane: None,
        erases: false,
        object: None,
        over: Over::Background,
        gesture: GestureId(1),
        shown: true,
        hovers: false,
        released: false,
    }
}

#[test]
fn of_a_seed_without_a_value_nothing_is_filled() {
    let grid = Grid::new([4; 3], DAffine3::IDENTITY).unwrap();
    let (voxels, stored) = (Voxels::F32(vec![f32::NAN; 64]), StoredGeometry::of(&grid));
    let volume = Volume::new("v", grid, vec![4; 3], voxels, Scale::NONE, stored, vec![]);
    let open = OpenDocument::new(DocumentNumber(1), Document::new(Arc::new(volume)), "scan".into());
    let mut wish = Some(WantedFlood { seed: [1; 3], released: true, ..wanted(1e9) });
    let (_, done) = known(&mut floods(), &open, &mut wish);
    assert!(matches!(done, Some(Err(why)) if why.contains("Nothing")) && wish.is_none());
}

fn floods() -> Floods {
    Floods::start(Arc::new(|| {})).unwrap()
}

/// Follows until it is known.
fn known(
    floods: &mut Floods,
    open: &OpenDocument,
    wanted: &mut Option<WantedFlood>,
) -> (FloodStatus, Option<Result<Command, String>>) {
    let until = Instant::now() + Duration::from_mins(1);
    loop {
        let mut status = FloodStatus::Known;
        let done = floods.follow(Some(open), wanted, false, &mut status);
        if status != FloodStatus::Working {
            return (status, done);
        }
        assert!(Instant::now() < until, "it never ends");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn gained(floods: &Floods) -> Option<usize> {
    let preview = floods.preview()?;
    preview.labels.regions().get(&preview.styles[0].value).map(crate::volume::Region::count)
}

#[test]
fn what_is_shown_is_what_is_done_once_the_button_is_let_go() {
    let mut open = open([10, 2, 2]);
    let mut floods = floods();
    let mut wish = Some(wanted(1.0));
    let (status, done) = known(&mut floods, &open, &mut wish);
    assert!(status == FloodStatus::Known && done.is_none() && wish.is_some());
    assert_eq!(gained(&floods), Some(12));
    // Another tolerance: what was shown stays until the new one is known.
    wish = Some(wanted(2.0));
    let mut status = FloodStatus::Known;
    assert!(floods.follow(Some(&open), &mut wish, false, &mut status).is_none());
    assert!(gained(&floods).is_some());
    known(&mut floods, &open, &mut wish);
    assert_eq!(gained(&floods), Some(20));
    wish = Some(WantedFlood { released: true, ..wanted(2.0) });
    // Into a stroke it does not come.
    assert!(floods.follow(Some(&open), &mut wish, true, &mut status).is_none() && wish.is_some());
    let (_, done) = known(&mut floods, &open, &mut wish);
    assert!(wish.is_none());
    open.document.apply(done.unwrap().unwrap()).unwrap();
    assert_eq!(open.document.objects()[0].region.count(), 20);
    let (steps, at) = open.document.history_steps();
    assert_eq!((at, steps[0].name), (1, "Flood fill"));
    assert!(floods.follow(Some(&open), &mut wish, false, &mut status).is_none());
    assert_eq!(gained(&floods), None, "nothing is wanted any more");
    // Again: all of it is that object's already.
    let object = Some(LabelId(1));
    wish = Some(WantedFlood { released: true, object, ..wanted(2.0) });
    let (_, done) = known(&mut floods, &open, &mut wish);
    assert!(matches!(done, Some(Err(why)) if why.contains("Nothing")) && wish.is_none());
}

#[test]
fn values_of_another_time_point_are_not_filled() {
    let mut open = open([10, 2, 2]);
    let mut floods = floods();
    let mut wish = Some(wanted(1.0));
    known(&mut floods, &open, &mut wish);
    open.document.apply(Command::ShowTimePoint(1)).unwrap();
    let mut status = FloodStatus::Known;
    assert!(floods.follow(Some(&open), &mut wish, false, &mut status).is_none());
    assert!(wish.is_none() && floods.preview().is_none());
    // Nor anything once the scan is closed.
    wish = Some(wanted(1.0));
    assert!(floods.follow(None, &mut wish, false, &mut status).is_none() && wish.is_none());
}

#[test]
fn a_fill_that_leaves_every_structure_is_not_done() {
    let open = open([256, 320, 256]);
    let mut floods = floods();
    let mut wish = Some(WantedFlood { released: true, ..wanted(255.0) });
    let (status, done) = known(&mut floods, &open, &mut wish);
    assert!(
        matches!(&status, FloodStatus::Refused(why) if why.contains("20 million")),
        "{status:?}"
    );
    assert!(matches!(done, Some(Err(_))) && wish.is_none() && floods.preview().is_none());
    // Given up, it is not done either.
    wish = Some(WantedFlood { released: true, ..wanted(10.0) });
    let mut status = FloodStatus::Known;
    assert!(floods.follow(Some(&open), &mut wish, false, &mut status).is_none());
    wish = None;
    std::thread::sleep(Duration::from_millis(50));
    assert!(floods.follow(Some(&open), &mut wish, false, &mut status).is_none());
}

#[test]
fn what_a_level_encloses_is_shown_while_the_pointer_hovers() {
    let mut open = open([10, 4, 2]);
    let mut floods = floods();
    let scope = Scope::Slice { axis: 2, index: 0 };
    let level = |side, seed, hovers| WantedFlood {
        by: FloodBy::Level(side),
        seed,
        scope,
        hovers,
        released: !hovers,
        ..wanted(0.0)
    };
    // Values are those of x, in four rows of the slice.
    for (side, x, expected) in
        [(LevelSide::AtLeast, 7, 3 * 4), (LevelSide::AtLeast, 0, 40), (LevelSide::AtMost, 2, 3 * 4)]
    {
        let mut wish = Some(level(side, [x, 1, 0], true));
        let (status, done) = known(&mut floods, &open, &mut wish);
        assert!(status == FloodStatus::Known && done.is_none() && wish.is_some());
        assert_eq!(gained(&floods), Some(expected), "{side:?} {x}");
    }
    // What was shown stays until it is known what is enclosed where the pointer is now.
    let mut wish = Some(level(LevelSide::AtMost, [3, 1, 0], true));
    let mut status = FloodStatus::Known;
    assert!(floods.follow(Some(&open), &mut wish, false, &mut status).is_none());
    assert!(gained(&floods).is_some());
    wish = Some(level(LevelSide::AtMost, [3, 1, 0], false));
    let (_, done) = known(&mut floods, &open, &mut wish);
    assert!(wish.is_none());
    open.document.apply(done.unwrap().unwrap()).unwrap();
    assert_eq!(open.document.objects()[0].region.count(), 16);
}

#[test]
fn why_a_fill_would_change_nothing_is_said() {
    let mut open = open([10, 2, 2]);
    let names = [(1, "liver", 0..6), (2, "spleen", 6..10)];
    let label = |(value, name, xs): (u16, &str, std::ops::Range<usize>)| NamedRegion {
        value,
        name: Some(name.to_owned()),
        colour: None,
        opacity: None,
        visible: true,
        region: Region::from_mask(10, (0..40).map(|n| xs.contains(&(n % 10)))),
        on_top: None,
    };
    open.document.apply(Command::Import(names.map(label).to_vec())).unwrap();
    let mut floods = floods();
    let liver = Some(LabelId(1));
    let mut says = |open: &OpenDocument, wish: WantedFlood| {
        let wish = WantedFlood { object: liver, released: true, ..wish };
        match known(&mut floods, open, &mut Some(wish)).1 {
            Some(Err(why)) => why,
            done => panic!("{done:?}"),
        }
    };
    let spleen = WantedFlood { seed: [8, 0, 0], ..wanted(1.0) };
    assert!(says(&open, spleen).contains("this is spleen; “Unlocked objects” would"));
    let erases = WantedFlood { erases: true, ..spleen };
    assert!(says(&open, erases).contains("this is spleen, and liver is selected"));
    let own = WantedFlood { seed: [3, 0, 0], ..wanted(1.0) };
    assert!(says(&open, own).contains("in liver already"));
    let confined = WantedFlood { over: Over::Only(LabelId(2)), ..own };
    assert!(says(&open, confined).contains("confined to spleen"));
    open.document.apply(Command::SetLocked(LabelId(2), true)).unwrap();
    let over = WantedFlood { over: Over::Unlocked, ..spleen };
    assert!(says(&open, over).contains("this is spleen, which is locked"));
}
