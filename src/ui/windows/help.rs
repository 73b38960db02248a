//! The list of shortcuts and what the program is.

use egui::{Context, Label, ScrollArea, Ui, Window};

use crate::ui::commands::{self, Entry, Group, gestures, key_name};
use crate::ui::kit::text::{mark, tr};
use crate::ui::kit::widgets::quiet;
use crate::ui::state::ViewState;

/// What every user must know.
pub const NOT_A_DEVICE: &str =
    mark("Not a medical device: not for diagnosis or treatment. For research and teaching.");

/// Draws both windows, if they are open.
pub(super) fn show(ctx: &Context, view: &mut ViewState) {
    let room = ctx.content_rect().size();
    Window::new(tr("Shortcuts"))
        .id(egui::Id::unique("shortcuts"))
        .open(&mut view.windows.help)
        .collapsible(false)
        .resizable(false)
        // By the window as it is now: its scale may have been changed.
        .fixed_size([(room.x - 40.0).clamp(200.0, 680.0), (room.y - 100.0).max(120.0)])
        .pivot(egui::Align2::CENTER_CENTER)
        .default_pos(ctx.content_rect().center())
        .show(ctx, |ui| {
            ScrollArea::vertical()
                .auto_shrink(false)
                .show(ui, |ui| list(ui, room.x >= TWO_COLUMNS));
        });
    Window::new(tr("About Voxpoint"))
        .id(egui::Id::unique("about"))
        .open(&mut view.windows.about)
        .collapsible(false)
        .resizable(false)
        .pivot(egui::Align2::CENTER_CENTER)
        .default_pos(ctx.content_rect().center())
        .show(ctx, about);
}

/// From this width of the window on, in points, there is room for two columns.
const TWO_COLUMNS: f32 = 720.0;

fn list(ui: &mut Ui, two_columns: bool) {
    ui.spacing_mut().interact_size.y = 16.0;
    if two_columns {
        ui.columns(2, |columns| {
            // About as many rows in each.
            let is_right = |group: &Group| *group == Group::Views;
            let (right, left): (Vec<_>, Vec<_>) = Group::ALL.into_iter().partition(is_right);
            for (column, groups) in columns.iter_mut().zip([left, right]) {
                for group in groups {
                    table(column, group);
                }
            }
        });
    } else {
        for group in Group::ALL {
            table(ui, group);
        }
    }
    ui.separator();
    ui.label(quiet(ui, tr("Mouse")));
    let half = (ui.available_width() - BETWEEN) / 2.0;
    for (gesture, does) in gestures() {
        row(ui, half, tr(gesture), tr(does));
    }
}

/// Width of the column with the keys, so that all groups line up, and the gap after it.
const KEYS: f32 = 128.0;
const BETWEEN: f32 = 16.0;

/// Two texts side by side, the first in a column of this width; what does not fit goes on in the next line.
fn row(ui: &mut Ui, width: f32, first: &str, second: &str) {
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = BETWEEN;
        ui.vertical(|ui| {
            ui.set_width(width);
            ui.add(Label::new(first).wrap());
        });
        ui.vertical(|ui| ui.add(Label::new(second).wrap()));
    });
}

/// The commands of a group that have a key.
fn rows(group: Group) -> impl Iterator<Item = &'static Entry> {
    commands::all().filter(move |entry| entry.group == group && !entry.keys.is_empty())
}

fn table(ui: &mut Ui, group: Group) {
    if rows(group).next().is_none() {
        return;
    }
    ui.label(quiet(ui, tr(group.name())));
    for entry in rows(group) {
        let keys: Vec<_> = entry.keys.iter().map(key_name).collect();
        row(ui, KEYS, &keys.join(", "), entry.name());
    }
    ui.add_space(8.0);
}

fn about(ui: &mut Ui) {
    ui.set_width(360.0);
    ui.heading(concat!("Voxpoint ", env!("CARGO_PKG_VERSION")));
    ui.label(tr("Open a scan, click inside a structure, get its mask, save it as NIfTI."));
    ui.add_space(8.0);
    ui.add(Label::new(tr(NOT_A_DEVICE)).wrap());
    ui.add_space(8.0);
    ui.label(format!("{}: {}", tr("Licence"), env!("CARGO_PKG_LICENSE")));
    ui.label(quiet(
        ui,
        tr("Icons: Phosphor (MIT). Fonts: Ubuntu (UFL), Hack (MIT), Noto Sans CJK SC (OFL)."),
    ));
}
