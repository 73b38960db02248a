//! A slice's numbers from the CPU's copy of the scan: at once where that takes no longer than a frame has, else
//! coarser at first and whole from a thread of its own.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;

use rayon::prelude::*;

use super::encoding::Encoding;
use super::{Projection, SliceParams};
use crate::geom::{DAffine3, DVec3};
use crate::volume::{Interpolation, Keep, Row, Sampler, Thickness, Volume};
use crate::work::{CancelToken, Died, Task, Wake};

/// Voxels that may be read for all slices of a frame while the window waits: about 20 ms on two cores
/// (`voxpoint bench view`).
const VOXELS_AT_ONCE: f64 = 4e6;

/// Everything on which the numbers of a slice depend.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct SliceSampling {
    voxel_from_pane: DAffine3,
    interpolation: Interpolation,
    thickness: Option<Thickness>,
    /// Pixels.
    size: [u32; 2],
    /// Other voxels or another encoding have another number.
    scan: u64,
}

impl SliceSampling {
    pub(super) fn new(params: &SliceParams, size: [u32; 2], slope: f64, scan: u64) -> Self {
        let interpolation = params.interpolation;
        let thickness = thickness(params, slope);
        Self { voxel_from_pane: params.voxel_from_pane, interpolation, thickness, size, scan }
    }

    /// Pixels along each side for which one is to be read, so that the window does not have to wait for so many
    /// slices like this: 1 where it need not for all of them.
    pub(super) fn pixels_at_once(&self, slices: usize) -> u32 {
        let voxels = match self.interpolation {
            Interpolation::Nearest => 1.0,
            Interpolation::Linear => 8.0,
            Interpolation::Cubic => 64.0,
        };
        let samples = self.thickness.map_or(1, |thickness| thickness.samples);
        let pixels = f64::from(self.size[0]) * f64::from(self.size[1]);
        let all = pixels * voxels * f64::from(samples) * slices.max(1) as f64;
        (all / VOXELS_AT_ONCE).sqrt().ceil().max(1.0) as u32
    }

    /// Stored numbers, rows of the pane from the top; of each block of `every` × `every` pixels (from the top left
    /// corner) all have that of the place in its middle. Until the range of the scan is known, infinite numbers are as
    /// they are.
    pub(super) fn numbers(
        &self,
        volume: &Volume,
        encoding: Option<&Encoding>,
        every: u32,
    ) -> Vec<f64> {
        let [width, height] = self.size.map(|n| n as usize);
        let every = every.max(1) as usize;
        let mut raw = vec![0.0; width * height];
        let sampler = sampler(volume, encoding);
        raw.par_chunks_mut(width * every).enumerate().for_each(|(block, rows)| {
            let mut read = vec![0.0; width.div_ceil(every)];
            self.read_row(&sampler, block * every, every, &mut read);
            let (first, others) = rows.split_at_mut(width);
            for (x, number) in first.iter_mut().enumerate() {
                *number = read[x / every];
            }
            others.chunks_exact_mut(width).for_each(|row| row.copy_from_slice(first));
        });
        raw
    }

    /// [`SliceSampling::numbers`] of every pixel, on other threads; `wake` is called when they are there. `None` if the
    /// system gives no thread, or if the slice is nowhere.
    pub(super) fn start(
        self,
        volume: &Arc<Volume>,
        encoding: Option<Encoding>,
        wake: Wake,
    ) -> Option<SamplingJob> {
        if !self.voxel_from_pane.is_finite() {
            return None;
        }
        let volume = Arc::clone(volume);
        let work = move |cancel: &CancelToken, _: &_| {
            let [width, height] = self.size.map(|n| n as usize);
            let mut raw = vec![0.0; width * height];
            let sampler = sampler(&volume, encoding.as_ref());
            // Not the pool's threads: the window's own reading would wait for them.
            let threads = std::thread::available_parallelism().map_or(1, usize::from);
            let rows = height.div_ceil(threads).max(1);
            // This thread takes part, and does what the system gives no thread for.
            let rest = Mutex::new(raw.chunks_mut(width * rows).enumerate());
            let next = || rest.lock().ok().and_then(|mut rest| rest.next());
            let read = || {
                while let Some((n, part)) = next() {
                    for (y, out) in part.chunks_exact_mut(width).enumerate() {
                        if cancel.is_cancelled() {
                            return;
                        }
                        self.read_row(&sampler, n * rows + y, 1, out);
                    }
                }
            };
            std::thread::scope(|scope| {
                let start = |_: &usize| Builder::new().spawn_scoped(scope, read).is_ok();
                let _started = (1..threads).take_while(start).count();
                read();
            });
            raw
        };
        match Task::start("slice", wake, work) {
            Ok(task) => Some(SamplingJob { sampling: self, task: Mutex::new(task), made: None }),
            Err(why) => {
                tracing::warn!("a slice stays coarse: {why}");
                None
            }
        }
    }

    fn read_row(&self, sampler: &Sampler<'_>, y: usize, every: usize, out: &mut [f64]) {
        let middle = (every / 2) as f64 + 0.5;
        let centre = DVec3::new(middle, y as f64 + middle, 0.0);
        let row = Row {
            start: self.voxel_from_pane.transform_point3(centre),
            step: self.voxel_from_pane.matrix3.x_axis * every as f64,
        };
        sampler.row(row, self.interpolation, self.thickness, out);
    }
}

/// A slice whose numbers are being made.
pub(super) struct SamplingJob {
    pub(super) sampling: SliceSampling,
    /// The scene that holds it is shared between threads.
    task: Mutex<Task<Vec<f64>>>,
    /// What came of it, until somebody wants it: the pane may not be seen any more.
    made: Option<Result<Vec<f64>, Died>>,
}

impl SamplingJob {
    /// The numbers, once, when they are there, or that they never will be.
    pub(super) fn poll(&mut self) -> Option<Result<Vec<f64>, Died>> {
        self.is_running();
        self.made.take()
    }

    /// Whether threads are at work on it.
    pub(super) fn is_running(&mut self) -> bool {
        if self.made.is_none() {
            self.made = self.task.get_mut().unwrap_or_else(PoisonError::into_inner).poll();
        }
        self.made.is_none()
    }
}

fn sampler<'a>(volume: &'a Volume, encoding: Option<&Encoding>) -> Sampler<'a> {
    let everything = (f64::NAN, (f64::MIN, f64::MAX));
    let (nan, range) = encoding.map_or(everything, Encoding::stand_ins);
    let first = volume.time_point_range().start;
    Sampler::new(volume.voxels(), first, volume.grid().dims(), nan, range)
}

/// The largest value has the smallest stored number where the scale falls.
fn thickness(params: &SliceParams, slope: f64) -> Option<Thickness> {
    let slab = params.slab?;
    let keep = match (slab.projection, slope < 0.0) {
        (Projection::Mean, _) => Keep::Mean,
        (Projection::Max, false) | (Projection::Min, true) => Keep::Largest,
        (Projection::Max, true) | (Projection::Min, false) => Keep::Smallest,
    };
    Some(Thickness { keep, samples: slab.samples.max(1), step: slab.voxel_step })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::Grid;
    use crate::volume::{Scale, StoredGeometry, Voxels};

    const DIMS: [usize; 3] = [7, 5, 3];

    /// A volume that counts its voxels.
    fn counting() -> Arc<Volume> {
        let grid = Grid::new(DIMS, DAffine3::IDENTITY).unwrap();
        let stored = StoredGeometry::of(&grid);
        let voxels = Voxels::F32((0..105u8).map(f32::from).collect());
        Arc::new(Volume::new("n", grid, DIMS.to_vec(), voxels, Scale::NONE, stored, Vec::new()))
    }

    /// Slice 1, a pixel for each voxel.
    fn sampling(size: [u32; 2]) -> SliceSampling {
        let voxel_from_pane = DAffine3::from_translation(DVec3::new(-0.5, -0.5, 1.0));
        SliceSampling {
            voxel_from_pane,
            interpolation: Interpolation::Nearest,
            thickness: None,
            size,
            scan: 0,
        }
    }

    #[test]
    fn coarse_numbers_are_those_of_the_middle_of_their_block() {
        let volume = counting();
        let whole = sampling([7, 5]).numbers(&volume, None, 1);
        assert_eq!(whole, (35..70).map(f64::from).collect::<Vec<_>>());
        let coarse = sampling([7, 5]).numbers(&volume, None, 3);
        for y in 0..5 {
            for x in 0..7 {
                // The last block's middle lies where the scan's last voxels go on.
                let middle = [(x / 3 * 3 + 1).min(6), (y / 3 * 3 + 1).min(4)];
                assert_eq!(coarse[x + 7 * y], whole[middle[0] + 7 * middle[1]], "{x} {y}");
            }
        }
    }

    #[test]
    fn threads_make_the_same_and_wake_the_window() {
        let (tell, told) = std::sync::mpsc::channel();
        let tell = Mutex::new(tell);
        let wake: Wake = Arc::new(move || tell.lock().unwrap().send(()).unwrap());
        let volume = counting();
        let mut job = sampling([7, 5]).start(&volume, None, wake).unwrap();
        told.recv_timeout(std::time::Duration::from_mins(1)).unwrap();
        let made = job.poll().unwrap().unwrap();
        assert_eq!(made, sampling([7, 5]).numbers(&volume, None, 1));
        let nowhere = SliceSampling { voxel_from_pane: DAffine3::NAN, ..sampling([7, 5]) };
        assert!(nowhere.start(&volume, None, Arc::new(|| ())).is_none());
    }

    #[test]
    fn the_more_slices_the_coarser_they_are_at_once() {
        let one = SliceSampling { interpolation: Interpolation::Linear, ..sampling([700, 700]) };
        assert_eq!(one.pixels_at_once(1), 1);
        assert_eq!(one.pixels_at_once(4), 2);
        let thickness = Some(Thickness { keep: Keep::Mean, samples: 10, step: DVec3::Z });
        let cubic = SliceSampling { interpolation: Interpolation::Cubic, thickness, ..one };
        assert_eq!(cubic.pixels_at_once(1), 9);
    }
}
