//! Where the voxels of an NRRD are.

use super::super::describe::number;
use super::super::lps::{BY_DEFAULT, FLIP, SAYS_NOTHING, affine};
use super::super::text_header::shown;
use super::axes::{Axis, quoted_words, vectors};
use super::fields::Fields;
use crate::geom::{DAffine3, DVec3};
use crate::volume::{Placement, Warning};

/// The space that directions and origin are numbers in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Space {
    /// Components of its vectors.
    dims: usize,
    /// From its axes to RAS.
    flip: DVec3,
    /// The component that is time.
    pub(super) time: Option<usize>,
    /// What is to be said of it.
    told: Option<&'static str>,
}

/// Identical with LPS for a patient who lies face up, head first; ITK takes it for that always.
const SCANNER: &str = "the header states places by the scanner, not the patient; they are taken as left-posterior-superior, which is right for a patient on the back, head first";

const NO_PATIENT: &str = "the header states places in a space without left and right; they are taken as left-posterior-superior, as in ITK: left and right may be swapped";

impl Space {
    /// The space that a header names; `None` if it names none.
    pub(super) fn of(fields: &Fields) -> Result<Option<Self>, String> {
        if let Some(name) = fields.get("space") {
            return Self::named(name).map(Some).ok_or_else(|| format!("the space {}", shown(name)));
        }
        let Some(text) = fields.get("spacedimension") else { return Ok(None) };
        match text.parse() {
            Ok(dims @ 2..=3) => {
                Ok(Some(Self { dims, flip: FLIP, time: None, told: Some(NO_PATIENT) }))
            }
            _ => Err(format!("the space dimension {}", shown(text))),
        }
    }

    fn named(name: &str) -> Option<Self> {
        let name = name.to_lowercase();
        let (base, time) = match name.as_str() {
            "rast" => ("ras", true),
            "last" => ("las", true),
            "lpst" => ("lps", true),
            other => other.strip_suffix("-time").map_or((other, false), |base| (base, true)),
        };
        let (flip, told) = match base {
            "right-anterior-superior" | "ras" => (DVec3::ONE, None),
            "left-anterior-superior" | "las" => (DVec3::new(-1.0, 1.0, 1.0), None),
            "left-posterior-superior" | "lps" => (FLIP, None),
            "scanner-xyz" => (FLIP, Some(SCANNER)),
            "3d-right-handed" | "3d-left-handed" => (FLIP, Some(NO_PATIENT)),
            _ => return None,
        };
        Some(Self { dims: if time { 4 } else { 3 }, flip, time: time.then_some(3), told })
    }

    /// Components that are lengths.
    fn lengths(&self) -> usize {
        self.dims.min(3)
    }
}

/// What decided the places.
pub(super) fn placement(fields: &Fields, space: Option<Space>) -> Placement {
    let Some(space) = space.filter(|_| fields.get("spacedirections").is_some()) else {
        return Placement::guessed(BY_DEFAULT);
    };
    let Some(name) = fields.get("space").map(shown) else {
        return Placement::guessed("space directions in a space without a name");
    };
    let by = format!("space directions (space: {name})");
    if space.told == Some(NO_PATIENT) { Placement::guessed(by) } else { Placement::by(by) }
}

/// The affine of the axes of space and what was odd about it; why there is none, in words.
pub(super) fn place(
    fields: &Fields,
    space: Option<Space>,
    axes: &[Axis],
    of_space: &[usize],
) -> Result<(DAffine3, Vec<Warning>), String> {
    let mut warnings = Vec::new();
    if fields.get("spacedirections").is_none() {
        let axes: Vec<&Axis> = of_space.iter().map(|&i| &axes[i]).collect();
        return by_spacings(&axes, warnings);
    }
    let Some(space) = space else {
        return Err("it has space directions, but neither a space nor a space dimension".into());
    };
    warnings.extend(space.told.map(|text| Warning(text.into())));
    let units = units(fields, space, &mut warnings)?;
    let mut columns = Vec::new();
    for &i in of_space {
        let direction = axes[i].direction.as_deref().unwrap_or_default();
        columns.push(vector(direction, space)? * units);
    }
    let first = match fields.get("spaceorigin") {
        Some(text) => {
            let found = vectors(text).unwrap_or_default();
            let [origin] = &found[..] else {
                return Err(format!("the space origin {}", shown(text)));
            };
            match origin {
                Some(origin) => vector(without_time(origin, space), space)? * units,
                None => no_origin(&mut warnings),
            }
        }
        None => no_origin(&mut warnings),
    };
    Ok((affine(completed(&columns), first, space.flip), warnings))
}

fn no_origin(warnings: &mut Vec<Warning>) -> DVec3 {
    let text = "the header does not say where the first voxel is; it is put at 0, 0, 0";
    warnings.push(Warning(text.into()));
    DVec3::ZERO
}

fn without_time(vector: &[f64], space: Space) -> &[f64] {
    if space.time.is_some() { &vector[..vector.len().min(3)] } else { vector }
}

/// A vector with as many components as the space has lengths.
fn vector(found: &[f64], space: Space) -> Result<DVec3, String> {
    match *found {
        [x, y, z] if space.lengths() == 3 => Ok(DVec3::new(x, y, z)),
        [x, y] if space.lengths() == 2 => Ok(DVec3::new(x, y, 0.0)),
        _ => Err(format!("a vector of {} components in a space of {}", found.len(), space.dims)),
    }
}

/// Three columns: those that are missing of an image of one slice or row stand upright on the others, 1 mm long.
fn completed(columns: &[DVec3]) -> [DVec3; 3] {
    match *columns {
        [x, y, z] => [x, y, z],
        [x, y] => [x, y, x.cross(y).normalize_or(DVec3::Z)],
        [x] => {
            let y = x.any_orthonormal_vector();
            [x, y, x.cross(y).normalize_or(DVec3::Z)]
        }
        _ => [DVec3::X, DVec3::Y, DVec3::Z],
    }
}

/// Millimetres for each component.
fn units(fields: &Fields, space: Space, warnings: &mut Vec<Warning>) -> Result<DVec3, String> {
    let Some(text) = fields.get("spaceunits") else { return Ok(DVec3::ONE) };
    let words = quoted_words(text);
    if words.len() != space.dims {
        return Err(format!("{} space units in a space of {}", words.len(), space.dims));
    }
    let mut units = DVec3::ONE;
    for (i, word) in words.iter().take(space.lengths()).enumerate() {
        units[i] = in_mm(word, warnings);
    }
    Ok(units)
}

/// Millimetres of a unit; 1 of what is none.
fn in_mm(unit: &str, warnings: &mut Vec<Warning>) -> f64 {
    let factor = match unit.trim() {
        "m" | "meter" | "meters" | "metre" | "metres" => 1e3,
        "cm" | "centimeter" | "centimeters" | "centimetre" | "centimetres" => 10.0,
        "um" | "µm" | "μm" | "micron" | "microns" | "micrometer" | "micrometers" | "micrometre"
        | "micrometres" => 1e-3,
        "nm" | "nanometer" | "nanometers" | "nanometre" | "nanometres" => 1e-6,
        _ => return 1.0,
    };
    let text = format!(
        "the file's unit is {}: its numbers are taken times {factor} for millimetres (ITK's programs, such as 3D Slicer, take them for millimetres)",
        shown(unit.trim())
    );
    if !warnings.iter().any(|w| w.0 == text) {
        warnings.push(Warning(text));
    }
    factor
}

/// Without directions: along left, posterior and superior, as ITK takes it.
fn by_spacings(
    axes: &[&Axis],
    mut warnings: Vec<Warning>,
) -> Result<(DAffine3, Vec<Warning>), String> {
    warnings.push(Warning(SAYS_NOTHING.into()));
    let (mut columns, mut first) = ([DVec3::X, DVec3::Y, DVec3::Z], DVec3::ZERO);
    let mut unstated = Vec::new();
    for (a, axis) in axes.iter().enumerate() {
        let unit = in_mm(&axis.unit, &mut warnings);
        let steps = if axis.is_node { axis.size - 1 } else { axis.size } as f64;
        let by_ends = axis.min.zip(axis.max).filter(|_| steps > 0.0);
        let by_ends = by_ends.map(|(min, max)| (max - min) / steps);
        let spacing = axis.spacing.or(by_ends).unwrap_or_else(|| {
            unstated.push(["x", "y", "z"][a]);
            1.0
        });
        if spacing == 0.0 {
            return Err(format!("the spacing along axis {} is 0", a + 1));
        }
        columns[a] *= spacing * unit;
        // The ends of an axis are those of its first and last voxel, unless it says that they are their centres.
        let half = if axis.is_node { 0.0 } else { spacing / 2.0 };
        first[a] = axis.min.map_or(0.0, |min| (min + half) * unit);
    }
    if !unstated.is_empty() {
        let axes = unstated.join(", ");
        let text =
            format!("the voxel spacing is not stated along {axes}; {} mm is used", number(1.0));
        warnings.push(Warning(text));
    }
    Ok((affine(columns, first, FLIP), warnings))
}
