use std::time::{Duration, Instant};

use super::*;
use crate::document::{Document, EditKind, GestureId};
use crate::geom::{DAffine3, DMat3, DVec2, DVec3, Grid, Orbit};
use crate::mask::CutPlane;
use crate::mask::scissors::{CutDepth, CutSide, ViewProjection};
use crate::render::{Clip, ClipBox, ClipPlane};
use crate::volume::{Scale, StoredGeometry, Voxels};

const DIMS: [usize; 3] = [20, 24, 16];
const PANE: [f64; 2] = [400.0, 300.0];

/// Axes run to the Left, Superior and Anterior. Object 1 is a box in it, object 2 a small one above.
fn open() -> OpenDocument {
    let m = DMat3::from_cols(-DVec3::X, DVec3::Z * 1.5, DVec3::Y * 2.0);
    let grid = Grid::new(DIMS, DAffine3::from_mat3_translation(m, DVec3::new(9.0, -12.0, 4.0)));
    let grid = grid.unwrap();
    let (voxels, stored) = (Voxels::U8(vec![0; grid.count()]), StoredGeometry::of(&grid));
    let volume = Volume::new("v", grid, DIMS.to_vec(), voxels, Scale::NONE, stored, vec![]);
    let document = Document::new(Arc::new(volume));
    let mut open = OpenDocument::new(DocumentNumber(1), document, "scan".into());
    add(&mut open, [3, 3, 3], [17, 15, 13]);
    open.document.apply(Command::NewObject).unwrap();
    add(&mut open, [8, 18, 6], [11, 21, 9]);
    open
}

fn add(open: &mut OpenDocument, low: [usize; 3], high: [usize; 3]) {
    let inside = |n: usize| {
        let voxel = [n % DIMS[0], n / DIMS[0] % DIMS[1], n / DIMS[0] / DIMS[1]];
        (0..3).all(|a| low[a] <= voxel[a] && voxel[a] < high[a])
    };
    let region = Region::from_mask(DIMS[0], (0..DIMS.iter().product()).map(inside));
    let (change, over, kind) = (Change::Add(Arc::new(region)), Over::Background, EditKind::Brush);
    let gesture = GestureId(1000 + open.document.revision());
    open.document.apply(Command::Edit { object: None, change, over, kind, gesture }).unwrap();
}

fn grid(open: &OpenDocument) -> Grid {
    open.document.image().grid().clone()
}

/// A rectangle in the middle of the picture, cut through in 3D.
const LOW: DVec2 = DVec2::new(150.3, 120.6);
const HIGH: DVec2 = DVec2::new(260.7, 170.2);

fn wanted(orbit: &Orbit, grid: &Grid, objects: &[u16]) -> WantedCut {
    WantedCut {
        projection: ViewProjection::of_orbit(orbit, grid, PANE),
        curve: vec![LOW, DVec2::new(HIGH.x, LOW.y), HIGH, DVec2::new(LOW.x, HIGH.y)],
        side: CutSide::Inside,
        depth: CutDepth::Through,
        kept: Vec::new(),
        slice: None,
        objects: objects.iter().map(|n| LabelId(*n)).collect(),
    }
}

fn cuts() -> Cuts {
    Cuts::start(Arc::new(|| {})).unwrap()
}

/// Follows until it is known.
fn known(cuts: &mut Cuts, open: &OpenDocument, wanted: WantedCut) -> Result<Command, String> {
    let until = Instant::now() + Duration::from_mins(1);
    let mut wanted = Some(Arc::new(wanted));
    while Instant::now() < until {
        if let Some(known) = cuts.follow(Some(open), &mut wanted, false) {
            assert!(wanted.is_none());
            return known;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    panic!("it never ends");
}

#[test]
fn what_the_camera_shows_within_the_curve_is_cut_and_nothing_else() {
    let mut cuts = cuts();
    let orbits = [
        Orbit { azimuth: 0.0, elevation: 0.0, ..Orbit::default() },
        Orbit { azimuth: 2.0, elevation: -0.6, zoom: 1.3, ..Orbit::default() },
    ];
    for (n, perspective) in (0..orbits.len()).flat_map(|n| [(n, false), (n, true)]) {
        let shift = DVec2::new(1.0, -2.0);
        let orbit = Orbit { perspective, shift, ..orbits[n].clone() };
        let mut open = open();
        let grid = grid(&open);
        let normal = DVec3::new(0.6, 0.8, 0.0);
        let plane = ClipPlane { normal, offset_mm: normal.dot(grid.centre()) + 3.0 };
        let bounds = ClipBox { low: [0.0, 0.0, 0.3], high: [1.0; 3] };
        for (clip, side) in [
            (Clip::default(), CutSide::Inside),
            (Clip::default(), CutSide::Outside),
            (Clip { plane: Some(plane), bounds: Some(bounds) }, CutSide::Inside),
        ] {
            let kept = clip.half_spaces(&grid).into_iter();
            let kept = kept.map(|[point, normal]| CutPlane { point, normal }).collect();
            // (All of the second one lies outside.)
            let objects: &[u16] = if side == CutSide::Inside { &[1, 2] } else { &[1] };
            let wish = WantedCut { side, kept, ..wanted(&orbit, &grid, objects) };
            let before = open.document.labels().to_vec();
            let command = known(&mut cuts, &open, wish).unwrap_or_else(|why| panic!("{why}"));
            open.document.apply(command).unwrap();
            let (mut gone, mut hidden) = (0, 0);
            for (at, &was) in before.iter().enumerate() {
                let voxel = [at % DIMS[0], at / DIMS[0] % DIMS[1], at / DIMS[0] / DIMS[1]];
                let world = grid.world_of(voxel);
                let seen = orbit.project(&grid, PANE, world).truncate();
                let within = seen.cmpge(LOW).all() && seen.cmplt(HIGH).all();
                // As the picture is cut, told anew: the part behind the plane, and the upper seven tenths.
                let above = (voxel[1] as f64 + 0.5) / DIMS[1] as f64 >= 0.3;
                let shown = clip.plane.is_none() || normal.dot(world) <= plane.offset_mm && above;
                let asked = objects.contains(&was);
                let goes = asked && shown && within == (side == CutSide::Inside);
                let is = open.document.labels().get(voxel);
                assert_eq!(is, if goes { 0 } else { was }, "{orbit:?} {side:?} {voxel:?} {seen}");
                gone += usize::from(goes);
                hidden += usize::from(was != 0 && !shown && within);
            }
            assert!(gone > 50 && (clip.plane.is_none() || hidden > 50), "{gone} {hidden}");
            assert_eq!(open.document.can_undo(), Some("Scissors"));
            assert!(open.document.undo(), "one step");
            assert_eq!(open.document.labels().to_vec(), before);
        }
    }
}

#[test]
fn what_can_not_be_cut_is_said() {
    let (mut cuts, mut open) = (cuts(), open());
    let grid = grid(&open);
    let orbit = Orbit { azimuth: 0.0, elevation: 0.0, ..Orbit::default() };
    let everywhere = [(-1e4, -1e4), (1e4, -1e4), (1e4, 1e4), (-1e4, 1e4)];
    let all: Vec<DVec2> = everywhere.map(|(x, y)| DVec2::new(x, y)).to_vec();
    let cases: [(WantedCut, &str); 4] = [
        (
            WantedCut { curve: all.clone(), ..wanted(&orbit, &grid, &[2]) },
            "Nothing would be left of Object 2",
        ),
        (WantedCut { curve: vec![LOW; 5], ..wanted(&orbit, &grid, &[1]) }, "nothing to cut"),
        (
            WantedCut { curve: all.clone(), side: CutSide::Outside, ..wanted(&orbit, &grid, &[1]) },
            "nothing to cut",
        ),
        (wanted(&orbit, &grid, &[7]), "nothing to cut"),
    ];
    for (wish, expected) in cases {
        let Err(why) = known(&mut cuts, &open, wish) else { panic!("{expected}: done") };
        assert!(why.contains(expected), "{why}");
    }
    // Locked meanwhile.
    open.document.apply(Command::SetLocked(LabelId(1), true)).unwrap();
    assert!(known(&mut cuts, &open, wanted(&orbit, &grid, &[1])).is_err());
    // Given up, of no scan, and while something is being drawn: nothing comes of it, or later.
    let cut = || Some(Arc::new(wanted(&orbit, &grid, &[2])));
    let mut wish = cut();
    assert!(cuts.follow(Some(&open), &mut wish, false).is_none() && wish.is_some());
    wish = None;
    std::thread::sleep(Duration::from_millis(50));
    assert!(cuts.follow(Some(&open), &mut wish, false).is_none());
    wish = cut();
    assert!(cuts.follow(None, &mut wish, false).is_none() && wish.is_none());
    wish = cut();
    for _ in 0..3 {
        assert!(cuts.follow(Some(&open), &mut wish, true).is_none() && wish.is_some());
    }
    // What changes meanwhile ends it: another object may have that number by now.
    wish = cut();
    assert!(cuts.follow(Some(&open), &mut wish, false).is_none() && wish.is_some());
    open.document.apply(Command::Select(LabelId(1))).unwrap();
    assert!(cuts.follow(Some(&open), &mut wish, false).is_none() && wish.is_some(), "not looking");
    open.document.apply(Command::RemoveObject(LabelId(2))).unwrap();
    open.document.apply(Command::NewObject).unwrap();
    let told = cuts.follow(Some(&open), &mut wish, false);
    assert!(told.is_some_and(|told| told.is_err_and(|why| why.contains("draw it again"))));
    assert!(wish.is_none());
}
