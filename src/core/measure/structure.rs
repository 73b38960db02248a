//! The numbers of a structure as they are written to JSON and CSV; keys are stable. What they mean: `docs/measures.md`.

use serde::Serialize;

use super::{FirstOrder, MaskShape, Uptake};
use crate::geom::{DVec3, Grid};
use crate::text::{csv_field, csv_number};

/// A place, RAS mm, without negative zeros.
fn place(at: DVec3) -> [f64; 3] {
    at.to_array().map(|v| v + 0.0)
}

/// A box along the voxel axes.
#[derive(Clone, Debug, Serialize)]
pub struct MeasuredBox {
    /// Its first voxel, and how many along each axis.
    voxel_min: [usize; 3],
    voxel_size: [usize; 3],
    /// Along the voxel axes.
    pub size_mm: [f64; 3],
    /// The smallest coordinates of its corners in the world; RAS.
    pub world_min_mm: [f64; 3],
    /// The largest.
    pub world_max_mm: [f64; 3],
}

/// A box along the principal axes.
#[derive(Clone, Debug, Serialize)]
pub struct MeasuredOrientedBox {
    /// Its middle; RAS.
    pub centre_mm: [f64; 3],
    /// Along the principal axes, the longest of which is the first.
    pub size_mm: [f64; 3],
    directions: [[f64; 3]; 3],
}

/// The values under a structure.
#[derive(Clone, Debug, Serialize)]
pub struct MeasuredValues {
    /// Voxels with a finite value.
    pub count: usize,
    not_finite: usize,
    /// Of the values.
    pub mean: f64,
    /// Standard deviation (divided by the number of voxels).
    pub sd: f64,
    /// Median.
    pub median: f64,
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
    /// 5th percentile.
    pub p5: f64,
    p10: f64,
    p25: f64,
    p75: f64,
    p90: f64,
    /// 95th percentile.
    pub p95: f64,
    range: f64,
    interquartile_range: f64,
    mean_absolute_deviation: f64,
    robust_mean_absolute_deviation: Option<f64>,
    root_mean_squared: f64,
    energy: f64,
    variance: f64,
    skewness: f64,
    kurtosis: f64,
    entropy: f64,
    uniformity: f64,
}

impl From<FirstOrder> for MeasuredValues {
    fn from(found: FirstOrder) -> Self {
        let [p5, p10, p25, median, p75, p90, p95] = found.percentiles;
        let interquartile_range = found.interquartile_range();
        Self {
            count: found.count,
            not_finite: found.not_finite,
            mean: found.mean,
            sd: found.sd,
            median,
            min: found.min,
            max: found.max,
            p5,
            p10,
            p25,
            p75,
            p90,
            p95,
            range: found.max - found.min,
            interquartile_range,
            mean_absolute_deviation: found.mean_absolute_deviation,
            robust_mean_absolute_deviation: found.robust_mean_absolute_deviation,
            root_mean_squared: found.root_mean_squared,
            energy: found.energy,
            variance: found.sd * found.sd,
            skewness: found.skewness,
            kurtosis: found.kurtosis,
            entropy: found.entropy,
            uniformity: found.uniformity,
        }
    }
}

/// Uptake of a PET.
#[derive(Clone, Debug, Serialize)]
pub struct MeasuredUptake {
    /// Largest SUV.
    pub suv_max: f64,
    /// Mean SUV.
    pub suv_mean: f64,
    /// Largest mean SUV of a ball of 1 mL.
    pub suv_peak: f64,
    /// Volume.
    pub mtv_ml: f64,
    /// Total lesion glycolysis: mean × volume.
    pub tlg_ml: f64,
}

impl From<Uptake> for MeasuredUptake {
    fn from(found: Uptake) -> Self {
        let Uptake { max, mean, peak, mtv_ml, tlg_ml } = found;
        Self { suv_max: max, suv_mean: mean, suv_peak: peak, mtv_ml, tlg_ml }
    }
}

/// A structure.
#[derive(Clone, Debug, Serialize)]
pub struct MeasuredStructure {
    /// Its number in the file.
    pub label: u64,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Voxels.
    pub voxels: usize,
    /// Voxels times the volume of one.
    pub volume_ml: f64,
    mesh_volume_ml: f64,
    /// Of the marching-cubes mesh.
    pub surface_area_mm2: f64,
    surface_volume_ratio: f64,
    /// Of the same mesh: 1 is a ball.
    pub sphericity: f64,
    /// √(λ minor / λ major).
    pub elongation: Option<f64>,
    /// √(λ least / λ major).
    pub flatness: Option<f64>,
    major_axis_mm: f64,
    minor_axis_mm: f64,
    least_axis_mm: f64,
    /// Longest distance between two vertices of the mesh.
    pub max_diameter_mm: f64,
    max_diameter_slice_mm: f64,
    max_diameter_column_mm: f64,
    max_diameter_row_mm: f64,
    /// Longest diameter in an axial slice (RECIST 1.1).
    pub axial_long_mm: f64,
    /// The longest at right angles to it, in that slice.
    pub axial_short_mm: f64,
    /// Its number along its voxel axis, from 0.
    axial_slice: usize,
    /// Where the long one is; RAS.
    pub axial_long_ends_mm: [[f64; 3]; 2],
    /// Where the short one is; RAS.
    pub axial_short_ends_mm: [[f64; 3]; 2],
    /// Mean of the voxel centres; RAS.
    pub centroid_mm: [f64; 3],
    /// The smallest box along the voxel axes with all of it.
    pub bounding_box: MeasuredBox,
    /// The smallest along its principal axes.
    pub oriented_box: MeasuredOrientedBox,
    /// Of the scan, if there is one and it has values there.
    pub values: Option<MeasuredValues>,
    /// Of the scan, if it is a PET in SUV.
    pub uptake: Option<MeasuredUptake>,
}

impl MeasuredStructure {
    /// Of a structure whose shape was measured; nothing is said of a scan yet.
    pub fn of(label: u64, name: Option<String>, shape: &MaskShape, grid: &Grid) -> Self {
        let (mesh, axes, axial) = (&shape.mesh, &shape.axes, &shape.axial);
        let [major_axis_mm, minor_axis_mm, least_axis_mm] = axes.lengths();
        let [slice, column, row] = shape.diameters.in_slices;
        let (size, spacing) = (shape.bounds.size(), grid.spacing());
        let [low, high] = shape.world_bounds;
        Self {
            label,
            name,
            voxels: shape.voxels,
            volume_ml: shape.voxel_volume / 1000.0,
            mesh_volume_ml: mesh.volume / 1000.0,
            surface_area_mm2: mesh.area,
            surface_volume_ratio: mesh.area / mesh.volume,
            sphericity: mesh.sphericity(),
            elongation: axes.elongation(),
            flatness: axes.flatness(),
            major_axis_mm,
            minor_axis_mm,
            least_axis_mm,
            max_diameter_mm: shape.diameters.in_space,
            max_diameter_slice_mm: slice,
            max_diameter_column_mm: column,
            max_diameter_row_mm: row,
            axial_long_mm: axial.long,
            axial_short_mm: axial.short,
            axial_slice: axial.slice,
            axial_long_ends_mm: axial.long_ends.map(place),
            axial_short_ends_mm: axial.short_ends.map(place),
            centroid_mm: place(axes.centroid),
            bounding_box: MeasuredBox {
                voxel_min: shape.bounds.min,
                voxel_size: size,
                size_mm: std::array::from_fn(|a| size[a] as f64 * spacing[a]),
                world_min_mm: place(low),
                world_max_mm: place(high),
            },
            oriented_box: MeasuredOrientedBox {
                centre_mm: place(shape.oriented_box.centre),
                size_mm: shape.oriented_box.size,
                directions: shape.oriented_box.directions.map(place),
            },
            values: None,
            uptake: None,
        }
    }
}

/// A label map.
#[derive(Clone, Debug, Serialize)]
pub struct MeasuredFile {
    /// The label map.
    pub file: String,
    /// The scan under it.
    pub scan: Option<String>,
    /// Of the scan's values, if it is known.
    pub unit: Option<&'static str>,
    /// What is in it.
    pub structures: Vec<MeasuredStructure>,
}

/// The first line of [`measures_csv`].
pub const MEASURES_CSV_HEAD: &str = "file,label,name,voxels,volume_ml,mesh_volume_ml,surface_area_mm2,surface_volume_ratio,\
sphericity,elongation,flatness,major_axis_mm,minor_axis_mm,least_axis_mm,max_diameter_mm,max_diameter_slice_mm,\
max_diameter_column_mm,max_diameter_row_mm,axial_long_mm,axial_short_mm,axial_slice,centroid_r_mm,centroid_a_mm,\
centroid_s_mm,box_x_mm,box_y_mm,box_z_mm,oriented_box_1_mm,oriented_box_2_mm,oriented_box_3_mm,not_finite,mean,sd,median,\
min,max,p5,p10,p25,p75,p90,p95,skewness,kurtosis,entropy,uniformity,suv_max,suv_mean,suv_peak,mtv_ml,tlg_ml,\
unit\n";

/// One line for each structure (RFC 4180, `\n` between lines), the unit of its values at the end. What is not defined is
/// left empty.
pub fn measures_csv(found: &MeasuredFile) -> String {
    found.structures.iter().map(|s| line(found, s)).collect()
}

fn line(found: &MeasuredFile, s: &MeasuredStructure) -> String {
    let mut fields = vec![
        csv_field(&found.file),
        s.label.to_string(),
        csv_field(s.name.as_deref().unwrap_or_default()),
        s.voxels.to_string(),
    ];
    let mut add = |values: &[Option<f64>]| fields.extend(values.iter().map(|&v| csv_number(v)));
    let [slice, column, row] =
        [s.max_diameter_slice_mm, s.max_diameter_column_mm, s.max_diameter_row_mm].map(Some);
    add(&[
        Some(s.volume_ml),
        Some(s.mesh_volume_ml),
        Some(s.surface_area_mm2),
        Some(s.surface_volume_ratio),
        Some(s.sphericity),
        s.elongation,
        s.flatness,
        Some(s.major_axis_mm),
        Some(s.minor_axis_mm),
        Some(s.least_axis_mm),
        Some(s.max_diameter_mm),
        slice,
        column,
        row,
        Some(s.axial_long_mm),
        Some(s.axial_short_mm),
        Some(s.axial_slice as f64),
    ]);
    add(&s.centroid_mm.map(Some));
    add(&s.bounding_box.size_mm.map(Some));
    add(&s.oriented_box.size_mm.map(Some));
    let of = |value: fn(&MeasuredValues) -> f64| s.values.as_ref().map(value);
    add(&[
        of(|v| v.not_finite as f64),
        of(|v| v.mean),
        of(|v| v.sd),
        of(|v| v.median),
        of(|v| v.min),
        of(|v| v.max),
        of(|v| v.p5),
        of(|v| v.p10),
        of(|v| v.p25),
        of(|v| v.p75),
        of(|v| v.p90),
        of(|v| v.p95),
        of(|v| v.skewness),
        of(|v| v.kurtosis),
        of(|v| v.entropy),
        of(|v| v.uniformity),
    ]);
    let of = |value: fn(&MeasuredUptake) -> f64| s.uptake.as_ref().map(value);
    add(&[
        of(|u| u.suv_max),
        of(|u| u.suv_mean),
        of(|u| u.suv_peak),
        of(|u| u.mtv_ml),
        of(|u| u.tlg_ml),
    ]);
    let unit = s.values.as_ref().and(found.unit);
    fields.push(csv_field(unit.unwrap_or_default()));
    fields.join(",") + "\n"
}
