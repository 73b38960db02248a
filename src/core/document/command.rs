use std::collections::BTreeSet;
use std::sync::Arc;

use super::history::{MergeKey, Op};
use super::label_edit::{Change, Depth, LabelEdit, Over};
use super::refused::Refused;
use super::stacked::stacked;
use super::write::WriteSource;
use super::{
    Document, EditKind, EntryId, ExpectedObject, GestureId, LabelId, MeasurementChange, Object,
    ObjectEdit, ObjectState, PendingClick, PromptChange, palette_colour,
};
use crate::geom::DVec3;
use crate::prompt::{
    Answer, Extension, KeptParts, Prompt, PromptId, PromptLog, PromptShape, WorkingScale,
};
use crate::volume::{NamedRegion, Region, Volume};

/// Everything that can be done to a document (besides undo and redo).
#[derive(Clone, Debug)]
pub enum Command {
    /// Starts a new object and makes it active; one that is still empty is taken before a new one is made.
    NewObject,
    /// Adds a click to an object; `None` is the active one, or a new one if there is none, or if the
    /// active one's mask came from a file. The first click of an object must be positive, unless it corrects a mask
    /// that was there ([`Command::StartFromMask`]).
    AddPrompt {
        /// Which object.
        object: Option<LabelId>,
        /// The click. The document gives it its [`PromptId`].
        prompt: Prompt,
    },
    /// As [`Command::AddPrompt`], of something that was drawn in a slice of the scan's grid.
    AddShape {
        /// Which object.
        object: Option<LabelId>,
        /// Where it lies, and whether it is positive.
        prompt: Prompt,
        /// What it is.
        shape: Arc<PromptShape>,
    },
    /// Begins an object by its first click, which must be positive: one step. Objects that are empty stay so.
    BeginByPrompt {
        /// Its number, which no other object has.
        number: LabelId,
        /// Its name.
        name: String,
        /// sRGB.
        colour: [u8; 3],
        /// The click. The document gives it its [`PromptId`].
        prompt: Prompt,
    },
    /// Takes out one click; the mask becomes the replay of the others. Cubes that were added for the sake of
    /// this click go with it.
    RemovePrompt {
        /// Which object.
        object: LabelId,
        /// Which of its clicks.
        prompt: PromptId,
    },
    /// Puts one click elsewhere, RAS mm; the mask becomes the replay of all clicks from there on.
    MovePrompt {
        /// Which object.
        object: LabelId,
        /// Which of its clicks.
        prompt: PromptId,
        /// Where to.
        to: DVec3,
    },
    /// Makes a positive click negative, or a negative one positive; the mask becomes the replay of all clicks.
    FlipPrompt {
        /// Which object.
        object: LabelId,
        /// Which of its clicks.
        prompt: PromptId,
    },
    /// Changes an object's voxels by hand. Also while a click is computed: its answer is put in where the click was
    /// made, and the edits are done again after it. An edit that changes nothing leaves no step.
    Edit {
        /// Which object; `None` is the active one, or for [`Change::Add`] a new one if there is none.
        object: Option<LabelId>,
        /// Which voxels, on the scan's grid.
        change: Change,
        /// From whom it may take voxels.
        over: Over,
        /// What the step is called.
        kind: EditKind,
        /// Edits of one gesture are one step.
        gesture: GestureId,
    },
    /// Several edits by hand, one after another, as one step. None is made if one is refused: its target, or the object
    /// that it takes from ([`Over::Only`]), is locked or gone or a click of it is being computed. If they change
    /// nothing there is no step.
    EditAll {
        /// What the step is called, in English: the window translates it.
        name: &'static str,
        /// The edits.
        edits: Vec<ObjectEdit>,
    },
    /// Gives all voxels of `from` to `into`, and deletes `from`.
    Merge {
        /// Keeps its name, number, colour and clicks.
        into: LabelId,
        /// Must not be locked either.
        from: LabelId,
    },
    /// Begins an object with all voxels of another one, also those that lie under others, and makes it active. It lies
    /// directly on top of that one, which keeps all of its voxels below it: what is worked on next is what is seen, and
    /// deleting the copy leaves everything as it was. Below third objects it lies as the other one does. A locked object
    /// stays on top, so that what was finished is what is seen and saved: its copy lies below it. The copy has no clicks:
    /// it counts as drawn by hand.
    Duplicate {
        /// Whose copy. It may be locked: nothing of it is lost.
        object: LabelId,
        /// What the copy is called.
        name: String,
    },
    /// Gives an object all voxels of another one, which keeps them. What is new of it lies directly on top of the other,
    /// below it if that is locked; where both had a voxel already, who is on top stays.
    AddCopy {
        /// Gets the voxels.
        into: LabelId,
        /// Whose they are. It may be locked.
        from: LabelId,
    },
    /// Gives an object all of its voxels that lie under others ([`Object::covered`]); what lay over it lies under it then.
    /// Where a locked object lies over it, it stays so.
    BringToFront(LabelId),
    /// From now on nothing of an object lies under others: these voxels are theirs alone.
    GiveUpCovered(LabelId),
    /// Gives an object another number in the label map, 1 to 65535, that no other object has.
    Renumber(LabelId, LabelId),
    /// Names an object as a list of names does: name, number and colour at once.
    NameFromPreset {
        /// Which object.
        object: LabelId,
        /// Its new name.
        name: String,
        /// Its new number, if the list gives one and no other object has it.
        number: Option<LabelId>,
        /// Its new colour, sRGB, if the list gives one.
        colour: Option<[u8; 3]>,
    },
    /// Protects an object from every change of its voxels and clicks, or lets them be changed again, which also ends
    /// that it is done.
    SetLocked(LabelId, bool),
    /// Says how far the work on an object is. Finished, it is locked; no more so, it is not.
    SetState(LabelId, ObjectState),
    /// From now on clicks correct the mask that an object has, whoever made it: it becomes [`PromptLog::start`], and its
    /// clicks until now go.
    ///
    /// [`PromptLog::start`]: crate::prompt::PromptLog::start
    StartFromMask(LabelId),
    /// Follows the mask beyond what the model has looked at, as far as it goes. Answered by
    /// [`Command::Resolve`], like a click; until then the object takes no clicks. An answer that changes nothing
    /// leaves no step to undo.
    Extend(LabelId),
    /// Puts the threshold of an object's mask elsewhere.
    SetThreshold {
        /// Which object.
        object: LabelId,
        /// The new threshold.
        threshold: f32,
        /// The voxels of which the model is so sure.
        region: Arc<Region>,
        /// [`Answer::touches`] of these.
        touches: bool,
        /// [`Answer::cut`] of these.
        cut: bool,
        /// Part of the same gesture as the last change: both are undone as one.
        continues: bool,
    },
    /// Keeps all parts of what the model answers, or only those with a positive click. What was done by hand stays.
    KeepParts {
        /// Which object.
        object: LabelId,
        /// Which parts.
        parts: KeptParts,
        /// The object's mask with these. `None`: it has no clicks yet; or else the model is asked again, and
        /// [`Command::Resolve`] brings the mask.
        mask: Option<ModelMask>,
    },
    /// The mask of the oldest pending click.
    Resolve {
        /// The click's entry.
        entry: EntryId,
        /// What the model said.
        resolution: Arc<Resolution>,
    },
    /// The oldest pending click can't be answered: it is taken back for good, with the pending clicks of
    /// the same object that came after it.
    Withdraw(EntryId),
    /// Deletes an object and its voxels.
    RemoveObject(LabelId),
    /// Deletes several, as one step; none if one of them is refused.
    RemoveObjects(Vec<LabelId>),
    /// Names an object.
    Rename(LabelId, String),
    /// Colours an object.
    Recolour(LabelId, [u8; 3]),
    /// Opacity of an object's surface in 3D, 0 to 1. Changes that follow one another (as a slider is dragged) are
    /// undone as one.
    SetOpacity(LabelId, f32),
    /// Shows or hides an object. A matter of looking, not in the history.
    SetVisible(LabelId, bool),
    /// Makes an object active. A matter of looking, not in the history.
    Select(LabelId),
    /// Looks at another time point of the scan (from 0; the last one if there are not as many). Label map and objects
    /// stay. A matter of looking, not in the history.
    ShowTimePoint(usize),
    /// Which image the model looks at for objects that have no clicks yet: one that lies over the scan, or (`None`) the
    /// scan. An object with clicks keeps to its image. A matter of looking, not in the history.
    UseImage(Option<Arc<Volume>>),
    /// How large models see the scan from the next object's first click on. Objects with clicks keep theirs. Not in
    /// the history: the clicks are, and each object's scale with them.
    SetWorkingScale(WorkingScale),
    /// Adds, changes or takes out what was measured. Also while a click is computed.
    Measure(MeasurementChange),
    /// Adds the objects of a label map that lies on the scan's grid. Where they share voxels that is on top of which it is
    /// known ([`NamedRegion::on_top`]), else the smallest; present objects stay on top of all. What lies under others is
    /// kept ([`Object::covered`]).
    Import(Vec<NamedRegion>),
    /// Adds masks that were computed as objects, as [`Command::Import`] does.
    AddMasks {
        /// What the step is called, in English.
        name: &'static str,
        /// On the scan's grid; one whose value is 0 gets one that is free.
        masks: Vec<NamedRegion>,
    },
}

impl Command {
    /// Whether it may be refused as [`Refused::Busy`] while a click is pending and can be given again, as it is,
    /// when none is. (A [`Command::SetThreshold`] is refused too, but the voxels it brings are out of date then.)
    pub fn waits_for_clicks(&self) -> bool {
        matches!(self, Command::RemoveObject(_) | Command::Extend(_) | Command::StartFromMask(_))
    }
}

/// A mask computed anew from the model's last answer.
#[derive(Clone, Debug)]
pub struct ModelMask {
    /// Its voxels.
    pub region: Arc<Region>,
    /// [`Answer::touches`] of these.
    pub touches: bool,
    /// [`Answer::cut`] of these.
    pub cut: bool,
}

/// The model's answer to all prompts of an object.
#[derive(Clone, Debug)]
pub struct Resolution {
    /// What it said.
    pub answer: Answer,
    /// If it was asked to extend: all extensions of the object as of now. Else not looked at, because a cube that
    /// makes no sense after one click may do so again after the next.
    pub extensions: Vec<Extension>,
    /// The mask's voxels at the log's threshold.
    pub region: Region,
}

impl Resolution {
    /// The answer to no prompts at all: the mask that was started from, or none.
    pub fn without_prompts(log: &PromptLog) -> Self {
        let (answer, extensions) = (Answer::default(), Vec::new());
        let region = log.start.as_deref().cloned().unwrap_or_default();
        Self { answer, extensions, region }
    }

    /// No mask.
    pub fn nothing() -> Self {
        Self::without_prompts(&PromptLog::default())
    }
}

impl Document {
    /// Carries out a command.
    ///
    /// # Errors
    /// If it can't be; the document is unchanged then.
    pub fn apply(&mut self, command: Command) -> Result<(), Refused> {
        match command {
            Command::NewObject => self.new_object()?,
            Command::AddPrompt { object, prompt } => self.add_prompt(object, prompt, None)?,
            Command::AddShape { object, prompt, shape } => {
                self.add_prompt(object, prompt, Some(&shape))?;
            }
            Command::BeginByPrompt { number, name, colour, prompt } => {
                self.begin_by_prompt(Object::new(number, name, colour), prompt)?;
            }
            Command::RemovePrompt { object, prompt } => {
                self.change_prompt(object, prompt, PromptChange::Remove)?;
            }
            Command::MovePrompt { object, prompt, to } => {
                self.change_prompt(object, prompt, PromptChange::MoveTo(to))?;
            }
            Command::FlipPrompt { object, prompt } => {
                self.change_prompt(object, prompt, PromptChange::Flip)?;
            }
            Command::Edit { object, change, over, kind, gesture } => {
                self.edit(object, change, over, (kind, gesture))?;
            }
            Command::EditAll { name, edits } => self.edit_all(name, edits)?,
            Command::Merge { into, from } => self.merge(into, from)?,
            Command::Duplicate { object, name } => self.duplicate(object, name)?,
            Command::AddCopy { into, from } => self.add_copy(into, from)?,
            Command::BringToFront(id) => self.bring_to_front(id)?,
            Command::GiveUpCovered(id) => self.give_up_covered(id)?,
            Command::Renumber(id, number) => self.renumber(id, number)?,
            Command::NameFromPreset { object, name, number, colour } => {
                self.name_from_preset(object, name, number, colour)?;
            }
            Command::SetLocked(id, locked) => self.set_locked(id, locked)?,
            Command::SetState(id, state) => self.set_state(id, state)?,
            Command::StartFromMask(id) => self.start_from_mask(id)?,
            Command::Extend(id) => self.extend(id)?,
            Command::SetThreshold { object, threshold, region, touches, cut, continues } => {
                self.set_threshold(object, threshold, (&region, touches, cut), continues)?;
            }
            Command::KeepParts { object, parts, mask } => self.keep_parts(object, parts, mask)?,
            Command::Resolve { entry, resolution } => self.resolve(entry, &resolution)?,
            Command::Withdraw(entry) => self.withdraw(entry)?,
            Command::RemoveObject(id) => self.remove_objects(&[id])?,
            Command::RemoveObjects(ids) => self.remove_objects(&ids)?,
            Command::Rename(id, name) => {
                self.index_of(id)?;
                self.commit("Rename object", vec![Op::Name(id, name)], None);
            }
            Command::Recolour(id, colour) => {
                self.index_of(id)?;
                self.commit("Change colour", vec![Op::Colour(id, colour)], None);
            }
            Command::SetOpacity(id, opacity) => self.set_opacity(id, opacity)?,
            Command::SetVisible(id, visible) => {
                let index = self.index_of(id)?;
                self.objects[index].visible = visible;
            }
            Command::Select(id) => {
                self.index_of(id)?;
                self.active = Some(id);
            }
            Command::ShowTimePoint(time_point) => self.show_time_point(time_point),
            Command::UseImage(overlay) => self.use_image(overlay),
            Command::SetWorkingScale(scale) => self.working_scale = scale,
            Command::Measure(change) => self.change_measurements(change)?,
            Command::Import(labels) => self.import("Open label map", labels)?,
            Command::AddMasks { name, masks } => self.import(name, masks)?,
        }
        self.changed();
        Ok(())
    }

    /// The place of an object that may be changed.
    pub(super) fn unlocked(&self, id: LabelId) -> Result<usize, Refused> {
        let index = self.index_of(id)?;
        if self.objects[index].locked { Err(Refused::Locked) } else { Ok(index) }
    }

    pub(super) fn index_of(&self, id: LabelId) -> Result<usize, Refused> {
        self.objects.iter().position(|o| o.id == id).ok_or(Refused::Gone)
    }

    pub(super) fn idle(&self) -> Result<(), Refused> {
        if self.pending().is_some() { Err(Refused::Busy) } else { Ok(()) }
    }

    fn new_object(&mut self) -> Result<(), Refused> {
        let fresh = |o: &&Object| o.is_empty() && o.removed.is_empty() && !o.locked;
        if let Some(empty) = self.objects.iter().find(fresh) {
            self.active = Some(empty.id);
            return Ok(());
        }
        let ops = self.insert_new()?.1;
        self.commit("New object", ops, None);
        Ok(())
    }

    /// The ops that add an empty object and make it active.
    pub(super) fn insert_new(&self) -> Result<(LabelId, Vec<Op>), Refused> {
        let object = self.next_object()?;
        Ok((object.id, self.insert(object)))
    }

    /// The ops that add an object after all others and make it active.
    pub(super) fn insert(&self, object: Object) -> Vec<Op> {
        let (id, index) = (object.id, self.objects.len());
        let insert = Op::Object { index, id, absent: Some(Box::new(object)) };
        vec![insert, Op::Active(Some(id))]
    }

    /// The object that would be begun next, with nothing in it: the first of those that are to be there
    /// ([`Document::expect_objects`]) and are not, else one that is only numbered.
    ///
    /// # Errors
    /// If the label map can hold no more.
    pub fn next_object(&self) -> Result<Object, Refused> {
        let is_there =
            |e: &ExpectedObject| self.objects.iter().any(|o| o.id == e.number || o.name == e.name);
        match self.expected.iter().find(|expected| !is_there(expected)) {
            Some(e) => Ok(self.blank(e.number, Some(e.name.clone()), e.colour)),
            None => Ok(self.blank(self.free_label()?, None, None)),
        }
    }

    pub(super) fn blank(
        &self,
        id: LabelId,
        name: Option<String>,
        colour: Option<[u8; 3]>,
    ) -> Object {
        let colour = colour.unwrap_or_else(|| palette_colour(id));
        Object::new(id, name.unwrap_or_else(|| format!("{} {}", self.unnamed, id.0)), colour)
    }

    /// The label after the largest, also of those that are to be there: those that are free between others may mean
    /// something in the scheme of a file. The smallest free one if there is none.
    pub(super) fn label_past_all(&self) -> Result<LabelId, Refused> {
        self.number_for(LabelId(0), [])
    }

    /// The smallest label that no object has; rather none that means something else.
    pub(super) fn free_label(&self) -> Result<LabelId, Refused> {
        let taken: BTreeSet<u16> = self.objects.iter().map(|o| o.id.0).collect();
        let meant: BTreeSet<u16> = self.expected.iter().map(|e| e.number.0).collect();
        let free = |v: &u16| !taken.contains(v);
        let mut others = (1..=u16::MAX).filter(|v| free(v) && !meant.contains(v));
        let label = others.next().or_else(|| (1..=u16::MAX).find(free));
        label.map(LabelId).ok_or(Refused::Full)
    }

    /// Deletes them one after another: a voxel may fall to the next one.
    fn remove_objects(&mut self, ids: &[LabelId]) -> Result<(), Refused> {
        for id in ids {
            self.unlocked(*id)?;
            if self.is_pending(*id) {
                return Err(Refused::Busy);
            }
        }
        let mut ops = Vec::new();
        for &id in ids {
            let Ok(index) = self.index_of(id) else { continue };
            for mut op in
                [self.write_op(WriteSource::Clear(id)), Op::Object { index, id, absent: None }]
            {
                self.swap(&mut op);
                ops.push(op);
            }
        }
        if self.active.is_some_and(|id| ids.contains(&id)) {
            // In the history, so that taking it back also selects it again: the next click corrects it.
            let mut active = Op::Active(self.objects.last().map(|o| o.id));
            self.swap(&mut active);
            ops.push(active);
        }
        if !ops.is_empty() {
            let mut name = "Delete object";
            if ids.len() > 1 {
                name = "Delete objects";
            }
            self.record(name, ops);
        }
        Ok(())
    }

    fn import(&mut self, name: &str, labels: Vec<NamedRegion>) -> Result<(), Refused> {
        // Values that are free stay; only those that an object has already move, past all others.
        let mut taken: BTreeSet<u16> = self.objects.iter().map(|o| o.id.0).collect();
        let reserved: BTreeSet<u16> =
            labels.iter().map(|l| l.value).chain(taken.iter().copied()).collect();
        let mut free = (1..=u16::MAX).filter(|value| !reserved.contains(value));
        let (mut ops, mut covers) = (Vec::new(), Vec::new());
        let tops = stacked(&labels, self.labels.dims()[0]);
        for (added, (label, top)) in labels.into_iter().zip(tops).enumerate() {
            let id = if label.value != 0 && taken.insert(label.value) {
                LabelId(label.value)
            } else {
                LabelId(free.next().ok_or(Refused::Full)?)
            };
            // What is on top never overlaps, so each may be judged by the map as it is now.
            let change = Change::Add(top);
            let (over, depth) = (Over::Background, Depth::Seen);
            let mask = LabelEdit { target: id, change, over, depth };
            let write = self.write_op(WriteSource::Hand(mask));
            covers.extend(self.cover_op(id, label.region, &write));
            let mut object = self.blank(id, label.name, label.colour);
            object.from_file = true;
            object.opacity = label.opacity.unwrap_or(object.opacity);
            object.visible = label.visible;
            let index = self.objects.len() + added;
            ops.push(Op::Object { index, id, absent: Some(Box::new(object)) });
            ops.push(write);
        }
        ops.extend(covers);
        self.commit(name, ops, None);
        Ok(())
    }

    fn set_opacity(&mut self, id: LabelId, opacity: f32) -> Result<(), Refused> {
        self.index_of(id)?;
        self.take_merge(MergeKey::Opacity(id));
        let opacity = if opacity.is_finite() { opacity.clamp(0.0, 1.0) } else { 1.0 };
        self.commit("Change opacity", vec![Op::Opacity(id, opacity)], None);
        self.history.mark_merge(MergeKey::Opacity(id));
        Ok(())
    }

    /// Takes the newest step back if it is one of this key.
    pub(super) fn take_merge(&mut self, key: MergeKey) {
        if let Some(mut entry) = self.history.take_merge(key) {
            self.take_back(&mut entry.ops);
        }
    }

    /// Does `ops` and writes them into the history.
    pub(super) fn commit(&mut self, name: &str, mut ops: Vec<Op>, pending: Option<PendingClick>) {
        let object = self.object_of(&ops, pending.as_ref());
        for op in &mut ops {
            self.swap(op);
        }
        self.history.push(name.to_owned(), object, ops, pending);
    }

    /// Writes into the history what was done.
    pub(super) fn record(&mut self, name: &str, ops: Vec<Op>) {
        let object = self.object_of(&ops, None);
        self.history.push(name.to_owned(), object, ops, None);
    }

    /// The one object that a change is about, if it is about one, and its name.
    fn object_of(&self, ops: &[Op], pending: Option<&PendingClick>) -> Option<(LabelId, String)> {
        let of = |op: &Op| match op {
            Op::Object { id, .. }
            | Op::Name(id, _)
            | Op::Colour(id, _)
            | Op::Opacity(id, _)
            | Op::Locks(id, _)
            | Op::Renumber(id, _)
            | Op::Log(id, _)
            | Op::Answer(id, _) => Some(*id),
            Op::Write(write) => Some(write.target),
            Op::Active(_) | Op::Measurements(_) => None,
        };
        let ids: BTreeSet<LabelId> =
            ops.iter().filter_map(of).chain(pending.map(|p| p.object)).collect();
        let (Some(&id), 1) = (ids.first(), ids.len()) else { return None };
        let new = ops.iter().find_map(|op| match op {
            Op::Object { absent, .. } => absent.as_deref(),
            _ => None,
        });
        let object = self.object(id).or(new)?;
        Some((id, object.name.clone()))
    }

    /// Exchanges what `op` holds with what the document holds.
    pub(super) fn swap(&mut self, op: &mut Op) {
        use std::mem::swap;
        let objects = &mut self.objects;
        // From the end: many objects that came together go from the last on.
        let find = |id: LabelId| objects.iter().rposition(|o| o.id == id);
        match op {
            Op::Object { index, id, absent } => match absent.take() {
                Some(object) => objects.insert((*index).min(objects.len()), *object),
                None => {
                    if let Some(at) = find(*id) {
                        *index = at;
                        *absent = Some(Box::new(objects.remove(at)));
                    }
                }
            },
            Op::Name(id, name) => {
                if let Some(at) = find(*id) {
                    swap(&mut objects[at].name, name);
                }
            }
            Op::Colour(id, colour) => {
                if let Some(at) = find(*id) {
                    swap(&mut objects[at].colour, colour);
                }
            }
            Op::Opacity(id, opacity) => {
                if let Some(at) = find(*id) {
                    swap(&mut objects[at].opacity, opacity);
                }
            }
            Op::Log(id, log) => {
                if let Some(at) = find(*id) {
                    swap(&mut objects[at].log, log);
                }
            }
            Op::Answer(id, answer) => {
                if let Some(at) = find(*id) {
                    swap(&mut objects[at].answer, answer);
                }
            }
            Op::Locks(id, (locked, state)) => {
                if let Some(at) = find(*id) {
                    swap(&mut objects[at].locked, locked);
                    swap(&mut objects[at].state, state);
                }
            }
            Op::Renumber(id, other) => {
                self.relabel(*id, *other);
                swap(id, other);
            }
            Op::Write(write) => self.swap_write(write),
            Op::Active(active) => swap(&mut self.active, active),
            Op::Measurements(all) => swap(&mut self.measurements, all),
        }
    }
}
