use super::colour_tables::{HOT_METAL_BLUE, VIRIDIS};

/// Colours of grey levels from 0 (the window's low end) to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ColourMap {
    /// Black to white.
    #[default]
    Grey,
    /// White to black.
    Inverted,
    /// Black, red, yellow, white: MATLAB's `hot`, by its formula.
    Hot,
    /// Perceptually even, colour-blind safe: matplotlib's table.
    Viridis,
    /// Black to white with a blue tint, as X-ray film: MATLAB's `bone`, by its formula.
    Bone,
    /// Black, blue, red, yellow, white: DICOM's "Hot Metal Blue", the usual colours of PET on CT.
    Pet,
    /// Blue to red through cyan and yellow: MATLAB's `jet`, by its formula.
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

    /// In which a scan is first shown: of one whose source says that low values are bright (MONOCHROME1) inverted.
    pub fn first(low_is_bright: bool) -> Self {
        if low_is_bright { Self::Inverted } else { Self::Grey }
    }

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

    /// Its row in the renderer's texture of colour maps: its place in [`ColourMap::ALL`].
    pub fn row(self) -> usize {
        self as usize
    }

    /// The colours of 256 grey levels from 0 to 1: sRGB and full opacity.
    pub fn lut(self) -> [[u8; 4]; 256] {
        std::array::from_fn(|level| {
            let [r, g, b] = self.entry(level);
            [r, g, b, 255]
        })
    }

    /// The colour of a grey level from 0 to 1: that of the nearest of 256.
    pub fn colour(self, grey: f64) -> [u8; 3] {
        self.entry((grey.clamp(0.0, 1.0) * 255.0).round() as usize)
    }

    fn entry(self, level: usize) -> [u8; 3] {
        let level = level.min(255);
        let part = level as f64 / 255.0;
        match self {
            ColourMap::Grey => [level as u8; 3],
            ColourMap::Inverted => [255 - level as u8; 3],
            ColourMap::Hot => hot(level).map(byte),
            ColourMap::Viridis => rgb(VIRIDIS[level]),
            ColourMap::Bone => {
                let [r, g, b] = hot(level);
                [b, g, r].map(|c| byte((7.0 * part + c) / 8.0))
            }
            ColourMap::Pet => rgb(HOT_METAL_BLUE[level]),
            ColourMap::Rainbow => jet(level).map(byte),
        }
    }
}

fn byte(part: f64) -> u8 {
    (part.clamp(0.0, 1.0) * 255.0).round() as u8
}

fn rgb(colour: u32) -> [u8; 3] {
    let [_, r, g, b] = colour.to_be_bytes();
    [r, g, b]
}

/// MATLAB's `hot(256)`: red rises over three eighths, then green, then blue.
fn hot(level: usize) -> [f64; 3] {
    let n = level as f64 + 1.0;
    [n / 96.0, (n - 96.0) / 96.0, (n - 192.0) / 64.0].map(|c| c.clamp(0.0, 1.0))
}

/// MATLAB's `jet(256)`: three trapezoids that rise, stay and fall over 64 levels each.
fn jet(level: usize) -> [f64; 3] {
    let trapezoid = |middle: f64| 1.5 - (level as f64 + 1.0 - middle).abs() / 64.0;
    [192.0, 128.0, 64.0].map(|middle| trapezoid(middle).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows that MATLAB, matplotlib and DICOM publish.
    #[test]
    fn colours_are_the_published_ones() {
        let at = |map: ColourMap, level: usize| {
            let [r, g, b, a] = map.lut()[level];
            assert_eq!(a, 255);
            [r, g, b]
        };
        for level in [0, 1, 127, 255] {
            assert_eq!(at(ColourMap::Grey, level), [level as u8; 3]);
            assert_eq!(at(ColourMap::Inverted, level), [255 - level as u8; 3]);
        }
        let expected = [
            (ColourMap::Hot, [[3, 0, 0], [255, 0, 0], [255, 255, 0], [255, 255, 255]]),
            (ColourMap::Bone, [[0, 0, 0], [83, 83, 115], [167, 199, 199], [255, 255, 255]]),
            (ColourMap::Viridis, [[68, 1, 84], [44, 113, 142], [92, 200, 99], [253, 231, 37]]),
            (ColourMap::Pet, [[0, 0, 0], [29, 0, 186], [255, 136, 62], [255, 255, 255]]),
            (ColourMap::Rainbow, [[0, 0, 131], [0, 255, 255], [255, 128, 0], [128, 0, 0]]),
        ];
        for (map, colours) in expected {
            assert_eq!([0, 95, 191, 255].map(|level| at(map, level)), colours, "{map:?}");
        }
        assert_eq!(ColourMap::Pet.colour(f64::NAN.max(2.0)), [255; 3]);
        assert_eq!(ColourMap::Grey.colour(0.5), [128; 3]);
    }
}
