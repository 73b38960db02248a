//! How the 3D view draws the scan.

use egui::{ComboBox, DragValue, Slider, Ui, vec2};

use super::transfer;
use crate::geom::{Axis, Direction};
use crate::render::{ClipPlane, Mode3d, TransferPreset};
use crate::ui::commands::{CommandContext, file, view_3d, views};
use crate::ui::kit::format::editable;
use crate::ui::kit::icons;
use crate::ui::kit::text::tr;
use crate::ui::kit::widgets::{
    centre_and_width, colours, field, heading, percent, quiet, row_button,
};
use crate::ui::state::ViewState;
use crate::ui::state::readout::unit;
use crate::ui::state::view_3d::{
    ClipFacing, SIDES, THINNEST, WHOLE, clip_range, mode_name, mode_tip, side_name,
};

pub(super) fn show(ui: &mut Ui, cx: &mut CommandContext) {
    heading(ui, tr("3D"), |ui| {
        let tip = views::RESET_VIEWS.tip();
        if ui.button(tr("Reset views")).on_hover_text(tip).clicked() {
            views::RESET_VIEWS.run(cx);
        }
    });
    modes(ui, cx.view);
    match cx.view.prefs.mode_3d {
        Mode3d::Volume => {
            field(ui, tr("Preset"), |ui| presets(ui, cx.view));
            transfer::show(ui, cx.view);
        }
        Mode3d::Iso => iso(ui, cx.view),
        Mode3d::Mip | Mode3d::Surface => {}
    }
    if cx.view.scan.view_3d.has_window(cx.view.prefs.mode_3d) {
        window(ui, cx.view);
    }
    if cx.view.prefs.mode_3d != Mode3d::Surface {
        percent(ui, tr("Scan"), &mut cx.view.scan.view_3d.image_opacity);
    }
    camera(ui, cx);
    clip_plane(ui, cx);
    clip_box(ui, cx.view);
    ui.add_space(4.0);
    if ui
        .button(format!("{} {}", icons::FILM, tr("Record a turn…")))
        .on_hover_text(file::FILM.tip())
        .clicked()
    {
        file::FILM.run(cx);
    }
}

fn modes(ui: &mut Ui, view: &mut ViewState) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        for mode in Mode3d::ALL {
            let chosen = view.prefs.mode_3d == mode;
            let name = format!("{} {}", tr("3D"), mode_name(mode));
            let response = ui.selectable_label(chosen, mode_name(mode)).accessible_name(name);
            if response.on_hover_text(mode_tip(mode)).clicked() {
                view.prefs.mode_3d = mode;
            }
        }
    });
}

fn presets(ui: &mut Ui, view: &mut ViewState) {
    let present = view.scan.view_3d.preset.map_or(tr("own curve"), |preset| tr(preset.name()));
    let combo = ComboBox::from_id_salt("transfer_preset").width(132.0).height(400.0);
    let chosen = combo.selected_text(present).show_ui(ui, |ui| {
        let clicked = |ui: &mut Ui, preset: TransferPreset| {
            let on = view.scan.view_3d.preset == Some(preset);
            ui.selectable_label(on, tr(preset.name())).clicked()
        };
        TransferPreset::ALL.into_iter().filter(|preset| clicked(ui, *preset)).last()
    });
    let tip = tr("Colours and opacity of values");
    chosen.response.accessible_name(tr("3D preset")).on_hover_text(tip);
    if let Some(preset) = chosen.inner.flatten() {
        view.scan.view_3d.preset = Some(preset);
        view.scan.view_3d.transfer = preset.function(view.scan.auto_window);
        view.transient.transfer_point = None;
    }
}

/// Centre and width of the 3D view's own window, and the slices' for it.
fn window(ui: &mut Ui, view: &mut ViewState) {
    let unit = unit(view);
    let mut window = view.scan.view_3d.window;
    let names = [tr("3D window centre"), tr("3D window width")];
    if centre_and_width(ui, &mut window, unit, names) {
        view.scan.view_3d.window = window;
    }
    ui.add_enabled_ui(view.scan.view_3d.window != view.scan.window, |ui| {
        let tip = tr("The 3D view has a window of its own; this gives it the slices' window");
        if ui.button(tr("Window of the slices")).on_hover_text(tip).clicked() {
            view.scan.view_3d.window = view.scan.window;
        }
    });
}

/// From the smallest to the largest value of the scan.
fn iso(ui: &mut Ui, view: &mut ViewState) {
    let (low, high) = view.scan.stats.map_or((0.0, 1.0), |s| (s.min, s.max));
    if low >= high {
        return;
    }
    let unit = unit(view);
    // Only in the text: a value nobody has moved stays as it is.
    let whole = high - low >= 50.0;
    let text = move |v: f64| editable(if whole { v.round() } else { v });
    field(ui, tr("Value"), |ui| {
        ui.spacing_mut().slider_width = 96.0;
        ui.visuals_mut().selection.bg_fill = colours(ui).accent;
        let slider = Slider::new(&mut view.scan.view_3d.iso_value, low..=high)
            .custom_formatter(move |v, _| text(v))
            .suffix(unit);
        ui.add(slider).accessible_name(tr("Iso value"));
    });
}

fn camera(ui: &mut Ui, cx: &mut CommandContext) {
    field(ui, tr("Camera"), |ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        let perspective = &mut cx.view.scan.orbit.perspective;
        // Right to left.
        for (name, value) in [(tr("Perspective"), true), (tr("Parallel"), false)] {
            if ui.selectable_label(*perspective == value, name).clicked() {
                *perspective = value;
            }
        }
    });
    field(ui, tr("Look from"), |ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        for side in SIDES.into_iter().rev() {
            let name = tr("Camera {side}").replace("{side}", side_name(side));
            let response = ui.button(side.letter().to_string()).accessible_name(name);
            if response.on_hover_text(view_3d::look_from(side).tip()).clicked() {
                view_3d::look_from(side).run(cx);
            }
        }
    });
}

fn clip_plane(ui: &mut Ui, cx: &mut CommandContext) {
    let mut on = cx.view.scan.view_3d.clip.plane.is_some();
    let tip = view_3d::CLIP_PLANE.tip();
    let tip = format!("{tip}\n{}", tr("Shift+drag in the 3D view moves it"));
    let text = format!("{} {}", icons::CLIP, tr("Clip plane"));
    let switch = ui.checkbox(&mut on, text).accessible_name(tr("Clip plane"));
    if switch.on_hover_text(tip).changed() {
        view_3d::CLIP_PLANE.run(cx);
    }
    let Some(plane) = cx.view.scan.view_3d.clip.plane else { return };
    let facing = ClipFacing::of(&plane);
    ui.horizontal(|ui| {
        let combo = ComboBox::from_id_salt("clip_facing").width(124.0);
        let chosen = combo.selected_text(facing.name()).show_ui(ui, |ui| {
            let clicked =
                |ui: &mut Ui, f: ClipFacing| ui.selectable_label(f == facing, f.name()).clicked();
            ClipFacing::ALL.into_iter().filter(|f| clicked(ui, *f)).last()
        });
        chosen.response.accessible_name(tr("Clip plane direction"));
        if let Some(facing) = chosen.inner.flatten() {
            cx.view.clip_facing(facing);
        }
        if ui.button(tr("Flip")).on_hover_text(tr("Cut away the other side")).clicked() {
            cx.view.flip_clip_plane();
        }
    });
    let Some(document) = cx.document else { return };
    if let Some(plane) = &mut cx.view.scan.view_3d.clip.plane {
        position(ui, plane, clip_range(document.image().grid(), plane.normal));
    }
}

/// Where the plane is: in RAS millimetres across an axis, else along its own direction.
fn position(ui: &mut Ui, plane: &mut ClipPlane, (low, high): (f64, f64)) {
    let axis = match ClipFacing::of(plane) {
        ClipFacing::Across(axis) => Some(axis),
        ClipFacing::Camera => None,
    };
    // A plane that cuts away the negative side counts the other way.
    let sign = axis.map_or(1.0, |axis| plane.normal[axis.index()].signum());
    let name = axis.map_or_else(
        || tr("Position").to_owned(),
        |axis| {
            let letter = Direction { axis, positive: true }.letter();
            format!("{} {letter}", tr("Position"))
        },
    );
    let mut mm = sign * plane.offset_mm;
    let range = if sign < 0.0 { -high..=-low } else { low..=high };
    let moved = field(ui, &name, |ui| {
        ui.spacing_mut().slider_width = 84.0;
        ui.visuals_mut().selection.bg_fill = colours(ui).accent;
        let slider =
            Slider::new(&mut mm, range).suffix(" mm").custom_formatter(|v, _| format!("{v:.1}"));
        ui.add(slider).accessible_name(tr("Clip plane position")).changed()
    });
    if moved {
        plane.offset_mm = sign * mm;
    }
}

fn clip_box(ui: &mut Ui, view: &mut ViewState) {
    let mut on = view.scan.view_3d.clip.bounds.is_some();
    ui.horizontal(|ui| {
        let text = format!("{} {}", icons::CLIP_BOX, tr("Clip box"));
        let switch = ui.checkbox(&mut on, text).accessible_name(tr("Clip box"));
        if switch.on_hover_text(tr("Keep only what lies in a box")).changed() {
            view.scan.view_3d.clip.bounds = on.then_some(WHOLE);
        }
        let changed = view.scan.view_3d.clip.bounds.is_some_and(|bounds| bounds != WHOLE);
        if changed
            && row_button(ui, icons::RESET, tr("Whole box"), tr("Everything again")).clicked()
        {
            view.scan.view_3d.clip.bounds = Some(WHOLE);
        }
    });
    let Some(bounds) = &mut view.scan.view_3d.clip.bounds else { return };
    for axis in Axis::ALL {
        let at = axis.index();
        let side = |positive| side_name(Direction { axis, positive });
        ui.horizontal(|ui| {
            ui.label(quiet(ui, Direction { axis, positive: false }.letter()));
            let (low, high) = (&mut bounds.low[at], &mut bounds.high[at]);
            if share(ui, low, &tr("Box {side}").replace("{side}", side(false))) {
                *low = low.min(*high - THINNEST).max(0.0);
            }
            if share(ui, high, &tr("Box {side}").replace("{side}", side(true))) {
                *high = high.max(*low + THINNEST).min(1.0);
            }
            ui.label(quiet(ui, Direction { axis, positive: true }.letter()));
        });
    }
}

/// A number from 0 to 100 %, to be dragged.
fn share(ui: &mut Ui, value: &mut f64, name: &str) -> bool {
    let mut percent = *value * 100.0;
    let drag = DragValue::new(&mut percent).range(0.0..=100.0).speed(0.5).fixed_decimals(0);
    let response = ui.add_sized(vec2(84.0, 22.0), drag.suffix(" %")).accessible_name(name);
    if response.changed() {
        *value = percent / 100.0;
    }
    response.on_hover_text(name).changed()
}
