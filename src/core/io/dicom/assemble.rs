//! Images of one series as a volume: where they lie, what is told of it, and their pixels.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::super::error::IoError;
use super::super::gathered::{cut, said_of_part, told};
use super::super::limits::Limits;
use super::super::lps::{BY_DEFAULT, SAYS_NOTHING};
use super::super::open_options::SliceSpacing;
use super::super::volume_part::{Bounds, VolumePart};
use super::NAME;
use super::attributes::Attributes;
use super::blend::{between, blended_slices};
use super::codec::is_compressed;
use super::instance::{Frame, Instance, Photometric, Shape};
use super::opened::data_set;
use super::pixels::{self, Place, Target, Wanted, conversion, one_scale};
use super::scan::Group;
use super::stack::{Blend, NoStack, Plane, Stack, grid, stack, stack_evenly};
use super::suv::factors;
use crate::geom::{DVec3, Grid};
use crate::text::bytes;
use crate::volume::{
    Padding, Placement, Provenance, Scale, SourceFile, SourceImages, SuvFactors, Volume, Warning,
};
use crate::work::{CancelToken, Progress};

/// Images that are to become a volume, in order.
pub(super) struct Assembly<'a> {
    instances: &'a [Instance],
    places: &'a [Place],
    /// Which part of its series it is, from 1, if that has several.
    part: Option<usize>,
    pub stack: Stack,
    grid: Grid,
    path: &'a Path,
    placeless: bool,
}

impl<'a> Assembly<'a> {
    /// Where the images of a group lie. `path`: where all are, for messages.
    pub fn new(
        group: &'a Group,
        instances: &'a [Instance],
        path: &'a Path,
        spacing_of_slices: SliceSpacing,
    ) -> Result<Self, IoError> {
        let no = |why| match why {
            NoStack::No(what) => IoError::NoStack { what, path: path.to_owned() },
            NoStack::Uneven(what) => IoError::Uneven { what, path: path.to_owned() },
        };
        let places = &group.places;
        let frames: Vec<_> =
            places.iter().map(|p| &instances[p.instance].frames[p.frame]).collect();
        let (first, shape) = (frames[0], &instances[places[0].instance].shape);
        let spacing = first.spacing.unwrap_or([1.0; 2]);
        let placed = first.position.zip(first.axes);
        let axes = placed.map_or([DVec3::X, DVec3::Y], |(_, axes)| axes);
        let normal = axes[0].cross(axes[1]).normalize_or_zero();
        if placed.is_none() && places.iter().any(|place| place.instance != places[0].instance) {
            return Err(no(NoStack::No("they do not say where they lie".into())));
        }
        let planes: Vec<Plane> = frames
            .iter()
            .map(|frame| Plane {
                position: frame.position.filter(|_| placed.is_some()).unwrap_or_default(),
                moment: frame.moment.clone(),
            })
            .collect();
        let pixel = spacing[0].min(spacing[1]);
        let mut stack = match stack(&planes, normal, pixel, first.thickness) {
            Err(NoStack::Uneven(_)) if spacing_of_slices == SliceSpacing::Even => {
                stack_evenly(&planes, normal, pixel)
            }
            found => found,
        }
        .map_err(no)?;
        let placeless = placed.is_none();
        stack.warnings.extend(odd(first, shape, placeless));
        stack.warnings.extend(several_frames(instances, places));
        let dims = [shape.columns, shape.rows];
        let grid = grid(&stack, dims, axes, spacing)
            .ok_or_else(|| no(NoStack::No("their places make no grid".into())))?;
        let part = group.part;
        Ok(Self { instances, places, part, stack, grid, path, placeless })
    }

    /// Reads the pixels of a part of them: of slices that are not in it nothing is read, of others one at a time
    /// is in memory as a whole.
    pub fn read_part(
        mut self,
        part: &VolumePart,
        name: &str,
        warnings: Vec<Warning>,
        limits: Limits,
        (cancel, progress): (&CancelToken, &Progress),
    ) -> Result<Volume, IoError> {
        let whole = self.grid.dims();
        let no_part = |what| IoError::NoPart { what, path: self.path.to_owned() };
        let bounds = part.bounds(whole).map_err(no_part)?;
        // Of slices between others all are needed.
        if part.is_whole() || self.stack.blends.is_some() {
            let volume = self.read(None, name, warnings, limits, (cancel, progress))?;
            return if part.is_whole() { Ok(volume) } else { cut(&volume, &bounds, part) };
        }
        // Their place along the normal is that of slices that are there.
        self.grid = bounds.grid(&self.grid).map_err(no_part)?;
        let slices = self.stack.slices.iter().enumerate();
        let slices = slices.filter(|(n, _)| bounds.has_slice(n % whole[2]));
        self.stack.slices = slices.map(|(_, slice)| *slice).collect();
        if self.stack.slices.iter().all(Option::is_none) {
            return Err(no_part("all its slices are missing".to_owned()));
        }
        let warnings = warnings.into_iter().chain(told(&bounds)).collect();
        let within = Some((bounds.within_slices(), part));
        let volume = self.read(within, name, warnings, limits, (cancel, progress));
        volume.map_err(|e| e.of_dims(whole))
    }

    /// Reads their pixels, or those of a part within each.
    fn read(
        &self,
        within: Option<(Bounds, &VolumePart)>,
        name: &str,
        mut warnings: Vec<Warning>,
        limits: Limits,
        (cancel, progress): (&CancelToken, &Progress),
    ) -> Result<Volume, IoError> {
        let instance = self.first();
        let scales = self.places.iter().map(|p| self.instances[p.instance].frames[p.frame].scale);
        let one = one_scale(scales);
        let target = Target::of(&instance.shape, one);
        let needed = self.bytes_needed(target, within.is_some());
        if needed > limits.memory {
            let dims = self.grid.dims();
            return Err(IoError::too_large(needed, limits.memory, self.path).of_dims(dims));
        }
        self.check_claim()?;
        let slices: Vec<_> = self.stack.slices.iter().map(|n| n.map(|n| self.places[n])).collect();
        // A scan is scaled as a whole: a part whose slices happen to have one scale is the same voxels.
        let bounds = within.as_ref().map(|(bounds, _)| bounds);
        let wanted = Wanted { target, scaled: !one, within: bounds };
        let mut voxels = pixels::read(self.instances, &slices, wanted, cancel, progress)?;
        if let Some(blends) = &self.stack.blends {
            let area = instance.shape.rows * instance.shape.columns;
            voxels = blended_slices(&voxels, area, slices.len() / self.stack.time_points, blends);
        }
        let scale = if one && !instance.shape.has_colours() {
            instance.frames[self.places[0].frame].scale
        } else {
            Scale::NONE
        };
        let mut dims = self.grid.dims().to_vec();
        if self.stack.time_points > 1 {
            dims.push(self.stack.time_points);
        }
        let said = self.provenance(&slices);
        let said = match within {
            Some((bounds, part)) => said_of_part(&said, &bounds, part),
            None => said,
        };
        debug_assert!(!self.placeless || self.grid.dims()[2] == 1);
        let suv = self.suv().and_then(|found| {
            let told = |why| warnings.push(Warning(format!("it can't be shown as SUV: {why}")));
            found.map_err(told).ok()
        });
        let volume = Volume::new(name, self.grid.clone(), dims, voxels, scale, said, warnings);
        let files: BTreeSet<_> = self.files().iter().map(|file| file.origin.path.clone()).collect();
        let low_is_bright =
            instance.shape.photometric == Photometric::Monochrome { inverted: true };
        let volume = volume.converted_from(conversion(&instance.shape)).with_suv(suv);
        let volume =
            volume.with_padding(self.padding(&slices, target, one)).with_low_bright(low_is_bright);
        Ok(volume.read_from(files))
    }

    /// Which numbers of the voxels are padding: of each slice what its own file says, by its own scale. `one`: all have
    /// one scale, and voxels are as stored.
    fn padding(&self, slices: &[Option<Place>], target: Target, one: bool) -> Padding {
        let range = |place: &Place| {
            let Instance { padding, frames, .. } = &self.instances[place.instance];
            let Scale { slope, inter } = frames[place.frame].scale;
            let kept = |stored: f64| if one { stored } else { stored * slope + inter };
            Some((*padding)?.map(|stored| target.rounded(kept(stored))))
        };
        let of_slices: Vec<Option<[f64; 2]>> =
            slices.iter().map(|place| place.as_ref().and_then(range)).collect();
        let Some(blends) = &self.stack.blends else {
            // What fills the place of a missing slice may be the padding of any.
            let all: Vec<[f64; 2]> = of_slices.iter().flatten().copied().collect();
            let here = |(place, range): (&Option<Place>, Option<[f64; 2]>)| match place {
                Some(_) => range.into_iter().collect(),
                None => all.clone(),
            };
            return Padding::of_slices(2, slices.iter().zip(of_slices).map(here));
        };
        let of_times = of_slices.chunks(slices.len() / self.stack.time_points);
        let each = of_times.flat_map(|of_time| {
            blends.iter().map(move |blend| padding_between(of_time, blend, target).into_iter())
        });
        Padding::of_slices(2, each)
    }

    /// The file of the first image.
    fn first(&self) -> &'a Instance {
        &self.instances[self.places[0].instance]
    }

    /// The files of all images.
    fn files(&self) -> Vec<&'a Instance> {
        let files: BTreeSet<usize> = self.places.iter().map(|place| place.instance).collect();
        files.into_iter().map(|n| &self.instances[n]).collect()
    }

    /// Bytes that reading takes at most. `in_part`: a part of each slice is kept.
    fn bytes_needed(&self, target: Target, in_part: bool) -> u64 {
        let files = self.files();
        let count = self.grid.count() as u64 * self.stack.time_points as u64;
        // Files of several images are in memory as they are, beside the voxels.
        let many = files.iter().filter(|file| file.frames.len() > 1);
        let many = many.map(|file| file.length).sum::<u64>();
        // What is packed in an archive is unpacked by each thread, as are images that are compressed.
        let unpacked = files.iter().filter(|file| file.origin.member.is_some());
        let unpacked = unpacked.map(|file| file.length).max().unwrap_or(0);
        let shape = &self.first().shape;
        let area = shape.rows as u64 * shape.columns as u64;
        let is_compressed = files.iter().any(|file| is_compressed(&file.syntax));
        // Colours are decoded as numbers of 16 bits, before their luminance is taken.
        let times = if shape.samples > 1 { 3 } else { 1 };
        let decoded = if is_compressed { times * shape.frame_bytes() as u64 } else { 0 };
        let slice = if in_part { area * target.size() as u64 } else { 0 };
        let threads = rayon::current_num_threads().min(self.stack.slices.len()) as u64;
        let blended = match self.stack.blends {
            Some(_) => self.stack.slices.len() as u64 * area * target.size() as u64,
            None => 0,
        };
        count * target.size() as u64 + many + (unpacked + decoded + slice) * threads + blended
    }

    /// What is told of where they are from.
    fn provenance(&self, slices: &[Option<Place>]) -> Provenance {
        let series = &self.first().series;
        let part = self.part.map(|n| n.to_string());
        let resampled = self.stack.blends.is_some().then(|| "slices, linearly".to_owned());
        let known = [
            ("StudyInstanceUID", Some(&series.study)),
            (Provenance::SERIES, Some(&series.uid)),
            (Provenance::PART, part.as_ref()),
            (Provenance::RESAMPLED, resampled.as_ref()),
            ("FrameOfReferenceUID", series.frame_of_reference.as_ref()),
        ];
        let known =
            known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.clone())));
        Provenance {
            format: NAME,
            geometry: None,
            placement: if self.placeless {
                Placement::guessed(BY_DEFAULT)
            } else {
                Placement::by("Image Position and Image Orientation (Patient)")
            },
            identifiers: known.filter(|(_, value)| !value.is_empty()).collect(),
            modality: series.modality.clone(),
            among: String::new(),
            images: Some(Arc::new(self.source_images(slices))),
        }
    }

    /// The files that slices are of, for what is derived from them. Slices that were resampled are of none.
    fn source_images(&self, slices: &[Option<Place>]) -> SourceImages {
        let used: BTreeSet<usize> = slices.iter().flatten().map(|place| place.instance).collect();
        let used: Vec<usize> = used.into_iter().collect();
        let file = |n: &usize| {
            let Instance { origin, class, uid, frames, .. } = &self.instances[*n];
            SourceFile {
                path: origin.path.clone(),
                archive: origin.member.as_ref().map(|member| member.archive.clone()),
                class: class.clone(),
                instance: uid.clone(),
                is_multi_frame: frames.len() > 1,
            }
        };
        let place = |place: &Place| {
            let number = self.instances[place.instance].frames[place.frame].number;
            (used.partition_point(|n| *n < place.instance), number)
        };
        let slices = if self.stack.blends.is_some() {
            vec![None; self.grid.dims()[2] * self.stack.time_points]
        } else {
            slices.iter().map(|slice| slice.as_ref().map(place)).collect()
        };
        let files = used.iter().map(file).collect();
        SourceImages { files, slices, within: None, without_patient: false }
    }

    /// How a PET becomes SUV, by what its first file says; why not.
    fn suv(&self) -> Option<Result<SuvFactors, String>> {
        let instance = self.first();
        if !instance.series.modality.eq_ignore_ascii_case("PT") {
            return None;
        }
        let frames = self.places.iter().map(|p| &self.instances[p.instance].frames[p.frame]);
        let first = frames.filter_map(|frame| frame.moment.time.as_deref()).min();
        let mut opened = instance.origin.open().ok()?;
        let data = data_set(&mut opened, &instance.origin.path).ok()?;
        factors(Attributes(&data), first)
    }

    /// Whether files of pixels that are not compressed can hold what their headers claim.
    fn check_claim(&self) -> Result<(), IoError> {
        for instance in self.files() {
            if is_compressed(&instance.syntax) {
                continue;
            }
            let needed = instance.shape.bytes_of(instance.frames.len() as u64);
            let (path, found) = (&instance.origin.path, instance.length);
            if found < needed {
                let what =
                    format!("its header claims {}, the file has {}", bytes(needed), bytes(found));
                return Err(IoError::Truncated { what, path: path.clone() });
            }
        }
        Ok(())
    }
}

/// What is padding in a slice between others: what is made of the padding of both.
fn padding_between(slices: &[Option<[f64; 2]>], blend: &Blend, target: Target) -> Option<[f64; 2]> {
    let at = |n: usize| slices.get(n).copied().flatten().map(|[a, b]| [a.min(b), a.max(b)]);
    if blend.share <= 0.0 {
        return at(blend.before);
    }
    if blend.share >= 1.0 {
        return at(blend.before + 1);
    }
    let (before, after) = (at(blend.before)?, at(blend.before + 1)?);
    Some([0, 1].map(|end| target.rounded(between(before[end], after[end], blend.share))))
}

/// What is told of a projection that was not calibrated.
const ON_DETECTOR: &str = "its pixels are as large as on the detector (Imager Pixel Spacing), not in the patient: lengths come out too long";

/// What is told of a scan in MONOCHROME1.
const LOW_IS_BRIGHT: &str =
    "low values are bright in this scan (MONOCHROME1): it is shown inverted";

/// What is told of images whose positions are of several systems, as far as they say.
fn several_frames(instances: &[Instance], places: &[Place]) -> Option<Warning> {
    let frame = |place: &Place| instances[place.instance].series.frame_of_reference.as_deref();
    let n = places.iter().filter_map(frame).collect::<BTreeSet<_>>().len();
    (n > 1).then(|| {
        Warning(format!(
            "its images lie in {n} frames of reference; they are put together by their positions alone"
        ))
    })
}

/// What is told of images that do not say all that they should, or mean it in another way.
fn odd(first: &Frame, shape: &Shape, placeless: bool) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if first.spacing.is_none() {
        warnings.push(Warning(
            "the file does not say how large its pixels are; 1 mm is used: measure nothing".into(),
        ));
    }
    if first.on_detector {
        warnings.push(Warning(ON_DETECTOR.into()));
    }
    if placeless {
        warnings.push(Warning(SAYS_NOTHING.into()));
    }
    match &shape.photometric {
        Photometric::Monochrome { inverted: true } => warnings.push(Warning(LOW_IS_BRIGHT.into())),
        Photometric::Other(name) => {
            warnings.push(Warning(format!("its colours ({name}) are shown as their numbers")));
        }
        _ => {}
    }
    warnings
}
