//! What is told of contours that could not be taken as they are: how many, and of which structures.

use std::collections::BTreeMap;

use crate::io::note::{LabelNote, note};

/// Structures that are named in a note.
const NAMED: usize = 6;

/// What is odd about a contour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Odd {
    /// A point, or a line that is not closed.
    Open,
    /// Fewer than three points.
    Short,
    /// It is there twice.
    Double,
    /// It lies across the slices.
    Across,
    /// No slice is near.
    Outside,
    /// It lies beside its slice, by more than a tenth of the distance between slices.
    Beside,
    /// It lies between slices, and another lies nearer to its slice.
    Between,
    /// The structure has no closed contour at all.
    Empty,
    /// The structure has contours on some of its slices only.
    Sparse,
    /// The structure lies in another frame of reference than the scan, in which others lie.
    OtherFrame,
    /// The structures lie in several frames of reference, and nobody knows the scan's.
    AnyFrame,
}

/// Counts of them.
#[derive(Debug, Default)]
pub(super) struct Tally(BTreeMap<Odd, (usize, Vec<String>)>);

impl Tally {
    /// One more, of a structure.
    pub fn add(&mut self, odd: Odd, name: &str) {
        let (count, names) = self.0.entry(odd).or_default();
        *count += 1;
        if names.len() <= NAMED && !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }

    /// Whether something of a structure is lost or moved, which is worth asking about.
    pub fn is_doubtful(&self) -> bool {
        let moved = [Odd::Across, Odd::Outside, Odd::Beside, Odd::Between];
        let mut doubtful = moved.iter().chain(&[Odd::OtherFrame, Odd::AnyFrame]);
        doubtful.any(|odd| self.0.contains_key(odd))
    }

    /// In words. `beside_mm`: how far contours lie beside their slice at most.
    pub fn notes(&self, beside_mm: f64) -> Vec<LabelNote> {
        let told = |(odd, (count, names)): (&Odd, &(usize, Vec<String>))| {
            let mut list: Vec<&str> = names.iter().take(NAMED).map(String::as_str).collect();
            if names.len() > NAMED {
                list.push("…");
            }
            let values = [
                ("n", count.to_string()),
                ("list", list.join(", ")),
                ("mm", crate::volume::readable(beside_mm, 3)),
            ];
            match odd {
                Odd::Open => note(
                    "{n} contours are points or lines that are not closed and are left out: {list}",
                    &values,
                ),
                Odd::Short => note(
                    "{n} contours have fewer than three points and are left out: {list}",
                    &values,
                ),
                Odd::Double => {
                    note("{n} contours are there twice and were taken once: {list}", &values)
                }
                Odd::Across => note(
                    "{n} contours lie across the slices of the scan and are left out: {list}",
                    &values,
                ),
                Odd::Outside => {
                    note("{n} contours lie outside of the scan and are left out: {list}", &values)
                }
                Odd::Beside => note(
                    "{n} contours lie up to {mm} mm beside a slice of the scan and were put on it: {list}",
                    &values,
                ),
                Odd::Between => note(
                    "{n} contours lie between slices of the scan where others are nearer, and are left out: {list}",
                    &values,
                ),
                Odd::Empty => {
                    note("{n} structures have no closed contour and are left out: {list}", &values)
                }
                Odd::Sparse => note(
                    "{n} structures have contours on some of their slices only; nothing is drawn between: {list}",
                    &values,
                ),
                Odd::OtherFrame => note(
                    "{n} structures lie in another frame of reference than the scan and are left out: {list}",
                    &values,
                ),
                Odd::AnyFrame => note(
                    "its structures lie in several frames of reference, and the scan does not say which is its own: {list}",
                    &values,
                ),
            }
        };
        self.0.iter().map(told).collect()
    }
}
