//! What a segmentation says of its segments (PS3.3 C.8.20.4).

use dicom_dictionary_std::tags;

use super::super::attributes::Attributes;
use super::super::out::rgb_of;
use super::super::own_block::{LABEL, PLACE, own};

/// A segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// As frames and pixels name it.
    pub number: u16,
    /// As Voxpoint had it, if that wrote it.
    pub label: Option<u16>,
    /// Its place among those with which it shares voxels, the lowest first, if Voxpoint wrote it.
    pub place: Option<u16>,
    pub name: Option<String>,
    /// sRGB.
    pub colour: Option<[u8; 3]>,
}

/// The segments of a file; background is none.
///
/// # Errors
/// What is wrong, in words.
pub(super) fn segments(said: Attributes, is_label_map: bool) -> Result<Vec<Segment>, String> {
    let mut found: Vec<Segment> = Vec::new();
    for item in said.items(tags::SEGMENT_SEQUENCE) {
        let number = item.whole(tags::SEGMENT_NUMBER);
        let number = number.and_then(|n| u16::try_from(n).ok());
        let number = number.ok_or("a segment has no number")?;
        if number == 0 {
            if is_label_map {
                continue;
            }
            return Err("a segment has the number 0".into());
        }
        if found.iter().any(|segment| segment.number == number) {
            return Err(format!("two segments have the number {number}"));
        }
        let (label, place) = (own(item, LABEL).filter(|n| *n > 0), own(item, PLACE));
        found.push(Segment { number, label, place, name: name(item), colour: colour(item) });
    }
    if found.is_empty() && !is_label_map {
        return Err("it has no segments".into());
    }
    Ok(found)
}

/// Its label, else what its codes mean.
fn name(item: Attributes) -> Option<String> {
    if let Some(label) = item.text(tags::SEGMENT_LABEL) {
        return Some(label);
    }
    let kind = item.first(tags::SEGMENTED_PROPERTY_TYPE_CODE_SEQUENCE)?;
    let side = kind.first(tags::SEGMENTED_PROPERTY_TYPE_MODIFIER_CODE_SEQUENCE);
    let parts = [Some(kind), side].into_iter().flatten();
    let parts: Vec<String> = parts.filter_map(|code| code.text(tags::CODE_MEANING)).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn colour(item: Attributes) -> Option<[u8; 3]> {
    let lab = item.numbers(tags::RECOMMENDED_DISPLAY_CIE_LAB_VALUE);
    let &[l, a, b] = &*lab else { return None };
    Some(rgb_of([l, a, b].map(|n| n.clamp(0.0, 65535.0) as u16)))
}

/// The number that each segment has as a label: as Voxpoint had them if that wrote all, else their own.
pub(super) fn values(segments: &[Segment]) -> Vec<u16> {
    let own: Option<Vec<u16>> = segments.iter().map(|segment| segment.label).collect();
    let distinct = |values: &Vec<u16>| {
        let set: std::collections::BTreeSet<_> = values.iter().collect();
        set.len() == values.len()
    };
    own.filter(distinct).unwrap_or_else(|| segments.iter().map(|s| s.number).collect())
}

/// Number, name and colour of each segment as a label.
///
/// # Errors
/// What is wrong, in words.
pub(in crate::io::dicom) fn names(said: Attributes) -> Result<Vec<Named>, String> {
    let is_label_map = said.text(tags::SEGMENTATION_TYPE).as_deref() == Some("LABELMAP");
    let segments = segments(said, is_label_map)?;
    let values = values(&segments);
    Ok(values.into_iter().zip(segments).map(|(value, s)| (value, s.name, s.colour)).collect())
}

/// Number, name, colour.
type Named = (u16, Option<String>, Option<[u8; 3]>);
