//! A table of scans: a CSV with a first line of column names. `scan` is where a scan is; `series`, which of several that
//! lie there it is, `session`, where its session is to be, and `name`, what the case is called, may be left out. Ways are from the table's folder. Other columns are
//! not looked at. Columns are separated by commas, semicolons or tabs, whichever the first line has most of; the
//! encoding is told from the content.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::Listed;
use super::error::CasesError;
use super::folder::{stem, tell_apart, with_series};
use crate::io::{Registry, decode_text};
use crate::session::is_named_as_session;

/// A larger table is something else with a table's name.
const MOST_BYTES: u64 = 64 << 20;
/// So many columns no such table has.
const MOST_COLUMNS: usize = 10_000;

/// Whether a path names a table by its ending.
pub fn is_named_as_table(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    matches!(ending.as_str(), "csv" | "tsv")
}

/// The rows of a table, each with its line, counted from 1, and its fields without white space around them; the first
/// has the names of columns. Columns are separated by what the first line has most of: commas, semicolons or tabs. The
/// encoding is told from the content. Rows without any text are left out.
///
/// # Errors
/// If it can't be read, or is no table of a usual size.
pub fn table_rows(path: &Path) -> Result<Vec<(u64, Vec<String>)>, CasesError> {
    let failed = |e| CasesError::reading(path, e);
    let wrong =
        |line: u64, what: String| CasesError::Table { what, line, path: path.to_path_buf() };
    if std::fs::metadata(path).map_err(failed)?.len() > MOST_BYTES {
        return Err(wrong(1, "this table is larger than any list of scans".to_owned()));
    }
    let (text, _) = decode_text(&std::fs::read(path).map_err(failed)?);
    let mut rows = records(&text, delimiter(&text))
        .map_err(|line| wrong(line, format!("a row of more than {MOST_COLUMNS} columns")))?;
    rows.retain(|(_, fields)| !fields.iter().all(String::is_empty));
    Ok(rows)
}

/// The scans of a table, in its order.
pub(super) fn scans(path: &Path, formats: &Registry) -> Result<Vec<Listed>, CasesError> {
    let wrong =
        |line: u64, what: String| CasesError::Table { what, line, path: path.to_path_buf() };
    let mut records = table_rows(path)?.into_iter();
    let (line, header) = records.next().unwrap_or((1, Vec::new()));
    let columns = Columns::of(&header).map_err(|what| wrong(line, what))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut listed = Vec::new();
    let mut sessions: HashMap<PathBuf, u64> = HashMap::new();
    for (line, record) in records {
        let row = columns.row(&record, folder, formats).map_err(|what| wrong(line, what))?;
        if let Some(session) = &row.session
            && let Some(other) = sessions.insert(session.clone(), line)
        {
            let what = format!("its session is that of line {other}, too: give it another");
            return Err(wrong(line, what));
        }
        listed.push((line, row));
    }
    // The same scan twice would be worked on twice in one session.
    let mut seen: HashMap<(&Path, Option<&String>), u64> = HashMap::new();
    for (line, row) in listed.iter().filter(|(_, row)| row.session.is_none()) {
        if let Some(other) = seen.insert((&row.scan, row.series.as_ref()), *line) {
            let what = format!("its scan is that of line {other}, too: give each its own session");
            return Err(wrong(*line, what));
        }
    }
    let mut listed: Vec<Listed> = listed.into_iter().map(|(_, row)| row).collect();
    tell_apart(&mut listed, folder);
    Ok(listed)
}

/// Which column is which.
struct Columns {
    scan: usize,
    series: Option<usize>,
    session: Option<usize>,
    name: Option<usize>,
}

impl Columns {
    fn of(header: &[String]) -> Result<Self, String> {
        let find = |name: &str| header.iter().position(|found| found.eq_ignore_ascii_case(name));
        let Some(scan) = find("scan") else {
            let found = header.join(", ");
            return Err(format!("there is no column “scan” in this table (but: {found})"));
        };
        let (series, session, name) = (find("series"), find("session"), find("name"));
        Ok(Self { scan, series, session, name })
    }

    fn row(&self, record: &[String], folder: &Path, formats: &Registry) -> Result<Listed, String> {
        let field = |column: Option<usize>| {
            column
                .and_then(|column| record.get(column))
                .map(String::as_str)
                .filter(|text| !text.is_empty())
        };
        let scan = field(Some(self.scan)).ok_or("there is no scan in this row")?;
        let scan = plain(&folder.join(scan));
        let session = field(self.session).map(|session| plain(&folder.join(session)));
        if let Some(session) = session.as_ref().filter(|session| !is_named_as_session(session)) {
            return Err(format!("a session's name ends in .voxpoint: “{}”", session.display()));
        }
        let series = field(self.series).map(str::to_owned);
        let stem = || stem(formats, &scan).to_string_lossy().into_owned();
        let name = match (field(self.name), &series) {
            (Some(name), _) => name.to_owned(),
            (None, Some(series)) => with_series(&stem(), series),
            (None, None) => stem(),
        };
        Ok(Listed { name, scan, series, session })
    }
}

/// The rows with their lines, from 1, and fields without white space around them; the line of one that has too many.
fn records(text: &str, delimiter: u8) -> Result<Vec<(u64, Vec<String>)>, u64> {
    let mut reader = csv_core::ReaderBuilder::new().delimiter(delimiter).build();
    let (mut input, mut line) = (text.as_bytes(), 1);
    let mut record = vec![0; input.len()];
    let mut ends = vec![0; MOST_COLUMNS];
    let mut records = Vec::new();
    loop {
        // Empty lines, so that it is known where the row begins.
        while let [b'\r' | b'\n', ..] = input {
            let taken = if input.starts_with(b"\r\n") { 2 } else { 1 };
            (input, line) = (&input[taken..], line + 1);
        }
        let began = input;
        let (mut bytes, mut fields) = (0, 0);
        loop {
            let (result, read, written, ended) =
                reader.read_record(input, &mut record[bytes..], &mut ends[fields..]);
            (input, bytes, fields) = (&input[read..], bytes + written, fields + ended);
            match result {
                csv_core::ReadRecordResult::Record => break,
                csv_core::ReadRecordResult::End => return Ok(records),
                // Asked again with nothing, it takes that for the end.
                csv_core::ReadRecordResult::InputEmpty => {}
                csv_core::ReadRecordResult::OutputFull
                | csv_core::ReadRecordResult::OutputEndsFull => return Err(line),
            }
        }
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let field = |(start, end): (usize, &usize)| {
            String::from_utf8_lossy(&record[start..*end]).trim().to_owned()
        };
        records.push((line, starts.zip(&ends[..fields]).map(field).collect()));
        let read = &began[..began.len() - input.len()];
        line += read.split(|&byte| byte == b'\n').count() as u64 - 1;
        // Lines of old programs, which end in CR alone.
        let alone = |pair: &[u8]| pair[0] == b'\r' && pair[1] != b'\n';
        line += read.windows(2).filter(|pair| alone(pair)).count() as u64;
        line += u64::from(read.ends_with(b"\r") && !input.starts_with(b"\n"));
    }
}

/// A path without `.` in it, so that the same file has the same one.
fn plain(path: &Path) -> PathBuf {
    path.components().filter(|c| !matches!(c, std::path::Component::CurDir)).collect()
}

/// What stands between the columns of the first line most often.
fn delimiter(text: &str) -> u8 {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |&(_, byte): &(usize, u8)| first.bytes().filter(|found| *found == byte).count();
    // Of those that are there as often, the first.
    let by_preference = [(2, b','), (1, b';'), (0, b'\t')];
    by_preference.into_iter().max_by_key(|d| (count(d), d.0)).map_or(b',', |(_, byte)| byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::formats;

    fn read(bytes: &[u8]) -> Result<Vec<String>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list.csv");
        std::fs::write(&path, bytes).unwrap();
        let shown = |path: &Path| {
            let way = path.strip_prefix(folder.path()).unwrap_or(path);
            way.display().to_string()
        };
        let row = |case: Listed| {
            let session = case.session.as_deref().map_or("-".to_owned(), &shown);
            let series = case.series.map(|series| format!("#{series}")).unwrap_or_default();
            format!("{} | {}{series} | {session}", case.name, shown(&case.scan))
        };
        let said = |e: CasesError| e.to_string().replace(&path.display().to_string(), "LIST");
        scans(&path, formats()).map(|rows| rows.into_iter().map(row).collect()).map_err(said)
    }

    #[test]
    fn tables_come_from_many_programs() {
        let utf_16: Vec<u8> =
            "scan;name\nö.nii;肝\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let utf_16 = [&b"\xff\xfe"[..], &utf_16].concat();
        let table: [(&[u8], &[&str]); 12] = [
            (b"scan\na.nii.gz\nb/c.nii\n", &["a | a.nii.gz | -", "c | b/c.nii | -"]),
            (b"\xef\xbb\xbfName,SCAN\r\nOne,a.nii\r\n", &["One | a.nii | -"]),
            (
                b"scan;session;who\na.nii;s/a.voxpoint;x\nb.nii\n",
                &["a | a.nii | s/a.voxpoint", "b | b.nii | -"],
            ),
            (b"id\tscan\n1\ta.nii\n\n \t \n2\t/x/b.nii\n", &["a | a.nii | -", "b | /x/b.nii | -"]),
            (b"scan,name\n\"a, b.nii\",\"c \"\"d\"\"\"\n", &["c \"d\" | a, b.nii | -"]),
            // As other folders' names tell them apart.
            (
                b"scan\np1/t1.nii\n./p2/t1.nii\n",
                &["p1/t1.nii | p1/t1.nii | -", "p2/t1.nii | p2/t1.nii | -"],
            ),
            // Two read the same scan.
            (
                b"scan,session,name\na.nii,x.voxpoint,by x\na.nii,y.voxpoint,by y\n",
                &["by x | a.nii | x.voxpoint", "by y | a.nii | y.voxpoint"],
            ),
            // Several of one place.
            (
                b"scan,series,name\nct,3,\nct,1.2.3,\nct,,\nmr,T1 axial,Head\n",
                &[
                    "ct (3) | ct#3 | -",
                    "ct (1.2.3) | ct#1.2.3 | -",
                    "ct | ct | -",
                    "Head | mr#T1 axial | -",
                ],
            ),
            (
                b"scan;SERIES\np1/ct;2\np2/ct;2\np2/ct;3\n",
                &["p1/ct (2) | p1/ct#2 | -", "p2/ct (2) | p2/ct#2 | -", "ct (3) | p2/ct#3 | -"],
            ),
            (b"scan\n", &[]),
            (b"scan,name\ra.nii,\"of\rtwo\"\r", &["of\rtwo | a.nii | -"]),
            (&utf_16, &["肝 | ö.nii | -"]),
        ];
        for (bytes, expected) in table {
            assert_eq!(read(bytes).unwrap(), expected, "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn what_makes_no_sense_is_told_with_its_line() {
        for (text, said) in [
            ("", "there is no column “scan” in this table (but: ): line 1 of LIST"),
            ("image,mask\na,b\n", "no column “scan” in this table (but: image, mask)"),
            ("scan,name\na.nii,x\n,y\n", "there is no scan in this row: line 3 of LIST"),
            (
                "\r\n\r\nscan,name\r\n\"a.nii\",\"x\r\ny\"\r\n\r\n ,y",
                "no scan in this row: line 7 of LIST",
            ),
            ("scan,session\na.nii,x.nii\n", "a session's name ends in .voxpoint: “"),
            (
                "scan,session\na.nii,x.voxpoint\nb.nii,./x.voxpoint\n",
                "its session is that of line 2, too: give it another: line 3",
            ),
            (
                "scan\na.nii\n\n./a.nii\n",
                "its scan is that of line 2, too: give each its own session: line 4",
            ),
            (
                "scan,series\nct,2\nct,3\nct,2\n",
                "its scan is that of line 2, too: give each its own session: line 4",
            ),
            (
                &format!("scan{}\n", ",".repeat(MOST_COLUMNS)),
                "a row of more than 10000 columns: line 1",
            ),
        ] {
            let error = read(text.as_bytes()).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
