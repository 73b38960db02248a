use std::io;
use std::path::{Path, PathBuf};

use crate::geom::Orientation;
use crate::placeholder::Placeholder;
use crate::text::bytes;
use crate::work::Cancelled;
use crate::work::memory::{Free, Short};

/// One line for the user: what is wrong, what to do, in which file.
#[derive(Debug, thiserror::Error)]
pub enum IoError {
    /// Somebody asked for it to stop; nothing was changed.
    #[error("cancelled")]
    Cancelled,
    /// No such file.
    #[error("there is no such file; check its name: {}", .0.display())]
    Missing(PathBuf),
    /// A link to nothing, or a pointer to content that was not fetched.
    #[error("{what}: {}", path.display())]
    Placeholder {
        /// Which.
        what: Placeholder,
        /// Where.
        path: PathBuf,
    },
    /// A folder, a device or a pipe.
    #[error("this is {what}, not a file; choose the file of a scan: {}", path.display())]
    NotAFile {
        /// What it is.
        what: &'static str,
        /// Where.
        path: PathBuf,
    },
    /// The system can't read it.
    #[error("the file can't be read ({source}); check the disk and your permissions: {}", path.display())]
    Read {
        /// The system's reason.
        source: io::Error,
        /// Where.
        path: PathBuf,
    },
    /// No bytes in it.
    #[error("the file is empty; copy or export it again: {}", .0.display())]
    Empty(PathBuf),
    /// Something, but of no format that is read.
    #[error("this looks like {looks_like}, which Voxpoint does not open; choose another file or convert it to {formats}: {}", path.display())]
    Unsupported {
        /// What the content looks like.
        looks_like: &'static str,
        /// The formats that are read.
        formats: String,
        /// Where.
        path: PathBuf,
    },
    /// A header and voxels in two files, of which one is not there.
    #[error("the voxels belong in a second file (.img or .img.gz) beside this one, which is missing; put both in one folder: {}", .0.display())]
    MissingImage(PathBuf),
    /// A header that names a file for the voxels which is not there.
    #[error("the voxels belong in another file, {name}, which is missing; put it where the header says: {}", path.display())]
    MissingVoxels {
        /// As the header has it.
        name: String,
        /// The header.
        path: PathBuf,
    },
    /// The header contradicts itself, or says something impossible.
    #[error("the header is damaged ({what}); export the scan again: {}", path.display())]
    Header {
        /// What is wrong with it.
        what: String,
        /// Where.
        path: PathBuf,
    },
    /// A type of voxels that can't be shown.
    #[error("voxels of type {name} are not supported; convert them to float32: {}", path.display())]
    DataType {
        /// The type's name or number.
        name: String,
        /// Where.
        path: PathBuf,
    },
    /// Pixels that are compressed in a way that is not decoded.
    #[error("its images are stored as {name}, which Voxpoint does not decode; export them without compression: {}", path.display())]
    Compression {
        /// The way.
        name: String,
        /// Where.
        path: PathBuf,
    },
    /// Images that lie on a line, but not evenly.
    #[error("these images make no volume ({what}); let them be resampled to even spacing, or export the series again: {}", path.display())]
    Uneven {
        /// How far they lie apart.
        what: String,
        /// Where.
        path: PathBuf,
    },
    /// A series that is not there, or a number that several have.
    #[error("there is no one series {wanted} here, but {there}: {}", path.display())]
    NoSeries {
        /// What was asked for.
        wanted: String,
        /// What there is.
        there: String,
        /// Where.
        path: PathBuf,
    },
    /// An archive that can't be read, and why.
    #[error("this archive can't be opened ({what}); unpack it and open the folder: {}", path.display())]
    Archive {
        /// Why not.
        what: String,
        /// Where.
        path: PathBuf,
    },
    /// Images that are not the slices of a volume.
    #[error("these images make no volume ({what}); choose a file of another series, or export this one again: {}", path.display())]
    NoStack {
        /// Why not.
        what: String,
        /// Where.
        path: PathBuf,
    },
    /// Fewer bytes than the header claims.
    #[error("the file is cut short ({what}); copy or export it again: {}", path.display())]
    Truncated {
        /// What is missing.
        what: String,
        /// Where.
        path: PathBuf,
    },
    /// A compressed stream that contradicts its checksum or can't be inflated.
    #[error("the compressed data is damaged ({what}); copy or export it again: {}", path.display())]
    Damaged {
        /// The decoder's words.
        what: String,
        /// Where.
        path: PathBuf,
    },
    /// Voxels written as text that is none.
    #[error("the voxels are damaged ({what}); copy or export the scan again: {}", path.display())]
    WrongText {
        /// What stands there.
        what: String,
        /// Where.
        path: PathBuf,
    },
    /// More voxels than fit into memory.
    #[error("the scan needs {} of memory and may take {}: {} {} are left, and the program needs some of it; {} or open it smaller or coarser: {}", bytes(*needed), bytes(*limit), bytes(free.bytes), free.bound, free.bound.advice(), path.display())]
    TooLarge {
        /// Bytes of voxels.
        needed: u64,
        /// Bytes that it may take.
        limit: u64,
        /// What there is, and what allows no more.
        free: Free,
        /// Voxels along x, y, z, if parts of it could be read.
        dims: Option<[usize; 3]>,
        /// Where.
        path: PathBuf,
    },
    /// A part of a scan that it does not have.
    #[error("this part of the scan can't be opened ({what}); choose another: {}", path.display())]
    NoPart {
        /// Why not.
        what: String,
        /// Where.
        path: PathBuf,
    },
    /// A format that has no word for left and right.
    #[error("an ANALYZE 7.5 file does not say which side is left{}; say where its axes x, y, z run to: {}", spm_beside(*spm), path.display())]
    NoOrientation {
        /// What it may be, of which nothing is certain.
        likely: Orientation,
        /// SPM has left a file beside it that may say more.
        spm: bool,
        /// Where.
        path: PathBuf,
    },
    /// Pictures, which say nothing of millimetres.
    #[error("pictures do not say how far apart their pixels and slices are; say it in mm for x, y, z: {}", .0.display())]
    NoSpacing(PathBuf),
    /// A place was typed for a file that says its own.
    #[error("this file says itself how its voxels lie; leave the orientation and the spacing out: {}", .0.display())]
    SaysPlace(PathBuf),
    /// More labels than fit into memory.
    #[error("opening the labels {short}: {}", path.display())]
    NoMemory {
        /// How much is missing.
        short: Short,
        /// Where.
        path: PathBuf,
    },
    /// A label map of another scan.
    #[error("the label map lies on another grid than the scan ({what}); resample it, or open the scan it belongs to: {}", path.display())]
    OtherGrid {
        /// How they differ.
        what: String,
        /// Where.
        path: PathBuf,
    },
    /// Something that belongs on a scan, and none is open.
    #[error("this is {what}: open the scan first, then this file: {}", path.display())]
    NeedsScan {
        /// What it is.
        what: &'static str,
        /// Where.
        path: PathBuf,
    },
    /// A scan opened as label map.
    #[error("this is no label map ({what}): {}", path.display())]
    NotLabels {
        /// The first value that is none and why, or why whole numbers are none either.
        what: String,
        /// Where.
        path: PathBuf,
    },
    /// A name that says no format that can be written.
    #[error("the name must end in one of {endings}; rename it: {}", path.display())]
    Name {
        /// The endings that there are.
        endings: String,
        /// Where.
        path: PathBuf,
    },
    /// What was asked to be written makes no volume.
    #[error("these values make no volume ({what}); nothing was changed: {}", path.display())]
    NoVolume {
        /// Why.
        what: String,
        /// Where.
        path: PathBuf,
    },
    /// A format that can't have what was asked to be written.
    #[error("that format can't hold it ({what}); nothing was changed; save in another format: {}", path.display())]
    CanNotHold {
        /// Why.
        what: String,
        /// Where.
        path: PathBuf,
    },
    /// A format that names the images that labels are of.
    #[error("a DICOM file names the images that its labels are of ({what}); nothing was changed; save in another format: {}", path.display())]
    NoImages {
        /// Why they can't be named.
        what: String,
        /// Where.
        path: PathBuf,
    },
    /// The system can't write it.
    #[error("it could not be saved ({source}); nothing was changed; {}: {}", advice(source), path.display())]
    Write {
        /// The system's reason.
        source: io::Error,
        /// Where.
        path: PathBuf,
    },
    /// What was written is not what was meant.
    #[error("the written file differs from what was meant ({what}); nothing was changed; save to another disk: {}", path.display())]
    Verify {
        /// What differs.
        what: String,
        /// Where.
        path: PathBuf,
    },
    /// The label map is safe, the table beside it is not.
    #[error("the label map was saved but not its label table ({source}); {}: {}", advice(source), path.display())]
    Table {
        /// The system's reason.
        source: io::Error,
        /// The table's path.
        path: PathBuf,
    },
    /// The label table is there with the names of more labels, the label map stays as it was.
    #[error("the names in the label table were saved but not the label map ({source}); {}: {}", advice(source), path.display())]
    OnlyTable {
        /// The system's reason.
        source: io::Error,
        /// The label map's path.
        path: PathBuf,
    },
    /// An old file was moved out of the way of a new one that did not come, and does not come back.
    #[error("it could not be saved, and the old file could not be put back ({source}); move it back by hand, it is now {}: {}", now.display(), path.display())]
    SetAside {
        /// The system's reason.
        source: io::Error,
        /// Where it is.
        now: PathBuf,
        /// Where it was.
        path: PathBuf,
    },
}

/// Text that should be voxels, as an error of a stream.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct NoVoxels(pub(super) String);

impl From<NoVoxels> for io::Error {
    fn from(error: NoVoxels) -> Self {
        io::Error::new(io::ErrorKind::InvalidData, error)
    }
}

impl From<Cancelled> for IoError {
    fn from(_: Cancelled) -> Self {
        IoError::Cancelled
    }
}

impl IoError {
    /// Names the fault of a read: a stream that ends early and a stream that can't be inflated look
    /// alike to `std::io`, but not to the user.
    pub(super) fn reading(source: io::Error, path: &Path) -> Self {
        if let Some(what) = Placeholder::at(path) {
            return IoError::Placeholder { what, path: path.to_path_buf() };
        }
        let path = path.to_path_buf();
        // What a stream says of one of its files, or of its text, is said as it is.
        let source = match source.downcast::<IoError>() {
            Ok(whole) => return whole,
            Err(source) => source,
        };
        let source = match source.downcast::<NoVoxels>() {
            Ok(NoVoxels(what)) => return IoError::WrongText { what, path },
            Err(source) => source,
        };
        match source.kind() {
            io::ErrorKind::NotFound => IoError::Missing(path),
            io::ErrorKind::UnexpectedEof => {
                IoError::Truncated { what: "it ends in the middle of the data".into(), path }
            }
            // flate2 reports both bad deflate data and a wrong checksum as one of these.
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                IoError::Damaged { what: source.to_string(), path }
            }
            _ => IoError::Read { source, path },
        }
    }

    /// Voxels that there is no memory for: `limit` bytes may be taken.
    pub(super) fn too_large(needed: u64, limit: u64, path: &Path) -> Self {
        let (free, path) = (Free::now(), path.to_path_buf());
        IoError::TooLarge { needed, limit, free, dims: None, path }
    }

    /// As it is, of a scan of which parts can be read.
    pub(super) fn of_dims(self, all: [usize; 3]) -> Self {
        match self {
            IoError::TooLarge { needed, limit, free, path, .. } => {
                IoError::TooLarge { needed, limit, free, dims: Some(all), path }
            }
            other => other,
        }
    }

    pub(super) fn writing(source: io::Error, path: &Path) -> Self {
        // What failed on a temporary file names that file, which the user knows nothing of.
        let inner = source.get_ref().and_then(std::error::Error::source);
        let plain = inner.and_then(|e| e.downcast_ref::<io::Error>());
        let plain = plain.map(|e| match e.raw_os_error() {
            Some(code) => io::Error::from_raw_os_error(code),
            None => io::Error::new(e.kind(), e.to_string()),
        });
        IoError::Write { source: plain.unwrap_or(source), path: path.to_path_buf() }
    }

    pub(super) fn header(what: impl Into<String>, path: &Path) -> Self {
        IoError::Header { what: what.into(), path: path.to_path_buf() }
    }
}

fn spm_beside(spm: bool) -> &'static str {
    if spm { " (nor is SPM's .mat file beside it read, which may)" } else { "" }
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::WriteZero => {
            "free some space or choose another disk"
        }
        io::ErrorKind::FileTooLarge => {
            "no file may become that large here: choose another disk, or raise the limit (ulimit -f)"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "choose a folder and name you may write to"
        }
        io::ErrorKind::NotFound => "choose a folder that exists",
        io::ErrorKind::InvalidFilename => "choose a shorter name",
        _ => "choose another place",
    }
}
