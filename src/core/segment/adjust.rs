//! Masks at another threshold or of other parts, computed from an answer without asking the model: by whichever
//! segmenter gave it, on any thread.

use std::any::Any;
use std::fmt::Debug;

use super::kept_parts::kept_parts;
use crate::geom::Grid;
use crate::prompt::{Answer, ModelState, PromptLog};
use crate::volume::Region;

/// A mask at another threshold, or of other parts.
#[derive(Clone, Debug, PartialEq)]
pub struct Adjusted {
    /// Its voxels, on the mask's grid.
    pub region: Region,
    /// [`Answer::touches`], if nothing was looked for in vain.
    pub touches: bool,
    /// [`Answer::cut`], likewise.
    pub cut: bool,
}

/// The mask of an answer by a log whose threshold and kept parts may be others than those it was given for, on the mask's
/// grid; the last is that of the image that the model looked at. Parts are taken away from its region by whoever calls
/// it.
pub type Adjust = fn(&Answer, &PromptLog, &Grid, &Grid) -> Option<Adjusted>;

/// A state, and how its mask is computed at another threshold.
#[derive(Clone, Debug)]
struct Adjustable {
    state: ModelState,
    adjust: Adjust,
}

impl PartialEq for Adjustable {
    fn eq(&self, other: &Self) -> bool {
        self.state == other.state
    }
}

/// What a segmenter keeps of an answer that can be adjusted: [`Answer::state`].
pub fn adjustable<T>(state: T, adjust: Adjust) -> ModelState
where
    T: Any + Debug + PartialEq + Send + Sync,
{
    adjustable_state(ModelState::new(state), adjust)
}

/// The same of a state that has much of memory and tallies it.
pub fn adjustable_state(state: ModelState, adjust: Adjust) -> ModelState {
    ModelState::with_tally(Adjustable { state, adjust }, |kept, tally| kept.state.tally(tally))
}

/// What a segmenter kept of an answer, adjustable or not.
pub fn kept<T: Any>(answer: &Answer) -> Option<&T> {
    let state = answer.state.as_ref()?;
    state.get::<Adjustable>().map_or(state, |a| &a.state).get()
}

/// The mask of an answer at another threshold or of other parts: as `log` says, which is otherwise that of the answer.
/// `mask` is the mask's grid, `image` that of the image that the model looked at. `None` if the answer can't be adjusted.
pub fn adjusted(answer: &Answer, log: &PromptLog, mask: &Grid, image: &Grid) -> Option<Adjusted> {
    let adjust = answer.state.as_ref()?.get::<Adjustable>()?.adjust;
    let adjusted = adjust(answer, log, mask, image)?;
    let region = kept_parts(adjusted.region, log.anchors().as_deref(), mask);
    Some(Adjusted { region, ..adjusted })
}
