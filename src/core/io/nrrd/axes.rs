//! What the axes of an NRRD are: space, time points, colours, components.

use super::super::text_header::{numbers, shown};
use super::super::voxels::{Layout, VoxelKind};
use super::fields::Fields;
use crate::volume::{DataType, Warning};

/// An axis as the header states it.
#[derive(Clone, Debug, Default)]
pub(super) struct Axis {
    pub(super) size: usize,
    /// In lower case; empty if nothing is said.
    kind: String,
    /// A step along it in space; `None` of an axis that is none of space, or if nothing is said.
    pub(super) direction: Option<Vec<f64>>,
    pub(super) spacing: Option<f64>,
    pub(super) min: Option<f64>,
    pub(super) max: Option<f64>,
    pub(super) is_node: bool,
    pub(super) unit: String,
}

impl Axis {
    fn is_kind_of_space(&self) -> bool {
        matches!(self.kind.as_str(), "" | "???" | "none" | "domain" | "space")
    }

    fn is_time(&self) -> bool {
        matches!(self.kind.as_str(), "" | "???" | "none" | "domain" | "time" | "list")
    }
}

/// All axes, the fastest first; why they can't be, in words.
pub(super) fn axes(fields: &Fields, sizes: &[usize]) -> Result<Vec<Axis>, String> {
    let n = sizes.len();
    let words = |name: &str| {
        let words: Vec<String> = match fields.get(name) {
            None => vec![String::new(); n],
            Some(text) => quoted_words(text),
        };
        if words.len() == n { Ok(words) } else { Err(count_of(name, words.len(), n)) }
    };
    let per_axis = |name: &str| {
        let Some(text) = fields.get(name) else { return Ok(vec![None; n]) };
        let values = numbers(text).ok_or_else(|| format!("{name} are {}", shown(text)))?;
        if values.len() != n {
            return Err(count_of(name, values.len(), n));
        }
        Ok(values.into_iter().map(|v| Some(v).filter(|v| v.is_finite())).collect())
    };
    let directions = match fields.get("spacedirections") {
        None => vec![None; n],
        Some(text) => {
            vectors(text).ok_or_else(|| format!("space directions are {}", shown(text)))?
        }
    };
    if directions.len() != n {
        return Err(count_of("space directions", directions.len(), n));
    }
    let (kinds, centerings, units) = (words("kinds")?, words("centerings")?, words("units")?);
    let (spacings, mins, maxs) =
        (per_axis("spacings")?, per_axis("axismins")?, per_axis("axismaxs")?);
    let axis = |(i, direction): (usize, Option<Vec<f64>>)| Axis {
        size: sizes[i],
        kind: kinds[i].to_lowercase(),
        direction,
        spacing: spacings[i],
        min: mins[i],
        max: maxs[i],
        is_node: centerings[i].eq_ignore_ascii_case("node"),
        unit: units[i].clone(),
    };
    Ok(directions.into_iter().enumerate().map(axis).collect())
}

fn count_of(name: &str, found: usize, n: usize) -> String {
    format!("{name} has {found} entries for {n} axes")
}

/// `domain "a b" ???`: words, in quotes or not.
pub(super) fn quoted_words(text: &str) -> Vec<String> {
    let (mut words, mut rest) = (Vec::new(), text.trim_start());
    while !rest.is_empty() {
        let (word, after) = match rest.strip_prefix('"') {
            Some(inner) => inner.split_once('"').unwrap_or((inner, "")),
            None => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
        };
        words.push(word.to_owned());
        rest = after.trim_start();
    }
    words
}

/// `(1,0,0) none (0,0,2)`; `None` if it can't be understood.
pub(super) fn vectors(text: &str) -> Option<Vec<Option<Vec<f64>>>> {
    let (mut found, mut rest) = (Vec::new(), text.trim_start());
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('(') {
            let (vector, after) = inner.split_once(')')?;
            let vector: Option<Vec<f64>> =
                vector.split(',').map(|word| word.trim().parse().ok()).collect();
            // Vectors that do not exist are written as such by some.
            found.push(vector.filter(|v| v.iter().any(|c| !c.is_nan())));
            if found.last().is_some_and(Option::is_none) && !inner.to_lowercase().contains("nan") {
                return None;
            }
            rest = after.trim_start();
        } else {
            let (word, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            if !word.eq_ignore_ascii_case("none") {
                return None;
            }
            found.push(None);
            rest = after.trim_start();
        }
    }
    Some(found)
}

/// Which axes are those of space, and what the others are.
#[derive(Debug)]
pub(super) struct Roles {
    /// Up to three, in the order of the file.
    pub(super) space: Vec<usize>,
    others: Vec<usize>,
}

impl Roles {
    /// `time`: the component of directions that is time, if the space has one.
    pub(super) fn of(
        axes: &mut [Axis],
        oriented: bool,
        time: Option<usize>,
    ) -> Result<Self, String> {
        if let Some(time) = time {
            for (i, axis) in axes.iter_mut().enumerate() {
                let Some(direction) = &mut axis.direction else { continue };
                if direction.get(time).is_some_and(|&t| t == 0.0) {
                    direction.remove(time);
                } else if direction.iter().take(time).all(|&c| c == 0.0) {
                    axis.direction = None;
                } else {
                    return Err(format!("axis {} leads through space and time at once", i + 1));
                }
            }
        }
        let is_space = |axis: &Axis| {
            if oriented { axis.direction.is_some() } else { axis.is_kind_of_space() }
        };
        let mut space: Vec<usize> = (0..axes.len()).filter(|&i| is_space(&axes[i])).collect();
        if oriented && space.len() > 3 {
            return Err(format!("{} axes of space", space.len()));
        }
        space.truncate(3);
        if space.is_empty() {
            return Err("it has no axis of space".into());
        }
        let others = (0..axes.len()).filter(|i| !space.contains(i)).collect();
        Ok(Self { space, others })
    }

    /// Voxels along x, y, z, and the dimensions past these.
    pub(super) fn dims(&self, axes: &[Axis], kind: VoxelKind) -> ([usize; 3], Vec<usize>) {
        let dims = std::array::from_fn(|a| self.space.get(a).map_or(1, |&i| axes[i].size));
        let mut file_dims: Vec<usize> = match self.space.len() {
            3 => dims.to_vec(),
            _ => dims[..2].to_vec(),
        };
        let others: Vec<usize> = self.others.iter().map(|&i| axes[i].size).collect();
        let kept = matches!(kind, VoxelKind::Scalar(_)) && others.iter().product::<usize>() > 1;
        if kept {
            file_dims = dims.to_vec();
            if others.len() > 4 {
                file_dims.push(others.iter().product());
            } else {
                file_dims.extend(others);
            }
        }
        (dims, file_dims)
    }

    /// How voxels of `data_type` numbers are stored, and the order of these where it is not that of memory.
    pub(super) fn voxels(&self, axes: &[Axis], data_type: DataType) -> (VoxelKind, Option<Layout>) {
        if let [only] = self.others[..] {
            let axis = &axes[only];
            let (first, n) = (only == 0, axis.size);
            match (axis.kind.as_str(), data_type) {
                ("rgb-color" | "3-color", DataType::U8) if n == 3 => return self.colours(axes, 3),
                ("rgba-color" | "4-color", DataType::U8) if n == 4 => return self.colours(axes, 4),
                ("complex", DataType::F32) if n == 2 && first => {
                    return (VoxelKind::Complex { double: false }, None);
                }
                ("complex", DataType::F64) if n == 2 && first => {
                    return (VoxelKind::Complex { double: true }, None);
                }
                _ => {}
            }
        }
        let order: Vec<usize> = self.space.iter().chain(&self.others).copied().collect();
        (VoxelKind::Scalar(data_type), layout(axes, &order))
    }

    fn colours(&self, axes: &[Axis], channels: usize) -> (VoxelKind, Option<Layout>) {
        let order: Vec<usize> = self.others.iter().chain(&self.space).copied().collect();
        (VoxelKind::Colour { channels }, layout(axes, &order))
    }

    /// What is to be said of the voxels.
    pub(super) fn told(&self, axes: &[Axis], kind: VoxelKind) -> Option<Warning> {
        let n: usize = self.others.iter().map(|&i| axes[i].size).product();
        let text = match kind {
            VoxelKind::Colour { .. } => "colour voxels are shown as luminance".to_owned(),
            VoxelKind::Complex { .. } => "complex voxels are shown as magnitude".to_owned(),
            VoxelKind::Scalar(_) if n < 2 => return None,
            VoxelKind::Scalar(_) if self.others.iter().all(|&i| axes[i].is_time()) => {
                format!("{n} time points, opened at the first")
            }
            VoxelKind::Scalar(_) => format!(
                "each voxel has {n} numbers; they are shown like time points, opened at the first"
            ),
        };
        Some(Warning(text))
    }
}

/// `order`: the axes as they are to lie in memory, the fastest first.
fn layout(axes: &[Axis], order: &[usize]) -> Option<Layout> {
    let real: Vec<usize> = order.iter().copied().filter(|&i| axes[i].size > 1).collect();
    if real.is_sorted() {
        return None;
    }
    let mut strides = vec![0; axes.len()];
    let mut stride = 1;
    for &i in order {
        strides[i] = stride;
        stride *= axes[i].size;
    }
    Some(Layout { sizes: axes.iter().map(|a| a.size).collect(), strides })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_vectors_as_people_write_them() {
        assert_eq!(quoted_words(r#" "mm" "a b" ??? x"#), ["mm", "a b", "???", "x"]);
        assert_eq!(quoted_words("\"open"), ["open"]);
        let v = |x, y| Some(vec![x, y]);
        assert_eq!(
            vectors("(1,0) none ( 0 , -2.5e1 )"),
            Some(vec![v(1.0, 0.0), None, v(0.0, -25.0)])
        );
        assert_eq!(vectors("(1,0)(nan,NaN)"), Some(vec![v(1.0, 0.0), None]));
        for wrong in ["(1,0", "(1,x)", "1,0", "(1,0) nothing", "()"] {
            assert_eq!(vectors(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn axes_get_their_place_in_memory() {
        let axis = |size, kind: &str| Axis { size, kind: kind.into(), ..Axis::default() };
        let of = |list: &[(usize, &str)]| {
            let mut axes: Vec<Axis> = list.iter().map(|&(n, kind)| axis(n, kind)).collect();
            let roles = Roles::of(&mut axes, false, None).unwrap();
            let (kind, layout) = roles.voxels(&axes, DataType::U8);
            (roles.dims(&axes, kind), kind, layout.map(|l| l.strides))
        };
        let scalar = VoxelKind::Scalar(DataType::U8);
        let d = "domain";
        assert_eq!(of(&[(4, d), (3, d), (2, d)]), (([4, 3, 2], vec![4, 3, 2]), scalar, None));
        assert_eq!(of(&[(4, ""), (3, "")]), (([4, 3, 1], vec![4, 3]), scalar, None));
        assert_eq!(
            of(&[(5, "list"), (4, d), (3, d), (2, d)]),
            (([4, 3, 2], vec![4, 3, 2, 5]), scalar, Some(vec![24, 1, 4, 12]))
        );
        assert_eq!(
            of(&[(4, d), (3, d), (2, d), (5, "time")]),
            (([4, 3, 2], vec![4, 3, 2, 5]), scalar, None)
        );
        assert_eq!(
            of(&[(4, d), (5, "vector"), (3, d)]),
            (([4, 3, 1], vec![4, 3, 1, 5]), scalar, Some(vec![1, 12, 4]))
        );
        let rgb = VoxelKind::Colour { channels: 3 };
        assert_eq!(
            of(&[(3, "RGB-color".to_lowercase().as_str()), (4, d), (2, d)]),
            (([4, 2, 1], vec![4, 2]), rgb, None)
        );
        assert_eq!(
            of(&[(4, d), (2, d), (3, "3-color")]),
            (([4, 2, 1], vec![4, 2]), rgb, Some(vec![3, 12, 1]))
        );
    }
}
