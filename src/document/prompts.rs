//! Clicks, and everything else that a model answers.

use std::sync::Arc;

use super::history::{MergeKey, Op};
use super::refused::Refused;
use super::write::WriteSource;
use super::{Document, LabelId, ModelMask, Object, PendingClick};
use crate::prompt::{Answer, ImageId, KeptParts, Prompt, PromptId, PromptLog};
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
        // Its voxels stay with the object that has them, so such a click could only give a shell around that one.
        let owner = self.image.grid().voxel_at(prompt.world).map_or(0, |v| self.labels.get(v));
        let file_owns = self.object(LabelId(owner)).is_some_and(Object::is_from_file);
        if prompt.positive && owner != 0 && known.is_none_or(|o| o.id.0 != owner) {
            return Err(if file_owns { Refused::FromFile } else { Refused::Taken });
        }
        let mut log = known.map(|o| o.log.clone()).unwrap_or_default();
        if log.prompts.is_empty() {
            if !prompt.positive {
                let from_file = file_selected || file_owns;
                let first = Refused::FirstMustBePositive;
                return Err(if from_file { Refused::FromFile } else { first });
            }
            log.image = self.model_image;
            log.scale = self.working_scale;
        }
        self.in_image(log.image, prompt.world)?;
        log.time_point = self.image_by_id(log.image).map_or(0, |image| image.time_point());
        log.prompts.push(prompt);
        Ok((known.map(|o| o.id), log))
    }

    /// What the model is to look at must be what the user looks at.
    fn check_time_point(&self, log: &PromptLog) -> Result<(), Refused> {
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
    ) -> Result<(), Refused> {
        let id = PromptId(self.prompts_given + 1);
        let (known, log) = self.target(object, Prompt { id, ..prompt })?;
        let (id, mut ops) = match known {
            Some(id) => (id, Vec::new()),
            None => self.insert_new()?,
        };
        ops.push(Op::Log(id, log.clone()));
        let point = log.prompts.len();
        let name = if prompt.positive { "Positive click" } else { "Negative click" };
        self.commit(name, ops, Some(PendingClick { object: id, log, extend: false }));
        self.history.mark_point(point);
        self.prompts_given += 1;
        // Nobody wants to change what can't be seen.
        let index = self.index_of(id)?;
        self.objects[index].visible = true;
        Ok(())
    }

    pub(super) fn remove_prompt(&mut self, id: LabelId, prompt: PromptId) -> Result<(), Refused> {
        let object = &self.objects[self.unlocked(id)?];
        let index = object.log.position(prompt).ok_or(Refused::Gone)?;
        if self.history.extends(id) {
            return Err(Refused::Extending);
        }
        self.check_time_point(&object.log)?;
        let mut log = object.log.clone();
        let removed = log.prompts.remove(index);
        if log.prompts.first().is_some_and(|p| !p.positive) {
            return Err(Refused::NegativeWouldBeFirst);
        }
        // Unless the same click has been made twice.
        let still = log.prompts.iter().any(|p| p.positive && p.world == removed.world);
        if removed.positive && !still {
            log.extensions.retain(|e| e.seed != removed.world);
        }
        for extension in log.extensions.iter_mut().filter(|e| e.clicks > index) {
            extension.clicks -= 1;
        }
        if log.prompts.is_empty() {
            // An object without clicks starts anew: nothing of the old mask may come back with its next one.
            log = PromptLog { parts: log.parts, ..PromptLog::default() };
        }
        let ops = vec![Op::Log(id, log.clone())];
        self.commit("Remove click", ops, Some(PendingClick { object: id, log, extend: false }));
        self.history.mark_point(index + 1);
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
        let answer = Answer { touches, cut, tried: Vec::new(), ..object.answer.clone() };
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
        let name = match parts {
            KeptParts::Clicked => "Only parts with a positive point",
            KeptParts::All => "All parts",
        };
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
