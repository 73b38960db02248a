//! What a kind of model brings along: where to find one, what it runs on, how it is opened.

use std::fmt;
use std::path::{Path, PathBuf};

use super::error::SegmentError;
use super::remote::ServedModel;
use super::runtime::Runtime;
use super::segmenter::{DeviceChoice, Segmenter};

/// Where a model is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelRef {
    /// A file or a folder.
    Path(PathBuf),
    /// On a server.
    Server(Box<ServedModel>),
}

impl ModelRef {
    /// Its path, if it is on this machine.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Path(path) => Some(path),
            Self::Server(_) => None,
        }
    }

    /// Its path, or its address, for people.
    pub fn place(&self) -> PathBuf {
        match self {
            Self::Path(path) => path.clone(),
            Self::Server(served) => served.address.to_string().into(),
        }
    }

    /// The last part of its path, or its server's host, as a name while it is not open yet.
    pub fn name(&self) -> String {
        match self {
            Self::Path(path) => {
                path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
            }
            Self::Server(served) => served.address.host().to_owned(),
        }
    }

    /// The same by its full path without links, if it is there.
    pub fn canonical(&self) -> Self {
        let full = self.path().and_then(|path| path.canonicalize().ok());
        full.map_or_else(|| self.clone(), Self::Path)
    }
}

impl From<PathBuf> for ModelRef {
    fn from(path: PathBuf) -> Self {
        Self::Path(path)
    }
}

impl fmt::Display for ModelRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.place().display().fmt(f)
    }
}

/// A kind of model: one folder of `segment`, and one line in [`PROVIDERS`](super::models::PROVIDERS).
pub trait Provider: Sync {
    /// Whether such a model is of this kind, by what it looks like from outside.
    fn takes(&self, model: &ModelRef) -> bool;

    /// The model of this kind that ships with the program.
    fn shipped(&self) -> Option<ModelRef>;

    /// Loads what such models run on; `None` if they need nothing. Slow: not on the UI thread.
    ///
    /// # Errors
    /// If it is not there or does not start.
    fn runtime(&self) -> Result<Option<Runtime>, SegmentError>;

    /// Names what lies at a model's place now: other weights there are another model.
    fn identity(&self, model: &ModelRef) -> String;

    /// Opens a model, whose runtime is loaded. `threads` on the CPU; `None` chooses. Slow: not on the UI thread.
    ///
    /// # Errors
    /// If it is not there, or can't be used.
    fn open(
        &self,
        model: &ModelRef,
        device: DeviceChoice,
        threads: Option<usize>,
    ) -> Result<Box<dyn Segmenter>, SegmentError>;
}
