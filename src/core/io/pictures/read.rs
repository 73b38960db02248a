use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::super::error::IoError;
use super::super::format::{Beginning, FormatInfo, Reader, Slice, Sniff, Source};
use super::super::gathered::{Gathered, part_grid, said_of_part, told};
use super::super::limits::Limits;
use super::super::lps::{BY_DEFAULT, SAYS_NOTHING};
use super::super::open_options::OpenOptions;
use super::super::pending::check_limits;
use super::NAME;
use super::folder::{first_gap, in_order, none, slices};
use super::page::{Pages, PictureKind, Shape, read_png, shapes};
use crate::geom::{Axis, DAffine3, DMat3, DVec3, Direction, Grid, Orientation};
use crate::volume::{Conversion, Placement, Provenance, Scale, Volume, Voxels, Warning};
use crate::work::{CancelToken, Progress};

/// Reads pictures as the slices of a scan.
pub(super) struct PictureReader;

impl Reader for PictureReader {
    fn info(&self) -> FormatInfo {
        FormatInfo { name: NAME, endings: &[], other_endings: &[".png", ".tif", ".tiff"] }
    }

    fn sniff(&self, seen: &Beginning) -> Sniff {
        let yes = match seen.source {
            Source::Folder(folder) => slices(folder).is_some(),
            Source::File(_) | Source::Series(_) => PictureKind::of(seen.bytes).is_some(),
            Source::Chosen { .. } => false,
        };
        if yes { Sniff::Yes } else { Sniff::No }
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
        let stack = Stack::of(source, cancel)?;
        let Some(spacing) = options.place.spacing else {
            return Err(IoError::NoSpacing(source.path().to_owned()));
        };
        stack.read((source, spacing), options, *limits, (cancel, progress))
    }
}

/// Pictures that are alike, in order.
struct Stack {
    files: Vec<PathBuf>,
    shape: Shape,
    depth: usize,
}

impl Stack {
    fn of(source: &Source, cancel: &CancelToken) -> Result<Self, IoError> {
        let path = source.path();
        let files = match source {
            Source::Folder(folder) => slices(folder).ok_or_else(|| none(folder))?,
            Source::Series(files) => {
                let mut files = files.clone();
                in_order(&mut files);
                files
            }
            Source::File(_) | Source::Chosen { .. } => vec![source.one_file()?.to_owned()],
        };
        let look = |file: &PathBuf| {
            cancel.check()?;
            shapes(file)
        };
        let found: Vec<Vec<Shape>> = files.par_iter().map(look).collect::<Result<_, _>>()?;
        let no = |what: String, path: &Path| IoError::NoStack { what, path: path.to_owned() };
        let shape = found[0][0];
        for (file, pages) in files.iter().zip(&found) {
            if files.len() > 1 && pages.len() > 1 {
                let what = "one of several files has several pages".to_owned();
                return Err(no(what, file));
            }
            if let Some(other) = pages.iter().find(|page| **page != shape) {
                return Err(no(differ(&shape, other), file));
            }
        }
        let depth = found.iter().map(Vec::len).sum();
        if depth < 2 {
            let what =
                "it is one picture; open the folder with all slices, or a TIFF of several pages";
            return Err(no(what.to_owned(), path));
        }
        Ok(Self { files, shape, depth })
    }

    fn read(
        &self,
        (source, spacing): (&Source, [f64; 3]),
        options: &OpenOptions,
        limits: Limits,
        (cancel, progress): (&CancelToken, &Progress),
    ) -> Result<Volume, IoError> {
        let path = source.path();
        let no_part = |what| IoError::NoPart { what, path: path.to_owned() };
        let whole = self.grid(spacing, options.place.orientation, path)?;
        let part = &options.part;
        let bounds = part.bounds(whole.dims()).map_err(no_part)?;
        let slice = (self.shape.columns * self.shape.rows * self.shape.data_type.size()) as u64;
        let kept = bounds.dims.iter().product::<usize>() * self.shape.data_type.size();
        // Each thread has a picture as its file has it, of up to four colours.
        let beside = slice * 5 * rayon::current_num_threads() as u64;
        check_limits(kept as u64 + beside, limits, path).map_err(|e| e.of_dims(whole.dims()))?;
        let mut gathered = Gathered::new(bounds, 1);
        let mut take = |z: usize, voxels: &Voxels| {
            let (range, scale) = (0..voxels.len(), Scale::NONE);
            gathered.take(&Slice { grid: &whole, z, voxels, range, scale }, path)
        };
        let wanted: Vec<usize> = bounds.along(2).collect();
        progress.set_total(wanted.len() as u64);
        progress.set_done(0);
        if let [only] = &self.files[..] {
            self.pages(only, &wanted, (cancel, progress), &mut take)?;
        } else {
            let done = AtomicU64::new(0);
            let read = |z: &usize| {
                cancel.check()?;
                let voxels = self.picture(&self.files[*z])?;
                progress.set_done(done.fetch_add(1, Ordering::Relaxed) + 1);
                Ok::<_, IoError>(voxels)
            };
            // As many at once as there are threads, so that not all are in memory twice.
            for some in wanted.chunks(4 * rayon::current_num_threads().max(1)) {
                let voxels: Vec<Voxels> = some.par_iter().map(read).collect::<Result<_, _>>()?;
                for (z, voxels) in some.iter().zip(&voxels) {
                    take(*z, voxels)?;
                }
            }
        }
        let missing = || no_part("slices are missing".to_owned());
        let (voxels, scale) = gathered.finish().ok_or_else(missing)?;
        let grid = part_grid(&bounds, &whole, path)?;
        let said = said_of_part(&said(options), &bounds, part);
        let mut warnings = self.warnings(options);
        warnings.extend(told(&bounds));
        let dims = grid.dims().to_vec();
        let volume = Volume::new(source.name(), grid, dims, voxels, scale, said, warnings);
        let colours = self.shape.colours.then_some(Conversion::Colours);
        Ok(volume.converted_from(colours).read_from(self.files.clone()))
    }

    fn picture(&self, file: &Path) -> Result<Voxels, IoError> {
        let voxels = match PictureKind::at(file)? {
            PictureKind::Png => read_png(file, &self.shape)?,
            PictureKind::Tiff => Pages::open(file)?.read(&self.shape)?,
        };
        if voxels.len() == self.shape.columns * self.shape.rows {
            return Ok(voxels);
        }
        let what = "it was changed while it was read".into();
        Err(IoError::Damaged { what, path: file.to_owned() })
    }

    /// The wanted pages of one file, in order.
    fn pages(
        &self,
        file: &Path,
        wanted: &[usize],
        (cancel, progress): (&CancelToken, &Progress),
        take: &mut dyn FnMut(usize, &Voxels) -> Result<(), IoError>,
    ) -> Result<(), IoError> {
        let mut pages = Pages::open(file)?;
        let mut at = 0;
        for (n, &z) in wanted.iter().enumerate() {
            cancel.check()?;
            while at < z && pages.next()? {
                at += 1;
            }
            take(z, &pages.read(&self.shape)?)?;
            progress.set_done(n as u64 + 1);
        }
        Ok(())
    }

    /// Columns are x, rows y, slices z; the middle of the scan lies at 0, 0, 0.
    fn grid(
        &self,
        spacing: [f64; 3],
        orientation: Option<Orientation>,
        path: &Path,
    ) -> Result<Grid, IoError> {
        let orientation = orientation.unwrap_or(OF_PICTURES);
        let dims = [self.shape.columns, self.shape.rows, self.depth];
        let columns = [0, 1, 2].map(|a| orientation.0[a].unit() * spacing[a]);
        let matrix3 = DMat3::from_cols(columns[0], columns[1], columns[2]);
        let middle = DVec3::from_array(dims.map(|n| (n as f64 - 1.0) / 2.0));
        let affine = DAffine3 { matrix3, translation: -(matrix3 * middle) };
        Grid::new(dims, affine).map_err(|e| IoError::header(e.to_string(), path))
    }

    fn warnings(&self, options: &OpenOptions) -> Vec<Warning> {
        let mut said =
            vec![Warning("the voxel spacing was typed; the pictures do not say it".into())];
        if options.place.orientation.is_none() {
            said.push(Warning(SAYS_NOTHING.into()));
        }
        if self.shape.colours {
            said.push(Warning("colour voxels are shown as luminance".into()));
        }
        if self.shape.palette {
            let text = "the numbers of its colour table are shown, not their colours";
            said.push(Warning(text.into()));
        }
        if let Some((before, after)) = first_gap(&self.files) {
            said.push(Warning(format!(
                "the numbers of the pictures leave something out, first between {before} and {after}: slices may be missing, and lie side by side here"
            )));
        }
        said
    }
}

/// What is said of pictures of which it was typed how they lie.
fn said(options: &OpenOptions) -> Provenance {
    let typed = options.place.orientation.map(|o| o.letters());
    let placement = match typed {
        Some(letters) => Placement::by(format!("what was typed ({letters})")),
        None => Placement::guessed(BY_DEFAULT),
    };
    let identifiers = options.place.identifiers();
    Provenance { format: NAME, placement, identifiers, ..Provenance::default() }
}

/// As ITK takes pictures: x to the left, y to the back, z up.
pub const OF_PICTURES: Orientation = {
    const fn to(axis: Axis, positive: bool) -> Direction {
        Direction { axis, positive }
    }
    Orientation([to(Axis::X, false), to(Axis::Y, false), to(Axis::Z, true)])
};

/// How a picture differs from the first.
fn differ(first: &Shape, other: &Shape) -> String {
    let size = |shape: &Shape| format!("{} × {}", shape.columns, shape.rows);
    if size(first) != size(other) {
        return format!("a picture has {} pixels, the first has {}", size(other), size(first));
    }
    let colours = |shape: &Shape| if shape.colours { "colours" } else { "grey values" };
    format!(
        "a picture has {} of type {}, the first has {} of type {}",
        colours(other),
        other.data_type.name(),
        colours(first),
        first.data_type.name()
    )
}
