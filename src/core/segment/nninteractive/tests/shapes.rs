//! Boxes, scribbles and lassos: sent as such, replayed as points are.

use super::*;
use crate::prompt::{PromptId, PromptShape, ShapeKind, ShapeKinds};

/// A point, or something drawn: across which axis in which slice, and its places.
#[derive(Clone, Copy, Debug)]
enum Asked {
    Point([usize; 3]),
    Shape(ShapeKind, (usize, usize), &'static [[f64; 2]]),
}

use Asked::{Point, Shape};

const BOX: Asked = Shape(ShapeKind::Box, (2, 7), &[[4.0, 3.0], [12.0, 11.0]]);
const STANDING: Asked = Shape(ShapeKind::Box, (0, 9), &[[2.0, 3.0], [12.0, 9.0]]);
const LINE: Asked = Shape(ShapeKind::Scribble, (2, 6), &[[3.2, 4.0], [9.5, 8.1], [14.0, 6.0]]);
const SIDE: Asked = Shape(ShapeKind::Scribble, (1, 8), &[[20.0, 3.0], [12.0, 9.0]]);
const LOOP: Asked = Shape(ShapeKind::Lasso, (2, 5), &[[5.1, 3.2], [15.7, 4.1], [12.3, 14.4]]);
const DOT: Asked = Point([8, 9, 7]);

fn asked(volume: &Arc<Volume>, list: &[(Asked, bool)]) -> Request {
    let mut request = request(volume, &[]);
    for (n, &(what, positive)) in list.iter().enumerate() {
        let id = PromptId(n as u64 + 1);
        let (voxel, shape) = match what {
            Point(voxel) => (voxel, None),
            Shape(kind, at, places) => {
                let (anchor, shape) = PromptShape::drawn(kind, at, places, 1.2, DIMS).unwrap();
                (anchor, Some(shape))
            }
        };
        let world = volume.grid().world_of(voxel);
        request.log.prompts.push(Prompt { id, world, positive });
        request.log.shapes.extend(shape.map(|shape| (id, Arc::new(shape))));
    }
    request
}

/// What the stub's model makes of them.
fn expected_of(list: &[(Asked, bool)]) -> Region {
    let [nx, ny, nz] = DIMS;
    let place = |n: usize| [n % nx, n / nx % ny, n / nx / ny];
    let mut mask = vec![false; nx * ny * nz];
    for (count, &(what, positive)) in list.iter().enumerate() {
        let inside: Vec<bool> = match what {
            Point(at) => {
                let radius = 3 + count % 4;
                let apart = |n| (0..3).map(|a| place(n)[a].abs_diff(at[a]).pow(2)).sum::<usize>();
                (0..mask.len()).map(|n| apart(n) <= radius * radius).collect()
            }
            Shape(kind, at, places) => {
                let (anchor, shape) = PromptShape::drawn(kind, at, places, 1.2, DIMS).unwrap();
                let region = shape.voxels(anchor, DIMS);
                let reach = match kind {
                    ShapeKind::Box => count % 3,
                    ShapeKind::Scribble => 0,
                    ShapeKind::Lasso => 1,
                };
                let near = |n: usize| {
                    let mut voxel = place(n);
                    let apart = voxel[at.0].abs_diff(at.1);
                    voxel[at.0] = at.1;
                    apart <= reach && region.contains(voxel[0] + nx * (voxel[1] + ny * voxel[2]))
                };
                (0..mask.len()).map(near).collect()
            }
        };
        mask.iter_mut().zip(inside).filter(|(_, inside)| *inside).for_each(|(m, _)| *m = positive);
    }
    Region::from_mask(nx, mask)
}

#[test]
fn shapes_are_sent_as_such_and_no_more_of_the_scan_than_their_box() {
    let (stub, volume) = (InteractiveStub::start(), volume());
    let mut there = open(&stub);
    assert_eq!(there.capabilities().shapes, ShapeKinds::ALL);
    let list =
        [(BOX, true), (LINE, true), (LOOP, false), (DOT, true), (STANDING, false), (SIDE, true)];
    for count in 1..=list.len() {
        let found = answer(&mut there, &asked(&volume, &list[..count])).unwrap();
        assert_eq!(found.region, expected_of(&list[..count]), "{count}");
    }
    for (path, count) in [("bbox", 2), ("scribble", 2), ("lasso", 1), ("point", 1)] {
        assert_eq!(stub.count(&format!("/add_{path}_interaction")), count, "one request for each");
    }
    assert_eq!((stub.count("/set_image"), stub.count("/reset_interactions")), (1, 1));
    let seen = stub.seen();
    let of = |path: &str| seen.iter().find(|seen| seen.path().contains(path)).unwrap().clone();
    assert_eq!(of("bbox").json()["bbox_coords"], serde_json::json!([[7, 8], [3, 12], [4, 13]]));
    // The array's axes are z, y, x; a few hundred bytes, of 7800 voxels.
    let meta: serde_json::Value =
        serde_json::from_str(of("lasso").field("x-meta").unwrap()).unwrap();
    assert_eq!(meta["interaction_bbox"][0], serde_json::json!([5, 6]));
    assert_eq!(meta["include_interaction"], false);
    assert!(of("lasso").body.len() < 400 && of("scribble").body.len() < 400);
}

#[test]
fn shapes_are_replayed_taken_back_and_moved_as_points_are() {
    let (stub, volume) = (InteractiveStub::start(), volume());
    let mut there = open(&stub);
    let lists: [&[(Asked, bool)]; 7] = [
        &[(LOOP, true)],
        &[(LOOP, true), (LINE, false)],
        &[(LOOP, true), (DOT, true)],
        &[(LINE, true), (LOOP, true)],
        &[(BOX, true), (LINE, false), (SIDE, true)],
        &[(STANDING, true), (BOX, false)],
        &[(LOOP, true)],
    ];
    for list in lists {
        let found = answer(&mut there, &asked(&volume, list)).unwrap();
        assert_eq!(found.region, expected_of(list), "{list:?}");
    }
    // Taken back, nothing is asked; and a session that was lost is made anew.
    let list = [(LOOP, true), (BOX, false), (LINE, true)];
    let last = answer(&mut there, &asked(&volume, &list)).unwrap();
    let before = stub.seen().len();
    for count in (1..3).rev() {
        let again = Request { earlier: last.answer.clone(), ..asked(&volume, &list[..count]) };
        assert_eq!(there.readiness(&again).unwrap(), Readiness::Ready);
        assert_eq!(answer(&mut there, &again).unwrap().region, expected_of(&list[..count]));
    }
    assert_eq!(stub.seen().len(), before);
    stub.forget();
    let found = answer(&mut there, &asked(&volume, &list)).unwrap();
    assert_eq!(found.region, expected_of(&list));
    // The same shape elsewhere is another prompt.
    let mut moved = asked(&volume, &list);
    moved.log.prompts[2].world = volume.grid().world_of([5, 9, 2]);
    moved.earlier = last.answer;
    assert_eq!(there.readiness(&moved).unwrap(), Readiness::Late);
    assert_ne!(answer(&mut there, &moved).unwrap().region, found.region);
}

#[test]
fn what_a_model_does_not_take_is_said_and_not_sent() {
    let volume = volume();
    let list = [(DOT, true), (BOX, true), (LINE, true), (LOOP, true), (LINE, false)];
    for (instead, lacks) in [
        (("\"bbox2d\":true", "\"bbox2d\":false"), [1, 0, 0]),
        (("\"scribble\":true", "\"scribble\":false"), [0, 2, 0]),
        (("\"lasso\":true", "\"lasso\":null"), [0, 0, 1]),
    ] {
        let stub = InteractiveStub::start();
        stub.says(instead);
        let mut there = open(&stub);
        let kinds = there.capabilities().shapes;
        assert_eq!([kinds.boxes, kinds.scribbles, kinds.lassos], lacks.map(|n| n == 0));
        let error = answer(&mut there, &asked(&volume, &list)).unwrap_err();
        assert!(matches!(error, SegmentError::ShapesNotTaken(found) if found == lacks), "{error}");
        assert_eq!(stub.count("/set_image"), 0);
        // What it takes it answers.
        assert_eq!(
            answer(&mut there, &asked(&volume, &list[..1])).unwrap().region,
            expected_of(&list[..1])
        );
    }
    let error = SegmentError::ShapesNotTaken([1, 2, 0]).to_string();
    assert!(error.contains("boxes: 1, scribbles: 2, lassos: 0"), "{error}");
}

#[test]
fn shapes_lie_on_the_grid_of_the_mask() {
    let (stub, volume) = (InteractiveStub::start(), volume());
    let mut there = open(&stub);
    // The other way round along x, and three voxels longer there.
    let [nx, ny, nz] = DIMS;
    let turn = DAffine3::from_cols(
        DVec3::NEG_X,
        DVec3::Y,
        DVec3::Z,
        DVec3::new((nx - 1) as f64, 0.0, 0.0),
    );
    let turned = Grid::new([nx + 3, ny, nz], volume.grid().world_from_voxel() * turn).unwrap();
    let on_turned = |kind, places: &[[f64; 2]]| {
        let (anchor, shape) = PromptShape::drawn(kind, (2, 6), places, 1.2, turned.dims()).unwrap();
        let mut request = request(&volume, &[]);
        let (id, world) = (PromptId(1), turned.world_of(anchor));
        request.log.prompts.push(Prompt { id, world, positive: true });
        request.log.shapes.insert(id, Arc::new(shape));
        request.mask_grid = Some(turned.clone());
        request
    };
    let line = [[3.0, 4.0], [9.0, 8.0]];
    let found = answer(&mut there, &on_turned(ShapeKind::Scribble, &line)).unwrap().region;
    let (anchor, shape) =
        PromptShape::drawn(ShapeKind::Scribble, (2, 6), &line, 1.2, turned.dims()).unwrap();
    assert_eq!(found, shape.voxels(anchor, turned.dims()), "there and back");
    let error = answer(&mut there, &on_turned(ShapeKind::Box, &line)).unwrap_err();
    assert!(matches!(error, SegmentError::BoxBetweenSlices(1)), "{error}");
    let beside = [[26.6, 4.0], [28.0, 8.0]];
    let error = answer(&mut there, &on_turned(ShapeKind::Scribble, &beside)).unwrap_err();
    assert!(matches!(error, SegmentError::ShapeOutside(1)), "{error}");
    // One that was moved out of the scan.
    let mut out = asked(&volume, &[(LINE, true)]);
    out.log.prompts[0].world = volume.grid().world_of([20, 4, 6]);
    let error = answer(&mut there, &out).unwrap_err();
    assert!(matches!(error, SegmentError::ShapeOutside(1)), "{error}");
}
