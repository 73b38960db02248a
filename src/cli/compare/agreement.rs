//! Several raters: everybody with everybody, and what they make together (STAPLE, majority vote).

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{anyhow, bail};

use super::super::args::CompareArgs;
use super::super::folders::distinct_names;
use super::super::overlaps::overlaps;
use super::super::tables::table;
use super::super::{files, label_maps, print, print_json, say};
use super::html::ReportPage;
use crate::document::{LabelId, palette_colour};
use crate::io;
use crate::mask::WorkLimits;
use crate::measure::{
    AgreementReport, MOST_RATERS, RatedLabel, RaterPair, RatersTogether, compare_bytes,
    rated_labels, rater_masks, rater_pairs,
};
use crate::volume::{LabelMap, LabelName, NamedRegion, Region, Volume};
use crate::work::{CancelToken, Progress, memory};

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
    let lists: Vec<&[NamedRegion]> = raters.iter().map(|read| &read.labels[..]).collect();
    let nothing = Region::default();
    let in_file = |n: usize, label: &NamedRegion| label_maps::in_file(&raters[n], label.value);
    let mut labels = rated_labels(&lists, in_file, &nothing);
    labels.retain(|label| args.label.is_none_or(|wanted| wanted == label.label));
    if labels.is_empty() {
        say("warning: no rater has a label");
    }
    let limits = WorkLimits::none();
    let agreement = pairs(&labels, &first, args.tolerance, &limits)?;
    let together = RatersTogether::of(&labels, first.grid(), &limits, &|| ())?;
    let report = AgreementReport {
        raters: paths.iter().map(|p| p.display().to_string()).collect(),
        tolerance_mm: args.tolerance,
        agreement,
        staple: together.rows,
    };
    let names = distinct_names(&paths);
    let cases = report.cases(&names);
    let rows: Vec<_> = cases.iter().map(|(case, rows)| (case.clone(), &rows[..])).collect();
    super::write_tables(args, &ReportPage { raters: Some(&report), ..ReportPage::of(&rows) })?;
    for (out, regions) in [(&args.staple, &together.staple), (&args.majority, &together.majority)] {
        if let Some(out) = out {
            save(out, regions, &labels, &first)?;
        }
    }
    if args.json {
        return print_json(&report);
    }
    print(text(&report).trim_end())
}

/// Everybody with everybody, if there is memory for it.
fn pairs(
    labels: &[RatedLabel<'_>],
    volume: &Volume,
    tolerance_mm: f64,
    limits: &WorkLimits,
) -> anyhow::Result<Vec<RaterPair>> {
    let (grid, threads) = (volume.grid(), rayon::current_num_threads());
    let bytes = compare_bytes(&rater_masks(labels), grid.dims(), threads);
    memory::check(bytes).map_err(|short| anyhow!("measuring distances {short}"))?;
    Ok(rater_pairs(labels, grid, tolerance_mm, limits, &|| ())?)
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

/// Writes a label map of these regions, one for each label.
fn save(
    out: &Path,
    regions: &[Region],
    labels: &[RatedLabel<'_>],
    volume: &Volume,
) -> anyhow::Result<()> {
    let mut named = Vec::new();
    let mut table = Vec::new();
    for (label, region) in labels.iter().zip(regions) {
        let Ok(value) = u16::try_from(label.label) else {
            bail!(
                "label {} is over 65535 and can't be written; choose one with --label",
                label.label
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
