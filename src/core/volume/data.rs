use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use crate::geom::{AxisMap, Grid};

use super::{Padding, Provenance, SuvFactors, SuvKind};

/// Voxels in the type in which the file stores them, x fastest, time points one after another.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Voxels {
    U8(Vec<u8>),
    I8(Vec<i8>),
    U16(Vec<u16>),
    I16(Vec<i16>),
    U32(Vec<u32>),
    I32(Vec<i32>),
    U64(Vec<u64>),
    I64(Vec<i64>),
    F32(Vec<f32>),
    F64(Vec<f64>),
}

/// Runs `$body` with `$v` bound to the typed vector inside a [`Voxels`].
#[macro_export]
macro_rules! with_voxels {
    ($voxels:expr, $v:ident => $body:expr) => {
        // One body for all types: a cast that is needed for most is idle for one.
        #[allow(clippy::unnecessary_cast)]
        match $voxels {
            $crate::volume::Voxels::U8($v) => $body,
            $crate::volume::Voxels::I8($v) => $body,
            $crate::volume::Voxels::U16($v) => $body,
            $crate::volume::Voxels::I16($v) => $body,
            $crate::volume::Voxels::U32($v) => $body,
            $crate::volume::Voxels::I32($v) => $body,
            $crate::volume::Voxels::U64($v) => $body,
            $crate::volume::Voxels::I64($v) => $body,
            $crate::volume::Voxels::F32($v) => $body,
            $crate::volume::Voxels::F64($v) => $body,
        }
    };
}

/// The type of a stored voxel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum DataType {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F32,
    F64,
}

impl DataType {
    /// numpy's name: `int16`, `float32`, …
    pub fn name(self) -> &'static str {
        match self {
            DataType::U8 => "uint8",
            DataType::I8 => "int8",
            DataType::U16 => "uint16",
            DataType::I16 => "int16",
            DataType::U32 => "uint32",
            DataType::I32 => "int32",
            DataType::U64 => "uint64",
            DataType::I64 => "int64",
            DataType::F32 => "float32",
            DataType::F64 => "float64",
        }
    }

    /// Bytes for each voxel.
    pub fn size(self) -> usize {
        match self {
            DataType::U8 | DataType::I8 => 1,
            DataType::U16 | DataType::I16 => 2,
            DataType::U32 | DataType::I32 | DataType::F32 => 4,
            DataType::U64 | DataType::I64 | DataType::F64 => 8,
        }
    }
}

impl Voxels {
    /// Number of voxels, all time points together.
    pub fn len(&self) -> usize {
        with_voxels!(self, v => v.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The stored type.
    pub fn data_type(&self) -> DataType {
        match self {
            Voxels::U8(_) => DataType::U8,
            Voxels::I8(_) => DataType::I8,
            Voxels::U16(_) => DataType::U16,
            Voxels::I16(_) => DataType::I16,
            Voxels::U32(_) => DataType::U32,
            Voxels::I32(_) => DataType::I32,
            Voxels::U64(_) => DataType::U64,
            Voxels::I64(_) => DataType::I64,
            Voxels::F32(_) => DataType::F32,
            Voxels::F64(_) => DataType::F64,
        }
    }

    /// Every time point of `dims` voxels in another order.
    fn reordered(&self, order: AxisMap, dims: [usize; 3]) -> Self {
        fn of<T: Copy>(values: &[T], order: AxisMap, dims: [usize; 3]) -> Vec<T> {
            let time_points = values.chunks_exact(dims.iter().product());
            time_points.flat_map(|time_point| order.reordered(time_point, dims)).collect()
        }
        match self {
            Voxels::U8(v) => Voxels::U8(of(v, order, dims)),
            Voxels::I8(v) => Voxels::I8(of(v, order, dims)),
            Voxels::U16(v) => Voxels::U16(of(v, order, dims)),
            Voxels::I16(v) => Voxels::I16(of(v, order, dims)),
            Voxels::U32(v) => Voxels::U32(of(v, order, dims)),
            Voxels::I32(v) => Voxels::I32(of(v, order, dims)),
            Voxels::U64(v) => Voxels::U64(of(v, order, dims)),
            Voxels::I64(v) => Voxels::I64(of(v, order, dims)),
            Voxels::F32(v) => Voxels::F32(of(v, order, dims)),
            Voxels::F64(v) => Voxels::F64(of(v, order, dims)),
        }
    }

    /// The stored (unscaled) number at a memory position.
    pub fn raw(&self, index: usize) -> f64 {
        with_voxels!(self, v => v[index] as f64)
    }
}

/// `value = raw · slope + inter` (NIfTI `scl_slope`, `scl_inter`). Slope is never 0 nor non-finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// Factor.
    pub slope: f64,
    /// Offset.
    pub inter: f64,
}

impl Scale {
    /// Stored numbers are the values.
    pub const NONE: Scale = Scale { slope: 1.0, inter: 0.0 };

    /// The value of a stored number.
    pub fn apply(self, raw: f64) -> f64 {
        raw * self.slope + self.inter
    }
}

/// Something in a file that is unusual but could be worked with; shown to the user.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(transparent)]
pub struct Warning(pub String);

/// What voxels were before they became one number each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conversion {
    /// Red, green and blue, which became luminance.
    Colours,
    /// Complex numbers, which became magnitudes.
    Complex,
}

/// A scan: one or more time points of voxels on one grid, one of which is looked at. Immutable once read; its voxels
/// are shared between the views of its time points ([`Volume::with_time_point`]).
#[derive(Clone, Debug)]
pub struct Volume {
    name: String,
    grid: Grid,
    file_dims: Vec<usize>,
    voxels: Arc<Voxels>,
    /// Below [`Volume::time_points`].
    time_point: usize,
    scale: Scale,
    /// As its source has it, whatever unit it is shown in.
    source_scale: Scale,
    provenance: Provenance,
    warnings: Vec<Warning>,
    conversion: Option<Conversion>,
    files: Arc<[PathBuf]>,
    suv: Option<SuvFactors>,
    /// In which SUV its values are.
    suv_kind: Option<SuvKind>,
    padding: Padding,
    low_is_bright: bool,
    on_screen: OnScreen,
}

/// What a scan is called on the screen, where that is more than its name: the day of a study says something of a person.
/// `{:?}` says nothing of it.
#[derive(Clone, Default, PartialEq, Eq)]
struct OnScreen(Option<String>);

impl std::fmt::Debug for OnScreen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl Volume {
    /// `file_dims` are the dimensions as the file states them (2 to 7 of them); the product of those
    /// past the third is the number of time points.
    ///
    /// # Panics
    /// If `voxels` is not a whole number (≥ 1) of grids long: readers check the length before this.
    pub fn new(
        name: impl Into<String>,
        grid: Grid,
        file_dims: Vec<usize>,
        voxels: Voxels,
        scale: Scale,
        provenance: impl Into<Provenance>,
        warnings: Vec<Warning>,
    ) -> Self {
        assert!(
            !voxels.is_empty() && voxels.len().is_multiple_of(grid.count()),
            "voxels do not fill the grid"
        );
        let voxels = Arc::new(voxels);
        let (name, time_point) = (name.into(), 0);
        let (provenance, files) = (provenance.into(), Arc::from([]));
        let (conversion, suv, suv_kind) = (None, None, None);
        Self {
            name,
            grid,
            file_dims,
            voxels,
            time_point,
            scale,
            source_scale: scale,
            provenance,
            warnings,
            conversion,
            files,
            suv,
            suv_kind,
            padding: Padding::default(),
            low_is_bright: false,
            on_screen: OnScreen::default(),
        }
    }

    /// The same scan, of which its source says which stored numbers were never measured.
    #[must_use]
    pub fn with_padding(self, padding: Padding) -> Self {
        Self { padding, ..self }
    }

    /// Which stored numbers its source says were never measured. They are voxels as others are, but left out of
    /// [`Volume::stats`], histograms and automatic windows.
    pub fn padding(&self) -> &Padding {
        &self.padding
    }

    /// The values of [`Volume::padding`]: ranges, ends included, the lower end first.
    pub fn padding_values(&self) -> Vec<[f64; 2]> {
        let ranges = self.padding.ranges().iter();
        let values = ranges.map(|ends| ends.map(|stored| self.scale.apply(stored)));
        values.map(|[a, b]| [a.min(b), a.max(b)]).collect()
    }

    /// The same scan, of which its source says whether low values are bright (DICOM's MONOCHROME1).
    #[must_use]
    pub fn with_low_bright(self, low_is_bright: bool) -> Self {
        Self { low_is_bright, ..self }
    }

    /// Whether its source says that low values are bright.
    pub fn low_is_bright(&self) -> bool {
        self.low_is_bright
    }

    /// The same scan, of which it is known how its values become SUV, or that they are.
    #[must_use]
    pub fn with_suv(self, suv: Option<SuvFactors>) -> Self {
        Self { suv, suv_kind: suv.and_then(|suv| suv.as_stored()), ..self }
    }

    /// How the values that its source has become SUV: of a PET that says what is needed.
    pub fn suv(&self) -> Option<SuvFactors> {
        self.suv
    }

    /// In which SUV its values are: made so ([`Volume::in_suv`]), or by its source ([`Volume::stored_suv`]).
    pub fn suv_kind(&self) -> Option<SuvKind> {
        self.suv_kind
    }

    /// From stored numbers to the values that its source has.
    pub(super) fn source_scale(&self) -> Scale {
        self.source_scale
    }

    /// The same voxels, of which the values are SUV.
    pub(super) fn rescaled(&self, scale: Scale, suv_kind: Option<SuvKind>) -> Self {
        Self { scale, suv_kind, ..self.clone() }
    }

    /// Whether it is a PET, as far as its source says.
    pub fn is_pet(&self) -> bool {
        self.suv.is_some() || self.provenance.modality.eq_ignore_ascii_case("PT")
    }

    /// Whether another scan is these voxels, too, be it at another time point or in another unit.
    pub fn shares_voxels(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.voxels, &other.voxels)
    }

    /// The same scan, whose voxels were something else in the file.
    #[must_use]
    pub fn converted_from(self, conversion: Option<Conversion>) -> Self {
        Self { conversion, ..self }
    }

    /// The same scan under another name.
    #[must_use]
    pub fn called(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), on_screen: OnScreen::default(), ..self }
    }

    /// The same scan, which is called this on the screen ([`Volume::name_on_screen`]).
    #[must_use]
    pub fn called_on_screen(self, name: impl Into<String>) -> Self {
        Self { on_screen: OnScreen(Some(name.into())), ..self }
    }

    /// The same scan, which its source tells by this from others in its place ([`Provenance::among`]).
    #[must_use]
    pub fn told_apart_by(mut self, title: impl Into<String>) -> Self {
        self.provenance.among = title.into();
        self
    }

    /// The same scan, which is found again by more ([`Provenance::identifiers`]).
    #[must_use]
    pub fn known_by(mut self, more: impl IntoIterator<Item = (String, String)>) -> Self {
        self.provenance.identifiers.extend(more);
        self
    }

    /// Says from which files it was read.
    #[must_use]
    pub fn read_from(self, files: impl IntoIterator<Item = PathBuf>) -> Self {
        Self { files: files.into_iter().collect(), ..self }
    }

    /// The files from which it was read, all of them and no others: header and voxels, or one for each slice. None if it
    /// was not read from files.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// What its voxels were in the file, if they are not numbers there.
    pub fn conversion(&self) -> Option<Conversion> {
        self.conversion
    }

    /// The same scan with another time point (from 0; the last one if there are not as many) to be looked at: what
    /// [`Volume::value`], pictures, histograms and models see. Cheap: the voxels are shared.
    #[must_use]
    pub fn with_time_point(&self, time_point: usize) -> Self {
        Self { time_point: time_point.min(self.time_points() - 1), ..self.clone() }
    }

    /// The same voxels in the order and at the place of a scan that has `grid`, as its source said (`provenance`): for
    /// what is known to be of that scan.
    ///
    /// # Panics
    /// If `order` does not lead from this volume's dimensions to those of `grid`.
    #[must_use]
    pub fn placed(&self, order: AxisMap, grid: Grid, provenance: Provenance) -> Self {
        let dims = self.grid.dims();
        let voxels = if order.is_identity() {
            assert_eq!(dims, grid.dims(), "another grid");
            Arc::clone(&self.voxels)
        } else {
            Arc::new(self.voxels.reordered(order, dims))
        };
        let mut file_dims = grid.dims().to_vec();
        file_dims.extend(self.file_dims.iter().skip(3));
        let padding = self.padding.reordered(order, dims);
        Self { grid, file_dims, voxels, provenance, padding, ..self.clone() }
    }

    /// The time point that is looked at, from 0.
    pub fn time_point(&self) -> usize {
        self.time_point
    }

    /// Where the voxels of the time point that is looked at lie in [`Volume::voxels`].
    pub fn time_point_range(&self) -> Range<usize> {
        let count = self.grid.count();
        self.time_point * count..(self.time_point + 1) * count
    }

    /// The file's name, without its folder.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is called on the screen, in a view or a list: of a DICOM series also modality, number and day. That may say
    /// something of a person, and is never for a file, a log or a session: they have [`Volume::name`].
    pub fn name_on_screen(&self) -> &str {
        self.on_screen.0.as_deref().unwrap_or(&self.name)
    }

    /// Where the voxels are.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// Dimensions as the file states them, e.g. `[64, 64, 30, 5]` for five time points.
    pub fn file_dims(&self) -> &[usize] {
        &self.file_dims
    }

    /// Number of time points (or components); 1 for an ordinary scan.
    pub fn time_points(&self) -> usize {
        self.voxels.len() / self.grid.count()
    }

    /// All voxels of all time points as stored; time point `t` starts at `t * grid.count()`.
    pub fn voxels(&self) -> &Voxels {
        &self.voxels
    }

    /// From stored numbers to values.
    pub fn scale(&self) -> Scale {
        self.scale
    }

    /// What its source said of it, to be said again by label maps saved for it.
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// What was unusual about the file.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Value of a voxel at the time point that is looked at.
    pub fn value(&self, voxel: [usize; 3]) -> f64 {
        self.scale.apply(self.voxels.raw(self.time_point_range().start + self.grid.index(voxel)))
    }

    /// Value of a voxel at a time point, from 0; of the last one if there are not so many.
    pub fn value_in(&self, time_point: usize, voxel: [usize; 3]) -> f64 {
        let first = time_point.min(self.time_points() - 1) * self.grid.count();
        self.scale.apply(self.voxels.raw(first + self.grid.index(voxel)))
    }

    /// Whether a voxel at a time point, as of [`Volume::value_in`], is padding.
    pub(super) fn is_padding_in(&self, time_point: usize, voxel: [usize; 3]) -> bool {
        let first = time_point.min(self.time_points() - 1) * self.grid.count();
        let index = first + self.grid.index(voxel);
        !self.padding.is_empty() && self.is_padding(index, self.voxels.raw(index))
    }

    /// Whether the stored number at a memory position is padding.
    pub(super) fn is_padding(&self, index: usize, stored: f64) -> bool {
        self.padding.holds(self.grid.dims(), index, stored)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::DAffine3;
    use crate::volume::{Histogram, Stats, StoredGeometry};

    #[test]
    fn a_time_point_is_a_view_of_the_same_voxels() {
        let grid = Grid::new([2, 1, 1], DAffine3::IDENTITY).unwrap();
        let stored = StoredGeometry::of(&grid);
        let voxels = Voxels::I16(vec![1, 2, 30, 40, 500, 600]);
        let scale = Scale { slope: 2.0, inter: 1.0 };
        let volume = Volume::new("v", grid, vec![2, 1, 1, 3], voxels, scale, stored, vec![]);
        assert_eq!((volume.time_point(), volume.time_points()), (0, 3));
        let second = volume.with_time_point(1);
        assert!(Arc::ptr_eq(&volume.voxels, &second.voxels), "nothing is copied");
        assert_eq!((volume.value([1, 0, 0]), second.value([1, 0, 0])), (5.0, 81.0));
        assert_eq!(second.time_point_range(), 2..4);
        assert_eq!(volume.with_time_point(9).value([0, 0, 0]), 1001.0, "the last");
        // Those of the whole scan, so that one window does for all time points.
        assert_eq!(second.stats(), volume.stats());
        let count = |v: &Volume| {
            Histogram::of(v, &Stats { min: 0.0, max: 100.0, ..v.stats() }, 2).counts().to_vec()
        };
        assert_eq!((count(&volume), count(&second)), (vec![2, 0], vec![0, 2]));
    }
}
