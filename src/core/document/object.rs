use std::sync::Arc;

use crate::geom::{DVec3, Grid};
use crate::prompt::{Answer, PromptLog};
use crate::volume::{MemoryTally, Region};

/// The value of an object's voxels in the label map; never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LabelId(pub u16);

/// Colours of new objects, in turn: Okabe and Ito's colour-blind-safe set (2008) without its black and its green
/// (that of positive points), plus a lighter blue (IBM's) that is seen on black lung, a purple of Paul Tol's "bright"
/// scheme and a violet between the two. No grey: a scan is grey. Of all orders one in which each is far from the next,
/// also to who has no green cones: objects that are drawn one after the other often touch.
pub const PALETTE: [[u8; 3]; 9] = [
    [230, 159, 0],
    [0, 114, 178],
    [204, 121, 167],
    [240, 228, 66],
    [86, 180, 233],
    [170, 51, 119],
    [100, 143, 255],
    [213, 94, 0],
    [150, 90, 230],
];

/// How much nearer to white (positive) or black the colours of further rounds through the palette are.
const ROUNDS: [f32; 5] = [0.0, -0.4, 0.55, -0.2, -0.58];

/// The colour of the object whose label is `id` until it gets another: [`PALETTE`], then the same colours in darker
/// and lighter tints, in an order in which those of one hue are far apart. 45 labels have a colour of their own.
pub fn palette_colour(id: LabelId) -> [u8; 3] {
    let index = usize::from(id.0.saturating_sub(1));
    let round = index / PALETTE.len() % ROUNDS.len();
    let tint = ROUNDS[round];
    let end = if tint > 0.0 { 255.0 } else { 0.0 };
    PALETTE[(index + 3 * round) % PALETTE.len()]
        .map(|channel| (f32::from(channel) + (end - f32::from(channel)) * tint.abs()).round() as u8)
}

/// How far the work on an object is, as the user says. One without a mask has not been begun.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ObjectState {
    /// It is worked on.
    #[default]
    Open,
    /// Somebody should look at it again. It can be changed all the same.
    Flagged,
    /// It is finished, and so it is locked.
    Done,
}

/// A structure: its name and colour, the clicks that made it, and the voxels it has.
///
/// Its mask is layered, so that a further answer of the model never loses what was corrected by hand: always
/// `region == (model | added) - removed`. What of it lies under others is apart from that, in `covered`.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// Its value in the label map.
    pub id: LabelId,
    /// What the user calls it.
    pub name: String,
    /// sRGB.
    pub colour: [u8; 3],
    /// Whether it is drawn.
    pub visible: bool,
    /// Opacity of its surface in 3D, 0 to 1.
    pub opacity: f32,
    /// What its mask is the replay of: the user's clicks above all.
    pub log: PromptLog,
    /// What the model said; to the first [`Object::replayed`] clicks of the log.
    pub answer: Answer,
    /// What it got of the model's answer: without the voxels that other objects had.
    pub model: Arc<Region>,
    /// Voxels given to it by hand, or by the file that it was read from.
    pub added: Arc<Region>,
    /// Voxels taken from it by hand, be it to give them to another object. None of them is in `added`.
    pub removed: Arc<Region>,
    /// Exactly the voxels that carry this object's label.
    pub region: Arc<Region>,
    /// Voxels that are this object's too, but lie under another one, whose label they carry: each of them has the label of
    /// another object, never that of the background, and several objects may lie under one. When the object on top
    /// loses such a voxel the smallest below gets it, locked or not: it was its own. Comes of files whose structures
    /// share voxels, and of bringing an object to the front.
    pub covered: Arc<Region>,
    /// Nothing but unlocking it changes its voxels and clicks.
    pub locked: bool,
    /// How far the work on it is.
    pub state: ObjectState,
    /// Its mask was read from a file; [`Object::is_from_file`] says whether it still is that.
    pub from_file: bool,
}

impl Object {
    /// One with nothing in it; `colour` is sRGB.
    pub fn new(id: LabelId, name: String, colour: [u8; 3]) -> Self {
        Self {
            id,
            name,
            colour,
            visible: true,
            opacity: 1.0,
            log: PromptLog::default(),
            answer: Answer::default(),
            model: Arc::default(),
            added: Arc::default(),
            removed: Arc::default(),
            region: Arc::default(),
            covered: Arc::default(),
            locked: false,
            state: ObjectState::Open,
            from_file: false,
        }
    }

    /// The same mask as if it was drawn by hand: where what made it is not known any more.
    #[must_use]
    pub fn as_drawn(self) -> Self {
        let log = PromptLog { parts: self.log.parts, ..PromptLog::default() };
        let (added, model, removed) = (Arc::clone(&self.region), Arc::default(), Arc::default());
        Self { log, answer: Answer::default(), model, added, removed, ..self }
    }

    /// Layers that are the same take memory once.
    pub(super) fn share(&mut self) {
        // (What was removed is not in what was added.)
        let only = match (self.model.is_empty(), self.added.is_empty()) {
            (false, true) if self.removed.is_empty() => &self.model,
            (true, false) => &self.added,
            _ => return,
        };
        if self.region == *only {
            self.region = Arc::clone(only);
        }
    }

    /// What it takes of memory; layers that are the same once.
    pub(super) fn tally(&self, tally: &mut MemoryTally) {
        tally.add(size_of::<Self>() + self.name.len());
        self.log.tally(tally);
        self.answer.tally(tally);
        for layer in [&self.model, &self.added, &self.removed, &self.region, &self.covered] {
            tally.region(layer);
        }
    }

    /// How many clicks, from the first, have been answered.
    pub fn replayed(&self) -> usize {
        let pairs = self.answer.prompts.iter().zip(&self.log.prompts);
        pairs.take_while(|(answered, asked)| answered == asked).count()
    }

    /// Whether something was asked of the model that [`Object::answer`] is not the answer to.
    pub fn is_unanswered(&self) -> bool {
        let Self { log, answer, .. } = self;
        log.prompts != answer.prompts || (!log.prompts.is_empty() && log.parts != answer.parts)
    }

    /// Neither clicks nor voxels.
    pub fn is_empty(&self) -> bool {
        self.log.prompts.is_empty() && !self.has_voxels()
    }

    /// Whether it has voxels, be it under other objects.
    pub fn has_voxels(&self) -> bool {
        !self.region.is_empty() || !self.covered.is_empty()
    }

    /// All of its voxels, also those that lie under other objects; `row` is the scan's x dimension.
    pub fn whole(&self, row: usize) -> Arc<Region> {
        if self.covered.is_empty() {
            return Arc::clone(&self.region);
        }
        Arc::new(self.region.union(&self.covered, row))
    }

    /// Whether its mask came from a file: no clicks made it, so none can correct it until it is started from.
    pub fn is_from_file(&self) -> bool {
        let by_clicks = self.log.start.is_some() || !self.log.prompts.is_empty();
        self.from_file && !by_clicks && self.has_voxels()
    }

    /// Whether all parts of the model's mask are kept though only those with a positive click are wanted, because no
    /// such click lies in it. `grid` is the scan's.
    pub fn keeps_all_parts(&self, grid: &Grid) -> bool {
        let in_mask = |world: &DVec3| {
            grid.voxel_at(*world).is_some_and(|voxel| self.model.contains(grid.index(voxel)))
        };
        let anchors = self.log.anchors();
        !self.model.is_empty() && anchors.is_some_and(|at| !at.iter().any(in_mask))
    }

    /// Whether something was painted or erased since the model made it.
    pub fn is_corrected(&self) -> bool {
        !self.added.is_empty() || !self.removed.is_empty()
    }

    /// The model's estimate for its answer; nothing done by hand counts for it.
    pub fn iou(&self) -> Option<f32> {
        if self.replayed() == 0 { None } else { self.answer.score }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_of_many_objects_look_alike() {
        let colours: Vec<[u8; 3]> = (1..=45).map(|id| palette_colour(LabelId(id))).collect();
        assert_eq!(colours[..9], PALETTE);
        for (n, a) in colours.iter().enumerate() {
            for b in &colours[..n] {
                let apart: u32 = a.iter().zip(b).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
                assert!(apart >= 30, "{n}: {a:?} {b:?}");
            }
        }
        // Beyond, there is always one.
        assert_eq!(palette_colour(LabelId(46)), PALETTE[0]);
        palette_colour(LabelId(u16::MAX));
    }

    type Matrix = [[f64; 3]; 3];

    fn times(matrix: &Matrix, v: [f64; 3]) -> [f64; 3] {
        matrix.map(|row| (0..3).map(|n| row[n] * v[n]).sum())
    }

    /// Oklab (Ottosson 2020) of a colour, as it is or as who has no green cones sees it (Machado et al. 2009).
    fn oklab(rgb: [u8; 3], deuteranopia: bool) -> [f64; 3] {
        const SEEN: Matrix = [
            [0.367_322, 0.860_646, -0.227_968],
            [0.280_085, 0.672_501, 0.047_413],
            [-0.011_820, 0.042_940, 0.968_881],
        ];
        const CONES: Matrix = [
            [0.412_221_470_8, 0.536_332_536_3, 0.051_445_992_9],
            [0.211_903_498_2, 0.680_699_545_1, 0.107_396_956_6],
            [0.088_302_461_9, 0.281_718_837_6, 0.629_978_700_5],
        ];
        const LAB: Matrix = [
            [0.210_454_255_3, 0.793_617_785_0, -0.004_072_046_8],
            [1.977_998_495_1, -2.428_592_205_0, 0.450_593_709_9],
            [0.025_904_037_1, 0.782_771_766_2, -0.808_675_766_0],
        ];
        let linear = rgb.map(|c| {
            let c = f64::from(c) / 255.0;
            if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        });
        let seen = if deuteranopia { times(&SEEN, linear) } else { linear };
        times(&LAB, times(&CONES, seen.map(|c| c.clamp(0.0, 1.0))).map(f64::cbrt))
    }

    #[test]
    fn an_objects_colour_is_far_from_the_next_ones() {
        let apart = |a: [u8; 3], b: [u8; 3], deuteranopia| {
            let [a, b] = [a, b].map(|rgb| oklab(rgb, deuteranopia));
            a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
        };
        // From numpy: Okabe and Ito's two blues, which stood side by side.
        for (deuteranopia, expected) in [(false, 0.204), (true, 0.207)] {
            let found = apart([86, 180, 233], [0, 114, 178], deuteranopia);
            assert!((found - expected).abs() < 5e-4, "{found}");
        }
        for id in 1..200 {
            let [a, b] = [id, id + 1].map(|id| palette_colour(LabelId(id)));
            // Tints are nearer to one another than the colours themselves.
            let least = if id < 9 { [0.24, 0.19] } else { [0.12, 0.09] };
            for (deuteranopia, least) in [false, true].into_iter().zip(least) {
                let found = apart(a, b, deuteranopia);
                assert!(found > least, "{id}: {a:?} {b:?} {found}, deuteranopia {deuteranopia}");
            }
        }
    }
}
