//! How the scan is looked at: layout, slices, time points, masks.

use egui::Key;

use super::context::CommandContext;
use super::edit::has_active;
use super::entry::{Entry, Group, Menu, commands, with_scan, without_scan};
use super::keys::{alt, alt_shift, key, shift};
use crate::document::Command;
use crate::geom::{Convention, Plane};
use crate::render::Interpolation;
use crate::ui::kit::icons;
use crate::ui::kit::text::mark;
use crate::ui::state::{Action, Layout, Pane, ViewState};

commands! {
    Group::Views;

    /// Fills the window with it; again: shows all.
    AXIAL_ONLY {
        name: "Axial view only",
        keys: [key(Key::Num1)],
        run: |cx| maximise_or_restore(cx, Pane::Slice(Plane::Axial)),
        menu: Some((Menu::Layout, 10)),
        enabled: with_scan,
        on: Some(|cx| cx.view.scan.maximised == Some(Pane::Slice(Plane::Axial))),
    }

    /// Fills the window with it; again: shows all.
    SAGITTAL_ONLY {
        name: "Sagittal view only",
        keys: [key(Key::Num2)],
        run: |cx| maximise_or_restore(cx, Pane::Slice(Plane::Sagittal)),
        menu: Some((Menu::Layout, 10)),
        enabled: with_scan,
        on: Some(|cx| cx.view.scan.maximised == Some(Pane::Slice(Plane::Sagittal))),
    }

    /// Fills the window with it; again: shows all.
    CORONAL_ONLY {
        name: "Coronal view only",
        keys: [key(Key::Num3)],
        run: |cx| maximise_or_restore(cx, Pane::Slice(Plane::Coronal)),
        menu: Some((Menu::Layout, 10)),
        enabled: with_scan,
        on: Some(|cx| cx.view.scan.maximised == Some(Pane::Slice(Plane::Coronal))),
    }

    /// Fills the window with it; again: shows all.
    VOLUME_ONLY {
        name: "3D view only",
        keys: [key(Key::Num4)],
        run: |cx| maximise_or_restore(cx, Pane::Volume),
        menu: Some((Menu::Layout, 10)),
        enabled: with_scan,
        on: Some(|cx| cx.view.scan.maximised == Some(Pane::Volume)),
    }

    /// Ends what hides some of them.
    ALL_VIEWS {
        name: "All four views",
        keys: [key(Key::Num0)],
        run: |cx| (cx.view.scan.maximised, cx.view.scan.lightbox) = (None, None),
        menu: Some((Menu::Layout, 10)),
        enabled: with_scan,
    }

    /// Two by two.
    QUAD_LAYOUT {
        name: "Four views",
        keys: [],
        run: |cx| cx.view.set_layout(Layout::Quad),
        icon: Some(icons::QUAD),
        menu: Some((Menu::Layout, 0)),
        enabled: with_scan,
        on: Some(|cx| layout_is_seen(cx.view, |layout| layout == Layout::Quad)),
    }

    /// One large view, three small beside it.
    MAIN_LAYOUT {
        name: "One large view (again: another)",
        keys: [shift(Key::Y)],
        run: |cx| cx.view.large_view(),
        icon: Some(icons::MAIN),
        menu: Some((Menu::Layout, 0)),
        enabled: with_scan,
        on: Some(|cx| layout_is_seen(cx.view, |layout| matches!(layout, Layout::Main(_)))),
    }

    /// The slices alone.
    ROW_LAYOUT {
        name: "Three slices in a row",
        keys: [],
        run: |cx| cx.view.set_layout(Layout::Row),
        icon: Some(icons::ROW),
        menu: Some((Menu::Layout, 0)),
        enabled: with_scan,
        on: Some(|cx| layout_is_seen(cx.view, |layout| layout == Layout::Row)),
    }

    /// The layouts one after another.
    NEXT_LAYOUT {
        name: "Next layout",
        keys: [key(Key::Y)],
        run: |cx| cx.view.next_layout(),
        menu: Some((Menu::Layout, 2)),
        enabled: with_scan,
    }

    /// Many slices of one plane, instead of the views.
    LIGHTBOX {
        name: "Sheet of slices",
        keys: [key(Key::S)],
        run: |cx| cx.view.toggle_lightbox(),
        icon: Some(icons::LIGHTBOX),
        menu: Some((Menu::Layout, 1)),
        enabled: with_scan,
        on: Some(|cx| cx.view.scan.lightbox.is_some()),
    }

    /// Its arrow keys move the crosshair then, in 3D they turn; Enter uses the tool in it.
    NEXT_VIEW {
        name: "Keyboard to the next view",
        keys: [key(Key::F6)],
        run: |cx| cx.view.transient.focus_next_view = true,
        menu: Some((Menu::Layout, 3)),
        enabled: |cx| cx.document.is_some() && cx.view.scan.lightbox.is_none(),
        why_not: |cx| without_scan(cx).unwrap_or(mark("The sheet of slices hides the views.")),
    }

    /// Fits all views, straight, 3D from the front.
    RESET_VIEWS {
        name: "Reset views",
        keys: [key(Key::R)],
        run: |cx| cx.view.reset(),
        menu: Some((Menu::View, 12)),
        enabled: with_scan,
    }

    /// The picture of the view under the pointer.
    FIT {
        name: "Fit the picture",
        keys: [key(Key::F)],
        run: |cx| cx.view.fit(),
        menu: Some((Menu::View, 10)),
        enabled: with_scan,
    }

    /// A millimetre of the scan is one on the screen.
    LIFE_SIZE {
        name: "Life size (1:1 mm)",
        keys: [shift(Key::F)],
        run: |cx| {
            if let Some(document) = cx.document {
                cx.view.life_size(document.image().grid());
            }
        },
        menu: Some((Menu::View, 11)),
        enabled: with_scan,
    }

    /// As one sees it in the view under the pointer (or the axial one).
    TURN_CLOCKWISE {
        name: "Turn the planes clockwise by 5°",
        keys: [alt(Key::ArrowRight)],
        run: |cx| turn(cx, 5.0),
        menu: Some((Menu::Slices, 20)),
        enabled: with_scan,
        repeats: true,
    }

    /// The other way.
    TURN_BACK {
        name: "Turn the planes back by 5°",
        keys: [alt(Key::ArrowLeft)],
        run: |cx| turn(cx, -5.0),
        menu: Some((Menu::Slices, 20)),
        enabled: with_scan,
        repeats: true,
    }

    /// A little.
    TURN_CLOCKWISE_FINELY {
        name: "Turn the planes clockwise by 1°",
        keys: [alt_shift(Key::ArrowRight)],
        run: |cx| turn(cx, 1.0),
        menu: Some((Menu::Slices, 20)),
        enabled: with_scan,
        repeats: true,
    }

    /// A little, the other way.
    TURN_BACK_FINELY {
        name: "Turn the planes back by 1°",
        keys: [alt_shift(Key::ArrowLeft)],
        run: |cx| turn(cx, -1.0),
        menu: Some((Menu::Slices, 20)),
        enabled: with_scan,
        repeats: true,
    }

    /// The planes follow the scan's axes again.
    STRAIGHTEN {
        name: "Straight planes",
        keys: [shift(Key::R)],
        run: |cx| cx.view.straighten(),
        menu: Some((Menu::Slices, 20)),
        enabled: |cx| cx.document.is_some() && cx.view.scan.oblique.is_some(),
        why_not: |cx| without_scan(cx).unwrap_or(mark("The planes are not turned.")),
    }

    /// Slabs instead of planes.
    SLAB {
        name: "Thick slices",
        keys: [key(Key::M)],
        run: |cx| cx.view.toggle_slab(),
        menu: Some((Menu::Slices, 10)),
        enabled: with_scan,
        on: Some(|cx| cx.view.prefs.slab_mm > 0.0),
    }

    /// What thick slices show.
    NEXT_PROJECTION {
        name: "Mean, MIP or MinIP",
        keys: [shift(Key::M)],
        run: |cx| cx.view.next_projection(),
        menu: Some((Menu::Slices, 10)),
        enabled: with_scan,
    }

    /// By one step of thickness.
    THICKER {
        name: "Thicker slices",
        keys: [alt(Key::ArrowUp)],
        run: |cx| cx.view.thicken(1),
        menu: Some((Menu::Slices, 10)),
        enabled: with_scan,
        repeats: true,
    }

    /// By one step of thickness.
    THINNER {
        name: "Thinner slices",
        keys: [alt(Key::ArrowDown)],
        run: |cx| cx.view.thicken(-1),
        menu: Some((Menu::Slices, 10)),
        enabled: with_scan,
        repeats: true,
    }

    /// Of a scan with several time points; after the last comes the first.
    NEXT_TIME_POINT {
        name: "Next time point",
        keys: [key(Key::Period)],
        run: |cx| step_time_point(cx, 1),
        icon: Some(icons::FORWARD),
        menu: Some((Menu::TimePoints, 1)),
        enabled: has_time_points,
        why_not: without_time_points,
        repeats: true,
    }

    /// Before the first comes the last.
    PREVIOUS_TIME_POINT {
        name: "Previous time point",
        keys: [key(Key::Comma)],
        run: |cx| step_time_point(cx, -1),
        icon: Some(icons::BACK),
        menu: Some((Menu::TimePoints, 1)),
        enabled: has_time_points,
        why_not: without_time_points,
        repeats: true,
    }

    /// One after another, by themselves.
    PLAY {
        name: "Play the time points",
        keys: [key(Key::K)],
        run: |cx| cx.view.transient.playing = !cx.view.transient.playing,
        menu: Some((Menu::TimePoints, 0)),
        enabled: has_time_points,
        why_not: without_time_points,
        on: Some(|cx| cx.view.transient.playing),
    }

    /// Of the view under the pointer (or the axial one).
    NEXT_SLICE {
        name: "Next slice (towards S, A or R)",
        keys: [key(Key::ArrowUp), key(Key::ArrowRight)],
        run: |cx| step(cx, 1),
        enabled: with_scan,
        repeats: true,
    }

    /// Of the view under the pointer (or the axial one).
    PREVIOUS_SLICE {
        name: "Previous slice (towards I, P or L)",
        keys: [key(Key::ArrowDown), key(Key::ArrowLeft)],
        run: |cx| step(cx, -1),
        enabled: with_scan,
        repeats: true,
    }

    /// Of the view under the pointer (or the axial one).
    TEN_SLICES_ON {
        name: "Ten slices on",
        keys: [key(Key::PageUp)],
        run: |cx| step(cx, 10),
        enabled: with_scan,
        repeats: true,
    }

    /// Of the view under the pointer (or the axial one).
    TEN_SLICES_BACK {
        name: "Ten slices back",
        keys: [key(Key::PageDown)],
        run: |cx| step(cx, -10),
        enabled: with_scan,
        repeats: true,
    }

    /// In slices.
    SHOW_CROSSHAIR {
        name: "Show crosshair",
        keys: [key(Key::X)],
        run: |cx| cx.view.prefs.show_crosshair = !cx.view.prefs.show_crosshair,
        menu: Some((Menu::View, 2)),
        enabled: with_scan,
        on: Some(|cx| cx.view.prefs.show_crosshair),
    }

    /// All that are not hidden by themselves.
    SHOW_MASKS {
        name: "Show masks",
        keys: [key(Key::V)],
        run: |cx| cx.view.prefs.show_labels = !cx.view.prefs.show_labels,
        menu: Some((Menu::View, 3)),
        enabled: with_scan,
        on: Some(|cx| cx.view.prefs.show_labels),
    }

    /// To see what is under them; the key handler knows how long it is held.
    PEEK {
        name: "Hide masks while held",
        keys: [key(Key::Space)],
        run: |_| {},
        enabled: with_scan,
        held: true,
    }

    /// The looks one after another.
    MASK_LOOK {
        name: "Masks filled, outlined or both",
        keys: [shift(Key::V)],
        run: |cx| cx.view.next_mask_look(),
        menu: Some((Menu::View, 5)),
        enabled: with_scan,
    }

    /// Its mask is the only one that is seen.
    SOLO {
        name: "Selected object alone",
        keys: [key(Key::O)],
        run: |cx| {
            cx.view.scan.solo = !cx.view.scan.solo;
            // Alone, and to be seen.
            cx.view.prefs.show_labels |= cx.view.scan.solo;
        },
        menu: Some((Menu::View, 6)),
        enabled: has_active,
        on: Some(|cx| cx.view.scan.solo),
    }

    /// One by one, so that each can be shown again.
    HIDE_OTHERS {
        name: "Hide the other objects (again: show all)",
        keys: [shift(Key::O)],
        run: hide_others,
        menu: Some((Menu::Edit, 11)),
        enabled: has_active,
    }

    /// Second images.
    SHOW_OVERLAYS {
        name: "Show overlays",
        keys: [key(Key::H)],
        run: |cx| cx.view.toggle_overlays(),
        menu: Some((Menu::View, 4)),
        enabled: |cx| !cx.view.scan.overlays.is_empty(),
        on: Some(|cx| cx.view.scan.overlays.iter().any(|o| o.visible)),
    }

    /// Between voxels.
    INTERPOLATION {
        name: "Nearest, linear or cubic",
        keys: [key(Key::I)],
        run: |cx| {
            let interpolation = &mut cx.view.prefs.interpolation;
            *interpolation = match interpolation {
                Interpolation::Linear => Interpolation::Cubic,
                Interpolation::Cubic => Interpolation::Nearest,
                Interpolation::Nearest => Interpolation::Linear,
            };
        },
        menu: Some((Menu::Slices, 0)),
        enabled: with_scan,
        on: Some(|cx| cx.view.prefs.interpolation != Interpolation::Nearest),
    }

    /// Or each for itself.
    LINK_ZOOM {
        name: "Zoom all slices alike",
        keys: [shift(Key::L)],
        run: |cx| {
            if let Some(document) = cx.document {
                cx.view.toggle_link_zoom(document.image().grid());
            }
        },
        menu: Some((Menu::View, 1)),
        enabled: with_scan,
        on: Some(|cx| cx.view.prefs.link_zoom),
    }

    /// The patient's left is at the left.
    NEUROLOGICAL {
        name: "Neurological convention",
        keys: [],
        run: |cx| cx.view.mirror(),
        menu: Some((Menu::View, 0)),
        enabled: with_scan,
        on: Some(|cx| cx.view.prefs.convention == Convention::Neurological),
    }
}

/// The command that fills the window with a view.
pub fn only(pane: Pane) -> &'static Entry {
    match pane {
        Pane::Slice(Plane::Axial) => &AXIAL_ONLY,
        Pane::Slice(Plane::Sagittal) => &SAGITTAL_ONLY,
        Pane::Slice(Plane::Coronal) => &CORONAL_ONLY,
        Pane::Volume => &VOLUME_ONLY,
    }
}

fn maximise_or_restore(cx: &mut CommandContext, pane: Pane) {
    // Of a sheet's views none can be seen: the first press shows one.
    if cx.view.scan.lightbox.take().is_some() {
        cx.view.scan.maximised = None;
    }
    cx.view.toggle_maximised(pane);
}

/// Whether the views are seen in a layout, and in which.
fn layout_is_seen(view: &ViewState, is: impl Fn(Layout) -> bool) -> bool {
    view.scan.lightbox.is_none() && view.scan.maximised.is_none() && is(view.prefs.layout)
}

/// Along the slices of the view under the pointer, to the middle of a slice, within the scan.
fn step(cx: &mut CommandContext, slices: i64) {
    if let Some(document) = cx.document {
        let plane = cx.view.plane_in_hand();
        cx.view.step(document.image().grid(), plane, slices);
    }
}

fn turn(cx: &mut CommandContext, degrees_clockwise: f64) {
    if let Some(document) = cx.document {
        let plane = cx.view.plane_in_hand();
        cx.view.turn(document.image().grid(), plane, degrees_clockwise);
    }
}

fn without_time_points(cx: &CommandContext) -> &'static str {
    without_scan(cx).unwrap_or(mark("This scan has one time point."))
}

fn has_time_points(cx: &CommandContext) -> bool {
    cx.document.is_some_and(|d| d.image().time_points() > 1)
}

fn step_time_point(cx: &mut CommandContext, steps: i64) {
    if let Some(document) = cx.document {
        cx.view.transient.playing = false;
        cx.view.step_time_point(document.image().time_points(), steps);
    }
}

/// Hides all objects but the active one; shows all again if that has been done.
fn hide_others(cx: &mut CommandContext) {
    let Some((document, active)) = cx.document.zip(cx.active().map(|o| o.id)) else { return };
    let others = || document.objects().iter().filter(|o| o.id != active);
    let show = others().all(|o| !o.visible);
    let changed = others().filter(|o| o.visible != show).map(|o| (o.id, show));
    let hidden = document.active().filter(|o| !o.visible).map(|o| (o.id, true));
    for (id, visible) in changed.chain(hidden) {
        cx.out.push(Action::Do(Command::SetVisible(id, visible)));
    }
    cx.view.scan.solo = false;
}
