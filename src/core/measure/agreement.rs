//! Several raters, label by label: everybody compared with everybody, and what they make together (STAPLE, majority
//! vote). The same in the window and on the command line; keys are stable.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::Serialize;

use super::comparison::compare_pair;
use super::{
    COMPARISON_CSV_HEAD, ComparedLabel, ComparedNumbers, RaterMasks, Staple, comparison_csv_rows,
};
use crate::geom::Grid;
use crate::mask::{MaskError, WorkLimits};
use crate::volume::{NamedRegion, Region, RegionBuilder};

/// A structure that at least one rater has marked.
#[derive(Clone, Debug)]
pub struct RatedLabel<'m> {
    /// Its number in the files.
    pub label: u64,
    /// Of the first rater who gives one.
    pub name: Option<String>,
    /// sRGB, of the first rater who gives one.
    pub colour: Option<[u8; 3]>,
    /// Of each rater; empty of one who has not marked it.
    masks: Vec<&'m Region>,
}

/// Two raters, counted from 0, and their masks.
type PairOfRaters<'m> = ([usize; 2], (&'m Region, &'m Region));

impl<'m> RatedLabel<'m> {
    /// Everybody with everybody.
    fn pairs(&self) -> impl Iterator<Item = PairOfRaters<'m>> + '_ {
        let with_later = move |a: usize| {
            let of_a = self.masks[a];
            (a + 1..self.masks.len()).map(move |b| ([a, b], (of_a, self.masks[b])))
        };
        (0..self.masks.len()).flat_map(with_later)
    }
}

/// The labels of all raters by their numbers. `number` says what number a label of a rater has in its file; `nothing` is
/// the mask of a rater who has not marked a label.
pub fn rated_labels<'m>(
    raters: &[&'m [NamedRegion]],
    number: impl Fn(usize, &NamedRegion) -> u64,
    nothing: &'m Region,
) -> Vec<RatedLabel<'m>> {
    let mut found: BTreeMap<u64, RatedLabel<'m>> = BTreeMap::new();
    for (n, labels) in raters.iter().enumerate() {
        for label in *labels {
            let in_file = number(n, label);
            let rated = found.entry(in_file).or_insert_with(|| RatedLabel {
                label: in_file,
                name: None,
                colour: None,
                masks: vec![nothing; raters.len()],
            });
            rated.masks[n] = &label.region;
            rated.name = rated.name.take().or(label.name.clone());
            rated.colour = rated.colour.or(label.colour);
        }
    }
    found.into_values().collect()
}

/// Two raters' masks of a label.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RaterPair {
    /// Its number in the files.
    pub label: u64,
    /// Its name, if a rater gives one.
    pub name: Option<String>,
    /// Position among the raters, from 0.
    pub a: usize,
    /// Position among the raters, from 0.
    pub b: usize,
    /// All numbers of the two.
    #[serde(flatten)]
    pub numbers: ComparedNumbers,
}

/// The masks of everybody with everybody, of all labels: what [`compare_bytes`](super::compare_bytes) is asked about.
pub fn rater_masks<'m>(labels: &[RatedLabel<'m>]) -> Vec<(&'m Region, &'m Region)> {
    labels.iter().flat_map(|label| label.pairs().map(|(_, masks)| masks)).collect()
}

/// Compares everybody with everybody, label by label; `tolerance_mm` is that of the surface Dice. `told` is called
/// whenever a pair is done.
pub fn rater_pairs(
    labels: &[RatedLabel<'_>],
    grid: &Grid,
    tolerance_mm: f64,
    limits: &WorkLimits,
    told: &(dyn Fn() + Sync),
) -> Result<Vec<RaterPair>, MaskError> {
    let mm3 = grid.voxel_volume_mm3();
    let all: Vec<_> =
        labels.iter().flat_map(|label| label.pairs().map(move |p| (label, p))).collect();
    let one = |(label, ([a, b], masks)): &(&RatedLabel<'_>, PairOfRaters<'_>)| {
        let found = compare_pair(*masks, grid, tolerance_mm, limits)?;
        told();
        let numbers = ComparedNumbers::of(&found, mm3);
        Ok(RaterPair { label: label.label, name: label.name.clone(), a: *a, b: *b, numbers })
    };
    all.par_iter().map(one).collect()
}

/// How each rater did by STAPLE, and how much the raters make together.
#[allow(missing_docs)]
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RatedStaple {
    /// Its number in the files.
    pub label: u64,
    /// Its name, if a rater gives one.
    pub name: Option<String>,
    /// Of each rater.
    pub sensitivity: Vec<f64>,
    /// Of each rater.
    pub specificity: Vec<f64>,
    pub voxels: usize,
    pub volume_ml: f64,
    pub majority_voxels: usize,
    pub majority_volume_ml: f64,
}

/// What the raters make together.
#[derive(Clone, Debug)]
pub struct RatersTogether {
    /// One for each label.
    pub rows: Vec<RatedStaple>,
    /// Of each label what it is by STAPLE. A voxel that two labels claim is of the likelier one, of two that are as
    /// likely of that with the smaller number.
    pub staple: Vec<Region>,
    /// Of each label the voxels that more than half of the raters have: half of them is not enough.
    pub majority: Vec<Region>,
}

impl RatersTogether {
    /// Of labels on one grid. `told` is called whenever a label is done.
    pub fn of(
        labels: &[RatedLabel<'_>],
        grid: &Grid,
        limits: &WorkLimits,
        told: &(dyn Fn() + Sync),
    ) -> Result<Self, MaskError> {
        let (row, voxels) = (grid.dims()[0], grid.count());
        let one = |label: &RatedLabel<'_>| {
            let masks = RaterMasks::of(&label.masks, voxels);
            let staple = masks.staple(limits)?;
            told();
            Ok((masks, staple))
        };
        let found = labels.par_iter().map(one).collect::<Result<Vec<_>, _>>()?;
        let majority: Vec<Region> = found.iter().map(|(m, _)| m.majority(row)).collect();
        let ml = |voxels: usize| voxels as f64 * grid.voxel_volume_mm3() / 1000.0;
        let likely: Vec<Region> = found.iter().map(|(m, s)| m.likely_region(s, row)).collect();
        let regions = apart(likely, &found, row, limits)?;
        let all = labels.iter().zip(&found).zip(regions.iter().zip(&majority));
        let rows = all.map(|((label, (_, staple)), (region, majority))| RatedStaple {
            label: label.label,
            name: label.name.clone(),
            sensitivity: staple.sensitivity.clone(),
            specificity: staple.specificity.clone(),
            voxels: region.count(),
            volume_ml: ml(region.count()),
            majority_voxels: majority.count(),
            majority_volume_ml: ml(majority.count()),
        });
        let rows = rows.collect();
        Ok(Self { rows, staple: regions, majority })
    }
}

/// Regions of which no two share a voxel.
fn apart(
    mut regions: Vec<Region>,
    found: &[(RaterMasks, Staple)],
    row: usize,
    limits: &WorkLimits,
) -> Result<Vec<Region>, MaskError> {
    let likely = |n: usize, at| found[n].0.probability(&found[n].1, at);
    for a in 0..regions.len() {
        for b in a + 1..regions.len() {
            limits.check()?;
            let both = regions[a].intersection(&regions[b], row);
            let voxels = both.runs().iter().flat_map(|run| run.start..run.end());
            let builder = || RegionBuilder::new(row);
            let (mut of_a, mut of_b) = (builder(), builder());
            for at in voxels {
                let loses = if likely(a, at) >= likely(b, at) { &mut of_b } else { &mut of_a };
                loses.push(at, 1);
            }
            regions[a].subtract(&of_a.finish(), row);
            regions[b].subtract(&of_b.finish(), row);
        }
    }
    Ok(regions)
}

/// Everybody with everybody, as it is printed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AgreementReport {
    /// Their files, in the order in which they were named.
    pub raters: Vec<String>,
    /// Of the surface Dice, mm.
    pub tolerance_mm: f64,
    /// Label by label.
    pub agreement: Vec<RaterPair>,
    /// Label by label.
    pub staple: Vec<RatedStaple>,
}

impl AgreementReport {
    /// The numbers as those of cases, each of which is two raters: what is called by both their names. Of a label that
    /// neither of them has there is no row. `names`: a short one of each rater.
    pub fn cases(&self, names: &[String]) -> Vec<(String, Vec<ComparedLabel>)> {
        let names = told_apart(names);
        let mut cases: BTreeMap<[usize; 2], Vec<ComparedLabel>> = BTreeMap::new();
        for row in &self.agreement {
            let rows = cases.entry([row.a, row.b]).or_default();
            let of_b = match row.numbers.empty.as_deref() {
                Some("both") => continue,
                Some("b") => None,
                _ => Some(row.label),
            };
            let (name, numbers) = (row.name.clone(), row.numbers.clone());
            rows.push(ComparedLabel { label: row.label, name, numbers, label_b: of_b });
        }
        let called = |[a, b]: [usize; 2]| format!("{} - {}", names[a], names[b]);
        cases.into_iter().map(|(pair, rows)| (called(pair), rows)).collect()
    }

    /// The same as a table, with the columns of a comparison.
    pub fn csv(&self, names: &[String]) -> String {
        let cases = self.cases(names).into_iter();
        let lines = cases.map(|(case, rows)| comparison_csv_rows(&case, &rows));
        COMPARISON_CSV_HEAD.to_owned() + &lines.collect::<String>()
    }

    /// The mean of the pairs' Dice of a label; `None` if there is no pair. Two that have nothing agree on nothing: as in
    /// the tables, they are left out.
    pub fn mean_dice(&self, label: u64) -> Option<f64> {
        let has_mask = |row: &&RaterPair| row.numbers.empty.as_deref() != Some("both");
        let of_label = || self.agreement.iter().filter(|row| row.label == label).filter(has_mask);
        let sum: f64 = of_label().map(|row| row.numbers.dice).sum();
        Some(of_label().count()).filter(|n| *n > 0).map(|n| sum / n as f64)
    }
}

/// Names of which some are alike get their place among the raters, from 1, as in “seg (2)”: raters' files have one name
/// in folders of their own.
pub fn told_apart(names: &[String]) -> Vec<String> {
    let alike = |name: &String| names.iter().filter(|other| *other == name).count() > 1;
    let of = |(n, name): (usize, &String)| {
        if alike(name) { format!("{name} ({})", n + 1) } else { name.clone() }
    };
    names.iter().enumerate().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::{DAffine3, DVec3};
    use crate::measure::compare_masks;

    const DIMS: [usize; 3] = [6, 2, 1];

    fn label(value: u16, name: Option<&str>, mask: &str) -> NamedRegion {
        NamedRegion {
            value,
            name: name.map(str::to_owned),
            colour: None,
            opacity: None,
            visible: true,
            region: Region::from_mask(DIMS[0], mask.bytes().map(|b| b == b'#')),
            on_top: None,
        }
    }

    fn grid() -> Grid {
        Grid::new(DIMS, DAffine3::from_scale(DVec3::new(1.0, 2.0, 5.0))).unwrap()
    }

    /// Three raters: of label 1 all have something, of label 7 only the last one.
    fn raters() -> [Vec<NamedRegion>; 3] {
        [
            vec![label(1, None, "####........")],
            vec![label(1, Some("liver"), ".####.......")],
            vec![label(1, Some("Liver"), "..###......."), label(2, None, "......######")],
        ]
    }

    /// Label 2 of the last rater is number 7 of its file.
    fn in_file(rater: usize, label: &NamedRegion) -> u64 {
        if rater == 2 && label.value == 2 { 7 } else { u64::from(label.value) }
    }

    #[test]
    fn everybody_is_compared_with_everybody_by_numbers_of_the_files() {
        let raters = raters();
        let (nothing, grid, limits) = (Region::default(), grid(), WorkLimits::none());
        let lists = raters.each_ref().map(|labels| &labels[..]);
        let labels = rated_labels(&lists, in_file, &nothing);
        let told: Vec<_> = labels.iter().map(|l| (l.label, l.name.as_deref())).collect();
        assert_eq!(told, [(1, Some("liver")), (7, None)]);
        let rows = rater_pairs(&labels, &grid, 1.0, &limits, &|| ()).unwrap();
        let masks = rater_masks(&labels);
        assert_eq!((rows.len(), masks.len()), (6, 6));
        // As of two maps.
        let (found, _) = compare_masks(&masks, &grid, 1.0, &limits).unwrap();
        for (row, found) in rows.iter().zip(&found) {
            assert_eq!(row.numbers, ComparedNumbers::of(found, grid.voxel_volume_mm3()));
        }
        let of: Vec<_> = rows.iter().map(|row| (row.label, row.a, row.b)).collect();
        assert_eq!(of, [(1, 0, 1), (1, 0, 2), (1, 1, 2), (7, 0, 1), (7, 0, 2), (7, 1, 2)]);
        let together = RatersTogether::of(&labels, &grid, &limits, &|| ()).unwrap();
        let report = AgreementReport {
            raters: vec![String::new(); 3],
            tolerance_mm: 1.0,
            agreement: rows,
            staple: together.rows,
        };
        assert_eq!(report.mean_dice(7), Some(0.0));
        assert_eq!(report.mean_dice(3), None);
        // Raters whose files have one name; no row of what neither has.
        let cases = report.cases(&["a", "seg", "seg"].map(str::to_owned));
        let of = |rows: &[ComparedLabel]| -> Vec<_> {
            rows.iter().map(|row| (row.label, row.label_b)).collect()
        };
        let told: Vec<_> = cases.iter().map(|(case, rows)| (&**case, of(rows))).collect();
        let expected = [
            ("a - seg (2)", vec![(1, Some(1))]),
            ("a - seg (3)", vec![(1, Some(1)), (7, Some(7))]),
            ("seg (2) - seg (3)", vec![(1, Some(1)), (7, Some(7))]),
        ];
        assert_eq!(told, expected);
        assert_eq!(report.csv(&["a", "b", "c"].map(str::to_owned)).lines().count(), 6);
    }

    #[test]
    fn two_labels_never_share_a_voxel_of_staple_and_a_tie_is_no_majority() {
        let found = |raters: &[Vec<NamedRegion>]| {
            let (nothing, limits) = (Region::default(), WorkLimits::none());
            let lists: Vec<&[NamedRegion]> = raters.iter().map(|labels| &labels[..]).collect();
            let labels = rated_labels(&lists, |_, l| u64::from(l.value), &nothing);
            RatersTogether::of(&labels, &grid(), &limits, &|| ()).unwrap()
        };
        let mask = |text: &str| label(1, None, text).region;
        // Each calls the middle something else.
        let tie = found(&[
            vec![label(1, None, "####........"), label(2, None, "....##......")],
            vec![label(1, None, "##.........."), label(2, None, "..####......")],
        ]);
        assert_eq!(tie.majority, [mask("##.........."), mask("....##......")]);

        // All agree, and their labels share voxels: both labels are as likely there.
        let both = || vec![label(1, None, "####........"), label(2, None, "..####......")];
        let shared = found(&[both(), both()]);
        // Told is what is made.
        assert_eq!(shared.rows.iter().map(|row| row.voxels).collect::<Vec<_>>(), [4, 2]);
        assert_eq!(shared.staple, [mask("####........"), mask("....##......")]);
        assert_eq!(shared.majority, [mask("####........"), mask("..####......")]);
    }

    #[test]
    fn it_can_be_stopped() {
        let raters = raters();
        let (nothing, grid) = (Region::default(), grid());
        let lists = raters.each_ref().map(|labels| &labels[..]);
        let labels = rated_labels(&lists, in_file, &nothing);
        let stopped = WorkLimits::none();
        stopped.cancel.cancel();
        let none = RatersTogether::of(&labels, &grid, &stopped, &|| ());
        assert!(matches!(none, Err(MaskError::Cancelled)));
        let none = rater_pairs(&labels, &grid, 1.0, &stopped, &|| ());
        assert!(matches!(none, Err(MaskError::Cancelled)));
    }
}
