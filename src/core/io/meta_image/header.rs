//! A header, checked. What is in it and may name a patient (comments, keys of other programs) is not kept.

use std::collections::BTreeMap;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use super::super::data_files::{
    ByteSkip, Coding, Encoding, attached, detached, find, find_all, names_of,
};
use super::super::error::IoError;
use super::super::inflate::{Compression, Content};
use super::super::pending::Pending;
use super::super::stream::Stream;
use super::super::text_header::{HeaderLines, shown, sizes};
use super::super::voxels::{Endian, Layout, VoxelKind};
use super::NAME;
use super::place::{place, placement};
use crate::geom::Grid;
use crate::volume::{DataType, Provenance, Scale, Warning};
use crate::work::Progress;

type Fields = BTreeMap<String, String>;

/// The lines of a header by their names in lower case, and the names that follow `ElementDataFile = LIST`.
struct Lines {
    fields: Fields,
    listed: Vec<String>,
    bytes: u64,
}

fn read_lines(stream: &mut BufReader<Stream>, path: &Path) -> Result<Lines, IoError> {
    let mut lines = HeaderLines::new(stream, path);
    let (mut fields, mut listed) = (Fields::new(), Vec::new());
    while let Some(line) = lines.next()? {
        if line.trim().is_empty() {
            continue;
        }
        let Some((name, value)) = field(&line) else {
            return Err(IoError::header(format!("the line {}", shown(&line)), path));
        };
        let is_last = name == "elementdatafile";
        // Keys of other programs come as they like, and may come twice.
        fields.entry(name).or_insert_with(|| value.to_owned());
        if is_last {
            if first_word(value).eq_ignore_ascii_case("LIST") {
                while let Some(line) = lines.next()? {
                    if !line.trim().is_empty() {
                        listed.push(line.trim().to_owned());
                    }
                }
            }
            return Ok(Lines { fields, listed, bytes: lines.bytes() });
        }
    }
    Err(IoError::header("it does not say where the voxels are (ElementDataFile)", path))
}

/// `Name = value` or `Name: value`.
pub(super) fn field(line: &str) -> Option<(String, &str)> {
    let at = line.find(['=', ':'])?;
    let name = line[..at].trim();
    (!name.is_empty()).then(|| (name.to_lowercase(), line[at + 1..].trim()))
}

fn first_word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or_default()
}

/// As ITK's library: by the first letter.
fn is_true(fields: &Fields, name: &str) -> bool {
    fields.get(name).is_some_and(|value| value.starts_with(['T', 't', '1']))
}

/// Reads and checks a header, and goes to the first voxel.
pub(super) fn open(path: &Path, progress: &Progress) -> Result<Pending<Box<dyn Content>>, IoError> {
    open_with(path, None, progress)
}

/// As [`open`], the voxels in the file that is given with the name by which the header must call it.
pub(super) fn open_with(
    path: &Path,
    voxels: Option<(&Path, &str)>,
    progress: &Progress,
) -> Result<Pending<Box<dyn Content>>, IoError> {
    let mut stream = BufReader::new(Stream::open(path, progress)?);
    let lines = read_lines(&mut stream, path)?;
    let fields = &lines.fields;
    let damaged = |what: String| IoError::header(what, path);
    if let Some(other) = fields.get("objecttype").filter(|t| !t.eq_ignore_ascii_case("image")) {
        return Err(damaged(format!("it is that of a {}, not of an image", shown(other))));
    }
    let data_type = data_type(fields, path)?;
    let (axes, channels) = dimensions(fields).map_err(damaged)?;
    let dims: [usize; 3] = std::array::from_fn(|a| axes.get(a).copied().unwrap_or(1));
    let (affine, mut warnings) = place(fields, axes.len()).map_err(damaged)?;
    let grid = Grid::new(dims, affine).map_err(|e| damaged(e.to_string()))?;
    let kind = match (data_type, channels) {
        (DataType::U8, 3 | 4) => VoxelKind::Colour { channels },
        _ => VoxelKind::Scalar(data_type),
    };
    let components = if matches!(kind, VoxelKind::Scalar(_)) { channels } else { 1 };
    warnings.extend(told(&axes, kind, components, fields));

    let count: usize = axes.iter().product();
    let bytes = (count * channels) as u64 * data_type.size() as u64;
    let coding = coding(fields, data_type).map_err(damaged)?;
    let mut all_files = vec![path.to_path_buf()];
    let files = match voxels {
        None => data_files(&lines, axes.len(), path)?,
        Some((file, name)) if fields.get("elementdatafile").is_some_and(|said| said == name) => {
            Some((vec![file.to_path_buf()], None))
        }
        Some(_) => return Err(damaged("it names another file for the voxels".into())),
    };
    let (content, data) = match files {
        None => (attached(stream, lines.bytes, coding, bytes, path)?, path.to_path_buf()),
        Some((files, warning)) => {
            warnings.extend(warning);
            let data = files[0].clone();
            all_files.extend(files.iter().cloned());
            (detached(files, coding, (bytes, data_type.size()), progress, path)?, data)
        }
    };
    let big = ["elementbyteordermsb", "binarydatabyteordermsb"];
    let endian = match coding.encoding {
        Encoding::Decimal(_) => Endian::NATIVE,
        _ if big.iter().any(|name| is_true(fields, name)) => Endian::Big,
        _ => Endian::Little,
    };
    let placement = placement(fields);
    let mut file_dims = axes.clone();
    if components > 1 {
        file_dims.resize(axes.len().max(3), 1);
        file_dims.push(components);
    }
    Ok(Pending {
        grid,
        file_dims,
        kind,
        endian,
        scale: Scale::NONE,
        layout: layout(&axes, components),
        provenance: Provenance { format: NAME, placement, ..Provenance::default() },
        warnings,
        content,
        data,
        files: all_files,
        tail: None,
    })
}

fn data_type(fields: &Fields, path: &Path) -> Result<DataType, IoError> {
    let Some(name) = fields.get("elementtype") else {
        return Err(IoError::header("it does not say the type of the voxels", path));
    };
    let upper = name.to_uppercase();
    Ok(match upper.strip_suffix("_ARRAY").unwrap_or(&upper) {
        "MET_CHAR" => DataType::I8,
        "MET_UCHAR" => DataType::U8,
        "MET_SHORT" => DataType::I16,
        "MET_USHORT" => DataType::U16,
        // A long has four bytes in MetaIO, on every machine.
        "MET_INT" | "MET_LONG" => DataType::I32,
        "MET_UINT" | "MET_ULONG" => DataType::U32,
        "MET_LONG_LONG" => DataType::I64,
        "MET_ULONG_LONG" => DataType::U64,
        "MET_FLOAT" => DataType::F32,
        "MET_DOUBLE" => DataType::F64,
        _ => return Err(IoError::DataType { name: shown(name), path: path.to_path_buf() }),
    })
}

/// Sizes of all axes and numbers of each voxel; their product fits.
fn dimensions(fields: &Fields) -> Result<(Vec<usize>, usize), String> {
    let stated = fields.get("ndims").map(String::as_str).unwrap_or_default();
    let text = fields.get("dimsize").ok_or("it does not say the sizes of its axes")?;
    let axes = sizes(text)?;
    if stated.parse() != Ok(axes.len()) || !(2..=6).contains(&axes.len()) {
        return Err(format!("{} dimensions, {} sizes", shown(stated), axes.len()));
    }
    let channels = match fields.get("elementnumberofchannels") {
        None => 1,
        Some(text) => {
            let channels = text.parse().ok().filter(|&n: &usize| n > 0);
            channels.ok_or_else(|| format!("{} numbers in each voxel", shown(text)))?
        }
    };
    // Of numbers of 8 bytes, so that nothing overflows further on.
    let product = axes.iter().try_fold(channels.saturating_mul(8), |n, &d| n.checked_mul(d));
    if product.is_none_or(|n| isize::try_from(n).is_err()) {
        let sizes: Vec<String> = axes.iter().map(ToString::to_string).collect();
        return Err(format!("{} voxels", sizes.join(" × ")));
    }
    Ok((axes, channels))
}

/// The components of a voxel lie side by side in the file, and like time points in memory.
fn layout(axes: &[usize], components: usize) -> Option<Layout> {
    if components == 1 {
        return None;
    }
    let count: usize = axes.iter().product();
    let (mut file, mut strides, mut stride) = (vec![components], vec![count], 1);
    for &size in axes {
        file.push(size);
        strides.push(stride);
        stride *= size;
    }
    Some(Layout { sizes: file, strides })
}

fn told(axes: &[usize], kind: VoxelKind, components: usize, fields: &Fields) -> Vec<Warning> {
    let mut said = Vec::new();
    let time_points: usize = axes.iter().skip(3).product();
    if matches!(kind, VoxelKind::Colour { .. }) {
        said.push("colour voxels are shown as luminance".to_owned());
    }
    if components > 1 {
        let n = components * time_points;
        said.push(format!(
            "each voxel has {n} numbers; they are shown like time points, opened at the first"
        ));
    } else if time_points > 1 {
        said.push(format!("{time_points} time points, opened at the first"));
    }
    let of = |name: &str, neutral: f64| {
        let value = fields.get(name).and_then(|text| text.parse::<f64>().ok());
        value.is_some_and(|value| value != neutral)
    };
    if of("elementtointensityfunctionslope", 1.0) || of("elementtointensityfunctionoffset", 0.0) {
        said.push(
            "the header has a slope or offset for the values (ElementToIntensityFunction); it is not applied, as in ITK"
                .to_owned(),
        );
    }
    said.into_iter().map(Warning).collect()
}

fn coding(fields: &Fields, data_type: DataType) -> Result<Coding, String> {
    let text = fields.get("binarydata").is_some_and(|v| v.starts_with(['F', 'f', '0']));
    let encoding = match (is_true(fields, "compresseddata"), text) {
        (true, _) => Encoding::Packed(Compression::Zlib),
        (false, true) => Encoding::Decimal(data_type),
        (false, false) => Encoding::Raw,
    };
    let skip = match fields.get("headersize").map(String::as_str) {
        None => ByteSkip::Bytes(0),
        Some("-1") if encoding == Encoding::Raw => ByteSkip::ToTheEnd,
        Some(text) => {
            ByteSkip::Bytes(text.parse().map_err(|_| format!("the header size {}", shown(text)))?)
        }
    };
    Ok(Coding { encoding, lines: 0, skip })
}

/// The files that hold the voxels, if the header's own does not, and what is to be said of them.
#[allow(clippy::type_complexity)]
fn data_files(
    lines: &Lines,
    axes: usize,
    path: &Path,
) -> Result<Option<(Vec<PathBuf>, Option<Warning>)>, IoError> {
    let damaged = |what: String| IoError::header(what, path);
    let text = lines.fields.get("elementdatafile").map(String::as_str).unwrap_or_default();
    if text.eq_ignore_ascii_case("LOCAL") {
        return Ok(None);
    }
    if first_word(text).eq_ignore_ascii_case("LIST") {
        // How many axes a file has follows; what each has of the voxels follows from how many there are.
        if lines.listed.is_empty() {
            return Err(damaged("its list of files is empty".into()));
        }
        return find_all(path, &lines.listed).map(Some);
    }
    if text.contains('%') {
        let words: Vec<&str> = text.split_whitespace().collect();
        let numbers: Vec<i64> = words.iter().skip(1).map_while(|w| w.parse().ok()).collect();
        if numbers.len() + 1 == words.len() {
            // First, last and step may be left out: all slices, from 1.
            let count = slices(lines, axes);
            let first = numbers.first().copied().unwrap_or(1);
            let last = numbers.get(1).copied().unwrap_or(first.saturating_add(count - 1));
            let step = numbers.get(2).copied().unwrap_or(1);
            let names = names_of(words[0], &[first, last, step]).map_err(damaged)?;
            return find_all(path, &names).map(Some);
        }
    }
    let (file, warning) = find(path, text)?;
    Ok(Some((vec![file], warning)))
}

/// Voxels along the last axis.
fn slices(lines: &Lines, axes: usize) -> i64 {
    let sizes = lines.fields.get("dimsize").and_then(|text| sizes(text).ok()).unwrap_or_default();
    sizes.get(axes - 1).and_then(|&n| i64::try_from(n).ok()).unwrap_or(1)
}
