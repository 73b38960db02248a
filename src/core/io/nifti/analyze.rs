//! ANALYZE 7.5 (`dbh.h` of the Mayo Clinic), and what SPM has put into its header: a header and voxels in two files, of
//! which nobody says where left is. That is asked, never guessed.

use std::path::{Path, PathBuf};

use super::super::error::IoError;
use super::super::format::{BEGINNING, Beginning, Format, FormatInfo, Reader, Sniff, Source};
use super::super::limits::Limits;
use super::super::open_options::OpenOptions;
use super::super::registry::beginning;
use super::super::stream::{Stream, read_full};
use super::super::voxels::Endian;
use super::file::{NiftiFile, Typed, header_beside, sibling, stem_of};
use super::place::{spacing, spacing_is_odd};
use super::raw::{Raw, header_bytes};
use crate::geom::{Axis, DAffine3, DMat3, DVec3, Direction, Grid, Orientation};
use crate::volume::{Placement, QForm, SForm, Volume, Warning};
use crate::work::{CancelToken, Progress};

/// What the format is called.
const NAME: &str = "ANALYZE 7.5";

/// ANALYZE, read.
pub(in crate::io) fn format() -> Format {
    Format { reader: Some(Box::new(AnalyzeReader)), writer: None }
}

struct AnalyzeReader;

impl Reader for AnalyzeReader {
    fn info(&self) -> FormatInfo {
        FormatInfo {
            name: NAME,
            endings: &[],
            other_endings: &[".hdr", ".img", ".hdr.gz", ".img.gz"],
        }
    }

    fn sniff(&self, seen: &Beginning) -> Sniff {
        let Source::File(path) = seen.source else { return Sniff::No };
        let is_header =
            |path: &Path, bytes: &[u8]| stem_of(path, ".hdr").is_some() && order(bytes).is_some();
        let voxels = || {
            let header = header_beside(path).filter(|header| header != path)?;
            Some(is_header(&header, &beginning(&header).ok()?))
        };
        if is_header(path, seen.bytes) || voxels() == Some(true) { Sniff::Yes } else { Sniff::No }
    }

    fn asks_place(&self) -> bool {
        true
    }

    fn open_as(
        &self,
        source: &Source,
        options: &OpenOptions,
        limits: &Limits,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<Volume, IoError> {
        let file = open(source.one_file()?, options, progress)?;
        file.part(&source.name(), &options.part, *limits, cancel)
    }
}

/// The byte order in which a header is one of ANALYZE: of 348 bytes, with one to seven dimensions, and without the mark
/// of NIfTI.
fn order(head: &[u8]) -> Option<Endian> {
    let size: [u8; 4] = head.get(..4)?.try_into().ok()?;
    let count: [u8; 2] = head.get(40..42)?.try_into().ok()?;
    if matches!(head.get(344..348)?, b"n+1\0" | b"ni1\0") {
        return None;
    }
    let is = |size: i32, count: i16| size == 348 && (1..=7).contains(&count);
    if is(i32::from_le_bytes(size), i16::from_le_bytes(count)) {
        Some(Endian::Little)
    } else {
        is(i32::from_be_bytes(size), i16::from_be_bytes(count)).then_some(Endian::Big)
    }
}

/// What of a header is ANALYZE's own, or SPM's.
struct Own {
    /// The plane of its slices (`orient`), which few programs write and fewer believe.
    orient: u8,
    /// The voxel that lies at 0, 0, 0, counted from 1 (`originator`, SPM).
    origin: [i16; 3],
}

impl Own {
    fn of(head: &[u8], endian: Endian) -> Self {
        let number = |at: usize| {
            let bytes = [head[at], head[at + 1]];
            if endian == Endian::Little {
                i16::from_le_bytes(bytes)
            } else {
                i16::from_be_bytes(bytes)
            }
        };
        Self { orient: head[252], origin: [253, 255, 257].map(number) }
    }

    /// What it may be: of slices that were not flipped as the format's description has them, else what most files are.
    fn likely(&self) -> Orientation {
        let to = |axis, positive| Direction { axis, positive };
        let (left, front, up) = (to(Axis::X, false), to(Axis::Y, true), to(Axis::Z, true));
        Orientation(match self.orient {
            1 => [left, up, front],
            2 => [front, up, left],
            _ => [left, front, up],
        })
    }
}

fn open(path: &Path, options: &OpenOptions, progress: &Progress) -> Result<NiftiFile, IoError> {
    let path = if stem_of(path, ".hdr").is_some() {
        path.to_owned()
    } else {
        header_beside(path).unwrap_or_else(|| path.to_owned())
    };
    let mut stream = Stream::open(&path, progress)?;
    let mut head = vec![0; BEGINNING];
    let n = read_full(&mut stream, &mut head).map_err(|e| IoError::reading(e, &path))?;
    head.truncate(n);
    let other = || IoError::header("it is not that of an ANALYZE file", &path);
    let endian = order(&head).ok_or_else(other)?;
    let early = || IoError::header("it ends early", &path);
    let mut raw = Raw::version_1(&head, endian).ok_or_else(early)?;
    let own = Own::of(&head[..header_bytes(1)], endian);
    // Where NIfTI says how the scan lies, ANALYZE has texts.
    (raw.qform, raw.sform) = (QForm::default(), SForm::default());
    (raw.pair, raw.xyzt_units, raw.inter) = (true, 2, 0.0);
    raw.datatype = match raw.datatype {
        // As SPM calls them.
        130 => 256,
        132 => 512,
        136 => 768,
        other => other,
    };
    let scale = raw.slope;
    let file = NiftiFile::begin(&raw, endian, (head, stream), &path, progress)?;
    let typed = typed(&file, &own, options, &path)?;
    let factor = (scale.is_finite() && scale != 0.0 && scale != 1.0)
        .then(|| Warning(format!("the header's values are taken times {scale}, as SPM writes it")));
    Ok(file.lying(Typed { warnings: typed.warnings.into_iter().chain(factor).collect(), ..typed }))
}

/// SPM's file with a matrix, if it is there.
fn spm_matrix(header: &Path) -> Option<PathBuf> {
    sibling(header, ".hdr", ".mat")
}

fn typed(
    file: &NiftiFile,
    own: &Own,
    options: &OpenOptions,
    path: &Path,
) -> Result<Typed, IoError> {
    let header = file.header();
    let mat = spm_matrix(path);
    let Some(orientation) = options.place.orientation else {
        let (likely, spm) = (own.likely(), mat.is_some());
        return Err(IoError::NoOrientation { likely, spm, path: path.to_owned() });
    };
    let stated: [f64; 3] = std::array::from_fn(|a| spacing(&header.stored, a));
    let step = options.place.spacing.unwrap_or(stated);
    let dims = header.dims();
    let columns = [0, 1, 2].map(|a| orientation.0[a].unit() * step[a]);
    let matrix3 = DMat3::from_cols(columns[0], columns[1], columns[2]);
    // As nibabel takes SPM's origin: within the scan or not far from it, else the middle.
    let near =
        |(o, n): (&i16, &usize)| i64::from(*o) > -(*n as i64) && i64::from(*o) < 2 * *n as i64;
    let is_origin = own.origin != [0; 3] && own.origin.iter().zip(&dims).all(near);
    let origin = if is_origin {
        DVec3::from_array(own.origin.map(|o| f64::from(o) - 1.0))
    } else {
        DVec3::from_array(dims.map(|n| (n as f64 - 1.0) / 2.0))
    };
    let affine = DAffine3 { matrix3, translation: -(matrix3 * origin) };
    let grid = Grid::new(dims, affine).map_err(|e| IoError::header(e.to_string(), path))?;
    let letters = orientation.letters();
    let mut warnings = vec![Warning(format!(
        "the file does not say which side is left; {letters} was typed for where its axes run"
    ))];
    if options.place.spacing.is_none() && spacing_is_odd(&header.stored) {
        let text = "the voxel spacing is zero, negative or not a number; 1 mm or its size is used";
        warnings.push(Warning(text.into()));
    }
    if mat.is_some() {
        let text = "SPM's .mat file beside the scan may say how it lies; it was not read";
        warnings.push(Warning(text.into()));
    }
    let placement =
        Placement { says_sides: true, ..Placement::by(format!("what was typed ({letters})")) };
    let identifiers = options.place.identifiers();
    Ok(Typed { format: NAME, grid, placement, identifiers, warnings })
}
