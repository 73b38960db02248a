//! The renderer's scene of a document, and pictures made of nothing but it.

use std::sync::Arc;

use image::RgbaImage;

use crate::document::Document;
use crate::geom::{DAffine3, DMat3, DVec2, DVec3, Grid, PanZoom, Plane, SliceFrame};
use crate::render::{LabelStyle, Offscreen, RaycastParams, RenderError, Scene, SliceParams};
use crate::ui::{Pane, ViewState};

/// Bytes uploaded before the queue is emptied, so that staging memory stays small.
const UPLOAD: usize = 64 << 20;

/// Everything of the document on the device.
pub fn load(gpu: &Offscreen, document: &Document) -> Result<Scene, RenderError> {
    let mut scene = gpu.scene();
    scene.set_volume(Arc::clone(document.image()))?;
    while !scene.upload(UPLOAD) {
        gpu.queue().submit([]);
    }
    let style = |o: &crate::document::Object| LabelStyle {
        value: o.id.0,
        colour: o.colour,
        visible: o.visible,
    };
    let styles: Vec<LabelStyle> = document.objects().iter().map(style).collect();
    scene.set_labels(document.labels(), None)?;
    scene.set_styles(&styles);
    Ok(scene)
}

/// The views alone: no letters, crosshair or text.
pub fn plain(
    gpu: &Offscreen,
    document: &Document,
    view: &ViewState,
    size: [u32; 2],
) -> anyhow::Result<RgbaImage> {
    let mut scene = load(gpu, document)?;
    let panes = panes(size, view.maximised);
    let mut encoder =
        gpu.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    for (pane, rect) in &panes {
        match pane {
            Pane::Slice(plane) => {
                let params = slice_params(document.image().grid(), *plane, view, rect.size);
                scene.prepare_slice(*plane as usize, &params);
            }
            Pane::Volume => scene.prepare_3d(&mut encoder, &raycast_params(view, rect.size)),
        }
    }
    let target = gpu.target(size);
    let texture_view = target.create_view(&wgpu::TextureViewDescriptor::default());
    {
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("plain views"),
            color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                view: &texture_view,
                depth_slice: None,
                resolve_target: None,
                ops: wgpu::Operations {
                    load: wgpu::LoadOp::Clear(wgpu::Color::BLACK),
                    store: wgpu::StoreOp::Store,
                },
            })],
            ..Default::default()
        });
        for (pane, rect) in &panes {
            let ([x, y], [w, h]) = (rect.origin, rect.size);
            pass.set_viewport(x as f32, y as f32, w as f32, h as f32, 0.0, 1.0);
            pass.set_scissor_rect(x, y, w, h);
            match pane {
                Pane::Slice(plane) => scene.paint_slice(&mut pass, *plane as usize),
                Pane::Volume => scene.paint_3d(&mut pass),
            }
        }
    }
    gpu.queue().submit([encoder.finish()]);
    picture(gpu, &target)
}

/// What was drawn on a target.
pub fn picture(gpu: &Offscreen, target: &wgpu::Texture) -> anyhow::Result<RgbaImage> {
    RgbaImage::from_raw(target.width(), target.height(), gpu.read_texture(target)?)
        .ok_or_else(|| anyhow::anyhow!("the graphics device returned a part of the picture only"))
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Rect {
    origin: [u32; 2],
    size: [u32; 2],
}

/// One view over everything, or the window's four with a gap of one pixel between them.
fn panes(size: [u32; 2], one: Option<Pane>) -> Vec<(Pane, Rect)> {
    // Too small for four panes and a gap: the first of them alone.
    let four = one.is_none() && size.iter().all(|&n| n >= 3);
    if !four {
        let pane = one.unwrap_or(Pane::Slice(Plane::Axial));
        return vec![(pane, Rect { origin: [0, 0], size })];
    }
    let half = size.map(|n| (n - 1) / 2);
    let place = |pane, right: u32, down: u32| {
        let cell = [right, down];
        let origin = std::array::from_fn(|a| cell[a] * (half[a] + 1));
        let rest = std::array::from_fn(|a| size[a] - half[a] - 1);
        (pane, Rect { origin, size: std::array::from_fn(|a| [half, rest][cell[a] as usize][a]) })
    };
    vec![
        place(Pane::Slice(Plane::Axial), 0, 0),
        place(Pane::Slice(Plane::Sagittal), 1, 0),
        place(Pane::Slice(Plane::Coronal), 0, 1),
        place(Pane::Volume, 1, 1),
    ]
}

/// The slice through the crosshair, fitted into the pane.
fn slice_params(grid: &Grid, plane: Plane, view: &ViewState, size: [u32; 2]) -> SliceParams {
    let frame = SliceFrame::new(grid, plane, view.convention);
    let pane = DVec2::from_array(size.map(f64::from));
    let fit = PanZoom::fit(frame.extent(), pane);
    let slice = frame.view(view.crosshair).z.round().clamp(0.0, frame.slices() as f64 - 1.0);
    let step = 1.0 / fit.points_per_mm;
    let corner = fit.view_from_screen(-pane / 2.0);
    let view_from_pane = DAffine3::from_mat3_translation(
        DMat3::from_diagonal(DVec3::new(step, step, 1.0)),
        corner.extend(slice),
    );
    SliceParams {
        size,
        voxel_from_pane: frame.voxel_from_view() * view_from_pane,
        window: view.window,
        interpolation: view.interpolation,
        overlay: view.overlay,
    }
}

fn raycast_params(view: &ViewState, size: [u32; 2]) -> RaycastParams {
    RaycastParams {
        size,
        orbit: view.orbit.clone(),
        window: view.window,
        draft: false,
        image_opacity: view.image_opacity,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_panes_cover_the_picture_but_for_the_gaps() {
        for size in [[1024, 1024], [801, 600], [3, 3]] {
            let all = panes(size, None);
            let area: u32 = all.iter().map(|(_, r)| r.size[0] * r.size[1]).sum();
            assert_eq!(area, (size[0] - 1) * (size[1] - 1), "{size:?}");
            let last = all[3].1;
            assert_eq!(last.origin[0] + last.size[0], size[0]);
            assert_eq!(last.origin[1] + last.size[1], size[1]);
        }
        assert_eq!(panes([2, 2], None).len(), 1);
    }

    #[test]
    fn the_middle_of_the_pane_is_the_crosshair_of_a_fitted_picture() {
        let grid = Grid::new([5, 7, 9], DAffine3::from_scale(DVec3::new(-2.0, 1.0, 1.5))).unwrap();
        let view = ViewState { crosshair: grid.centre(), ..ViewState::default() };
        for plane in Plane::ALL {
            let params = slice_params(&grid, plane, &view, [300, 200]);
            let voxel = params.voxel_from_pane.transform_point3(DVec3::new(150.0, 100.0, 0.0));
            assert!(voxel.abs_diff_eq(DVec3::new(2.0, 3.0, 4.0), 1e-9), "{plane:?} {voxel}");
            let corner = params.voxel_from_pane.transform_point3(DVec3::ZERO);
            assert!((corner - voxel).length() > 1.0);
        }
    }
}
