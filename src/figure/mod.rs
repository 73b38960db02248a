//! Views as pictures and films, without a window: the window's own code draws them, so what is copied,
//! saved or rendered by `voxpoint render` is what the window shows. For threads other than the window's.

mod error;
mod film;
mod headless;
mod renderer;
mod window;

pub use error::FigureError;
pub use film::{Film, film_format, save_film, save_png};
pub use renderer::FigureRenderer;
pub use window::UnseenWindow;

use crate::ui::{FilmOptions, Pane, PictureOptions, PictureSize, ViewState};

/// One picture: how the document is looked at, and how large it is drawn.
#[derive(Clone, Debug)]
pub struct Figure {
    /// How the document is looked at.
    pub view: ViewState,
    /// Width and height in pixels.
    pub size: [u32; 2],
    /// Pixels of a point, the measure of text and lines.
    pub pixels_per_point: f32,
    /// With letters, text, lines and points; else the pictures alone.
    pub annotated: bool,
}

impl Figure {
    /// The views as the window shows them, without what only makes sense with a pointer.
    pub fn of(view: &ViewState, options: &PictureOptions) -> Self {
        let mut view = view.clone();
        let (size, pixels_per_point) = view.transient.screen.pixels(options.view, options.size);
        if options.view.is_some() {
            view.scan.maximised = options.view;
            view.scan.lightbox = None;
        }
        still(&mut view);
        Self { view, size, pixels_per_point, annotated: options.annotated }
    }

    /// The 3D view alone, for a film of it.
    pub fn of_turn(view: &ViewState, options: &FilmOptions) -> Self {
        let size = PictureSize::Pixels(options.size);
        let picture =
            PictureOptions { view: Some(Pane::Volume), size, annotated: options.annotated };
        Self::of(view, &picture)
    }

    /// The picture `part` of the way round (0 to 1) of a turn of the 3D view; the camera goes towards the
    /// patient's right first.
    pub fn turned(&self, part: f64) -> Self {
        let mut figure = self.clone();
        figure.view.scan.orbit = self.view.scan.orbit.turntable(part);
        figure
    }
}

/// Nothing is hovered, nothing moves.
fn still(view: &mut ViewState) {
    view.transient.is_figure = true;
    view.transient.playing = false;
    (view.transient.hover, view.transient.hovered, view.transient.intent) = (None, None, None);
}
