/// Colours of grey levels from 0 (the window's low end) to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ColourMap {
    /// Black to white.
    #[default]
    Grey,
    /// White to black.
    Inverted,
    /// Black, red, yellow, white.
    Hot,
    /// Perceptually even, colour-blind safe (matplotlib's).
    Viridis,
    /// Black to white with a blue tint, as X-ray film.
    Bone,
    /// Black, blue, red, yellow, white: the usual colours of PET.
    Pet,
    /// Blue to red through cyan and yellow.
    Rainbow,
}

impl ColourMap {
    /// All, in the order of menus.
    pub const ALL: [ColourMap; 7] = [
        ColourMap::Grey,
        ColourMap::Inverted,
        ColourMap::Hot,
        ColourMap::Viridis,
        ColourMap::Bone,
        ColourMap::Pet,
        ColourMap::Rainbow,
    ];

    /// The name of menus and of `--colormap` (in lower case there).
    pub fn name(self) -> &'static str {
        match self {
            ColourMap::Grey => "Grey",
            ColourMap::Inverted => "Inverted",
            ColourMap::Hot => "Hot",
            ColourMap::Viridis => "Viridis",
            ColourMap::Bone => "Bone",
            ColourMap::Pet => "PET",
            ColourMap::Rainbow => "Rainbow",
        }
    }
}
