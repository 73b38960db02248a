//! What it costs to grow an organ of 128 mL from a scribble in it and one around it, and to bring that up to date.

use std::f64::consts::TAU;

use glam::DVec2;

use super::organ::organ;
use super::timed;
use crate::geom::{DVec3, Grid};
use crate::mask::WorkLimits;
use crate::mask::brush::{Brush, Tip};
use crate::mask::grow_cut::{GrowCut, GrowCutOptions};
use crate::volume::{Region, Scale, StoredGeometry, Volume, Voxels};

/// Of the organ that is grown, times that of the other operations in volume.
const VOLUME_SCALE: f64 = 1.28;
/// Scribbles are made with a ball of this radius, mm.
const SCRIBBLE_MM: f64 = 2.0;
/// Values of the organ, and half the width of the noise everywhere: a standard deviation of 12, as in a usual CT of the
/// abdomen with contrast agent.
const CONTRAST: i16 = 100;
const NOISE: i16 = 20;

/// A step of the work: what it is called, how long it took each time, and the voxels of the organ then.
pub struct GrowCutStep {
    pub key: &'static str,
    pub name: &'static str,
    pub ms: Vec<f64>,
    pub voxels: usize,
}

/// A scan of noise with an organ, and where scribbles are drawn in it.
pub struct GrowCutScene {
    volume: Volume,
    /// One in the organ, one in it elsewhere.
    inside: [Region; 2],
    /// A ring around it, in the axial plane, and one above it: with the second the box grows.
    around: [Region; 2],
    pub steps: [GrowCutStep; 3],
}

impl GrowCutScene {
    pub fn new(grid: &Grid) -> Self {
        let organ = organ(grid, VOLUME_SCALE.cbrt());
        let mut noise = 0x2545_f491_4f6c_dd1d_u64;
        let mut values: Vec<i16> = (0..grid.count())
            .map(|_| {
                // xorshift64 (Marsaglia 2003).
                noise ^= noise << 13;
                noise ^= noise >> 7;
                noise ^= noise << 17;
                (noise % (2 * NOISE as u64 + 1)) as i16 - NOISE
            })
            .collect();
        for run in organ.runs() {
            values[run.start..run.end()].iter_mut().for_each(|value| *value += CONTRAST);
        }
        let bounds = organ.bounds(grid.dims());
        let corner = |voxel: [usize; 3]| grid.world_of(voxel);
        let half = bounds.map_or(DVec3::ONE, |b| (corner(b.max) - corner(b.min)).abs() / 2.0);
        let scribble = |points: &[DVec3]| {
            let brush = Brush { radius_mm: SCRIBBLE_MM, tip: Tip::Ball };
            let mut all = Region::default();
            for ends in points.windows(2) {
                let swept = brush.sweep(grid, grid.centre() + ends[0], grid.centre() + ends[1]);
                all.add(&swept, grid.dims()[0]);
            }
            all
        };
        // A ring leaves room for the organ's lobes.
        let ring = |share: f64, z: f64| -> Vec<DVec3> {
            let direction = |n: usize| DVec3::from((DVec2::from_angle(TAU * n as f64 / 32.0), 0.0));
            (0..=32).map(|n| direction(n) * half * share + DVec3::Z * z * half.z).collect()
        };
        let steps = [
            ("growcut", "grown from two scribbles, 128 mL"),
            ("growcut_update", "  and brought up to date after a third"),
            ("growcut_wider", "  and after a fourth, outside of its box"),
        ];
        Self {
            volume: Volume::new(
                "seeds",
                grid.clone(),
                grid.dims().to_vec(),
                Voxels::I16(values),
                Scale::NONE,
                StoredGeometry::of(grid),
                Vec::new(),
            ),
            inside: [
                scribble(&[-DVec3::X * half * 0.4, DVec3::X * half * 0.4]),
                scribble(&[DVec3::Z * half * 0.2, DVec3::Z * half * 0.5]),
            ],
            around: [scribble(&ring(1.1, 0.0)), scribble(&ring(0.5, 1.2))],
            steps: steps.map(|(key, name)| GrowCutStep { key, name, ms: Vec::new(), voxels: 0 }),
        }
    }

    /// Grows anew, and twice on.
    pub fn run(&mut self) -> anyhow::Result<()> {
        let ([a, b], [c, d]) = (&self.inside, &self.around);
        let (inside, outside) = (1, 2);
        let seeds = [(inside, a), (outside, c), (inside, b), (outside, d)];
        let options = GrowCutOptions::of(&self.volume, &seeds[..2]);
        let mut cut = GrowCut::new(options);
        for (step, count) in self.steps.iter_mut().zip(2..) {
            let limits = WorkLimits::none();
            let (found, ms) = timed(|| cut.grow(&self.volume, &seeds[..count], &limits));
            step.voxels = found?.get(&inside).map_or(0, Region::count);
            step.ms.push(ms);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::DAffine3;

    #[test]
    fn the_scribbles_become_the_organ() {
        let grid = Grid::new([80, 64, 48], DAffine3::from_scale(DVec3::splat(2.0))).unwrap();
        let organ = organ(&grid, VOLUME_SCALE.cbrt());
        let mut scene = GrowCutScene::new(&grid);
        scene.run().unwrap();
        for step in &scene.steps {
            let share = step.voxels as f64 / organ.count() as f64;
            assert!((0.9..1.1).contains(&share), "{}: {share}", step.name);
        }
    }
}
