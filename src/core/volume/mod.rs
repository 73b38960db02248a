//! Voxels: the scan as it was read, the label map drawn on it, and how grey values become grey levels.
//! Depends on `geom`. No I/O, no threads.
//!
//! Voxels keep the memory order of NIfTI everywhere: x fastest, then y, then z (then the time point).

mod auto_window;
mod covered;
mod data;
mod delta;
mod envelope;
mod histogram;
mod hounsfield;
mod label_map;
mod memory_tally;
mod named;
mod padding;
mod pieces;
mod placement;
mod provenance;
mod readable;
mod region;
mod resample;
mod sample;
mod set;
mod stacking;
mod stats;
mod stored;
mod suv;
mod suv_factors;
mod threshold;
mod value_sample;
mod value_unit;
mod window;

pub use auto_window::Rectangle;
pub use covered::CoveredLabels;
pub use data::{Conversion, DataType, Scale, Volume, Voxels, Warning};
pub use delta::{Delta, DeltaBuilder, DeltaRun};
pub use envelope::Envelope;
pub use histogram::Histogram;
pub use hounsfield::CtContent;
pub use label_map::LabelMap;
pub use memory_tally::MemoryTally;
pub use named::{LabelName, NamedRegion};
pub use padding::Padding;
pub(crate) use pieces::for_each_piece;
pub use placement::{OtherPlace, Placement};
pub use provenance::{Provenance, SourceFile, SourceImages, WithinImages};
pub use readable::readable;
pub use region::{Region, RegionBuilder, Run, VoxelBox};
pub use sample::{Interpolation, Keep, Row, Sampler, Thickness, label_row};
pub use stats::Stats;
pub use stored::{QForm, SForm, StoredGeometry};
pub use suv_factors::{SuvFactors, SuvKind};
pub use value_unit::ValueUnit;
pub use window::Window;
