//! What a picture or a film of the views is to be: two small windows.

use egui::{Align2, ComboBox, Context, DragValue, Ui, Window};

use crate::ui::commands::CommandContext;
use crate::ui::kit::icons;
use crate::ui::kit::text::tr;
use crate::ui::kit::widgets::{field, quiet};
use crate::ui::state::{
    Action, FilmFormat, FilmOptions, LONGEST_SIDE, Pane, PictureOptions, PictureSize, Screen,
};

/// Draws both windows, if they are open.
pub(super) fn show(ctx: &Context, cx: &mut CommandContext) {
    if cx.document.is_none() {
        return;
    }
    let mut open = cx.view.show_picture;
    let mut done = false;
    window("picture", tr("Picture"), ctx, &mut open, |ui| done = picture(ui, cx));
    cx.view.show_picture = open && !done;
    let mut open = cx.view.show_turn;
    let mut done = false;
    window("film", tr("Film of a turn"), ctx, &mut open, |ui| done = turn(ui, cx));
    cx.view.show_turn = open && !done;
}

fn window(id: &str, title: &str, ctx: &Context, open: &mut bool, add: impl FnOnce(&mut Ui)) {
    Window::new(title)
        .id(egui::Id::unique(id))
        .open(open)
        .collapsible(false)
        .resizable(false)
        .pivot(Align2::CENTER_CENTER)
        .default_pos(ctx.content_rect().center())
        .show(ctx, |ui| {
            ui.set_width(300.0);
            add(ui);
        });
}

/// `true` when the picture is on its way.
fn picture(ui: &mut Ui, cx: &mut CommandContext) -> bool {
    let mut wish = cx.view.picture;
    field(ui, tr("View"), |ui| which(ui, &mut wish));
    field(ui, tr("Size"), |ui| size(ui, &mut wish, &cx.view.screen));
    if let PictureSize::Pixels(pixels) = &mut wish.size {
        field(ui, tr("Pixels"), |ui| dimensions(ui, pixels));
    }
    let (pixels, _) = cx.view.screen.pixels(wish.view, wish.size);
    annotated(ui, &mut wish.annotated);
    ui.add_space(4.0);
    cx.view.picture = wish;
    let mut done = false;
    ui.horizontal(|ui| {
        if ui.button(format!("{} {}", icons::COPY, tr("Copy"))).clicked() {
            cx.out.push(Action::CopyPicture(wish));
            done = true;
        }
        if ui.button(format!("{} {}", icons::SAVE, tr("Save as PNG…"))).clicked() {
            cx.out.push(Action::SavePicture(wish));
            done = true;
        }
        ui.label(quiet(ui, format!("{} × {}", pixels[0], pixels[1])));
    });
    done
}

fn which(ui: &mut Ui, wish: &mut PictureOptions) {
    let name = |view: Option<Pane>| view.map_or(tr("All, as shown"), |pane| tr(pane.name()));
    let combo = ComboBox::from_id_salt("picture_view").width(150.0);
    let chosen = combo.selected_text(name(wish.view)).show_ui(ui, |ui| {
        for view in std::iter::once(None).chain(Pane::ALL.map(Some)) {
            let said = format!("{}: {}", tr("Picture"), name(view));
            ui.selectable_value(&mut wish.view, view, name(view)).accessible_name(said);
        }
    });
    chosen.response.accessible_name(tr("View of the picture"));
}

fn size(ui: &mut Ui, wish: &mut PictureOptions, screen: &Screen) {
    let name = |size: PictureSize| match size {
        PictureSize::Screen(1) => tr("As on the screen").to_owned(),
        PictureSize::Screen(n) => tr("{n} times the screen").replace("{n}", &n.to_string()),
        PictureSize::Pixels(_) => tr("In pixels").to_owned(),
    };
    let own = match wish.size {
        PictureSize::Pixels(pixels) => pixels,
        PictureSize::Screen(_) => screen.pixels(wish.view, wish.size).0,
    };
    let sizes = [
        PictureSize::Screen(1),
        PictureSize::Screen(2),
        PictureSize::Screen(3),
        PictureSize::Pixels(own),
    ];
    let combo = ComboBox::from_id_salt("picture_size").width(150.0);
    let chosen = combo.selected_text(name(wish.size)).show_ui(ui, |ui| {
        for size in sizes {
            ui.selectable_value(&mut wish.size, size, name(size));
        }
    });
    chosen.response.accessible_name(tr("Size of the picture"));
}

fn dimensions(ui: &mut Ui, pixels: &mut [u32; 2]) {
    let [width, height] = pixels;
    // Right to left.
    pixel_count(ui, height, tr("Height in pixels"));
    ui.label("×");
    pixel_count(ui, width, tr("Width in pixels"));
}

fn pixel_count(ui: &mut Ui, value: &mut u32, name: &str) {
    let drag = DragValue::new(value).range(16..=LONGEST_SIDE).speed(2.0);
    ui.add(drag).accessible_name(name);
}

fn annotated(ui: &mut Ui, on: &mut bool) {
    let tip = tr("Letters, text, scale bar, crosshair and points");
    ui.checkbox(on, tr("Annotations")).on_hover_text(tip);
}

/// `true` when the film is on its way.
fn turn(ui: &mut Ui, cx: &mut CommandContext) -> bool {
    let mut wish = cx.view.turn;
    field(ui, tr("Kind"), |ui| {
        let combo = ComboBox::from_id_salt("film_format").width(150.0);
        let chosen = combo.selected_text(tr(wish.format.name())).show_ui(ui, |ui| {
            for format in FilmFormat::ALL {
                ui.selectable_value(&mut wish.format, format, tr(format.name()));
            }
        });
        chosen.response.accessible_name(tr("Kind of film"));
    });
    field(ui, tr("Pixels"), |ui| dimensions(ui, &mut wish.size));
    field(ui, tr("Pictures"), |ui| {
        let drag = DragValue::new(&mut wish.frames).range(2..=FilmOptions::MOST_FRAMES);
        ui.add(drag).accessible_name(tr("Pictures of the turn"));
    });
    field(ui, tr("Duration"), |ui| {
        let drag = DragValue::new(&mut wish.seconds).range(0.1..=FilmOptions::LONGEST);
        ui.add(drag.speed(0.05).max_decimals(1).suffix(" s"))
            .accessible_name(tr("Seconds of the turn"));
    });
    annotated(ui, &mut wish.annotated);
    ui.add_space(4.0);
    cx.view.turn = wish;
    let clicked = ui.button(format!("{} {}", icons::RECORD, tr("Record…"))).clicked();
    if clicked {
        cx.out.push(Action::RecordFilm(wish));
    }
    clicked
}
