//! What the user may ask of pictures and films of the views; the window's dialogs fill these in.

use super::arrangement::Pane;
use crate::ui::kit::text::mark;

/// The longest side of a picture in pixels: larger ones are not possible on every graphics device.
pub const LONGEST_SIDE: u32 = 8192;

/// How large a picture is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureSize {
    /// So many times the pixels that the view has on the screen.
    Screen(u32),
    /// Width and height in pixels. Text and lines are as large in it as they are in the view.
    Pixels([u32; 2]),
}

/// A picture of the views.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureOptions {
    /// One view, or all as they are shown.
    pub view: Option<Pane>,
    /// How large.
    pub size: PictureSize,
    /// With letters, text, lines and points.
    pub annotated: bool,
}

impl Default for PictureOptions {
    fn default() -> Self {
        Self { view: None, size: PictureSize::Screen(1), annotated: true }
    }
}

/// The kinds of film.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FilmFormat {
    /// Animated PNG: every colour, but not played everywhere.
    #[default]
    Apng,
    /// GIF: 256 colours, played everywhere.
    Gif,
    /// A folder of PNG files.
    Sequence,
}

impl FilmFormat {
    /// All, in the order of menus.
    pub const ALL: [FilmFormat; 3] = [FilmFormat::Apng, FilmFormat::Gif, FilmFormat::Sequence];

    /// What menus call it.
    pub fn name(self) -> &'static str {
        match self {
            FilmFormat::Apng => mark("Animated PNG"),
            FilmFormat::Gif => "GIF",
            FilmFormat::Sequence => mark("Folder of PNG files"),
        }
    }
}

/// A film of a full turn of the 3D view.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FilmOptions {
    /// Width and height in pixels.
    pub size: [u32; 2],
    /// Pictures of the turn.
    pub frames: u32,
    /// How long it takes.
    pub seconds: f64,
    /// With letters and text.
    pub annotated: bool,
    /// The kind of file.
    pub format: FilmFormat,
}

impl FilmOptions {
    /// The most pictures of a turn: one for each degree.
    pub const MOST_FRAMES: u32 = 360;
    /// The longest turn in seconds.
    pub const LONGEST: f64 = 60.0;
}

impl Default for FilmOptions {
    fn default() -> Self {
        let format = FilmFormat::default();
        Self { size: [512, 512], frames: 60, seconds: 4.0, annotated: false, format }
    }
}

/// What the views take of the screen, written by them: pictures of the same size follow it.
#[derive(Clone, Debug, PartialEq)]
pub struct Screen {
    /// Width and height of all views together, in points.
    pub area: [f32; 2],
    /// Width and height of each view that is shown, in points; of slices that are shown twice, of one side.
    pub panes: Vec<(Pane, [f32; 2])>,
    /// Of slices that are shown twice, of both sides together.
    pub twice: Vec<(Pane, [f32; 2])>,
    /// Physical pixels of a point.
    pub pixels_per_point: f32,
}

impl Default for Screen {
    fn default() -> Self {
        let (panes, twice) = (Vec::new(), Vec::new());
        Self { area: [1024.0, 1024.0], panes, twice, pixels_per_point: 1.0 }
    }
}

impl Screen {
    /// Width and height, in points, of one view (as large as all together, if it is not shown) or of all.
    pub fn size_of(&self, view: Option<Pane>) -> [f32; 2] {
        let shown = self.panes.iter().find(|(pane, _)| Some(*pane) == view);
        shown.map_or(self.area, |(_, size)| *size)
    }

    /// The pixels of a picture that was asked for, and how many of them a point has.
    pub fn pixels(&self, view: Option<Pane>, size: PictureSize) -> ([u32; 2], f32) {
        let both = self.twice.iter().find(|(pane, _)| Some(*pane) == view);
        let points = both.map_or(self.size_of(view), |(_, size)| *size).map(|n| n.max(1.0));
        match size {
            PictureSize::Screen(times) => {
                let scale = self.pixels_per_point * times.max(1) as f32;
                let longest = points[0].max(points[1]) * scale;
                let scale = scale * (LONGEST_SIDE as f32 / longest).min(1.0);
                (points.map(|n| ((n * scale).round() as u32).max(1)), scale)
            }
            PictureSize::Pixels(pixels) => {
                let pixels = pixels.map(|n| n.clamp(1, LONGEST_SIDE));
                let scale = (pixels[0] as f32 / points[0]).min(pixels[1] as f32 / points[1]);
                (pixels, scale)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::Plane;

    const AXIAL: Pane = Pane::Slice(Plane::Axial);

    #[test]
    fn pictures_are_as_large_as_asked_and_show_as_much_as_the_view() {
        let screen = Screen {
            area: [800.0, 600.0],
            panes: vec![(Pane::Volume, [400.0, 300.0]), (AXIAL, [199.0, 300.0])],
            twice: vec![(AXIAL, [400.0, 300.0])],
            pixels_per_point: 1.5,
        };
        // Slices that are shown twice are in the picture twice.
        assert_eq!(screen.pixels(Some(AXIAL), PictureSize::Screen(1)), ([600, 450], 1.5));
        assert_eq!(screen.size_of(Some(AXIAL)), [199.0, 300.0]);
        let volume = Some(Pane::Volume);
        assert_eq!(screen.pixels(volume, PictureSize::Screen(1)), ([600, 450], 1.5));
        assert_eq!(screen.pixels(None, PictureSize::Screen(2)), ([2400, 1800], 3.0));
        // A square of a view that is wider than high: what fits in height fits in width.
        assert_eq!(screen.pixels(volume, PictureSize::Pixels([300, 300])), ([300, 300], 0.75));
        let (pixels, _) = screen.pixels(None, PictureSize::Screen(100));
        assert_eq!(pixels, [8192, 6144]);
    }
}
