//! What is done to whole objects and of which the user is told more than that it was done: copies, and names of lists.

use super::App;
use super::operations::copy_name;
use crate::document::{Command, LabelId};
use crate::ui::commands::edit;
use crate::ui::text::{tr, tr_with};

impl App {
    /// Begins a copy of an object, and says where it lies.
    pub(super) fn duplicate(&mut self, object: LabelId) {
        let Some(document) = self.document() else { return };
        let Some(original) = document.object(object) else { return };
        let (original, name) = (original.clone(), copy_name(document, original));
        if !self.run(Command::Duplicate { object, name: name.clone() }) {
            return;
        }
        let names: [(&str, &dyn std::fmt::Display); 2] =
            [("copy", &name), ("name", &original.name)];
        let mut text = if original.locked {
            tr_with("{copy} lies under {name}, which is locked and stays on top.", &names)
        } else {
            tr_with("{copy} lies over {name}, which keeps all of its voxels.", &names)
        };
        if original.locked {
            let key = edit::BRING_TO_FRONT.key_text();
            let how =
                tr_with("Unlock that and bring the copy to the front ({key}).", &[("key", &key)]);
            text = format!("{text} {how}");
        }
        if !original.log.prompts.is_empty() {
            text =
                format!("{text} {}", tr("Its points are not copied: it counts as drawn by hand."));
        }
        self.toasts.info(text);
    }

    /// Names an object as a list does, and says which list: several know the same structures by other numbers.
    pub(super) fn name_from_list(
        &mut self,
        (object, number): (LabelId, Option<LabelId>),
        name: String,
        colour: Option<[u8; 3]>,
        list: &str,
    ) {
        let of = match number {
            Some(LabelId(number)) => format!("{list} · {number}"),
            None => list.to_owned(),
        };
        let text = format!("{name}: {of}");
        if self.run(Command::NameFromPreset { object, name, number, colour }) {
            self.toasts.info(text);
        }
    }
}
