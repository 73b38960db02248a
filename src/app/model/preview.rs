//! What a click under the pointer would give, as a copy of the label map to be drawn instead of the
//! document's. The document never knows of it.

use crate::document::{Document, LabelId, palette_colour};
use crate::render::LabelStyle;
use crate::volume::{DeltaBuilder, DeltaRun, LabelMap, Region, Run, VoxelBox};

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
    /// How the preview's labels are drawn.
    pub styles: [LabelStyle; 2],
}

/// The document's side of a preview, taken when it is asked for.
pub(super) struct Canvas {
    labels: LabelMap,
    /// The object that would take the click, and its voxels.
    object: Option<(LabelId, std::sync::Arc<Region>)>,
    styles: [LabelStyle; 2],
}

impl Canvas {
    /// `object` is the one that would take the click; `None` is a new one. `None` if a label map has no two
    /// values left to draw with.
    pub fn of(document: &Document, object: Option<LabelId>) -> Option<Self> {
        let object = object.and_then(|id| document.object(id));
        let used = |value: u16| document.object(LabelId(value)).is_some();
        // One byte of texture is enough for values up to 255.
        let mut free = (1..=255u16).rev().chain(256..=u16::MAX).filter(|v| !used(*v));
        let (gained, lost) = (free.next()?, free.next()?);
        let colour = object.map_or_else(|| next_colour(document), |o| o.colour);
        let style =
            |value, colour| LabelStyle { value, colour, visible: true, opacity: 1.0, faint: true };
        Some(Self {
            labels: document.labels().clone(),
            object: object.map(|o| (o.id, o.region.clone())),
            styles: [style(gained, colour), style(lost, LOST)],
        })
    }

    /// Writes the mask `wanted` into the copy: what would be new, and what would go, each as a label of its
    /// own. Voxels of other objects stay theirs.
    pub fn paint(mut self, wanted: &Region, number: u64) -> Preview {
        let mut delta = DeltaBuilder::new(self.labels.dims());
        let [gained, lost] = self.styles.each_ref().map(|style| style.value);
        for &run in wanted.runs() {
            let mut start = run.start;
            for same in self.labels.run(run).chunk_by(|a, b| a == b) {
                if same[0] == 0 {
                    let run = Run { start, len: same.len() as u32 };
                    delta.push(DeltaRun { run, before: 0, after: gained });
                }
                start += same.len();
            }
        }
        if let Some((id, owned)) = &self.object {
            without(owned.runs(), wanted.runs(), |run| {
                delta.push(DeltaRun { run, before: id.0, after: lost });
            });
        }
        let delta = delta.finish();
        self.labels.apply(&delta);
        Preview { number, labels: self.labels, bounds: delta.bounds(), styles: self.styles }
    }
}

/// The colour that the next new object will have.
fn next_colour(document: &Document) -> [u8; 3] {
    let free = (1..=u16::MAX).find(|v| document.object(LabelId(*v)).is_none()).unwrap_or(1);
    palette_colour(LabelId(free))
}

/// The pieces of `a` that are not in `b`, both sorted.
fn without(a: &[Run], b: &[Run], mut piece: impl FnMut(Run)) {
    let mut rest = b;
    for run in a {
        let mut start = run.start;
        while let Some(cut) = rest.first() {
            if cut.end() <= start {
                rest = &rest[1..];
                continue;
            }
            if cut.start >= run.end() {
                break;
            }
            if cut.start > start {
                piece(Run { start, len: (cut.start - start) as u32 });
            }
            start = cut.end();
            if start >= run.end() {
                break;
            }
        }
        if start < run.end() {
            piece(Run { start, len: (run.end() - start) as u32 });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::{DAffine3, DMat3, DVec3, Grid};
    use crate::volume::{NamedRegion, Scale, StoredGeometry, Volume, Voxels};
    use proptest::prelude::*;
    use std::sync::Arc;

    const DIMS: [usize; 3] = [5, 4, 3];

    fn document(labels: &[u16]) -> Document {
        let grid = Grid::new(DIMS, DAffine3::from_mat3_translation(DMat3::IDENTITY, DVec3::ZERO));
        let grid = grid.unwrap();
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
        });
        document.apply(crate::document::Command::Import(named.collect())).unwrap();
        document
    }

    proptest! {
        /// Against the plain voxel-by-voxel statement.
        #[test]
        fn a_preview_is_the_voxelwise_rule_and_leaves_the_document_alone(
            before in prop::collection::vec(0u16..3, 60),
            wanted in prop::collection::vec(any::<bool>(), 60),
        ) {
            prop_assume!(before.contains(&1));
            let document = document(&before);
            let canvas = Canvas::of(&document, Some(LabelId(1))).unwrap();
            let region = Region::from_mask(DIMS[0], wanted.iter().copied());
            let preview = canvas.paint(&region, 7);
            let expected: Vec<u16> = before
                .iter()
                .zip(&wanted)
                .map(|(&old, &want)| match (old, want) {
                    (0, true) => 255,
                    (1, false) => 254,
                    (other, _) => other,
                })
                .collect();
            prop_assert_eq!(preview.labels.to_vec(), &expected[..]);
            prop_assert_eq!(document.labels().to_vec(), &before[..]);
            for (index, (old, new)) in before.iter().zip(&expected).enumerate() {
                if old != new {
                    let bounds = preview.bounds.unwrap();
                    let voxel = [index % 5, index / 5 % 4, index / 20];
                    let within = |a: usize| (bounds.min[a]..bounds.max[a]).contains(&voxel[a]);
                    prop_assert!((0..3).all(within));
                }
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
