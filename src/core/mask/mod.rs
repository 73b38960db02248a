//! Pure algorithms on regions. Takes grids and regions, answers regions; knows no document and no window.
//!
//! Sizes are millimetres, slices are those of the voxel axes, x is the fastest in memory. All that may take longer than
//! a tenth of a second asks its [`WorkLimits`] whether to go on, and holds memory for the surroundings of the mask, not
//! for the volume. An error means that there is no result; nothing that was given is changed.

mod bits;
mod block;
pub mod brush;
mod components;
pub mod distance;
pub mod flood;
mod gaussian;
pub mod grow_cut;
pub mod holes;
pub mod interpolate;
mod joint;
mod layer;
pub mod level;
mod limits;
mod lines;
pub mod live_wire;
pub mod morphology;
pub mod operation;
mod outline;
pub mod parts;
pub mod polygon;
mod radix_heap;
pub mod range;
pub mod scissors;
mod scope;
mod sheet_voxels;
pub mod smooth;
pub mod snap;
pub mod split;
#[cfg(test)]
mod test_volume;
#[cfg(test)]
mod testing;

pub use components::Connectivity;
pub use layer::Layer;
pub use limits::{MaskError, WorkLimits};
pub use lines::CutPlane;
pub use outline::FillRule;
pub use scope::Scope;
