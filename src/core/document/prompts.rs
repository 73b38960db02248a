//! Clicks, and everything else that a model answers.

use std::sync::Arc;

use super::history::{MergeKey, Op};
use super::refused::Refused;
use super::write::WriteSource;
use super::{Document, LabelId, ModelMask, Object, PendingClick, PromptChange};
use crate::geom::DVec3;
use crate::prompt::{
    Answer, ImageId, KeptParts, Prompt, PromptId, PromptLog, PromptShape, ShapeKind,
};
use crate::volume::Region;

impl Document {
    /// Which object a click would go to (`None`: a new one) and what its mask would be the replay of. `object`
    /// as in [`Command::AddPrompt`](super::Command::AddPrompt).
    ///
    /// # Errors
    /// If the click would be refused.
    pub fn target(
        &self,
        object: Option<LabelId>,
        prompt: Prompt,
    ) -> Result<(Option<LabelId>, PromptLog), Refused> {
        if self.image.grid().voxel_at(prompt.world).is_none() {
            return Err(Refused::OutsideVolume);
        }
        let known = match object.or_else(|| self.active().map(|o| o.id)) {
            Some(id) => Some(&self.objects[self.index_of(id)?]),
            None => None,
        };
        // A mask that came from a file is no replay of clicks: a click starts another object beside it,
        // because replaying it would throw that mask away.
        let file_selected = known.is_some_and(Object::is_from_file);
        let known = known.filter(|o| !o.is_from_file());
        if known.is_some_and(|o| o.locked) {
            return Err(Refused::Locked);
        }
        if known.is_some_and(|o| self.history.extends(o.id)) {
            return Err(Refused::Extending);
        }
        known.map_or(Ok(()), |o| self.check_time_point(&o.log))?;
        Ok((known.map(|o| o.id), self.log_with_another(known, file_selected, prompt)?))
    }

    /// The clicks of an object (`None`: a new one) with another one, which lies in the scan. `file_selected`: a mask
    /// from a file is selected, which may be what was meant.
    fn log_with_another(
        &self,
        known: Option<&Object>,
        file_selected: bool,
        prompt: Prompt,
    ) -> Result<PromptLog, Refused> {
        self.not_taken(known.map(|o| o.id), &prompt)?;
        let mut log = known.map(|o| o.log.clone()).unwrap_or_default();
        if log.prompts.is_empty() {
            if !prompt.positive && log.start.is_none() {
                let owner = self.owner_at(prompt.world);
                let from_file = file_selected || owner.is_some_and(Object::is_from_file);
                let first = Refused::FirstMustBePositive;
                return Err(if from_file { Refused::FromFile } else { first });
            }
            log.image = self.model_image;
            log.scale = self.working_scale;
        }
        self.in_image(log.image, prompt.world)?;
        log.time_point = self.image_by_id(log.image).map_or(0, |image| image.time_point());
        log.prompts.push(prompt);
        Ok(log)
    }

    /// Which object has the voxel at a position (RAS mm).
    fn owner_at(&self, world: DVec3) -> Option<&Object> {
        let voxel = self.image.grid().voxel_at(world)?;
        self.object(LabelId(self.labels.get(voxel)))
    }

    /// A voxel stays with the object that has it, so a positive click of another could only give a shell around that
    /// one.
    pub(super) fn not_taken(
        &self,
        object: Option<LabelId>,
        prompt: &Prompt,
    ) -> Result<(), Refused> {
        match self.owner_at(prompt.world) {
            Some(owner) if prompt.positive && object != Some(owner.id) => {
                Err(if owner.is_from_file() { Refused::FromFile } else { Refused::Taken })
            }
            _ => Ok(()),
        }
    }

    /// What the model is to look at must be what the user looks at.
    pub(super) fn check_time_point(&self, log: &PromptLog) -> Result<(), Refused> {
        let scan = log.image == ImageId::Scan;
        if log.prompts.is_empty() || !scan || log.time_point == self.image.time_point() {
            return Ok(());
        }
        Err(Refused::OtherTimePoint { time_point: log.time_point + 1 })
    }

    pub(super) fn add_prompt(
        &mut self,
        object: Option<LabelId>,
        prompt: Prompt,
        shape: Option<&Arc<PromptShape>>,
    ) -> Result<(), Refused> {
        let prompt = self.numbered(prompt);
        let (known, mut log) = self.target(object, prompt)?;
        if let Some(shape) = shape {
            self.shape_fits(&prompt, shape)?;
            log.shapes.insert(prompt.id, Arc::clone(shape));
        }
        let (id, ops) = match known {
            Some(id) => (id, Vec::new()),
            None => self.insert_new()?,
        };
        self.click(id, ops, log);
        // Nobody wants to change what can't be seen.
        let index = self.index_of(id)?;
        self.objects[index].visible = true;
        Ok(())
    }

    pub(super) fn begin_by_prompt(
        &mut self,
        object: Object,
        prompt: Prompt,
    ) -> Result<(), Refused> {
        let id = object.id;
        self.free_for(LabelId(0), id)?;
        if self.image.grid().voxel_at(prompt.world).is_none() {
            return Err(Refused::OutsideVolume);
        }
        let log = self.log_with_another(None, false, self.numbered(prompt))?;
        let ops = self.insert(object);
        self.click(id, ops, log);
        Ok(())
    }

    /// That a prompt is one of this shape: on the scan's grid, which is that of masks.
    pub(super) fn shape_fits(&self, prompt: &Prompt, shape: &PromptShape) -> Result<(), Refused> {
        let grid = self.image.grid();
        let anchor = grid.voxel_at(prompt.world).ok_or(Refused::OutsideVolume)?;
        if shape.fits(anchor, grid.dims()) { Ok(()) } else { Err(Refused::ShapeOutside) }
    }

    /// A click with the number that it will have.
    fn numbered(&self, prompt: Prompt) -> Prompt {
        Prompt { id: PromptId(self.prompts_given.saturating_add(1)), ..prompt }
    }

    /// Does `ops`, and then makes this log the object's: its last click waits for its mask.
    fn click(&mut self, id: LabelId, mut ops: Vec<Op>, log: PromptLog) {
        ops.push(Op::Log(id, log.clone()));
        let point = log.prompts.len();
        let positive = log.prompts.last().is_none_or(|prompt| prompt.positive);
        let shape = log.prompts.last().and_then(|prompt| log.shape(prompt.id));
        let name = match shape.map(|shape| shape.kind()) {
            None if positive => "Positive click",
            None => "Negative click",
            Some(ShapeKind::Box) if positive => "Box around the structure",
            Some(ShapeKind::Box) => "Box outside of the structure",
            Some(ShapeKind::Scribble) if positive => "Scribble in the structure",
            Some(ShapeKind::Scribble) => "Scribble outside of the structure",
            Some(ShapeKind::Lasso) if positive => "Lasso around the structure",
            Some(ShapeKind::Lasso) => "Lasso outside of the structure",
        };
        self.commit(name, ops, Some(PendingClick { object: id, log, extend: false }));
        self.history.mark_point(point);
        self.prompts_given = self.prompts_given.saturating_add(1);
    }

    /// Changes one click that is there; the mask becomes the replay of all of them.
    pub(super) fn change_prompt(
        &mut self,
        id: LabelId,
        prompt: PromptId,
        change: PromptChange,
    ) -> Result<(), Refused> {
        let (index, log) = self.log_with(id, prompt, change)?;
        if log == self.objects[self.index_of(id)?].log {
            return Ok(());
        }
        let name = match change {
            PromptChange::Remove => "Remove click",
            PromptChange::MoveTo(_) => "Move click",
            PromptChange::Flip => "Flip click",
        };
        let ops = vec![Op::Log(id, log.clone())];
        self.commit(name, ops, Some(PendingClick { object: id, log, extend: false }));
        self.history.mark_point(index + 1);
        Ok(())
    }

    pub(super) fn start_from_mask(&mut self, id: LabelId) -> Result<(), Refused> {
        let object = &self.objects[self.unlocked(id)?];
        if object.region.is_empty() {
            return Err(Refused::NoMask);
        }
        self.idle()?;
        let known = object.log.start.as_ref().is_some_and(|start| *start == object.region);
        if known && object.log.prompts.is_empty() && !object.is_corrected() {
            return Ok(());
        }
        let start = Some(Arc::clone(&object.region));
        let log = PromptLog { start, parts: object.log.parts, ..PromptLog::default() };
        let write = Op::Write(Box::new(self.all_as_models(object)));
        let ops = vec![Op::Log(id, log), Op::Answer(id, Box::default()), write];
        self.commit("Refine the mask with points", ops, None);
        Ok(())
    }

    pub(super) fn extend(&mut self, id: LabelId) -> Result<(), Refused> {
        self.idle()?;
        let object = &self.objects[self.unlocked(id)?];
        if object.is_from_file() {
            return Err(Refused::FromFile);
        }
        if object.replayed() == 0 {
            return Err(Refused::NoAnswer);
        }
        self.check_time_point(&object.log)?;
        let pending = PendingClick { object: id, log: object.log.clone(), extend: true };
        self.commit("Extend", Vec::new(), Some(pending));
        Ok(())
    }

    pub(super) fn set_threshold(
        &mut self,
        id: LabelId,
        threshold: f32,
        (wanted, touches, cut): (&Arc<Region>, bool, bool),
        continues: bool,
    ) -> Result<(), Refused> {
        if self.is_pending(id) {
            return Err(Refused::Busy);
        }
        if self.objects[self.unlocked(id)?].replayed() == 0 {
            return Err(Refused::NoAnswer);
        }
        if continues {
            self.take_merge(MergeKey::Threshold(id));
        }
        let object = &self.objects[self.index_of(id)?];
        let log = PromptLog { threshold, ..object.log.clone() };
        let mask = ModelMask { region: Arc::clone(wanted), touches, cut };
        let ops = self.anew(object, log, mask);
        self.commit("Move threshold", ops, None);
        self.history.mark_merge(MergeKey::Threshold(id));
        Ok(())
    }

    /// The ops that make this the mask of an object, by a log that differs from its own in what needs no model.
    fn anew(&self, object: &Object, log: PromptLog, mask: ModelMask) -> Vec<Op> {
        let ModelMask { region, touches, cut } = mask;
        // Of another mask: what was looked for in vain beyond the last one may be there.
        let answer =
            Answer { touches, cut, tried: Vec::new(), parts: log.parts, ..object.answer.clone() };
        let write = self.write_op(WriteSource::Model(object.id, region));
        vec![Op::Log(object.id, log), Op::Answer(object.id, Box::new(answer)), write]
    }

    pub(super) fn keep_parts(
        &mut self,
        id: LabelId,
        parts: KeptParts,
        mask: Option<ModelMask>,
    ) -> Result<(), Refused> {
        let object = &self.objects[self.unlocked(id)?];
        if self.is_pending(id) {
            return Err(Refused::Busy);
        }
        if object.log.parts == parts {
            return Ok(());
        }
        let log = PromptLog { parts, ..object.log.clone() };
        let name = parts_step(parts);
        match mask {
            Some(_) if object.replayed() == 0 => return Err(Refused::NoAnswer),
            Some(mask) => {
                let ops = self.anew(object, log, mask);
                self.commit(name, ops, None);
            }
            None if log.prompts.is_empty() => self.commit(name, vec![Op::Log(id, log)], None),
            None => {
                self.check_time_point(&log)?;
                let ops = vec![Op::Log(id, log.clone())];
                self.commit(name, ops, Some(PendingClick { object: id, log, extend: false }));
            }
        }
        Ok(())
    }
}

/// The name of the step that keeps these parts.
fn parts_step(parts: KeptParts) -> &'static str {
    match parts {
        KeptParts::Clicked => "Only parts with a positive point",
        KeptParts::All => "All parts",
    }
}
