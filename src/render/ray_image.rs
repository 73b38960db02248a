use super::RaycastParams;
use super::pipelines_3d::{PICTURE_FORMAT, Pipelines3d};

/// The texture that the 3D view is drawn to, kept until something changes.
pub(super) struct RayImage {
    view: wgpu::TextureView,
    bind_group: wgpu::BindGroup,
    size: [u32; 2],
}

impl RayImage {
    pub(super) fn new(device: &wgpu::Device, pipelines: &Pipelines3d, size: [u32; 2]) -> Self {
        let texture = device.create_texture(&wgpu::TextureDescriptor {
            label: Some("3D view"),
            size: wgpu::Extent3d { width: size[0], height: size[1], depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: PICTURE_FORMAT,
            usage: wgpu::TextureUsages::TEXTURE_BINDING
                | wgpu::TextureUsages::RENDER_ATTACHMENT
                | wgpu::TextureUsages::COPY_SRC,
            view_formats: &[],
        });
        let view = texture.create_view(&wgpu::TextureViewDescriptor::default());
        let sampler = device.create_sampler(&wgpu::SamplerDescriptor {
            label: Some("3D view"),
            mag_filter: wgpu::FilterMode::Linear,
            min_filter: wgpu::FilterMode::Linear,
            ..Default::default()
        });
        let bind_group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("3D view"),
            layout: &pipelines.composite_layout,
            entries: &[
                wgpu::BindGroupEntry {
                    binding: 0,
                    resource: wgpu::BindingResource::TextureView(&view),
                },
                wgpu::BindGroupEntry {
                    binding: 1,
                    resource: wgpu::BindingResource::Sampler(&sampler),
                },
            ],
        });
        Self { view, bind_group, size }
    }

    pub(super) fn size(&self) -> [u32; 2] {
        self.size
    }

    pub(super) fn bind_group(&self) -> &wgpu::BindGroup {
        &self.bind_group
    }

    /// Draws some rows of the ray-cast picture; the first ones clear it.
    pub(super) fn draw(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        pipeline: &wgpu::RenderPipeline,
        groups: [&wgpu::BindGroup; 2],
        rows: Rows,
    ) {
        let mut target = clear_attachment(&self.view);
        if rows.first > 0 {
            target.ops.load = wgpu::LoadOp::Load;
        }
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("3D view"),
            color_attachments: &[Some(target)],
            depth_stencil_attachment: None,
            timestamp_writes: None,
            occlusion_query_set: None,
            multiview_mask: None,
        });
        pass.set_scissor_rect(0, rows.first, self.size[0], rows.count);
        pass.set_pipeline(pipeline);
        pass.set_bind_group(0, groups[0], &[]);
        pass.set_bind_group(1, groups[1], &[]);
        pass.draw(0..3, 0..1);
    }
}

/// Rows of a picture, from the top.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows {
    pub first: u32,
    pub count: u32,
}

/// A colour target that is black before drawing.
pub(super) fn clear_attachment(view: &wgpu::TextureView) -> wgpu::RenderPassColorAttachment<'_> {
    wgpu::RenderPassColorAttachment {
        view,
        depth_slice: None,
        resolve_target: None,
        ops: wgpu::Operations {
            load: wgpu::LoadOp::Clear(wgpu::Color::BLACK),
            store: wgpu::StoreOp::Store,
        },
    }
}

/// Pixels of the ray-cast picture for a pane: a quarter for a draft, or as many as a frame can take, and never
/// more than the adapter's textures have.
pub(super) fn picture_size(params: &RaycastParams, affordable: f64, limit: u32) -> [u32; 2] {
    let [w, h] = params.size.map(|n| n.clamp(1, limit));
    if !params.draft {
        return [w, h];
    }
    let pixels = f64::from(w) * f64::from(h);
    let budget = (pixels / 4.0).min(affordable);
    let scale = (budget / pixels).sqrt();
    [w, h].map(|n| ((f64::from(n) * scale) as u32).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::Orbit;
    use crate::volume::Window;

    #[test]
    fn a_draft_is_small_and_nothing_exceeds_the_limit() {
        let mut params = RaycastParams {
            size: [1600, 1000],
            orbit: Orbit::default(),
            window: Window::new(0.0, 1.0),
            mode: crate::render::Mode3d::Volume,
            colour_map: crate::render::ColourMap::Grey,
            transfer: crate::render::TransferFunction::Window,
            iso_value: 0.0,
            clip: crate::render::Clip::default(),
            draft: true,
            image_opacity: 0.5,
        };
        assert_eq!(picture_size(&params, 8e6, 8192), [800, 500]);
        assert_eq!(picture_size(&params, 40_000.0, 8192), [252, 158]);
        params.draft = false;
        assert_eq!(picture_size(&params, 40_000.0, 1024), [1024, 1000]);
        params.size = [0, 7];
        assert_eq!(picture_size(&params, 40_000.0, 1024), [1, 7]);
    }
}
