//! Answers of a server that knows only “one more point” are replays of their log, whatever it was asked before and
//! however often it loses its session; and whatever it does is one line, after which the next point is answered.

mod shapes;
mod trouble;

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::*;
use crate::geom::{DAffine3, DVec3, Grid};
use crate::prompt::{ImageId, Prompt, PromptLog};
use crate::segment::error::SegmentError;
use crate::segment::remote::nninteractive::tests::stub::InteractiveStub;
use crate::segment::remote::stub::{Act, no_port};
use crate::segment::remote::{RemoteError, ServedModel};
use crate::segment::segmenter::{Outcome, Readiness, Request, Segmenter, Stage};
use crate::volume::{Region, Scale, StoredGeometry, Volume, Voxels};
use crate::work::CancelToken;

const DIMS: [usize; 3] = [26, 20, 15];

fn scan(voxels: Voxels, scale: Scale) -> Arc<Volume> {
    // Oblique enough to tell axes apart: x runs to the left, y down.
    let matrix = DAffine3::from_scale(DVec3::new(-0.7, 0.7, 2.0));
    let grid = Grid::new(DIMS, matrix).unwrap();
    let (stored, dims) = (StoredGeometry::of(&grid), DIMS.to_vec());
    Arc::new(Volume::new("SECRET^NAME 19700101", grid, dims, voxels, scale, stored, vec![]))
}

fn volume() -> Arc<Volume> {
    let count: usize = DIMS.iter().product();
    scan(Voxels::I16((0..count).map(|n| (n % 900) as i16 - 400).collect()), Scale::NONE)
}

/// Voxels and whether they are inside.
type Points<'a> = &'a [([usize; 3], bool)];

const A: ([usize; 3], bool) = ([8, 9, 7], true);
const B: ([usize; 3], bool) = ([15, 10, 6], true);
const C: ([usize; 3], bool) = ([11, 9, 8], false);
const D: ([usize; 3], bool) = ([20, 4, 2], true);

fn request(volume: &Arc<Volume>, points: Points<'_>) -> Request {
    let at = |&(voxel, positive): &_| Prompt::new(volume.grid().world_of(voxel), positive);
    Request::new(volume.clone(), points.iter().map(at).collect())
}

/// What the stub's model makes of points, from a mask on.
fn expected(start: Option<&Region>, points: Points<'_>) -> Region {
    let [nx, ny, nz] = DIMS;
    let mut mask: Vec<bool> =
        (0..nx * ny * nz).map(|n| start.is_some_and(|start| start.contains(n))).collect();
    for (count, (at, positive)) in points.iter().enumerate() {
        let radius = 3 + count % 4;
        for (n, inside) in mask.iter_mut().enumerate() {
            let place = [n % nx, n / nx % ny, n / nx / ny];
            let apart = (0..3).map(|a| place[a].abs_diff(at[a]).pow(2)).sum::<usize>();
            if apart <= radius * radius {
                *inside = *positive;
            }
        }
    }
    Region::from_mask(nx, mask)
}

fn opened(model: &ServedModel) -> Result<InteractiveSegmenter, SegmentError> {
    InteractiveSegmenter::open(model, &CancelToken::new())
}

fn open(stub: &InteractiveStub) -> InteractiveSegmenter {
    opened(&stub.model()).unwrap()
}

fn answer(there: &mut InteractiveSegmenter, request: &Request) -> Result<Outcome, SegmentError> {
    there.answer(request, &CancelToken::new(), &mut |_| ())
}

fn mask(there: &mut InteractiveSegmenter, volume: &Arc<Volume>, points: Points<'_>) -> Region {
    answer(there, &request(volume, points)).unwrap().region
}

#[test]
fn an_answer_is_what_the_server_says_on_the_scans_own_grid() {
    let (stub, volume) = (InteractiveStub::start(), volume());
    let mut there = open(&stub);
    assert_eq!(there.name(), "nnInteractive");
    assert!(there.device().name.starts_with("server localhost:"));
    assert!(there.device().reason.contains("v2") && there.device().reason.contains("CC BY-NC-SA"));
    let mut stages = Vec::new();
    let asked = request(&volume, &[A, B, C]);
    let found = there.answer(&asked, &CancelToken::new(), &mut |stage| stages.push(stage)).unwrap();
    assert_eq!(found.region, expected(None, &[A, B, C]));
    assert_eq!(stages, [Stage::Encode, Stage::Decode, Stage::Decode, Stage::Decode, Stage::Paste]);
    let traffic = found.timings.traffic.unwrap();
    // Its facts, the scan, the mask's size, a reset, and three points.
    assert_eq!((traffic.requests, found.timings.decode.len()), (7, 3));
    let count = volume.grid().count() as u64;
    assert!((2 * count..2 * count + 2000).contains(&traffic.sent), "{traffic:?}");
    assert_eq!(sent_bytes(&volume), 2 * count);
    // The scan as it is stored.
    let Voxels::I16(stored) = volume.voxels() else { unreachable!() };
    let image = stub.image();
    assert!(image.ends_with(bytemuck::cast_slice(stored)));
    assert!(image.windows(5).any(|w| w == b"int16"));
    // One box: all of the scan.
    let footprint = &found.answer.footprint;
    assert_eq!(footprint.len(), 1);
    let corners = footprint[0].corners();
    let apart = |corner: &DVec3| corners.iter().map(|c| c.distance(*corner)).fold(9.0, f64::min);
    assert!(volume.grid().corners().iter().all(|corner| apart(corner) < 1e-9));
}

#[test]
fn one_more_point_is_one_more_request() {
    let (stub, volume) = (InteractiveStub::start(), volume());
    let mut there = open(&stub);
    for count in 1..=4 {
        let points = &[A, B, C, D][..count];
        assert_eq!(mask(&mut there, &volume, points), expected(None, points));
        assert_eq!(stub.count("/add_point_interaction"), count);
    }
    assert_eq!((stub.count("/set_image"), stub.count("/reset_interactions")), (1, 1));
    assert_eq!(stub.count("/claim"), 1);
}

#[test]
fn the_same_request_gets_the_same_mask_whatever_was_asked_before() {
    let (stub, volume) = (InteractiveStub::start(), volume());
    let mut there = open(&stub);
    let lists: [Points<'_>; 9] =
        [&[A], &[A, C], &[A, C, B], &[A, B], &[B], &[A, C, B], &[A, C, D], &[D, C, A], &[A]];
    for points in lists {
        assert_eq!(mask(&mut there, &volume, points), expected(None, points), "{points:?}");
    }
    // Another scan, and back.
    let other = scan(Voxels::U8(vec![7; volume.grid().count()]), Scale::NONE);
    assert_eq!(mask(&mut there, &other, &[A, C]), expected(None, &[A, C]));
    assert_eq!(mask(&mut there, &volume, &[A, C]), expected(None, &[A, C]));
    assert_eq!(stub.count("/set_image"), 3);
}

#[test]
fn a_point_that_is_taken_back_asks_nothing() {
    let (stub, volume) = (InteractiveStub::start(), volume());
    let mut there = open(&stub);
    let last = answer(&mut there, &request(&volume, &[A, C, B])).unwrap();
    let asked = stub.seen().len();
    let after =
        |points: Points<'_>| Request { earlier: last.answer.clone(), ..request(&volume, points) };
    for points in [&[A, C, B][..], &[A, C], &[A]] {
        assert_eq!(there.readiness(&after(points)).unwrap(), Readiness::Ready);
        let preview = there.preview(&after(points), &CancelToken::new()).unwrap().unwrap();
        let found = answer(&mut there, &after(points)).unwrap();
        assert_eq!((&found.region, &preview.region), (&expected(None, points), &found.region));
        let alone = answer(&mut open(&stub), &request(&volume, points)).unwrap();
        assert_eq!(found.answer.prompts, alone.answer.prompts);
        assert_eq!(found.answer.state, alone.answer.state, "as if nothing had been before");
        assert_eq!(found.timings.traffic, None);
    }
    let alone = 3 * (1 + 1 + 1 + 1 + 1) + (3 + 2 + 1) + 3;
    assert_eq!(stub.seen().len(), asked + alone);
    // What differs anywhere is asked.
    for points in [&[A, B][..], &[C, A], &[A, C, B, D], &[B]] {
        if points[0].1 {
            assert_eq!(there.readiness(&after(points)).unwrap(), Readiness::Late);
            assert_eq!(answer(&mut there, &after(points)).unwrap().region, expected(None, points));
        }
    }
    // A pointer that rests sends nothing.
    let asked = stub.seen().len();
    there.prepare(&request(&volume, &[D]), &CancelToken::new()).unwrap();
    assert!(there.preview(&request(&volume, &[D]), &CancelToken::new()).unwrap().is_none());
    assert_eq!(stub.seen().len(), asked);
}

#[test]
fn a_mask_to_start_from_is_sent_and_corrected() {
    let (stub, volume) = (InteractiveStub::start(), volume());
    let mut there = open(&stub);
    let start = Arc::new(expected(None, &[D, A]));
    let from = |start: &Arc<Region>, points: Points<'_>| {
        let mut request = request(&volume, points);
        request.log.start = Some(start.clone());
        request
    };
    for points in [&[C][..], &[C, B], &[B], &[]] {
        let found = answer(&mut there, &from(&start, points)).unwrap();
        assert_eq!(found.region, expected(Some(&start), points), "{points:?}");
    }
    // [C], [C, B] after it, and [B] anew; none without a point.
    assert_eq!((stub.count("/add_initial_seg_interaction"), stub.count("/set_image")), (2, 1));
    let other = Arc::new(expected(None, &[B]));
    let found = answer(&mut there, &from(&other, &[C])).unwrap();
    assert_eq!(found.region, expected(Some(&other), &[C]));
    assert_eq!(mask(&mut there, &volume, &[B, C]), expected(None, &[B, C]));
    stub.says(("\"supports_initial_label\":true", "\"supports_initial_label\":false"));
    let error = answer(&mut open(&stub), &from(&start, &[C])).unwrap_err().to_string();
    assert!(
        error.contains("cannot start from a mask") && error.contains("nninteractive+"),
        "{error}"
    );
}

#[test]
fn a_mask_may_lie_on_another_grid_than_the_image() {
    let (stub, volume) = (InteractiveStub::start(), volume());
    let mut there = open(&stub);
    // Twice as fine along x, the other way round, and longer than the image.
    let [nx, ny, nz] = DIMS;
    let from_fine = DAffine3::from_cols(
        DVec3::new(-0.5, 0.0, 0.0),
        DVec3::Y,
        DVec3::Z,
        DVec3::new(nx as f64 - 0.25, 0.0, 0.0),
    );
    let fine =
        Grid::new([2 * nx + 6, ny, nz], volume.grid().world_from_voxel() * from_fine).unwrap();
    let mut request = request(&volume, &[A, C]);
    request.mask_grid = Some(fine.clone());
    let found = answer(&mut there, &request).unwrap().region;
    let coarse = expected(None, &[A, C]);
    let count = fine.count();
    let inside = |n: usize| {
        let voxel = [n % (2 * nx + 6), n / (2 * nx + 6) % ny, n / (2 * nx + 6) / ny];
        let at = volume.grid().voxel_at(fine.world_of(voxel));
        at.is_some_and(|voxel| coarse.contains(volume.grid().index(voxel)))
    };
    assert_eq!(found, Region::from_mask(2 * nx + 6, (0..count).map(inside)));
    assert_eq!(found.count(), 2 * coarse.count());
    // And from there back, to start from.
    request.log.start = Some(Arc::new(found));
    request.mask_grid = Some(fine);
    let again = answer(&mut there, &request).unwrap();
    assert_eq!(again.region.count(), 2 * expected(Some(&coarse), &[A, C]).count());
}

#[test]
fn points_that_make_no_sense_are_refused_here() {
    let (stub, volume) = (InteractiveStub::start(), volume());
    let mut there = open(&stub);
    let asked = stub.seen().len();
    let outside = |world: DVec3| {
        let mut request = request(&volume, &[A]);
        request.log.prompts.push(Prompt::positive(world));
        request
    };
    let [nx, ..] = DIMS;
    for world in [
        volume.grid().world(DVec3::new(-0.6, 5.0, 5.0)),
        volume.grid().world(DVec3::new(nx as f64 - 0.4, 5.0, 5.0)),
        DVec3::splat(1e9),
        DVec3::NAN,
    ] {
        let error = answer(&mut there, &outside(world)).unwrap_err();
        assert!(matches!(error, SegmentError::OutsideVolume { number: 2, .. }), "{error}");
        assert!(there.readiness(&outside(world)).is_err());
    }
    let error = answer(&mut there, &request(&volume, &[C, A])).unwrap_err();
    assert!(matches!(error, SegmentError::FirstNegative));
    let mut other = request(&volume, &[A]);
    other.log = PromptLog { time_point: 1, image: ImageId::Scan, ..other.log };
    assert!(answer(&mut there, &other).is_err());
    assert_eq!(stub.seen().len(), asked, "the server was not asked");
    // The outermost voxels are in it.
    let corners = [([0; 3], true), (DIMS.map(|n| n - 1), true)];
    assert_eq!(mask(&mut there, &volume, &corners), expected(None, &corners));
}

#[test]
fn a_scan_is_sent_as_the_values_that_its_file_means() {
    let count: usize = DIMS.iter().product();
    let twice = Scale { slope: 2.0, inter: -1.0 };
    let turned = Scale { slope: -1.0, inter: 0.0 };
    let shifted = Scale { slope: 1.0, inter: -1024.0 };
    let table: [(Voxels, Scale, &str, Vec<u8>); 13] = [
        (Voxels::U8(vec![3; count]), Scale::NONE, "uint8", vec![3]),
        (Voxels::I8(vec![-3; count]), Scale::NONE, "int8", vec![0xfd]),
        (Voxels::I16(vec![-2; count]), Scale::NONE, "int16", vec![0xfe, 0xff]),
        (Voxels::I32(vec![-2; count]), Scale::NONE, "int32", (-2i32).to_le_bytes().into()),
        // What PyTorch does not compute with, and what is scaled.
        (Voxels::U16(vec![60_000; count]), Scale::NONE, "float32", 60_000f32.to_le_bytes().into()),
        (Voxels::I16(vec![5; count]), twice, "float32", 9f32.to_le_bytes().into()),
        (Voxels::F32(vec![0.1; count]), Scale::NONE, "float32", 0.1f32.to_le_bytes().into()),
        (Voxels::F64(vec![0.1; count]), Scale::NONE, "float32", 0.1f32.to_le_bytes().into()),
        (Voxels::F32(vec![f32::NAN; count]), Scale::NONE, "float32", vec![0; 4]),
        (Voxels::F32(vec![2.5; count]), turned, "float32", (-2.5f32).to_le_bytes().into()),
        (Voxels::F32(vec![24.0; count]), shifted, "float32", (-1000f32).to_le_bytes().into()),
        (Voxels::F32(vec![f32::NAN; count]), shifted, "float32", vec![0; 4]),
        (Voxels::I16(vec![24; count]), shifted, "float32", (-1000f32).to_le_bytes().into()),
    ];
    for (voxels, scale, name, value) in table {
        let volume = scan(voxels, scale);
        let sent = image::sent(&volume);
        assert_eq!((sent.name, usize::from(sent.item)), (name, value.len()));
        assert!(*sent.values == value.repeat(count), "{name}");
        assert_eq!(sent_bytes(&volume), sent.values.len() as u64);
    }
    // One time point of several.
    let grid = volume().grid().clone();
    let (stored, dims) = (StoredGeometry::of(&grid), vec![DIMS[0], DIMS[1], DIMS[2], 2]);
    let voxels = Voxels::U8([vec![1; count], vec![2; count]].concat());
    let film = Volume::new("film", grid, dims, voxels, Scale::NONE, stored, vec![]);
    assert!(image::sent(&film.with_time_point(1)).values.iter().all(|&v| v == 2));
}
