//! What a kind of model brings along: where to find one, what it runs on, how it is opened.

use std::fmt;
use std::path::{Path, PathBuf};

use super::error::SegmentError;
use super::remote::{RemoteError, ServedModel, ServerTrust, is_address};
use super::runtime::Runtime;
use super::segmenter::{DeviceChoice, Segmenter};
use crate::volume::Volume;
use crate::work::CancelToken;

/// Where a model is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelRef {
    /// A file or a folder.
    Path(PathBuf),
    /// On a server.
    Server(Box<ServedModel>),
}

impl ModelRef {
    /// The model at an address that somebody has typed, with nobody's agreement.
    ///
    /// # Errors
    /// If it is none.
    pub fn at_address(text: &str, trust: ServerTrust) -> Result<Self, RemoteError> {
        let address = text.parse()?;
        Ok(Self::Server(Box::new(ServedModel { trust, ..ServedModel::at(address) })))
    }

    /// An address, if that is what somebody has named instead of a path.
    pub fn address_in(named: &Path) -> Option<&str> {
        named.to_str().filter(|text| is_address(text))
    }

    /// Its server, if it is on one.
    pub fn server(&self) -> Option<&ServedModel> {
        match self {
            Self::Path(_) => None,
            Self::Server(served) => Some(served),
        }
    }

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

/// What leaves this machine for a model that is elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sending {
    /// For each place that it looks at, so many bytes.
    Place(u64),
    /// The whole image, once: so many bytes in all.
    Image(u64),
}

/// What a server says before anything of an image is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerLook {
    /// Its program and version, as it tells them.
    pub server: String,
    /// What it has, a line each.
    pub models: Vec<String>,
    /// Names that belong together, of which one has to be chosen; one at most: nothing is to be chosen.
    pub pairs: Vec<[String; 2]>,
    /// What there is to know of it besides, in English.
    pub note: Option<String>,
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

    /// What leaves this machine if such a model looks at an image (its time point that is looked at); `None`: nothing.
    fn sends(&self, _model: &ModelRef, _image: &Volume) -> Option<Sending> {
        None
    }

    /// Asks the server of such a model what it has. Sends nothing of an image. Slow: not on the UI thread.
    ///
    /// # Errors
    /// If it can't be reached, or is none of this kind; or if such models are on no server.
    fn look(&self, model: &ModelRef, _cancel: &CancelToken) -> Result<ServerLook, SegmentError> {
        Err(SegmentError::NoModel(model.place()))
    }

    /// Opens a model, whose runtime is loaded. `threads` on the CPU; `None` chooses. Slow: not on the UI thread. While a
    /// server is asked, it can be cancelled.
    ///
    /// # Errors
    /// If it is not there, or can't be used; or on cancelling.
    fn open(
        &self,
        model: &ModelRef,
        device: DeviceChoice,
        threads: Option<usize>,
        cancel: &CancelToken,
    ) -> Result<Box<dyn Segmenter>, SegmentError>;
}
