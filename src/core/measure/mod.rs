//! Numbers about masks: size, shape and the values under them, how two of them differ, what several raters agree on,
//! how well clicks of a robot do. Depends on `volume`, `geom`, `mask`, `work`, `text`.
//!
//! Lengths are millimetres. Definitions, conventions and sources: `docs/measures.md`.

mod agreement;
mod axes;
mod border;
mod cleaning;
mod compared;
mod comparison;
mod difference;
mod distance;
mod distance_map;
mod drawn;
mod eigen;
mod extent;
mod first_order;
mod lesions;
mod marching;
mod measurement;
mod overlap;
mod pair_sets;
mod pairing;
mod percentile;
mod pet;
mod raters;
mod recist;
mod robot;
mod robot_run;
mod shape;
mod structure;
mod surface;

#[cfg(test)]
mod tests;

pub use agreement::{
    AgreementReport, RatedLabel, RatedStaple, RaterPair, RatersTogether, rated_labels, rater_masks,
    rater_pairs, told_apart,
};
pub use axes::{OrientedBox, PrincipalAxes};
pub use border::BorderDistances;
pub use cleaning::{Cleaned, CleaningDeed, CleaningSteps, clean_labels};
pub use compared::{
    COMPARISON_CSV_HEAD, CompareReport, ComparedLabel, ComparedMaps, ComparedMean, ComparedNumbers,
    compared_numbers, comparison_csv_rows, paired_masks,
};
pub use comparison::{MaskComparison, compare_bytes, compare_masks};
pub use difference::{
    DifferenceClass, DifferencePart, PairedLabels, WorstSlice, difference_delta, difference_parts,
    differing_voxels, worst_slice,
};
pub use distance::DistanceField;
pub use distance_map::{DistanceScale, distance_map};
pub use drawn::{DRAWN_CSV_HEAD, DrawnMeasure, DrawnMeasures, drawn_measures_csv};
pub use extent::Diameters;
pub use first_order::{BIN_WIDTH, FirstOrder, PERCENTILES, values_under};
pub use lesions::Lesions;
pub use marching::MeshNumbers;
pub use measurement::{
    Measurement, MeasurementId, MeasurementKind, MeasurementShape, RectangleValues,
};
pub use overlap::Overlap;
pub use pair_sets::PairSets;
pub use pairing::{LabelPair, PairBy, pair_labels};
pub use percentile::percentile;
pub use pet::Uptake;
pub use raters::{MOST_RATERS, RaterMasks, Staple};
pub use recist::{AxialDiameters, axial_diameters};
pub use robot::{Robot, RobotAim, RobotClick};
pub use robot_run::{RobotAfter, RobotFailure, RobotMean, RobotReport, RobotRun, RobotStructure};
pub use shape::MaskShape;
pub use structure::{
    MEASURES_CSV_HEAD, MeasuredBox, MeasuredFile, MeasuredOrientedBox, MeasuredStructure,
    MeasuredUptake, MeasuredValues, measures_csv,
};
pub use surface::SurfaceDistances;

use crate::volume::Region;

/// Sørensen–Dice coefficient of two sets of voxels of one grid, `2 |A ∩ B| / (|A| + |B|)`; 1 when both are empty, as
/// Metrics Reloaded has it (Maier-Hein, Reinke et al., Nature Methods 2024).
pub fn dice_of(a: &Region, b: &Region) -> f64 {
    Overlap::of(a, b).dice()
}
