use std::collections::HashMap;

use wgpu::{BindGroupLayout, Device, RenderPipeline, TextureFormat};

use super::Mode3d;
use super::pipelines::{Pipelines, pipeline, shader_source};

/// The 3D picture's own format: gamma-encoded, as egui's targets.
pub(super) const PICTURE_FORMAT: TextureFormat = TextureFormat::Rgba8Unorm;

/// What the 3D view is drawn with.
pub(super) struct Pipelines3d {
    /// Uniforms, transfer function, blocks of the scan and of the labels.
    pub layout: BindGroupLayout,
    /// Picture, sampler.
    pub composite_layout: BindGroupLayout,
    pub composite: RenderPipeline,
    /// One for each mode, with masks and without: made when it is first wanted, since compiling takes longer
    /// than a frame has. Without what it does not need, it is faster on adapters that compute with the CPU.
    raycast: HashMap<(Mode3d, bool), RenderPipeline>,
}

impl Pipelines3d {
    pub(super) fn new(device: &Device, target: TextureFormat) -> Self {
        let composite_layout = composite_layout(device);
        let layouts = [Some(&composite_layout)];
        let source = shader_source("composite");
        let composite =
            pipeline(device, &layouts, ["pane_vertex", "composite_fragment"], &source, target, &[]);
        Self { layout: layout(device), composite_layout, composite, raycast: HashMap::new() }
    }

    /// Needed when the scan is of another kind.
    pub(super) fn forget(&mut self) {
        self.raycast.clear();
    }

    pub(super) fn raycast(
        &mut self,
        device: &Device,
        scan: &Pipelines,
        mode: Mode3d,
        masks: bool,
    ) -> &RenderPipeline {
        self.raycast.entry((mode, masks)).or_insert_with(|| {
            let mut name = String::from("raycast");
            if !scan.filterable {
                name += ", filtering by hand";
            }
            if device.adapter_info().device_type == wgpu::DeviceType::Cpu {
                name += ", on the CPU";
            }
            let number = match mode {
                Mode3d::Volume => 0.0,
                Mode3d::Mip => 1.0,
                Mode3d::Iso => 2.0,
                Mode3d::Surface => 3.0,
            };
            let constants = [("MODE", number), ("MASKS", f64::from(u8::from(masks)))];
            let layouts = [Some(&scan.scan_layout), Some(&self.layout)];
            let source = shader_source(&name);
            pipeline(
                device,
                &layouts,
                ["raycast_vertex", "raycast_fragment"],
                &source,
                PICTURE_FORMAT,
                &constants,
            )
        })
    }
}

fn entry(binding: u32, ty: wgpu::BindingType) -> wgpu::BindGroupLayoutEntry {
    wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::FRAGMENT,
        ty,
        count: None,
    }
}

fn texture(
    sample_type: wgpu::TextureSampleType,
    view_dimension: wgpu::TextureViewDimension,
) -> wgpu::BindingType {
    wgpu::BindingType::Texture { sample_type, view_dimension, multisampled: false }
}

fn layout(device: &Device) -> BindGroupLayout {
    use wgpu::{TextureSampleType, TextureViewDimension};
    let exact = TextureSampleType::Float { filterable: false };
    let uniform = wgpu::BindingType::Buffer {
        ty: wgpu::BufferBindingType::Uniform,
        has_dynamic_offset: false,
        min_binding_size: None,
    };
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: Some("3D"),
        entries: &[
            entry(0, uniform),
            entry(1, texture(exact, TextureViewDimension::D2)),
            entry(2, texture(exact, TextureViewDimension::D3)),
            entry(3, texture(TextureSampleType::Uint, TextureViewDimension::D3)),
        ],
    })
}

fn composite_layout(device: &Device) -> BindGroupLayout {
    let picture = wgpu::TextureSampleType::Float { filterable: true };
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: Some("composite"),
        entries: &[
            entry(0, texture(picture, wgpu::TextureViewDimension::D2)),
            entry(1, wgpu::BindingType::Sampler(wgpu::SamplerBindingType::Filtering)),
        ],
    })
}
