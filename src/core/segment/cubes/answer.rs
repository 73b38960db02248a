//! What a model said in each of the cubes that it looked at for an object.

use std::sync::Arc;

use super::preprocess::CropPlace;
use crate::geom::DVec3;
use crate::prompt::{MaskRule, Prompt, WorkingScale};
use crate::volume::{MemoryTally, Region};

/// How sure of a cell that lies wholly in the mask the model is told to be: log odds.
pub(super) const SURE: f32 = 12.0;

/// Mask logits on the model's low-resolution cube.
#[derive(Clone, Debug, PartialEq)]
pub struct Logits {
    /// Side of the cube: 32 for SAM-Med3D, 64 for the demo model.
    pub side: usize,
    /// `side`³ values in (x, y, z) order, **z fastest**, as the model writes them.
    pub values: Vec<f32>,
}

impl Logits {
    /// What several answers share of them counts once.
    pub(super) fn tally(self: &Arc<Self>, tally: &mut MemoryTally) {
        if tally.is_new(self) {
            tally.add(size_of::<Self>() + size_of_val(&self.values[..]));
        }
    }
}

/// What the model answered to one prompt, given all prompts before it.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The prompt this step answers; a step is only valid while its prompt and all before it stand.
    pub prompt: Prompt,
    /// The mask's logits, fed back to the model with the next prompt.
    pub logits: Arc<Logits>,
    /// The model's own estimate of the mask's intersection over union with the truth.
    pub iou: f32,
}

/// What the model is told in a cube of the mask that is started from, as if it had made it itself: an answer to a click.
#[derive(Clone, Debug)]
pub(super) struct ToldMask {
    /// The answer, as the mask prompt of the next click.
    pub(super) logits: Arc<Logits>,
    /// The click: at the deepest place of the mask in the cube, in crop voxels.
    pub(super) seed: DVec3,
}

/// A cube that the model looked at for an object, and what it answered there.
///
/// The first click of an object opens a cube around it; so does every further positive click that lies in none
/// of the object's cubes. In each cube the model gets the click that opened it, then the user's other clicks in
/// it, in their order.
#[derive(Clone, Debug, PartialEq)]
pub struct Patch {
    /// Where it is.
    pub place: CropPlace,
    /// The click (or the seed of an extension, as a positive click) that it was opened for.
    pub opener: Prompt,
    /// What the model was told there of the mask that was started from ([`crate::prompt::PromptLog::start`]).
    pub start: Option<Arc<Logits>>,
    /// One answer for each click in it.
    pub steps: Vec<Arc<Step>>,
}

impl Patch {
    /// What it takes of memory, but for what was tallied before.
    pub(super) fn tally(&self, tally: &mut MemoryTally) {
        tally.add(size_of::<Self>() + size_of_val(&self.steps[..]));
        self.start.iter().for_each(|logits| logits.tally(tally));
        for step in &self.steps {
            if tally.is_new(step) {
                tally.add(size_of::<Step>());
                step.logits.tally(tally);
            }
        }
    }
}

/// How many of `steps` are still the replay of `prompts`: the length of the common prefix.
pub(super) fn valid_steps(steps: &[Arc<Step>], prompts: &[Prompt]) -> usize {
    steps.iter().zip(prompts).take_while(|(step, prompt)| step.prompt == **prompt).count()
}

/// All cubes of an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cubes {
    /// How large the model saw the scan: the grid that the cubes are of.
    pub scale: WorkingScale,
    /// How the mask is made from what they say.
    pub rule: MaskRule,
    /// The cubes in the order in which they were opened, first the one around the first click.
    pub patches: Vec<Arc<Patch>>,
    /// Where the cubes start (canonical voxel) in which more of this very mask was looked for in vain.
    pub tried: Vec<[i64; 3]>,
    /// Where the clicks are, RAS mm, of which each part of the mask must hold one; `None` if all parts are kept.
    pub anchors: Option<Vec<DVec3>>,
    /// The mask that was started from, on the grid of the object's mask.
    pub start: Option<Arc<Region>>,
}

impl Cubes {
    /// The model's own estimate of the mask's intersection over union with the truth: the mean over the cubes.
    pub fn score(&self) -> Option<f32> {
        let last = self.patches.iter().filter_map(|p| Some(p.steps.last()?.iou));
        let (sum, count) = last.fold((0.0, 0.0), |(sum, count), iou| (sum + iou, count + 1.0));
        (count > 0.0).then_some(sum / count)
    }
}
