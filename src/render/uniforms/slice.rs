use super::{ScanUniforms, columns};
use crate::geom::{DAffine3, DVec3};
use crate::render::pane_parts::Regions;
use crate::render::{ColourMap, ImageOverlay, Interpolation, Projection, Slab, SliceParams};

/// Second images that can be drawn over a scan at once.
pub(in crate::render) const MOST_OVERLAYS: usize = 3;

/// What a pipeline for slices is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::render) struct SliceKind {
    pub interpolation: Interpolation,
    pub thick: bool,
    /// Not plain grey.
    pub coloured: bool,
    pub labels: LabelKind,
    /// Of those that are drawn.
    pub overlays: [Option<Interpolation>; MOST_OVERLAYS],
    pub texels: TexelSource,
}

/// Where a slice's texels come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::render) enum TexelSource {
    /// The scan's texture.
    Scan,
    /// The same, with texels that stand for what is not a number.
    ScanWithNan,
    /// The pane's own textures.
    Pane,
}

/// How labels are drawn, as the shader counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::render) enum LabelKind {
    None = 0,
    Filled = 1,
    /// With an outline a pixel wide.
    Thin = 2,
    /// Two pixels.
    Wide = 3,
    Widest = 4,
}

impl SliceKind {
    /// What is drawn most.
    pub(in crate::render) const USUAL: Self = Self {
        interpolation: Interpolation::Linear,
        thick: false,
        coloured: false,
        labels: LabelKind::Thin,
        overlays: [None; MOST_OVERLAYS],
        texels: TexelSource::Scan,
    };

    pub(in crate::render) fn of(
        params: &SliceParams,
        has_labels: bool,
        overlays: &[ImageOverlay],
    ) -> Self {
        let masks = params.masks;
        let mut kinds = [None; MOST_OVERLAYS];
        for (kind, overlay) in kinds.iter_mut().zip(overlays) {
            *kind = Some(overlay.interpolation);
        }
        Self {
            interpolation: params.interpolation,
            thick: params.slab.is_some_and(|slab| slab.samples > 1),
            coloured: params.colour_map != ColourMap::Grey,
            labels: match masks.outline_width.round() {
                _ if !has_labels || masks.fill.max(masks.outline) <= 0.0 => LabelKind::None,
                // Faint labels keep half of their fill.
                wide if masks.outline <= masks.fill * 0.5 || wide < 1.0 => LabelKind::Filled,
                wide if wide < 2.0 => LabelKind::Thin,
                wide if wide < 3.0 => LabelKind::Wide,
                _ => LabelKind::Widest,
            },
            overlays: kinds,
            texels: TexelSource::Scan,
        }
    }

    /// The shader's constants.
    pub(in crate::render) fn constants(self) -> Vec<(&'static str, f64)> {
        let number = |yes: bool| f64::from(u8::from(yes));
        let interpolation = |kind: Interpolation| match kind {
            Interpolation::Nearest => 0.0,
            Interpolation::Linear => 1.0,
            Interpolation::Cubic => 2.0,
        };
        let mut constants = vec![
            ("INTERPOLATION", interpolation(self.interpolation)),
            ("THICK", number(self.thick)),
            ("COLOURED", number(self.coloured)),
            ("LABELS", f64::from(self.labels as u8)),
            ("HAS_NAN", number(self.texels == TexelSource::ScanWithNan)),
        ];
        if self.has_overlays() {
            let names = ["OVERLAY_0", "OVERLAY_1", "OVERLAY_2"];
            let kinds =
                self.overlays.map(|kind| kind.map_or(0.0, |kind| interpolation(kind) + 1.0));
            constants.extend(names.into_iter().zip(kinds));
        }
        constants
    }

    pub(in crate::render) fn is_from_memory(self) -> bool {
        self.texels == TexelSource::Pane
    }

    pub(in crate::render) fn has_overlays(self) -> bool {
        self.overlays[0].is_some()
    }
}

/// `Overlay` in `slice.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub(in crate::render) struct OverlayUniforms {
    voxel_from_scan: [[f32; 4]; 4],
    scan: ScanUniforms,
    opacity: f32,
    colour_map: u32,
    padding: [u32; 2],
}

impl OverlayUniforms {
    /// `voxel_from_scan` leads from the scan's voxels to its own.
    pub(in crate::render) fn new(
        overlay: &ImageOverlay,
        scan: ScanUniforms,
        voxel_from_scan: &DAffine3,
    ) -> Self {
        Self {
            voxel_from_scan: columns(voxel_from_scan),
            scan,
            opacity: overlay.opacity.clamp(0.0, 1.0),
            colour_map: overlay.colour_map.row() as u32,
            padding: [0; 2],
        }
    }
}

/// `SliceUniforms` in `slice.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub(in crate::render) struct SliceUniforms {
    voxel_from_pane: [[f32; 4]; 4],
    scan: ScanUniforms,
    pane: [f32; 2],
    fill: f32,
    outline: f32,
    slab_step: [f32; 3],
    slab_samples: f32,
    projection: u32,
    outline_width: f32,
    colour_map: u32,
    padding: u32,
    overlays: [OverlayUniforms; MOST_OVERLAYS],
    regions: Regions,
}

impl SliceUniforms {
    /// At most [`MOST_OVERLAYS`] overlays are drawn: the first.
    pub(in crate::render) fn new(
        params: &SliceParams,
        scan: ScanUniforms,
        overlays: &[OverlayUniforms],
        regions: Regions,
    ) -> Self {
        let one = Slab { projection: Projection::Mean, samples: 1, voxel_step: DVec3::ZERO };
        let slab = params.slab.unwrap_or(one);
        let mut placed = <[OverlayUniforms; MOST_OVERLAYS] as bytemuck::Zeroable>::zeroed();
        for (place, overlay) in placed.iter_mut().zip(overlays) {
            *place = *overlay;
        }
        Self {
            voxel_from_pane: columns(&params.voxel_from_pane),
            scan,
            pane: params.size.map(|n| n as f32),
            fill: params.masks.fill.clamp(0.0, 1.0),
            outline: params.masks.outline.clamp(0.0, 1.0),
            slab_step: slab.voxel_step.as_vec3().to_array(),
            slab_samples: slab.samples.max(1) as f32,
            projection: match slab.projection {
                Projection::Mean => 0,
                Projection::Max => 1,
                Projection::Min => 2,
            },
            outline_width: params.masks.outline_width.round().clamp(0.0, MOST_OUTLINE),
            colour_map: params.colour_map.row() as u32,
            padding: 0,
            overlays: placed,
            regions,
        }
    }
}

/// Wider outlines would look past what is known around a pane.
pub(in crate::render) const MOST_OUTLINE: f32 = 15.0;

const _: () = assert!(size_of::<OverlayUniforms>() == 112);
const _: () = assert!(size_of::<SliceUniforms>() == 624);
