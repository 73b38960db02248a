use std::collections::BTreeSet;
use std::path::Path;

use super::super::error::IoError;
use super::super::format::{Beginning, FormatInfo, Reader, Sniff, Source};
use super::super::limits::Limits;
use super::super::lps::SAYS_NOTHING;
use super::super::registry::beginning;
use super::instance::{Instance, Photometric};
use super::parse::{Parsed, parse};
use super::pixels::{self, Place, Target, conversion, one_scale};
use super::scan::{Group, Scan, files_in, groups, likely, scan};
use super::stack::{NoStack, Plane, Stack, grid, stack};
use super::structure::is_dicom;
use crate::geom::{DVec3, Grid};
use crate::text::bytes;
use crate::volume::{Provenance, Scale, Volume, Warning};
use crate::work::{CancelToken, Progress};

/// What the format is called.
pub(super) const NAME: &str = "DICOM";

/// So many files of a folder are looked at to tell whether it is one of DICOM.
const LOOKED_AT: usize = 64;

/// Reads DICOM images: a file of several, a series from any of its files, a folder.
pub(super) struct DicomReader;

impl Reader for DicomReader {
    fn info(&self) -> FormatInfo {
        FormatInfo { name: NAME, endings: &[".dcm"], other_endings: &[".dicom", ".ima"] }
    }

    fn sniff(&self, seen: &Beginning) -> Sniff {
        let yes = match seen.source {
            Source::Folder(folder) => is_folder_of_dicom(folder),
            Source::File(_) | Source::Series(_) => is_dicom(seen.bytes),
        };
        if yes { Sniff::Yes } else { Sniff::No }
    }

    fn open(
        &self,
        source: &Source,
        limits: &Limits,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<Volume, IoError> {
        let path = source.path();
        let mut found = match source {
            Source::Folder(folder) => scan(&files_in(folder, cancel)?, cancel, progress)?,
            Source::Series(files) => scan(files, cancel, progress)?,
            Source::File(file) => series_of(file, cancel, progress)?,
        };
        let all = groups(&found.instances);
        let Some(chosen) = chosen(&all, &found, source) else {
            let why = found.first_fault.take();
            return Err(why.unwrap_or_else(|| no_images(&found, path)));
        };
        let mut warnings = told_of(&found, &all, chosen);
        let group = &all[chosen];
        let volume = Group3d::new(group, &found.instances, path)?;
        warnings.extend(volume.stack.warnings.iter().cloned());
        volume.read(&source.name(), warnings, *limits, cancel, progress)
    }
}

/// Whether one of the first files in a folder, or in those in it, is DICOM.
fn is_folder_of_dicom(folder: &Path) -> bool {
    let mut folders = vec![folder.to_owned()];
    let mut looked = 0;
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        for path in entries.flatten().map(|entry| entry.path()) {
            looked += 1;
            if looked > LOOKED_AT {
                return false;
            }
            if path.is_dir() {
                folders.push(path);
            } else if path.is_file() && beginning(&path).is_ok_and(|begin| is_dicom(&begin)) {
                return true;
            }
        }
    }
    false
}

/// The images of a file; of a file with one image that has a place, those of its series in the same folder.
fn series_of(file: &Path, cancel: &CancelToken, progress: &Progress) -> Result<Scan, IoError> {
    let own = match parse(file)? {
        Parsed::Images(own) => own,
        Parsed::Other(class) => return Ok(Scan { others: [class].into(), ..Scan::default() }),
    };
    let alone = own.frames.len() > 1 || own.frames[0].position.is_none();
    let folder = file.parent().filter(|_| !alone && !own.series.uid.is_empty());
    let Some(folder) = folder else {
        return Ok(Scan { instances: vec![*own], ..Scan::default() });
    };
    let asked = Some(own.uid.clone());
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let entries = std::fs::read_dir(folder).map_err(|e| IoError::reading(e, folder))?;
    let mut files: Vec<_> = entries.flatten().map(|e| e.path()).filter(|p| p.is_file()).collect();
    files.sort();
    let mut found = scan(&files, cancel, progress)?;
    found.asked = asked;
    found.instances.retain(|other| other.series.uid == own.series.uid);
    // What else lies there is not asked for.
    (found.others, found.damaged, found.first_fault) = (BTreeSet::new(), 0, None);
    Ok(found)
}

/// Which group is opened: of a file that of its image, else the likely one.
fn chosen(all: &[Group], found: &Scan, source: &Source) -> Option<usize> {
    if let Source::File(file) = source {
        // All are of its folder, which may be written in several ways; it may be the double of another.
        let of_file = |place: &Place| {
            let instance = &found.instances[place.instance];
            let same = !instance.uid.is_empty() && found.asked.as_ref() == Some(&instance.uid);
            same || instance.path.file_name() == file.file_name()
        };
        let has = |group: &Group| group.places.iter().filter(|place| of_file(place)).count();
        let most = (0..all.len()).rev().max_by_key(|n| has(&all[*n]))?;
        if has(&all[most]) > 0 {
            return Some(most);
        }
    }
    likely(all, &found.instances)
}

fn no_images(found: &Scan, path: &Path) -> IoError {
    let names: BTreeSet<&str> = found.others.iter().map(|class| named(class)).collect();
    let names: Vec<&str> = names.into_iter().collect();
    let what = if names.is_empty() { "there are none".to_owned() } else { names.join(", ") };
    IoError::NoStack { what, path: path.to_owned() }
}

/// What files of a SOP class without images are.
fn named(class: &str) -> &'static str {
    match class {
        "1.2.840.10008.1.3.10" => "a DICOMDIR, an index: open its folder instead",
        "1.2.840.10008.5.1.4.1.1.66.4" => "a DICOM segmentation, which is not read yet",
        "1.2.840.10008.5.1.4.1.1.481.3" => "an RT Structure Set: contours, no image",
        "1.2.840.10008.5.1.4.1.1.481.5" => "an RT Plan, no image",
        c if c.starts_with("1.2.840.10008.5.1.4.1.1.88") => "a report, no image",
        c if c.starts_with("1.2.840.10008.5.1.4.1.1.11") => "a presentation state, no image",
        c if c.starts_with("1.2.840.10008.5.1.4.1.1.9") => "a curve, no image",
        c if c.starts_with("1.2.840.10008.5.1.4.1.1.104") => "a document, no image",
        _ => "DICOM data without images",
    }
}

/// What was in a folder beside what is opened.
fn told_of(found: &Scan, all: &[Group], chosen: usize) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if all.len() > 1 {
        let named = |group: &Group| {
            let number = group.series.number.map_or(String::new(), |n| format!("series {n}, "));
            format!("{number}{}, {} images", group.series.modality, group.places.len())
        };
        let others =
            all.iter().enumerate().filter(|(n, _)| *n != chosen).map(|(_, group)| named(group));
        let others: Vec<String> = others.take(8).collect();
        warnings.push(Warning(format!(
            "of {} sets of images here the one with {} was opened ({}); open a file of another to see that: {}",
            all.len(),
            all[chosen].places.len(),
            named(&all[chosen]),
            others.join("; ")
        )));
    }
    if found.doubles > 0 {
        warnings
            .push(Warning(format!("{} images are there twice and were taken once", found.doubles)));
    }
    if let Some(why) = &found.first_fault {
        warnings.push(Warning(format!(
            "{} files could not be read and are left out ({why})",
            found.damaged
        )));
    }
    warnings
}

/// Images that are to become a volume, in order.
struct Group3d<'a> {
    instances: &'a [Instance],
    places: &'a [Place],
    stack: Stack,
    grid: Grid,
    path: &'a Path,
    placeless: bool,
}

impl<'a> Group3d<'a> {
    fn new(group: &'a Group, instances: &'a [Instance], path: &'a Path) -> Result<Self, IoError> {
        let no = |NoStack(what)| IoError::NoStack { what, path: path.to_owned() };
        let places = &group.places;
        let frames: Vec<_> =
            places.iter().map(|p| &instances[p.instance].frames[p.frame]).collect();
        let (first, shape) = (frames[0], &instances[places[0].instance].shape);
        let spacing = first.spacing.unwrap_or([1.0; 2]);
        let placed = first.position.zip(first.axes);
        let axes = placed.map_or([DVec3::X, DVec3::Y], |(_, axes)| axes);
        let normal = axes[0].cross(axes[1]).normalize_or_zero();
        if placed.is_none() && places.iter().any(|place| place.instance != places[0].instance) {
            return Err(no(NoStack("they do not say where they lie".into())));
        }
        let planes: Vec<Plane> = frames
            .iter()
            .map(|frame| Plane {
                position: frame.position.filter(|_| placed.is_some()).unwrap_or_default(),
                moment: frame.moment.clone(),
            })
            .collect();
        let pixel = spacing[0].min(spacing[1]);
        let mut stack = stack(&planes, normal, pixel, first.thickness).map_err(no)?;
        if first.spacing.is_none() {
            stack.warnings.push(Warning(
                "the file does not say how large its pixels are; 1 mm is used: measure nothing"
                    .into(),
            ));
        }
        let placeless = placed.is_none();
        if placeless {
            stack.warnings.push(Warning(SAYS_NOTHING.into()));
        }
        if shape.photometric == (Photometric::Monochrome { inverted: true }) {
            stack.warnings.push(Warning(
                "low values are meant to be bright in this scan (MONOCHROME1)".into(),
            ));
        }
        if let Photometric::Other(name) = &shape.photometric {
            stack
                .warnings
                .push(Warning(format!("its colours ({name}) are shown as their numbers")));
        }
        let dims = [shape.columns, shape.rows];
        let grid = grid(&stack, dims, axes, spacing)
            .ok_or_else(|| no(NoStack("their places make no grid".into())))?;
        Ok(Self { instances, places, stack, grid, path, placeless })
    }

    fn read(
        &self,
        name: &str,
        warnings: Vec<Warning>,
        limits: Limits,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<Volume, IoError> {
        let first = self.places[0];
        let instance = &self.instances[first.instance];
        let scales = self.places.iter().map(|p| self.instances[p.instance].frames[p.frame].scale);
        let one = one_scale(scales);
        let target = Target::of(&instance.shape, one);
        let count = self.grid.count() as u64 * self.stack.time_points as u64;
        // Files of several images are in memory as they are, beside the voxels.
        let files: BTreeSet<usize> = self.places.iter().map(|place| place.instance).collect();
        let files = files.into_iter().map(|n| &self.instances[n]);
        let beside: u64 = files.filter(|file| file.frames.len() > 1).map(|file| file.length).sum();
        let needed = count * target.size() as u64 + beside;
        if needed > limits.memory {
            return Err(IoError::too_large(needed, limits.memory, self.path));
        }
        self.check_claim()?;
        let slices: Vec<_> = self.stack.slices.iter().map(|n| n.map(|n| self.places[n])).collect();
        let voxels = pixels::read(self.instances, &slices, target, cancel, progress)?;
        let scale = if one && instance.shape.samples == 1 {
            instance.frames[first.frame].scale
        } else {
            Scale::NONE
        };
        let mut dims = self.grid.dims().to_vec();
        if self.stack.time_points > 1 {
            dims.push(self.stack.time_points);
        }
        let series = &instance.series;
        let known = [
            ("StudyInstanceUID", Some(&series.study)),
            ("SeriesInstanceUID", Some(&series.uid)),
            ("FrameOfReferenceUID", series.frame_of_reference.as_ref()),
        ];
        let known =
            known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.clone())));
        let provenance = Provenance {
            format: NAME,
            geometry: None,
            identifiers: known.filter(|(_, value)| !value.is_empty()).collect(),
        };
        debug_assert!(!self.placeless || self.grid.dims()[2] == 1);
        let volume =
            Volume::new(name, self.grid.clone(), dims, voxels, scale, provenance, warnings);
        let files: BTreeSet<usize> = self.places.iter().map(|place| place.instance).collect();
        let files = files.into_iter().map(|n| self.instances[n].path.clone());
        Ok(volume.converted_from(conversion(&instance.shape)).read_from(files))
    }

    /// Whether files of pixels that are not compressed can hold what their headers claim.
    fn check_claim(&self) -> Result<(), IoError> {
        let files: BTreeSet<usize> = self.places.iter().map(|place| place.instance).collect();
        for instance in files.into_iter().map(|n| &self.instances[n]) {
            if super::codec::is_compressed(&instance.syntax) {
                continue;
            }
            let needed = (instance.shape.plain_bytes() * instance.frames.len()) as u64;
            let (path, found) = (&instance.path, instance.length);
            if found < needed {
                let what =
                    format!("its header claims {}, the file has {}", bytes(needed), bytes(found));
                return Err(IoError::Truncated { what, path: path.clone() });
            }
        }
        Ok(())
    }
}
