//! Prompts that were typed, where they lie in the scan.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{anyhow, bail};

use super::args::{Space, TypedPoint, TypedPrompt};
use crate::geom::{DVec3, Grid};
use crate::prompt::{Prompt, PromptId, PromptShape, ShapeKind};
use crate::volume::Volume;

/// Typed clicks in the world; an error of one that lies outside of the scan.
pub(super) fn points(
    volume: &Volume,
    points: &[TypedPoint],
    space: Space,
) -> anyhow::Result<Vec<Prompt>> {
    let place = |(n, point): (usize, &TypedPoint)| {
        let world = inside(volume, point.at, space, &format!("point {}", n + 1))?;
        Ok(Prompt::new(world, point.positive))
    };
    points.iter().enumerate().map(place).collect()
}

/// What prompts are that are no points.
type Shapes = BTreeMap<PromptId, Arc<PromptShape>>;

/// Typed prompts in the world, and what those are that are no points; an error of one that lies outside of the scan, or
/// not in a slice of it. `radius`: of scribbles, in voxels.
pub(super) fn prompts(
    volume: &Volume,
    typed: &[TypedPrompt],
    space: Space,
    radius: f64,
) -> anyhow::Result<(Vec<Prompt>, Shapes)> {
    let grid = volume.grid();
    let (mut prompts, mut shapes) = (Vec::new(), BTreeMap::new());
    for (n, typed) in typed.iter().enumerate() {
        let id = PromptId(n as u64 + 1);
        let what = format!("{} {}", typed.shape.map_or("point", ShapeKind::word), n + 1);
        let places = typed.places.iter().map(|at| inside(volume, *at, space, &what));
        let places = places.collect::<anyhow::Result<Vec<DVec3>>>()?;
        let Some(kind) = typed.shape else {
            let world = *places.first().ok_or_else(|| anyhow!("{what} has no place"))?;
            prompts.push(Prompt { id, world, positive: typed.positive });
            continue;
        };
        let (anchor, shape) = drawn(grid, kind, &places, radius)
            .map_err(|why| anyhow!("{what}: {why}; {}", volume.name()))?;
        prompts.push(Prompt { id, world: grid.world_of(anchor), positive: typed.positive });
        shapes.insert(id, Arc::new(shape));
    }
    Ok((prompts, shapes))
}

/// A place in the world, if it lies in the scan.
fn inside(volume: &Volume, at: DVec3, space: Space, what: &str) -> anyhow::Result<DVec3> {
    let grid = volume.grid();
    let world = match space {
        Space::World => at,
        Space::Voxel => grid.world(at),
    };
    if grid.voxel_at(world).is_none() {
        let [x, y, z] = grid.voxel(world).to_array();
        let [nx, ny, nz] = grid.dims();
        bail!(
            "{what} is outside of the scan: voxel {x:.1}, {y:.1}, {z:.1} of {nx} × {ny} × {nz}; check --space and the \
             numbers of {}",
            volume.name()
        );
    }
    Ok(world)
}

/// Places of the scan (RAS mm) as a shape in the one slice that they lie in.
fn drawn(
    grid: &Grid,
    kind: ShapeKind,
    places: &[DVec3],
    radius: f64,
) -> Result<([usize; 3], PromptShape), String> {
    let voxels: Vec<DVec3> = places.iter().map(|at| grid.voxel(*at)).collect();
    let slice = |axis: usize| {
        let mut slices = voxels.iter().map(|at| at[axis].round());
        let first = slices.next()?;
        slices.all(|other| other == first).then_some((axis, first.max(0.0) as usize))
    };
    // Of a line along an axis it could be two: that whose slices are further apart.
    let spacing = grid.spacing();
    let flat = (0..3).filter_map(slice);
    let flat = flat.max_by(|a, b| spacing[a.0].total_cmp(&spacing[b.0]));
    let (axis, slice) = flat.ok_or(
        "its places do not lie in one slice of the scan: one of their voxel indices must be the same",
    )?;
    let others = [0, 1, 2].into_iter().filter(|other| *other != axis);
    let axes: Vec<usize> = others.collect();
    let flat: Vec<[f64; 2]> = voxels.iter().map(|at| [at[axes[0]], at[axes[1]]]).collect();
    let shape = PromptShape::drawn(kind, (axis, slice), &flat, radius, grid.dims());
    shape.map_err(|why| why.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::DAffine3;
    use crate::volume::{Scale, StoredGeometry, Voxels};

    fn volume() -> Volume {
        let grid = Grid::new([4, 5, 6], DAffine3::from_scale(DVec3::new(-2.0, -3.0, 1.5))).unwrap();
        let stored = StoredGeometry::of(&grid);
        let voxels = Voxels::U8(vec![0; 120]);
        Volume::new("v", grid, vec![4, 5, 6], voxels, Scale::NONE, stored, vec![])
    }

    #[test]
    fn voxel_points_become_world_points_and_points_outside_are_refused() {
        let volume = volume();
        let point = |x, y, z| TypedPoint { at: DVec3::new(x, y, z), positive: true };
        let got = points(&volume, &[point(3.0, 4.0, 5.0)], Space::Voxel).unwrap();
        assert_eq!(got[0].world, DVec3::new(-6.0, -12.0, 7.5));
        let got = points(&volume, &[point(-6.0, -12.0, 7.5)], Space::World).unwrap();
        assert_eq!(got[0].world, DVec3::new(-6.0, -12.0, 7.5));
        let error = points(&volume, &[point(0.0, 0.0, 0.0), point(4.0, 0.0, 0.0)], Space::Voxel);
        assert!(error.unwrap_err().to_string().starts_with("point 2 is outside of the scan"));
    }

    #[test]
    fn what_is_drawn_lies_in_the_slice_of_its_places() {
        let volume = volume();
        let typed = |shape, places: &[[f64; 3]]| TypedPrompt {
            shape: Some(shape),
            places: places.iter().map(|at| DVec3::from_array(*at)).collect(),
            positive: true,
        };
        let point = TypedPrompt { shape: None, ..typed(ShapeKind::Box, &[[1.0, 1.0, 1.0]]) };
        let list = [
            point,
            typed(ShapeKind::Box, &[[0.0, 1.0, 2.2], [2.0, 4.0, 1.8]]),
            // Along x: rows are 3 mm apart, slices 1.5 mm.
            typed(ShapeKind::Scribble, &[[0.0, 2.0, 3.0], [3.0, 2.0, 3.0]]),
            typed(ShapeKind::Lasso, &[[1.0, -0.4, 0.0], [1.0, 4.0, 0.0], [1.0, 4.0, 5.0]]),
        ];
        let (found, shapes) = prompts(&volume, &list, Space::Voxel, 1.0).unwrap();
        assert_eq!(found.iter().map(|p| p.id.0).collect::<Vec<_>>(), [1, 2, 3, 4]);
        let kinds: Vec<_> = shapes.iter().map(|(id, s)| (id.0, s.kind(), s.axis())).collect();
        let expected =
            [(2, ShapeKind::Box, 2), (3, ShapeKind::Scribble, 1), (4, ShapeKind::Lasso, 0)];
        assert_eq!(kinds, expected);
        assert_eq!(volume.grid().voxel_at(found[1].world), Some([1, 2, 2]));
        // The same in millimetres.
        let mut world = list.to_vec();
        world.iter_mut().flat_map(|p| &mut p.places).for_each(|at| *at = volume.grid().world(*at));
        let again = prompts(&volume, &world, Space::World, 1.0).unwrap();
        assert_eq!(again.0, found);
        let one = |typed: TypedPrompt| {
            prompts(&volume, &[typed], Space::Voxel, 1.0).unwrap_err().to_string()
        };
        let error = one(typed(ShapeKind::Scribble, &[[0.0, 0.0, 0.0], [1.0, 2.0, 3.0]]));
        assert!(error.starts_with("scribble 1: its places do not lie in one slice"), "{error}");
        let error = one(typed(ShapeKind::Box, &[[0.0, 0.0, 0.0], [9.0, 2.0, 0.0]]));
        assert!(error.starts_with("box 1 is outside of the scan"), "{error}");
        let error = one(typed(ShapeKind::Box, &[[0.0, 0.0, 0.0], [0.0, 2.0, 0.0]]));
        assert!(error.contains("two voxels along each side"), "{error}");
    }
}
