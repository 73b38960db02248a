//! A format made up for tests, with a reader and with a writer that can go wrong in many ways.
#![allow(dead_code)]

use std::io::Write;
use std::path::Path;

use voxpoint::geom::{DAffine3, DVec3, Grid};
use voxpoint::io::{
    Beginning, Content, ContentKind, ContentVoxels, EncodeError, Format, FormatInfo, IoError,
    Limits, OpenOptions, Reader, Registry, Sniff, Source, Writer,
};
use voxpoint::volume::{Provenance, Scale, Volume, Voxels};
use voxpoint::work::{CancelToken, Progress};

pub const MAGIC: &[u8] = b"TINY\n";

/// Three lines of text, then uint16, x fastest: dimensions; origin and spacing in mm along R, A, S; the series.
struct TinyReader;

impl TinyReader {
    /// Header and voxels of one file.
    fn read(path: &Path) -> Result<(Grid, String, Vec<u16>), IoError> {
        let damaged = |what: &str| IoError::Header { what: what.into(), path: path.into() };
        let bytes =
            std::fs::read(path).map_err(|source| IoError::Read { source, path: path.into() })?;
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| damaged("no mark"))?;
        let mut parts = rest.splitn(4, |&b| b == b'\n');
        let mut line = || String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
        let (dims, place, series) = (numbers(&line()), numbers(&line()), line());
        let ([nx, ny, nz], [x, y, z, dx, dy, dz]) = (&dims[..], &place[..]) else {
            return Err(damaged("too few numbers"));
        };
        let dims = [*nx as usize, *ny as usize, *nz as usize];
        let affine = DAffine3::from_scale_rotation_translation(
            DVec3::new(*dx, *dy, *dz),
            glam::DQuat::IDENTITY,
            DVec3::new(*x, *y, *z),
        );
        let grid = Grid::new(dims, affine).map_err(|e| damaged(&e.to_string()))?;
        let voxels = parts.next().unwrap_or_default().chunks_exact(2);
        let voxels: Vec<u16> = voxels.map(|b| u16::from_le_bytes([b[0], b[1]])).collect();
        if voxels.len() != grid.count() {
            let what = format!("{} of {} voxels", voxels.len(), grid.count());
            return Err(IoError::Truncated { what, path: path.into() });
        }
        Ok((grid, series, voxels))
    }
}

fn numbers(line: &str) -> Vec<f64> {
    line.split(' ').filter_map(|n| n.parse().ok()).collect()
}

impl Reader for TinyReader {
    fn info(&self) -> FormatInfo {
        FormatInfo { name: "Tiny", endings: &[".tiny"], other_endings: &[".tny"] }
    }

    fn sniff(&self, seen: &Beginning) -> Sniff {
        match seen.source {
            Source::Folder(folder) if folder.join("0.tiny").is_file() => Sniff::Yes,
            _ if seen.bytes.starts_with(MAGIC) => Sniff::Yes,
            _ if seen.bytes.starts_with(b"TINY0") => Sniff::Unreadable("a Tiny file of version 0"),
            _ => Sniff::No,
        }
    }

    fn open_as(
        &self,
        source: &Source,
        options: &OpenOptions,
        _: &Limits,
        cancel: &CancelToken,
        _: &Progress,
    ) -> Result<Volume, IoError> {
        cancel.check()?;
        let files = match source {
            Source::File(path) | Source::Chosen { place: path, .. } => vec![path.clone()],
            Source::Series(paths) => {
                let mut paths = paths.clone();
                paths.sort();
                paths
            }
            Source::Folder(folder) => {
                let path = |z: usize| folder.join(format!("{z}.tiny"));
                (0..10_000).map(path).take_while(|path| path.is_file()).collect()
            }
        };
        // Slices along z, one file each.
        let (first, series, mut voxels) = Self::read(&files[0])?;
        for path in &files[1..] {
            voxels.extend(Self::read(path)?.2);
        }
        let [nx, ny, _] = first.dims();
        let dims = [nx, ny, voxels.len() / (nx * ny)];
        let grid = Grid::new(dims, first.world_from_voxel()).expect("more of the same");
        let identifiers = vec![("series".to_owned(), series)];
        let said = Provenance { format: "Tiny", identifiers, ..Provenance::default() };
        let voxels = Voxels::U16(voxels);
        let whole =
            Volume::new(source.name(), grid, dims.to_vec(), voxels, Scale::NONE, said, vec![]);
        options.part.taken_from(whole)
    }
}

/// What a writer may do wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    None,
    /// The first axis is written from its end.
    MirrorsLeftAndRight,
    OneVoxelIsOther,
    OneSliceTooFew,
    LiesElsewhere,
    OtherSpacing,
    /// It writes nothing and says that all is well.
    NothingIsWritten,
    IsAnotherFormat,
    NoDiskLeft,
    CanNot,
}

struct TinyWriter(Fault);

impl Writer for TinyWriter {
    fn info(&self) -> FormatInfo {
        FormatInfo { name: "Tiny", endings: &[".tiny"], other_endings: &[] }
    }

    fn can(&self, kind: ContentKind) -> bool {
        kind == ContentKind::Labels
    }

    fn wrote(&self, beginning: &[u8]) -> bool {
        beginning.starts_with(MAGIC)
    }

    fn encode(
        &self,
        content: &Content,
        ending: &str,
        out: &mut dyn Write,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<(), EncodeError> {
        assert_eq!(ending, ".tiny");
        let ContentVoxels::Labels(labels) = content.voxels else { panic!("it said it can't") };
        let fault = self.0;
        match fault {
            Fault::NothingIsWritten => return Ok(()),
            Fault::NoDiskLeft => {
                out.write_all(MAGIC)?;
                return Err(std::io::Error::from(std::io::ErrorKind::StorageFull).into());
            }
            Fault::CanNot => return Err(EncodeError::Impossible("it is no cube".into())),
            Fault::IsAnotherFormat => {
                let path = Path::new(env!("CARGO_MANIFEST_DIR"))
                    .join("tests/data/nifti/niivue_low_res.nii.gz");
                return Ok(out.write_all(&std::fs::read(path)?)?);
            }
            _ => {}
        }
        let [nx, ny, nz] = content.grid.dims();
        let (mut at, mut mm) = (content.grid.world_of([0; 3]), content.grid.spacing());
        at.x += if fault == Fault::LiesElsewhere { 1.5 } else { 0.0 };
        mm.z *= if fault == Fault::OtherSpacing { 1.1 } else { 1.0 };
        let series = content.provenance.identifiers.iter().find(|(name, _)| name == "series");
        let series = series.map_or("", |(_, value)| value);
        out.write_all(MAGIC)?;
        writeln!(out, "{nx} {ny} {nz}")?;
        writeln!(out, "{} {} {} {} {} {}\n{series}", at.x, at.y, at.z, mm.x, mm.y, mm.z)?;
        for z in 0..nz - usize::from(fault == Fault::OneSliceTooFew) {
            cancel.check()?;
            for (y, row) in labels.rows(z).enumerate() {
                let mut row = row.to_vec();
                if fault == Fault::MirrorsLeftAndRight {
                    row.reverse();
                }
                if fault == Fault::OneVoxelIsOther && [y, z] == [ny - 1, nz - 1] {
                    row[nx - 1] ^= 1;
                }
                out.write_all(&row.iter().flat_map(|l| l.to_le_bytes()).collect::<Vec<_>>())?;
            }
            progress.set_done(z as u64 + 1);
        }
        Ok(())
    }
}

/// The formats that ship, and this one.
pub fn with_tiny(fault: Fault) -> Registry {
    Registry::standard().with(Format {
        reader: Some(Box::new(TinyReader)),
        writer: Some(Box::new(TinyWriter(fault))),
    })
}

/// A scan of spacing 0.5 × 2 × 3 mm.
pub fn write_tiny(path: &Path, dims: [usize; 3], voxels: &[u16]) {
    let [nx, ny, nz] = dims;
    let mut bytes = MAGIC.to_vec();
    bytes.extend(format!("{nx} {ny} {nz}\n-10 20 5 0.5 2 3\n1.2.840.7\n").bytes());
    bytes.extend(voxels.iter().flat_map(|v| v.to_le_bytes()));
    std::fs::write(path, bytes).expect("written");
}
