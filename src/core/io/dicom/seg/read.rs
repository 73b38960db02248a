use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::super::attributes::Attributes;
use super::super::codec::{Coding, coding, decode};
use super::super::frames::frames;
use super::super::heading::Heading;
use super::super::instance::{Frame, Instance, Photometric, PixelKind, SeriesName, Shape};
use super::super::opened::Opened;
use super::super::origin::Origin;
use super::super::pixels::Pixels;
use super::bits::for_each_run;
use super::place::{Placed, place};
use super::segments::{Segment, segments, values};
use crate::geom::Grid;
use crate::io::error::IoError;
use crate::io::limits::Limits;
use crate::io::note::{LabelNote, note};
use crate::io::overlaps::put_in_order;
use crate::volume::{NamedRegion, Region, RegionBuilder};
use crate::work::{CancelToken, Cancelled, Progress};

/// Segments that are named in a note.
const NAMED: usize = 6;

/// A segmentation on its own grid.
#[derive(Debug)]
pub(in crate::io::dicom) struct Segmentation {
    pub grid: Grid,
    /// By rising values; they may share voxels.
    pub labels: Vec<NamedRegion>,
    pub notes: Vec<LabelNote>,
    /// Frame of Reference UID.
    pub frame_of_reference: Option<String>,
}

/// What pixels mean.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// One bit: in or out.
    Binary,
    /// A share of this number; half of it and more is in.
    Fractional(f64),
    /// The number of a segment.
    Labels,
}

/// Reads a segmentation, whose header was read. Progress counts frames.
///
/// # Errors
/// See [`IoError`].
pub(in crate::io::dicom) fn read(
    (path, opened, data): (&Path, &Opened, &InMemDicomObject),
    limits: Limits,
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<Segmentation, IoError> {
    let wrong = |what: String| IoError::header(what, path);
    let said = Attributes(data);
    let class = said.text(tags::SOP_CLASS_UID).unwrap_or_default();
    let kind = kind(said).map_err(wrong)?;
    let shape = shape(said, kind).map_err(wrong)?;
    let segments = segments(said, kind == Kind::Labels).map_err(wrong)?;
    let frames = frames(said, &class, path)?;
    let numbers = numbers(said, frames.len(), kind, &segments).map_err(wrong)?;
    let dims = [shape.columns, shape.rows];
    let Placed { grid, slices } = place(&frames, dims, step(said)).map_err(wrong)?;
    // The file, runs, and a frame: decoded, as numbers, as what is inside.
    let frame = 4 * shape.rows as u64 * shape.columns as u64;
    let beside = opened.length + grid.count() as u64 / 4 + frame;
    if beside > limits.memory {
        return Err(IoError::too_large(beside, limits.memory, path));
    }
    let instance = instance(path, &opened.structure.syntax, opened.length, shape, frames);
    let reader = FrameReader::new(&instance, kind)?;
    progress.set_total(instance.frames.len() as u64);
    progress.set_done(0);
    let mut done = 0;
    let mut each = || {
        done += 1;
        progress.set_done(done);
        cancel.check()
    };
    let regions = if kind == Kind::Labels {
        label_regions(&reader, &slices, &mut each)?
    } else {
        segment_regions(&reader, &numbers, &slices, &mut each)?
    };
    let mut notes = Vec::new();
    if let Kind::Fractional(_) = kind {
        notes.push(note("its values are shares, of which one half and more is inside", &[]));
    }
    let (mut labels, places) = named(regions, segments, &mut notes);
    put_in_order(grid.dims(), &mut labels, &places);
    let frame_of_reference = said.text(tags::FRAME_OF_REFERENCE_UID);
    Ok(Segmentation { grid, labels, notes, frame_of_reference })
}

fn kind(said: Attributes) -> Result<Kind, String> {
    let name = said.text(tags::SEGMENTATION_TYPE).unwrap_or_default();
    Ok(match &*name {
        "BINARY" => Kind::Binary,
        "FRACTIONAL" => {
            let most = said.number(tags::MAXIMUM_FRACTIONAL_VALUE).filter(|most| *most > 0.0);
            Kind::Fractional(most.unwrap_or(255.0))
        }
        "LABELMAP" => Kind::Labels,
        "" => return Err("it does not say what its pixels mean".into()),
        other => return Err(format!("its pixels are {other}")),
    })
}

fn shape(said: Attributes, kind: Kind) -> Result<Shape, String> {
    let size = |tag, name: &str| {
        let found = said.whole(tag).filter(|n| (1..=65535).contains(n));
        found.map(|n| n as usize).ok_or_else(|| format!("it does not say its {name}"))
    };
    let allocated = said.whole(tags::BITS_ALLOCATED).unwrap_or_default();
    let allowed: &[i64] = match kind {
        Kind::Binary => &[1],
        Kind::Fractional(_) => &[8],
        Kind::Labels => &[8, 16],
    };
    if !allowed.contains(&allocated) {
        return Err(format!("its pixels have {allocated} bits"));
    }
    Ok(Shape {
        rows: size(tags::ROWS, "rows")?,
        columns: size(tags::COLUMNS, "columns")?,
        samples: 1,
        // Bits are read as bytes.
        allocated: (allocated as u32).max(8),
        stored: (allocated as u32).max(8),
        high: (allocated as u32).max(8) - 1,
        kind: PixelKind::Unsigned,
        photometric: Photometric::Monochrome { inverted: false },
        planar: false,
        bits: kind == Kind::Binary,
    })
}

/// The segment of each frame; nothing where pixels say it.
fn numbers(
    said: Attributes,
    count: usize,
    kind: Kind,
    segments: &[Segment],
) -> Result<Vec<u16>, String> {
    if kind == Kind::Labels {
        return Ok(Vec::new());
    }
    let number = |groups: Attributes| {
        groups
            .first(tags::SEGMENT_IDENTIFICATION_SEQUENCE)
            .and_then(|group| group.whole(tags::REFERENCED_SEGMENT_NUMBER))
    };
    let shared = said.first(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE).and_then(number);
    let own: Vec<_> = said.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE).map(number).collect();
    let known: BTreeSet<i64> = segments.iter().map(|s| s.number.into()).collect();
    let of = |n: usize| {
        let found = own.get(n).copied().flatten().or(shared);
        let found = found.ok_or_else(|| format!("frame {} is of no segment", n + 1))?;
        if known.contains(&found) {
            Ok(found as u16)
        } else {
            Err(format!("frame {} is of segment {found}, which there is not", n + 1))
        }
    };
    (0..count).map(of).collect()
}

/// Millimetres between slices as the file says.
fn step(said: Attributes) -> Option<f64> {
    let shared = said.first(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE);
    let first = said.first(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE);
    let groups = first.into_iter().chain(shared);
    let mut measures = groups.filter_map(|group| group.first(tags::PIXEL_MEASURES_SEQUENCE));
    measures.find_map(|m| m.number(tags::SPACING_BETWEEN_SLICES)).map(f64::abs)
}

fn instance(path: &Path, syntax: &str, length: u64, shape: Shape, frames: Vec<Frame>) -> Instance {
    Instance {
        origin: path.to_owned().into(),
        length,
        syntax: syntax.to_owned(),
        class: String::new(),
        uid: String::new(),
        series: SeriesName::default(),
        heading: Heading::default(),
        padding: None,
        shape,
        frames,
    }
}

/// Reads the pixels of frames.
struct FrameReader<'a> {
    instance: &'a Instance,
    kind: Kind,
    coding: Coding,
    pixels: Pixels,
}

impl<'a> FrameReader<'a> {
    fn new(instance: &'a Instance, kind: Kind) -> Result<Self, IoError> {
        let path = || instance.origin.path.clone();
        let unknown = |name: String| IoError::Compression { name, path: path() };
        let coding = coding(&instance.syntax).map_err(unknown)?;
        let plain = matches!(coding, Coding::Plain { .. });
        if kind == Kind::Binary && !plain {
            return Err(unknown("compressed pixels of one bit".into()));
        }
        let pixels = Pixels::read(instance)?;
        if plain {
            let needed = instance.shape.bytes_of(instance.frames.len() as u64);
            let found = pixels.len() as u64;
            if found < needed {
                let what = format!("{found} of {needed} bytes of pixels are there");
                return Err(IoError::Truncated { what, path: path() });
            }
        }
        Ok(Self { instance, kind, coding, pixels })
    }

    fn area(&self) -> usize {
        self.instance.shape.rows * self.instance.shape.columns
    }

    /// The numbers of a frame in little-endian order.
    fn frame(&self, n: usize) -> Result<Cow<'_, [u8]>, IoError> {
        let Instance { shape, origin: Origin { path, .. }, .. } = self.instance;
        let bytes = self.pixels.frame(n, shape, path)?;
        let damaged = |what| IoError::Damaged { what, path: path.clone() };
        Ok(match self.coding {
            Coding::Plain { big_endian: true } if shape.allocated == 16 => {
                let swapped = bytes.as_chunks::<2>().0.iter().flat_map(|[a, b]| [*b, *a]);
                Cow::Owned(swapped.collect())
            }
            Coding::Plain { .. } => bytes,
            _ => Cow::Owned(decode(self.coding, &bytes, shape).map_err(damaged)?),
        })
    }

    /// Marks what is inside in a frame.
    fn mark(&self, n: usize, inside: &mut [bool]) -> Result<(), IoError> {
        if let Kind::Fractional(most) = self.kind {
            let frame = self.frame(n)?;
            for (inside, value) in inside.iter_mut().zip(&*frame) {
                *inside |= 2.0 * f64::from(*value) >= most;
            }
            return Ok(());
        }
        let (begin, area) = (n * self.area(), self.area());
        let whole = begin / 8..(begin + area).div_ceil(8);
        let bytes = self.pixels.range(whole);
        for_each_run(&bytes, begin % 8, area, |start, len| inside[start..start + len].fill(true));
        Ok(())
    }
}

/// Adds the runs of a slice to regions, by what each pixel is of.
fn push_rows<T: Copy + PartialEq>(
    pixels: &[T],
    (columns, slice): (usize, usize),
    mut push: impl FnMut(T, usize, usize),
) {
    let mut start = slice * pixels.len();
    for row in pixels.chunks_exact(columns) {
        for same in row.chunk_by(|a, b| a == b) {
            push(same[0], start, same.len());
            start += same.len();
        }
    }
}

/// The voxels of each segment whose frames are its own.
fn segment_regions(
    reader: &FrameReader,
    numbers: &[u16],
    slices: &[usize],
    each: &mut dyn FnMut() -> Result<(), Cancelled>,
) -> Result<BTreeMap<u16, Region>, IoError> {
    let mut order: BTreeMap<u16, BTreeMap<usize, Vec<usize>>> = BTreeMap::new();
    for (n, (number, slice)) in numbers.iter().zip(slices).enumerate() {
        order.entry(*number).or_default().entry(*slice).or_default().push(n);
    }
    let columns = reader.instance.shape.columns;
    let mut inside = vec![false; reader.area()];
    let mut regions = BTreeMap::new();
    for (number, of_segment) in order {
        let mut builder = RegionBuilder::new(columns);
        for (slice, frames) in of_segment {
            inside.fill(false);
            for n in frames {
                each()?;
                reader.mark(n, &mut inside)?;
            }
            push_rows(&inside, (columns, slice), |is_in, start, len| {
                builder.push(start, if is_in { len } else { 0 });
            });
        }
        regions.insert(number, builder.finish());
    }
    Ok(regions)
}

/// The voxels of each number in the frames of a label map.
fn label_regions(
    reader: &FrameReader,
    slices: &[usize],
    each: &mut dyn FnMut() -> Result<(), Cancelled>,
) -> Result<BTreeMap<u16, Region>, IoError> {
    let Shape { columns, allocated, .. } = reader.instance.shape;
    let mut order: Vec<usize> = (0..slices.len()).collect();
    order.sort_by_key(|n| slices[*n]);
    if order.windows(2).any(|pair| slices[pair[0]] == slices[pair[1]]) {
        return Err(IoError::header(
            "two of its frames lie at one place",
            &reader.instance.origin.path,
        ));
    }
    let mut builders: BTreeMap<u16, RegionBuilder> = BTreeMap::new();
    for n in order {
        each()?;
        let frame = reader.frame(n)?;
        let numbers: Vec<u16> = if allocated == 16 {
            frame.as_chunks::<2>().0.iter().map(|b| u16::from_le_bytes(*b)).collect()
        } else {
            frame.iter().map(|b| u16::from(*b)).collect()
        };
        push_rows(&numbers[..reader.area()], (columns, slices[n]), |number, start, len| {
            if number != 0 {
                let builder = builders.entry(number);
                builder.or_insert_with(|| RegionBuilder::new(columns)).push(start, len);
            }
        });
    }
    Ok(builders.into_iter().map(|(number, builder)| (number, builder.finish())).collect())
}

/// Labels of what was found, and the places that the file says of them; what is only in one of the two lists is told.
fn named(
    mut regions: BTreeMap<u16, Region>,
    segments: Vec<Segment>,
    notes: &mut Vec<LabelNote>,
) -> (Vec<NamedRegion>, BTreeMap<u16, u32>) {
    let values = values(&segments);
    let mut places = BTreeMap::new();
    let mut taken: BTreeSet<u16> = values.iter().copied().collect();
    let mut labels = Vec::new();
    let mut empty = Vec::new();
    for (segment, value) in segments.into_iter().zip(values) {
        let region = regions.remove(&segment.number).unwrap_or_default();
        if region.is_empty() {
            empty.push(segment.name.unwrap_or_else(|| segment.number.to_string()));
            continue;
        }
        places.extend(segment.place.map(|place| (value, u32::from(place))));
        let (name, colour, opacity, visible) = (segment.name, segment.colour, None, true);
        labels.push(NamedRegion { value, name, colour, opacity, visible, region, on_top: None });
    }
    let nameless: Vec<String> = regions.keys().take(NAMED).map(u16::to_string).collect();
    let count = regions.len();
    for (number, region) in regions {
        let mut free = std::iter::once(number).chain(1..=u16::MAX);
        // As many as there are numbers, none of which is 0, have one each.
        let value = free.find(|value| taken.insert(*value)).unwrap_or(number);
        let (name, colour, opacity, visible) =
            (Some(format!("Segment {number}")), None, None, true);
        labels.push(NamedRegion { value, name, colour, opacity, visible, region, on_top: None });
    }
    if count > 0 {
        let values = [("n", count.to_string()), ("list", nameless.join(", "))];
        notes.push(note(
            "{n} numbers in its pixels are of no segment that it names: {list}",
            &values,
        ));
    }
    if !empty.is_empty() {
        let list = empty.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        let values = [("n", empty.len().to_string()), ("list", list)];
        notes.push(note("{n} segments have no voxel and are left out: {list}", &values));
    }
    labels.sort_by_key(|label| label.value);
    (labels, places)
}
