//! What comes out: summary, CSV, JSON, Markdown.

use std::fmt::Write as _;

use serde::Serialize;

use super::super::tables::table;
use super::correction::{Correction, CorrectionOptions};
use super::protocol::{After, Options, Structure};
use crate::text::{csv_field as quoted, csv_number as number};

/// Something that could not be measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Failure {
    /// The case.
    pub case: String,
    /// The label; `None` if no label of the case could be.
    pub label: Option<u16>,
    /// One line.
    pub reason: String,
}

/// Everything of a run; keys are stable.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The model's name.
    pub model: String,
    /// SHA-256 of its files.
    pub model_sha256: String,
    /// `cpu`, `cuda` or `auto`, as asked for.
    pub device: String,
    /// Where the model ran, or would have: results from the journal are of the same kind of device.
    pub ran_on: String,
    /// What changes the result.
    #[serde(flatten)]
    pub options: Options,
    /// Of the surface Dice, mm.
    pub tolerance_mm: f64,
    /// In the order of cases and labels.
    pub structures: Vec<Structure>,
    /// Means.
    pub summary: Summary,
    /// What could not be measured.
    pub failures: Vec<Failure>,
}

/// Means over structures, for each number of clicks.
#[derive(Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// At least 1 ml and nowhere thinner than 15 mm: those the paper has.
    pub main: Vec<Mean>,
    /// The others.
    pub small: Vec<Mean>,
    /// All.
    pub all: Vec<Mean>,
    /// Positive clicks inside of the mask, if there were any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inside: Option<Inside>,
    /// What correcting with the brush took, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correction: Option<Corrected>,
}

/// What correcting with the brush took.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Corrected {
    /// The Dice coefficient that was to be reached.
    pub goal: f64,
    /// Structures that were corrected.
    pub structures: usize,
    /// Of those, how many reached it.
    pub reached: usize,
    /// Median of strokes until then, where it was reached.
    pub strokes_median: Option<f64>,
    /// Median of their length, mm.
    pub mm_median: Option<f64>,
    /// Mean Dice without, and after each stroke; of a structure that took fewer, its last one.
    pub dice: Vec<f64>,
}

impl Corrected {
    fn of(structures: &[Structure], options: &CorrectionOptions) -> Option<Self> {
        let all: Vec<&Correction> =
            structures.iter().filter_map(|s| s.correction.as_ref()).collect();
        let strokes = all.iter().filter_map(|c| c.strokes_to(options.goal));
        let strokes: Vec<f64> = strokes.map(|n| n as f64).collect();
        let longest = all.iter().map(|c| c.dice.len()).max()?;
        let dice = |n: usize| {
            let of = |c: &&Correction| c.dice.get(n).or(c.dice.last()).copied().unwrap_or_default();
            all.iter().map(of).sum::<f64>() / all.len() as f64
        };
        Some(Self {
            goal: options.goal,
            structures: all.len(),
            reached: strokes.len(),
            strokes_median: median(strokes),
            mm_median: median(all.iter().filter_map(|c| c.mm_to(options.goal)).collect()),
            dice: (0..longest).map(dice).collect(),
        })
    }
}

/// What positive clicks inside of the mask did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Inside {
    /// How many there were.
    pub clicks: usize,
    /// The share of those after which the mask had more than one and a half times as many voxels.
    pub grown_by_half: f64,
}

impl Inside {
    fn of(structures: &[Structure]) -> Option<Self> {
        let grown = || structures.iter().flat_map(|s| &s.grown);
        let clicks = grown().count();
        let grown_by_half = grown().filter(|&&times| times > 1.5).count() as f64 / clicks as f64;
        (clicks > 0).then_some(Self { clicks, grown_by_half })
    }
}

/// Means after so many clicks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mean {
    /// Clicks.
    pub clicks: usize,
    /// Structures.
    pub structures: usize,
    /// Mean Dice.
    pub dice: f64,
    /// Mean normalised surface Dice.
    pub nsd: f64,
    /// Median 95 % Hausdorff distance, mm; a structure without a mask is infinitely far.
    pub hd95_mm_median: Option<f64>,
    /// Median of the machine's time.
    pub seconds_median: Option<f64>,
}

impl Summary {
    /// Of structures measured in this way.
    pub fn of(structures: &[Structure], options: &Options) -> Self {
        let means = |wanted: &dyn Fn(&Structure) -> bool| -> Vec<Mean> {
            options.clicks.iter().filter_map(|&n| mean(structures, n, wanted)).collect()
        };
        Self {
            main: means(&|s| !s.small),
            small: means(&|s| s.small),
            all: means(&|_| true),
            inside: Inside::of(structures),
            correction: options.correction.as_ref().and_then(|o| Corrected::of(structures, o)),
        }
    }
}

fn mean(
    structures: &[Structure],
    clicks: usize,
    wanted: &dyn Fn(&Structure) -> bool,
) -> Option<Mean> {
    let after: Vec<&After> = structures
        .iter()
        .filter(|s| wanted(s))
        .filter_map(|s| s.after.iter().find(|a| a.clicks == clicks))
        .collect();
    let over =
        |of: &dyn Fn(&After) -> f64| after.iter().map(|a| of(a)).sum::<f64>() / after.len() as f64;
    let hd95 = after.iter().map(|a| a.hd95_mm.unwrap_or(f64::INFINITY)).collect();
    (!after.is_empty()).then(|| Mean {
        clicks,
        structures: after.len(),
        dice: over(&|a| a.dice),
        nsd: over(&|a| a.nsd),
        hd95_mm_median: median(hd95).filter(|v| v.is_finite()),
        seconds_median: median(after.iter().filter_map(|a| a.seconds).collect()),
    })
}

/// The middle value, or the mean of the two in the middle.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let n = values.len();
    let (low, high) = (values.get(n.checked_sub(1)? / 2)?, values.get(n / 2)?);
    Some(if low == high { *low } else { low.midpoint(*high) })
}

/// Tables as in the paper, with percent.
pub fn summary(report: &Report) -> String {
    let mut out = String::new();
    let sets = [
        ("Structures", &report.summary.main),
        ("Small structures (under 1 ml, or thinner than 15 mm)", &report.summary.small),
    ];
    for (title, means) in sets {
        let Some(first) = means.first() else { continue };
        let gap = if out.is_empty() { "" } else { "\n" };
        let _ = writeln!(out, "{gap}{title}: {}\n", first.structures);
        let rows = means.iter().map(|m| {
            let time = m.seconds_median.map(|s| match m.clicks {
                1 => format!("τ + {s:.2} s"),
                n => format!("{n}τ + {s:.2} s"),
            });
            vec![
                m.clicks.to_string(),
                format!("{:.2}", 100.0 * m.dice),
                format!("{:.2}", 100.0 * m.nsd),
                m.hd95_mm_median.map_or("-".into(), |mm| format!("{mm:.1}")),
                time.unwrap_or("-".into()),
            ]
        });
        out.push_str(&table(&["clicks", "Dice %", "NSD %", "HD95 mm", "T_inf"], rows));
    }
    if out.is_empty() {
        out.push_str("No structure was measured.\n");
    }
    if let Some(Inside { clicks, grown_by_half }) = report.summary.inside {
        let percent = 100.0 * grown_by_half;
        let _ = writeln!(
            out,
            "\nClicks inside of the mask: {clicks}; after {percent:.1} % of them it was larger by more than half."
        );
    }
    if let Some(corrected) = &report.summary.correction {
        let _ = write!(out, "\n{}", corrected_text(corrected));
    }
    out
}

/// What the brush did, in words and a table.
fn corrected_text(corrected: &Corrected) -> String {
    let Corrected { goal, structures, reached, strokes_median, mm_median, dice } = corrected;
    let number = |value: &Option<f64>| value.map_or("-".to_owned(), |v| format!("{v:.0}"));
    let mut out = format!(
        "Corrected with the brush to Dice {:.1} %: {reached} of {structures}; strokes {}, mm {} (medians)\n\n",
        100.0 * goal,
        number(strokes_median),
        number(mm_median)
    );
    let last = dice.len().saturating_sub(1);
    let shown = [0, 1, 2, 3, 5, 10, 20, 50, 100].into_iter().filter(|&n| n < last).chain([last]);
    let rows =
        shown.filter_map(|n| Some(vec![n.to_string(), format!("{:.2}", 100.0 * dice.get(n)?)]));
    out.push_str(&table(&["strokes", "Dice %"], rows));
    out
}

/// Options, summary, a line for each structure, failures.
pub fn markdown(report: &Report) -> String {
    let options = &report.options;
    let list = |values: &mut dyn Iterator<Item = String>| values.collect::<Vec<_>>().join(" / ");
    let counts = list(&mut options.clicks.iter().map(usize::to_string));
    let mut out = format!(
        "Model {} (SHA-256 {}), device {}; first click {}, crop at {}, seed {}, mask by the {} rule, {} parts. NSD at {} mm. T_inf: median \
         time of the machine, τ that of the person for a click.\n\n{}",
        report.model,
        report.model_sha256,
        report.ran_on,
        format!("{:?}", options.first).to_lowercase(),
        format!("{:?}", options.crop).to_lowercase(),
        options.seed,
        format!("{:?}", options.rule).to_lowercase(),
        format!("{:?}", options.parts).to_lowercase(),
        report.tolerance_mm,
        summary(report)
    );
    let rows = report.structures.iter().map(|s| {
        let percent = |of: &dyn Fn(&After) -> f64| {
            list(&mut s.after.iter().map(|a| format!("{:.1}", 100.0 * of(a))))
        };
        vec![
            s.case.replace('|', "\\|"),
            s.label.to_string(),
            s.name.clone().unwrap_or_default().replace('|', "\\|"),
            format!("{:.2}{}", s.volume_ml, if s.small { " (small)" } else { "" }),
            percent(&|a| a.dice),
            percent(&|a| a.nsd),
        ]
    });
    if !report.structures.is_empty() {
        let (dice, nsd) = (format!("Dice % after {counts}"), format!("NSD % after {counts}"));
        let _ = write!(out, "\n{}", table(&["case", "label", "name", "ml", &dice, &nsd], rows));
    }
    for failure in &report.failures {
        let label = failure.label.map(|l| format!(", label {l}")).unwrap_or_default();
        let _ = write!(out, "\nNot measured: {}{label}: {}\n", failure.case, failure.reason);
    }
    out
}

/// One line for each structure and number of clicks (RFC 4180, `\n` between lines).
pub fn csv(report: &Report) -> String {
    let mut out = String::from(
        "case,label,name,voxels,volume_ml,small,in_cube,clicks,made,dice,nsd,hd95_mm,seconds,iou",
    );
    let goal = report.options.correction.map(|c| c.goal);
    out.push_str(if goal.is_some() { ",strokes,stroke_mm,dice_corrected\n" } else { "\n" });
    for s in &report.structures {
        for a in &s.after {
            let _ = write!(
                out,
                "{},{},{},{},{},{},{},{},{},{},{},{},{},{}",
                quoted(&s.case),
                s.label,
                quoted(s.name.as_deref().unwrap_or_default()),
                s.voxels,
                s.volume_ml,
                s.small,
                s.in_cube,
                a.clicks,
                a.made,
                a.dice,
                a.nsd,
                number(a.hd95_mm),
                number(a.seconds),
                a.iou
            );
            if let Some(goal) = goal {
                // Corrected is the mask of the last click.
                let last = s.after.last().is_some_and(|last| last.clicks == a.clicks);
                let of = s.correction.as_ref().filter(|_| last);
                let strokes = of.and_then(|c| c.strokes_to(goal)).map(|n| n as f64);
                let mm = of.and_then(|c| c.mm_to(goal));
                let dice = of.and_then(|c| c.dice.last().copied());
                let _ = write!(out, ",{},{},{}", number(strokes), number(mm), number(dice));
            }
            out.push('\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::super::args::Edit;
    use super::*;

    #[test]
    fn growth_counts_from_more_than_half() {
        let structure = |grown: &[f64]| -> Structure {
            let text = r#"{"case":"a","label":1,"name":null,"voxels":1,"volume_ml":1.0,"extent_mm":[1.0,1.0,1.0],"small":true,"in_cube":1.0,"after":[],"clicks":[]}"#;
            Structure { grown: grown.to_vec(), ..serde_json::from_str(text).unwrap() }
        };
        assert_eq!(Inside::of(&[structure(&[])]), None);
        let several = [structure(&[1.0, 1.5]), structure(&[]), structure(&[1.6, 0.5])];
        assert_eq!(Inside::of(&several), Some(Inside { clicks: 4, grown_by_half: 0.25 }));
    }

    #[test]
    fn strokes_count_until_the_goal_is_reached() {
        let structure = |dice: &[f64], mm: &[f64]| -> Structure {
            let text = r#"{"case":"a","label":1,"name":null,"voxels":1,"volume_ml":1.0,"extent_mm":[1.0,1.0,1.0],"small":true,"in_cube":1.0,"after":[],"clicks":[]}"#;
            let correction = Correction { dice: dice.to_vec(), mm: mm.to_vec(), grown: 0 };
            Structure { correction: Some(correction), ..serde_json::from_str(text).unwrap() }
        };
        let options = CorrectionOptions { edit: Edit::Brush, goal: 0.95, most_strokes: 3 };
        let several = [
            structure(&[0.96], &[]),
            structure(&[0.5, 0.7, 0.95], &[10.0, 20.0]),
            structure(&[0.1, 0.2, 0.3, 0.4], &[1.0, 1.0, 1.0]),
        ];
        let found = Corrected::of(&several, &options).unwrap();
        let counts = (found.structures, found.reached, found.strokes_median, found.mm_median);
        assert_eq!(counts, (3, 2, Some(1.0), Some(15.0)));
        let dice: Vec<f64> = found.dice.iter().map(|d| (d * 3000.0).round() / 1000.0).collect();
        assert_eq!(dice, [1.56, 1.86, 2.21, 2.31]);
        let text = corrected_text(&found);
        assert!(text.contains("95.0 %: 2 of 3; strokes 1, mm 15"), "{text}");
        assert_eq!(Corrected::of(&[], &options), None);
    }

    #[test]
    fn medians() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![3.0]), Some(3.0));
        assert_eq!(median(vec![3.0, 1.0]), Some(2.0));
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![f64::INFINITY, f64::INFINITY]), Some(f64::INFINITY));
    }
}
