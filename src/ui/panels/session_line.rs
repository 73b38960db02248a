//! A line below the menus for as long as what is changed does not go into the session that was opened: why, where it
//! goes, and what to do.

use egui::{Label, Margin, Panel, RichText, Role, Ui, WidgetInfo};

use crate::ui::commands::{CommandContext, file};
use crate::ui::kit::format::shorten;
use crate::ui::kit::icons;
use crate::ui::kit::template::tr_error;
use crate::ui::kit::text::tr_with;
use crate::ui::kit::widgets::{colours, panel_frame};
use crate::ui::state::{CopyStatus, SessionState, SessionStatus};

pub(super) fn show(ui: &mut Ui, cx: &CommandContext) {
    let session = cx.status.session.as_ref().filter(|_| cx.document.is_some());
    let Some(SessionStatus { name: None, copy_of: Some(copy), state, .. }) = session else {
        return;
    };
    let text = text(copy, state);
    let frame = panel_frame().inner_margin(Margin::symmetric(8, 3));
    Panel::top("session_line").frame(frame).show(ui, |ui| {
        let rich = RichText::new(format!("{} {text}", icons::WARNING)).color(colours(ui).warning);
        let label = ui.add(Label::new(rich).truncate());
        label.widget_info(|| WidgetInfo::labeled(Role::Label, true, &text));
        label.on_hover_text(text);
    });
}

fn text(copy: &CopyStatus, state: &SessionState) -> String {
    let CopyStatus { name, why, advice } = copy;
    // These were made when it was opened.
    let [why, advice] = [why, advice].map(|text| tr_error(text));
    let mut name = shorten(name, 40);
    if !why.is_empty() {
        name = format!("{name} ({why})");
    }
    let key = file::SAVE_SESSION_AS.key_text();
    let values = [("name", &name as &dyn std::fmt::Display), ("key", &key)];
    let what = if *state == SessionState::Untouched {
        tr_with(
            "{name} is open to be read only: what you change goes into a copy, as a draft; {key} keeps that under a name.",
            &values,
        )
    } else {
        tr_with("This is a copy of {name}, kept as a draft; {key} keeps it under a name.", &values)
    };
    if advice.is_empty() { what } else { format!("{what} {advice}") }
}
