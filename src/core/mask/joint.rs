//! Smoothing of several masks that touch, so that they touch afterwards.
//!
//! Each mask, and what is in none of them, becomes a field by convolution with a Gaussian; a voxel then belongs to the
//! highest of the fields at its place. So there is no gap and no overlap. (Threshold dynamics of several phases:
//! Merriman, Bence and Osher, "Motion of multiple junctions: a level set approach", 1994.) By itself that makes convex
//! masks smaller: a bias is added to each mask's field, found so that every volume stays what it was (Jacobs, Merkurjev
//! and Esedoḡlu, "Auction dynamics: a volume constrained MBO scheme", 2018; here the biases are found one after the
//! other, each exactly with the others held, until all fit).

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::gaussian::{Blurred, Kernel};
use super::limits::{MaskError, WorkLimits, size};
use super::scope::Scope;
use crate::geom::Grid;
use crate::volume::{Region, RegionBuilder, VoxelBox};

/// Volumes are kept to this share (and to a voxel) where voxels allow it.
const TOLERANCE: f64 = 0.001;
/// How often all biases are looked for in turn.
const ROUNDS: usize = 40;

/// The masks smoothed with a Gaussian of standard deviation `sigma_mm`, each with the volume that it had (to a
/// thousandth, or a voxel, or as many voxels as are alike there). Where they touched they touch, without a gap; none
/// overlap. A voxel that more than one has counts as the first's. Small islands go, and masks much smaller than sigma
/// become round. At the volume's edge as if its outermost voxels went on. No more than 65 535 masks.
pub fn smooth_together(
    regions: &[Region],
    grid: &Grid,
    sigma_mm: f64,
    scope: Scope,
    limits: &WorkLimits,
) -> Result<Vec<Region>, MaskError> {
    let sigma = scope.flat([size(sigma_mm)?; 3]);
    let dims = grid.dims();
    let row = dims[0];
    let mut taken = Region::default();
    let mut rest = Vec::with_capacity(regions.len());
    let mut apart = Vec::with_capacity(regions.len());
    for region in regions {
        let own = region.without(&taken, row);
        taken.add(&own, row);
        let within = scope.within(&own, dims).unwrap_or_default();
        rest.push(own.without(&within, row));
        apart.push(within);
    }
    debug_assert!(regions.len() <= usize::from(NONE), "labels have 16 bits");
    let kernel = Kernel::of(sigma, grid);
    if kernel.reach() == [0; 3] {
        return Ok(rest.iter().zip(&apart).map(|(a, b)| a.union(b, row)).collect());
    }
    // All fields, and the largest once more while it is made.
    let sizes = apart.iter().map(|region| Blurred::voxels(region, dims, &kernel));
    let (sum, most) =
        sizes.fold((0usize, 0), |(sum, most), n| (sum.saturating_add(n), most.max(n)));
    limits.allow(sum.checked_add(most), size_of::<f32>())?;
    let fields: Result<Vec<_>, _> =
        apart.iter().map(|region| Blurred::of(region, dims, &kernel, limits)).collect();
    let fields = Fields { dims, fields: fields? };
    let targets: Vec<usize> = apart.iter().map(Region::count).collect();
    let smoothed = fields.divided(&targets, limits)?;
    Ok(rest.iter().zip(smoothed).map(|(rest, smoothed)| smoothed.union(rest, row)).collect())
}

/// The fields of all masks.
struct Fields {
    dims: [usize; 3],
    fields: Vec<Option<Blurred>>,
}

/// The winner of a voxel that none of the masks has.
const NONE: u16 = u16::MAX;

/// One slice of the volume, where there are fields in it.
struct Slice {
    /// What of the volume.
    bounds: VoxelBox,
    /// The highest field of each voxel, without biases; the number of its mask or `NONE`.
    winners: Vec<u16>,
    /// Voxels that a bias may give to another, counted from the corner of `bounds`.
    open: Vec<u32>,
    /// How many fields each of them has, and these fields.
    counts: Vec<u16>,
    candidates: Vec<Candidate>,
}

impl Slice {
    /// What its open voxels take in memory.
    fn bytes(&self) -> usize {
        self.open.len() * (size_of::<u32>() + size_of::<u16>())
            + self.candidates.len() * size_of::<Candidate>()
    }
}

/// A field at a voxel.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    mask: u16,
    /// Double: far from a small mask, fields are small and so are their differences.
    value: f64,
}

impl Fields {
    /// The masks that these fields make, with as many voxels as `targets` says.
    fn divided(&self, targets: &[usize], limits: &WorkLimits) -> Result<Vec<Region>, MaskError> {
        // Voxels whose highest field is this much above the next are decided without biases. Most are; where biases
        // turn out to be larger, all are looked at.
        let mut spread = 0.4;
        loop {
            let slices = self.slices(spread, limits)?;
            let mut contest = Contest::of(&slices, targets, limits)?;
            contest.settle(limits)?;
            if (contest.is_enough() && contest.spread() <= f64::from(spread)) || spread >= 2.0 {
                return Ok(self.regions(slices, &contest));
            }
            spread = if spread < 0.9 { 0.9 } else { 2.0 };
        }
    }

    /// The box in slice `z` in which there are fields, and the numbers of these fields.
    fn in_slice(&self, z: usize) -> (Option<VoxelBox>, Vec<usize>) {
        let there = |n: &usize| {
            self.fields[*n].as_ref().is_some_and(|field| {
                let bounds = field.frame.bounds();
                (bounds.min[2]..bounds.max[2]).contains(&z)
            })
        };
        let masks: Vec<usize> = (0..self.fields.len()).filter(there).collect();
        let boxes = masks.iter().filter_map(|&n| Some(*self.fields[n].as_ref()?.frame.bounds()));
        let bounds = boxes.reduce(|a, b| a.union(&b));
        let flat = |b: VoxelBox| VoxelBox {
            min: [b.min[0], b.min[1], z],
            max: [b.max[0], b.max[1], z + 1],
        };
        (bounds.map(flat), masks)
    }

    /// A mask's field along a row of the volume: its first x, and its values. The row must be in the field's box.
    fn row(&self, mask: usize, y: usize, z: usize) -> (usize, &[f32]) {
        let Some(Blurred { frame, values }) = &self.fields[mask] else { return (0, &[]) };
        let (min, [nx, ny, nz]) = (frame.bounds().min, frame.size());
        match (y.checked_sub(min[1]), z.checked_sub(min[2])) {
            (Some(y), Some(z)) if y < ny && z < nz => (min[0], &values[(z * ny + y) * nx..][..nx]),
            _ => (0, &[]),
        }
    }

    /// All slices that have fields, each with its voxels decided or open.
    fn slices(&self, spread: f32, limits: &WorkLimits) -> Result<Vec<Slice>, MaskError> {
        let boxes = || self.fields.iter().flatten().map(|field| *field.frame.bounds());
        let Some(all) = boxes().reduce(|a, b| a.union(&b)) else { return Ok(Vec::new()) };
        let held: usize = (all.min[2]..all.max[2])
            .filter_map(|z| self.in_slice(z).0)
            .map(|bounds| bounds.size().iter().product::<usize>())
            .sum();
        limits.allow(Some(held), size_of::<u16>())?;
        // How many voxels are open is seen on the way.
        let taken = AtomicUsize::new(held * size_of::<u16>());
        (all.min[2]..all.max[2])
            .into_par_iter()
            .filter_map(|z| {
                let (bounds, masks) = self.in_slice(z);
                Some((bounds?, masks))
            })
            .map_init(Leaders::default, |leaders, (bounds, masks)| {
                limits.check()?;
                self.slice(leaders, (bounds, &masks), spread, (&taken, limits))
            })
            .collect()
    }

    fn slice(
        &self,
        leaders: &mut Leaders,
        (bounds, masks): (VoxelBox, &[usize]),
        spread: f32,
        (taken, limits): (&AtomicUsize, &WorkLimits),
    ) -> Result<Slice, MaskError> {
        let ([nx, ny, _], z) = (bounds.size(), bounds.min[2]);
        let mut slice = Slice {
            bounds,
            winners: Vec::with_capacity(nx * ny),
            open: Vec::new(),
            counts: Vec::new(),
            candidates: Vec::new(),
        };
        let mut held = 0;
        for y in bounds.min[1]..bounds.max[1] {
            leaders.begin(nx);
            let rows: Vec<(u16, usize, &[f32])> = masks
                .iter()
                .map(|&mask| {
                    let (first, values) = self.row(mask, y, z);
                    (mask as u16, first.saturating_sub(bounds.min[0]), values)
                })
                .filter(|(.., values)| !values.is_empty())
                .collect();
            for &(mask, first, values) in &rows {
                leaders.meet(mask, first, values);
            }
            for x in 0..nx {
                let rest = (1.0 - leaders.sum[x]).max(0.0);
                let (winner, ahead) = leaders.first(x, rest);
                slice.winners.push(winner);
                if ahead > spread {
                    continue;
                }
                slice.open.push(((y - bounds.min[1]) * nx + x) as u32);
                let (before, mut rest) = (slice.candidates.len(), 1.0);
                for &(mask, first, values) in &rows {
                    let value = x.checked_sub(first).and_then(|x| values.get(x));
                    if let Some(&value) = value.filter(|&&value| value > 0.0) {
                        let value = f64::from(value);
                        slice.candidates.push(Candidate { mask, value });
                        rest -= value;
                    }
                }
                slice.candidates.push(Candidate { mask: NONE, value: rest });
                slice.counts.push((slice.candidates.len() - before) as u16);
            }
            // Lists that grow hold up to twice what is in them.
            let now = 2 * slice.bytes();
            let all = taken.fetch_add(now - held, Ordering::Relaxed).saturating_add(now - held);
            held = now;
            limits.allow(Some(all), 1)?;
        }
        Ok(slice)
    }

    /// Who has which voxels, in the end.
    fn regions(&self, mut slices: Vec<Slice>, contest: &Contest) -> Vec<Region> {
        let mut starts = Vec::with_capacity(slices.len());
        let mut at = 0;
        for slice in &slices {
            starts.push(at);
            at += slice.open.len();
        }
        let [nx, ny, _] = self.dims;
        let pieces: Vec<Vec<Region>> = slices
            .par_iter_mut()
            .zip(starts)
            .map(|(slice, start)| {
                for (n, &at) in slice.open.iter().enumerate() {
                    slice.winners[at as usize] = contest.winner(start + n);
                }
                let mut builders: Vec<RegionBuilder> =
                    self.fields.iter().map(|_| RegionBuilder::new(nx)).collect();
                let min = slice.bounds.min;
                let wide = slice.bounds.size()[0];
                for (y, row) in slice.winners.chunks_exact(wide).enumerate() {
                    let start = min[0] + nx * (min[1] + y + ny * min[2]);
                    let mut x = 0;
                    for same in row.chunk_by(|a, b| a == b) {
                        if let Some(builder) = builders.get_mut(usize::from(same[0])) {
                            builder.push(start + x, same.len());
                        }
                        x += same.len();
                    }
                }
                builders.into_iter().map(RegionBuilder::finish).collect()
            })
            .collect();
        let of = |mask: usize| -> Vec<Region> {
            pieces.iter().map(|slice| slice[mask].clone()).collect()
        };
        (0..self.fields.len()).map(|mask| Region::joined(&of(mask))).collect()
    }
}

/// The highest and the second highest field along a row.
#[derive(Default)]
struct Leaders {
    sum: Vec<f32>,
    best: Vec<f32>,
    second: Vec<f32>,
    mask: Vec<u16>,
}

impl Leaders {
    fn begin(&mut self, count: usize) {
        for values in [&mut self.sum, &mut self.best, &mut self.second] {
            values.clear();
            values.resize(count, 0.0);
        }
        self.mask.clear();
        self.mask.resize(count, NONE);
    }

    fn meet(&mut self, mask: u16, first: usize, values: &[f32]) {
        for (x, &value) in values.iter().enumerate().filter(|(_, v)| **v > 0.0) {
            let x = first + x;
            self.sum[x] += value;
            if value > self.best[x] {
                self.second[x] = self.best[x];
                (self.best[x], self.mask[x]) = (value, mask);
            } else if value > self.second[x] {
                self.second[x] = value;
            }
        }
    }

    /// Who is first if `rest` belongs to none, and by how much.
    fn first(&self, x: usize, rest: f32) -> (u16, f32) {
        if rest > self.best[x] {
            (NONE, rest - self.best[x])
        } else {
            (self.mask[x], self.best[x] - self.second[x].max(rest))
        }
    }
}

/// The open voxels of all slices, and the biases for which they are looked at.
struct Contest {
    /// Where the candidates of each voxel begin, and where the last one's end.
    starts: Vec<u32>,
    candidates: Vec<Candidate>,
    /// The open voxels that each mask has a field at.
    of_mask: Vec<Vec<u32>>,
    /// How many of them each mask is to have.
    wanted: Vec<isize>,
    /// Voxels each mask is to have in all.
    targets: Vec<usize>,
    bias: Vec<f64>,
}

impl Contest {
    fn of(slices: &[Slice], targets: &[usize], limits: &WorkLimits) -> Result<Self, MaskError> {
        let open: usize = slices.iter().map(|slice| slice.open.len()).sum();
        let fields: usize = slices.iter().map(|slice| slice.candidates.len()).sum();
        // Here and in the slices, and by mask.
        limits.allow(fields.checked_mul(3), size_of::<Candidate>())?;
        let mut starts = Vec::with_capacity(open + 1);
        let mut candidates = Vec::with_capacity(fields);
        let mut of_mask = vec![Vec::new(); targets.len()];
        let mut wanted: Vec<isize> = targets.iter().map(|&n| n as isize).collect();
        for slice in slices {
            let mut open = slice.open.iter().peekable();
            for (at, &winner) in slice.winners.iter().enumerate() {
                let decided = open.next_if(|&&open| open as usize == at).is_none();
                if let Some(wanted) = wanted.get_mut(usize::from(winner)).filter(|_| decided) {
                    *wanted -= 1;
                }
            }
            let mut rest = &slice.candidates[..];
            for &count in &slice.counts {
                let (these, others) = rest.split_at(usize::from(count));
                for candidate in these {
                    if let Some(of_mask) = of_mask.get_mut(usize::from(candidate.mask)) {
                        of_mask.push(starts.len() as u32);
                    }
                }
                starts.push(candidates.len() as u32);
                candidates.extend_from_slice(these);
                rest = others;
            }
        }
        starts.push(candidates.len() as u32);
        let bias = vec![0.0; targets.len()];
        Ok(Self { starts, candidates, of_mask, wanted, targets: targets.to_vec(), bias })
    }

    fn candidates(&self, voxel: usize) -> &[Candidate] {
        &self.candidates[self.starts[voxel] as usize..self.starts[voxel + 1] as usize]
    }

    fn biased(&self, candidate: &Candidate) -> f64 {
        candidate.value + self.bias.get(usize::from(candidate.mask)).copied().unwrap_or(0.0)
    }

    /// Of candidates that are equal, the first mask.
    fn winner(&self, voxel: usize) -> u16 {
        let mut winner = (NONE, f64::NEG_INFINITY);
        for candidate in self.candidates(voxel) {
            let value = self.biased(candidate);
            if value > winner.1 {
                winner = (candidate.mask, value);
            }
        }
        winner.0
    }

    /// How much each mask lacks at each of its open voxels: the bias that would make it the winner.
    fn lacking(&self, mask: usize) -> Vec<f64> {
        let lacks = |&voxel: &u32| {
            let (mut own, mut best) = (0.0, f64::NEG_INFINITY);
            for candidate in self.candidates(voxel as usize) {
                if usize::from(candidate.mask) == mask {
                    own = candidate.value;
                } else {
                    best = best.max(self.biased(candidate));
                }
            }
            best - own
        };
        self.of_mask[mask].par_iter().with_min_len(4096).map(lacks).collect()
    }

    /// Finds the biases.
    fn settle(&mut self, limits: &WorkLimits) -> Result<(), MaskError> {
        for _ in 0..ROUNDS {
            for mask in 0..self.targets.len() {
                limits.check()?;
                if !self.of_mask[mask].is_empty() {
                    let mut lacking = self.lacking(mask);
                    self.bias[mask] = bias(&mut lacking, self.wanted[mask]);
                }
            }
            let fits = |(&target, off): (&usize, isize)| {
                off.unsigned_abs() as f64 <= (target as f64 * TOLERANCE).max(1.0)
            };
            if self.targets.len() == 1 || self.targets.iter().zip(self.off()).all(fits) {
                break;
            }
        }
        Ok(())
    }

    /// How many voxels each mask has too many.
    fn off(&self) -> Vec<isize> {
        let mut off: Vec<isize> = self.wanted.iter().map(|&n| -n).collect();
        for voxel in 0..self.starts.len() - 1 {
            if let Some(off) = off.get_mut(usize::from(self.winner(voxel))) {
                *off += 1;
            }
        }
        off
    }

    /// Whether there are as many open voxels as any mask is to have.
    fn is_enough(&self) -> bool {
        let mut both = self.wanted.iter().zip(&self.of_mask);
        both.all(|(&wanted, open)| (0..=open.len() as isize).contains(&wanted))
    }

    /// The largest difference of two biases, that of what is in no mask being 0.
    fn spread(&self) -> f64 {
        let (least, most) =
            self.bias.iter().fold((0f64, 0f64), |(a, b), &bias| (a.min(bias), b.max(bias)));
        most - least
    }
}

/// The bias that wins so many voxels, or, where some are alike, as near as can be.
fn bias(lacking: &mut [f64], wanted: isize) -> f64 {
    /// From here on it is surely more or less.
    const HAIR: f64 = 1e-9;
    let wanted = wanted.clamp(0, lacking.len() as isize) as usize;
    let least = |values: &[f64]| values.iter().copied().fold(f64::INFINITY, f64::min);
    if wanted == 0 {
        return least(lacking) - HAIR;
    }
    let (_, &mut last, others) = lacking.select_nth_unstable_by(wanted - 1, f64::total_cmp);
    let next = least(others);
    if next - last > 2.0 * HAIR {
        return if next.is_finite() { f64::midpoint(last, next) } else { last + HAIR };
    }
    // Nearly alike: those up to here, or those before.
    let (with, without) = (last + HAIR, last - HAIR);
    let count = |bias: f64| lacking.iter().filter(|&&lack| lack < bias).count();
    if count(with) - wanted <= wanted - count(without) { with } else { without }
}

#[cfg(test)]
mod tests;
