//! What has to be decided before a session is opened: its scan is gone or is another file, or somebody has it.

use std::path::Path;

use egui::{Context, Frame, Id, Key, Margin, Modal, RichText, Ui};

use crate::ui::kit::format::{millilitres, shorten};
use crate::ui::kit::text::{tr, tr_with};
use crate::ui::kit::widgets::colours;
use crate::ui::state::{Action, MasksInside, SessionAnswer, SessionQuestion, Status};

/// Asks, if there is something to ask. Esc opens nothing.
pub(super) fn show(ctx: &Context, status: &Status, out: &mut Vec<Action>) {
    // A path that is asked for is part of the answer.
    let Some(question) = status.session_question.as_ref().filter(|_| !status.asks_path) else {
        return;
    };
    let frame = Frame::popup(&ctx.global_style()).inner_margin(Margin::same(16));
    let modal = Modal::new(Id::unique("session question")).frame(frame).show(ctx, |ui| {
        ui.set_width(480.0);
        let answers = asked(ui, question);
        ui.add_space(16.0);
        ui.horizontal_wrapped(|ui| {
            for (text, answer) in answers {
                let warns = [SessionAnswer::AllTheSame, SessionAnswer::TakeOver].contains(&answer);
                let text = RichText::new(text);
                let text = if warns { text.color(colours(ui).error) } else { text };
                if ui.button(text).clicked() {
                    out.push(Action::AnswerSession(answer));
                }
            }
        });
    });
    let escaped = ctx.input(|i| i.key_pressed(Key::Escape));
    if escaped || modal.backdrop_response.clicked() {
        out.push(Action::AnswerSession(SessionAnswer::Cancel));
    }
}

fn asked(ui: &mut Ui, question: &SessionQuestion) -> Vec<(&'static str, SessionAnswer)> {
    let cancel = (tr("Cancel"), SessionAnswer::Cancel);
    let alone = (tr("Open the masks alone"), SessionAnswer::MasksAlone);
    match question {
        SessionQuestion::Held { session, holder, since_ms } => {
            let [read_only, take_over] = held(ui, session, holder, *since_ms);
            vec![cancel, read_only, take_over]
        }
        SessionQuestion::Newer { session, written_ms, objects } => {
            let [as_it_is, newer] = newer(ui, session, *written_ms, *objects);
            vec![cancel, as_it_is, newer]
        }
        SessionQuestion::OfAnother { session, wanted, own } => {
            ui.heading(tr_with("{name} is the session of another scan", &[("name", session)]));
            ui.label(tr_with(
                "The list names this session for {wanted}, but its work was done on {own}. If you open it as it is, you work on the scan of the session; else correct the list.",
                &[("wanted", wanted), ("own", own)],
            ));
            vec![cancel, (tr("Open it as it is"), SessionAnswer::AsItIs)]
        }
        SessionQuestion::Missing { scan, path } => {
            ui.heading(tr_with("Where is {name}?", &[("name", scan)]));
            ui.label(tr_with(
                "The scan of this session is neither where it was nor beside the session: {path}",
                &[("path", &path.display())],
            ));
            let folder = (tr("Find its folder…"), SessionAnswer::FindFolder);
            vec![cancel, alone, (tr("Find it…"), SessionAnswer::Find), folder]
        }
        SessionQuestion::Unreadable { scan, path, why } => {
            ui.heading(tr_with("{name} can't be read", &[("name", &name_of(path, scan))]));
            ui.label(why);
            ui.label(tr_with(
                "The scan of this session was expected here: {path}",
                &[("path", &path.display())],
            ));
            about_the_scan(ui, path, scan);
            let [another, folder] = others();
            vec![cancel, alone, another, folder]
        }
        SessionQuestion::Unknown { scan, path } => {
            let use_it = unknown(ui, scan, path);
            let [another, folder] = others();
            vec![cancel, alone, use_it, another, folder]
        }
        SessionQuestion::Changed { scan, path, inside } => {
            ui.heading(tr_with(
                "{name} is not the file that this work was done on",
                &[("name", &name_of(path, scan))],
            ));
            ui.label(tr_with(
                "Its contents are not those of the scan: {path}",
                &[("path", &path.display())],
            ));
            about_the_scan(ui, path, scan);
            let [another, folder] = others();
            let mut answers = vec![cancel, alone];
            answers.extend(on_another_scan(ui, inside.as_ref()));
            answers.extend([another, folder]);
            answers
        }
    }
}

/// Somebody else has the session.
fn held(
    ui: &mut Ui,
    session: &str,
    holder: &str,
    since_ms: i64,
) -> [(&'static str, SessionAnswer); 2] {
    ui.heading(tr_with("{name} is open elsewhere", &[("name", &session)]));
    let minutes = super::drafts::age_of(since_ms);
    ui.label(tr_with(
        "Somebody has it {holder}, taken {when}. To be sure that nobody loses work, open it read-only: what you change goes into a copy. Take it over only if that program has ended, or that computer is off.",
        &[("holder", &holder), ("when", &minutes)],
    ));
    [(tr("Open read-only"), SessionAnswer::ReadOnly), (tr("Take over"), SessionAnswer::TakeOver)]
}

/// A draft has more than the session.
fn newer(
    ui: &mut Ui,
    session: &str,
    written_ms: i64,
    objects: usize,
) -> [(&'static str, SessionAnswer); 2] {
    ui.heading(tr_with("There is newer work on {name}", &[("name", &session)]));
    let when = super::drafts::age_of(written_ms);
    let objects = super::drafts::objects_of(objects);
    ui.label(tr_with(
        "Newer work ({when}, {objects}) could not be written into this session then, and was kept as a draft. If you take it, it is written into the session, unless somebody has written that since. If you open the session as it is, the draft stays.",
        &[("when", &when), ("objects", &objects)],
    ));
    [
        (tr("Open it as it is"), SessionAnswer::AsItIs),
        (tr("Take the newer work"), SessionAnswer::TakeNewer),
    ]
}

/// Nobody can say whether a file is the scan.
fn unknown(ui: &mut Ui, scan: &str, path: &Path) -> (&'static str, SessionAnswer) {
    ui.heading(tr_with(
        "It can't be known whether {name} is the file that this work was done on",
        &[("name", &name_of(path, scan))],
    ));
    ui.label(tr_with(
        "The work ended before the check sum of the scan was written, and since then this file was moved or written: {path}",
        &[("path", &path.display())],
    ));
    about_the_scan(ui, path, scan);
    ui.label(tr("Its voxels lie where those of the scan did, but whether it shows the same patient at the same time is not known."));
    (tr("Use it all the same"), SessionAnswer::AllTheSame)
}

/// The name of the file that it is about, which may be another than the scan's.
fn name_of(path: &Path, scan: &str) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    shorten(&name.unwrap_or_else(|| scan.to_owned()), 60)
}

/// What the work was done on, if it is called otherwise.
fn about_the_scan(ui: &mut Ui, path: &Path, scan: &str) {
    if path.file_name().is_none_or(|name| name.to_string_lossy() != scan) {
        ui.label(tr_with("This work was done on {name}.", &[("name", &shorten(scan, 60))]));
    }
}

/// Another file, or another folder.
fn others() -> [(&'static str, SessionAnswer); 2] {
    [(tr("Another file…"), SessionAnswer::Find), (tr("Another folder…"), SessionAnswer::FindFolder)]
}

/// What can be done with a file that is not the scan, if anything.
fn on_another_scan(
    ui: &mut Ui,
    inside: Option<&MasksInside>,
) -> Option<(&'static str, SessionAnswer)> {
    let Some(MasksInside { ml, of_ml, all }) = inside else {
        ui.label(tr("Its voxels lie where those of the scan did, but whether it shows the same patient at the same time is not known."));
        ui.label(tr("If you use it all the same, what you change goes into a new draft. The session stays as it is."));
        return Some((tr("Use it all the same"), SessionAnswer::AllTheSame));
    };
    if *ml <= 0.0 {
        ui.label(tr("Its voxels lie elsewhere than those of the scan, and none of the masks lies inside it."));
        return None;
    }
    ui.label(tr("Its voxels lie elsewhere than those of the scan. Masks can be put onto it by their place in the patient: as a new draft, without their clicks."));
    let (ml, of_ml) = (millilitres(*ml), millilitres(*of_ml));
    if *all {
        ui.label(tr_with("All {volume} of the masks lie inside this scan.", &[("volume", &of_ml)]));
    } else {
        let text = tr_with(
            "{inside} of {all} of the masks lie inside this scan; the rest is cut off.",
            &[("inside", &ml), ("all", &of_ml)],
        );
        ui.label(RichText::new(text).color(colours(ui).warning));
    }
    Some((tr("Resample the masks onto it by place"), SessionAnswer::ByPlace))
}
