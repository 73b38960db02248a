//! The whole window, panels and all, drawn into memory frame by frame: to measure what a frame takes.

use egui::{Pos2, Rect, Vec2};
use egui_wgpu::{Renderer, RendererOptions, ScreenDescriptor};

use super::FigureError;
use crate::document::Document;
use crate::render::{Offscreen, Scene};
use crate::ui::views::{MoreToCome, SceneSlot};
use crate::ui::{self, Status, ViewState};

/// A window that nobody sees.
pub struct UnseenWindow<'a> {
    gpu: &'a Offscreen,
    context: egui::Context,
    renderer: Renderer,
    target: wgpu::Texture,
    size: [u32; 2],
    status: Status,
    frames: u32,
}

impl<'a> UnseenWindow<'a> {
    /// So many pixels, a point each, with a scene that has everything uploaded.
    pub fn new(gpu: &'a Offscreen, mut scene: Scene, size: [u32; 2]) -> Self {
        scene.set_progressive(true);
        let context = egui::Context::default();
        ui::theme::apply(&context);
        let options = RendererOptions::default();
        let mut renderer = Renderer::new(gpu.device(), Offscreen::FORMAT, options);
        renderer.callback_resources.insert(SceneSlot(Some(scene)));
        renderer.callback_resources.insert(MoreToCome(false));
        let target = gpu.target(size);
        Self { gpu, context, renderer, target, size, status: Status::default(), frames: 0 }
    }

    /// Draws the window as it would be for this view, and waits until the device has drawn it. `true` while the 3D
    /// picture is not complete.
    pub fn frame(
        &mut self,
        document: &Document,
        view: &mut ViewState,
    ) -> Result<bool, FigureError> {
        let Self { gpu, context, renderer, target, size, status, frames } = self;
        let points = Vec2::new(size[0] as f32, size[1] as f32);
        let input = egui::RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, points)),
            time: Some(f64::from(*frames) * 0.02),
            ..Default::default()
        };
        *frames += 1;
        let mut output = context.run_ui(input, |root| {
            ui::show(root, true, Some(document), view, status, &mut Vec::new());
        });
        let (device, queue) = (gpu.device(), gpu.queue());
        for (id, deltas) in &output.textures_delta.set {
            for delta in deltas {
                renderer.update_texture(device, queue, *id, delta);
            }
        }
        let jobs = context.tessellate(output.shapes, output.pixels_per_point);
        let screen = ScreenDescriptor { size_in_pixels: *size, pixels_per_point: 1.0 };
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let mut commands = renderer.update_buffers(device, queue, &mut encoder, &jobs, &screen);
        commands.push(encoder.finish());
        queue.submit(commands);
        let drawn = gpu.frame(target, |pass| renderer.render(pass, &jobs, &screen));
        for id in &output.textures_delta.free {
            renderer.free_texture(id);
        }
        output.textures_delta.clear();
        drawn?;
        Ok(renderer.callback_resources.get::<MoreToCome>().is_some_and(|more| more.0))
    }
}
