//! Several raters: everybody with everybody, and what they make together (STAPLE, majority vote).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{anyhow, bail};
use serde::Serialize;

use super::super::args::CompareArgs;
use super::super::folders::distinct_names;
use super::super::overlaps::overlaps;
use super::super::tables::table;
use super::super::{files, label_maps, print, print_json, say};
use super::room::MemoryRoom;
use crate::document::{LabelId, palette_colour};
use crate::io::{self, LabelsRead};
use crate::measure::{ComparedMaps, ComparedNumbers, MOST_RATERS, PairBy, RaterMasks, Staple};
use crate::volume::{LabelMap, LabelName, NamedRegion, Region, RegionBuilder, Volume};
use crate::work::{CancelToken, Progress, memory};

/// Everybody with everybody; keys are stable.
#[derive(Debug, Serialize)]
struct AgreementReport {
    /// Their files, in the order in which they were named.
    raters: Vec<String>,
    tolerance_mm: f64,
    agreement: Vec<RaterPair>,
    staple: Vec<StapleOfLabel>,
}

/// Two raters' masks of a label.
#[derive(Debug, Serialize)]
struct RaterPair {
    label: u64,
    name: Option<String>,
    /// Positions among the raters, from 0.
    a: usize,
    b: usize,
    #[serde(flatten)]
    numbers: ComparedNumbers,
}

/// How each rater did by STAPLE.
#[derive(Debug, Serialize)]
struct StapleOfLabel {
    label: u64,
    name: Option<String>,
    sensitivity: Vec<f64>,
    specificity: Vec<f64>,
    voxels: usize,
    volume_ml: f64,
    majority_voxels: usize,
    majority_volume_ml: f64,
}

/// A label that some rater has.
struct RatedLabel {
    in_file: u64,
    name: Option<String>,
    colour: Option<[u8; 3]>,
    /// Of each rater.
    masks: Vec<Region>,
}

/// Compares the masks of several raters, label by label (by number).
pub fn run(args: &CompareArgs) -> anyhow::Result<()> {
    let paths: Vec<&Path> =
        [&args.a, &args.b].into_iter().chain(&args.more).map(AsRef::as_ref).collect();
    if paths.len() > MOST_RATERS {
        bail!("{} raters are too many; {MOST_RATERS} can be compared at a time", paths.len());
    }
    for out in [&args.staple, &args.majority].into_iter().flatten() {
        refuse_to_replace(out, args.force)?;
    }
    let first = files::open_scan(&args.a)?;
    let mut raters = vec![label_maps::labels(&first, &args.a, args.time_point, args.threshold)?];
    for path in &paths[1..] {
        raters.push(label_maps::read_onto(&first, path, args.reading())?);
    }
    if let Some(wanted) = args.label {
        for read in &mut raters {
            let value = read.value_of(wanted);
            read.labels.retain(|label| Some(label.value) == value);
        }
    }
    let labels = labels(&raters);
    if labels.is_empty() {
        say("warning: no rater has a label");
    }
    let pairs = compared_raters(&raters, &first, args)?;
    write_csv(&distinct_names(&paths), &pairs, args)?;
    let agreement = agreement(&labels, &pairs, &first, args)?;
    let together = Together::of(&labels, &first);
    if let Some(out) = &args.staple {
        save(out, &together.staple_regions(), &labels, &first)?;
    }
    if let Some(out) = &args.majority {
        save(out, &together.majority, &labels, &first)?;
    }
    let raters = paths.iter().map(|p| p.display().to_string()).collect();
    let staple = together.rows(&labels, &first);
    let report = AgreementReport { raters, tolerance_mm: args.tolerance, agreement, staple };
    if args.json {
        return print_json(&report);
    }
    print(text(&report).trim_end())
}

/// Two raters, by their positions, and what all labels that one of them has are against those of the other.
type ComparedRaters = ([usize; 2], ComparedMaps);

/// Everybody with everybody.
fn compared_raters(
    raters: &[LabelsRead],
    first: &Volume,
    args: &CompareArgs,
) -> anyhow::Result<Vec<ComparedRaters>> {
    let room = MemoryRoom::default();
    let pairs = (0..raters.len()).flat_map(|a| (a + 1..raters.len()).map(move |b| [a, b]));
    let compared = |pair: [usize; 2]| {
        let maps = pair.map(|n| &raters[n]);
        Ok((pair, super::compared(first.grid(), maps, PairBy::Number, args, &room)?))
    };
    pairs.map(compared).collect()
}

/// As the table of two folders has pairs: the names of both raters are the case.
fn write_csv(names: &[String], pairs: &[ComparedRaters], args: &CompareArgs) -> anyhow::Result<()> {
    let case = |[a, b]: [usize; 2]| format!("{} - {}", names[a], names[b]);
    let cases: Vec<_> = pairs.iter().map(|(pair, found)| (case(*pair), found)).collect();
    super::write_tables(args, &cases, &[], &[])
}

fn refuse_to_replace(path: &Path, force: bool) -> anyhow::Result<()> {
    let table = io::formats().label_table_path(path).ok();
    for path in std::iter::once(path).chain(table.as_deref()) {
        if !force && path.symlink_metadata().is_ok() {
            bail!("this is there already; choose another name, or --force: {}", path.display());
        }
    }
    Ok(())
}

/// All labels by their numbers in the files.
fn labels(raters: &[LabelsRead]) -> Vec<RatedLabel> {
    let mut found: BTreeMap<u64, RatedLabel> = BTreeMap::new();
    for (n, read) in raters.iter().enumerate() {
        for label in &read.labels {
            let in_file = label_maps::in_file(read, label.value);
            let masks = || vec![Region::default(); raters.len()];
            let rated = found.entry(in_file).or_insert_with(|| RatedLabel {
                in_file,
                name: None,
                colour: None,
                masks: masks(),
            });
            rated.masks[n].clone_from(&label.region);
            rated.name = rated.name.take().or(label.name.clone());
            rated.colour = rated.colour.or(label.colour);
        }
    }
    found.into_values().collect()
}

/// Label by label the numbers of each pair; of a label that neither has, those of two empty masks.
fn agreement(
    labels: &[RatedLabel],
    pairs: &[ComparedRaters],
    volume: &Volume,
    args: &CompareArgs,
) -> anyhow::Result<Vec<RaterPair>> {
    let nothing = Region::default();
    let empty = [(&nothing, &nothing)];
    let (_, neither) = super::numbers_of(&empty, volume.grid(), args, &MemoryRoom::default())?;
    let row = |label: &RatedLabel, ([a, b], found): &ComparedRaters| {
        let of_label = found.labels.iter().find(|row| row.label == label.in_file);
        let numbers = of_label.map_or(&neither, |row| &row.numbers).clone();
        RaterPair { label: label.in_file, name: label.name.clone(), a: *a, b: *b, numbers }
    };
    Ok(labels.iter().flat_map(|label| pairs.iter().map(move |pair| row(label, pair))).collect())
}

/// What the raters make together, label by label.
struct Together {
    row: usize,
    masks: Vec<RaterMasks>,
    staple: Vec<Staple>,
    majority: Vec<Region>,
}

impl Together {
    fn of(labels: &[RatedLabel], volume: &Volume) -> Self {
        let (row, voxels) = (volume.grid().dims()[0], volume.grid().count());
        let of =
            |label: &RatedLabel| RaterMasks::of(&label.masks.iter().collect::<Vec<_>>(), voxels);
        let masks: Vec<RaterMasks> = labels.iter().map(of).collect();
        let staple = masks.iter().map(RaterMasks::staple).collect();
        let majority = masks.iter().map(|m| m.majority(row)).collect();
        Self { row, masks, staple, majority }
    }

    /// The region of each label by STAPLE. A voxel that two labels claim is of the likelier one.
    fn staple_regions(&self) -> Vec<Region> {
        let of = |(masks, staple): (&RaterMasks, &Staple)| masks.likely_region(staple, self.row);
        let mut regions: Vec<Region> = self.masks.iter().zip(&self.staple).map(of).collect();
        for a in 0..regions.len() {
            for b in a + 1..regions.len() {
                let both = regions[a].intersection(&regions[b], self.row);
                let likely = |n: usize, at| self.masks[n].probability(&self.staple[n], at);
                let voxels = both.runs().iter().flat_map(|run| run.start..run.end());
                let builder = || RegionBuilder::new(self.row);
                let (mut of_a, mut of_b) = (builder(), builder());
                for at in voxels {
                    let loses = if likely(a, at) >= likely(b, at) { &mut of_b } else { &mut of_a };
                    loses.push(at, 1);
                }
                regions[a].subtract(&of_a.finish(), self.row);
                regions[b].subtract(&of_b.finish(), self.row);
            }
        }
        regions
    }

    fn rows(&self, labels: &[RatedLabel], volume: &Volume) -> Vec<StapleOfLabel> {
        let ml = |voxels: usize| voxels as f64 * volume.grid().voxel_volume_mm3() / 1000.0;
        let all = labels.iter().zip(&self.masks).zip(&self.staple).zip(&self.majority);
        all.map(|(((label, masks), staple), majority)| {
            let voxels = masks.likely_region(staple, self.row).count();
            StapleOfLabel {
                label: label.in_file,
                name: label.name.clone(),
                sensitivity: staple.sensitivity.clone(),
                specificity: staple.specificity.clone(),
                voxels,
                volume_ml: ml(voxels),
                majority_voxels: majority.count(),
                majority_volume_ml: ml(majority.count()),
            }
        })
        .collect()
    }
}

/// Writes a label map of these regions, one for each label.
fn save(
    out: &Path,
    regions: &[Region],
    labels: &[RatedLabel],
    volume: &Volume,
) -> anyhow::Result<()> {
    let mut named = Vec::new();
    let mut table = Vec::new();
    for (label, region) in labels.iter().zip(regions) {
        let Ok(value) = u16::try_from(label.in_file) else {
            bail!(
                "label {} is over 65535 and can't be written; choose one with --label",
                label.in_file
            );
        };
        let colour = label.colour.unwrap_or_else(|| palette_colour(LabelId(value)));
        let name = label.name.clone();
        table.push(LabelName {
            value,
            name: name.clone().unwrap_or_else(|| format!("Label {value}")),
            colour,
            opacity: 1.0,
            visible: true,
        });
        let (colour, opacity, region) = (Some(colour), None, region.clone());
        named.push(NamedRegion {
            value,
            name,
            colour,
            opacity,
            visible: true,
            region,
            on_top: None,
        });
    }
    let (dims, grid) = (volume.grid().dims(), volume.grid());
    memory::check(LabelMap::bytes_of(dims, named.iter().map(|l| &l.region)))
        .map_err(|short| anyhow!("the label map {short}"))?;
    let (map, covered) = files::stacked(dims, &named);
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    let (labels, said) = ((&map, &covered), volume.provenance());
    io::save_overlapping(out, labels, grid, said, &table, &cancel, &progress)?;
    overlaps(out, &covered, &table, grid);
    Ok(())
}

fn text(report: &AgreementReport) -> String {
    let mut out = String::new();
    for (n, rater) in report.raters.iter().enumerate() {
        // Writing to a string does not fail.
        let _ = writeln!(out, "{}: {rater}", n + 1);
    }
    let mm = |v: Option<f64>| v.map_or("-".to_owned(), |v| format!("{v:.2}"));
    let name = |name: &Option<String>| name.clone().unwrap_or_default().replace('|', "\\|");
    let rows = report.agreement.iter().map(|row| {
        let n = &row.numbers;
        vec![
            row.label.to_string(),
            name(&row.name),
            format!("{} - {}", row.a + 1, row.b + 1),
            format!("{:.4}", n.dice),
            format!("{:.4}", n.nsd),
            mm(n.hd95_mm),
            mm(n.assd_mm),
            format!("{:.3}", n.volume_difference_ml),
        ]
    });
    let head = ["label", "name", "raters", "Dice", "NSD", "HD95 mm", "ASSD mm", "difference ml"];
    out += "\n";
    out += &table(&head, rows);
    let list =
        |values: &[f64]| values.iter().map(|v| format!("{v:.4}")).collect::<Vec<_>>().join(" / ");
    let rows = report.staple.iter().map(|row| {
        vec![
            row.label.to_string(),
            name(&row.name),
            list(&row.sensitivity),
            list(&row.specificity),
            format!("{:.3}", row.volume_ml),
            format!("{:.3}", row.majority_volume_ml),
        ]
    });
    let head = ["label", "name", "sensitivity", "specificity", "STAPLE ml", "majority ml"];
    out += "\nBy STAPLE:\n\n";
    out + &table(&head, rows)
}
