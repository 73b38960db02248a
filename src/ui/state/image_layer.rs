use crate::render::ColourMap;
use crate::volume::{Histogram, Stats, Volume, Window};

/// A second image laid over the scan. Only looked at: not part of the document.
#[derive(Clone, Debug)]
pub struct ImageLayer {
    /// Its voxels.
    pub volume: std::sync::Arc<Volume>,
    /// Whether it is drawn.
    pub visible: bool,
    /// 0 to 1.
    pub opacity: f32,
    /// Its own values' scale.
    pub window: Window,
    /// The automatic one.
    pub auto_window: Window,
    /// Its own colours.
    pub colour_map: ColourMap,
    /// Smallest, largest, mean value.
    pub stats: Stats,
    /// Histogram.
    pub histogram: Histogram,
}

impl ImageLayer {
    /// So many lie over a scan at most.
    pub const MOST: usize = 3;

    /// How an image is first laid over a scan.
    pub fn new(volume: std::sync::Arc<Volume>, stats: Stats, histogram: Histogram) -> Self {
        let auto_window = Window::auto(&stats, &histogram);
        Self {
            volume,
            visible: true,
            opacity: 0.5,
            window: auto_window,
            auto_window,
            colour_map: ColourMap::Hot,
            stats,
            histogram,
        }
    }
}
