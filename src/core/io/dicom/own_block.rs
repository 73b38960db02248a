//! A block of elements of our own in the items of segments and structures (PS3.5 7.8.1): what DICOM has no place for. Other
//! programs pass over it.

use std::borrow::Cow;

use dicom_core::{Tag, VR};

use super::attributes::Attributes;
use super::out::Item;

const CREATOR: (Tag, &str) = (Tag(0x0063, 0x0010), "VOXPOINT");

/// The number that a segment has as a label in Voxpoint.
pub(super) const LABEL: Tag = Tag(0x0063, 0x1001);

/// The place of one among those with which it shares voxels: 0 of the lowest.
pub(super) const PLACE: Tag = Tag(0x0063, 0x1002);

/// A number of the block; `None` if it is not there, or the block is somebody else's.
pub(super) fn own(item: Attributes, tag: Tag) -> Option<u16> {
    let creator = bytes(item, CREATOR.0)?;
    if String::from_utf8_lossy(&creator).trim_matches(['\0', ' ']) != CREATOR.1 {
        return None;
    }
    if item.0.get(tag)?.vr() == VR::UN {
        let two = <[u8; 2]>::try_from(&*bytes(item, tag)?).ok()?;
        return Some(u16::from_le_bytes(two));
    }
    item.whole(tag).and_then(|number| u16::try_from(number).ok())
}

/// A value as it is stored: where types are not written, or a program did not know the block, there is nothing else.
fn bytes(item: Attributes<'_>, tag: Tag) -> Option<Cow<'_, [u8]>> {
    item.0.get(tag)?.to_bytes().ok()
}

/// An item with a number of the block.
pub(super) fn with_own(item: Item, tag: Tag, number: u16) -> Item {
    item.text(CREATOR.0, VR::LO, CREATOR.1).short(tag, [number])
}
