//! What a number in a file that may be a label map stands for.

use std::collections::BTreeMap;

use super::super::note::{LabelNote, note};
use crate::volume::{DataType, Scale, Volume};
use crate::with_voxels;

/// Labels are whole numbers. Programs that store them as floats, or as integers with a scale, miss those by a
/// rounding; further away than this it is another number. A mask that was interpolated has values between.
const TOLERANCE: f64 = 0.1;

/// Further from a whole number than this is worth a word: 10 × 0.1 in float32 is not.
const WORTH_A_WORD: f64 = 1e-4;

/// Beyond 2⁵³ float64 has no longer every whole number.
const LARGEST: f64 = 9_007_199_254_740_992.0;

/// What the number of a voxel means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value {
    /// No structure. How far the number was from 0.
    Background { off: f64 },
    /// NaN or infinite: no number at all.
    NotANumber,
    /// A whole number below 0.
    Negative(f64),
    /// A label, and how far the number was from it.
    Label { label: u64, off: f64 },
    /// A number that is not whole.
    NotWhole(f64),
    /// Whole, but so large that its neighbours are not numbers any more.
    TooLarge(f64),
}

/// From the numbers of one volume to what they mean.
#[derive(Clone, Copy)]
struct Values {
    scale: Scale,
    /// Whole numbers without a scale: compared as they are, up to the largest that 64 bits hold.
    exact: bool,
}

impl Values {
    fn of(volume: &Volume) -> Self {
        let floats = matches!(volume.voxels().data_type(), DataType::F32 | DataType::F64);
        Self { scale: volume.scale(), exact: !floats && volume.scale() == Scale::NONE }
    }

    /// `whole` is looked at only if the volume's numbers are whole.
    fn read(self, raw: f64, whole: i128) -> Value {
        if self.exact {
            return match u64::try_from(whole) {
                Ok(0) => Value::Background { off: 0.0 },
                Ok(label) => Value::Label { label, off: 0.0 },
                Err(_) => Value::Negative(raw),
            };
        }
        if !raw.is_finite() {
            return Value::NotANumber;
        }
        let value = self.scale.apply(raw);
        let whole = value.round();
        let off = (value - whole).abs();
        match () {
            () if value >= LARGEST => Value::TooLarge(value),
            () if off > TOLERANCE => Value::NotWhole(value),
            () if whole == 0.0 => Value::Background { off },
            () if whole < 0.0 => Value::Negative(whole),
            () => Value::Label { label: whole as u64, off },
        }
    }
}

/// Calls `each` with position and length of every run of equal numbers along x in the time point that is looked
/// at, and what the number means, until one fails.
pub(super) fn each_run<E>(
    volume: &Volume,
    mut each: impl FnMut(usize, usize, Value) -> Result<(), E>,
) -> Result<(), E> {
    let (row, values) = (volume.grid().dims()[0], Values::of(volume));
    with_voxels!(volume.voxels(), v => for (y, line) in v[volume.time_point_range()].chunks_exact(row).enumerate() {
        let mut at = y * row;
        for same in line.chunk_by(|a, b| a == b) {
            let whole = if values.exact { same[0] as i128 } else { 0 };
            each(at, same.len(), values.read(same[0] as f64, whole))?;
            at += same.len();
        }
    });
    Ok(())
}

/// What was met on the way through a label map and is not plain.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    not_numbers: usize,
    /// Voxels whose number was rounded, and by how much at most.
    rounded: usize,
    farthest: f64,
    /// Voxels of the one negative number.
    negative: Option<(f64, usize)>,
    /// Voxels that are exactly 0.
    zeros: usize,
    /// Voxels with a label.
    labelled: usize,
}

impl Tally {
    /// Takes in `len` voxels. The label they have, `None` for background; or why this is no label map. `which`
    /// voxel it is, in words.
    pub fn take(
        &mut self,
        value: Value,
        len: usize,
        which: impl Fn() -> String,
    ) -> Result<Option<u64>, String> {
        match value {
            Value::Background { off } => {
                self.round(off, len);
                self.zeros += if off == 0.0 { len } else { 0 };
                Ok(None)
            }
            Value::Label { label, off } => {
                self.round(off, len);
                self.labelled += len;
                Ok(Some(label))
            }
            Value::NotANumber => {
                self.not_numbers += len;
                Ok(None)
            }
            Value::Negative(value) => match &mut self.negative {
                Some((one, count)) if *one == value => {
                    *count += len;
                    Ok(None)
                }
                Some((one, _)) => Err(format!(
                    "it has several negative values, {} and {} among them; labels are whole numbers from 0 up",
                    number(*one),
                    number(value)
                )),
                none => {
                    *none = Some((value, len));
                    Ok(None)
                }
            },
            Value::NotWhole(value) => Err(format!(
                "{} is {}, and labels are whole numbers; what is off by more than 0.1 is not rounded",
                which(),
                number(value)
            )),
            Value::TooLarge(value) => {
                Err(format!("{} is {}, which is too large for a label", which(), number(value)))
            }
        }
    }

    fn round(&mut self, off: f64, len: usize) {
        if off > WORTH_A_WORD {
            self.rounded += len;
        }
        self.farthest = self.farthest.max(off);
    }

    /// Whether there is no label, and not for want of other numbers than 0: a scan of tiny values, or of none.
    pub fn is_nothing(&self) -> bool {
        let only_zeros = self.farthest == 0.0 && (self.zeros > 0 || self.negative.is_some());
        self.labelled == 0 && !only_zeros
    }

    /// Whether a number was taken for background that may mean something else.
    pub fn is_doubtful(&self) -> bool {
        self.negative.is_some()
    }

    /// What the user should know.
    pub fn notes(&self) -> Vec<LabelNote> {
        let mut notes = Vec::new();
        if self.rounded > 0 {
            let off = number(self.farthest);
            let values = [("voxels", self.rounded.to_string()), ("off", off)];
            notes.push(note(
                "{voxels} voxels have values up to {off} off a whole number; they were rounded to it",
                &values,
            ));
        }
        if self.not_numbers > 0 {
            let values = [("voxels", self.not_numbers.to_string())];
            notes.push(note(
                "{voxels} voxels are not a number (NaN or infinite); they are taken for background",
                &values,
            ));
        }
        if let Some((value, voxels)) = self.negative {
            let values = [("voxels", voxels.to_string()), ("value", number(value))];
            notes.push(note(
                "{voxels} voxels are {value}, which is no label; they are taken for background",
                &values,
            ));
        }
        notes
    }
}

/// The labels' numbers in the document: those over 65535 get the smallest that are free. In the order of the
/// old ones.
pub(super) fn renumber(labels: impl Iterator<Item = u64> + Clone) -> BTreeMap<u64, u16> {
    let small = |label: &u64| u16::try_from(*label).is_ok();
    let taken: std::collections::BTreeSet<u16> =
        labels.clone().filter_map(|label| u16::try_from(label).ok()).collect();
    let free = (1..=u16::MAX).filter(|n| !taken.contains(n));
    labels.filter(|label| !small(label)).zip(free).collect()
}

/// As few digits as tell it, never hundreds.
pub(super) fn number(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || (1e-3..1e15).contains(&size) {
        let text = format!("{value:.4}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        format!("{value:.1e}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_over_65535_take_the_smallest_free_ones() {
        let old = [1, 2, 4, 70_001, u64::MAX];
        let new = renumber(old.into_iter());
        assert_eq!(new, BTreeMap::from([(70_001, 3), (u64::MAX, 5)]));
    }

    #[test]
    fn numbers_are_short() {
        for (value, text) in [
            (0.5, "0.5"),
            (-1.0, "-1"),
            (65536.0, "65536"),
            (0.000_488_281_25, "4.9e-4"),
            (f64::from(f32::MAX), "3.4e38"),
            (2_000_000_007.0, "2000000007"),
        ] {
            assert_eq!(number(value), text);
        }
    }
}
