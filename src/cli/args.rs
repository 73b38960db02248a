//! What may be typed, and nothing about what it does.

mod batch;
mod clean;
mod compare;
mod convert;
mod eval;
mod measure;
mod mesh;
mod model;
mod prompts;
mod render;
mod server;

use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

pub use batch::{BatchArgs, ShardArg};
pub use clean::CleanArgs;
pub use compare::{CompareArgs, PairArg};
pub use convert::{ConvertArgs, ConvertAs, SeriesArg, SuvArg, TableArg};
pub use measure::{MeasureArgs, MeasureSuv};
pub use mesh::MeshArgs;
pub use model::{ModelCommand, ModelDownloadArgs, ModelExportArgs, ModelInfoArgs};
pub use prompts::{TypedPrompt, TypedPrompts};

use crate::geom::DVec3;
use crate::io::{ContentKind, formats};
use crate::prompt::{KeptParts, MaskRule, PromptShape, WorkingScale};
use crate::segment::DeviceChoice;
use crate::volume::Window;

pub use render::{CameraArg, ClipArg, LayoutArg, RenderArgs, View};
pub use server::{SendArgs, ServerArgs};

pub use eval::{CropAt, Edit, EmbedArgs, EvalArgs, First, FirstPrompt, Labels, StartFrom};

fn scan_help() -> String {
    let endings = formats().readable_endings();
    format!(
        "A scan to open ({endings}), then label maps of it; or a folder or a table (.csv) of scans to be worked through"
    )
}

fn mask_help() -> String {
    let endings = formats().written_endings(ContentKind::Labels).join(" or ");
    format!("Where to write the label map ({endings}); the structure has label 1")
}

fn labels_help() -> String {
    let endings = formats().written_endings(ContentKind::Labels).join(" or ");
    format!("Where to write the label map ({endings}); a table of its names is written beside it")
}

/// Open a scan, click once inside a structure, get its 3D mask, save a NIfTI that opens in the right place.
///
/// Without a command, opens the window. A file that is called like a command is opened as ./NAME.
#[derive(Debug, Parser)]
#[command(name = "voxpoint", version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// What to do without a window.
    #[command(subcommand)]
    pub command: Option<CliCommand>,
    /// A scan, then label maps of it.
    #[arg(value_name = "FILE", help = scan_help())]
    pub files: Vec<PathBuf>,
    /// An image to lay over the scan in the window (PET on CT); give it again for a second and a third.
    #[arg(long, value_name = "FILE", requires = "files")]
    pub overlay: Vec<PathBuf>,
    /// A second scan, shown beside the first in the window, where its header places it.
    #[arg(long, value_name = "FILE", requires = "files")]
    pub beside: Option<PathBuf>,
    /// The time point of a 4D scan beside, counted from 1; else that of the first, if both have as many.
    #[arg(long, value_name = "N", value_parser = parse_time_point, requires = "beside")]
    pub beside_time_point: Option<usize>,
    /// A label map of the scan, as those that are named after it; give it again for more.
    #[arg(long, value_name = "FILE", requires = "files")]
    pub mask: Vec<PathBuf>,
    /// Another label map of the scan, which the masks are compared with in the window; or one of the scan beside, which
    /// is drawn over that.
    #[arg(long, value_name = "FILE", requires = "files")]
    pub compare: Option<PathBuf>,
    /// Another model for the window: a checkpoint (.pth), a folder with encoder.onnx and decoder.onnx, or the address
    /// of a server, to which nothing is sent before the window has asked.
    #[arg(long, value_name = "DIR|FILE|URL")]
    pub model: Option<PathBuf>,
    /// How that server is reached.
    #[command(flatten)]
    pub server: ServerArgs,
}

/// The commands; none of them needs a display.
#[derive(Debug, Subcommand)]
pub enum CliCommand {
    /// Say what a scan, a label map or a session holds.
    Info(InfoArgs),
    /// Write a scan or a label map in another format.
    Convert(ConvertArgs),
    /// Write the masks of a session as a label map.
    ExportSession(ExportSessionArgs),
    /// List the scans of a folder or a table, and how far the work on each is.
    List(ListArgs),
    /// Make a mask from clicks.
    Segment(Box<SegmentArgs>),
    /// Draw a scan, and a label map on it, as a PNG.
    Render(Box<RenderArgs>),
    /// Compare label maps, or folders of them: Dice, distances, lesions; agreement of several raters.
    Compare(Box<CompareArgs>),
    /// Clean label maps: drop small masks, keep the largest parts, split sides; a dry run first.
    Clean(CleanArgs),
    /// Write the structures of a label map as triangle meshes (glTF, OBJ, STL, PLY).
    Mesh(MeshArgs),
    /// Measure the structures of label maps: volumes, values, shape, diameters, uptake.
    Measure(MeasureArgs),
    /// Say what a model is, fetch SAM-Med3D, or write it as ONNX for other programs.
    #[command(subcommand)]
    Model(ModelCommand),
    /// Make the masks of a table's rows: clicks, or a robot's on label maps; goes on where it was stopped.
    Batch(BatchArgs),
    /// Let a robot click on labelled scans and measure the masks (Dice, surface Dice, seconds).
    Eval(EvalArgs),
    /// Write what the model's encoder says of a cube of the scan, for programs.
    Embed(EmbedArgs),
    /// Find or fetch ONNX Runtime, which runs the model.
    #[command(subcommand)]
    Runtime(RuntimeCommand),
    /// Measure how fast this machine opens a scan and answers a click.
    Bench(BenchArgs),
}

/// `voxpoint info`.
#[derive(Args, Debug)]
pub struct InfoArgs {
    /// The file; a folder, a ZIP archive or a DICOMDIR with several scans lists them.
    pub file: PathBuf,
    /// Which of those.
    #[command(flatten)]
    pub series: SeriesArg,
    /// Print JSON: dims, frames (time points), spacing, dtype, orientation, `world_from_voxel`, min, max, mean,
    /// provenance (format, `placed_by`, `says_sides`, conflicts, identifiers), warnings; of a session program, `created_ms`, `written_ms`, minutes, steps, state, exported, scan, `scan_inside`, `scan_inside_bytes`, overlays, beside, `beside_labels`, compared, models,
    /// objects, measurements, damage; of a place with several scans place, series (key, title, patient, study, `study_description`,
    /// description, modality, number, date, images, size, remarks, `is_scan`, likely), notes.
    #[arg(long)]
    pub json: bool,
}

/// `voxpoint export-session`.
// Each is a flag of its own.
#[allow(clippy::struct_excessive_bools)]
#[derive(Args, Debug)]
pub struct ExportSessionArgs {
    /// The session; its scan is not needed, but for DICOM and for pictures.
    #[arg(value_name = "S.voxpoint")]
    pub session: PathBuf,
    /// Where to write the label map.
    #[arg(
        long,
        value_name = "MASK.nii.gz",
        help = labels_help(),
        required_unless_present_any = ["per_label", "csv", "pictures", "measurements"]
    )]
    pub out: Option<PathBuf>,
    /// The scan, where it is not where the session says: for pictures, and of a DICOM label file (.dcm, .rtstruct.dcm) the
    /// images that it names.
    #[arg(long, value_name = "FOLDER|FILE")]
    pub reference: Option<PathBuf>,
    /// Write each object into a file of its own in this folder, called as the object is: 1 where it is, also where others
    /// lie over it.
    #[arg(long, value_name = "FOLDER")]
    pub per_label: Option<PathBuf>,
    /// How the names of those files end (.nii.gz, .nrrd, .mha, …); else as those of the scan.
    #[arg(long, value_name = "ENDING")]
    pub ending: Option<String>,
    /// Write a table of the objects (.csv): number, name, state, voxels, `volume_ml`, points, corrected, model, seconds
    /// (time from the step before, at most two minutes, of each step that was done to it).
    #[arg(long, visible_alias = "table", value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Write the drawn measurements (.csv, .json): name, kind, lengths, angle, area, places; of rectangles the mean, SD
    /// and range of the scan's values, if the scan is found as for pictures.
    #[arg(long, value_name = "FILE")]
    pub measurements: Option<PathBuf>,
    /// Draw each object on the scan into this folder (.png): in the axial, coronal and sagittal slice with most of it. The
    /// scan is found as the window finds it, or is the one that is in the session.
    #[arg(long, value_name = "FOLDER")]
    pub pictures: Option<PathBuf>,
    /// Write the names and colours of the objects beside the label map for other programs, too: 3D Slicer (.ctbl),
    /// `FreeSurfer` (`_LUT.txt`), BIDS (.tsv). ITK-SNAP's table is written in any case.
    #[arg(long, value_enum, value_name = "PROGRAM", value_delimiter = ',', requires = "out")]
    pub tables: Vec<TableArg>,
    /// Of a damaged session, write what is whole.
    #[arg(long)]
    pub partly: bool,
    /// Leave out of a DICOM file who the patient is, and all dates (basic profile of PS3.15); UIDs stay.
    #[arg(long)]
    pub anonymise: bool,
    /// Replace a label map or a table that Voxpoint did not write, and files of --per-label and --pictures.
    #[arg(long)]
    pub force: bool,
    /// Print JSON: out, objects, voxels, files (all that were written), overlaps (label, name, voxels, `volume_ml` of what lies under other objects; kept:
    /// the file has it), damage.
    #[arg(long)]
    pub json: bool,
}

/// `voxpoint list`.
#[derive(Args, Debug)]
pub struct ListArgs {
    /// A folder with scans (also in folders in it; a BIDS data set), or a table with a column “scan”, and if need be
    /// “series”, “session” and “name”. Label maps are left out by their names.
    #[arg(value_name = "FOLDER|CSV")]
    pub place: PathBuf,
    /// The folder in which all sessions are; else each is beside its scan, or where the table says.
    #[arg(long, value_name = "FOLDER")]
    pub sessions: Option<PathBuf>,
    /// Print JSON: place, cases (name, scan, series, session, state, objects, `objects_done`, minutes, `written_ms`, `open_by`,
    /// problem), notes, total, `not_started`, `in_progress`, flagged, done, minutes.
    #[arg(long)]
    pub json: bool,
}

/// `voxpoint segment`.
#[derive(Args, Debug)]
pub struct SegmentArgs {
    /// The scan.
    pub image: PathBuf,
    /// Which scan of a folder.
    #[command(flatten)]
    pub series: SeriesArg,
    /// Points, boxes, scribbles and lassos.
    #[command(flatten)]
    pub prompts: TypedPrompts,
    /// How many voxels it is from the middle of a scribble to its edge.
    #[arg(long, value_name = "VOXELS", default_value_t = 1.0, value_parser = parse_radius)]
    pub scribble_radius: f64,
    /// A label map on the scan's grid, whose mask the clicks correct. The first of them may be outside (-) then.
    #[arg(long, value_name = "MASK")]
    pub start_from: Option<PathBuf>,
    /// The label of that mask; else there must be one only.
    #[arg(long, value_name = "N", requires = "start_from", value_parser = clap::value_parser!(u16).range(1..))]
    pub start_label: Option<u16>,
    /// What the coordinates are: millimetres to the patient's Right, Anterior, Superior, or voxel indices.
    #[arg(long, value_enum, default_value_t = Space::World)]
    pub space: Space,
    /// Which time point of a scan with several, counted from 1.
    #[arg(long, visible_alias = "frame", value_name = "N", default_value_t = 1, value_parser = parse_time_point)]
    pub time_point: usize,
    /// Another image at the same place in the world (the PET of a CT) that the model looks at instead of the scan; the
    /// mask lies on the scan's grid. Of several time points the first.
    #[arg(long, value_name = "FILE")]
    pub model_image: Option<PathBuf>,
    /// A voxel belongs to the mask if the model gives it more than this probability.
    #[arg(long, value_name = "P", value_parser = parse_probability, default_value_t = 0.5)]
    pub threshold: f64,
    /// How several clicks make one mask.
    #[arg(long, value_enum, default_value_t = Rule::Steady)]
    pub rule: Rule,
    /// Which parts of the mask to keep. Parts are apart if their voxels touch nowhere, not even by a corner.
    #[arg(long, value_enum, default_value_t = PartsArg::default())]
    pub parts: PartsArg,
    /// Let the model see the scan so many times larger: for scans much finer than its 1.5 mm (micro-CT, mice). The
    /// scan, the points and the mask keep their size.
    #[arg(long, value_name = "N", value_parser = parse_working_scale, default_value_t = WorkingScale::ONE)]
    pub working_scale: WorkingScale,
    /// Follow the mask beyond the model's cube (192 mm at working scale 1), as far as it goes.
    #[arg(long)]
    pub extend: bool,
    /// Which model, and where.
    #[command(flatten)]
    pub model: ModelArgs,
    /// What goes to a server.
    #[command(flatten)]
    pub send: SendArgs,
    /// Where to write the label map.
    #[arg(long, value_name = "MASK.nii.gz", help = mask_help())]
    pub out: PathBuf,
    /// Where to write the last logits around the first click, trilinear on 128³ voxels of 1.5 mm (at
    /// working scale 1), as float32.
    #[arg(long, value_name = "FILE.nii.gz")]
    pub logits: Option<PathBuf>,
    /// Replace files that Voxpoint did not write, and a label table beside the mask with names of others. Without
    /// it only what an earlier “segment” wrote is replaced.
    #[arg(long)]
    pub force: bool,
    /// Print JSON: frame (the time point), image (what the model looked at), `working_scale`, device, `device_reason`,
    /// server (requests, sent, received, `network_ms`, `server_ms`; null if the model is here), ms, iou, `crop_affine`, patches, touches, voxels, `volume_ml`.
    #[arg(long)]
    pub json: bool,
}

/// `--rule`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Rule {
    /// A positive click takes nothing away but around negative ones; one inside of the mask lets it grow by less than
    /// half.
    #[default]
    Steady,
    /// The model's last answer alone, as the authors of SAM-Med3D do.
    Authors,
}

impl From<Rule> for MaskRule {
    fn from(rule: Rule) -> Self {
        match rule {
            Rule::Steady => MaskRule::Steady,
            Rule::Authors => MaskRule::Authors,
        }
    }
}

/// `--parts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PartsArg {
    /// All of them.
    All,
    /// Those that hold a positive click; all if none does.
    Clicked,
}

/// That of the window.
impl Default for PartsArg {
    fn default() -> Self {
        match KeptParts::default() {
            KeptParts::All => Self::All,
            KeptParts::Clicked => Self::Clicked,
        }
    }
}

impl From<PartsArg> for KeptParts {
    fn from(parts: PartsArg) -> Self {
        match parts {
            PartsArg::All => KeptParts::All,
            PartsArg::Clicked => KeptParts::Clicked,
        }
    }
}

/// A click as typed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TypedPoint {
    /// In the space that `--space` says.
    pub at: DVec3,
    /// Inside the structure.
    pub positive: bool,
}

/// What coordinates mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Space {
    /// RAS millimetres.
    World,
    /// Voxel indices, the first voxel's centre at 0,0,0.
    Voxel,
}

/// `--device`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DeviceArg {
    /// CUDA where it works, else the CPU.
    Auto,
    /// The CPU.
    Cpu,
    /// CUDA or an error.
    Cuda,
}

impl From<DeviceArg> for DeviceChoice {
    fn from(device: DeviceArg) -> Self {
        match device {
            DeviceArg::Auto => Self::Auto,
            DeviceArg::Cpu => Self::Cpu,
            DeviceArg::Cuda => Self::Cuda,
        }
    }
}

/// Which model, and where it runs: the same for every command that needs one.
#[derive(Args, Clone, Debug)]
pub struct ModelArgs {
    /// Another model: a checkpoint (.pth), or a folder with encoder.onnx and decoder.onnx; for `segment` and `batch`
    /// also the address of a server that has one (`https://host[:port][/path]`).
    #[arg(long, value_name = "DIR|FILE|URL")]
    pub model: Option<PathBuf>,
    /// Where to run the model.
    #[arg(long, value_enum, default_value_t = DeviceArg::Auto)]
    pub device: DeviceArg,
    /// Threads of the model on the CPU; those of `eval` and `batch` are shared by their jobs.
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..=1024))]
    pub threads: Option<usize>,
}

/// `voxpoint runtime`.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum RuntimeCommand {
    /// Fetch the library with pip into your data folder, if it is not there already.
    Install,
    /// Say which library is used, or why there is none.
    Status,
}

/// `voxpoint bench`.
#[derive(Args, Debug)]
pub struct BenchArgs {
    /// What to measure.
    #[arg(value_enum)]
    pub what: BenchWhat,
    /// Files and folders of scans (`files`).
    #[arg(value_name = "FILE|FOLDER")]
    pub places: Vec<PathBuf>,
    /// Voxels of the synthetic scan.
    #[arg(long, value_name = "XxYxZ", value_parser = parse_dims, default_value = "512x512x300")]
    pub size: [usize; 3],
    /// How often each thing is measured.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = RangedU64ValueParser::<usize>::new().range(1..=1000))]
    pub repeat: usize,
    /// Which model, and where.
    #[command(flatten)]
    pub model: ModelArgs,
    /// A Python with the authors' code (models/bench/README.md), to be measured in the same run: half of our
    /// measurements come before it, half after it, and medians are of both halves together.
    /// For `view` a Python with VTK, for `edit` one with SimpleITK and SciPy, for `files` one with SimpleITK and pydicom.
    #[arg(long, value_name = "PYTHON")]
    pub peer: Option<PathBuf>,
    /// Fail if the only graphics adapter draws with the CPU (`view`, `large`).
    #[arg(long)]
    pub gpu: bool,
    /// Voxels of the large synthetic scan (`large`), two bytes each.
    #[arg(long, value_name = "XxYxZ", value_parser = parse_dims, default_value = "512x512x2000")]
    pub large: [usize; 3],
    /// Clients that ask at the same time (`server`), as 1,2,4,8: a server of a fixed speed here, or that of --model URL,
    /// which gets a synthetic scan.
    #[arg(long, value_name = "N,N…", value_delimiter = ',', value_parser = RangedU64ValueParser::<usize>::new().range(1..=64))]
    pub clients: Vec<usize>,
    /// How that of --model is reached.
    #[command(flatten)]
    pub server: ServerArgs,
    /// Milliseconds that the server of a fixed speed takes for an image (`server --clients`); for a click a tenth of it.
    #[arg(long, value_name = "MS", default_value_t = 100)]
    pub service_ms: u64,
    /// Objects of `session`, with ten clicks each.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = RangedU64ValueParser::<usize>::new().range(2..=60_000))]
    pub objects: usize,
    /// Rows of `batch`.
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = RangedU64ValueParser::<usize>::new().range(2..=100_000))]
    pub rows: usize,
    /// Pairs of `compare`.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = RangedU64ValueParser::<usize>::new().range(2..=10_000))]
    pub pairs: usize,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// The file that a process of its own opens, to measure its peak memory.
    #[arg(long, hide = true)]
    pub file: Option<PathBuf>,
}

/// What `voxpoint bench` measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BenchWhat {
    /// Opening a .nii.gz, beside Python's nibabel and numpy.
    Open,
    /// Crop and normalisation, and a second click without the network.
    Click,
    /// The network: session, first, prefetched and further clicks, memory; with --peer the authors' code beside it.
    Model,
    /// Slices, the window, the 3D view and an edit on the graphics adapter; with --peer VTK beside it.
    View,
    /// Strokes of the brush: the document, the graphics device, and frames with 3D.
    Brush,
    /// Parts, holes, growing, smoothing of a mask of 100 mL; with --peer SimpleITK and SciPy beside it.
    Edit,
    /// A thousand strokes: memory of the history, undo and redo.
    History,
    /// Opening the files and folders that are named, reading their bytes, listing a folder of several scans; with --peer
    /// SimpleITK and pydicom in turn. Not among all.
    Files,
    /// Keeping work: the UI thread, what a stroke writes, opening fifty objects again.
    Session,
    /// Opening a scan of a gigabyte: first slices, and 3D. Not among all.
    Large,
    /// A click that a server on this machine answers at once: what it costs beside sending the same bytes. With
    /// --clients instead how many scans a minute several clients get, where that bends, and why.
    Server,
    /// Many small rows of `voxpoint batch`: what it takes beside the model, and its memory. Not among all.
    Batch,
    /// Many pairs of `voxpoint compare` of two folders: by one job and by several, gone on with, and memory. Not among all.
    Compare,
    /// All of these.
    All,
    /// Opens `--file` once: what the `open` measurement starts.
    #[value(hide = true)]
    OpenOnce,
    /// Reads the bytes of `--file`, or of all files in it.
    #[value(hide = true)]
    ReadOnce,
    /// Lists the scans of the folder `--file`.
    #[value(hide = true)]
    ListOnce,
}

fn number(text: &str) -> Result<f64, String> {
    let text = text.trim();
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        _ => Err(format!("“{text}” is not a finite number")),
    }
}

/// Neither 0 nor 1, which no finite logit reaches.
fn parse_probability(text: &str) -> Result<f64, String> {
    match number(text)? {
        p if p > 0.0 && p < 1.0 => Ok(p),
        p => Err(format!("{p} is not between 0 and 1")),
    }
}

fn parse_working_scale(text: &str) -> Result<WorkingScale, String> {
    let (least, most) = (WorkingScale::RANGE.start(), WorkingScale::RANGE.end());
    WorkingScale::new(number(text)?)
        .ok_or_else(|| format!("{text} is not between {least} and {most}"))
}

fn parse_radius(text: &str) -> Result<f64, String> {
    match number(text)? {
        radius if (0.0..=PromptShape::WIDEST).contains(&radius) => Ok(radius),
        radius => Err(format!("{radius} is not between 0 and {}", PromptShape::WIDEST)),
    }
}

fn parse_position(text: &str) -> Result<DVec3, String> {
    let parts: Vec<&str> = text.split(',').collect();
    let [x, y, z] = parts.as_slice() else {
        return Err("three numbers are needed: X,Y,Z".to_owned());
    };
    Ok(DVec3::new(number(x)?, number(y)?, number(z)?))
}

pub(super) fn parse_point(text: &str) -> Result<TypedPoint, String> {
    let (position, positive) = match text.rsplit_once(',') {
        Some((rest, "+")) => (rest, true),
        Some((rest, "-")) => (rest, false),
        _ => (text, true),
    };
    let at = parse_position(position)
        .map_err(|why| format!("{why}; a point is X,Y,Z or X,Y,Z,+ or X,Y,Z,-"))?;
    Ok(TypedPoint { at, positive })
}

fn parse_time_point(text: &str) -> Result<usize, String> {
    match text.trim().parse() {
        Ok(n) if n > 0 => Ok(n),
        _ => Err(format!("“{text}” is not a whole number from 1 on")),
    }
}

fn parse_window(text: &str) -> Result<Window, String> {
    let (centre, width) = text.split_once(',').ok_or("two numbers are needed: CENTRE,WIDTH")?;
    let (centre, width) = (number(centre)?, number(width)?);
    if width <= 0.0 {
        return Err("the width must be more than 0".to_owned());
    }
    Ok(Window::new(centre, width))
}

fn parse_counts<const N: usize>(text: &str, what: &str, max: u64) -> Result<[u64; N], String> {
    let parts: Vec<&str> = text.split(['x', 'X', '×']).collect();
    let mut counts = [0; N];
    if parts.len() != N {
        return Err(format!("{what} is needed"));
    }
    for (count, part) in counts.iter_mut().zip(parts) {
        *count = match part.trim().parse() {
            Ok(n) if (1..=max).contains(&n) => n,
            _ => return Err(format!("“{part}” is not a whole number from 1 to {max}")),
        };
    }
    Ok(counts)
}

fn parse_dims(text: &str) -> Result<[usize; 3], String> {
    Ok(parse_counts::<3>(text, "XxYxZ, for example 512x512x300,", 2048)?.map(|n| n as usize))
}
