use wgpu::{BindGroupLayout, Device, RenderPipeline, TextureFormat};

const COMMON: &str = include_str!("shaders/common.wgsl");
const HARDWARE: &str = include_str!("shaders/filter_hardware.wgsl");
const MANUAL: &str = include_str!("shaders/filter_manual.wgsl");

/// The 3D picture's own format: gamma-encoded, as egui's targets.
pub(super) const PICTURE_FORMAT: TextureFormat = TextureFormat::Rgba8Unorm;

/// Every shader with a name, as it is compiled.
pub fn shader_sources() -> Vec<(&'static str, String)> {
    let slice = include_str!("shaders/slice.wgsl");
    let volume = include_str!("shaders/access_volume.wgsl");
    let plane = include_str!("shaders/access_plane.wgsl");
    let raycast = include_str!("shaders/raycast.wgsl");
    vec![
        ("slice", [COMMON, HARDWARE, slice, volume].concat()),
        ("slice, filtering by hand", [COMMON, MANUAL, slice, volume].concat()),
        ("slice, of a plane", [COMMON, slice, plane].concat()),
        ("raycast", [COMMON, HARDWARE, raycast].concat()),
        ("raycast, filtering by hand", [COMMON, MANUAL, raycast].concat()),
        ("composite", include_str!("shaders/composite.wgsl").to_owned()),
    ]
}

/// What is drawn with, for a colour target and a kind of scan texture.
pub(super) struct Pipelines {
    /// Whether the scan's texture is interpolated by the sampler.
    pub filterable: bool,
    /// Uniforms, scan, sampler, labels, colours.
    pub scan_layout: BindGroupLayout,
    /// Picture, sampler.
    pub composite_layout: BindGroupLayout,
    /// Values, labels.
    pub plane_layout: BindGroupLayout,
    pub slice: RenderPipeline,
    /// The same from a pane's own textures.
    pub plane: RenderPipeline,
    pub raycast: RenderPipeline,
    pub composite: RenderPipeline,
}

impl Pipelines {
    pub(super) fn new(device: &Device, target: TextureFormat, filterable: bool) -> Self {
        let scan_layout = scan_layout(device, filterable);
        let composite_layout = composite_layout(device);
        let plane_layout = plane_layout(device);
        let sources = shader_sources();
        let source = |name: &str| {
            sources.iter().find(|(n, _)| *n == name).map_or("", |(_, text)| text.as_str())
        };
        let by_hand = |name: &str| {
            if filterable { name.to_owned() } else { format!("{name}, filtering by hand") }
        };
        let pipeline = |layouts: &[&BindGroupLayout], name: &str, text, format| {
            pipeline(device, layouts, name, text, format)
        };
        let scan = [&scan_layout];
        Self {
            slice: pipeline(&scan, "slice", source(&by_hand("slice")), target),
            plane: pipeline(
                &[&scan_layout, &plane_layout],
                "slice",
                source("slice, of a plane"),
                target,
            ),
            raycast: pipeline(&scan, "raycast", source(&by_hand("raycast")), PICTURE_FORMAT),
            composite: pipeline(&[&composite_layout], "composite", source("composite"), target),
            plane_layout,
            filterable,
            scan_layout,
            composite_layout,
        }
    }
}

fn pipeline(
    device: &Device,
    layouts: &[&BindGroupLayout],
    name: &str,
    source: &str,
    format: TextureFormat,
) -> RenderPipeline {
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some(name),
        source: wgpu::ShaderSource::Wgsl(source.into()),
    });
    let layouts: Vec<_> = layouts.iter().map(|&layout| Some(layout)).collect();
    let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some(name),
        bind_group_layouts: &layouts,
        immediate_size: 0,
    });
    let fragment = format!("{name}_fragment");
    device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
        label: Some(name),
        layout: Some(&layout),
        vertex: wgpu::VertexState {
            module: &module,
            entry_point: Some("pane_vertex"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            buffers: &[],
        },
        primitive: wgpu::PrimitiveState::default(),
        depth_stencil: None,
        multisample: wgpu::MultisampleState::default(),
        fragment: Some(wgpu::FragmentState {
            module: &module,
            entry_point: Some(&fragment),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            targets: &[Some(wgpu::ColorTargetState {
                format,
                blend: None,
                write_mask: wgpu::ColorWrites::ALL,
            })],
        }),
        multiview_mask: None,
        cache: None,
    })
}

fn scan_layout(device: &Device, filterable: bool) -> BindGroupLayout {
    use wgpu::{SamplerBindingType, TextureSampleType, TextureViewDimension};
    let texture = |binding, sample_type, view_dimension| wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::FRAGMENT,
        ty: wgpu::BindingType::Texture { sample_type, view_dimension, multisampled: false },
        count: None,
    };
    let plain = |binding, visibility, ty| wgpu::BindGroupLayoutEntry {
        binding,
        visibility,
        ty,
        count: None,
    };
    let uniform = wgpu::BindingType::Buffer {
        ty: wgpu::BufferBindingType::Uniform,
        has_dynamic_offset: false,
        min_binding_size: None,
    };
    let filtering =
        if filterable { SamplerBindingType::Filtering } else { SamplerBindingType::NonFiltering };
    let fragment = wgpu::ShaderStages::FRAGMENT;
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: Some("scan"),
        entries: &[
            plain(0, fragment, uniform),
            texture(1, TextureSampleType::Float { filterable }, TextureViewDimension::D3),
            plain(2, fragment, wgpu::BindingType::Sampler(filtering)),
            texture(3, TextureSampleType::Uint, TextureViewDimension::D3),
            texture(4, TextureSampleType::Float { filterable: false }, TextureViewDimension::D2),
        ],
    })
}

/// `access_plane.wgsl`.
fn plane_layout(device: &Device) -> BindGroupLayout {
    let entry = |binding, sample_type| wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::FRAGMENT,
        ty: wgpu::BindingType::Texture {
            sample_type,
            view_dimension: wgpu::TextureViewDimension::D2,
            multisampled: false,
        },
        count: None,
    };
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: Some("plane"),
        entries: &[
            entry(0, wgpu::TextureSampleType::Float { filterable: false }),
            entry(1, wgpu::TextureSampleType::Uint),
        ],
    })
}

fn composite_layout(device: &Device) -> BindGroupLayout {
    let entry = |binding, ty| wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::FRAGMENT,
        ty,
        count: None,
    };
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: Some("composite"),
        entries: &[
            entry(
                0,
                wgpu::BindingType::Texture {
                    sample_type: wgpu::TextureSampleType::Float { filterable: true },
                    view_dimension: wgpu::TextureViewDimension::D2,
                    multisampled: false,
                },
            ),
            entry(1, wgpu::BindingType::Sampler(wgpu::SamplerBindingType::Filtering)),
        ],
    })
}
