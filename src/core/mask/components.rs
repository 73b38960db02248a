//! Which runs of a region hang together.

use super::{MaskError, WorkLimits};
use crate::volume::Run;

/// Which voxels count as neighbours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Connectivity {
    /// Those that share a face: 6 in a volume, 4 in a slice.
    Faces,
    /// Those that share a face, an edge or a corner: 26 in a volume, 8 in a slice. The usual one for the parts of a
    /// mask: thin vessels run diagonally.
    #[default]
    Corners,
}

/// The rows before a row that its runs may touch, as steps along y and z, and by how many voxels runs may miss each
/// other along x.
#[derive(Clone, Copy, Debug)]
pub(super) struct Links {
    pub rows: &'static [(isize, isize)],
    pub miss: usize,
}

impl From<Connectivity> for Links {
    fn from(connectivity: Connectivity) -> Self {
        match connectivity {
            Connectivity::Faces => Self { rows: &[(-1, 0), (0, -1)], miss: 0 },
            Connectivity::Corners => Self { rows: &[(-1, 0), (-1, -1), (0, -1), (1, -1)], miss: 1 },
        }
    }
}

/// One row of voxels that has runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct RunsOfRow {
    /// Counted in memory order: y + ny * z.
    pub row: usize,
    /// Its runs.
    pub first: usize,
    pub end: usize,
}

/// The rows that runs in memory order lie in; `nx` voxels each.
pub(super) fn rows(runs: &[Run], nx: usize) -> Vec<RunsOfRow> {
    let mut rows: Vec<RunsOfRow> = Vec::new();
    for (n, run) in runs.iter().enumerate() {
        match rows.last_mut() {
            Some(last) if run.start < (last.row + 1) * nx => last.end = n + 1,
            _ => rows.push(RunsOfRow { row: run.start / nx, first: n, end: n + 1 }),
        }
    }
    rows
}

/// The component of each run, numbered from 0 in the order of their first runs, and how many there are.
///
/// Union-find over runs (as in He, Chao and Suzuki, "A run-based two-scan labeling algorithm", 2008): the cost is that
/// of the runs, not of the voxels.
pub(super) fn components(
    runs: &[Run],
    rows: &[RunsOfRow],
    dims: [usize; 3],
    links: Links,
    limits: &WorkLimits,
) -> Result<(Vec<u32>, usize), MaskError> {
    let [nx, ny, _] = dims;
    limits.allow(Some(runs.len()), 2 * size_of::<u32>())?;
    let mut sets = Sets((0..runs.len() as u32).collect());
    let mut cursors = vec![0; links.rows.len()];
    for (n, here) in rows.iter().enumerate() {
        if n % 4096 == 0 {
            limits.check()?;
        }
        let y = here.row % ny;
        for (&(dy, dz), cursor) in links.rows.iter().zip(&mut cursors) {
            let there = y.checked_add_signed(dy).filter(|&y| y < ny);
            let Some(there) = there
                .and_then(|y| (here.row - here.row % ny + y).checked_add_signed(ny as isize * dz))
            else {
                continue;
            };
            while rows[*cursor].row < there {
                *cursor += 1;
            }
            if rows[*cursor].row == there {
                let by = nx * (here.row - there);
                join(&mut sets, runs, *here, rows[*cursor], by, links.miss);
            }
        }
    }
    Ok(sets.numbered())
}

/// Joins the runs of two rows that touch; `by` is how far the rows are apart in memory.
fn join(sets: &mut Sets, runs: &[Run], here: RunsOfRow, there: RunsOfRow, by: usize, miss: usize) {
    let (mut a, mut b) = (here.first, there.first);
    while a < here.end && b < there.end {
        let (one, other) = (runs[a], Run { start: runs[b].start + by, len: runs[b].len });
        if one.start < other.end() + miss && other.start < one.end() + miss {
            sets.join(a as u32, b as u32);
        }
        if one.end() < other.end() { a += 1 } else { b += 1 }
    }
}

/// Disjoint sets; each is named by its first member.
struct Sets(Vec<u32>);

impl Sets {
    fn root(&mut self, mut n: u32) -> u32 {
        while self.0[n as usize] != n {
            let above = self.0[self.0[n as usize] as usize];
            self.0[n as usize] = above;
            n = above;
        }
        n
    }

    fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b) as usize] = a.min(b);
    }

    /// The number of each member's set, and how many there are.
    fn numbered(mut self) -> (Vec<u32>, usize) {
        let mut count = 0;
        for n in 0..self.0.len() {
            // A set's first member comes before the others, whose parents have their numbers already.
            let parent = self.0[n] as usize;
            if parent == n {
                self.0[n] = count;
                count += 1;
            } else {
                self.0[n] = self.0[parent];
            }
        }
        (self.0, count as usize)
    }
}
