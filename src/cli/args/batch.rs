//! What may be typed after `voxpoint batch`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::RangedU64ValueParser;

use super::{First, ModelArgs, PartsArg, Rule, SendArgs, Space};

/// What `voxpoint batch --help` ends with.
const TABLE: &str = "\
The table's first line names its columns; others than these are not looked at, and ways are from the table's folder.
  image   the scan
  series  of a folder, ZIP archive or DICOMDIR with several scans the one that is meant: its UID, its number, or what
          “voxpoint info FOLDER” calls it; without it the row fails
  out     where to write its label map; no two rows have the same
  points  clicks: X,Y,Z,+ or X,Y,Z,- and a semicolon between two; the first is inside (+). In a table whose columns are
          separated by commas the field is put in quotation marks
  labels  instead of points: a label map of the scan, in whose labels a robot clicks as in “voxpoint eval”
  label   the number of the clicked structure in “out” (else 1); with labels: only this one of them
  name    the structure's name in the label table; with labels the map's own names stay
  clicks  how often the robot clicks (else --clicks)
  space   of points: world or voxel (else --space)
  model   another model than --model: its place, or the address of a server

Standard output gets a line of JSON for each row: row (its line in the table), image, out, state (done, earlier, failed),
error, labels (label, name, voxels, `volume_ml`, clicks, iou, dice with a robot), touches, device, ms (load;
model; `encoder_decoder`, the part of model that these two took; save), and of a model on a server what went over the network
(server: requests, sent, received, `network_ms`, `server_ms`).
A row that fails is named and the others go on; the exit code is then 1. A server that fails three rows one after another
is not asked for the rest: those rows fail at once, and the same command does them when it is back.

What is done is kept in TABLE.journal, or, of a share, TABLE.I-of-N.journal. The same command goes on where it was
stopped, also with another number of shares: rows that are in any of these journals, with the same clicks, model and
options, whose files are as they were and whose “out” is there, are told (state: earlier) and not done again. A row that was at work when the program
was killed is done once more.";

/// `voxpoint batch`.
#[derive(Args, Debug)]
#[command(after_long_help = TABLE)]
pub struct BatchArgs {
    /// A table (.csv, .tsv) with a row for each mask: columns image, out, and points or labels (see below).
    #[arg(value_name = "JOBS.csv")]
    pub table: PathBuf,
    /// Which model, and where.
    #[command(flatten)]
    pub model: ModelArgs,
    /// What is sent to servers, if a model is on one; --send-voxels agrees for all addresses that are named.
    #[command(flatten)]
    pub send: SendArgs,
    /// How often a server is asked again that does not answer, with pauses of 1, 2, 4… seconds.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = RangedU64ValueParser::<u32>::new().range(0..=10))]
    pub retries: u32,
    /// What the coordinates of points are, where a row does not say it.
    #[arg(long, value_enum, default_value_t = Space::World)]
    pub space: Space,
    /// How several clicks make one mask.
    #[arg(long, value_enum, default_value_t = Rule::Steady)]
    pub rule: Rule,
    /// Which parts of each mask to keep.
    #[arg(long, value_enum, default_value_t = PartsArg::default())]
    pub parts: PartsArg,
    /// Follow masks of points beyond the model's cube, as far as they go.
    #[arg(long)]
    pub extend: bool,
    /// How often the robot clicks on each label, where a row does not say it.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = RangedU64ValueParser::<usize>::new().range(1..=100))]
    pub clicks: usize,
    /// Where the robot clicks.
    #[arg(long, value_enum, default_value_t = First::Centre)]
    pub first: First,
    /// Other random clicks of the robot.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Only each N-th row, beginning with the I-th: for N machines or array jobs, each with its own I from 1.
    #[arg(long, value_name = "I/N", value_parser = parse_shard)]
    pub shard: Option<ShardArg>,
    /// Rows worked on at the same time, each with a model of its own in memory, or as a client of its own of a server.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = RangedU64ValueParser::<usize>::new().range(1..=64))]
    pub jobs: usize,
    /// Another place for the journal; those of other shares are not looked at then.
    #[arg(long, value_name = "JOURNAL")]
    pub resume: Option<PathBuf>,
    /// Replace label maps and tables that Voxpoint did not write.
    #[arg(long)]
    pub force: bool,
}

/// `--shard`: a share of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardArg {
    /// From 1 to `of`.
    pub number: usize,
    /// How many there are.
    pub of: usize,
}

impl ShardArg {
    /// Whether the row is in this share; `row` counts all rows of the table from 0.
    pub fn has(self, row: usize) -> bool {
        row % self.of == self.number - 1
    }
}

fn parse_shard(text: &str) -> Result<ShardArg, String> {
    let number = |text: &str| text.trim().parse::<usize>().ok().filter(|&n| n > 0);
    let parts = text.split_once('/').map(|(i, n)| (number(i), number(n)));
    match parts {
        Some((Some(number), Some(of))) if number <= of => Ok(ShardArg { number, of }),
        Some((Some(number), Some(of))) => {
            Err(format!("there is no share {number} of {of}; they are counted from 1"))
        }
        _ => Err("I/N is needed, as 1/8 to 8/8".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_counted_from_1() {
        assert_eq!(parse_shard("2/8"), Ok(ShardArg { number: 2, of: 8 }));
        for bad in ["", "2", "0/8", "9/8", "1/0", "a/b", "-1/8", "1/8/2"] {
            assert!(parse_shard(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn each_row_is_in_one_share() {
        for of in 1..=7 {
            for row in 0..40 {
                let shares = (1..=of).filter(|&number| ShardArg { number, of }.has(row));
                assert_eq!(shares.count(), 1, "row {row} of {of} shares");
            }
        }
    }
}
