use std::collections::{BTreeMap, BTreeSet};
use std::io::BufReader;
use std::path::Path;

use super::super::error::IoError;
use super::super::format::{Beginning, FormatInfo, Onto, Reader, Slice, Sniff, Source};
use super::super::labels::regions_of;
use super::super::labels_onto::{OwnLabels, labels_onto};
use super::super::labels_read::LabelsRead;
use super::super::limits::Limits;
use super::super::note::{LabelNote, note};
use super::super::open_options::OpenOptions;
use super::super::overlaps::put_in_order;
use super::super::stream::Stream;
use super::NAME;
use super::fields::Fields;
use super::header::open;
use super::segments::{Stacking, layers, names, stackings};
use crate::volume::{LabelName, NamedRegion, Volume};
use crate::work::{CancelToken, Progress};

/// The segments of a file, and what is to be told of them.
type InLayers = (Vec<NamedRegion>, Vec<LabelNote>);

/// The segments of all layers, each with its own number if none before it has that; `None` if there is one layer, or one
/// whose values are no labels. With what is to be told of other numbers.
fn in_layers(
    volume: &Volume,
    keys: &[(String, String)],
    path: &Path,
    cancel: &CancelToken,
) -> Result<Option<InLayers>, IoError> {
    let mut found = Vec::new();
    for layer in 0..volume.time_points() {
        cancel.check()?;
        let Some(regions) = regions_of(&volume.with_time_point(layer), path) else {
            return Ok(None);
        };
        let mut names = names(keys, layer);
        let mut stackings = stackings(keys, layer, volume.grid().dims());
        for (in_file, region) in regions {
            let name = names.iter().position(|name| u64::from(name.value) == in_file);
            let named = name.map(|at| names.swap_remove(at));
            let stacking = u16::try_from(in_file).ok().and_then(|value| stackings.remove(&value));
            found.push((in_file, named, region, stacking.unwrap_or_default()));
        }
    }
    if volume.time_points() < 2 {
        return Ok(None);
    }
    let fits = |in_file: u64| u16::try_from(in_file).ok().filter(|value| *value > 0);
    let own: BTreeSet<u16> = found.iter().filter_map(|(in_file, ..)| fits(*in_file)).collect();
    let mut free = (1..=u16::MAX).filter(|value| !own.contains(value));
    let mut taken = BTreeSet::new();
    let (mut labels, mut others) = (Vec::new(), Vec::new());
    let mut stacked: BTreeMap<u16, Stacking> = BTreeMap::new();
    for (in_file, named, region, stacking) in found {
        let value = fits(in_file).filter(|value| taken.insert(*value)).or_else(|| free.next());
        let Some(value) = value else { return Ok(None) };
        if u64::from(value) != in_file {
            others.push(format!("{in_file} → {value}"));
        }
        let colour = named.as_ref().map(|named| named.colour);
        let name = named.map(|named| named.name).filter(|name| !name.is_empty());
        let (opacity, visible, on_top) = (None, true, None);
        labels.push(NamedRegion { value, name, colour, opacity, visible, region, on_top });
        stacked.insert(value, stacking);
    }
    labels.sort_by_key(|label| label.value);
    put_on_top(volume.grid().dims(), &mut labels, stacked);
    Ok(Some((labels, told_numbers(&others).into_iter().collect())))
}

/// Says of labels that share voxels what is on top, as Voxpoint wrote it.
fn put_on_top(dims: [usize; 3], labels: &mut [NamedRegion], stacked: BTreeMap<u16, Stacking>) {
    let place = |(value, said): (&u16, &Stacking)| Some((*value, said.place?));
    let places: BTreeMap<u16, u32> = stacked.iter().filter_map(place).collect();
    put_in_order(dims, labels, &places);
    for (value, Stacking { on_top, .. }) in stacked.into_iter().filter(|s| !s.1.on_top.is_empty()) {
        let Some(own) = labels.iter().find(|label| label.value == value) else { continue };
        let on_top = on_top.intersection(&own.region, dims[0]);
        for label in labels.iter_mut() {
            let Some(top) = &mut label.on_top else { continue };
            if label.value == value {
                top.add(&on_top, dims[0]);
            } else {
                top.subtract(&on_top, dims[0]);
            }
        }
    }
}

/// Labels of different layers that had one number, or one that is too large.
fn told_numbers(others: &[String]) -> Option<LabelNote> {
    let mut list = others.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
    if others.len() > 3 {
        list.push_str(", …");
    }
    let values = [("n", others.len().to_string()), ("list", list)];
    (!others.is_empty()).then(|| {
        note(
            "{n} labels share their number with one of another layer, and got others ({list})",
            &values,
        )
    })
}

/// Reads NRRD.
pub(super) struct NrrdReader;

impl Reader for NrrdReader {
    fn info(&self) -> FormatInfo {
        FormatInfo { name: NAME, endings: &[".nrrd", ".nhdr"], other_endings: &[".seg.nrrd"] }
    }

    fn sniff(&self, seen: &Beginning) -> Sniff {
        match seen.bytes {
            [b'N', b'R', b'R', b'D', b'0', b'0', b'0', b'1'..=b'5', b'\n' | b'\r', ..] => {
                Sniff::Yes
            }
            [b'N', b'R', b'R', b'D', b'0', ..] => {
                Sniff::Unreadable("an NRRD file of a version that is not known")
            }
            _ => Sniff::No,
        }
    }

    fn label_names(&self, source: &Source, time_point: usize) -> Vec<LabelName> {
        let keys = source.one_file().and_then(|path| {
            let mut stream = BufReader::new(Stream::open(path, &Progress::new())?);
            Ok(Fields::read(&mut stream, path)?.segments)
        });
        names(&keys.unwrap_or_default(), time_point)
    }

    /// Of segmentations in several layers, which are one label map for 3D Slicer.
    fn labels(
        &self,
        source: &Source,
        onto: &Onto<'_>,
        limits: &Limits,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<Option<LabelsRead>, IoError> {
        let Ok(path) = source.one_file() else { return Ok(None) };
        let keys = {
            let mut stream = BufReader::new(Stream::open(path, &Progress::new())?);
            Fields::read(&mut stream, path)?.segments
        };
        if layers(&keys).len() < 2 {
            return Ok(None);
        }
        let volume = self.open(source, limits, cancel, progress)?;
        let Some((labels, notes)) = in_layers(&volume, &keys, path, cancel)? else {
            return Ok(None);
        };
        let own = OwnLabels { grid: volume.grid().clone(), labels, notes };
        labels_onto(own, onto, path, cancel).map(Some)
    }

    fn open_as(
        &self,
        source: &Source,
        options: &OpenOptions,
        limits: &Limits,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<Volume, IoError> {
        cancel.check()?;
        open(source.one_file()?, progress)?.part(&source.name(), &options.part, *limits, cancel)
    }

    fn for_each_slice(
        &self,
        source: &Source,
        cancel: &CancelToken,
        each: &mut dyn FnMut(Slice<'_>) -> Result<(), IoError>,
    ) -> Result<(), IoError> {
        open(source.one_file()?, &Progress::new())?.for_each_slice(cancel, each)
    }
}
