//! What it means to have the scan's voxels in the session, before they go there.

use egui::{Context, Ui};

use super::ask_before::{Answer, ask};
use crate::text::bytes;
use crate::ui::kit::text::{tr, tr_with};
use crate::ui::state::{Action, Status, WithScan};

/// Says it, if it is to be said. Esc does nothing.
pub(super) fn show(ctx: &Context, status: &Status, out: &mut Vec<Action>) {
    let Some(about) = &status.ask_with_scan else { return };
    let heading = ("with scan", tr("Save the session with the scan in it?"));
    let answers = [Answer::Plain(tr("Cancel")), Answer::Plain(tr("Choose where…"))];
    if let Some(given) = ask(ctx, heading, |ui| say(ui, about), &answers) {
        out.push(Action::AnswerWithScan(given == 1));
    }
}

fn say(ui: &mut Ui, about: &WithScan) {
    let WithScan { name, bytes: unpacked, estimated, is_dicom, overlays } = about;
    ui.label(tr_with(
        "The voxels of {name} go into the session, bit for bit, with all time points: it can be opened, and gone on with, where the scan is not.",
        &[("name", name)],
    ));
    ui.add_space(8.0);
    let size = match estimated {
        Some(packed) => tr_with(
            "It will take about {size} ({unpacked} unpacked). It is written once: later changes write only themselves.",
            &[("size", &bytes(*packed)), ("unpacked", &bytes(*unpacked))],
        ),
        None => tr_with(
            "It will take up to {unpacked}; how much is being found out…",
            &[("unpacked", &bytes(*unpacked))],
        ),
    };
    ui.label(size);
    ui.add_space(8.0);
    ui.label(tr("Nothing of the header that says who the patient is goes into it. But names of the scan's file and folders do, and the UIDs of its images; pictures of a head show a face, and text that is burnt into pictures stays."));
    if *is_dicom {
        ui.label(tr("Where only the session is, masks can't be saved as DICOM, because such files name the images that they are of. All other formats can be."));
    }
    if *overlays > 0 {
        ui.label(tr("Images that lie over the scan are not in it."));
    }
}
