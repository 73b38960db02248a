//! Clicks that are there, changed: taken out, moved, turned from positive to negative. What becomes of the log is told
//! without doing it, so that it can be refused while the hand still moves.

use super::refused::Refused;
use super::{Document, LabelId, Object};
use crate::geom::DVec3;
use crate::prompt::{Footprint, Prompt, PromptId, PromptLog};

/// A change of one click.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PromptChange {
    /// It goes.
    Remove,
    /// It is elsewhere, RAS mm.
    MoveTo(DVec3),
    /// It is negative if it was positive, and the other way round.
    Flip,
}

impl Document {
    /// What an object's mask would be the replay of after a change of one of its clicks, and which click that is, from
    /// 0. Cubes that were added for the sake of the click go with it, unless it still lies in them.
    ///
    /// # Errors
    /// If the change would be refused.
    pub fn log_with(
        &self,
        id: LabelId,
        prompt: PromptId,
        change: PromptChange,
    ) -> Result<(usize, PromptLog), Refused> {
        let object = &self.objects[self.unlocked(id)?];
        let index = object.log.position(prompt).ok_or(Refused::Gone)?;
        if self.history.extends(id) {
            return Err(Refused::Extending);
        }
        self.check_time_point(&object.log)?;
        let mut log = object.log.clone();
        let before = log.prompts[index];
        match change {
            PromptChange::Remove => {
                log.prompts.remove(index);
                for extension in log.extensions.iter_mut().filter(|e| e.clicks > index) {
                    extension.clicks -= 1;
                }
            }
            PromptChange::MoveTo(world) => {
                log.prompts[index] = self.moved(object, Prompt { world, ..before })?;
                if let Some(shape) = log.shape(prompt) {
                    self.shape_fits(&log.prompts[index], shape)?;
                }
            }
            PromptChange::Flip => {
                let flipped = Prompt { positive: !before.positive, ..before };
                self.not_taken(Some(id), &flipped)?;
                if index == 0 && !flipped.positive && log.start.is_none() {
                    return Err(Refused::FirstMustBePositive);
                }
                log.prompts[index] = flipped;
            }
        }
        if log.start.is_none() && log.prompts.first().is_some_and(|p| !p.positive) {
            return Err(Refused::NegativeWouldBeFirst);
        }
        // Unless the same click has been made twice.
        let still = log.prompts.iter().any(|p| p.positive && p.world == before.world);
        if before.positive && !still {
            follow(&mut log, object, before.world, change);
        }
        if log.prompts.is_empty() {
            // An object without clicks starts anew: nothing of the old mask may come back with its next one.
            let PromptLog { start, shapes, parts, .. } = log;
            log = PromptLog { start, shapes, parts, ..PromptLog::default() };
        }
        Ok((index, log))
    }

    /// A click of an object in its new place.
    fn moved(&self, object: &Object, prompt: Prompt) -> Result<Prompt, Refused> {
        let grid = self.image.grid();
        let voxel = grid.voxel_at(prompt.world).ok_or(Refused::OutsideVolume)?;
        self.in_image(object.log.image, prompt.world)?;
        self.not_taken(Some(object.id), &prompt)?;
        let mut others = object.log.prompts.iter().filter(|p| p.id != prompt.id);
        if others.any(|p| grid.voxel_at(p.world) == Some(voxel)) {
            return Err(Refused::OnAnotherClick);
        }
        Ok(prompt)
    }
}

/// The cubes that were added for the sake of a positive click at `from` stay where the click still lies in them.
fn follow(log: &mut PromptLog, object: &Object, from: DVec3, change: PromptChange) {
    let middle = |cube: &Footprint| cube.world_from_box.transform_point3(DVec3::splat(0.5));
    log.extensions.retain_mut(|extension| {
        if extension.seed != from {
            return true;
        }
        let PromptChange::MoveTo(to) = change else { return false };
        let away = |cube: &&Footprint| middle(cube).distance_squared(extension.centre);
        let cubes = object.answer.footprint.iter();
        let cube = cubes.min_by(|a, b| away(a).total_cmp(&away(b)));
        extension.seed = to;
        cube.is_some_and(|cube| cube.contains(to))
    });
}
