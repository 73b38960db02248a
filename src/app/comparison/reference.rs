//! The label map that the objects are compared with, and how its labels are paired with them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Weak};

use crate::app::document_number::DocumentNumber;
use crate::app::files::ReferenceRead;
use crate::document::{Document, LabelId, Object, palette_colour};
use crate::mask::{MaskError, WorkLimits};
use crate::measure::{LabelPair, PairBy, PairSets, PairedLabels, pair_labels};
use crate::render::LabelStyle;
use crate::ui::ComparedPair;
use crate::volume::{LabelMap, NamedRegion, Region};

/// B.
pub(in crate::app) struct Reference {
    /// Never the same for two.
    pub number: u64,
    /// Of whose scan its voxels are.
    pub document: DocumentNumber,
    pub path: PathBuf,
    pub labels: Vec<NamedRegion>,
    /// One label for each voxel of the scan: where labels share voxels, the smaller one's.
    pub map: LabelMap,
    /// Whether some of them share voxels.
    pub overlaps: bool,
    /// What its labels are called.
    pub names: Arc<BTreeMap<u16, String>>,
    /// Numbers in its file of labels that have others here.
    in_file: BTreeMap<u16, u64>,
}

impl Reference {
    pub fn new(
        number: u64,
        document: DocumentNumber,
        path: PathBuf,
        ReferenceRead { read, map, overlaps, .. }: ReferenceRead,
    ) -> Self {
        let in_file = read.renumbered.iter().map(|(in_file, here)| (*here, *in_file)).collect();
        let named = |label: &NamedRegion| Some((label.value, label.name.clone()?));
        let names = Arc::new(read.labels.iter().filter_map(named).collect());
        Self { number, document, path, labels: read.labels, map, overlaps, names, in_file }
    }

    /// The number that a label has in its file: of an object (0) its own, of B (1) that of its file.
    pub fn number_in_file(&self, side: usize, label: &NamedRegion) -> u64 {
        let other = self.in_file.get(&label.value).filter(|_| side == 1);
        other.copied().unwrap_or(u64::from(label.value))
    }

    /// The pairs of objects and labels.
    pub fn pairs(&self, objects: &[NamedRegion], by: PairBy) -> Vec<LabelPair> {
        let dims = self.map.dims();
        pair_labels(objects, &self.labels, dims, by, |side, l| self.number_in_file(side, l))
    }

    /// The same, as the window names them.
    pub fn compared_pairs(
        &self,
        objects: &[NamedRegion],
        pairs: &[LabelPair],
    ) -> Vec<ComparedPair> {
        let named = |&(a, b): &LabelPair| ComparedPair {
            a: a.map(|n| LabelId(objects[n].value)),
            b: b.map(|n| self.labels[n].value),
        };
        pairs.iter().map(named).collect()
    }

    /// A and B as they are drawn and gone through. Of one pair alone each is there whole, also what lies under others;
    /// else a voxel has the label that is on top.
    fn maps(
        &self,
        document: &Document,
        objects: &[NamedRegion],
        selected: Option<ComparedPair>,
    ) -> [LabelMap; 2] {
        let Some(pair) = selected else {
            return [document.labels().clone(), self.map.clone()];
        };
        let one = |labels: &[NamedRegion], value: Option<u16>| {
            let label = labels.iter().filter(|label| Some(label.value) == value);
            LabelMap::from_regions(self.map.dims(), label.map(|label| (label.value, &label.region)))
        };
        [one(objects, pair.a.map(|id| id.0)), one(&self.labels, pair.b)]
    }

    /// Whether after an edit a look at the labels in its box is enough: of labels that share voxels a map has only those
    /// on top.
    pub fn can_be_mended(&self, document: &Document, selected: Option<ComparedPair>) -> bool {
        let Some(pair) = selected else { return !self.shares_voxels(document) };
        let object = pair.a.and_then(|id| document.object(id));
        !self.overlaps && object.is_none_or(|object| object.covered.is_empty())
    }

    fn shares_voxels(&self, document: &Document) -> bool {
        self.overlaps || document.objects().iter().any(|object| !object.covered.is_empty())
    }

    /// What is compared voxel by voxel, and which labels of it are one structure: of one pair alone its two masks, of
    /// all pairs the labels of both; or where labels share voxels, the sets of pairs that each voxel is in.
    pub fn compared(
        &self,
        document: &Document,
        objects: &[NamedRegion],
        (in_lists, pairs): (&[LabelPair], &[ComparedPair]),
        selected: Option<ComparedPair>,
        limits: &WorkLimits,
    ) -> Result<([LabelMap; 2], PairedLabels), MaskError> {
        if selected.is_none() && self.shares_voxels(document) {
            let numbered = || (1u32..).zip(in_lists);
            let a = numbered().filter_map(|(n, (a, _))| Some((n, &objects[(*a)?].region)));
            let b = numbered().filter_map(|(n, (_, b))| Some((n, &self.labels[(*b)?].region)));
            let (a, b) = (a.collect::<Vec<_>>(), b.collect::<Vec<_>>());
            if let Some(sets) = PairSets::of(self.map.dims(), [&a, &b], limits)? {
                return Ok((sets.maps, sets.paired));
            }
        }
        let shown = pairs.iter().filter(|pair| selected.is_none_or(|one| one == **pair));
        let paired = PairedLabels::new(shown.map(|pair| (pair.a.map(|id| id.0), pair.b)));
        Ok((self.maps(document, objects, selected), paired))
    }

    /// A voxel of a label, in the middle of its voxels in memory.
    pub fn middle_of(&self, label: u16) -> Option<[usize; 3]> {
        let label = self.labels.iter().find(|l| l.value == label)?;
        let at = label.region.nth(label.region.count() / 2)?;
        let [nx, ny, _] = self.map.dims();
        Some([at % nx, at / nx % ny, at / nx / ny])
    }

    /// How its labels are drawn: as the objects that they are paired with, else in their own colours; of a pair that
    /// alone is looked at, only that.
    pub fn styles(
        &self,
        document: &Document,
        pairs: &[ComparedPair],
        selected: Option<ComparedPair>,
    ) -> Vec<LabelStyle> {
        let partner: BTreeMap<u16, LabelId> =
            pairs.iter().filter_map(|pair| pair.b.zip(pair.a)).collect();
        let style = |label: &NamedRegion| {
            let object = partner.get(&label.value).and_then(|id| document.object(*id));
            let own = label.colour.unwrap_or_else(|| palette_colour(LabelId(label.value)));
            LabelStyle {
                value: label.value,
                colour: object.map_or(own, |object| object.colour),
                visible: selected.is_none_or(|selected| selected.b == Some(label.value)),
                opacity: label.opacity.unwrap_or(1.0),
                faint: false,
            }
        };
        self.labels.iter().map(style).collect()
    }
}

/// What matters of the objects and may change without a label: their names, and what of them lies under others. (A
/// region that is known here is never changed where it lies: who changes it makes another.)
#[derive(Clone)]
pub(super) struct ObjectsSeen(Vec<(LabelId, String, Weak<Region>)>);

impl ObjectsSeen {
    pub fn of(document: &Document) -> Self {
        let objects = document.objects().iter().filter(|object| object.has_voxels());
        let seen =
            |object: &Object| (object.id, object.name.clone(), Arc::downgrade(&object.covered));
        Self(objects.map(seen).collect())
    }
}

impl PartialEq for ObjectsSeen {
    fn eq(&self, other: &Self) -> bool {
        let pairs = || self.0.iter().zip(&other.0);
        self.0.len() == other.0.len()
            && pairs().all(|(a, b)| (a.0, &a.1) == (b.0, &b.1) && a.2.ptr_eq(&b.2))
    }
}

/// The objects as labels of a map.
pub(super) fn objects_as_labels(document: &Document) -> Vec<NamedRegion> {
    let row = document.image().grid().dims()[0];
    let label = |object: &Object| NamedRegion {
        value: object.id.0,
        name: Some(object.name.clone()),
        colour: Some(object.colour),
        opacity: Some(object.opacity),
        visible: object.visible,
        region: (*object.whole(row)).clone(),
        on_top: None,
    };
    // A label map has what is in it: an object without a voxel is none of its labels.
    let objects = document.objects().iter().filter(|object| object.has_voxels());
    let mut labels: Vec<NamedRegion> = objects.map(label).collect();
    labels.sort_by_key(|label| label.value);
    labels
}
