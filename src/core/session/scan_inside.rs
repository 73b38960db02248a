//! The scan's voxels in its session, if that was asked for ("with the scan"): as they are stored, in pieces that are
//! compressed and have a check sum each, so that they are given back bit for bit or not at all.

use std::io::Read as _;
use std::path::Path;

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use rayon::prelude::*;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Row, params, params_from_iter};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::rows::{CheckSum, from_rows, real, real_at, rows_of};
use super::sums::{self, SummedPart};
use super::{Hash, SessionError, SessionSource, database};
use crate::volume::{
    Conversion, DataType, OtherPlace, Padding, Placement, Provenance, Scale, SuvFactors, Volume,
    Voxels, Warning,
};
use crate::with_voxels;
use crate::work::{CancelToken, Progress, memory};

/// Bytes of a piece, unpacked.
const PIECE: usize = 4 << 20;
/// So many pieces are packed and unpacked side by side.
const AT_ONCE: usize = 8;
/// No more comes out of a byte that zlib has packed.
const MOST_PACKED: u64 = 1032;

/// How the voxels of a scan stand in a session. What lies where is said by its
/// [`SessionSource`].
#[derive(Clone, Debug, PartialEq)]
pub struct ScanInside {
    /// As they are stored.
    pub data_type: DataType,
    /// How many, one after another.
    pub time_points: usize,
    /// From stored numbers to values.
    pub scale: Scale,
    /// What they were in the scan's file, if not numbers.
    pub conversion: Option<Conversion>,
    /// How they become standardised uptake values.
    pub suv: Option<SuvFactors>,
    /// Which stored numbers were never measured.
    pub padding: Padding,
    /// Low values are bright.
    pub low_is_bright: bool,
    /// What decided where they lie.
    pub placement: Placement,
    /// What was unusual about the scan's file.
    pub warnings: Vec<Warning>,
    /// Bytes that they take in the session.
    pub packed_bytes: u64,
    /// Voxels of each piece but the last.
    piece: usize,
}

/// The scan's voxels for a session that is made.
#[derive(Clone, Copy, Debug)]
pub struct ScanPart<'a> {
    /// Whose they are; those that are in the session already are taken as they are there. `None`: those or none.
    pub volume: Option<&'a Volume>,
    /// Gives it up: nothing is made then.
    pub cancel: &'a CancelToken,
    /// Bytes, unpacked.
    pub progress: &'a Progress,
}

/// Where the voxels of a file that is made come from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pieces<'a> {
    /// They are not in it.
    None,
    /// From another session.
    Of(&'a Connection, Option<ScanPart<'a>>),
    /// They are packed.
    New(&'a Volume, ScanPart<'a>),
}

impl<'a> Pieces<'a> {
    /// Of a file that is no copy of another.
    pub(super) fn new(part: Option<ScanPart<'a>>) -> Self {
        match part {
            Some(part @ ScanPart { volume: Some(volume), .. }) => Self::New(volume, part),
            _ => Self::None,
        }
    }

    pub(super) fn is_some(&self) -> bool {
        !matches!(self, Self::None)
    }
}

/// What is said of a scan in words and in lists.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Said {
    warnings: Vec<String>,
    placed_by: String,
    says_sides: bool,
    /// What else was said of its place: by what, the rows of the transform to RAS mm, how far apart in mm.
    other_places: Vec<(String, [f64; 12], f64)>,
    /// Ranges of stored numbers that were never measured, ends included, of all slices.
    padding: Vec<[f64; 2]>,
    /// If slices differ: across which axis they lie, and those of each.
    #[serde(skip_serializing_if = "Option::is_none")]
    padding_of_slices: Option<(usize, Vec<Vec<[f64; 2]>>)>,
    low_is_bright: bool,
}

impl Said {
    fn of(volume: &Volume) -> Self {
        let placement = &volume.provenance().placement;
        let other = |o: &OtherPlace| (o.by.clone(), rows_of(&o.world_from_voxel), o.apart_mm);
        Self {
            warnings: volume.warnings().iter().map(|warning| warning.0.clone()).collect(),
            placed_by: placement.by.clone(),
            says_sides: placement.says_sides,
            other_places: placement.others.iter().map(other).collect(),
            padding: volume.padding().ranges().to_vec(),
            padding_of_slices: volume.padding().slices(),
            low_is_bright: volume.low_is_bright(),
        }
    }

    fn padding(&self) -> Padding {
        match &self.padding_of_slices {
            Some((axis @ 0..=2, slices)) => Padding::of_slices(*axis, slices.iter().cloned()),
            _ => Padding::new(self.padding.iter().copied()),
        }
    }

    fn placement(&self) -> Placement {
        let other = |(by, rows, apart_mm): &(String, [f64; 12], f64)| OtherPlace {
            by: by.clone(),
            world_from_voxel: from_rows(*rows),
            apart_mm: *apart_mm,
        };
        Placement {
            by: self.placed_by.clone(),
            says_sides: self.says_sides,
            others: self.other_places.iter().map(other).collect(),
        }
    }
}

/// What stops a statement half-way, for whoever has cancelled it.
fn stopped() -> rusqlite::Error {
    let code = rusqlite::ffi::SQLITE_INTERRUPT;
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None)
}

const COLUMNS: &str = "data_type, time_points, slope, inter, converted, suv_body_weight, suv_lean_body_mass, \
     suv_body_surface, said, piece";

/// Puts the voxels of a scan into a file in which there are none.
pub(super) fn write(connection: &Connection, pieces: Pieces<'_>) -> rusqlite::Result<()> {
    match pieces {
        Pieces::None => return Ok(()),
        Pieces::New(volume, part) => pack(connection, volume, part, PIECE),
        Pieces::Of(from, part) => copy(connection, from, part),
    }?;
    sums::note(connection, &[SummedPart::Scan])
}

/// Takes the voxels of the scan out of a file, and overwrites them there.
pub(super) fn take_out(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "PRAGMA secure_delete = ON; DELETE FROM scan_piece; DELETE FROM scan; PRAGMA secure_delete = OFF;",
    )?;
    sums::note(connection, &[SummedPart::Scan])
}

/// `piece`: bytes of each, unpacked; a whole number of voxels of any type.
pub(super) fn pack(
    connection: &Connection,
    volume: &Volume,
    part: ScanPart<'_>,
    piece: usize,
) -> rusqlite::Result<()> {
    let ScanPart { cancel, progress, .. } = part;
    // As its file has it, in whatever unit it is shown.
    let own = volume.in_suv(None);
    let volume = own.as_ref().unwrap_or(volume);
    let kind = volume.voxels().data_type();
    let bytes = bytes_of(volume.voxels());
    progress.set_total(bytes.len() as u64);
    let mut insert =
        connection.prepare("INSERT INTO scan_piece (place, sha256, voxels) VALUES (?, ?, ?)")?;
    let (mut hashes, mut done) = (Vec::new(), 0);
    for batch in bytes.chunks(piece * AT_ONCE) {
        let packed: Vec<(Hash, Vec<u8>)> =
            batch.par_chunks(piece).map(|piece| packed(piece, kind.size())).collect();
        for (hash, packed) in packed {
            if cancel.is_cancelled() {
                return Err(stopped());
            }
            insert.execute(params![hashes.len() as i64, hash.hex(), packed])?;
            hashes.push(hash);
        }
        done += batch.len() as u64;
        progress.set_done(done);
    }
    let suv = volume.suv();
    let factor = |of: fn(SuvFactors) -> Option<f64>| suv.and_then(of).map_or(Value::Null, real);
    let said = serde_json::to_string(&Said::of(volume)).unwrap_or_default();
    let converted = volume.conversion().map(|conversion| match conversion {
        Conversion::Colours => "colours",
        Conversion::Complex => "complex",
    });
    let values = [
        Value::Text(kind.name().to_owned()),
        Value::Integer(volume.time_points() as i64),
        real(volume.scale().slope),
        real(volume.scale().inter),
        converted.map_or(Value::Null, |word| Value::Text(word.to_owned())),
        factor(|suv| suv.body_weight),
        factor(|suv| suv.lean_body_mass),
        factor(|suv| suv.body_surface),
        Value::Text(said),
        Value::Integer((piece / kind.size()) as i64),
    ];
    let hashes = hashes.iter().map(Hash::hex);
    let sum = check_sum(&values, hashes);
    let marks = ", ?".repeat(values.len());
    let sql = format!("INSERT INTO scan (id, crc32, {COLUMNS}) VALUES (1, ?{marks})");
    let row = std::iter::once(Value::Integer(sum.into())).chain(values);
    connection.execute(&sql, params_from_iter(row))?;
    Ok(())
}

fn check_sum(values: &[Value], hashes: impl Iterator<Item = String>) -> u32 {
    let mut sum = CheckSum::default();
    sum.values(values);
    for hash in hashes {
        sum.value(&Value::Text(hash));
    }
    sum.finish()
}

/// The hash of a piece, little-endian, and what it is packed. `size`: bytes of a voxel.
fn packed(piece: &[u8], size: usize) -> (Hash, Vec<u8>) {
    let swapped = cfg!(target_endian = "big").then(|| swapped(piece.to_vec(), size));
    let piece = swapped.as_deref().unwrap_or(piece);
    let hash = Hash(Sha256::digest(piece).into());
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    // Writing to memory can't fail.
    let _ = std::io::Write::write_all(&mut encoder, piece);
    (hash, encoder.finish().unwrap_or_default())
}

/// Numbers in the other order of bytes.
fn swapped(mut bytes: Vec<u8>, size: usize) -> Vec<u8> {
    bytes.chunks_exact_mut(size).for_each(<[u8]>::reverse);
    bytes
}

/// Takes the pieces of another session as they are, whole or not.
fn copy(
    connection: &Connection,
    from: &Connection,
    part: Option<ScanPart<'_>>,
) -> rusqlite::Result<()> {
    let mut select = from.prepare("SELECT place, sha256, voxels FROM scan_piece ORDER BY place")?;
    let mut insert =
        connection.prepare("INSERT INTO scan_piece (place, sha256, voxels) VALUES (?, ?, ?)")?;
    if let Some(part) = part {
        let sql = "SELECT count(*) FROM scan_piece";
        part.progress.set_total(from.query_row(sql, [], |row| row.get::<_, i64>(0))? as u64);
    }
    let (mut rows, mut done) = (select.query([])?, 0);
    while let Some(row) = rows.next()? {
        if part.is_some_and(|part| part.cancel.is_cancelled()) {
            return Err(stopped());
        }
        insert.execute(params_from_iter(values(row, 3)?))?;
        done += 1;
        if let Some(part) = part {
            part.progress.set_done(done);
        }
    }
    let sql = format!("SELECT crc32, {COLUMNS} FROM scan");
    let columns = 1 + COLUMNS.split(',').count();
    let row = from.query_row(&sql, [], |row| values(row, columns)).optional()?;
    if let Some(row) = row {
        let marks = ", ?".repeat(columns);
        let sql = format!("INSERT INTO scan (id, crc32, {COLUMNS}) VALUES (1{marks})");
        connection.execute(&sql, params_from_iter(row))?;
    }
    Ok(())
}

/// The first columns of a row, whatever they are.
fn values(row: &Row<'_>, columns: usize) -> rusqlite::Result<Vec<Value>> {
    (0..columns).map(|n| row.get(n)).collect()
}

/// Reads how the scan stands in a session; `None`: it is not in it. The inner error says what is wrong with what is
/// said of it.
pub(super) fn read_about(
    connection: &Connection,
) -> rusqlite::Result<Option<Result<ScanInside, String>>> {
    let sql = format!("SELECT {COLUMNS}, crc32 FROM scan");
    let columns = COLUMNS.split(',').count();
    let row = connection.query_row(&sql, [], |row| {
        Ok((about(row), values(row, columns)?, row.get::<_, Option<i64>>(columns)?))
    });
    let Some((about, values, crc32)) = row.optional()? else { return Ok(None) };
    let mut statement =
        connection.prepare("SELECT sha256, length(voxels) FROM scan_piece ORDER BY place")?;
    let (mut hashes, mut packed_bytes) = (Vec::new(), 0u64);
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        hashes.push(row.get::<_, String>(0)?);
        packed_bytes += row.get::<_, i64>(1)?.max(0) as u64;
    }
    let is_other = |sum: i64| sum != i64::from(check_sum(&values, hashes.iter().cloned()));
    if crc32.is_some_and(is_other) {
        return Ok(Some(Err("what is said of its voxels is not what was written".to_owned())));
    }
    Ok(Some(about.map(|about| ScanInside { packed_bytes, ..about })))
}

fn about(row: &Row<'_>) -> Result<ScanInside, String> {
    let get = |e: rusqlite::Error| e.to_string();
    let name: String = row.get(0).map_err(get)?;
    let data_type =
        type_named(&name).ok_or_else(|| format!("its voxels are of the type “{name}”"))?;
    let time_points: i64 = row.get(1).map_err(get)?;
    let fine = usize::try_from(time_points).ok().filter(|n| *n > 0);
    let time_points = fine.ok_or_else(|| format!("it has {time_points} time points"))?;
    let scale =
        Scale { slope: real_at(row, 2).map_err(get)?, inter: real_at(row, 3).map_err(get)? };
    if scale.slope == 0.0 || !scale.slope.is_finite() {
        return Err(format!("its values are {} times what is stored", scale.slope));
    }
    let conversion = match row.get::<_, Option<String>>(4).map_err(get)?.as_deref() {
        None => None,
        Some("colours") => Some(Conversion::Colours),
        Some("complex") => Some(Conversion::Complex),
        Some(odd) => return Err(format!("its voxels were “{odd}”")),
    };
    let factor = |column: usize| row.get::<_, Option<f64>>(column).map_err(get);
    let suv = SuvFactors {
        body_weight: factor(5)?,
        lean_body_mass: factor(6)?,
        body_surface: factor(7)?,
        // (No source says more of it than that its values are: the unit is not kept.)
        ideal_body_weight: None,
    };
    // How it was placed is for people: without it the voxels lie where they do.
    let said: Said =
        serde_json::from_str(&row.get::<_, String>(8).map_err(get)?).unwrap_or_default();
    let piece: i64 = row.get(9).map_err(get)?;
    let fine = usize::try_from(piece).ok().filter(|n| *n > 0);
    Ok(ScanInside {
        data_type,
        time_points,
        scale,
        conversion,
        suv: (suv != SuvFactors::default()).then_some(suv),
        placement: said.placement(),
        padding: said.padding(),
        low_is_bright: said.low_is_bright,
        warnings: said.warnings.into_iter().map(Warning).collect(),
        packed_bytes: 0,
        piece: fine.ok_or_else(|| format!("its pieces have {piece} voxels"))?,
    })
}

fn type_named(name: &str) -> Option<DataType> {
    use DataType::{F32, F64, I8, I16, I32, I64, U8, U16, U32, U64};
    [U8, I8, U16, I16, U32, I32, U64, I64, F32, F64].into_iter().find(|kind| kind.name() == name)
}

/// The scan of a session, from the session at `path`, of which this was read; `None` if it was cancelled. `format`: what
/// the scan's file was, as who reads files calls it. Progress is in bytes, unpacked.
///
/// # Errors
/// If it is not whole, or needs more memory than there is.
pub fn read_scan(
    path: &Path,
    (source, about): (&SessionSource, &ScanInside),
    format: &'static str,
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<Option<Volume>, SessionError> {
    let damaged = |what: String| SessionError::ScanDamaged { what, path: path.to_owned() };
    let reader = database::reader(path)?;
    let read = voxels(&reader.connection, about, source.grid.count(), cancel, progress);
    let Some(voxels) = read.map_err(damaged)? else { return Ok(None) };
    let said = Provenance { format, placement: about.placement.clone(), ..source.provenance() };
    let (grid, dims) = (source.grid.clone(), source.file_dims.clone());
    let warnings = about.warnings.clone();
    let volume = Volume::new(source.name.clone(), grid, dims, voxels, about.scale, said, warnings);
    let volume = volume.converted_from(about.conversion).with_suv(about.suv);
    Ok(Some(volume.with_padding(about.padding.clone()).with_low_bright(about.low_is_bright)))
}

/// All voxels; `None` if it was cancelled. `count`: of one time point.
fn voxels(
    connection: &Connection,
    about: &ScanInside,
    count: usize,
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<Option<Voxels>, String> {
    let size = about.data_type.size();
    let bytes = count.checked_mul(about.time_points).and_then(|n| n.checked_mul(size));
    // Nothing is allocated because a number says so.
    let possible = |bytes: &usize| *bytes as u64 <= about.packed_bytes.saturating_mul(MOST_PACKED);
    let Some(bytes) = bytes.filter(possible) else {
        return Err("its pieces are not as many voxels as it has".to_owned());
    };
    memory::check(bytes as u64).map_err(|short| format!("reading it {short}"))?;
    let mut voxels = zeros(about.data_type, bytes / size)?;
    let into = bytes_in(&mut voxels);
    let piece = about.piece.saturating_mul(size).min(bytes);
    progress.set_total(bytes as u64);
    let (mut place, mut done) = (0i64, 0);
    for batch in into.chunks_mut(piece.saturating_mul(AT_ONCE)) {
        if cancel.is_cancelled() {
            return Ok(None);
        }
        let count = batch.len().div_ceil(piece);
        let read: Result<Vec<Piece>, String> =
            (0..count as i64).map(|n| Piece::read(connection, place + n)).collect();
        let unpacked: Vec<Result<(), String>> = batch
            .par_chunks_mut(piece)
            .zip(read?)
            .map(|(into, piece)| piece.unpack(into, size))
            .collect();
        unpacked.into_iter().collect::<Result<(), String>>()?;
        place += count as i64;
        done += batch.len() as u64;
        progress.set_done(done);
    }
    Ok(Some(voxels))
}

/// A piece as it stands in the file.
struct Piece {
    place: i64,
    sha256: String,
    voxels: Vec<u8>,
}

impl Piece {
    fn read(connection: &Connection, place: i64) -> Result<Self, String> {
        let sql = "SELECT sha256, voxels FROM scan_piece WHERE place = ?";
        let read = |row: &Row<'_>| Ok(Self { place, sha256: row.get(0)?, voxels: row.get(1)? });
        let said = |e| match e {
            rusqlite::Error::QueryReturnedNoRows => format!("piece {place} is missing"),
            e => format!("piece {place}: {e}"),
        };
        let mut statement = connection.prepare_cached(sql).map_err(said)?;
        statement.query_row([place], read).map_err(said)
    }

    fn unpack(&self, into: &mut [u8], size: usize) -> Result<(), String> {
        let place = self.place;
        let mut decoder = ZlibDecoder::new(&*self.voxels);
        let whole =
            decoder.read_exact(into).is_ok() && decoder.read(&mut [0]).is_ok_and(|n| n == 0);
        let hash = Hash(Sha256::digest(&*into).into());
        if !whole || Hash::from_hex(&self.sha256) != Some(hash) {
            return Err(format!("piece {place} is not what was written"));
        }
        if cfg!(target_endian = "big") {
            into.chunks_exact_mut(size).for_each(<[u8]>::reverse);
        }
        Ok(())
    }
}

/// In the order of this machine.
fn bytes_of(voxels: &Voxels) -> &[u8] {
    with_voxels!(voxels, v => bytemuck::cast_slice(v))
}

fn bytes_in(voxels: &mut Voxels) -> &mut [u8] {
    with_voxels!(voxels, v => bytemuck::cast_slice_mut(v))
}

fn zeros(kind: DataType, count: usize) -> Result<Voxels, String> {
    fn of<T: Clone + Default>(count: usize) -> Result<Vec<T>, String> {
        let mut values = Vec::new();
        values.try_reserve_exact(count).map_err(|_| "it needs more memory than there is")?;
        values.resize(count, T::default());
        Ok(values)
    }
    Ok(match kind {
        DataType::U8 => Voxels::U8(of(count)?),
        DataType::I8 => Voxels::I8(of(count)?),
        DataType::U16 => Voxels::U16(of(count)?),
        DataType::I16 => Voxels::I16(of(count)?),
        DataType::U32 => Voxels::U32(of(count)?),
        DataType::I32 => Voxels::I32(of(count)?),
        DataType::U64 => Voxels::U64(of(count)?),
        DataType::I64 => Voxels::I64(of(count)?),
        DataType::F32 => Voxels::F32(of(count)?),
        DataType::F64 => Voxels::F64(of(count)?),
    })
}

/// About how many bytes the voxels of a scan take in a session: samples of it are packed. `None` if it was cancelled.
pub fn estimated_bytes(volume: &Volume, cancel: &CancelToken) -> Option<u64> {
    const SAMPLES: usize = 24;
    const SAMPLE: usize = 1 << 17;
    let size = volume.voxels().data_type().size();
    let bytes = bytes_of(volume.voxels());
    let step = (bytes.len() / SAMPLES).max(SAMPLE);
    let samples: Vec<&[u8]> =
        bytes.chunks(step).map(|part| &part[..part.len().min(SAMPLE)]).collect();
    let looked_at: usize = samples.iter().map(|sample| sample.len()).sum();
    let pack = |sample: &&[u8]| cancel.check().ok().map(|()| packed(sample, size).1.len());
    let taken: usize = samples.par_iter().map(pack).collect::<Option<Vec<_>>>()?.iter().sum();
    Some((taken as f64 / looked_at as f64 * bytes.len() as f64) as u64)
}
