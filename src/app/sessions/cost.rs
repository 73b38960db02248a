//! What keeping the work costs the UI thread, for `voxpoint bench`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::current::Current;
use super::hashes::Hashes;
use super::keeper::Keeper;
use super::orders::{KeptFrom, Order, SessionId};
use crate::app::document_number::DocumentNumber;
use crate::app::open_document::OpenDocument;
use crate::document::{Command, Document};
use crate::session::Past;
use crate::ui::{Status, ViewState};

/// A document that is kept as the window keeps one.
pub(crate) struct KeptWork {
    open: OpenDocument,
    view: ViewState,
    current: Current,
    hashes: Hashes,
    keeper: Keeper,
}

impl KeptWork {
    /// Keeps a document of the scan at a path, as a draft in a folder.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn new(document: Document, scan: PathBuf, folder: &Path) -> std::io::Result<Self> {
        let keeper = Keeper::start(Arc::new(|| ()), Some(folder.to_owned()))?;
        let beginning = KeptFrom {
            file: None,
            aside: None,
            copy_of: None,
            named: false,
            past: Past::default(),
            exported: None,
            picture: None,
            stem: "bench".to_owned(),
        };
        keeper.give(Order::Begin(SessionId(1), Box::new(beginning)));
        let mut current = Current::new(SessionId(1), scan.clone());
        current.begun = true;
        Ok(Self {
            open: OpenDocument::new(DocumentNumber(1), document, scan),
            view: ViewState::default(),
            current,
            hashes: Hashes::new(Arc::new(|| ())),
            keeper,
        })
    }

    /// Changes the document.
    ///
    /// # Errors
    /// If it refuses.
    pub fn apply(&mut self, command: Command) -> Result<(), crate::document::Refused> {
        self.open.document.apply(command)
    }

    /// What the window does in a frame in which something has changed: looks, takes a snapshot, hands it over. Whether
    /// there was something.
    pub fn hand_over(&mut self) -> bool {
        let Self { open, view, current, hashes, keeper } = self;
        let (letter, _) = current.follow(open, view, &Status::default(), hashes, true);
        let Some(letter) = letter else { return false };
        keeper.give(Order::Write(letter));
        true
    }

    /// What it does in every other frame.
    pub fn look(&mut self) {
        let Self { open, view, current, hashes, .. } = self;
        let _nothing = current.follow(open, view, &Status::default(), hashes, true);
    }
}
