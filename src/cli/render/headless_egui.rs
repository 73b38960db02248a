//! egui without a window: one frame of a user interface as a picture.

use egui::{Pos2, Rect, Vec2};
use egui_wgpu::{Renderer, RendererOptions, ScreenDescriptor};
use image::RgbaImage;

use super::scene;
use crate::render::Offscreen;

/// Passes before the one that is drawn: sizes of text and areas are known after the first.
const SETTLE: usize = 2;

/// Draws `ui` over the whole picture, one point per pixel. `resources` puts what paint callbacks need
/// into the renderer.
pub fn draw(
    gpu: &Offscreen,
    size: [u32; 2],
    resources: impl FnOnce(&mut Renderer),
    mut ui: impl FnMut(&mut egui::Ui),
) -> anyhow::Result<RgbaImage> {
    let target = gpu.target(size);
    let mut renderer = Renderer::new(gpu.device(), Offscreen::FORMAT, RendererOptions::PREDICTABLE);
    resources(&mut renderer);
    let context = egui::Context::default();
    context.set_theme(egui::Theme::Dark);
    let mut output = frame(&context, size, 0, &mut ui);
    let mut textures = std::mem::take(&mut output.textures_delta);
    for pass in 1..=SETTLE {
        output = frame(&context, size, pass, &mut ui);
        textures.append(std::mem::take(&mut output.textures_delta));
    }
    for (id, deltas) in &textures.set {
        for delta in deltas {
            renderer.update_texture(gpu.device(), gpu.queue(), *id, delta);
        }
    }
    let jobs = context.tessellate(output.shapes, output.pixels_per_point);
    let screen = ScreenDescriptor { size_in_pixels: size, pixels_per_point: 1.0 };
    let mut encoder =
        gpu.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    let mut commands =
        renderer.update_buffers(gpu.device(), gpu.queue(), &mut encoder, &jobs, &screen);
    paint(&renderer, &mut encoder, &target, &jobs, &screen);
    commands.push(encoder.finish());
    gpu.queue().submit(commands);
    // Nothing is drawn after this frame, so what egui wants freed goes with the renderer.
    textures.clear();
    scene::picture(gpu, &target)
}

fn frame(
    context: &egui::Context,
    size: [u32; 2],
    pass: usize,
    ui: &mut impl FnMut(&mut egui::Ui),
) -> egui::FullOutput {
    let points = Vec2::new(size[0] as f32, size[1] as f32);
    let input = egui::RawInput {
        screen_rect: Some(Rect::from_min_size(Pos2::ZERO, points)),
        time: Some(pass as f64),
        max_texture_side: Some(gpu_side(size)),
        ..Default::default()
    };
    context.run_ui(input, |root| {
        egui::CentralPanel::no_frame().show(root, |inner| ui(inner));
    })
}

/// Every device has textures of this size; the font atlas needs no more.
fn gpu_side(size: [u32; 2]) -> usize {
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
