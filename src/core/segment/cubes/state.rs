//! [`Cubes`] as everybody sees them, an [`Answer`], and back.

use std::sync::Arc;

use super::answer::{Cubes, Patch};
use super::blend::mask_of;
use super::open_faces::{Edges, edges};
use super::preprocess::{CanonicalGrid, CropPlace, SIDE};
use crate::geom::{DVec3, Grid};
use crate::prompt::{Answer, Footprint, MaskRule, ModelState, Prompt, PromptLog, WorkingScale};
use crate::segment::adjust::{Adjusted, adjustable_state, kept};
use crate::volume::{MemoryTally, Region};

/// What is kept of [`Cubes`] in an answer. What was tried in vain stands there as positions.
#[derive(Clone, Debug, PartialEq)]
struct Kept {
    scale: WorkingScale,
    rule: MaskRule,
    patches: Vec<Arc<Patch>>,
    start: Option<Arc<Region>>,
}

impl Kept {
    /// What it takes of memory: logits above all, which answers that follow one another share.
    fn tally(&self, tally: &mut MemoryTally) {
        for patch in &self.patches {
            if tally.is_new(patch) {
                patch.tally(tally);
            }
        }
        self.start.iter().for_each(|start| tally.region(start));
    }
}

impl Cubes {
    /// The cubes behind an answer; `None` if it is no answer of such a model, or nothing is kept of it. What was tried
    /// in vain is left out, and so is which parts are kept.
    pub fn of(answer: &Answer) -> Option<Self> {
        let Kept { scale, rule, patches, start } = kept::<Kept>(answer)?.clone();
        Some(Self { scale, rule, patches, start, ..Self::default() })
    }

    /// What a new answer starts from: the cubes behind the last one; or, if nothing is kept of it, cubes where it
    /// looked without anything said in them. `canonical` is the image's grid at the working scale.
    pub(super) fn earlier(answer: &Answer, log: &PromptLog, canonical: &CanonicalGrid) -> Self {
        let tried = answer.tried.iter().map(|&at| canonical.crop_around(at).start).collect();
        // What was said when another mask was started from says nothing of this one.
        if let Some(cubes) = Self::of(answer).filter(|cubes| cubes.start == log.start) {
            return Self { tried, ..cubes };
        }
        let patch = |footprint: &Footprint| {
            let (opener, place) = (footprint.opener, place_of(footprint, canonical)?);
            Some(Arc::new(Patch { place, opener, start: None, steps: Vec::new() }))
        };
        let patches = answer.footprint.iter().filter_map(patch).collect();
        Self { scale: log.scale, rule: log.rule, patches, tried, ..Self::default() }
    }

    /// As everybody sees them; `canonical` is the grid that the cubes are of.
    pub(super) fn answer(
        self,
        prompts: Vec<Prompt>,
        Edges { touches, cut }: Edges,
        canonical: &CanonicalGrid,
    ) -> Answer {
        let score = self.score();
        let Self { scale, rule, patches, tried, start, .. } = self;
        Answer {
            prompts,
            model: None,
            score,
            footprint: patches.iter().map(|p| p.place.footprint(p.opener)).collect(),
            touches,
            cut,
            tried: tried.into_iter().map(|start| canonical.middle_of(start)).collect(),
            adjustable: !patches.is_empty(),
            state: Some(adjustable_state(
                ModelState::with_tally(Kept { scale, rule, patches, start }, Kept::tally),
                adjusted,
            )),
            ..Answer::default()
        }
    }
}

/// The mask at another threshold or of other parts. What was tried in vain was tried for another mask, so it does not
/// count.
fn adjusted(answer: &Answer, log: &PromptLog, mask: &Grid, image: &Grid) -> Option<Adjusted> {
    let cubes = Cubes { anchors: log.anchors(), ..Cubes::of(answer)? };
    let Edges { touches, cut } = edges(&cubes, log.threshold, image);
    Some(Adjusted { region: mask_of(&cubes, log.threshold, mask), touches, cut })
}

/// The cube of a grid that a box is; `None` if it is none, because another model looked there, or at another scale.
fn place_of(footprint: &Footprint, canonical: &CanonicalGrid) -> Option<CropPlace> {
    // In cubes of the grid; their middle voxel is the one after the middle.
    let middle = DVec3::splat((SIDE / 2) as f64 + 0.5) / SIDE as f64;
    let place = canonical.crop_around(footprint.world_from_box.transform_point3(middle));
    let [expected, found] = [place.footprint(footprint.opener), *footprint].map(|f| {
        f.corners().map(|c| canonical.world_from_canonical().inverse().transform_point3(c))
    });
    let same = expected.iter().zip(found).all(|(a, b)| a.distance(b) < 1e-2);
    same.then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::{DAffine3, DMat3, Grid};

    /// Grids straight and oblique, fine and coarse, near and far; the scale at which they are seen.
    fn grids() -> Vec<CanonicalGrid> {
        let turned = DMat3::from_axis_angle(DVec3::new(1.0, -2.0, 0.5).normalize(), 0.4);
        let scale = |x, y, z| DMat3::from_diagonal(DVec3::new(x, y, z));
        let permuted = DMat3::from_cols(-DVec3::Z * 2.4, DVec3::X * 0.7, -DVec3::Y * 0.7);
        let mut grids = Vec::new();
        for (matrix, at) in [
            (scale(1.5, 1.5, 1.5), DVec3::ZERO),
            (scale(-0.7, 0.7, 5.0), DVec3::new(-311.713, 1204.129, 77.357)),
            (turned * scale(0.45, -0.45, 0.6), DVec3::new(12.0, -3.0, 1e5)),
            (permuted, DVec3::splat(-250.041)),
            (scale(0.0005, 0.0005, 0.002), DVec3::splat(3.0)),
        ] {
            let grid = Grid::new([200, 300, 150], DAffine3 { matrix3: matrix, translation: at });
            for times in [1.0, 0.37, 15.0] {
                let scale = WorkingScale::new(times).unwrap();
                grids.push(CanonicalGrid::scaled(grid.as_ref().unwrap(), scale));
            }
        }
        grids
    }

    /// What is saved of a cube is where it is in the world.
    #[test]
    fn a_cube_is_found_again_by_its_middle_and_by_its_box() {
        let opener = Prompt::positive(DVec3::ONE);
        for canonical in grids() {
            for start in [[0; 3], [-64, 17, 900], [-5000, 31, -1], [12_345, -777, 64]] {
                let place = canonical.crop_at(start);
                let middle = canonical.middle_of(start);
                assert_eq!(canonical.crop_around(middle).start, start, "{canonical:?}");
                assert_eq!(place_of(&place.footprint(opener), &canonical), Some(place));
            }
        }
    }

    #[test]
    fn a_box_of_another_grid_is_no_cube() {
        let grids = grids();
        let opener = Prompt::positive(DVec3::ONE);
        for (n, of) in grids.iter().enumerate() {
            let footprint = of.crop_at([3, -8, 40]).footprint(opener);
            for (m, canonical) in grids.iter().enumerate().filter(|(m, _)| *m != n) {
                assert_eq!(place_of(&footprint, canonical), None, "{n} in {m}");
            }
        }
        let mut larger = grids[0].crop_at([0; 3]).footprint(opener);
        larger.world_from_box.matrix3 *= 1.001;
        assert_eq!(place_of(&larger, &grids[0]), None);
    }

    /// Logits that several answers have take memory once.
    #[test]
    fn what_answers_take_of_memory_is_above_all_their_logits() {
        use crate::segment::cubes::answer::{Logits, Step};

        let canonical = &grids()[0];
        let prompt = Prompt::positive(DVec3::ONE);
        let logits = || Arc::new(Logits { side: 32, values: vec![0.0; 32 * 32 * 32] });
        let step = || Arc::new(Step { prompt, logits: logits(), iou: 0.5 });
        let place = canonical.crop_at([0; 3]);
        let answers: Vec<Answer> = (1..=3)
            .scan(Vec::new(), |steps, _| {
                steps.push(step());
                let start = (steps.len() == 3).then(logits);
                let patch =
                    Patch { place: place.clone(), opener: prompt, start, steps: steps.clone() };
                let cubes = Cubes { patches: vec![Arc::new(patch)], ..Cubes::default() };
                Some(cubes.answer(vec![prompt], Edges { touches: false, cut: false }, canonical))
            })
            .collect();
        let mut tally = MemoryTally::default();
        for (answer, blocks) in answers.iter().zip([1, 2, 4]) {
            answer.tally(&mut tally);
            let (bytes, cube) = (tally.bytes(), 4 * 32 * 32 * 32);
            assert!((blocks * cube..blocks * cube + 4096).contains(&bytes), "{blocks}: {bytes}");
        }
        let before = tally.bytes();
        answers[1].clone().tally(&mut tally);
        assert!(tally.bytes() - before < 1024);
    }
}
