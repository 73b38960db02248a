use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use dicom_dictionary_std::tags;

use super::super::attributes::Attributes;
use super::super::own_block::{PLACE, own};
use super::fill::{crossings, fill};
use super::planes::{BySlice, axis_of, by_slice, within};
use super::tally::{Odd, Tally};
use crate::geom::{DVec3, Grid};
use crate::io::error::IoError;
use crate::io::lps;
use crate::io::note::LabelNote;
use crate::io::overlaps::put_in_order;
use crate::volume::{NamedRegion, Region, RegionBuilder};
use crate::work::{CancelToken, Progress};

/// More crossings of rows by the contours of one slice (400 MB of them) are no structure.
const MOST_CROSSINGS: u64 = 50_000_000;

/// The structures of a set, on a scan's grid.
#[derive(Debug)]
pub(in crate::io::dicom) struct Structures {
    /// They may share voxels.
    pub labels: Vec<NamedRegion>,
    pub notes: Vec<LabelNote>,
    /// Numbers in the file that no label can have, and those that they got instead.
    pub renumbered: BTreeMap<u64, u16>,
    /// Something was moved or left out.
    pub is_doubtful: bool,
    /// Frame of Reference UID.
    pub frame_of_reference: Option<String>,
    /// How far points of contours lie from half-way between two voxels of a slice, in voxels, at most.
    pub apart: f64,
}

/// A region of interest.
struct Roi {
    number: u64,
    name: String,
    colour: Option<[u8; 3]>,
    /// Its place among those with which it shares voxels, the lowest first, if Voxpoint wrote it.
    place: Option<u16>,
    /// Its Frame of Reference UID.
    frame: Option<String>,
    /// Points in voxels of the scan.
    contours: Vec<Vec<DVec3>>,
}

/// Reads a structure set. A voxel belongs to a structure if its middle lies within its contours, by the even-odd rule.
/// Progress counts structures.
///
/// # Errors
/// See [`IoError`].
pub(in crate::io::dicom) fn read(
    said: Attributes,
    (grid, frame_of_scan): (&Grid, Option<&str>),
    path: &Path,
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<Structures, IoError> {
    let wrong = |what: String| IoError::header(what, path);
    let mut tally = Tally::default();
    let mut rois = rois(said, grid, &mut tally).map_err(wrong)?;
    if rois.is_empty() {
        return Err(wrong("it has no structures".into()));
    }
    let other_grid = |what: String| IoError::OtherGrid { what, path: path.to_owned() };
    in_one_frame(&mut rois, frame_of_scan, &mut tally).map_err(other_grid)?;
    let own = rois.iter().find_map(|roi| roi.frame.clone());
    let frame_of_reference = own.or_else(|| said.text(tags::FRAME_OF_REFERENCE_UID));
    let axis = axis_of(rois.iter().flat_map(|roi| &roi.contours));
    progress.set_total(rois.len() as u64);
    progress.set_done(0);
    let (mut beside, mut apart): (f64, f64) = (0.0, 0.0);
    let mut regions: Vec<(Roi, Region)> = Vec::new();
    let mut any_contour = false;
    for (n, roi) in rois.into_iter().enumerate() {
        cancel.check()?;
        if roi.contours.is_empty() {
            tally.add(Odd::Empty, &roi.name);
        }
        any_contour |= !roi.contours.is_empty();
        apart = roi.contours.iter().map(|points| off_borders(points, axis)).fold(apart, f64::max);
        let (slices, mm) = by_slice(&roi.contours, axis, grid, &roi.name, &mut tally);
        beside = beside.max(mm);
        let height = grid.dims()[within(axis)[1]];
        if slices.values().any(|contours| crossings(contours, height) > MOST_CROSSINGS) {
            let what =
                format!("the contours of {} turn up and down too often to be filled", roi.name);
            return Err(wrong(what));
        }
        let region = region(&slices, axis, grid);
        regions.push((roi, region));
        progress.set_done(n as u64 + 1);
    }
    let notes = tally.notes(beside);
    if regions.iter().all(|(_, region)| region.is_empty()) {
        let what = if any_contour {
            "none of its contours encloses a voxel of the scan"
        } else {
            "it has no closed contour"
        };
        let first = notes.first().map(|note| format!("; {note}")).unwrap_or_default();
        return Err(other_grid(format!("{what}{first}")));
    }
    let (labels, renumbered) = labels(regions, grid.dims());
    let is_doubtful = tally.is_doubtful();
    Ok(Structures { labels, notes, renumbered, is_doubtful, frame_of_reference, apart })
}

/// Leaves the structures that lie in the scan's frame of reference, if others lie elsewhere.
///
/// # Errors
/// If none of several frames is the scan's.
fn in_one_frame(
    rois: &mut Vec<Roi>,
    of_scan: Option<&str>,
    tally: &mut Tally,
) -> Result<(), String> {
    let drawn = rois.iter().filter(|roi| !roi.contours.is_empty());
    let frames: BTreeSet<&str> = drawn.filter_map(|roi| roi.frame.as_deref()).collect();
    if frames.len() < 2 {
        return Ok(());
    }
    let Some(own) = of_scan else {
        for roi in rois.iter() {
            tally.add(Odd::AnyFrame, &roi.name);
        }
        return Ok(());
    };
    if !frames.contains(own) {
        let n = frames.len();
        return Err(format!(
            "its structures lie in {n} frames of reference, none of which is the scan's"
        ));
    }
    rois.retain(|roi| {
        let is_here = roi.frame.as_deref().is_none_or(|frame| frame == own);
        if !is_here {
            tally.add(Odd::OtherFrame, &roi.name);
        }
        is_here
    });
    Ok(())
}

/// How far points lie from where outlines of masks have theirs, in voxels: on a slice, half-way between two voxels of
/// it that are side by side.
fn off_borders(points: &[DVec3], axis: usize) -> f64 {
    let [u, v] = within(axis);
    let off = |p: &DVec3| {
        let off = |at: f64| (at - at.round()).abs();
        let half = |at: f64| off(at + 0.5);
        let beside = off(p[u]).max(half(p[v])).min(half(p[u]).max(off(p[v])));
        beside.max(off(p[axis]))
    };
    points.iter().map(off).fold(0.0, f64::max)
}

/// Number, name, colour.
type Named = (u16, Option<String>, Option<[u8; 3]>);

/// Number, name and colour of each structure that can be a label by its number.
///
/// # Errors
/// What is wrong, in words.
pub(in crate::io::dicom) fn names(said: Attributes) -> Result<Vec<Named>, String> {
    let rois = listed(said)?.into_values();
    let value = |number: u64| u16::try_from(number).ok().filter(|n| *n > 0);
    Ok(rois.filter_map(|roi| Some((value(roi.number)?, Some(roi.name), roi.colour))).collect())
}

/// The voxels within contours.
fn region(slices: &BySlice, axis: usize, grid: &Grid) -> Region {
    let [u, v] = within(axis);
    let dims = grid.dims();
    let strides = [1, dims[0], dims[0] * dims[1]];
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (slice, contours) in slices {
        for (row, run) in fill(contours, [dims[u], dims[v]]) {
            let start = slice * strides[axis] + row * strides[v];
            if u == 0 {
                runs.push((start + run.start, run.len()));
            } else {
                runs.extend(run.map(|at| (start + at * strides[u], 1)));
            }
        }
    }
    runs.sort_unstable();
    let mut builder = RegionBuilder::new(dims[0]);
    for (start, len) in runs {
        builder.push(start, len);
    }
    builder.finish()
}

/// The structures that the file lists, with their colours.
fn listed(said: Attributes) -> Result<BTreeMap<u64, Roi>, String> {
    let mut rois: BTreeMap<u64, Roi> = BTreeMap::new();
    for item in said.items(tags::STRUCTURE_SET_ROI_SEQUENCE) {
        let number = item.whole(tags::ROI_NUMBER).and_then(|n| u64::try_from(n).ok());
        let number = number.ok_or("a structure has no number")?;
        let name = item.text(tags::ROI_NAME).unwrap_or_else(|| format!("ROI {number}"));
        let frame = item.text(tags::REFERENCED_FRAME_OF_REFERENCE_UID);
        let place = own(item, PLACE);
        let roi = Roi { number, name, colour: None, place, frame, contours: Vec::new() };
        if rois.insert(number, roi).is_some() {
            return Err(format!("two structures have the number {number}"));
        }
    }
    for item in said.items(tags::ROI_CONTOUR_SEQUENCE) {
        let roi = rois.get_mut(&referenced(item)?);
        if let (Some(roi), &[r, g, b]) = (roi, &*item.numbers(tags::ROI_DISPLAY_COLOR)) {
            roi.colour = Some([r, g, b].map(|n| n.clamp(0.0, 255.0) as u8));
        }
    }
    Ok(rois)
}

fn referenced(contours: Attributes) -> Result<u64, String> {
    let number = contours.whole(tags::REFERENCED_ROI_NUMBER).and_then(|n| u64::try_from(n).ok());
    number.ok_or_else(|| "contours are of a structure without a number".into())
}

fn rois(said: Attributes, grid: &Grid, tally: &mut Tally) -> Result<Vec<Roi>, String> {
    let mut rois = listed(said)?;
    for item in said.items(tags::ROI_CONTOUR_SEQUENCE) {
        let number = referenced(item)?;
        let missing = || format!("contours are of structure {number}, which there is not");
        let roi = rois.get_mut(&number).ok_or_else(missing)?;
        for (n, contour) in item.items(tags::CONTOUR_SEQUENCE).enumerate() {
            if let Some(points) = points(contour, n, &roi.name, tally)? {
                roi.contours.push(points.into_iter().map(|p| grid.voxel(p * lps::FLIP)).collect());
            }
        }
    }
    Ok(rois.into_values().collect())
}

/// The points of a closed contour in LPS millimetres; `None` of what is no closed contour.
fn points(
    contour: Attributes,
    n: usize,
    name: &str,
    tally: &mut Tally,
) -> Result<Option<Vec<DVec3>>, String> {
    let kind = contour.text(tags::CONTOUR_GEOMETRIC_TYPE).unwrap_or_default();
    if !matches!(&*kind, "CLOSED_PLANAR" | "CLOSEDPLANAR_XOR" | "") {
        tally.add(Odd::Open, name);
        return Ok(None);
    }
    let which = || format!("contour {} of {name}", n + 1);
    let numbers = contour.numbers(tags::CONTOUR_DATA);
    if numbers.is_empty() && contour.text(tags::CONTOUR_DATA).is_some() {
        return Err(format!("{} has something that is no number", which()));
    }
    let (points, rest) = numbers.as_chunks::<3>();
    if !rest.is_empty() {
        return Err(format!("{} ends within a point", which()));
    }
    let count = contour.whole(tags::NUMBER_OF_CONTOUR_POINTS);
    if let Some(count) = count.filter(|count| *count != points.len() as i64) {
        return Err(format!("{} claims {count} points and has {}", which(), points.len()));
    }
    if points.len() < 3 {
        tally.add(Odd::Short, name);
        return Ok(None);
    }
    Ok(Some(points.iter().map(|p| DVec3::from_array(*p)).collect()))
}

/// Labels with the numbers of their structures, where a label can have them, on a grid of `dims`.
fn labels(regions: Vec<(Roi, Region)>, dims: [usize; 3]) -> (Vec<NamedRegion>, BTreeMap<u64, u16>) {
    let fits = |number: u64| u16::try_from(number).ok().filter(|n| *n > 0);
    let taken: BTreeSet<u16> = regions.iter().filter_map(|(roi, _)| fits(roi.number)).collect();
    let mut free = (1..=u16::MAX).filter(|n| !taken.contains(n));
    let mut renumbered = BTreeMap::new();
    let (mut labels, mut places) = (Vec::new(), BTreeMap::new());
    for (roi, region) in regions {
        if region.is_empty() {
            continue;
        }
        let Some(value) = fits(roi.number).or_else(|| free.next()) else { continue };
        if u64::from(value) != roi.number {
            renumbered.insert(roi.number, value);
        }
        places.extend(roi.place.map(|place| (value, u32::from(place))));
        let (name, colour, opacity, visible) = (Some(roi.name), roi.colour, None, true);
        labels.push(NamedRegion { value, name, colour, opacity, visible, region, on_top: None });
    }
    labels.sort_by_key(|label| label.value);
    put_in_order(dims, &mut labels, &places);
    (labels, renumbered)
}
