//! What is told of a row, and how far it is.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::super::server::ServerTraffic;
use super::super::stamp::ReadStamp;

/// What the journal keeps of a row that is done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptRow {
    /// Where its label map is.
    pub out: PathBuf,
    /// The files that it was made of, as they were.
    pub read: Vec<ReadStamp>,
    /// What was told of it.
    pub made: Made,
}

impl KeptRow {
    /// Whether its label map is there, and every file that it was made of is as it was.
    pub fn holds(&self) -> bool {
        self.out.is_file() && self.read.iter().all(ReadStamp::holds)
    }
}

/// A row that is done; keys are stable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Made {
    /// The masks, by label.
    pub labels: Vec<MadeLabel>,
    /// Whether a mask touches the edge of what the model looked at: it probably goes on.
    pub touches: bool,
    /// Where the model ran.
    pub device: String,
    /// What went over the network, if it ran on a server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerTraffic>,
    /// How long it took.
    pub ms: RowMilliseconds,
}

/// A mask.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MadeLabel {
    /// Its number.
    pub label: u16,
    /// Its name, if one was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Voxels.
    pub voxels: usize,
    /// Volume.
    pub volume_ml: f64,
    /// Clicks that were made: a robot stops when nothing within the model's reach is wrong.
    pub clicks: usize,
    /// The model's own estimate of intersection over union.
    pub iou: Option<f32>,
    /// Dice coefficient with the robot's label map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dice: Option<f64>,
}

/// Milliseconds of a row's steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RowMilliseconds {
    /// Reading the scan and the labels, while the row before was at work.
    pub load: f64,
    /// Clicks of the robot and answers of the model, with cutting what it looks at and making the mask.
    pub model: f64,
    /// Of that, the encoder and the decoder alone.
    #[serde(default)]
    pub encoder_decoder: f64,
    /// Writing, reading back and comparing.
    pub save: f64,
}

/// What happened to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RowState {
    /// Its label map was written now.
    Done,
    /// It was done by an earlier run.
    Earlier,
    /// See the error.
    Failed,
}

/// A line of standard output; keys are stable.
#[derive(Debug, Serialize)]
pub struct RowLine<'a> {
    /// Its line in the table.
    pub row: u64,
    pub image: String,
    pub out: String,
    pub state: RowState,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'a str>,
    #[serde(flatten)]
    pub made: Option<&'a Made>,
}

/// How far it is.
#[derive(Debug)]
pub struct Tally {
    begun: Instant,
    total: usize,
    earlier: usize,
    done: usize,
    failed: usize,
}

impl Tally {
    /// Nothing done of so many rows.
    pub fn new(total: usize) -> Self {
        Self { begun: Instant::now(), total, earlier: 0, done: 0, failed: 0 }
    }

    /// Counts a row.
    pub fn add(&mut self, state: RowState) {
        match state {
            RowState::Done => self.done += 1,
            RowState::Earlier => self.earlier += 1,
            RowState::Failed => self.failed += 1,
        }
    }

    /// How many could not be done.
    pub fn failed(&self) -> usize {
        self.failed
    }

    /// `[12/1000, 1 failed] about 4 min left`.
    pub fn words(&self) -> String {
        self.words_after(self.begun.elapsed())
    }

    fn words_after(&self, elapsed: Duration) -> String {
        let now = self.done + self.failed;
        let told = now + self.earlier;
        let failed = match self.failed {
            0 => String::new(),
            n => format!(", {n} failed"),
        };
        let rest = self.total.saturating_sub(told);
        let left = match now {
            0 => String::new(),
            _ if rest == 0 => format!(" in {}", duration(elapsed)),
            // (Rows that failed at once make it too short; nothing says how many of those are to come.)
            now => format!(" about {} left", duration(elapsed.mul_f64(rest as f64 / now as f64))),
        };
        format!("[{told}/{}{failed}]{left}", self.total)
    }
}

/// `42 s`, `3 min`, `2 h 05 min`.
fn duration(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..100 => format!("{seconds} s"),
        seconds @ 100..6000 => format!("{} min", (seconds + 30) / 60),
        seconds => {
            let minutes = (seconds + 30) / 60;
            format!("{} h {:02} min", minutes / 60, minutes % 60)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_is_that_of_what_is_done_now() {
        let mut tally = Tally::new(100);
        (0..50).for_each(|_| tally.add(RowState::Earlier));
        assert_eq!(tally.words_after(Duration::from_secs(1)), "[50/100]");
        (0..10).for_each(|_| tally.add(RowState::Done));
        // Ten rows took 20 s, forty are left: what was done earlier took no time.
        assert_eq!(tally.words_after(Duration::from_secs(20)), "[60/100] about 80 s left");
        tally.add(RowState::Failed);
        (0..39).for_each(|_| tally.add(RowState::Done));
        assert_eq!(
            tally.words_after(Duration::from_mins(125)),
            "[100/100, 1 failed] in 2 h 05 min"
        );
    }

    #[test]
    fn a_line_has_no_keys_for_what_is_not() {
        let line = RowLine {
            row: 3,
            image: "a.nii".into(),
            out: "m.nii".into(),
            state: RowState::Failed,
            error: Some("no such file"),
            made: None,
        };
        let expected =
            r#"{"row":3,"image":"a.nii","out":"m.nii","state":"failed","error":"no such file"}"#;
        assert_eq!(serde_json::to_string(&line).unwrap(), expected);
    }
}
