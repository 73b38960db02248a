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
    let mut open = cx.view.windows.picture;
    let mut done = false;
    window("picture", tr("Picture"), ctx, &mut open, |ui| done = picture(ui, cx));
    cx.view.windows.picture = open && !done;
    let mut open = cx.view.windows.film;
    let mut done = false;
    window("film", tr("Film of a turn"), ctx, &mut open, |ui| done = turn(ui, cx));
    cx.view.windows.film = open && !done;
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
    let mut options = cx.view.prefs.picture;
    field(ui, tr("View"), |ui| which(ui, &mut options));
    field(ui, tr("Size"), |ui| size(ui, &mut options, &cx.view.transient.screen));
    if let PictureSize::Pixels(pixels) = &mut options.size {
        field(ui, tr("Pixels"), |ui| dimensions(ui, pixels));
    }
    let (pixels, _) = cx.view.transient.screen.pixels(options.view, options.size);
    annotated(ui, &mut options.annotated);
    ui.add_space(4.0);
    cx.view.prefs.picture = options;
    let mut done = false;
    ui.horizontal(|ui| {
        if ui.button(format!("{} {}", icons::COPY, tr("Copy"))).clicked() {
            cx.out.push(Action::CopyPicture(options));
            done = true;
        }
        if ui.button(format!("{} {}", icons::SAVE, tr("Save as PNG…"))).clicked() {
            cx.out.push(Action::SavePicture(options));
            done = true;
        }
        ui.label(quiet(ui, format!("{} × {}", pixels[0], pixels[1])));
    });
    done
}

fn which(ui: &mut Ui, options: &mut PictureOptions) {
    let name = |view: Option<Pane>| view.map_or(tr("All, as shown"), |pane| tr(pane.name()));
    let combo = ComboBox::from_id_salt("picture_view").width(150.0);
    let chosen = combo.selected_text(name(options.view)).show_ui(ui, |ui| {
        for view in std::iter::once(None).chain(Pane::ALL.map(Some)) {
            let said = format!("{}: {}", tr("Picture"), name(view));
            ui.selectable_value(&mut options.view, view, name(view)).accessible_name(said);
        }
    });
    chosen.response.accessible_name(tr("View of the picture"));
}

fn size(ui: &mut Ui, options: &mut PictureOptions, screen: &Screen) {
    let name = |size: PictureSize| match size {
        PictureSize::Screen(1) => tr("As on the screen").to_owned(),
        PictureSize::Screen(n) => tr("{n} times the screen").replace("{n}", &n.to_string()),
        PictureSize::Pixels(_) => tr("In pixels").to_owned(),
    };
    let own = match options.size {
        PictureSize::Pixels(pixels) => pixels,
        PictureSize::Screen(_) => screen.pixels(options.view, options.size).0,
    };
    let sizes = [
        PictureSize::Screen(1),
        PictureSize::Screen(2),
        PictureSize::Screen(3),
        PictureSize::Pixels(own),
    ];
    let combo = ComboBox::from_id_salt("picture_size").width(150.0);
    let chosen = combo.selected_text(name(options.size)).show_ui(ui, |ui| {
        for size in sizes {
            ui.selectable_value(&mut options.size, size, name(size));
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
    let mut options = cx.view.prefs.film;
    field(ui, tr("Kind"), |ui| {
        let combo = ComboBox::from_id_salt("film_format").width(150.0);
        let chosen = combo.selected_text(tr(options.format.name())).show_ui(ui, |ui| {
            for format in FilmFormat::ALL {
                ui.selectable_value(&mut options.format, format, tr(format.name()));
            }
        });
        chosen.response.accessible_name(tr("Kind of film"));
    });
    field(ui, tr("Pixels"), |ui| dimensions(ui, &mut options.size));
    field(ui, tr("Pictures"), |ui| {
        let drag = DragValue::new(&mut options.frames).range(2..=FilmOptions::MOST_FRAMES);
        ui.add(drag).accessible_name(tr("Pictures of the turn"));
    });
    field(ui, tr("Duration"), |ui| {
        let drag = DragValue::new(&mut options.seconds).range(0.1..=FilmOptions::LONGEST);
        ui.add(drag.speed(0.05).max_decimals(1).suffix(" s"))
            .accessible_name(tr("Seconds of the turn"));
    });
    annotated(ui, &mut options.annotated);
    ui.add_space(4.0);
    cx.view.prefs.film = options;
    let clicked = ui.button(format!("{} {}", icons::RECORD, tr("Record…"))).clicked();
    if clicked {
        cx.out.push(Action::RecordFilm(options));
    }
    clicked
}
