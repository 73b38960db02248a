//! The questions before a save that loses something: what is in files that are there, or what lies under other objects.

use egui::{Context, RichText, Ui};

use super::ask_before::{Answer, ask};
use crate::ui::kit::format::millilitres;
use crate::ui::kit::text::{tr, tr_with};
use crate::ui::kit::widgets::colours;
use crate::ui::state::{Action, FilesThere, LeftOut, LostPart, ReplaceAnswer, Status};

/// Objects that are named.
const NAMED: usize = 8;

/// Asks, if there is something to ask. Esc saves nothing.
pub(super) fn show(ctx: &Context, status: &Status, out: &mut Vec<Action>) {
    let [cancel, elsewhere] = [tr("Cancel"), tr("Save mask as…")].map(Answer::Plain);
    if let Some(path) = &status.ask_replace {
        let heading = ("replace", tr("Replace what another program has written?"));
        let say = |ui: &mut Ui| {
            ui.label(tr_with(
                "Another program has written this file, and it was not opened here since. Saving the mask replaces it, and what is in it now is lost: {path}",
                &[("path", &path.display())],
            ));
        };
        answered(ask(ctx, heading, say, &[cancel, elsewhere, Answer::Loses(tr("Replace"))]), out);
    }
    if let Some(there) = &status.ask_files {
        let heading = ("files", tr("Replace files that are there already?"));
        let say = |ui: &mut Ui| say_there(ui, there);
        let given = ask(ctx, heading, say, &[cancel, Answer::Loses(tr("Replace"))]);
        out.extend(given.map(|place| Action::ReplaceFiles(place == 1)));
    }
    if let Some(left_out) = &status.ask_flatten {
        let heading = ("flatten", tr("Leave out what lies under other objects?"));
        let without = Answer::Loses(tr("Save without it"));
        let say = |ui: &mut Ui| say_left_out(ui, left_out);
        answered(ask(ctx, heading, say, &[cancel, elsewhere, without]), out);
    }
}

fn answered(given: Option<usize>, out: &mut Vec<Action>) {
    let answers = [ReplaceAnswer::Cancel, ReplaceAnswer::SaveAs, ReplaceAnswer::Replace];
    out.extend(given.and_then(|place| answers.get(place)).copied().map(Action::Replace));
}

fn say_there(ui: &mut Ui, FilesThere { folder, names }: &FilesThere) {
    ui.label(tr_with(
        "So many files for objects are in this folder already: {n}. What is in them now is lost: {folder}",
        &[("n", &names.len()), ("folder", &folder.display())],
    ));
    ui.add_space(8.0);
    for name in names.iter().take(NAMED) {
        ui.label(name);
    }
    if names.len() > NAMED {
        ui.label(tr_with("and {n} more", &[("n", &(names.len() - NAMED))]));
    }
}

fn say_left_out(ui: &mut Ui, LeftOut { path, objects, keeping }: &LeftOut) {
    ui.label(tr_with(
        "In this file a voxel is of one object: where objects overlap the one on top wins. These lose what lies under others: {path}",
        &[("path", &path.display())],
    ));
    ui.add_space(8.0);
    // What is lost altogether first.
    let mut sorted: Vec<&LostPart> = objects.iter().collect();
    sorted.sort_by_key(|lost| lost.wholly_under.is_none());
    for LostPart { name, ml, wholly_under } in sorted.iter().take(NAMED) {
        match wholly_under {
            None => ui.label(format!("{name}: {}", millilitres(*ml))),
            Some(over) => {
                let text = tr_with(
                    "{name} lies wholly under {over}: it would be left out entirely ({ml})",
                    &[("name", name), ("over", over), ("ml", &millilitres(*ml))],
                );
                ui.label(RichText::new(text).color(colours(ui).error))
            }
        };
    }
    if objects.len() > NAMED {
        ui.label(tr_with("and {n} more", &[("n", &(objects.len() - NAMED))]));
    }
    ui.add_space(8.0);
    ui.label(tr_with(
        "Files with these endings keep all: {endings}. The session keeps all in any case.",
        &[("endings", &keeping.join(", "))],
    ));
}
