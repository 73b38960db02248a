//! egui without a window: frames of a user interface as pictures.

use egui::{Pos2, Rect, Vec2};
use egui_wgpu::{Renderer, RendererOptions, ScreenDescriptor};
use image::RgbaImage;

use super::FigureError;
use crate::render::{Offscreen, RenderError};
use crate::work::memory;

/// What a picture takes for each pixel: on a device that computes with the CPU, read back, and turned into a file.
const PIXEL_BYTES: u64 = 20;

/// Passes before the one that is drawn: sizes of text and areas are known after the first.
const SETTLE: usize = 2;

/// A user interface that is drawn into memory; fonts and pipelines stay from one picture to the next.
pub struct Headless {
    context: egui::Context,
    renderer: Renderer,
    /// Seconds that have gone by in the user interface.
    time: f64,
}

impl Headless {
    pub fn new(gpu: &Offscreen) -> Self {
        let context = egui::Context::default();
        crate::ui::theme::apply(&context);
        let options = RendererOptions::PREDICTABLE;
        let renderer = Renderer::new(gpu.device(), Offscreen::FORMAT, options);
        Self { context, renderer, time: 0.0 }
    }

    /// What paint callbacks find.
    pub fn resources(&mut self) -> &mut egui_wgpu::CallbackResources {
        &mut self.renderer.callback_resources
    }

    /// Draws `ui` over the whole picture. `more`: whether the paint callbacks have to prepare once more
    /// before all of the picture is there.
    pub fn draw(
        &mut self,
        gpu: &Offscreen,
        size: [u32; 2],
        pixels_per_point: f32,
        mut ui: impl FnMut(&mut egui::Ui),
        more: impl Fn(&egui_wgpu::CallbackResources) -> bool,
    ) -> Result<RgbaImage, FigureError> {
        let limit = gpu.device().limits().max_texture_dimension_2d;
        if size.iter().any(|n| *n > limit) {
            return Err(FigureError::TooLarge { size, limit });
        }
        let pixels = u64::from(size[0]) * u64::from(size[1]);
        memory::check(PIXEL_BYTES * pixels).map_err(RenderError::from)?;
        let mut output = self.frame(size, pixels_per_point, &mut ui);
        let mut textures = std::mem::take(&mut output.textures_delta);
        for _ in 0..SETTLE {
            output = self.frame(size, pixels_per_point, &mut ui);
            textures.append(std::mem::take(&mut output.textures_delta));
        }
        for (id, deltas) in &textures.set {
            for delta in deltas {
                self.renderer.update_texture(gpu.device(), gpu.queue(), *id, delta);
            }
        }
        let jobs = self.context.tessellate(output.shapes, output.pixels_per_point);
        let screen = ScreenDescriptor { size_in_pixels: size, pixels_per_point };
        let target = gpu.target(size);
        loop {
            let mut encoder =
                gpu.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            let mut commands = self.renderer.update_buffers(
                gpu.device(),
                gpu.queue(),
                &mut encoder,
                &jobs,
                &screen,
            );
            if more(&self.renderer.callback_resources) {
                commands.push(encoder.finish());
                gpu.queue().submit(commands);
                continue;
            }
            paint(&self.renderer, &mut encoder, &target, &jobs, &screen);
            commands.push(encoder.finish());
            gpu.queue().submit(commands);
            break;
        }
        for id in &textures.free {
            self.renderer.free_texture(id);
        }
        textures.clear();
        let pixels = gpu.read_texture(&target)?;
        RgbaImage::from_raw(size[0], size[1], pixels).ok_or(FigureError::Incomplete)
    }

    fn frame(
        &mut self,
        size: [u32; 2],
        pixels_per_point: f32,
        ui: &mut impl FnMut(&mut egui::Ui),
    ) -> egui::FullOutput {
        let points = Vec2::new(size[0] as f32, size[1] as f32) / pixels_per_point;
        let mut input = egui::RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, points)),
            time: Some(self.time),
            max_texture_side: Some(texture_side(size)),
            ..Default::default()
        };
        let viewport = input.viewports.entry(input.viewport_id).or_default();
        viewport.native_pixels_per_point = Some(pixels_per_point);
        self.time += 1.0;
        self.context.run_ui(input, |root| {
            egui::CentralPanel::no_frame().show(root, |inner| ui(inner));
        })
    }
}

/// Every device has textures of this size; the font atlas needs no more.
fn texture_side(size: [u32; 2]) -> usize {
    2048.max(size[0].max(size[1]) as usize)
}

fn paint(
    renderer: &Renderer,
    encoder: &mut wgpu::CommandEncoder,
    target: &wgpu::Texture,
    jobs: &[egui::ClippedPrimitive],
    screen: &ScreenDescriptor,
) {
    let view = target.create_view(&wgpu::TextureViewDescriptor::default());
    let pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
        label: Some("views"),
        color_attachments: &[Some(wgpu::RenderPassColorAttachment {
            view: &view,
            depth_slice: None,
            resolve_target: None,
            ops: wgpu::Operations {
                load: wgpu::LoadOp::Clear(wgpu::Color::BLACK),
                store: wgpu::StoreOp::Store,
            },
        })],
        ..Default::default()
    });
    renderer.render(&mut pass.forget_lifetime(), jobs, screen);
}
