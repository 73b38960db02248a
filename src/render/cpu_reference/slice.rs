use super::{BLACK, CpuScene, bytes, rows};
use crate::geom::DVec3;
use crate::render::uniforms::MOST_OUTLINE;
use crate::render::{
    ColourMap, ImageOverlay, Interpolation, LabelStyle, Projection, Slab, SliceParams,
};
use crate::volume::{LabelMap, Volume};

/// Where a second image stops fading in.
const FADE_IN: f64 = 0.125;

/// What `slice.wgsl` draws without second images: rows of RGBA, top row first.
pub fn slice_rgba(
    volume: &Volume,
    labels: &LabelMap,
    styles: &[LabelStyle],
    params: &SliceParams,
) -> Vec<u8> {
    slice_with_overlays_rgba(volume, &[], labels, styles, params)
}

/// What `slice.wgsl` draws with second images in their slots: rows of RGBA, top row first.
pub fn slice_with_overlays_rgba(
    volume: &Volume,
    images: &[&Volume],
    labels: &LabelMap,
    styles: &[LabelStyle],
    params: &SliceParams,
) -> Vec<u8> {
    let scene = CpuScene::new(volume, labels, styles);
    let blank: Vec<LabelMap> = images.iter().map(|i| LabelMap::empty(i.grid().dims())).collect();
    let images: Vec<CpuScene> =
        images.iter().zip(&blank).map(|(image, blank)| CpuScene::new(image, blank, &[])).collect();
    let grid = volume.grid();
    let pixel = |x: u32, y: u32| {
        let (x, y) = (f64::from(x) + 0.5, f64::from(y) + 0.5);
        let at = params.voxel_from_pane.transform_point3(DVec3::new(x, y, 0.0));
        if scene.voxel(at).is_none() {
            return BLACK;
        }
        let gathered = scene.gathered(params.slab, params.interpolation, |along| at + along);
        let mut colour = gathered
            .map_or(DVec3::ZERO, |value| mapped(params.colour_map, params.window.grey(value)));
        for overlay in &params.overlays {
            let Some(image) = images.get(overlay.slot) else { continue };
            let own = image.volume.grid();
            let place = |along: DVec3| own.voxel(grid.world(at + along));
            let gathered = image.gathered(params.slab, overlay.interpolation, place);
            colour = gathered.map_or(colour, |value| laid_over(colour, overlay, value));
        }
        bytes(with_label(&scene, params, colour, [x, y]))
    };
    rows(params.size, pixel)
}

fn mapped(map: ColourMap, grey: f64) -> DVec3 {
    DVec3::from_array(map.colour(grey).map(|c| f64::from(c) / 255.0))
}

fn laid_over(under: DVec3, overlay: &ImageOverlay, value: f64) -> DVec3 {
    let grey = overlay.window.grey(value);
    let opacity = f64::from(overlay.opacity) * (grey / FADE_IN).min(1.0);
    under.lerp(mapped(overlay.colour_map, grey), opacity)
}

/// A pixel with its label over it, filled or outlined.
fn with_label(scene: &CpuScene, params: &SliceParams, under: DVec3, [x, y]: [f64; 2]) -> DVec3 {
    let at = |x: f64, y: f64| params.voxel_from_pane.transform_point3(DVec3::new(x, y, 0.0));
    let label = scene.label(at(x, y));
    if label == 0 {
        return under;
    }
    let wide = f64::from(params.masks.outline_width.round().clamp(0.0, MOST_OUTLINE));
    let edge = outline_looks(wide).into_iter().any(|(right, down)| {
        let quarters = [(right, down), (-right, -down), (-down, right), (down, -right)];
        quarters.iter().any(|(dx, dy)| scene.label(at(x + dx, y + dy)) != label)
    });
    let faint = scene.is_faint(label);
    let fill = params.masks.fill * if faint { 0.5 } else { 1.0 };
    let outline = params.masks.outline.max(fill);
    let dash = (x.floor() + y.floor()) as u32 % 8 < 4;
    let opacity = if edge && (dash || !faint) { outline } else { fill };
    under.lerp(scene.colour(label), f64::from(opacity))
}

/// Where, from a pixel, a label's outline of this width looks for its edge; and a quarter turn, a half and three
/// quarters round from there.
fn outline_looks(wide: f64) -> Vec<(f64, f64)> {
    let at = |radius: f64, degrees: f64| {
        let (sine, cosine) = degrees.to_radians().sin_cos();
        (radius * cosine, radius * sine)
    };
    let mut looks = Vec::new();
    if wide >= 1.0 {
        looks.push((wide, 0.0));
    }
    if wide >= 2.0 {
        looks.extend([at(wide, 45.0), (1.0, 0.0)]);
    }
    if wide >= 3.0 {
        looks.extend([at(wide, 22.5), at(wide, 67.5), (wide / 2.0, 0.0)]);
    }
    // Pixels are drawn whole.
    looks.into_iter().map(|(right, down)| ((right + 0.5).floor(), (down + 0.5).floor())).collect()
}

impl CpuScene<'_> {
    /// The value shown of a place, or of the places along a slab's thickness: `place` says where in the image
    /// something so many voxels of the scan away from the pixel is. `None` where there is no value.
    fn gathered(
        &self,
        slab: Option<Slab>,
        interpolation: Interpolation,
        place: impl Fn(DVec3) -> DVec3,
    ) -> Option<f64> {
        let one = Slab { projection: Projection::Mean, samples: 1, voxel_step: DVec3::ZERO };
        let slab = slab.unwrap_or(one);
        let middle = (f64::from(slab.samples) - 1.0) / 2.0;
        let values = (0..slab.samples).filter_map(|n| {
            self.value(place(slab.voxel_step * (f64::from(n) - middle)), interpolation)
        });
        let values: Vec<f64> = values.collect();
        match slab.projection {
            _ if values.is_empty() => None,
            Projection::Mean => Some(values.iter().sum::<f64>() / values.len() as f64),
            Projection::Max => values.into_iter().reduce(f64::max),
            Projection::Min => values.into_iter().reduce(f64::min),
        }
    }

    /// The value at a voxel coordinate; `None` outside and where it is not a number.
    fn value(&self, at: DVec3, interpolation: Interpolation) -> Option<f64> {
        let value = self.volume.value(self.voxel(at)?);
        if value.is_nan() {
            return None;
        }
        Some(match interpolation {
            Interpolation::Nearest => value.clamp(self.range.0, self.range.1),
            Interpolation::Linear => self.linear(at),
            Interpolation::Cubic => self.cubic(at),
        })
    }

    /// Catmull-Rom; trilinear next to NaN.
    fn cubic(&self, at: DVec3) -> f64 {
        let base = at.floor();
        let weights = (at - base).to_array().map(catmull_rom);
        let dims = self.volume.grid().dims();
        let mut sum = 0.0;
        for n in 0..64usize {
            let tap = [n % 4, n / 4 % 4, n / 16];
            let voxel = std::array::from_fn(|a| base[a] as i64 + tap[a] as i64 - 1);
            let inside = std::array::from_fn(|a| voxel[a].clamp(0, dims[a] as i64 - 1) as usize);
            if self.volume.value(inside).is_nan() {
                return self.linear(at);
            }
            let weight: f64 = (0..3).map(|a| weights[a][tap[a]]).product();
            // 0 · ∞ is not a number.
            if weight != 0.0 {
                sum += weight * self.finite_value(voxel);
            }
        }
        sum
    }
}

/// The weights of four values in a row, `t` of the way from the second to the third: the cubic through both whose
/// slopes there are half the difference of their neighbours.
fn catmull_rom(t: f64) -> [f64; 4] {
    let outer = |t: f64| -0.5 * t * (1.0 - t) * (1.0 - t);
    let inner = |t: f64| 1.0 - t * t * (2.5 - 1.5 * t);
    [outer(t), inner(t), inner(1.0 - t), outer(1.0 - t)]
}
