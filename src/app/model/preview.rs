//! What a click or an edit under the pointer would give, as a copy of the label map to be drawn instead of the
//! document's. The document never knows of it.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use crate::document::{
    Change, Document, LabelId, Object, Over, Underneath, answer_delta, palette_colour,
};
use crate::render::LabelStyle;
use crate::volume::{Delta, DeltaBuilder, DeltaRun, LabelMap, Region, VoxelBox};

/// Drawn where a mask would go away.
const LOST: [u8; 3] = [168, 170, 176];

/// A label map with a preview in it, and how to draw that.
pub(in crate::app) struct Preview {
    /// Never the same for two previews.
    pub number: u64,
    /// The document's labels, with the preview written over them.
    pub labels: LabelMap,
    /// Where it differs from the document's.
    pub bounds: Option<VoxelBox>,
    /// How the preview's labels are drawn: what the object would gain and what it would lose, or what each of several
    /// objects would gain.
    pub styles: Vec<LabelStyle>,
}

impl Preview {
    /// What an edit by hand would write; `None` if that is nothing.
    pub fn of_edit(document: &Document, change: &Change, over: Over, number: u64) -> Option<Self> {
        let target = document.edit_target(None).ok()?;
        let delta = document.would_edit(None, change, over).ok()?;
        if delta.is_empty() {
            return None;
        }
        let styles = styles(document, target.id, target.colour)?;
        let change = (target.id.0, &delta);
        Some(Self::of(document.labels().clone(), change, styles, &BTreeSet::new(), number))
    }

    /// A change that is about an object; `None` if a label map has no two values left to draw with.
    pub fn of_delta(
        document: &Document,
        object: &Object,
        delta: &Delta,
        number: u64,
    ) -> Option<Self> {
        // Objects that would begin have their numbers already: what they get is drawn in their colours.
        let known = |value: u16| value == 0 || document.object(LabelId(value)).is_some();
        let begun = delta.runs().iter().map(|run| run.after);
        let begun: BTreeSet<u16> = begun.filter(|&v| v != object.id.0 && !known(v)).collect();
        let mut free = free_values(document, Some(object.id)).filter(|v| !begun.contains(v));
        let own = [faint(free.next()?, object.colour), faint(free.next()?, LOST)];
        let mut preview =
            Self::of(document.labels().clone(), (object.id.0, delta), own, &begun, number);
        let new = begun.iter().map(|&value| faint(value, palette_colour(LabelId(value))));
        preview.styles.extend(new);
        Some(preview)
    }

    /// What objects would gain, each in its colour; `None` if a label map has not enough values left to draw with.
    pub fn of_gains(document: &Document, delta: &Delta, number: u64) -> Option<Self> {
        let mut free = free_values(document, None);
        let mut drawn_as = BTreeMap::new();
        for run in delta.runs() {
            if let Entry::Vacant(new) = drawn_as.entry(run.after) {
                let colour = document.object(LabelId(run.after))?.colour;
                new.insert(faint(free.next()?, colour));
            }
        }
        let mut labels = document.labels().clone();
        let mut drawn = DeltaBuilder::new(labels.dims());
        for run in delta.runs() {
            let after = drawn_as.get(&run.after).map_or(run.after, |style| style.value);
            drawn.push(DeltaRun { after, ..*run });
        }
        let drawn = drawn.finish();
        labels.apply(&drawn);
        let styles = drawn_as.into_values().collect();
        Some(Self { number, labels, bounds: drawn.bounds(), styles })
    }

    /// `labels` with a change drawn in: what would be new, and what would go, each as a label of its own; and what goes
    /// to objects that would begin, as theirs.
    fn of(
        mut labels: LabelMap,
        (own, change): (u16, &Delta),
        styles: [LabelStyle; 2],
        begun: &BTreeSet<u16>,
        number: u64,
    ) -> Self {
        let mut drawn = DeltaBuilder::new(labels.dims());
        let [gained, lost] = styles.each_ref().map(|style| style.value);
        for run in change.runs() {
            let after = match (run.before, run.after) {
                (_, after) if after == own => gained,
                (_, after) if begun.contains(&after) => after,
                (before, after) if before == own || after == 0 => lost,
                // Another object gets it.
                (_, after) => after,
            };
            drawn.push(DeltaRun { after, ..*run });
        }
        let drawn = drawn.finish();
        labels.apply(&drawn);
        Self { number, labels, bounds: drawn.bounds(), styles: styles.to_vec() }
    }
}

/// How the two labels of a preview are drawn: what the object `own` would gain and lose. `None` if a label map has no
/// two values left to draw with.
fn styles(document: &Document, own: LabelId, colour: [u8; 3]) -> Option<[LabelStyle; 2]> {
    let mut free = free_values(document, Some(own));
    Some([faint(free.next()?, colour), faint(free.next()?, LOST)])
}

/// Values of the label map that no object has, nor is to have.
fn free_values(document: &Document, own: Option<LabelId>) -> impl Iterator<Item = u16> {
    let used: BTreeSet<u16> =
        document.objects().iter().map(|o| o.id).chain(own).map(|id| id.0).collect();
    // One byte of texture is enough for values up to 255.
    (1..=255u16).rev().chain(256..=u16::MAX).filter(move |value| !used.contains(value))
}

fn faint(value: u16, colour: [u8; 3]) -> LabelStyle {
    LabelStyle { value, colour, visible: true, opacity: 1.0, faint: true }
}

/// The document's side of a click's preview, taken when it is asked for.
pub(super) struct Canvas {
    labels: LabelMap,
    under: Underneath,
    /// The object that would take the click.
    object: Object,
    styles: [LabelStyle; 2],
}

impl Canvas {
    /// `object` is the one that would take the click; `None` is a new one. `None` if a label map has no two
    /// values left to draw with.
    pub fn of(document: &Document, object: Option<LabelId>) -> Option<Self> {
        let known = object.and_then(|id| document.object(id));
        let object = known.map_or_else(|| document.next_object().ok(), |o| Some(o.clone()))?;
        let styles = styles(document, object.id, object.colour)?;
        let under = Underneath::of(document.objects());
        Some(Self { labels: document.labels().clone(), under, object, styles })
    }

    /// Writes what the model's answer would change into the copy.
    pub fn paint(self, answer: Region, number: u64) -> Preview {
        let change = answer_delta(&self.labels, &self.under, &self.object, answer);
        let change = (self.object.id.0, &change);
        Preview::of(self.labels, change, self.styles, &BTreeSet::new(), number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Command, EditKind, GestureId, Resolution};
    use crate::geom::{DAffine3, DVec3, Grid};
    use crate::prompt::Prompt;
    use crate::volume::{NamedRegion, Scale, StoredGeometry, Volume, Voxels};
    use proptest::prelude::*;
    use std::sync::Arc;

    const DIMS: [usize; 3] = [5, 4, 3];

    /// A document with one object beside those of a label map.
    fn document(labels: &[u16]) -> Document {
        let grid = Grid::new(DIMS, DAffine3::IDENTITY).unwrap();
        let voxels = Voxels::U8(vec![0; grid.count()]);
        let stored = StoredGeometry::of(&grid);
        let volume =
            Volume::new("phantom", grid, DIMS.to_vec(), voxels, Scale::NONE, stored, vec![]);
        let mut document = Document::new(Arc::new(volume));
        let regions = LabelMap::from_labels(DIMS, labels).regions();
        let named = regions.into_iter().map(|(value, region)| NamedRegion {
            value,
            name: None,
            colour: None,
            opacity: None,
            visible: true,
            region,
            on_top: None,
        });
        document.apply(Command::Import(named.collect())).unwrap();
        document
    }

    /// A click that the model answers with a mask.
    fn click(document: &mut Document, region: Region) {
        let prompt = Prompt::positive(DVec3::ZERO);
        document.apply(Command::AddPrompt { object: None, prompt }).unwrap();
        let entry = document.pending().unwrap().0;
        let resolution = Arc::new(Resolution { region, ..Resolution::nothing() });
        document.apply(Command::Resolve { entry, resolution }).unwrap();
    }

    fn mask() -> impl Strategy<Value = Region> {
        prop::collection::vec(any::<bool>(), 60).prop_map(|mask| Region::from_mask(DIMS[0], mask))
    }

    proptest! {
        /// Of an object that has an answer already and was corrected by hand, beside others.
        #[test]
        fn a_preview_is_what_the_click_then_does_and_leaves_the_document_alone(
            others in prop::collection::vec(prop_oneof![Just(0u16), 2u16..4], 59),
            (answer, painted, erased, wanted) in (mask(), mask(), mask(), mask()),
        ) {
            let others = [vec![0], others].concat();
            let mut document = document(&others);
            document.apply(Command::NewObject).unwrap();
            click(&mut document, answer);
            let object = Some(LabelId(1));
            for (n, change) in [Change::Add(painted.into()), Change::Subtract(erased.into())]
                .into_iter()
                .enumerate()
            {
                let gesture = GestureId(n as u64);
                let (over, kind) = (Over::Background, EditKind::Brush);
                document.apply(Command::Edit { object, change, over, kind, gesture }).unwrap();
            }
            // Where the next click is.
            prop_assume!([0, 1].contains(&document.labels().get([0, 0, 0])));
            let before = document.labels().to_vec();
            let canvas = Canvas::of(&document, object).unwrap();
            let preview = canvas.paint(wanted.clone(), 7);
            prop_assert_eq!(document.labels().to_vec(), &before[..]);
            click(&mut document, wanted);
            let after = document.labels().to_vec();
            let shown = preview.labels.to_vec();
            for (index, (old, new)) in before.iter().zip(&after).enumerate() {
                let expected = match (old, new) {
                    (0, 1) => 255,
                    (1, 0) => 254,
                    _ => *old,
                };
                prop_assert_eq!(shown[index], expected);
                if old != new {
                    let bounds = preview.bounds.unwrap();
                    let voxel = [index % 5, index / 5 % 4, index / 20];
                    let within = |a: usize| (bounds.min[a]..bounds.max[a]).contains(&voxel[a]);
                    prop_assert!((0..3).all(within));
                }
            }
        }
    }

    proptest! {
        /// Of an edit by hand, over the background or over unlocked neighbours.
        #[test]
        fn the_preview_of_an_edit_is_what_the_edit_then_does(
            labels in prop::collection::vec(0u16..4, 60),
            (named, erases, over_unlocked, locked) in
                (mask(), any::<bool>(), any::<bool>(), any::<bool>()),
        ) {
            prop_assume!([1, 2].iter().all(|label| labels.contains(label)));
            let mut document = document(&labels);
            document.apply(Command::SetLocked(LabelId(2), locked)).unwrap();
            document.apply(Command::Select(LabelId(1))).unwrap();
            let over = if over_unlocked { Over::Unlocked } else { Over::Background };
            let named = Arc::new(named);
            let change = if erases { Change::Subtract(named) } else { Change::Add(named) };
            let preview = Preview::of_edit(&document, &change, over, 1);
            let before = document.labels().to_vec();
            let (kind, gesture) = (EditKind::Brush, GestureId(1));
            let edit = Command::Edit { object: None, change, over, kind, gesture };
            document.apply(edit).unwrap();
            let after = document.labels().to_vec();
            let Some(preview) = preview else {
                prop_assert_eq!(before, after);
                return Ok(());
            };
            let [gained, lost] = [0, 1].map(|n: usize| preview.styles[n].value);
            for (n, shown) in preview.labels.to_vec().into_iter().enumerate() {
                let expected = match (before[n], after[n]) {
                    (old, new) if old == new => old,
                    (_, 0) => lost,
                    (_, new) => {
                        prop_assert_eq!(new, 1);
                        gained
                    }
                };
                prop_assert_eq!(shown, expected);
            }
        }
    }

    #[test]
    fn the_next_objects_colour_is_shown_before_it_exists() {
        let document = document(&[&[1, 2][..], &[0; 58]].concat());
        let canvas = Canvas::of(&document, None).unwrap();
        assert_eq!(canvas.styles[0].colour, crate::document::PALETTE[2]);
        assert!(canvas.styles.iter().all(|s| s.faint && s.visible));
    }
}
