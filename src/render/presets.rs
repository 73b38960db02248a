use super::{TransferFunction, TransferPoint};
use crate::volume::{CtContent, Stats, Window};

/// Usual transfer functions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TransferPreset {
    /// Whatever the window shows.
    #[default]
    Window,
    /// Bones, and skin nearly transparent.
    CtBone,
    /// Skin, muscle and organs.
    CtSoftTissue,
    /// Airways and lung surface.
    CtLung,
    /// Contrast-filled vessels and bone.
    CtVessels,
    /// The brighter tissue of everything but CT, say brain in a T1 image or what takes up a tracer; relative to
    /// the automatic window.
    BrightTissue,
}

impl TransferPreset {
    /// All, in the order of menus.
    pub const ALL: [TransferPreset; 6] = [
        TransferPreset::Window,
        TransferPreset::CtBone,
        TransferPreset::CtSoftTissue,
        TransferPreset::CtLung,
        TransferPreset::CtVessels,
        TransferPreset::BrightTissue,
    ];

    /// The name of menus.
    pub fn name(self) -> &'static str {
        match self {
            TransferPreset::Window => "Window",
            TransferPreset::CtBone => "CT bone",
            TransferPreset::CtSoftTissue => "CT soft tissue",
            TransferPreset::CtLung => "CT lung",
            TransferPreset::CtVessels => "CT vessels",
            TransferPreset::BrightTissue => "MR, PET",
        }
    }

    /// The name of the command line: lower case, words joined by hyphens.
    pub fn slug(self) -> &'static str {
        match self {
            TransferPreset::Window => "window",
            TransferPreset::CtBone => "ct-bone",
            TransferPreset::CtSoftTissue => "ct-soft-tissue",
            TransferPreset::CtLung => "ct-lung",
            TransferPreset::CtVessels => "ct-vessels",
            TransferPreset::BrightTissue => "mr-pet",
        }
    }

    /// What a scan nobody has chosen one for is first seen with: of a CT its bones, or what else it shows; of
    /// everything else the brighter tissue. Never the window, which shows a fog of everything, or next to nothing.
    pub fn first(stats: &Stats) -> Self {
        match stats.ct {
            Some(CtContent::SoftTissue | CtContent::Bone) => Self::CtBone,
            Some(CtContent::Contrast(_)) => Self::CtVessels,
            Some(CtContent::Lung) => Self::CtLung,
            None => Self::BrightTissue,
        }
    }

    /// The transfer function; `auto` is the scan's automatic window, which MR presets are relative to.
    pub fn function(self, auto: Window) -> TransferFunction {
        let (table, low, span): (&[Row], f64, f64) = match self {
            TransferPreset::Window => return TransferFunction::Window,
            TransferPreset::CtBone => (BONE, 0.0, 1.0),
            TransferPreset::CtSoftTissue => (SOFT_TISSUE, 0.0, 1.0),
            TransferPreset::CtLung => (LUNG, 0.0, 1.0),
            TransferPreset::CtVessels => (VESSELS, 0.0, 1.0),
            TransferPreset::BrightTissue => (BRIGHT_TISSUE, auto.low(), auto.width),
        };
        let point = |&(at, colour, opacity): &Row| TransferPoint {
            value: low + at * span,
            colour,
            opacity,
        };
        // A window too narrow to hold the points apart has no curve.
        TransferFunction::points(table.iter().map(point).collect())
            .unwrap_or(TransferFunction::Window)
    }
}

/// A value to show as a surface in a scan nobody has chosen one for: bone in CT (of a lung its vessels), else what is
/// brighter than a third of the automatic window.
pub fn default_iso(stats: &Stats, auto: Window) -> f64 {
    match stats.ct {
        Some(CtContent::Lung) => -500.0,
        Some(_) => 250.0,
        None => auto.low() + auto.width * 0.35,
    }
}

/// Value (HU, or share of the automatic window), colour, opacity.
type Row = (f64, [u8; 3], f32);

const BONE: &[Row] = &[
    (-500.0, [190, 130, 105], 0.0),
    (-150.0, [200, 140, 115], 0.0),
    (150.0, [190, 90, 70], 0.0),
    (250.0, [205, 145, 110], 0.06),
    (400.0, [240, 220, 185], 0.4),
    (700.0, [250, 243, 225], 0.8),
    (1500.0, [255, 255, 250], 0.95),
];

const SOFT_TISSUE: &[Row] = &[
    (-700.0, [120, 70, 55], 0.0),
    (-400.0, [215, 160, 130], 0.0),
    (-200.0, [230, 175, 145], 0.25),
    (-50.0, [225, 160, 125], 0.35),
    (40.0, [180, 80, 65], 0.5),
    (150.0, [205, 120, 95], 0.7),
    (300.0, [245, 225, 190], 0.9),
    (1000.0, [255, 250, 240], 1.0),
];

const LUNG: &[Row] = &[
    (-1000.0, [60, 120, 200], 0.0),
    (-930.0, [90, 150, 215], 0.012),
    (-860.0, [150, 190, 225], 0.004),
    (-760.0, [225, 175, 165], 0.012),
    (-620.0, [240, 165, 140], 0.16),
    (-480.0, [250, 200, 165], 0.24),
    (-320.0, [250, 215, 190], 0.0),
    (200.0, [235, 200, 180], 0.0),
];

const VESSELS: &[Row] = &[
    (-100.0, [120, 20, 15], 0.0),
    (120.0, [140, 25, 20], 0.0),
    (180.0, [180, 35, 25], 0.12),
    (280.0, [215, 65, 45], 0.5),
    (400.0, [235, 150, 110], 0.75),
    (650.0, [245, 230, 205], 0.9),
    (1200.0, [255, 252, 245], 1.0),
];

const BRIGHT_TISSUE: &[Row] = &[
    (0.0, [20, 10, 10], 0.0),
    (0.18, [90, 45, 35], 0.0),
    (0.35, [190, 120, 100], 0.12),
    (0.55, [225, 175, 155], 0.4),
    (0.8, [245, 225, 210], 0.7),
    (1.0, [255, 250, 240], 0.8),
];
