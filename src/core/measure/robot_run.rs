//! What came of a robot's clicks in the window. What means the same as in the report of `voxpoint eval` is called the same.

use serde::Serialize;

use super::{RobotAim, RobotClick};
use crate::text::{csv_field, csv_number};

/// A run of the robot user on labels of a reference.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RobotRun {
    /// The scan's file, without its ending.
    pub case: String,
    /// The label map that the robot knows.
    pub reference: String,
    /// The model that answers, as it is called.
    pub model: String,
    /// By whose rules clicks become masks: `window`, which are not those of `voxpoint eval`.
    pub rules: &'static str,
    /// Where the robot clicks.
    pub first: RobotAim,
    /// Of the random clicks.
    pub seed: u64,
    /// After how many clicks is measured: 1, 2, … to the last.
    pub clicks: Vec<usize>,
    /// In the order of the labels.
    pub structures: Vec<RobotStructure>,
    /// Labels in which no click could be made, or whose clicks ended before the last.
    pub failures: Vec<RobotFailure>,
}

/// One label.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RobotStructure {
    /// The case of the run.
    pub case: String,
    /// Its number in the reference's file.
    pub label: u64,
    /// Its name, if the reference gives one.
    pub name: Option<String>,
    /// sRGB, to be drawn in.
    #[serde(skip)]
    pub colour: [u8; 3],
    /// Voxels.
    pub voxels: usize,
    /// Volume.
    pub volume_ml: f64,
    /// The share of its voxels that no other object had at the last click: the mask can't have more of it. 1 before
    /// the first.
    pub free: f64,
    /// After 1, 2, … clicks, as far as they are measured.
    pub after: Vec<RobotAfter>,
    /// All clicks.
    pub clicks: Vec<RobotClick>,
}

/// The mask after some clicks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RobotAfter {
    /// How many clicks there may have been.
    pub clicks: usize,
    /// How many there were: fewer if nothing that could be clicked at was wrong any more.
    pub made: usize,
    /// Dice coefficient with the whole label.
    pub dice: f64,
    /// The model's own estimate of intersection over union, if it gives one.
    pub iou: Option<f64>,
}

/// A label that was not measured to the end, and why.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RobotFailure {
    /// The case of the run.
    pub case: String,
    /// The label's number in the reference's file.
    pub label: u64,
    /// One line.
    pub reason: String,
}

/// Means over labels after so many clicks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RobotMean {
    /// Clicks.
    pub clicks: usize,
    /// Labels that are measured so far.
    pub structures: usize,
    /// Mean Dice.
    pub dice: f64,
    /// Mean of the model's estimates, of labels that have one.
    pub iou: Option<f64>,
}

/// A run as JSON.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RobotReport<'a> {
    #[serde(flatten)]
    run: &'a RobotRun,
    summary: RobotSummary,
}

/// What a report has of all labels together.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct RobotSummary {
    all: Vec<RobotMean>,
}

/// The first line of [`RobotRun::csv`].
const CSV_HEAD: &str = "case,label,name,voxels,volume_ml,free,clicks,made,dice,iou\n";

impl RobotRun {
    /// The means after each number of clicks that a label was measured after.
    pub fn means(&self) -> Vec<RobotMean> {
        self.clicks.iter().filter_map(|&clicks| self.mean(clicks)).collect()
    }

    /// The mean after so many clicks; `None` if no label was measured after so many.
    pub fn mean(&self, clicks: usize) -> Option<RobotMean> {
        let after: Vec<RobotAfter> =
            self.structures.iter().filter_map(|s| s.after(clicks)).collect();
        let structures = after.len();
        let estimates: Vec<f64> = after.iter().filter_map(|a| a.iou).collect();
        let mean = |values: &mut dyn Iterator<Item = f64>, count: usize| {
            (count > 0).then(|| values.sum::<f64>() / count as f64)
        };
        let dice = mean(&mut after.iter().map(|a| a.dice), structures)?;
        let iou = mean(&mut estimates.iter().copied(), estimates.len());
        Some(RobotMean { clicks, structures, dice, iou })
    }

    /// The run as JSON has it.
    pub fn report(&self) -> RobotReport<'_> {
        RobotReport { run: self, summary: RobotSummary { all: self.means() } }
    }

    /// One line for each label and number of clicks, below the names of the columns (RFC 4180, `\n` between lines).
    pub fn csv(&self) -> String {
        let lines = self.structures.iter().flat_map(|s| {
            let name = s.name.as_deref().unwrap_or_default();
            let of_label = [
                csv_field(&s.case),
                s.label.to_string(),
                csv_field(name),
                s.voxels.to_string(),
                s.volume_ml.to_string(),
                s.free.to_string(),
            ];
            s.after.iter().map(move |a| {
                let (clicks, made, dice) = (a.clicks, a.made, a.dice);
                format!("{},{clicks},{made},{dice},{}\n", of_label.join(","), csv_number(a.iou))
            })
        });
        CSV_HEAD.to_owned() + &lines.collect::<String>()
    }
}

impl RobotStructure {
    /// What is known after so many clicks.
    pub fn after(&self, clicks: usize) -> Option<RobotAfter> {
        self.after.iter().find(|a| a.clicks == clicks).copied()
    }

    /// Adds how good the mask is that the clicks so far have made. `score`: the model's estimate.
    pub fn measured(&mut self, dice: f64, score: Option<f32>) {
        let made = self.clicks.len();
        // As many digits as a float32 has.
        let iou = score.map(|score| (f64::from(score) * 1e6).round() / 1e6);
        self.after.push(RobotAfter { clicks: made, made, dice, iou });
    }

    /// Nothing is left to be clicked at: after further clicks, to the `last`, the mask would be the same.
    pub fn stays(&mut self, last: usize) {
        let Some(now) = self.after.last().copied() else { return };
        self.after.extend((now.clicks + 1..=last).map(|clicks| RobotAfter { clicks, ..now }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn structure(label: u64, dice: &[f64]) -> RobotStructure {
        let after = |(n, &dice): (usize, &f64)| RobotAfter {
            clicks: n + 1,
            made: n + 1,
            dice,
            iou: (label == 1).then_some(0.5),
        };
        RobotStructure {
            case: "scan, one".into(),
            label,
            name: (label == 1).then(|| "liver".into()),
            colour: [0; 3],
            voxels: 1000,
            volume_ml: 8.0,
            free: 1.0,
            after: dice.iter().enumerate().map(after).collect(),
            clicks: vec![RobotClick { voxel: [1, 2, 3], positive: true }; dice.len()],
        }
    }

    fn run(structures: Vec<RobotStructure>) -> RobotRun {
        RobotRun {
            case: "scan, one".into(),
            reference: "truth.nii.gz".into(),
            model: "demo".into(),
            rules: "window",
            first: RobotAim::Centre,
            seed: 7,
            clicks: vec![1, 2, 3],
            structures,
            failures: Vec::new(),
        }
    }

    #[test]
    fn means_are_of_labels_that_were_measured_after_so_many_clicks() {
        let run = run(vec![structure(1, &[0.5, 0.75]), structure(2, &[0.25])]);
        let found: Vec<_> =
            run.means().iter().map(|m| (m.clicks, m.structures, m.dice, m.iou)).collect();
        assert_eq!(found, [(1, 2, 0.375, Some(0.5)), (2, 1, 0.75, Some(0.5))]);
        assert_eq!(run.mean(3), None);
    }

    #[test]
    fn a_mask_with_nothing_wrong_is_the_same_after_further_clicks() {
        let mut label = structure(1, &[0.5, 1.0]);
        label.stays(4);
        let found: Vec<_> = label.after.iter().map(|a| (a.clicks, a.made, a.dice)).collect();
        assert_eq!(found, [(1, 1, 0.5), (2, 2, 1.0), (3, 2, 1.0), (4, 2, 1.0)]);
        let mut none = structure(1, &[]);
        none.stays(4);
        assert!(none.after.is_empty(), "of a label without a click nothing is known");
    }

    #[test]
    fn what_is_measured_counts_for_the_clicks_made_so_far() {
        let mut label = structure(1, &[]);
        for dice in [0.4, 0.6] {
            label.clicks.push(RobotClick { voxel: [2, 0, 0], positive: true });
            label.measured(dice, Some(0.9));
        }
        let found: Vec<_> = label.after.iter().map(|a| (a.clicks, a.made, a.dice, a.iou)).collect();
        assert_eq!(found, [(1, 1, 0.4, Some(0.9)), (2, 2, 0.6, Some(0.9))]);
    }

    #[test]
    fn csv_and_json_have_the_keys_of_eval() {
        let run = run(vec![structure(1, &[0.5]), structure(2, &[0.25])]);
        let expected = "case,label,name,voxels,volume_ml,free,clicks,made,dice,iou\n\
                        \"scan, one\",1,liver,1000,8,1,1,1,0.5,0.5\n\
                        \"scan, one\",2,,1000,8,1,1,1,0.25,\n";
        assert_eq!(run.csv(), expected);
        let json = serde_json::to_value(run.report()).unwrap();
        assert_eq!(
            (&json["first"], &json["rules"], &json["seed"]),
            (&"centre".into(), &"window".into(), &7.into())
        );
        assert_eq!(json["structures"][0]["clicks"][0]["voxel"], serde_json::json!([1, 2, 3]));
        assert_eq!(json["structures"][1]["after"][0]["iou"], serde_json::Value::Null);
        assert_eq!(json["summary"]["all"][0]["dice"], 0.375);
        assert!(json["structures"][0].get("colour").is_none());
    }
}
