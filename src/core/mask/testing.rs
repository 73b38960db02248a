//! Masks to test with, and what other programs make of them.

use serde::Deserialize;

use super::Scope;
use crate::geom::{DAffine3, DVec3, Grid};
use crate::volume::Region;

/// A straight grid.
pub fn millimetres(dims: [usize; 3], spacing: [f64; 3]) -> Grid {
    Grid::new(dims, DAffine3::from_scale(DVec3::from_array(spacing))).unwrap()
}

/// A mask and what others make of it; see the script beside the file.
pub struct ReferenceCase {
    pub name: String,
    dims: [usize; 3],
    spacing: [f64; 3],
    pub mask: Region,
    /// Voxels and box of each.
    pub parts_faces: Vec<[usize; 7]>,
    pub parts_corners: Vec<[usize; 7]>,
    pub small_mm3: f64,
    pub without_small: Region,
    pub filled: Region,
    pub filled_slices: Vec<Region>,
    /// At some memory positions.
    pub distances: Vec<(usize, f64)>,
    pub sigma_mm: f64,
    pub blurred: Vec<(usize, f64)>,
    pub softened: Option<Region>,
    pub margins: Vec<WithMargin>,
    pub sizes: Vec<WithSize>,
}

pub struct WithMargin {
    pub low: [f64; 3],
    pub high: [f64; 3],
    pub scope: Scope,
    pub grown: Region,
    pub shrunk: Region,
}

pub struct WithSize {
    pub mm: f64,
    pub scope: Scope,
    pub opened: Region,
    pub closed: Region,
    pub shell_inside: Region,
    pub shell_outside: Region,
    pub shell_centred: Region,
    pub median: Region,
}

/// Masks that touch, and what they are smoothed together.
pub struct ReferenceGroup {
    pub name: String,
    dims: [usize; 3],
    spacing: [f64; 3],
    pub sigma_mm: f64,
    pub masks: Vec<Region>,
    pub smoothed: Vec<Region>,
}

impl ReferenceCase {
    pub fn grid(&self) -> Grid {
        millimetres(self.dims, self.spacing)
    }
}

impl ReferenceGroup {
    pub fn grid(&self) -> Grid {
        millimetres(self.dims, self.spacing)
    }
}

/// As they stand in the file: masks in hexadecimal digits.
#[derive(Deserialize)]
struct File {
    masks: Vec<CaseRow>,
    groups: Vec<GroupRow>,
}

#[derive(Deserialize)]
struct CaseRow {
    name: String,
    dims: [usize; 3],
    spacing: [f64; 3],
    mask: String,
    parts_faces: Vec<[usize; 7]>,
    parts_corners: Vec<[usize; 7]>,
    small_mm3: f64,
    without_small: String,
    filled: String,
    filled_slices: Vec<String>,
    distances: Vec<(usize, f64)>,
    sigma_mm: f64,
    blurred: Vec<(usize, f64)>,
    softened: Option<String>,
    margins: Vec<MarginRow>,
    sizes: Vec<SizeRow>,
}

#[derive(Deserialize)]
struct MarginRow {
    low: [f64; 3],
    high: [f64; 3],
    scope: Option<(usize, usize)>,
    grown: String,
    shrunk: String,
}

#[derive(Deserialize)]
struct SizeRow {
    mm: f64,
    scope: Option<(usize, usize)>,
    opened: String,
    closed: String,
    shell_inside: String,
    shell_outside: String,
    shell_centred: String,
    median: String,
}

#[derive(Deserialize)]
struct GroupRow {
    name: String,
    dims: [usize; 3],
    spacing: [f64; 3],
    sigma_mm: f64,
    masks: Vec<String>,
    smoothed: Vec<String>,
}

fn file() -> File {
    serde_json::from_str(include_str!("../../../tests/data/mask/reference.json")).unwrap()
}

/// The first voxel is the highest bit of the first digit.
fn region(digits: &str, dims: [usize; 3]) -> Region {
    let bits = digits.chars().flat_map(|digit| {
        let value = digit.to_digit(16).unwrap();
        [8, 4, 2, 1].map(|bit| value & bit != 0)
    });
    Region::from_mask(dims[0], bits.take(dims.iter().product()))
}

fn scope(slice: Option<(usize, usize)>) -> Scope {
    slice.map_or(Scope::Volume, |(axis, index)| Scope::Slice { axis, index })
}

pub fn cases() -> Vec<ReferenceCase> {
    let case = |row: CaseRow| {
        let region = |digits: &String| region(digits, row.dims);
        let margin = |m: &MarginRow| WithMargin {
            low: m.low,
            high: m.high,
            scope: scope(m.scope),
            grown: region(&m.grown),
            shrunk: region(&m.shrunk),
        };
        let size = |s: &SizeRow| WithSize {
            mm: s.mm,
            scope: scope(s.scope),
            opened: region(&s.opened),
            closed: region(&s.closed),
            shell_inside: region(&s.shell_inside),
            shell_outside: region(&s.shell_outside),
            shell_centred: region(&s.shell_centred),
            median: region(&s.median),
        };
        ReferenceCase {
            mask: region(&row.mask),
            without_small: region(&row.without_small),
            filled: region(&row.filled),
            filled_slices: row.filled_slices.iter().map(region).collect(),
            softened: row.softened.as_ref().map(region),
            margins: row.margins.iter().map(margin).collect(),
            sizes: row.sizes.iter().map(size).collect(),
            name: row.name,
            dims: row.dims,
            spacing: row.spacing,
            parts_faces: row.parts_faces,
            parts_corners: row.parts_corners,
            small_mm3: row.small_mm3,
            distances: row.distances,
            sigma_mm: row.sigma_mm,
            blurred: row.blurred,
        }
    };
    let cases: Vec<ReferenceCase> = file().masks.into_iter().map(case).collect();
    assert!(cases.len() >= 6);
    cases
}

pub fn groups() -> Vec<ReferenceGroup> {
    let group = |row: GroupRow| {
        let regions = |all: &[String]| all.iter().map(|digits| region(digits, row.dims)).collect();
        ReferenceGroup {
            masks: regions(&row.masks),
            smoothed: regions(&row.smoothed),
            name: row.name,
            dims: row.dims,
            spacing: row.spacing,
            sigma_mm: row.sigma_mm,
        }
    };
    let groups: Vec<ReferenceGroup> = file().groups.into_iter().map(group).collect();
    assert!(groups.len() >= 2);
    groups
}
