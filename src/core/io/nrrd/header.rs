//! A header, checked.

use std::io::BufReader;
use std::path::{Path, PathBuf};

use super::super::data_files::{
    ByteSkip, Coding, Encoding, attached, detached, find, find_all, names_of,
};
use super::super::error::IoError;
use super::super::inflate::{Compression, Content};
use super::super::pending::Pending;
use super::super::stream::Stream;
use super::super::text_header::{shown, sizes};
use super::super::voxels::Endian;
use super::NAME;
use super::axes::{Roles, axes};
use super::fields::Fields;
use super::place::{Space, place, placement};
use crate::geom::Grid;
use crate::volume::{DataType, Provenance, Scale, Warning};
use crate::work::Progress;

/// Reads and checks a header, and goes to the first voxel.
pub(super) fn open(path: &Path, progress: &Progress) -> Result<Pending<Box<dyn Content>>, IoError> {
    let mut stream = BufReader::new(Stream::open(path, progress)?);
    let fields = Fields::read(&mut stream, path)?;
    let damaged = |what: String| IoError::header(what, path);
    let data_type = data_type(&fields).map_err(|wrong| wrong.at(path))?;
    let sizes = dimensions(&fields).map_err(damaged)?;
    let mut axes = axes(&fields, &sizes).map_err(damaged)?;
    let space = Space::of(&fields).map_err(damaged)?;
    let oriented = fields.get("spacedirections").is_some();
    let roles = Roles::of(&mut axes, oriented, space.and_then(|s| s.time)).map_err(damaged)?;
    let (kind, layout) = roles.voxels(&axes, data_type);
    let (dims, file_dims) = roles.dims(&axes, kind);
    let (affine, mut warnings) = place(&fields, space, &axes, &roles.space).map_err(damaged)?;
    let grid = Grid::new(dims, affine).map_err(|e| damaged(e.to_string()))?;
    warnings.extend(roles.told(&axes, kind));

    let numbers: usize = sizes.iter().product();
    let bytes = numbers as u64 * data_type.size() as u64;
    let coding = coding(&fields, data_type).map_err(damaged)?;
    let endian = endian(&fields, data_type, coding.encoding).map_err(damaged)?;
    let mut all_files = vec![path.to_path_buf()];
    let (content, data) = match data_files(&fields, path)? {
        None => {
            let content = attached(stream, fields.bytes, coding, bytes, path)?;
            (content, path.to_path_buf())
        }
        Some((files, warning)) => {
            warnings.extend(warning);
            let data = files[0].clone();
            all_files.extend(files.iter().cloned());
            (detached(files, coding, (bytes, data_type.size()), progress, path)?, data)
        }
    };
    let placement = placement(&fields, space);
    Ok(Pending {
        grid,
        file_dims,
        kind,
        endian,
        scale: Scale::NONE,
        layout,
        provenance: Provenance { format: NAME, placement, ..Provenance::default() },
        warnings,
        content,
        data,
        files: all_files,
        tail: None,
    })
}

/// Why the type of the voxels is none that is read.
enum WrongType {
    Missing,
    Named(String),
}

impl WrongType {
    fn at(self, path: &Path) -> IoError {
        match self {
            Self::Missing => IoError::header("it does not say the type of the voxels", path),
            Self::Named(name) => IoError::DataType { name, path: path.to_path_buf() },
        }
    }
}

fn data_type(fields: &Fields) -> Result<DataType, WrongType> {
    let name = fields.get("type").ok_or(WrongType::Missing)?;
    let words: Vec<String> = name.split_whitespace().map(str::to_lowercase).collect();
    Ok(match words.join(" ").as_str() {
        "signed char" | "int8" | "int8_t" => DataType::I8,
        "uchar" | "unsigned char" | "uint8" | "uint8_t" => DataType::U8,
        "short" | "short int" | "signed short" | "signed short int" | "int16" | "int16_t" => {
            DataType::I16
        }
        "ushort" | "unsigned short" | "unsigned short int" | "uint16" | "uint16_t" => DataType::U16,
        "int" | "signed int" | "int32" | "int32_t" => DataType::I32,
        "uint" | "unsigned int" | "uint32" | "uint32_t" => DataType::U32,
        "longlong"
        | "long long"
        | "long long int"
        | "signed long long"
        | "signed long long int"
        | "int64"
        | "int64_t" => DataType::I64,
        "ulonglong" | "unsigned long long" | "unsigned long long int" | "uint64" | "uint64_t" => {
            DataType::U64
        }
        "float" => DataType::F32,
        "double" => DataType::F64,
        _ => return Err(WrongType::Named(shown(name))),
    })
}

/// Sizes of all axes, whose product fits.
fn dimensions(fields: &Fields) -> Result<Vec<usize>, String> {
    let stated = fields.get("dimension").unwrap_or_default();
    let text = fields.get("sizes").ok_or("it does not say the sizes of its axes")?;
    let sizes = sizes(text)?;
    if stated.parse() != Ok(sizes.len()) || sizes.len() > 16 {
        return Err(format!("{} dimensions, {} sizes", shown(stated), sizes.len()));
    }
    // Of numbers of 8 bytes, so that nothing overflows further on.
    let product = sizes.iter().try_fold(8usize, |n, &d| n.checked_mul(d));
    if product.is_none_or(|n| isize::try_from(n).is_err()) {
        let sizes: Vec<String> = sizes.iter().map(ToString::to_string).collect();
        return Err(format!("{} voxels", sizes.join(" × ")));
    }
    Ok(sizes)
}

fn coding(fields: &Fields, data_type: DataType) -> Result<Coding, String> {
    let name = fields.get("encoding").ok_or("it does not say the encoding of the voxels")?;
    let encoding = match name.to_lowercase().as_str() {
        "raw" => Encoding::Raw,
        "gz" | "gzip" => Encoding::Packed(Compression::Gzip),
        "bz2" | "bzip2" => Encoding::Packed(Compression::Bzip2),
        "txt" | "text" | "ascii" => Encoding::Decimal(data_type),
        "hex" => Encoding::Hex,
        _ => return Err(format!("the encoding {}, which Voxpoint does not know", shown(name))),
    };
    let lines = match fields.get("lineskip") {
        None => 0,
        Some(text) => text.parse().map_err(|_| format!("the line skip {}", shown(text)))?,
    };
    let skip = match fields.get("byteskip") {
        None => ByteSkip::Bytes(0),
        Some("-1") if encoding == Encoding::Raw => ByteSkip::ToTheEnd,
        Some(text) => {
            let bytes = text.parse().map_err(|_| format!("the byte skip {}", shown(text)))?;
            ByteSkip::Bytes(bytes)
        }
    };
    let lines = if skip == ByteSkip::ToTheEnd { 0 } else { lines };
    Ok(Coding { encoding, lines, skip })
}

fn endian(fields: &Fields, data_type: DataType, encoding: Encoding) -> Result<Endian, String> {
    if matches!(encoding, Encoding::Decimal(_)) || data_type.size() == 1 {
        return Ok(Endian::NATIVE);
    }
    match fields.get("endian").map(str::to_lowercase).as_deref() {
        Some("little") => Ok(Endian::Little),
        Some("big") => Ok(Endian::Big),
        Some(other) => Err(format!("the byte order {}", shown(other))),
        None => Err("it does not say the byte order (endian)".into()),
    }
}

/// The files that hold the voxels, if the header's own does not, and what is to be said of them.
#[allow(clippy::type_complexity)]
fn data_files(
    fields: &Fields,
    path: &Path,
) -> Result<Option<(Vec<PathBuf>, Option<Warning>)>, IoError> {
    let Some(text) = fields.get("datafile") else { return Ok(None) };
    let damaged = |what: String| IoError::header(what, path);
    if text.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("LIST"))
        && text[4..].chars().next().is_none_or(char::is_whitespace)
    {
        if fields.listed.is_empty() {
            return Err(damaged("its list of files is empty".into()));
        }
        return find_all(path, &fields.listed).map(Some);
    }
    // A pattern: its last words are numbers.
    let mut words: Vec<&str> = text.split_whitespace().collect();
    if text.contains('%') && words.len() >= 4 {
        let mut numbers = Vec::new();
        while numbers.len() < 4 {
            let Some(number) = words.last().and_then(|word| word.parse::<i64>().ok()) else {
                break;
            };
            numbers.insert(0, number);
            words.pop();
        }
        if numbers.len() >= 3 && !words.is_empty() {
            let names = names_of(&words.join(" "), &numbers[..3]).map_err(damaged)?;
            return find_all(path, &names).map(Some);
        }
    }
    let (file, warning) = find(path, text)?;
    Ok(Some((vec![file], warning)))
}
