//! The scans of a place, for the user to choose from.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use super::super::contents::{GreyPicture, SeriesList, SeriesRemark, SeriesRow};
use super::super::error::IoError;
use super::super::limits::Limits;
use super::super::note::{LabelNote, note};
use super::super::open_options::OpenOptions;
use super::assemble::Assembly;
use super::class::{STRUCTURE_SET, is_segmentation};
use super::directory::INDEX;
use super::instance::Instance;
use super::picture::picture;
use super::pixels::Place;
use super::scan::{Group, Scan, first_frame, groups, is_localizer, likely};
use crate::volume::{Volume, Warning};
use crate::work::{CancelToken, Progress};

/// See [`SeriesList`].
pub(super) struct DicomList {
    place: PathBuf,
    /// What a scan of it is called.
    name: String,
    found: Scan,
    /// In the order of `rows`.
    groups: Vec<Group>,
    rows: Vec<SeriesRow>,
    likely: usize,
    notes: Vec<LabelNote>,
}

impl DicomList {
    /// Sorts what was found at a place; an error if there is no image.
    pub fn new(mut found: Scan, place: &Path, name: String) -> Result<Self, IoError> {
        let mut groups = groups(&found.instances);
        if groups.is_empty() {
            let why = found.first_fault.take();
            return Err(why.unwrap_or_else(|| no_images(&found, place)));
        }
        in_order(&mut groups, &found.instances);
        let likely = likely(&groups, &found.instances).unwrap_or(0);
        let rows = rows(&groups, &found);
        let notes = notes(&found);
        Ok(Self { place: place.to_owned(), name, found, groups, rows, likely, notes })
    }

    /// The image that stands for its series, by its UID.
    pub fn asked(&self) -> Option<&str> {
        self.found.asked.as_deref()
    }

    /// All files.
    pub fn instances(&self) -> &[Instance] {
        &self.found.instances
    }

    /// The images of a row.
    pub fn places(&self, row: usize) -> &[Place] {
        &self.groups[row].places
    }

    /// Opens one of them, and says what else there is.
    pub fn open_telling(
        &self,
        row: usize,
        options: &OpenOptions,
        limits: Limits,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<Volume, IoError> {
        self.read(row, self.others(row), options, limits, cancel, progress)
    }

    fn read(
        &self,
        row: usize,
        others: Option<Warning>,
        options: &OpenOptions,
        limits: Limits,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<Volume, IoError> {
        let mut warnings: Vec<Warning> = others.into_iter().collect();
        warnings.extend(self.told(row));
        let group = &self.groups[row];
        let volume = Assembly::new(group, &self.found.instances, &self.place, options.slices)?;
        warnings.extend(volume.stack.warnings.iter().cloned());
        let title = self.rows[row].title();
        let is_one_of_several = self.rows.len() > 1 && self.asked().is_none();
        let name =
            if is_one_of_several { format!("{} ({title})", self.name) } else { self.name.clone() };
        let told = (cancel, progress);
        let volume = volume.read_part(&options.part, &name, warnings, limits, told)?;
        let volume = volume.called_on_screen(on_screen(&self.rows[row], &self.name));
        Ok(if is_one_of_several { volume.told_apart_by(self.among(row)) } else { volume })
    }

    /// By which a scan is told from the others of its place in names of files: by more than its title where another has
    /// the same, such as the one of an earlier study.
    fn among(&self, row: usize) -> String {
        let (title, key) = (self.rows[row].title(), &self.rows[row].key);
        if self.rows.iter().filter(|other| other.title() == title).count() < 2 {
            return title;
        }
        let uid = key.split('#').next().unwrap_or_default();
        let end = uid.char_indices().rev().nth(5).map_or(0, |(at, _)| at);
        format!("{title}-{}", &uid[end..])
    }

    /// That there are others than the one that is opened unasked.
    fn others(&self, chosen: usize) -> Option<Warning> {
        if self.groups.len() < 2 {
            return None;
        }
        let named = |group: &Group| {
            let number = group.series.number.map_or(String::new(), |n| format!("series {n}, "));
            format!("{number}{}, {} images", group.series.modality, group.places.len())
        };
        let all = &self.groups;
        let others = all.iter().enumerate().filter(|(n, _)| *n != chosen);
        let others: Vec<String> = others.map(|(_, group)| named(group)).take(8).collect();
        Some(Warning(format!(
            "of {} sets of images here the one with {} was opened ({}); open a file of another to see that: {}",
            all.len(),
            all[chosen].places.len(),
            named(&all[chosen]),
            others.join("; ")
        )))
    }

    /// What is told of the images of a row, and of what was left out.
    fn told(&self, row: usize) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let found = &self.found;
        if let Some(doubles) = found.doubles.get(&self.groups[row].series.uid) {
            warnings.push(Warning(format!("{doubles} images are there twice and were taken once")));
        }
        if let Some(why) = &found.first_fault {
            let left_out =
                format!("{} files could not be read and are left out ({why})", found.damaged);
            warnings.push(Warning(left_out));
        }
        let notes = self.notes.iter().filter(|note| note.text != UNREADABLE);
        warnings.extend(notes.map(|note| Warning(note.to_string())));
        warnings
    }
}

impl SeriesList for DicomList {
    fn place(&self) -> &Path {
        &self.place
    }

    fn rows(&self) -> &[SeriesRow] {
        &self.rows
    }

    fn likely(&self) -> usize {
        self.likely
    }

    fn notes(&self) -> &[LabelNote] {
        &self.notes
    }

    fn open_as(
        &self,
        row: usize,
        options: &OpenOptions,
        limits: &Limits,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<Volume, IoError> {
        self.read(row, None, options, *limits, cancel, progress)
    }

    fn open_likely(
        &self,
        options: &OpenOptions,
        limits: &Limits,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<Volume, IoError> {
        self.open_telling(self.likely, options, *limits, cancel, progress)
    }

    fn picture(&self, row: usize, side: usize, cancel: &CancelToken) -> Option<GreyPicture> {
        picture(self.places(row), &self.found.instances, side, cancel)
    }
}

/// `CT 3 2019-05-12 · folder`; of a series without a number its description stands for that. What tells scans apart comes
/// first: names are cut where there is little room.
fn on_screen(row: &SeriesRow, place: &str) -> String {
    /// Letters of a description.
    const LONGEST: usize = 20;
    let description: String = row.description.chars().take(LONGEST).collect();
    let description = description.trim().to_owned();
    let title = row.title();
    let told = if row.number.is_some() { String::new() } else { description };
    let said = [title, told, row.date.clone().unwrap_or_default()];
    let said = said.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    if said.is_empty() { place.to_owned() } else { format!("{said} · {place}") }
}

/// By patient, study (the oldest first), number and part; what says nothing of these in the order of its UIDs.
fn in_order(groups: &mut [Group], instances: &[Instance]) {
    let heading = |group: &Group| &instances[group.places[0].instance].heading;
    let mut begun: BTreeMap<String, Option<String>> = BTreeMap::new();
    for group in groups.iter() {
        let date = heading(group).date.clone();
        let known = begun.entry(group.series.study.clone()).or_insert_with(|| date.clone());
        if date < *known {
            *known = date;
        }
    }
    groups.sort_by_cached_key(|group| {
        let series = &group.series;
        let study = (begun.get(&series.study).cloned().flatten(), series.study.clone());
        let within = (series.number, series.uid.clone(), group.part);
        (heading(group).patient.clone(), study, within)
    });
}

fn rows(groups: &[Group], found: &Scan) -> Vec<SeriesRow> {
    let (mut patients, mut studies) = (BTreeMap::new(), BTreeMap::new());
    let mut parts: HashMap<&str, usize> = HashMap::new();
    for group in groups {
        *parts.entry(&group.series.uid).or_default() += 1;
    }
    groups
        .iter()
        .map(|group| {
            let instance = &found.instances[group.places[0].instance];
            let heading = &instance.heading;
            let patient_number = number_of(&mut patients, &heading.patient);
            let study_number = number_of(&mut studies, &group.series.study);
            let remarks = remarks(group, parts[&*group.series.uid], found);
            let odd =
                |r: &SeriesRemark| matches!(r, SeriesRemark::Localizer | SeriesRemark::Placeless);
            SeriesRow {
                key: key(group),
                patient: heading.patient.clone(),
                patient_number,
                study: heading.study.clone(),
                study_number,
                date: heading.date.clone(),
                number: group.series.number,
                description: heading.series.clone(),
                modality: group.series.modality.clone(),
                images: group.places.len(),
                size: [instance.shape.columns, instance.shape.rows],
                is_scan: group.places.len() > 1 && !remarks.iter().any(odd),
                remarks,
            }
        })
        .collect()
}

fn key(group: &Group) -> String {
    match group.part {
        Some(n) if n > 1 => format!("{}#{n}", group.series.uid),
        _ => group.series.uid.clone(),
    }
}

/// Which one of those seen so far something is, from 1.
fn number_of<'a, T: Ord>(seen: &mut BTreeMap<&'a T, usize>, new: &'a T) -> usize {
    let next = seen.len() + 1;
    *seen.entry(new).or_insert(next)
}

/// `of`: how many parts its series has.
fn remarks(group: &Group, of: usize, found: &Scan) -> Vec<SeriesRemark> {
    let mut remarks = Vec::new();
    if is_localizer(group, &found.instances) {
        remarks.push(SeriesRemark::Localizer);
    }
    if first_frame(group, &found.instances).position.is_none() {
        remarks.push(SeriesRemark::Placeless);
    }
    if let Some(number) = group.part {
        remarks.push(SeriesRemark::Part { number, of });
    }
    if let Some(&doubles) = found.doubles.get(&group.series.uid) {
        remarks.push(SeriesRemark::Doubles(doubles));
    }
    remarks
}

const UNREADABLE: &str = "{n} files could not be read";

fn notes(found: &Scan) -> Vec<LabelNote> {
    let mut notes = Vec::new();
    if found.damaged > 0 {
        notes.push(note("{n} files could not be read", &[("n", found.damaged.to_string())]));
    }
    if found.encrypted > 0 {
        let n = found.encrypted.to_string();
        notes.push(note("{n} files of the archive are encrypted and left out", &[("n", n)]));
    }
    if let Some(first) = found.missing.first() {
        let values = [("n", found.missing.len().to_string()), ("name", first.clone())];
        notes.push(note("{n} files that the index names are missing (the first: {name})", &values));
    }
    notes
}

fn no_images(found: &Scan, path: &Path) -> IoError {
    let mut names: Vec<String> = found.others.iter().map(|class| named(class).to_owned()).collect();
    names.extend(notes(found).iter().map(ToString::to_string));
    let names: BTreeSet<String> = names.into_iter().collect();
    let names: Vec<String> = names.into_iter().collect();
    let what = if names.is_empty() { "there are none".to_owned() } else { names.join(", ") };
    IoError::NoStack { what, path: path.to_owned() }
}

/// What files of a SOP class without images are.
fn named(class: &str) -> &'static str {
    match class {
        INDEX => "a DICOMDIR, an index",
        c if is_segmentation(c) => "a DICOM segmentation: open it by its file",
        STRUCTURE_SET => "an RT Structure Set: contours, no image",
        "1.2.840.10008.5.1.4.1.1.481.5" => "an RT Plan, no image",
        c if c.starts_with("1.2.840.10008.5.1.4.1.1.88") => "a report, no image",
        c if c.starts_with("1.2.840.10008.5.1.4.1.1.11") => "a presentation state, no image",
        c if c.starts_with("1.2.840.10008.5.1.4.1.1.9") => "a curve, no image",
        c if c.starts_with("1.2.840.10008.5.1.4.1.1.104") => "a document, no image",
        _ => "DICOM data without images",
    }
}
