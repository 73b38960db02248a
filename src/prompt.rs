//! The vocabulary of clicks: what a document remembers and a model replays. Depends on `glam` only.
//!
//! The ordered prompts of an object are the truth, its mask is their replay (`sam-med3d`: each click
//! decodes all points so far with the previous click's low-resolution logits as mask prompt).

use std::sync::Arc;

use glam::{DAffine3, DVec3};

/// One click of the user.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prompt {
    /// Where, in RAS millimetres.
    pub world: DVec3,
    /// Inside the structure (true) or outside of it.
    pub positive: bool,
}

/// Mask logits on the model's low-resolution cube.
#[derive(Clone, Debug, PartialEq)]
pub struct Logits {
    /// Side of the cube: 32 for SAM-Med3D, 64 for the demo model.
    pub side: usize,
    /// `side`³ values in (x, y, z) order, **z fastest**, as the model writes them.
    pub values: Vec<f32>,
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

/// The cube of the image that a model looks at.
#[derive(Clone, Debug, PartialEq)]
pub struct CropPlace {
    /// Index of the cube's first voxel in the 1.5 mm canonical grid; may be negative.
    pub start: [i64; 3],
    /// Voxels along each side: 128.
    pub side: usize,
    /// Crop voxel (x, y, z) to RAS millimetres.
    pub world_from_crop: DAffine3,
}

impl CropPlace {
    /// Whether a world position lies in the cube (voxel edges included).
    pub fn contains(&self, world: DVec3) -> bool {
        let v = self.world_from_crop.inverse().transform_point3(world);
        let inside = |c: f64| c >= -0.5 && c < self.side as f64 - 0.5;
        inside(v.x) && inside(v.y) && inside(v.z)
    }
}

/// How many of `steps` are still the replay of `prompts`: the length of the common prefix.
pub fn valid_steps(steps: &[Arc<Step>], prompts: &[Prompt]) -> usize {
    steps.iter().zip(prompts).take_while(|(step, prompt)| step.prompt == **prompt).count()
}

/// A cube added beside the others because the mask went on beyond them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extension {
    /// Index of the cube's first voxel in the 1.5 mm canonical grid; may be negative.
    pub start: [i64; 3],
    /// What the model is told to look for there: a positive click of the user's in the cube, or else a place
    /// inside the mask as it was; RAS mm.
    pub seed: DVec3,
}

/// Which of the images of a document a model looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ImageId {
    /// The scan.
    #[default]
    Scan,
    /// An image that lies over the scan; the document that gave the number knows which.
    Overlay(u32),
}

/// Everything that an object's mask is computed from, besides the images and the model: the mask is its replay.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PromptLog {
    /// The image that the model looks at for this object.
    pub image: ImageId,
    /// The frame (time point, from 0) of that image in which all clicks were made; 0 while there are none.
    pub frame: usize,
    /// The user's clicks, in order; the first is positive.
    pub prompts: Vec<Prompt>,
    /// Cubes beside those that the clicks opened.
    pub extensions: Vec<Extension>,
    /// A voxel belongs to the mask if its logit is above this; 0 is a probability of one half.
    pub threshold: f32,
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
    /// The click (or the seed of an [`Extension`], as a positive click) that it was opened for.
    pub opener: Prompt,
    /// One answer for each click in it.
    pub steps: Vec<Arc<Step>>,
}

/// All that a model said about an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// The clicks it is the answer to.
    pub prompts: Vec<Prompt>,
    /// The cubes, first the one around the first click.
    pub patches: Vec<Arc<Patch>>,
    /// Which model answered.
    pub model: Option<String>,
    /// The mask touches the edge of the cubes somewhere inside of the scan, other than where `tried` says that
    /// nothing is beyond: it probably goes on.
    pub touches: bool,
    /// Where the cubes start (canonical voxel) in which more of this very mask was looked for in vain.
    pub tried: Vec<[i64; 3]>,
}

impl Answer {
    /// The answer of one cube; each step is that to one click.
    pub fn of_one_patch(place: CropPlace, steps: Vec<Arc<Step>>) -> Self {
        let prompts: Vec<Prompt> = steps.iter().map(|s| s.prompt).collect();
        let patch = prompts.first().map(|&opener| Arc::new(Patch { place, opener, steps }));
        Self { prompts, patches: patch.into_iter().collect(), ..Self::default() }
    }

    /// The model's own estimate of the mask's intersection over union with the truth: the mean over the cubes.
    pub fn iou(&self) -> Option<f32> {
        let last = self.patches.iter().filter_map(|p| Some(p.steps.last()?.iou));
        let (sum, count) = last.fold((0.0, 0.0), |(sum, count), iou| (sum + iou, count + 1.0));
        (count > 0.0).then_some(sum / count)
    }
}
