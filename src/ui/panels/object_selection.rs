//! Which object is selected, and selecting one.

use crate::document::{Command, Document, LabelId, Object};
use crate::ui::commands::{CommandContext, edit};
use crate::ui::state::Action;

pub(super) fn is_active(document: &Document, id: LabelId) -> bool {
    document.active().is_some_and(|o| o.id == id)
}

/// Makes an object active, and shows it in the views.
pub(super) fn select(document: &Document, object: &Object, cx: &mut CommandContext) {
    if !is_active(document, object.id) {
        cx.view.transient.selected_prompt = None;
        cx.out.push(Action::Do(Command::Select(object.id)));
    }
    edit::bring_into_view(cx, document, object);
}
