use std::path::PathBuf;
use std::sync::Arc;

use super::names::Output;
use super::reading::{Asked, Labels, Loaded, ReferenceRead, Role, Which};
use crate::app::document_number::DocumentNumber;
use crate::document::StateId;
use crate::io::{PairStamp, Saved, SeriesList};
use crate::ui::{ScanWish, WantedMeshes};

/// What was written of a document: each object, in a file of its own.
pub(in crate::app) struct EachWritten {
    /// The masks as they were then.
    pub state: StateId,
    pub folder: PathBuf,
    /// How many files.
    pub count: usize,
}

/// What has happened to files since the last look.
pub(in crate::app) enum News {
    /// A scan was read.
    Image(Box<Loaded>),
    /// An image beside an open scan of which it is to be asked what it is to be; and why it is no label map, if
    /// it seems to be meant as one.
    Offered(Box<Loaded>, Option<String>),
    /// An image to lay over the scan was read.
    Overlay(Box<Loaded>),
    /// A second scan to be shown beside the open one was read; at this time point (from 0), if one was named.
    Beside(Box<Loaded>, Option<usize>),
    /// There are several scans of which the user has to choose one, to be what the role says.
    Several(PathBuf, Role, Arc<dyn SeriesList>),
    /// Something has to be said before the scan can be read.
    Asks(PathBuf, Role, Which, Asked),
    /// A label map was read.
    Labels(PathBuf, Box<Labels>),
    /// A label map of which it is to be asked whether, and at which time point, it is to be opened.
    Doubted(PathBuf, Box<Labels>),
    /// A label map was read that the objects are to be compared with.
    Reference(PathBuf, Box<ReferenceRead>),
    /// A label map by one of several raters was read.
    Rater(PathBuf, Box<ReferenceRead>),
    /// The user has chosen where the numbers of a comparison go.
    SaveComparisonTo(DocumentNumber, PathBuf),
    /// The user has chosen where the numbers of several raters go.
    SaveAgreementTo(DocumentNumber, PathBuf),
    /// The user has chosen where the figures of a robot's clicks go.
    SaveRobotTo(DocumentNumber, PathBuf),
    /// The user has chosen where the numbers of the objects go.
    SaveMeasuresTo(DocumentNumber, PathBuf),
    /// The user has chosen where what was measured with lines goes.
    SaveDrawnTo(DocumentNumber, PathBuf),
    /// The user has chosen where meshes of objects go.
    ExportMeshesTo(DocumentNumber, WantedMeshes, PathBuf),
    /// The user has chosen where names and colours go for another program.
    SaveLabelTableTo(DocumentNumber, PathBuf),
    /// The labels of a state of a document are on the disk.
    Saved { saved: Saved, stamp: PairStamp, document: DocumentNumber, state: StateId },
    /// Of a label map and its table only one is on the disk; why, and what lies there now.
    SavedPartly { why: String, stamp: PairStamp, document: DocumentNumber },
    /// Each object is in a file of its own in this folder; so many.
    SavedEach { document: DocumentNumber, written: EachWritten },
    /// The user has chosen a folder for a file of each object.
    SaveEachTo(DocumentNumber, PathBuf),
    /// The user has chosen where the labels go.
    SaveTo(DocumentNumber, PathBuf),
    /// The user has chosen a session to open.
    Session(PathBuf),
    /// The user has chosen a folder or a table of cases.
    Cases(PathBuf),
    /// The user has chosen where the sessions of all cases are.
    SessionsFolder(PathBuf),
    /// The user has chosen where the session goes, and whether the scan is in it.
    SaveSessionTo(DocumentNumber, PathBuf, ScanWish),
    /// The user has said where the scan of a session is.
    ScanFound(PathBuf),
    /// The user has chosen a model.
    Model(PathBuf),
    /// The user has chosen where a picture or a film goes.
    DrawTo(DocumentNumber, Output, PathBuf),
    /// Something did not work, in words.
    Failed(String),
}
