//! The scan, the images over it, the models, the picture and what was exported as rows of tables, and back.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::rows::{CheckSum, from_rows, real, real_at, rows_of};
use super::{Exported, FileRef, Hash, Overlay, SessionSource};
use crate::geom::Grid;
use crate::volume::{QForm, SForm, StoredGeometry, Window};

/// Numbers by the name of what they say.
type Fields = BTreeMap<String, Vec<f64>>;

/// Writes the scan.
pub fn write_source(
    connection: &Connection,
    source: &SessionSource,
    session: &Path,
) -> rusqlite::Result<()> {
    connection
        .execute_batch("DELETE FROM source; DELETE FROM geometry; DELETE FROM identifier;")?;
    let fields = fields(source);
    let file = source.file.seen_from(session);
    connection.execute(
        "INSERT INTO source (id, path_relative, path_absolute, bytes, sha256, name, format, crc32)
         VALUES (1, ?, ?, ?, ?, ?, ?, ?)",
        params![
            file.relative.as_deref().map_or(Value::Null, path_value),
            path_value(&file.absolute),
            file.bytes as i64,
            file.sha256.map(|hash| hash.hex()),
            source.name,
            source.format,
            check_sum(&fields),
        ],
    )?;
    let mut insert =
        connection.prepare("INSERT INTO geometry (field, place, value) VALUES (?, ?, ?)")?;
    for (field, values) in &fields {
        for (place, value) in values.iter().enumerate() {
            insert.execute(params![field, place as i64, real(*value)])?;
        }
    }
    let mut insert =
        connection.prepare("INSERT INTO identifier (place, name, value) VALUES (?, ?, ?)")?;
    for (place, (name, value)) in source.identifiers.iter().enumerate() {
        insert.execute(params![place as i64, name, value])?;
    }
    Ok(())
}

/// Reads the scan, but for its identifiers; what is wrong if it can't be.
pub fn read_source(connection: &Connection) -> Result<SessionSource, String> {
    let get = |e: rusqlite::Error| e.to_string();
    let sql = "SELECT path_relative, path_absolute, bytes, sha256, name, format, crc32 FROM source";
    let read = |row: &Row<'_>| {
        let name = (row.get::<_, String>(4)?, row.get::<_, String>(5)?);
        Ok((file_at(row, 0)?, name, row.get::<_, Option<i64>>(6)?))
    };
    let (file, (name, format), crc32) = connection.query_row(sql, [], read).map_err(get)?;
    let fields = read_fields(connection).map_err(get)?;
    if crc32.is_some_and(|expected| expected != i64::from(check_sum(&fields))) {
        return Err("the place of the scan's voxels is not what was written".to_owned());
    }
    let dims = counts(&fields, "dim")?;
    let dims: [usize; 3] = dims.try_into().map_err(|_| "the scan has no three dimensions")?;
    let affine =
        numbers::<12>(&fields, "affine").ok_or("the place of the scan's voxels is missing")?;
    let grid = Grid::new(dims, from_rows(affine)).map_err(|e| e.to_string())?;
    let file_dims = counts(&fields, "file_dim")?;
    Ok(SessionSource {
        file,
        name,
        format,
        grid,
        file_dims,
        geometry: geometry(&fields),
        identifiers: Vec::new(),
    })
}

/// Reads which file the scan is.
pub fn read_file(connection: &Connection) -> rusqlite::Result<FileRef> {
    let sql = "SELECT path_relative, path_absolute, bytes, sha256 FROM source";
    connection.query_row(sql, [], |row| file_at(row, 0))
}

/// Reads by what the scan can be found again.
pub fn read_identifiers(connection: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    let mut statement = connection.prepare("SELECT name, value FROM identifier ORDER BY place")?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

fn fields(source: &SessionSource) -> Fields {
    let mut fields = Fields::new();
    let mut put = |name: &str, values: &[f64]| {
        fields.insert(name.to_owned(), values.to_vec());
    };
    put("dim", &source.grid.dims().map(|n| n as f64));
    put("file_dim", &source.file_dims.iter().map(|&n| n as f64).collect::<Vec<_>>());
    put("affine", &rows_of(&source.grid.world_from_voxel()));
    if let Some(said) = &source.geometry {
        put("nifti_version", &[said.version.into()]);
        put("qform_code", &[said.qform.code.into()]);
        put("quatern", &said.qform.quatern);
        put("qoffset", &said.qform.offset);
        put("sform_code", &[said.sform.code.into()]);
        put("srow", said.sform.rows.as_flattened());
        put("pixdim", &said.pixdim);
        put("xyzt_units", &[said.xyzt_units.into()]);
        put("space_dims", &[said.space_dims as f64]);
    }
    fields
}

fn read_fields(connection: &Connection) -> rusqlite::Result<Fields> {
    let mut fields = Fields::new();
    let mut statement =
        connection.prepare("SELECT field, value FROM geometry ORDER BY field, place")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        fields.entry(row.get(0)?).or_default().push(real_at(row, 1)?);
    }
    Ok(fields)
}

fn check_sum(fields: &Fields) -> u32 {
    let mut sum = CheckSum::default();
    for (field, values) in fields {
        sum.value(&Value::Text(field.clone()));
        for value in values {
            sum.value(&real(*value));
        }
    }
    sum.finish()
}

fn numbers<const N: usize>(fields: &Fields, name: &str) -> Option<[f64; N]> {
    fields.get(name)?.as_slice().try_into().ok()
}

/// Whole numbers from 1 to what is larger than any scan.
fn counts(fields: &Fields, name: &str) -> Result<Vec<usize>, String> {
    let values = fields.get(name).ok_or("the dimensions of the scan are missing")?;
    let count = |&value: &f64| {
        let fine = value.fract() == 0.0 && (1.0..=f64::from(i32::MAX)).contains(&value);
        if fine {
            Ok(value as usize)
        } else {
            Err(format!("the scan has {value} voxels along an axis"))
        }
    };
    values.iter().map(count).collect()
}

fn geometry(fields: &Fields) -> Option<StoredGeometry> {
    let one = |name| numbers::<1>(fields, name).map(|[value]| value);
    let rows = numbers::<12>(fields, "srow")?;
    Some(StoredGeometry {
        version: one("nifti_version")? as u8,
        qform: QForm {
            code: one("qform_code")? as i32,
            quatern: numbers(fields, "quatern")?,
            offset: numbers(fields, "qoffset")?,
        },
        sform: SForm {
            code: one("sform_code")? as i32,
            rows: std::array::from_fn(|r| std::array::from_fn(|c| rows[4 * r + c])),
        },
        pixdim: numbers(fields, "pixdim")?,
        xyzt_units: one("xyzt_units")? as i32,
        space_dims: one("space_dims")? as usize,
    })
}

/// Writes the images over the scan.
pub fn write_overlays(
    connection: &Connection,
    overlays: &[Overlay],
    session: &Path,
) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM overlay", [])?;
    let mut insert = connection.prepare(
        "INSERT INTO overlay (place, number, path_relative, path_absolute, bytes, sha256, name, window_centre, window_width)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    for (place, overlay) in overlays.iter().enumerate() {
        let file = overlay.file.seen_from(session);
        insert.execute(params![
            place as i64,
            overlay.number,
            file.relative.as_deref().map_or(Value::Null, path_value),
            path_value(&file.absolute),
            file.bytes as i64,
            file.sha256.map(|hash| hash.hex()),
            overlay.name,
            overlay.window.map_or(Value::Null, |w| real(w.centre)),
            overlay.window.map_or(Value::Null, |w| real(w.width)),
        ])?;
    }
    Ok(())
}

/// Reads the images over the scan.
pub fn read_overlays(connection: &Connection) -> rusqlite::Result<Vec<Overlay>> {
    let mut statement = connection.prepare(
        "SELECT path_relative, path_absolute, bytes, sha256, name, number, window_centre, window_width
         FROM overlay ORDER BY place",
    )?;
    let overlays = statement.query_map([], |row| {
        let window: (Option<f64>, Option<f64>) = (row.get(6)?, row.get(7)?);
        Ok(Overlay {
            file: file_at(row, 0)?,
            name: row.get(4)?,
            number: row.get(5)?,
            window: window.0.zip(window.1).map(|(centre, width)| Window::new(centre, width)),
        })
    })?;
    overlays.collect()
}

/// Writes which models answered.
pub fn write_models(
    connection: &Connection,
    models: &BTreeMap<String, Hash>,
) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM model", [])?;
    let mut insert = connection.prepare("INSERT INTO model (name, sha256) VALUES (?, ?)")?;
    for (name, hash) in models {
        insert.execute(params![name, hash.hex()])?;
    }
    Ok(())
}

/// Reads which models answered; a hash that is none is left out.
pub fn read_models(connection: &Connection) -> rusqlite::Result<BTreeMap<String, Hash>> {
    let mut statement = connection.prepare("SELECT name, sha256 FROM model")?;
    let read = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?));
    let models = statement.query_map([], read)?.collect::<rusqlite::Result<Vec<_>>>()?;
    let hash = |(name, hex): (String, String)| Some((name, Hash::from_hex(&hex)?));
    Ok(models.into_iter().filter_map(hash).collect())
}

/// Writes what it looks like.
pub fn write_picture(connection: &Connection, png: Option<&[u8]>) -> rusqlite::Result<()> {
    match png {
        Some(png) => {
            connection.execute("INSERT OR REPLACE INTO picture (id, png) VALUES (1, ?)", [png])
        }
        None => connection.execute("DELETE FROM picture", []),
    }
    .map(drop)
}

/// Reads what it looks like.
pub fn read_picture(connection: &Connection) -> rusqlite::Result<Option<Arc<[u8]>>> {
    let read = |row: &Row<'_>| Ok(Arc::from(row.get_ref(0)?.as_blob()?));
    connection.query_row("SELECT png FROM picture", [], read).optional()
}

/// What stands in `export.what`.
const MASK: &str = "mask";
const NAMES: &str = "names";

/// Writes which label map was written last, and the table beside it.
pub fn write_exported(
    connection: &Connection,
    exported: Option<&Exported>,
    session: &Path,
) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM export", [])?;
    let Some(Exported { file, names, labels }) = exported else { return Ok(()) };
    let mut insert = connection.prepare(
        "INSERT INTO export (what, path_relative, path_absolute, bytes, sha256, crc32) VALUES (?, ?, ?, ?, ?, ?)",
    )?;
    let names = names.iter().map(|names| (NAMES, names, None));
    for (what, file, labels) in [(MASK, file, Some(labels))].into_iter().chain(names) {
        let file = file.seen_from(session);
        insert.execute(params![
            what,
            file.relative.as_deref().map_or(Value::Null, path_value),
            path_value(&file.absolute),
            file.bytes as i64,
            file.sha256.map(|hash| hash.hex()),
            labels,
        ])?;
    }
    Ok(())
}

/// Reads which label map was written last.
pub fn read_exported(connection: &Connection) -> rusqlite::Result<Option<Exported>> {
    let mut statement = connection.prepare(
        "SELECT path_relative, path_absolute, bytes, sha256, crc32 FROM export WHERE what = ?",
    )?;
    let mut read = |what: &str| {
        let row = |row: &Row<'_>| Ok((file_at(row, 0)?, row.get::<_, Option<u32>>(4)?));
        statement.query_row([what], row).optional()
    };
    let (mask, names) = (read(MASK)?, read(NAMES)?);
    let names = names.map(|(file, _)| file);
    // Without its place or its check sum nothing can be told of it.
    let mask = mask.filter(|(file, _)| file.absolute.is_absolute());
    Ok(mask.and_then(|(file, labels)| Some(Exported { file, names, labels: labels? })))
}

/// Four columns: the two paths, bytes, hash.
fn file_at(row: &Row<'_>, first: usize) -> rusqlite::Result<FileRef> {
    let bytes: i64 = row.get(first + 2)?;
    let hash: Option<String> = row.get(first + 3)?;
    Ok(FileRef {
        relative: path_at(row.get_ref(first)?),
        absolute: path_at(row.get_ref(first + 1)?).unwrap_or_default(),
        bytes: bytes.max(0) as u64,
        sha256: hash.and_then(|hex| Hash::from_hex(&hex)),
    })
}

/// A path as text, or as its bytes if it is none.
fn path_value(path: &Path) -> Value {
    match path.to_str() {
        Some(text) => Value::Text(text.to_owned()),
        #[cfg(unix)]
        None => {
            use std::os::unix::ffi::OsStrExt as _;
            Value::Blob(path.as_os_str().as_bytes().to_vec())
        }
        #[cfg(not(unix))]
        None => Value::Text(path.to_string_lossy().into_owned()),
    }
}

fn path_at(value: ValueRef<'_>) -> Option<PathBuf> {
    match value {
        ValueRef::Text(text) => std::str::from_utf8(text).ok().map(PathBuf::from),
        #[cfg(unix)]
        ValueRef::Blob(bytes) => {
            use std::os::unix::ffi::OsStrExt as _;
            Some(std::ffi::OsStr::from_bytes(bytes).into())
        }
        _ => None,
    }
}
