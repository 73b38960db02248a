//! A robot that knows B and clicks as the user would: how it is set, and how far it is.

use std::sync::Arc;
use std::time::Duration;

use crate::document::LabelId;
use crate::measure::{RobotAim, RobotRun};
use crate::ui::kit::text::mark;

/// How a robot clicks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RobotOptions {
    /// On all labels of B one after another; else on that of the pair that is chosen.
    pub all: bool,
    /// So many clicks on each.
    pub clicks: usize,
    /// Where.
    pub aim: RobotAim,
    /// Other random clicks.
    pub seed: u64,
    /// The views go to each click.
    pub watch: bool,
    /// What is waited before each click.
    pub pause: RobotPause,
    /// Each mask is deleted once it is measured, before the next label.
    pub take_out: bool,
}

impl Default for RobotOptions {
    fn default() -> Self {
        Self {
            all: true,
            clicks: 5,
            aim: RobotAim::default(),
            seed: 0,
            watch: true,
            pause: RobotPause::default(),
            take_out: false,
        }
    }
}

impl RobotOptions {
    /// How many clicks there can be on each label: those after which a table has the figures.
    pub const CLICKS: [usize; 4] = [1, 3, 5, 10];

    /// After how many clicks a table has the figures.
    pub fn shown(last: usize) -> impl Iterator<Item = usize> {
        Self::CLICKS.into_iter().filter(move |clicks| *clicks <= last)
    }
}

/// How long a robot waits before each click.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RobotPause {
    /// Not at all.
    None,
    /// Half a second.
    #[default]
    Half,
    /// A second.
    One,
}

impl RobotPause {
    /// All, the shortest first.
    pub const ALL: [Self; 3] = [Self::None, Self::Half, Self::One];

    /// How long it is.
    pub fn duration(self) -> Duration {
        Duration::from_millis(match self {
            Self::None => 0,
            Self::Half => 500,
            Self::One => 1000,
        })
    }

    /// What the window calls it, in English.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => mark("No pause"),
            Self::Half => mark("0.5 s"),
            Self::One => mark("1 s"),
        }
    }
}

/// What a robot is doing.
#[derive(Clone, Debug, PartialEq)]
pub struct RobotWork {
    /// The label.
    pub name: String,
    /// Which of how many labels it is, from 1.
    pub label: (usize, usize),
    /// Which of how many clicks, from 1.
    pub click: (usize, usize),
    /// The click is being answered.
    pub asks: bool,
}

/// What is known of a robot's clicks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RobotStatus {
    /// What it is doing; `None` if nothing.
    pub work: Option<RobotWork>,
    /// What came of it, so far, or of the last run.
    pub run: Option<Arc<RobotRun>>,
    /// Why the last run ended before its time, or did not begin; in English, shown as a translation.
    pub told: Option<String>,
    /// What lies in the way of the run that is to begin.
    pub in_the_way: Option<InTheWay>,
}

/// Objects that have voxels of the labels on which the robot is to click: its masks can't get these.
#[derive(Clone, Debug, PartialEq)]
pub struct InTheWay {
    /// The share of the labels' voxels that objects have.
    pub share: f64,
    /// The same without the robot's earlier masks.
    pub share_of_others: f64,
    /// The masks among them that runs have made since the scan was opened, which nobody has changed.
    pub robots: Vec<LabelId>,
    /// The names of these, and of the others.
    pub names: [Vec<String>; 2],
}

/// What is done about objects in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InTheWayAnswer {
    /// The robot's earlier masks are deleted, in one step, and it begins.
    Delete,
    /// It begins all the same.
    Beside,
    /// It does not.
    Cancel,
}

/// What the user wants of a robot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RobotAction {
    /// Begin, as its window is set; if objects lie in the way ask first.
    Start,
    /// What is done about those.
    Answer(InTheWayAnswer),
    /// Make no further click.
    Stop,
    /// Put the figures on the clipboard, as CSV.
    Copy,
    /// Ask where to save them.
    Save,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_shown_after_the_papers_numbers_of_clicks() {
        for (last, shown) in [(1, &[1][..]), (3, &[1, 3]), (5, &[1, 3, 5]), (10, &[1, 3, 5, 10])] {
            assert_eq!(RobotOptions::shown(last).collect::<Vec<_>>(), shown);
        }
        assert!(RobotOptions::CLICKS.contains(&RobotOptions::default().clicks));
    }
}
