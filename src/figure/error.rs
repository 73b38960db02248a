use std::path::PathBuf;

use crate::render::RenderError;
use crate::work::Cancelled;

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum FigureError {
    /// Somebody asked for it to stop; no file was changed.
    #[error("cancelled")]
    Cancelled,
    /// The graphics device can't.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// More pixels than the device's pictures have.
    #[error("pictures on this graphics device have at most {limit} × {limit} pixels, {} × {} were asked for", size[0], size[1])]
    TooLarge {
        /// Pixels asked for.
        size: [u32; 2],
        /// The longest side there is.
        limit: u32,
    },
    /// The device gave back fewer pixels than were drawn.
    #[error("the picture came back incomplete from the graphics device")]
    Incomplete,
    /// A film's folder has something in it.
    #[error("the folder for the pictures is not empty; choose another: {}", .0.display())]
    NotEmpty(PathBuf),
    /// An encoder refused.
    #[error("can't encode the picture ({0})")]
    Encode(String),
    /// The disk refused.
    #[error("can't write the picture ({source}); check the disk and your permissions: {}", path.display())]
    Write {
        /// The system's reason.
        source: std::io::Error,
        /// Where.
        path: PathBuf,
    },
}

impl From<Cancelled> for FigureError {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}
