use crate::volume::Window;

/// Colour and opacity of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TransferPoint {
    /// The scan's value (HU in CT).
    pub value: f64,
    /// sRGB.
    pub colour: [u8; 3],
    /// How dense the value is, 0 (clear) to 1 (as dense as white is with [`TransferFunction::Window`]).
    pub opacity: f32,
}

/// From values to colour and opacity, straight between points; beyond the ends as at the ends.
#[derive(Clone, Debug, PartialEq)]
pub enum TransferFunction {
    /// Follows the window: grey level as colour, its square as density.
    Window,
    /// Points in ascending order of value; at least two.
    Points(Vec<TransferPoint>),
}

/// Usual transfer functions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TransferPreset {
    /// Whatever the window shows.
    #[default]
    Window,
    /// Bones, and a breath of skin.
    CtBone,
    /// Skin, muscle and organs.
    CtSoftTissue,
    /// Airways and lung surface.
    CtLung,
    /// Contrast-filled vessels and bone.
    CtVessels,
    /// Brain in a T1 image; relative to the automatic window.
    MrBrain,
}

impl TransferPreset {
    /// All, in the order of menus.
    pub const ALL: [TransferPreset; 6] = [
        TransferPreset::Window,
        TransferPreset::CtBone,
        TransferPreset::CtSoftTissue,
        TransferPreset::CtLung,
        TransferPreset::CtVessels,
        TransferPreset::MrBrain,
    ];

    /// The transfer function; `auto` is the scan's automatic window, which MR presets are relative to.
    pub fn function(self, _auto: Window) -> TransferFunction {
        TransferFunction::Window
    }
}
