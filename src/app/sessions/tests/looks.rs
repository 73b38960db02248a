//! Everything about how a scan is looked at, set by chance, and found again.

use super::super::kept_view::KeptView;
use super::super::taking_up::dressed;
use super::*;
use crate::document::LabelId;
use crate::geom::{DMat3, DVec2, Oblique, Orbit, PanZoom, Plane};
use crate::mask::range::ValueRange;
use crate::measure::PairBy;
use crate::render::{
    Clip, ClipBox, ClipPlane, ColourMap, TransferFunction, TransferPoint, TransferPreset,
};
use crate::ui::state::{Lightbox, PaneState, ScanView, View3d};
use crate::ui::{
    Beside, BesideScan, ComparedPair, ComparisonColumn, ComparisonLook, ComparisonView, ImageLayer,
    Pane, tools,
};
use crate::volume::SuvKind;

type Chance = fastrand::Rng;

fn between(chance: &mut Chance, low: f64, high: f64) -> f64 {
    low + (high - low) * chance.f64()
}

fn one_of<T: Copy>(chance: &mut Chance, all: &[T]) -> T {
    all[chance.usize(..all.len())]
}

fn maybe<T>(chance: &mut Chance, make: impl FnOnce(&mut Chance) -> T) -> Option<T> {
    chance.bool().then(|| make(chance))
}

fn a_window(chance: &mut Chance) -> Window {
    Window::new(between(chance, -50.0, 50.0), between(chance, 1.0, 99.0))
}

/// Sets everything by chance. Whatever is new in a view has to be set here, or to be named as what no session keeps.
pub(super) fn shuffle(view: &mut ViewState, document: &Document, chance: &mut Chance) {
    view.prefs.tool = one_of(chance, tools::ALL).info().id;
    let objects: Vec<LabelId> = document.objects().iter().map(|o| o.id).collect();
    let object = |chance: &mut Chance| objects.get(chance.usize(..=objects.len())).copied();
    let ScanView {
        crosshair,
        solo,
        overlays,
        layer,
        show_image,
        window,
        colour_map,
        auto_window: _,
        stats: _,
        histogram: _,
        // The scan of these tests is no PET.
        suv: _,
        maximised,
        lightbox,
        oblique,
        flood_tolerance,
        paint_inside,
        paint_range,
        in_range_only,
        scribble_radius,
        growth_not_wanted,
        operand,
        comparison,
        beside,
        time_point: _,
        slices,
        orbit,
        view_3d,
    } = &mut view.scan;
    shuffle_beside(beside, chance);
    if let Some(comparison) = comparison {
        shuffle_comparison(comparison, &objects, chance);
    }
    *crosshair = DVec3::from_array([5.0, 4.0, 3.0].map(|most| between(chance, 0.0, most)));
    (*solo, *show_image) = (chance.bool(), chance.bool());
    for overlay in overlays.iter_mut() {
        dress(overlay, chance);
    }
    *layer = Some(chance.usize(..=overlays.len())).filter(|n| *n < overlays.len());
    (*window, *colour_map) = (a_window(chance), one_of(chance, &ColourMap::ALL));
    *maximised = maybe(chance, |chance| one_of(chance, &Pane::ALL));
    *lightbox = maybe(chance, |chance| Lightbox {
        plane: one_of(chance, &Plane::ALL),
        columns: chance.usize(1..9),
        rows: chance.usize(1..9),
    });
    *oblique = maybe(chance, an_oblique);
    *flood_tolerance = maybe(chance, |chance| between(chance, 0.0, 99.0));
    (*paint_inside, *growth_not_wanted, *operand) =
        (object(chance), object(chance), object(chance));
    *paint_range = maybe(chance, |chance| ValueRange {
        low: between(chance, -9.0, 0.0),
        high: between(chance, 0.0, 99.0),
    });
    *scribble_radius = between(chance, 0.0, ScanView::WIDEST_SCRIBBLE);
    *in_range_only = paint_range.is_some() && chance.bool();
    *slices = std::array::from_fn(|_| PaneState { pan_zoom: maybe(chance, pan_zoom) });
    *orbit = an_orbit(chance);
    shuffle_3d(view_3d, chance);
}

fn an_oblique(chance: &mut Chance) -> Oblique {
    Oblique {
        rotation: DMat3::from_axis_angle(direction(chance), between(chance, -3.0, 3.0)),
        pivot: direction(chance) * 9.0,
    }
}

fn an_orbit(chance: &mut Chance) -> Orbit {
    Orbit {
        azimuth: between(chance, -3.0, 3.0),
        elevation: between(chance, -1.5, 1.5),
        zoom: between(chance, 0.2, 9.0),
        perspective: chance.bool(),
        shift: DVec2::new(between(chance, -9.0, 9.0), between(chance, -9.0, 9.0)),
    }
}

/// What the app writes by itself is as it was.
fn shuffle_beside(beside: &mut Beside, chance: &mut Chance) {
    let Beside { on, scan, chosen, labels: _, name_a: _, edited_a: _ } = beside;
    let Some(second) = scan else { return };
    let BesideScan { image, linked, frames: _, elsewhere: _, follows, labels: _ } = second;
    (*on, *linked, *follows) = (chance.bool(), chance.bool(), chance.bool());
    *chosen = !*linked && chance.bool();
    image.window = a_window(chance);
    image.colour_map = one_of(chance, &ColourMap::ALL);
}

fn shuffle_comparison(view: &mut ComparisonView, objects: &[LabelId], chance: &mut Chance) {
    let ComparisonView {
        name: _,
        reading: _,
        look,
        by,
        tolerance_mm,
        scale_mm,
        selected,
        sorted,
        look_before: _,
        drawn: _,
    } = view;
    *look = one_of(chance, &ComparisonLook::ALL);
    *by = one_of(chance, &[PairBy::Number, PairBy::Name, PairBy::Overlap]);
    (*tolerance_mm, *scale_mm) = (between(chance, 0.0, 9.0), between(chance, 0.5, 90.0));
    *selected = maybe(chance, |chance| ComparedPair {
        a: objects.get(chance.usize(..=objects.len())).copied(),
        b: maybe(chance, |chance| chance.u16(1..9)),
    });
    *sorted = maybe(chance, |chance| (one_of(chance, &ComparisonColumn::ALL), chance.bool()));
}

fn direction(chance: &mut Chance) -> DVec3 {
    let [x, y] = [(); 2].map(|()| between(chance, -1.0, 1.0));
    DVec3::new(x, y, between(chance, 0.1, 1.0)).normalize()
}

fn pan_zoom(chance: &mut Chance) -> PanZoom {
    let centre = DVec2::new(between(chance, -9.0, 9.0), between(chance, -9.0, 9.0));
    PanZoom { centre, points_per_mm: between(chance, 0.1, 40.0) }
}

fn dress(overlay: &mut ImageLayer, chance: &mut Chance) {
    overlay.visible = chance.bool();
    (overlay.opacity, overlay.window) = (chance.f32(), a_window(chance));
    overlay.colour_map = one_of(chance, &ColourMap::ALL);
}

fn shuffle_3d(view: &mut View3d, chance: &mut Chance) {
    let View3d { preset, transfer, window, iso_value, clip, image_opacity } = view;
    *window = a_window(chance);
    *preset = maybe(chance, |chance| one_of(chance, &TransferPreset::ALL));
    *transfer = match preset {
        Some(preset) => preset.function(*window),
        None => maybe(chance, curve).unwrap_or(TransferFunction::Window),
    };
    (*iso_value, *image_opacity) = (between(chance, -99.0, 99.0), chance.f32());
    *clip = Clip {
        plane: maybe(chance, |chance| ClipPlane {
            normal: direction(chance),
            offset_mm: between(chance, -9.0, 9.0),
        }),
        bounds: maybe(chance, |chance| ClipBox {
            low: std::array::from_fn(|_| between(chance, 0.0, 0.4)),
            high: std::array::from_fn(|_| between(chance, 0.6, 1.0)),
        }),
    };
}

fn curve(chance: &mut Chance) -> TransferFunction {
    let points = (0..chance.usize(2..6)).map(|n| TransferPoint {
        value: 10.0 * n as f64 + between(chance, 0.0, 9.0),
        colour: std::array::from_fn(|_| chance.u8(..)),
        opacity: chance.f32(),
    });
    let points = points.collect();
    TransferFunction::points(points).expect("rising values")
}

/// Fails if two views do not look alike at the same scan.
pub(super) fn assert_alike(found: &ViewState, expected: &ViewState) {
    assert_eq!(found.prefs.tool, expected.prefs.tool);
    let (a, b) = (&found.scan, &expected.scan);
    let near = |a: DVec3, b: DVec3| a.abs_diff_eq(b, 1e-12);
    assert!(near(a.crosshair, b.crosshair), "{} {}", a.crosshair, b.crosshair);
    let shown = |view: &ScanView| {
        let layers = view.overlays.iter().map(|layer| {
            let name = layer.volume.name().to_owned();
            (name, layer.visible, layer.opacity, layer.window, layer.colour_map)
        });
        let layers: Vec<_> = layers.collect();
        (view.solo, layers, view.layer, view.show_image, view.window, view.colour_map)
    };
    assert_eq!(shown(a), shown(b));
    let laid_out =
        |view: &ScanView| (view.maximised, view.lightbox, view.oblique, view.slices, view.suv);
    assert_eq!(laid_out(a), laid_out(b));
    let painting = |view: &ScanView| {
        let range = (view.paint_range, view.in_range_only, view.flood_tolerance);
        (range, view.scribble_radius, view.paint_inside, view.growth_not_wanted, view.operand)
    };
    assert_eq!(painting(a), painting(b));
    assert_eq!((&a.orbit, a.time_point), (&b.orbit, b.time_point));
    assert_eq!(compared(a), compared(b));
    let seconds = [a, b].map(second);
    assert_eq!(seconds[0], seconds[1]);
    // A normal is made one again.
    let plane = |view: &ScanView| view.view_3d.clip.plane;
    assert_eq!(plane(a).is_some(), plane(b).is_some());
    if let Some((a, b)) = plane(a).zip(plane(b)) {
        assert!(near(a.normal, b.normal) && a.offset_mm == b.offset_mm, "{a:?} {b:?}");
    }
    let without = |view: &ScanView| {
        let clip = Clip { plane: None, ..view.view_3d.clip };
        View3d { clip, ..view.view_3d.clone() }
    };
    assert_eq!(without(a), without(b));
}

/// All that is kept of a comparison.
fn compared(view: &ScanView) -> String {
    let Some(view) = &view.comparison else { return String::new() };
    let ComparisonView {
        name, reading, look, by, tolerance_mm, scale_mm, selected, sorted, ..
    } = view;
    let how = (reading.time_point, reading.threshold, reading.resample);
    format!("{name} {how:?} {look:?} {by:?} {tolerance_mm} {scale_mm} {selected:?} {sorted:?}")
}

/// All that is kept of what is beside.
fn second(view: &ScanView) -> String {
    let Beside { on, scan, chosen, .. } = &view.beside;
    let of = |second: &BesideScan| {
        let BesideScan { image, linked, follows, labels, .. } = second;
        let labels = labels.as_ref().map(|labels| (&labels.file, labels.drawn.labels.to_vec()));
        let shown = (image.volume.name(), image.volume.time_point(), image.window);
        format!("{shown:?} {:?} {linked} {follows} {labels:?}", image.colour_map)
    };
    format!("{on} {chosen} {:?}", scan.as_ref().map(of))
}

/// Lays other files over the scan.
pub(super) fn lay_over(bench: &mut Bench, count: usize) {
    for n in 0..count {
        let path = bench.folder.path().join(format!("over{n}.nii.gz"));
        let values: Vec<f32> = (0..120u16).map(|v| f32::from(v % (n as u16 + 7))).collect();
        io::save_float32(&path, [6, 5, 4], &values, DAffine3::IDENTITY).unwrap();
        let (cancel, progress) = (CancelToken::new(), Progress::new());
        let volume = io::open_volume(&path, &io::Limits::default(), &cancel, &progress).unwrap();
        let volume = Arc::new(volume);
        let stats = volume.stats();
        let histogram = crate::volume::Histogram::of(&volume, &stats, 16);
        bench.current.laid_over(&volume, path);
        bench.view.scan.overlays.push(ImageLayer::new(volume, stats, histogram));
    }
}

/// The view of a session that was opened, as the window has it then.
pub(super) fn view_of(ready: &mut Ready, document: &Document) -> ViewState {
    let grid = document.image().grid();
    let mut view = ViewState::for_scan(grid, ready.stats, ready.histogram.clone());
    let kept = &ready.contents.snapshot.around.overlays;
    let found = std::mem::take(&mut ready.overlays).into_iter();
    let layers = found.map(|o| dressed(*o.image, &kept[o.place], o.place, &ready.view));
    view.scan.overlays = layers.collect();
    ready.view.apply(&mut view, document);
    let mut found = std::mem::take(&mut ready.companions);
    let beside = found.dressed((&ready.view, kept), document.image());
    view.scan.beside.scan = beside.map(|(second, ..)| second);
    view.scan.comparison = found.compared_with().map(|(path, reading)| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        ComparisonView { reading, ..ComparisonView::with(name) }
    });
    ready.view.apply_to_companions(&mut view, document);
    view
}

/// Values are kept as the scan's file has them, whatever they are shown as.
#[test]
fn what_is_kept_of_a_pet_in_suv_is_in_the_unit_of_its_file() {
    let bench = Bench::new();
    let (document, mut chance) = (&bench.open.document, Chance::with_seed(3));
    let grid = document.image().grid();
    let fresh = || {
        let stats = document.image().stats();
        let histogram = crate::volume::Histogram::of(document.image(), &stats, 16);
        ViewState::for_scan(grid, stats, histogram)
    };
    for suv in SuvKind::ALL {
        let mut shown = fresh();
        shuffle(&mut shown, document, &mut chance);
        // Halves are exact.
        shown.scan.suv = Some((suv, 0.5));
        shown.scan.flood_tolerance = Some(3.0);
        shown.scan.paint_range = Some(ValueRange { low: 1.0, high: 2.0 });
        let kept = KeptView::read(&KeptView::of(&shown).to_json());
        assert_eq!(kept.suv(), Some(suv));
        let mut again = fresh();
        again.scan.suv = Some((suv, 0.5));
        kept.apply(&mut again, document);
        assert_alike(&again, &shown);
        // Where that can't be known any more, it looks the same in the file's unit.
        let mut in_file = fresh();
        kept.apply(&mut in_file, document);
        let window = shown.scan.window;
        let twice = Window::new(2.0 * window.centre, 2.0 * window.width);
        assert_eq!((in_file.scan.window, in_file.scan.suv), (twice, None));
        assert_eq!(in_file.scan.paint_range, Some(ValueRange { low: 2.0, high: 4.0 }));
        assert_eq!(in_file.scan.flood_tolerance, Some(6.0));
    }
}
