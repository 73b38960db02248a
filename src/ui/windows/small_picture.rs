//! Small pictures in lists.

use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

use egui::{Color32, ColorImage, Context, Id, TextureHandle, TextureOptions};

use crate::ui::state::SmallPicture;

/// Its texture, made once for each picture of what `whose` names.
pub(super) fn texture(
    ctx: &Context,
    whose: impl Hash + Debug,
    picture: &Arc<SmallPicture>,
) -> TextureHandle {
    type Known = (usize, TextureHandle);
    let id = Id::unique(("small picture", whose));
    let at = Arc::as_ptr(picture) as usize;
    if let Some((_, known)) = ctx.data(|d| d.get_temp::<Known>(id)).filter(|(p, _)| *p == at) {
        return known;
    }
    let mut image = ColorImage::filled(picture.size, Color32::BLACK);
    for (pixel, rgb) in image.pixels.iter_mut().zip(picture.rgb.chunks_exact(3)) {
        *pixel = Color32::from_rgb(rgb[0], rgb[1], rgb[2]);
    }
    let texture = ctx.load_texture("small picture", image, TextureOptions::LINEAR);
    ctx.data_mut(|d| d.insert_temp(id, (at, texture.clone())));
    texture
}
