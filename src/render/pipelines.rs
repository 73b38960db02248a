use wgpu::{BindGroupLayout, Device, RenderPipeline, TextureFormat};

const COMMON: &str = include_str!("shaders/common.wgsl");
const HARDWARE: &str = include_str!("shaders/filter_hardware.wgsl");
const MANUAL: &str = include_str!("shaders/filter_manual.wgsl");

/// Every shader with a name, as it is compiled.
pub fn shader_sources() -> Vec<(&'static str, String)> {
    let slice = include_str!("shaders/slice.wgsl");
    let raycast = include_str!("shaders/raycast.wgsl");
    vec![
        ("slice", [COMMON, HARDWARE, slice].concat()),
        ("slice, filtering by hand", [COMMON, MANUAL, slice].concat()),
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
    pub slice: RenderPipeline,
}

impl Pipelines {
    pub(super) fn new(device: &Device, target: TextureFormat, filterable: bool) -> Self {
        let scan_layout = scan_layout(device, filterable);
        let name = if filterable { "slice" } else { "slice, filtering by hand" };
        let slice =
            pipeline(device, &[Some(&scan_layout)], "slice", &shader_source(name), target, &[]);
        Self { slice, filterable, scan_layout }
    }
}

/// The text of one of the [`shader_sources`].
pub(super) fn shader_source(name: &str) -> String {
    let sources = shader_sources();
    sources.into_iter().find(|(n, _)| *n == name).map_or_else(String::new, |(_, text)| text)
}

/// Draws a triangle over the whole viewport with the shader's `NAME_fragment`.
pub(super) fn pipeline(
    device: &Device,
    layouts: &[Option<&BindGroupLayout>],
    name: &str,
    source: &str,
    format: TextureFormat,
    constants: &[(&str, f64)],
) -> RenderPipeline {
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some(name),
        source: wgpu::ShaderSource::Wgsl(source.into()),
    });
    let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some(name),
        bind_group_layouts: layouts,
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
            compilation_options: wgpu::PipelineCompilationOptions {
                constants,
                ..Default::default()
            },
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
