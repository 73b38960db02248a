//! What else happens once a command was carried out, and what the user is told of it.

use super::App;
use crate::document::{Command, Document, LabelId, Object, Over};
use crate::prompt::{Prompt, PromptId};
use crate::ui::commands::{Entry, edit, tools as tool_commands};
use crate::ui::text::tr_with;
use crate::ui::{PRACTISED, ToolId, tools};

/// What a command means for what is shown and told; known before it is carried out.
// Each is a question of its own about the command.
#[allow(clippy::struct_excessive_bools)]
pub(super) struct Consequences {
    /// A new object is begun.
    fresh: bool,
    /// A point is placed or changed.
    clicked: bool,
    /// Voxels are given or taken by hand.
    paints: bool,
    /// Hidden objects that lose voxels, with their names.
    uncovered: Vec<(LabelId, String)>,
    /// Its answer will not change what was done by hand there.
    kept: bool,
    /// The name that an object gets without the number that belongs to it.
    keeps_number: Option<String>,
    /// The name of the object that is deleted, or those of several.
    deleted: Option<String>,
}

impl Consequences {
    pub fn of(document: &Document, command: &Command) -> Self {
        Self {
            fresh: matches!(command, Command::NewObject),
            clicked: matches!(
                command,
                Command::AddPrompt { .. }
                    | Command::AddShape { .. }
                    | Command::MovePrompt { .. }
                    | Command::FlipPrompt { .. }
            ),
            paints: matches!(
                command,
                Command::Edit { .. }
                    | Command::EditAll { .. }
                    | Command::Duplicate { .. }
                    | Command::AddCopy { .. }
            ),
            uncovered: hidden_losers(document, command),
            kept: kept_by_hand(document, command),
            keeps_number: match command {
                Command::NameFromPreset { name, number: None, .. } => Some(name.clone()),
                _ => None,
            },
            deleted: match command {
                Command::RemoveObject(id) => document.object(*id).map(|o| o.name.clone()),
                Command::RemoveObjects(ids) => {
                    let names = ids.iter().filter_map(|id| document.object(*id));
                    Some(names.map(|o| o.name.clone()).collect::<Vec<_>>().join(", "))
                }
                _ => None,
            },
        }
    }
}

impl App {
    /// After the command was carried out.
    pub(super) fn draw_consequences(&mut self, of: Consequences) {
        if of.clicked {
            // Whoever clicks wants an answer.
            self.model.try_again(&mut self.status);
        }
        let Some(open) = &mut self.open else { return };
        self.view.transient.negative &= !of.fresh;
        // A click or a stroke whose mask can't be seen looks like none.
        self.view.prefs.show_labels |= of.clicked || of.paints;
        let begins = |o: &&Object| of.clicked && o.log.prompts.len() == 1;
        let first = open.document.active().filter(begins);
        if first.is_some_and(|object| open.begun.insert(object.id)) {
            let objects = &mut self.view.prefs.clicked_objects;
            *objects = PRACTISED.min(*objects + 1);
        }
        for (id, name) in of.uncovered {
            let _not_gone = open.document.apply(Command::SetVisible(id, true));
            self.toasts.warning(tr_with(
                "{name} was hidden and is shown again, because it has lost voxels",
                &[("name", &name)],
            ));
        }
        if of.kept {
            self.toasts.info(tr_with(
                "This place was painted or erased by hand, which clicks do not change: use brush ({brush}) or eraser ({eraser})",
                &[("brush", &key_of(tools::BRUSH)), ("eraser", &key_of(tools::ERASER))],
            ));
        }
        if let Some(name) = of.keeps_number {
            self.toasts.info(tr_with(
                "{name} keeps its number: that of the list is taken, or a click is being computed",
                &[("name", &name)],
            ));
        }
        if let Some(name) = of.deleted {
            self.toasts.info(tr_with(
                "{name} deleted ({key} brings it back)",
                &[("name", &name), ("key", &edit::UNDO.key_text())],
            ));
        }
    }
}

/// The key that chooses a tool.
fn key_of(tool: ToolId) -> String {
    tool_commands::choose(tool).map(Entry::key_text).unwrap_or_default()
}

/// The hidden objects that an edit takes voxels from, with their names: nobody would see it.
fn hidden_losers(document: &Document, command: &Command) -> Vec<(LabelId, String)> {
    let hidden: Vec<&Object> = document.objects().iter().filter(|o| !o.visible).collect();
    if hidden.is_empty() {
        return Vec::new();
    }
    let row = document.labels().dims()[0];
    let loses: Box<dyn Fn(&Object) -> bool> = match command {
        Command::Edit { object, change, over, .. } if *over != Over::Background => {
            let Ok(delta) = document.would_edit(*object, change, *over) else { return Vec::new() };
            Box::new(move |o| delta.runs().iter().any(|run| run.before == o.id.0))
        }
        Command::EditAll { edits, .. } => {
            let Ok((after, _)) = document.would_edit_all(edits) else { return Vec::new() };
            // What comes to lie under others is not lost.
            Box::new(move |o| {
                let after = after.object(o.id).map(|after| after.whole(row));
                after.is_some_and(|after| !o.whole(row).without(&after, row).is_empty())
            })
        }
        _ => return Vec::new(),
    };
    hidden.into_iter().filter(|o| loses(o)).map(|o| (o.id, o.name.clone())).collect()
}

/// Whether a click is made where something was done by hand, which its answer will not change.
fn kept_by_hand(document: &Document, command: &Command) -> bool {
    let there = |id: LabelId, prompt: PromptId| {
        let object = document.object(id);
        object.and_then(|o| o.log.prompts.get(o.log.position(prompt)?).copied())
    };
    let (object, prompt) = match *command {
        Command::AddPrompt { object, prompt } => (object, Some(prompt)),
        Command::MovePrompt { object, prompt, to } => {
            (Some(object), there(object, prompt).map(|p| Prompt { world: to, ..p }))
        }
        Command::FlipPrompt { object, prompt } => {
            (Some(object), there(object, prompt).map(|p| Prompt { positive: !p.positive, ..p }))
        }
        _ => return false,
    };
    let Some(prompt) = prompt else { return false };
    let object = object.map_or(document.active(), |id| document.object(id));
    let grid = document.image().grid();
    let Some((object, voxel)) = object.zip(grid.voxel_at(prompt.world)) else { return false };
    let kept = if prompt.positive { &object.removed } else { &object.added };
    !object.log.prompts.is_empty() && kept.contains(grid.index(voxel))
}
