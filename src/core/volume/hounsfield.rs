//! Telling CT by its values. A file does not say what its numbers are; two extremes don't either: one odd voxel
//! makes them, and field maps and phase images reach as far.

use super::Window;

/// Hounsfield units for each bin, and where they begin.
const BIN: f64 = 10.0;
const FIRST: f64 = -1300.0;
const BINS: usize = 340;

/// What a CT shows, as far as its values tell: it decides about the first window and the first 3D view.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CtContent {
    /// Soft tissue, with or without bone and air around.
    SoftTissue,
    /// Vessels (or a heart) full of contrast medium, most of which has so many Hounsfield units.
    Contrast(f64),
    /// Hardly anything but lung: a crop of one.
    Lung,
    /// Hardly anything but bone.
    Bone,
}

impl CtContent {
    /// The usual window: soft tissue W 400 L 40, lung W 1500 L -600, bone W 1800 L 400. With contrast medium from
    /// fat (-100) to 200 above the medium: vessels neither white nor as grey as muscle. For the 300 to 500 HU of an
    /// angiography that is W 600 to 800, L 200 to 300, as is usual for those.
    pub fn window(self) -> Window {
        match self {
            Self::SoftTissue => Window::new(40.0, 400.0),
            Self::Contrast(medium) => Window::new(f64::midpoint(medium, 100.0), medium + 300.0),
            Self::Lung => Window::new(-600.0, 1500.0),
            Self::Bone => Window::new(400.0, 1800.0),
        }
    }

    /// What a CT with these values shows; `None` if they are not Hounsfield units as far as one can tell. `values`
    /// are finite, in ascending order, a sample of the scan; `min` and `max` those of the whole of it.
    ///
    /// Hounsfield units have air at -1000 and nothing below it (but for one padding value, which is left out, and
    /// some noise), water at 0 and most tissue within 150 of it, little between lung and fat, and nothing that
    /// mirrors air above 500. Field maps and phases are as wide on both sides of 0; an MR with some odd voxel has
    /// no air.
    pub fn of(values: &[f64], min: f64, max: f64) -> Option<Self> {
        if !(min <= -500.0 && max >= -900.0) {
            return None;
        }
        let counts = Counts::of(values);
        let air = counts.share(FIRST, -500.0);
        let tissue = counts.share(-150.0, 150.0);
        let plausible = counts.below <= 0.01 && counts.above <= 0.05;
        let with_air = air >= 0.01
            && air >= 3.0 * counts.share(500.0, 1100.0)
            // By density: 300 units each.
            && (tissue >= 0.01_f64.max(1.5 * counts.share(-500.0, -200.0)) || counts.is_lung());
        // A crop inside of the body: a few voxels of air alone say little, but bone on one side of water does.
        let inside = air < 0.01
            && tissue >= 0.6
            && max >= 200.0
            && counts.share(300.0, 2100.0) >= 3.0 * counts.share(FIRST, -300.0);
        if !plausible || !(with_air || inside || counts.is_bone()) {
            return None;
        }
        Some(match counts.medium() {
            _ if counts.is_lung() => Self::Lung,
            _ if counts.is_bone() => Self::Bone,
            Some(medium) => Self::Contrast(medium),
            None => Self::SoftTissue,
        })
    }
}

/// Shares of what is neither padding nor exactly 0 (what was masked out).
struct Counts {
    bins: [f64; BINS],
    below: f64,
    above: f64,
    /// How many voxels there are.
    total: f64,
}

impl Counts {
    fn of(values: &[f64]) -> Self {
        let zeros = values.iter().filter(|v| **v == 0.0).count();
        let masked = zeros * 20 > values.len();
        let mut counts = Self { bins: [0.0; BINS], below: 0.0, above: 0.0, total: 0.0 };
        for alike in values.chunk_by(|a, b| a == b) {
            let (value, count) = (alike[0], alike.len());
            // Below air a value that is there too often to be noise is padding.
            let padding = value < FIRST && count * 200 > values.len();
            if padding || masked && value == 0.0 {
                continue;
            }
            let bin = ((value - FIRST) / BIN).floor();
            let count = count as f64;
            if bin < 0.0 {
                counts.below += count;
            } else if bin >= BINS as f64 {
                counts.above += count;
            } else {
                counts.bins[bin as usize] += count;
            }
            counts.total += count;
        }
        let total = counts.total.max(1.0);
        counts.bins.iter_mut().for_each(|bin| *bin /= total);
        (counts.below, counts.above) = (counts.below / total, counts.above / total);
        counts
    }

    /// Share of the values from `low` to below `high`; both are whole bins.
    fn share(&self, low: f64, high: f64) -> f64 {
        let bin = |value: f64| (((value - FIRST) / BIN) as usize).min(BINS);
        self.bins[bin(low)..bin(high)].iter().sum()
    }

    /// Beside air there is hardly anything but lung.
    fn is_lung(&self) -> bool {
        let lung = self.share(-950.0, -500.0);
        let matter = self.share(-950.0, 2100.0);
        lung >= 0.02 && lung >= 0.5 * matter && self.share(-150.0, 2100.0) <= 0.15 * matter
    }

    /// Beside air there is hardly anything but bone.
    fn is_bone(&self) -> bool {
        let bone = self.share(250.0, 2100.0);
        let nothing_between = self.share(-950.0, -150.0) <= 0.1 * bone;
        bone >= 0.01 && bone >= 0.7 * self.share(-950.0, 2100.0) && nothing_between
    }

    /// Hounsfield units of contrast medium: a hump of its own between 180 and 650. Bone has none: its share falls
    /// from soft tissue on, but for a slight one of teeth and cortical bone above 700.
    fn medium(&self) -> Option<f64> {
        // Smoothed over 50 units.
        let bin = |value: f64| ((value - FIRST) / BIN) as usize;
        let smooth = |n: usize| self.bins[n - 2..=n + 2].iter().sum::<f64>() / 5.0;
        let peak = (bin(180.0)..bin(650.0)).max_by(|a, b| {
            let rise = |n: usize| smooth(n) - (bin(100.0)..n).map(smooth).fold(1.0, f64::min);
            rise(*a).total_cmp(&rise(*b))
        })?;
        let valley = (bin(100.0)..peak).map(smooth).fold(1.0, f64::min);
        let hump: f64 = self.bins[peak - 7..=peak + 7].iter().sum();
        let body = self.share(-200.0, 2100.0);
        // So many voxels that the hump is no chance.
        let enough = hump * self.total >= 400.0 && hump >= 0.02 * body;
        (enough && smooth(peak) >= 1.4 * valley).then_some(FIRST + (peak as f64 + 0.5) * BIN)
    }
}
