use std::cmp::Reverse;

use super::Region;

/// A row of a label table: what a value in a label map stands for.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelName {
    /// The value, never 0.
    pub value: u16,
    /// The structure's name.
    pub name: String,
    /// sRGB.
    pub colour: [u8; 3],
    /// Opacity of its surface in 3D, 0 to 1.
    pub opacity: f32,
    /// Whether it is shown.
    pub visible: bool,
}

/// One label of a label map that was opened.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedRegion {
    /// Its value, never 0: that in the file, or another if that is over 65535.
    pub value: u16,
    /// Its name, if a label table beside the file says one.
    pub name: Option<String>,
    /// Its sRGB colour, if a label table beside the file says one.
    pub colour: Option<[u8; 3]>,
    /// Opacity of its surface in 3D, 0 to 1, if a label table beside the file says one.
    pub opacity: Option<f32>,
    /// Whether it is shown; a label table beside the file may say that it is not.
    pub visible: bool,
    /// Its voxels.
    pub region: Region,
    /// Of one that shares voxels with others: what of it lies on top, if its file says that; else the smallest does.
    pub on_top: Option<Region>,
}

impl NamedRegion {
    /// One of which nothing is known but its voxels.
    pub fn unnamed(value: u16, region: Region) -> Self {
        let (name, colour, opacity, on_top) = (None, None, None, None);
        Self { value, name, colour, opacity, visible: true, region, on_top }
    }

    /// In which order labels that share voxels lie over each other, by their places, the lowest first: the smallest is on
    /// top, so that a lesion within an organ is seen, and of two that are equally large the later one. Those of which a
    /// file says what is on top lie below all others, but for that.
    pub fn lowest_first(labels: &[Self]) -> Vec<usize> {
        let mut order: Vec<usize> = (0..labels.len()).collect();
        order.sort_by_cached_key(|&n| {
            (labels[n].on_top.is_none(), Reverse(labels[n].region.count()))
        });
        order
    }
}
