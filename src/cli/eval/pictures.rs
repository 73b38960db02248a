//! A picture of each case: the labels on the left, the model's masks on the right.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use image::RgbaImage;

use super::super::{files, render};
use crate::document::PALETTE;
use crate::figure::save_png;
use crate::volume::{NamedRegion, Volume};

/// Pixels of each half: three slices and the volume.
const SIZE: [u32; 2] = [768, 768];

/// Where a case's picture goes.
pub fn path(folder: &Path, case: &str) -> PathBuf {
    let plain = |c: char| if c.is_alphanumeric() || "-_. ()".contains(c) { c } else { '_' };
    folder.join(format!("{}.png", case.chars().map(plain).collect::<String>()))
}

/// Draws it, both halves with the slices through the middle of the labels.
pub fn draw(
    path: &Path,
    volume: &Arc<Volume>,
    truth: &[NamedRegion],
    masks: &[NamedRegion],
) -> anyhow::Result<()> {
    let at = render::middle_of(truth, volume.grid());
    let dims = volume.grid().dims();
    let halves = [truth, masks].map(|labels| {
        // Where masks overlap, the smaller structure is seen.
        let mut labels = labels.to_vec();
        labels.sort_by_key(|l| std::cmp::Reverse(l.region.count()));
        let seen = files::label_map(dims, &labels).regions().into_iter();
        let seen = seen.map(|(value, region)| {
            // A label has one colour on both sides, also if one side lacks labels.
            let place = truth.iter().position(|l| l.value == value).unwrap_or(0);
            let colour = Some(PALETTE[place % PALETTE.len()]);
            NamedRegion {
                value,
                name: None,
                colour,
                opacity: None,
                visible: true,
                region,
                on_top: None,
            }
        });
        render::picture(volume, seen.collect(), at, SIZE)
    });
    let [left, right] = halves;
    let (left, right) = (left?, right?);
    let mut both = RgbaImage::new(SIZE[0] * 2, SIZE[1]);
    image::imageops::replace(&mut both, &left, 0, 0);
    image::imageops::replace(&mut both, &right, i64::from(SIZE[0]), 0);
    Ok(save_png(path, &both)?)
}
