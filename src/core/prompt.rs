//! The vocabulary of prompts, which are points or shapes drawn in a slice: what a document remembers and a model
//! replays, whichever model it is.
//!
//! The ordered prompts of an object are the truth, its mask is their replay by a model (a `Segmenter`). What a model
//! needs to go on from its last answer is its own business ([`ModelState`]) and is made anew by a replay; all else that
//! the mask depends on are plain values, so that it can be saved.

mod shape;

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::sync::Arc;

use glam::{DAffine3, DVec3};

pub use shape::{PromptShape, ShapeError, ShapeKind, ShapeKinds};

use crate::volume::{MemoryTally, Region};

/// Names one prompt of a document: unique in it and never given twice, so that a prompt is still itself when those
/// before it are deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PromptId(pub u64);

impl PromptId {
    /// Of prompts that are in no document (yet).
    pub const NEW: Self = Self(0);
}

/// One click of the user, or something that was drawn: what that is says [`PromptLog::shapes`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prompt {
    /// Which one. The document gives the number when the prompt is added to it.
    pub id: PromptId,
    /// Where, in RAS millimetres; a shape lies around the voxel of the mask's grid that this is in.
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

/// How many times larger than it is a model sees a scan: its spacing is multiplied, for the model only. A mouse at
/// 10 is as large as a man to it; scan, clicks, masks and measurements stay what and where they are.
///
/// It belongs to an object, is chosen for a scan before an object's first
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

impl fmt::Display for WorkingScale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
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
}

/// How far around a point what it corrects of a mask that was there may begin, in millimetres as the model sees the
/// scan (at working scale 1).
pub const CORRECTED_MM: f64 = 15.0;

/// How a model of a fixed size sees a scan (at working scale 1).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sight {
    /// Millimetres between the voxels that it is trained on.
    pub voxel_mm: f64,
    /// Millimetres along each side of what it looks at at once.
    pub window_mm: f64,
}

impl Sight {
    /// Millimetres of the scan along each side of what the model looks at, at a working scale.
    pub fn window_at(self, scale: WorkingScale) -> f64 {
        self.window_mm / scale.get()
    }
}

/// What a model can do, for whoever offers it to the user.
#[derive(Clone, Copy, Debug, PartialEq)]
// Each is a question of its own.
#[allow(clippy::struct_excessive_bools)]
pub struct Capabilities {
    /// It takes points outside of the structure too.
    pub negative_points: bool,
    /// It can say what a click would give before it is made.
    pub previews: bool,
    /// It can follow a mask beyond what it has looked at.
    pub extends: bool,
    /// Masks at another threshold can be computed from its answers.
    pub adjusts: bool,
    /// At which size it sees a scan; `None` if it takes any as it is (and knows no working scale).
    pub sight: Option<Sight>,
    /// What it takes besides points.
    pub shapes: ShapeKinds,
}

/// What to say of a scan that is much finer than what models are trained on, before the first click.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FineScan {
    /// How many of its voxels lie along one of the model's: 15 for voxels of 0.1 mm and a model of 1.5 mm.
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

    /// Of a scan with so many voxels so far apart (mm), and a model of a fixed size; `None` if it sees the scan as it
    /// is.
    pub fn of(dims: [usize; 3], spacing: DVec3, sight: Sight) -> Option<Self> {
        let spacing = spacing.to_array();
        let mean = spacing.iter().product::<f64>().cbrt();
        let extent = (0..3).map(|a| dims[a] as f64 * spacing[a]).fold(0.0, f64::max);
        let times = sight.voxel_mm / mean;
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

/// A place beside the others that the model looked at because the mask went on there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extension {
    /// The middle of what it looked at, RAS mm.
    pub centre: DVec3,
    /// What the model is told to look for there: a positive click of the user's, or else a place inside the mask as it
    /// was; RAS mm.
    pub seed: DVec3,
    /// How many clicks the object had when it was added: answers are put together in the order in which they came.
    pub clicks: usize,
}

/// How the answers to several clicks in a cube make one mask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MaskRule {
    /// A click moves the mask only where it contradicts it.
    #[default]
    Steady,
    /// The model's last answer alone, as the authors of SAM-Med3D do.
    Authors,
}

/// Which parts of the mask that a model answers are kept. Parts are apart if no two voxels of theirs touch, be it by a
/// corner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeptParts {
    /// All.
    #[default]
    All,
    /// Those that hold a positive click. If none does, all.
    Clicked,
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
    /// The time point (from 0) of that image at which all clicks were made; 0 while there are none.
    pub time_point: usize,
    /// The mask that the clicks correct, on the grid of the object's mask: what it is without any click. `None`: it is
    /// made by the clicks alone, and the first of them is positive.
    pub start: Option<Arc<Region>>,
    /// The user's clicks, in order.
    pub prompts: Vec<Prompt>,
    /// Which of the prompts are more than points, by their number, and what they are. A prompt's shape never changes
    /// (to move it is to move the prompt), so those of prompts that were taken out may stay.
    pub shapes: BTreeMap<PromptId, Arc<PromptShape>>,
    /// Where else the model looked than the clicks had it look.
    pub extensions: Vec<Extension>,
    /// How sure the model has to be of a voxel of the mask: log odds, 0 is a probability of one half.
    pub threshold: f32,
    /// How large the model sees the scan.
    pub scale: WorkingScale,
    /// How one mask is made from the answers to all clicks.
    pub rule: MaskRule,
    /// Which parts of that mask are kept. All are still in the model's answer.
    pub parts: KeptParts,
}

impl PromptLog {
    /// Which of the prompts this is, from 0.
    pub fn position(&self, prompt: PromptId) -> Option<usize> {
        self.prompts.iter().position(|p| p.id == prompt)
    }

    /// What this prompt is, if it is more than a point.
    pub fn shape(&self, prompt: PromptId) -> Option<&Arc<PromptShape>> {
        self.shapes.get(&prompt)
    }

    /// How many of the prompts are boxes, scribbles and lassos, of kinds that are not among these.
    pub fn shapes_beside(&self, taken: ShapeKinds) -> [usize; 3] {
        let kinds = || self.prompts.iter().filter_map(|p| Some(self.shape(p.id)?.kind()));
        ShapeKind::ALL.map(|kind| kinds().filter(|k| *k == kind && !taken.has(*k)).count())
    }

    /// What it takes of memory.
    pub fn tally(&self, tally: &mut MemoryTally) {
        tally.add(size_of_val(&self.prompts[..]) + size_of_val(&self.extensions[..]));
        for shape in self.shapes.values() {
            if tally.is_new(shape) {
                tally.add(size_of::<PromptShape>() + size_of_val(shape.places()));
            }
        }
        self.start.iter().for_each(|start| tally.region(start));
    }

    /// Where the positive clicks are, RAS mm, of which each part of the mask must hold one; `None` if all parts are
    /// kept.
    pub fn anchors(&self) -> Option<Vec<DVec3>> {
        let positive = self.prompts.iter().filter(|p| p.positive);
        (self.parts == KeptParts::Clicked).then(|| positive.map(|p| p.world).collect())
    }
}

/// A box of the image that a model looked at for an object.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Footprint {
    /// What it was looked at for: a prompt, or the seed of an [`Extension`] as a positive prompt.
    pub opener: Prompt,
    /// From the unit cube, [0, 1]³, to RAS mm: where the box is. Oblique if the image is.
    pub world_from_box: DAffine3,
}

impl Footprint {
    /// Whether a position (RAS mm) lies in the box.
    pub fn contains(&self, world: DVec3) -> bool {
        let at = self.world_from_box.inverse().transform_point3(world);
        at.to_array().iter().all(|c| (0.0..1.0).contains(c))
    }

    /// Its corners in RAS mm; bit n of an index tells the side along axis n.
    pub fn corners(&self) -> [DVec3; 8] {
        std::array::from_fn(|n| {
            let side = |axis: usize| (n >> axis & 1) as f64;
            self.world_from_box.transform_point3(DVec3::new(side(0), side(1), side(2)))
        })
    }
}

/// What a model keeps of an answer to go on from: only it can read it.
trait State: Any + Debug + Send + Sync {
    fn equals(&self, other: &dyn State) -> bool;
    fn tally(&self, tally: &mut MemoryTally);
}

/// A value, and how it is tallied.
#[derive(Debug)]
struct StateValue<T> {
    value: T,
    tally: fn(&T, &mut MemoryTally),
}

impl<T: Any + Debug + PartialEq + Send + Sync> State for StateValue<T> {
    fn equals(&self, other: &dyn State) -> bool {
        let other = (other as &dyn Any).downcast_ref::<Self>();
        other.is_some_and(|other| other.value == self.value)
    }

    fn tally(&self, tally: &mut MemoryTally) {
        (self.tally)(&self.value, tally);
    }
}

/// What a model keeps of its answer, to go on from with the next prompt. It is not saved with the prompts: their replay
/// makes it anew.
#[derive(Clone, Debug)]
pub struct ModelState(Arc<dyn State>);

impl ModelState {
    /// Keeps a value that has nothing elsewhere in memory, or not much.
    pub fn new<T: Any + Debug + PartialEq + Send + Sync>(value: T) -> Self {
        Self::with_tally(value, |_, _| ())
    }

    /// Keeps a value that has much of memory: `tally` counts all of it but the value itself.
    pub fn with_tally<T>(value: T, tally: fn(&T, &mut MemoryTally)) -> Self
    where
        T: Any + Debug + PartialEq + Send + Sync,
    {
        Self(Arc::new(StateValue { value, tally }))
    }

    /// The value, if it is of this type.
    pub fn get<T: Any>(&self) -> Option<&T> {
        (&*self.0 as &dyn Any).downcast_ref::<StateValue<T>>().map(|kept| &kept.value)
    }

    /// What it takes of memory.
    pub fn tally(&self, tally: &mut MemoryTally) {
        if tally.is_new(&self.0) {
            tally.add(size_of_val(&*self.0));
            self.0.tally(tally);
        }
    }
}

impl PartialEq for ModelState {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.equals(&*other.0)
    }
}

/// All that a model said about an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// The clicks it is the answer to.
    pub prompts: Vec<Prompt>,
    /// [`PromptLog::extensions`] then; the document says so.
    pub extensions: Vec<Extension>,
    /// [`PromptLog::parts`] then; the document says so.
    pub parts: KeptParts,
    /// Which model answered.
    pub model: Option<String>,
    /// The model's own estimate of the mask's intersection over union with the truth.
    pub score: Option<f32>,
    /// What the model looked at, in the order in which it was opened. Where a prompt had it look it looks again as long
    /// as the prompt stands, so these are to be saved with the prompts.
    pub footprint: Vec<Footprint>,
    /// The mask touches the edge of the footprint somewhere inside of the scan, other than where `tried` says that
    /// nothing is beyond: it probably goes on.
    pub touches: bool,
    /// The mask is cut off at an edge within the footprint and looking beyond is of no use: more was looked for there
    /// in vain, or what the model saw beyond ends it there. Only a click can mend it.
    pub cut: bool,
    /// The middles of what was looked at in vain for more of this very mask, RAS mm.
    pub tried: Vec<DVec3>,
    /// The mask at another threshold can be computed without asking the model.
    pub adjustable: bool,
    /// What the model goes on from with the next prompt.
    pub state: Option<ModelState>,
}

impl Answer {
    /// What it takes of memory.
    pub fn tally(&self, tally: &mut MemoryTally) {
        let lists = size_of_val(&self.prompts[..]) + size_of_val(&self.extensions[..]);
        tally.add(lists + size_of_val(&self.footprint[..]) + size_of_val(&self.tried[..]));
        self.state.iter().for_each(|state| state.tally(tally));
    }

    /// Lets go of what the model goes on from: it is made anew from the prompts when they are asked of it again.
    pub fn forget_state(&mut self) {
        (self.state, self.adjustable) = (None, false);
    }

    /// For another model: where to look, and nothing of what this one said.
    pub fn without_state(mut self) -> Self {
        // Another model may find what this one has looked for in vain.
        self.tried.clear();
        self.forget_state();
        self
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
            let sight = Sight { voxel_mm: 1.5, window_mm: 192.0 };
            let found = FineScan::of(dims, DVec3::from_array(spacing), sight);
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
        let sight = Sight { voxel_mm: 1.5, window_mm: 192.0 };
        let window = |scale| sight.window_at(scale);
        assert_eq!((window(WorkingScale::ONE), window(WorkingScale(10.0))), (192.0, 19.2));
        assert_eq!(WorkingScale(2.5).to_string(), "2.5");
    }

    #[test]
    fn a_footprint_is_a_box_wherever_it_lies() {
        // 2 × 3 × 4 mm, turned by a right angle about z, its first corner at (10, 20, 30).
        let matrix = glam::DMat3::from_cols(DVec3::Y * 2.0, -DVec3::X * 3.0, DVec3::Z * 4.0);
        let world_from_box =
            DAffine3 { matrix3: matrix, translation: DVec3::new(10.0, 20.0, 30.0) };
        let opener = Prompt::positive(DVec3::ZERO);
        let footprint = Footprint { opener, world_from_box };
        let corners = footprint.corners();
        assert_eq!(
            (corners[0], corners[1]),
            (DVec3::new(10.0, 20.0, 30.0), DVec3::new(10.0, 22.0, 30.0))
        );
        assert_eq!(corners[7], DVec3::new(7.0, 22.0, 34.0));
        for (at, inside) in [
            ([8.5, 21.0, 32.0], true),
            ([10.0, 20.0, 30.0], true),
            ([10.1, 21.0, 32.0], false),
            ([6.9, 21.0, 32.0], false),
            ([8.5, 22.1, 32.0], false),
            ([8.5, 21.0, 34.1], false),
            ([f64::NAN, 21.0, 32.0], false),
        ] {
            assert_eq!(footprint.contains(DVec3::from_array(at)), inside, "{at:?}");
        }
    }

    #[test]
    fn a_state_is_read_by_its_own_type_and_compared_by_its_value() {
        let (a, b, c) = (ModelState::new(1u8), ModelState::new(1u8), ModelState::new(1u16));
        assert!(a == b && a != c && a != ModelState::new(2u8));
        assert_eq!((a.get::<u8>(), a.get::<u16>()), (Some(&1), None));
        let answer = Answer { state: Some(a), tried: vec![DVec3::ONE], ..Answer::default() };
        assert_eq!(answer.without_state(), Answer::default());
    }
}
