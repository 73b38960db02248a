use std::collections::HashMap;

use super::uniforms::{LabelKind, SliceKind};
use wgpu::{BindGroupLayout, Device, RenderPipeline, TextureFormat};

const PANE: &str = include_str!("shaders/pane.wgsl");
const COMMON: &str = include_str!("shaders/common.wgsl");
const HARDWARE: &str = include_str!("shaders/filter_hardware.wgsl");
const MANUAL: &str = include_str!("shaders/filter_manual.wgsl");

/// Every shader with a name, as it is compiled.
pub fn shader_sources() -> Vec<(&'static str, String)> {
    let blank = include_str!("shaders/blank.wgsl");
    let slice =
        [PANE, blank, include_str!("shaders/slice.wgsl"), include_str!("shaders/gather.wgsl")]
            .concat();
    let plane = [&slice, include_str!("shaders/access_plane.wgsl")].concat();
    let slice = [&slice, include_str!("shaders/access_volume.wgsl")].concat();
    let none = include_str!("shaders/overlay_none.wgsl");
    let images = include_str!("shaders/overlay_images.wgsl");
    let whole = [PANE, include_str!("shaders/whole_pane.wgsl")].concat();
    let raycast = [PANE, include_str!("shaders/raycast.wgsl")].concat();
    let (known, hidden) = (
        include_str!("shaders/raycast_uniforms.wgsl"),
        include_str!("shaders/raycast_uniforms_cpu.wgsl"),
    );
    let composite = [&whole, include_str!("shaders/composite.wgsl")].concat();
    vec![
        ("slice", [COMMON, HARDWARE, &slice, none].concat()),
        ("slice, filtering by hand", [COMMON, MANUAL, &slice, none].concat()),
        ("slice with overlays", [COMMON, HARDWARE, &slice, images].concat()),
        ("slice with overlays, filtering by hand", [COMMON, MANUAL, &slice, images].concat()),
        ("slice, of a plane", [COMMON, MANUAL, &plane, none].concat()),
        ("slice with overlays, of a plane", [COMMON, MANUAL, &plane, images].concat()),
        ("raycast", [COMMON, HARDWARE, &raycast, known].concat()),
        ("raycast, filtering by hand", [COMMON, MANUAL, &raycast, known].concat()),
        ("raycast, on the CPU", [COMMON, HARDWARE, &raycast, hidden].concat()),
        ("raycast, filtering by hand, on the CPU", [COMMON, MANUAL, &raycast, hidden].concat()),
        ("composite", composite),
        ("blank", [&whole, blank].concat()),
    ]
}

/// What is drawn with, for a colour target and a kind of scan texture.
pub(super) struct Pipelines {
    target: TextureFormat,
    /// Whether the scan's texture is interpolated by the sampler.
    pub filterable: bool,
    /// Uniforms, scan, sampler, labels, colours, colour maps.
    pub scan_layout: BindGroupLayout,
    /// A pane's own values and labels.
    pub plane_layout: BindGroupLayout,
    /// Second images.
    pub overlay_layout: BindGroupLayout,
    /// One for each kind of slice, made when it is first wanted: compiling takes longer than a frame has.
    slices: HashMap<SliceKind, RenderPipeline>,
    /// Where the scan is not, and a whole pane without any.
    blank: RenderPipeline,
    empty: RenderPipeline,
}

impl Pipelines {
    pub(super) fn new(device: &Device, target: TextureFormat, filterable: bool) -> Self {
        let scan_layout = scan_layout(device, filterable);
        let source = shader_source(if filterable { "slice" } else { "slice, filtering by hand" });
        let entries = ["slice_vertex", "blank_fragment"];
        let blank = pipeline(device, &[Some(&scan_layout)], entries, &source, target, &[]);
        let entries = ["pane_vertex", "blank_fragment"];
        let empty = pipeline(device, &[], entries, &shader_source("blank"), target, &[]);
        let mut pipelines = Self {
            target,
            filterable,
            plane_layout: plane_layout(device),
            overlay_layout: overlay_layout(device),
            slices: HashMap::new(),
            scan_layout,
            blank,
            empty,
        };
        pipelines.prepare_slice(device, SliceKind::USUAL);
        pipelines
    }

    /// Makes the pipelines for a kind of slice, with its labels and without, if there are none yet.
    pub(super) fn prepare_slice(&mut self, device: &Device, kind: SliceKind) {
        self.make(device, SliceKind { labels: LabelKind::None, ..kind });
        self.make(device, kind);
    }

    fn make(&mut self, device: &Device, kind: SliceKind) {
        if self.slices.contains_key(&kind) {
            return;
        }
        let mut name = String::from("slice");
        if kind.has_overlays() {
            name += " with overlays";
        }
        if kind.is_from_memory() {
            name += ", of a plane";
        } else if !self.filterable {
            name += ", filtering by hand";
        }
        let plane = kind.is_from_memory().then_some(&self.plane_layout);
        let overlays = kind.has_overlays().then_some(&self.overlay_layout);
        let layouts = [Some(&self.scan_layout), plane, overlays];
        let used = layouts.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
        let layouts = &layouts[..used];
        let constants = kind.constants();
        let source = shader_source(&name);
        let entries = ["slice_vertex", "slice_fragment"];
        let made = pipeline(device, layouts, entries, &source, self.target, &constants);
        self.slices.insert(kind, made);
    }

    /// The pipeline for what lies outside of the scan.
    pub(super) fn blank(&self) -> &RenderPipeline {
        &self.blank
    }

    /// Blackens the whole viewport.
    pub(super) fn paint_empty(&self, pass: &mut wgpu::RenderPass<'_>) {
        pass.set_pipeline(&self.empty);
        pass.draw(0..3, 0..1);
    }

    /// The pipeline for a kind of slice, once it was prepared.
    pub(super) fn slice(&self, kind: SliceKind) -> Option<&RenderPipeline> {
        self.slices.get(&kind)
    }
}

/// The text of one of the [`shader_sources`].
pub(super) fn shader_source(name: &str) -> String {
    let sources = shader_sources();
    sources.into_iter().find(|(n, _)| *n == name).map_or_else(String::new, |(_, text)| text)
}

/// Draws with a shader's vertex and fragment entry.
pub(super) fn pipeline(
    device: &Device,
    layouts: &[Option<&BindGroupLayout>],
    [vertex, fragment]: [&str; 2],
    source: &str,
    format: TextureFormat,
    constants: &[(&str, f64)],
) -> RenderPipeline {
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some(fragment),
        source: wgpu::ShaderSource::Wgsl(source.into()),
    });
    let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some(fragment),
        bind_group_layouts: layouts,
        immediate_size: 0,
    });
    device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
        label: Some(fragment),
        layout: Some(&layout),
        vertex: wgpu::VertexState {
            module: &module,
            entry_point: Some(vertex),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            buffers: &[],
        },
        primitive: wgpu::PrimitiveState::default(),
        depth_stencil: None,
        multisample: wgpu::MultisampleState::default(),
        fragment: Some(wgpu::FragmentState {
            module: &module,
            entry_point: Some(fragment),
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

/// `overlay_images.wgsl`. Read texel by texel, so that one layout does for all formats.
fn overlay_layout(device: &Device) -> BindGroupLayout {
    let texture = |binding| wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::FRAGMENT,
        ty: wgpu::BindingType::Texture {
            sample_type: wgpu::TextureSampleType::Float { filterable: false },
            view_dimension: wgpu::TextureViewDimension::D3,
            multisampled: false,
        },
        count: None,
    };
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: Some("overlays"),
        entries: &[texture(0), texture(1), texture(2)],
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
            plain(0, wgpu::ShaderStages::VERTEX_FRAGMENT, uniform),
            texture(1, TextureSampleType::Float { filterable }, TextureViewDimension::D3),
            plain(2, fragment, wgpu::BindingType::Sampler(filtering)),
            texture(3, TextureSampleType::Uint, TextureViewDimension::D3),
            texture(4, TextureSampleType::Float { filterable: false }, TextureViewDimension::D2),
            texture(5, TextureSampleType::Float { filterable: false }, TextureViewDimension::D2),
        ],
    })
}
