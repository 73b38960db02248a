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
