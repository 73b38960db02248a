//! The rows of a table of jobs.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::bail;

use super::super::args::{BatchArgs, Space, TypedPoint, parse_point};
use super::super::files;
use crate::cases::table_rows;
use crate::io::{self, ContentKind};
use crate::segment::remote::is_address;

/// A row: one label map that is to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Its line in the table, from 1.
    pub line: u64,
    /// The scan.
    pub image: PathBuf,
    /// Which series of a place with several.
    pub series: Option<String>,
    /// What is clicked.
    pub prompt: JobPrompt,
    /// Of clicks: the structure's name in the label table.
    pub name: Option<String>,
    /// Another model than that of the command: its place, or an address as it stands there.
    pub model: Option<PathBuf>,
    /// Where the label map goes.
    pub out: PathBuf,
}

/// Who clicks where.
#[derive(Clone, Debug, PartialEq)]
pub enum JobPrompt {
    /// These clicks, for the structure of this number.
    Points { points: Vec<TypedPoint>, space: Space, label: u16 },
    /// A robot, so often in each label of this map, or in one.
    Robot { labels: PathBuf, label: Option<u16>, clicks: usize },
}

/// Reads a table; everything that can be told without opening what its rows name is told before the first is done.
///
/// # Errors
/// With the line and what to do, if a row makes no sense.
pub fn read(path: &Path, args: &BatchArgs) -> anyhow::Result<Vec<Job>> {
    let mut rows = table_rows(path)?.into_iter();
    let (_, header) = rows.next().unwrap_or_default();
    let columns = Columns { header: &header, folder: path.parent().unwrap_or(Path::new("")), args };
    if let Some(missing) = ["image", "out"].into_iter().find(|name| columns.at(name).is_none()) {
        let found = header.join(", ");
        bail!("there is no column “{missing}” in this table (but: {found}): {}", path.display());
    }
    let mut jobs: Vec<Job> = Vec::new();
    let mut outs: HashMap<PathBuf, u64> = HashMap::new();
    for (line, row) in rows {
        let wrong = |why: anyhow::Error| why.context(format!("line {line} of {}", path.display()));
        let job = columns.job(line, &row).map_err(wrong)?;
        if let Some(other) = outs.insert(files::place_of(&job.out), line) {
            return Err(wrong(anyhow::anyhow!("“out” is that of line {other}, too")));
        }
        jobs.push(job);
    }
    // An output that is another row's input would change under it.
    for job in &jobs {
        let labels = match &job.prompt {
            JobPrompt::Robot { labels, .. } => Some(labels),
            JobPrompt::Points { .. } => None,
        };
        for input in std::iter::once(&job.image).chain(labels) {
            if let Some(line) = outs.get(&files::place_of(input)) {
                let (this, table) = (job.line, path.display());
                bail!("line {this} reads what line {line} writes ({}): {table}", input.display());
            }
        }
    }
    Ok(jobs)
}

/// What the first line says, and what stands in where a row says nothing.
struct Columns<'a> {
    header: &'a [String],
    folder: &'a Path,
    args: &'a BatchArgs,
}

impl Columns<'_> {
    fn at(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|found| found.eq_ignore_ascii_case(name))
    }

    fn job(&self, line: u64, row: &[String]) -> anyhow::Result<Job> {
        let field = |name: &str| {
            let text = self.at(name).and_then(|at| row.get(at)).map(String::as_str);
            text.filter(|text| !text.is_empty())
        };
        let file = |name: &str| field(name).map(|way| plain(&self.folder.join(way)));
        let Some(image) = file("image") else { bail!("there is no “image”") };
        let Some(out) = file("out") else { bail!("there is no “out”") };
        let endings = io::formats().written_endings(ContentKind::Labels);
        files::check_ending(&out, &endings)?;
        let label = field("label").map(label).transpose()?;
        let prompt = match (field("points"), file("labels")) {
            (Some(_), Some(_)) => {
                bail!("there are points and labels; one of the two must be empty")
            }
            (None, None) => bail!("there are no points, and no labels for a robot"),
            (Some(text), None) => JobPrompt::Points {
                points: points(text)?,
                space: field("space").map_or(Ok(self.args.space), space)?,
                label: label.unwrap_or(1),
            },
            (None, Some(labels)) => JobPrompt::Robot {
                labels,
                label,
                clicks: field("clicks").map_or(Ok(self.args.clicks), clicks)?,
            },
        };
        let name = field("name").map(str::to_owned);
        let series = field("series").map(str::to_owned);
        let address = field("model").filter(|text| is_address(text)).map(PathBuf::from);
        let model = address.or_else(|| file("model"));
        Ok(Job { line, image, series, prompt, name, model, out })
    }
}

/// A path without `.` in it, so that the same file has the same one.
fn plain(path: &Path) -> PathBuf {
    path.components().filter(|c| !matches!(c, std::path::Component::CurDir)).collect()
}

fn points(text: &str) -> anyhow::Result<Vec<TypedPoint>> {
    let typed = text.split(';').map(str::trim).filter(|text| !text.is_empty());
    let points = typed.map(|text| match parse_point(text) {
        Ok(point) => Ok(point),
        Err(why) => bail!("“{text}” is no point: {why}"),
    });
    let points: Vec<TypedPoint> = points.collect::<Result<_, _>>()?;
    match points.first() {
        Some(first) if first.positive => Ok(points),
        Some(_) => bail!("the first point must be inside of the structure (+)"),
        None => bail!("there are no points"),
    }
}

fn space(text: &str) -> anyhow::Result<Space> {
    match text.to_lowercase().as_str() {
        "world" => Ok(Space::World),
        "voxel" => Ok(Space::Voxel),
        _ => bail!("“space” is world or voxel, not “{text}”"),
    }
}

fn label(text: &str) -> anyhow::Result<u16> {
    match text.parse() {
        Ok(label) if label > 0 => Ok(label),
        _ => bail!("“label” is a number from 1 to 65535, not “{text}”"),
    }
}

fn clicks(text: &str) -> anyhow::Result<usize> {
    match text.parse() {
        Ok(clicks) if (1..=100).contains(&clicks) => Ok(clicks),
        _ => bail!("“clicks” is a number from 1 to 100, not “{text}”"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::args;
    use super::*;

    /// What is read of a table, or what is said of it (its own name is TABLE).
    fn read_text(text: &str) -> Result<Vec<Job>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jobs.csv");
        std::fs::write(&path, text).unwrap();
        let said = |error: anyhow::Error| {
            let causes: Vec<_> = error.chain().map(ToString::to_string).collect();
            causes.join(": ").replace(&path.display().to_string(), "TABLE")
        };
        read(&path, &args(&path)).map_err(said)
    }

    #[test]
    fn a_row_is_clicks_or_a_robots() {
        let jobs = read_text(
            "image,points,space,out,labels,label,clicks,name,who,series\n\
             a.nii,\"1,2,3; -4,5.5,6,-\",,a_m.nii.gz,,,,liver,x,1.2.3\n\
             \n\
             b.nii,\"7,8,9,+\",Voxel,./b_m.nii.gz,,7\n\
             b.nii,,,c.nii,b_seg.nii,,,,\n\
             b.nii,,,d.nii,b_seg.nii,3,10,,\n",
        )
        .unwrap();
        let point =
            |x, y, z, positive| TypedPoint { at: crate::geom::DVec3::new(x, y, z), positive };
        let clicked = |points, space, label| JobPrompt::Points { points, space, label };
        let robot = |label, clicks| (label, clicks);
        let [a, b, c, d] = &jobs[..] else { panic!("{jobs:?}") };
        let two = vec![point(1.0, 2.0, 3.0, true), point(-4.0, 5.5, 6.0, false)];
        assert_eq!(a.prompt, clicked(two, Space::World, 1));
        assert_eq!((a.line, a.name.as_deref()), (2, Some("liver")));
        assert_eq!((a.series.as_deref(), b.series.as_deref()), (Some("1.2.3"), None));
        assert_eq!(b.prompt, clicked(vec![point(7.0, 8.0, 9.0, true)], Space::Voxel, 7));
        assert!(b.line == 4 && b.out.ends_with("b_m.nii.gz") && !b.out.ends_with("./b_m.nii.gz"));
        for (job, expected) in [(c, robot(None, 5)), (d, robot(Some(3), 10))] {
            let JobPrompt::Robot { labels, label, clicks } = &job.prompt else { panic!("{job:?}") };
            assert!(labels.ends_with("b_seg.nii") && labels.is_absolute());
            assert_eq!((*label, *clicks), expected);
        }
    }

    #[test]
    fn what_makes_no_sense_is_told_before_anything_is_done() {
        let clicked = "image,points,out\n";
        for (rows, said) in [
            ("", "there is no column “image” in this table (but: ): TABLE"),
            ("image,points\na,b\n", "no column “out” in this table (but: image, points)"),
            ("image,points,out\n,\"1,2,3\",m.nii\n", "line 2 of TABLE: there is no “image”"),
            ("image,points,out\na.nii,\"1,2,3\",\n", "line 2 of TABLE: there is no “out”"),
            ("image,points,out\na.nii,,m.nii\n", "there are no points, and no labels"),
            (
                "image,points,labels,out\na.nii,\"1,2,3\",l.nii,m.nii\n",
                "one of the two must be empty",
            ),
            ("image,points,out\na.nii,1,m.nii\n", "“1” is no point: three numbers"),
            ("image,points,out\na.nii,\"1,nan,3\",m.nii\n", "not a finite number"),
            ("image,points,out\na.nii,\"1,2,3,-\",m.nii\n", "the first point must be inside"),
            ("image,points,out\na.nii,;,m.nii\n", "there are no points"),
            ("image,points,out\na.nii,\"1,2,3\",m.txt\n", "the output's name must end in"),
            (
                "image,points,out,space\na.nii,\"1,2,3\",m.nii,mm\n",
                "“space” is world or voxel, not “mm”",
            ),
            ("image,points,out,label\na.nii,\"1,2,3\",m.nii,0\n", "from 1 to 65535, not “0”"),
            ("image,labels,out,clicks\na.nii,l.nii,m.nii,101\n", "from 1 to 100, not “101”"),
        ] {
            let error = read_text(rows).unwrap_err();
            assert!(error.contains(said), "{rows}: {error}");
        }
        let two = format!("{clicked}a.nii,\"1,2,3\",m.nii\nb.nii,\"1,2,3\",./m.nii\n");
        assert_eq!(read_text(&two).unwrap_err(), "line 3 of TABLE: “out” is that of line 2, too");
        let chain = format!("{clicked}a.nii,\"1,2,3\",m.nii\nm.nii,\"1,2,3\",n.nii\n");
        assert!(read_text(&chain).unwrap_err().starts_with("line 3 reads what line 2 writes"));
        assert_eq!(read_text(clicked), Ok(Vec::new()));
    }
}
