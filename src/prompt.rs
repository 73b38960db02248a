//! The vocabulary of clicks: what a document remembers and a model replays. Depends on `glam` only.
//!
//! The ordered prompts of an object are the truth, its mask is their replay (`sam-med3d`: each click
//! decodes all points so far with the previous click's low-resolution logits as mask prompt).

use std::sync::Arc;

use glam::{DAffine3, DVec3};

/// Names one prompt of a document: unique in it and never given twice, so that a prompt is still itself when those
/// before it are deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PromptId(pub u64);

impl PromptId {
    /// Of prompts that are in no document (yet).
    pub const NEW: Self = Self(0);
}

/// One click of the user.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prompt {
    /// Which one. The document gives the number when the prompt is added to it.
    pub id: PromptId,
    /// Where, in RAS millimetres.
    pub world: DVec3,
    /// Inside the structure (true) or outside of it.
    pub positive: bool,
}

impl Prompt {
    /// A new prompt inside the structure, at a position in RAS mm.
    pub fn positive(world: DVec3) -> Self {
        Self::new(world, true)
    }

    /// A new prompt outside of the structure, at a position in RAS mm.
    pub fn negative(world: DVec3) -> Self {
        Self::new(world, false)
    }

    /// A new prompt at a position in RAS mm.
    pub fn new(world: DVec3, positive: bool) -> Self {
        Self { id: PromptId::NEW, world, positive }
    }
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

/// Millimetres between the voxels that models are trained on, and how many of them a cube has along each side.
pub const MODEL_SPACING: f64 = 1.5;
/// See [`MODEL_SPACING`].
pub const MODEL_SIDE: usize = 128;

/// How many times larger than it is a model sees a scan: its spacing is multiplied, for the model only. A mouse at
/// 10 is as large as a man to it; scan, clicks, masks and measurements stay what and where they are.
///
/// It belongs to an object (all of an object's cubes are of one grid), is chosen for a scan before an object's first
/// click, and is part of its [`PromptLog`], so that a replay is exact.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WorkingScale(f64);

/// It is never NaN.
impl Eq for WorkingScale {}

impl Default for WorkingScale {
    fn default() -> Self {
        Self::ONE
    }
}

impl std::fmt::Display for WorkingScale {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl WorkingScale {
    /// The scan as large as it is.
    pub const ONE: Self = Self(1.0);
    /// The smallest and the largest.
    pub const RANGE: std::ops::RangeInclusive<f64> = 0.01..=10_000.0;

    /// `None` unless it is in [`WorkingScale::RANGE`].
    pub fn new(scale: f64) -> Option<Self> {
        Self::RANGE.contains(&scale).then_some(Self(scale))
    }

    /// How many times.
    pub fn get(self) -> f64 {
        self.0
    }

    /// Millimetres of the scan along a side of the model's cube: 192 at scale 1.
    pub fn cube_mm(self) -> f64 {
        MODEL_SPACING * MODEL_SIDE as f64 / self.0
    }
}

/// What to say of a scan that is much finer than what models are trained on, before the first click.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FineScan {
    /// How many of its voxels lie along one of the model's: 15 for voxels of 0.1 mm.
    pub times: f64,
    /// A scale at which it is about as large as the trunk of a man, but no voxel larger than the model's.
    pub proposed: WorkingScale,
}

impl FineScan {
    /// Voxels along one of the model's from which on a scan is fine; clinical scans of 120 mm
    /// and less (hand, ear) have up to 5.
    const FINE: f64 = 5.0;
    /// A scan that is longer than this, in mm, shows something as large as what models are trained on.
    const SMALL: f64 = 120.0;
    /// Trunk of a man, mm.
    const TRUNK: f64 = 400.0;
    /// Proposals are round: these times a power of ten.
    const ROUND: [f64; 6] = [1.0, 1.5, 2.0, 3.0, 5.0, 7.0];

    /// Of a scan with so many voxels so far apart (mm); `None` if models see it as it is.
    pub fn of(dims: [usize; 3], spacing: DVec3) -> Option<Self> {
        let spacing = spacing.to_array();
        let mean = spacing.iter().product::<f64>().cbrt();
        let extent = (0..3).map(|a| dims[a] as f64 * spacing[a]).fold(0.0, f64::max);
        let times = MODEL_SPACING / mean;
        if !(times >= Self::FINE && extent > 0.0 && extent <= Self::SMALL) {
            return None;
        }
        // A hair of room: spacings are float32 in files, 0.1 mm is not quite a fifteenth.
        let wanted = (Self::TRUNK / extent).min(times) * (1.0 + 1e-6);
        let power = 10f64.powf(wanted.log10().floor());
        let fits = |round: &&f64| **round * power <= wanted;
        let round = Self::ROUND.iter().rev().find(fits).unwrap_or(&1.0) * power;
        Some(Self { times, proposed: WorkingScale::new(round)? })
    }
}

/// The cube of the image that a model looks at.
#[derive(Clone, Debug, PartialEq)]
pub struct CropPlace {
    /// Index of the cube's first voxel in the canonical grid (1.5 mm at the object's working scale); may be
    /// negative.
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
    /// Index of the cube's first voxel in the canonical grid; may be negative.
    pub start: [i64; 3],
    /// What the model is told to look for there: a positive click of the user's in the cube, or else a place
    /// inside the mask as it was; RAS mm.
    pub seed: DVec3,
    /// How many clicks the object had when it was added: cubes are laid in the order in which they
    /// were opened.
    pub clicks: usize,
}

/// How the answers to several clicks in a cube make one mask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MaskRule {
    /// A click moves the mask only where it contradicts it: see `segment::lay`.
    #[default]
    Steady,
    /// The model's last logits alone, as the authors of SAM-Med3D do.
    Authors,
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
    /// How large the model sees the scan.
    pub scale: WorkingScale,
    /// How the mask is made from the logits.
    pub rule: MaskRule,
}

impl PromptLog {
    /// Which of the prompts this is, from 0.
    pub fn position(&self, prompt: PromptId) -> Option<usize> {
        self.prompts.iter().position(|p| p.id == prompt)
    }
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
    /// How large the model saw the scan: the grid that the cubes are of.
    pub scale: WorkingScale,
    /// The cubes in the order in which they were opened, first the one around the first click.
    pub patches: Vec<Arc<Patch>>,
    /// Which model answered.
    pub model: Option<String>,
    /// How the mask is made from what they say.
    pub rule: MaskRule,
    /// The mask touches the edge of the cubes somewhere inside of the scan, other than where `tried` says that
    /// nothing is beyond: it probably goes on.
    pub touches: bool,
    /// The mask is cut off at the edge of a cube and looking beyond is of no use: more was looked for there in
    /// vain, or another cube ends it there. Only a click can mend it.
    pub cut: bool,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fine_scans_are_told_and_get_a_round_scale() {
        // Voxels, mm; times finer and proposed scale.
        type Row = ([usize; 3], [f64; 3], Option<(f64, f64)>);
        let table: [Row; 11] = [
            // A head, an abdomen, a wrist, a whole body in PET.
            ([512, 512, 300], [0.45, 0.45, 0.6], None),
            ([512, 512, 120], [0.8, 0.8, 2.0], None),
            ([320, 320, 60], [0.3, 0.3, 0.6], None),
            ([128, 128, 300], [5.5, 5.5, 3.3], None),
            // Fine but large: a cone beam CT of a jaw.
            ([500, 500, 400], [0.25, 0.25, 0.25], None),
            // A small one in which voxels are as large as the model's at 15; a mouse; a bone in a micro-CT.
            ([64, 60, 56], [0.1, 0.1, 0.1], Some((15.0, 15.0))),
            ([300, 300, 900], [0.1, 0.1, 0.1], Some((15.0, 3.0))),
            ([1000, 1000, 1000], [0.02, 0.02, 0.02], Some((75.0, 20.0))),
            // A tenth of a millimetre and a bit less than 0.15 mm in float32.
            ([60, 50, 40], [f64::from(0.1f32); 3], Some((15.0, 15.0))),
            ([60, 50, 40], [f64::from(0.15f32); 3], Some((10.0, 10.0))),
            // Cells.
            ([200, 200, 100], [0.0005, 0.0005, 0.002], Some((1889.88, 1500.0))),
        ];
        for (dims, spacing, expected) in table {
            let found = FineScan::of(dims, DVec3::from_array(spacing));
            let found = found.map(|f| ((f.times * 100.0).round() / 100.0, f.proposed.get()));
            assert_eq!(found, expected, "{dims:?} {spacing:?}");
        }
    }

    #[test]
    fn a_working_scale_is_a_number_that_makes_sense() {
        for odd in [0.0, -1.0, 1e-9, 1e9, f64::NAN, f64::INFINITY] {
            assert_eq!(WorkingScale::new(odd), None, "{odd}");
        }
        assert_eq!(WorkingScale::new(1.0), Some(WorkingScale::default()));
        assert_eq!((WorkingScale::ONE.cube_mm(), WorkingScale(10.0).cube_mm()), (192.0, 19.2));
        assert_eq!(WorkingScale(2.5).to_string(), "2.5");
    }
}
