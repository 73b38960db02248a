//! The thread that owns the model: everything that takes longer than a frame happens here.

use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use super::preview::{Canvas, Preview};
use super::schedule::{Flight, Landing, worth_encoding};
use crate::document::Document;
use crate::prompt::{Answer, Capabilities, ImageId, PromptLog};
use crate::segment::cubes::CubeSegmenter;
use crate::segment::{
    DeviceChoice, Outcome, Request, SegmentError, Stage, library, runtime, runtime::Runtime,
};
use crate::work::{CancelToken, Progress, Wake, Worker};

pub(super) enum Ask {
    /// Find ONNX Runtime, then load the model.
    Start(Option<PathBuf>),
    Click(Box<Click>),
    Hover(Box<Hover>),
    /// A scan was closed: let go of what was kept for it.
    ForgetClosed,
}

/// A pending click, or an extension.
pub(super) struct Click {
    pub flight: Flight,
    pub request: Request,
    pub extend: bool,
    pub tokens: Tokens,
}

/// The click that the pointer would make.
pub(super) struct Hover {
    pub flight: Flight,
    pub request: Request,
    /// Encode the cube if it is not at hand.
    pub encode: bool,
    pub canvas: Canvas,
    pub tokens: Tokens,
}

/// How a flight is stopped and watched.
#[derive(Clone, Default)]
pub(super) struct Tokens {
    pub all: CancelToken,
    /// Of the preview that comes after encoding.
    pub preview: CancelToken,
    /// Cubes of an extension.
    pub progress: Progress,
}

pub(super) enum Tell {
    Runtime(Result<Runtime, SegmentError>),
    Loading(String),
    /// The model is there; or it can't be used, but this one, which was there before, still can.
    Model(Result<ReadyModel, (SegmentError, Option<ReadyModel>)>),
    Stage(Flight, Stage),
    /// The encoder runs for the pointer (true), or has done so.
    Prefetches(Flight, bool),
    Clicked {
        flight: Flight,
        model: String,
        result: Box<Result<Outcome, SegmentError>>,
    },
    Hovered {
        flight: Flight,
        landing: Landing,
        preview: Option<Box<Preview>>,
    },
}

pub(super) struct ReadyModel {
    pub name: String,
    pub path: PathBuf,
    pub device: String,
    pub reason: String,
    pub capabilities: Capabilities,
}

/// The model on the worker.
struct Loaded {
    segmenter: CubeSegmenter,
    /// Tells it from every other one, also from what lay at the same place before ([`identity`]).
    id: String,
    path: PathBuf,
}

impl Loaded {
    /// What the status bar says of it.
    fn ready(&self) -> ReadyModel {
        let device = self.segmenter.device();
        let shown = match device.threads {
            0 => device.name.clone(),
            threads => format!("{}·{threads}", device.name),
        };
        let name = self.segmenter.model_name().to_owned();
        ReadyModel {
            name,
            path: self.path.clone(),
            device: shown,
            reason: device.reason.clone(),
            capabilities: self.segmenter.capabilities(),
        }
    }

    /// An object's last answer as far as this model may build on it.
    fn fitting(&self, earlier: Answer) -> Answer {
        if earlier.model.as_ref() == Some(&self.id) { earlier } else { earlier.without_state() }
    }
}

pub(super) fn spawn(wake: Wake) -> std::io::Result<Worker<Ask, Tell>> {
    let mut loaded: Option<Loaded> = None;
    Worker::start("model", wake, move |ask, tell: &dyn Fn(Tell)| match ask {
        Ask::Start(chosen) => match start(chosen, tell) {
            Ok(Some(other)) => {
                tell(Tell::Model(Ok(loaded.insert(other).ready())));
            }
            Ok(None) => {}
            // A model that works is not given up for one that doesn't.
            Err(why) => tell(Tell::Model(Err((why, loaded.as_ref().map(Loaded::ready))))),
        },
        Ask::Click(click) => {
            let flight = click.flight;
            let (model, result) = answer(&mut loaded, *click, tell);
            tell(Tell::Clicked { flight, model, result: Box::new(result) });
        }
        Ask::Hover(hover) => {
            let flight = hover.flight;
            let (landing, preview) = match &mut loaded {
                Some(loaded) => preview(loaded, *hover, tell),
                None => (Landing::Failed, None),
            };
            tell(Tell::Hovered { flight, landing, preview: preview.map(Box::new) });
        }
        Ask::ForgetClosed => {
            if let Some(loaded) = &mut loaded {
                loaded.segmenter.forget_closed();
            }
        }
    })
}

fn answer(
    loaded: &mut Option<Loaded>,
    click: Click,
    tell: &dyn Fn(Tell),
) -> (String, Result<Outcome, SegmentError>) {
    let Click { flight, mut request, extend, tokens } = click;
    let Some(loaded) = loaded else {
        return (String::new(), Err(SegmentError::Run("no model is loaded".to_owned())));
    };
    request.earlier = loaded.fitting(request.earlier);
    let mut stage = |stage| tell(Tell::Stage(flight, stage));
    let Loaded { segmenter, id, .. } = loaded;
    let outcome = if extend {
        segmenter.extend(&request, &tokens.all, &tokens.progress, &mut stage)
    } else {
        segmenter.run(&request, &tokens.all, &mut stage)
    };
    (id.clone(), outcome)
}

/// A preview, if it can be had without the encoder or the encoder may run for it.
fn preview(loaded: &mut Loaded, hover: Hover, tell: &dyn Fn(Tell)) -> (Landing, Option<Preview>) {
    let Hover { flight, mut request, encode, canvas, tokens } = hover;
    request.earlier = loaded.fitting(request.earlier);
    let segmenter = &mut loaded.segmenter;
    if tokens.all.is_cancelled() {
        return (Landing::Stopped, None);
    }
    let missing = match segmenter.missing_cubes(&request) {
        Ok(missing) => missing,
        Err(why) => return failed(&why),
    };
    if missing > 0 {
        if !(encode && worth_encoding(missing)) {
            return (Landing::NotReady, None);
        }
        tell(Tell::Prefetches(flight, true));
        let fetched = segmenter.prefetch(&request, &tokens.all);
        tell(Tell::Prefetches(flight, false));
        if let Err(why) = fetched {
            return failed(&why);
        }
    }
    if tokens.all.is_cancelled() || tokens.preview.is_cancelled() {
        return (Landing::Stopped, None);
    }
    match segmenter.preview(&request, &tokens.all) {
        Ok(Some(outcome)) => (Landing::Shown, Some(canvas.paint(outcome.region, flight.0))),
        Ok(None) => (Landing::NotReady, None),
        Err(why) => failed(&why),
    }
}

fn failed(why: &SegmentError) -> (Landing, Option<Preview>) {
    if matches!(why, SegmentError::Cancelled) {
        return (Landing::Stopped, None);
    }
    // Nobody asked for a preview, so nobody is told why there is none; a click there will say it.
    tracing::debug!("no preview: {why}");
    (Landing::Failed, None)
}

/// Finds the runtime and loads a model. `None` if there is no runtime, which has been told.
fn start(chosen: Option<PathBuf>, tell: &dyn Fn(Tell)) -> Result<Option<Loaded>, SegmentError> {
    let found = runtime::load();
    let missing = found.is_err();
    tell(Tell::Runtime(found));
    if missing {
        return Ok(None);
    }
    let path = chosen.or_else(library::demo_model).ok_or(SegmentError::NoDemoModel)?;
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    tell(Tell::Loading(name));
    // Folders of one name are common, so the whole path names the model.
    let full = path.canonicalize().unwrap_or_else(|_| path.clone());
    // Before it is read: if it is written meanwhile, the next start is of another one.
    let id = identity(&full);
    let segmenter = CubeSegmenter::open(&path, DeviceChoice::Auto, None)?;
    Ok(Some(Loaded { segmenter, id, path: full }))
}

/// Names what lies at a path now: the path, and the length and time of what was written there. Other weights
/// written to the same path are another model. Of a file of an ONNX pair the whole folder counts, because both
/// files, and those that hold their weights, belong together; and weights that lie deeper.
fn identity(path: &Path) -> String {
    let onnx = |p: &Path| p.extension().is_some_and(|e| e.eq_ignore_ascii_case("onnx"));
    let place = if onnx(path) { path.parent().unwrap_or(path) } else { path };
    let mut files: Vec<PathBuf> = std::fs::read_dir(place).map_or_else(
        |_| vec![place.to_owned()],
        |entries| entries.filter_map(|e| Some(e.ok()?.path())).collect(),
    );
    // Of a pair that can't be read the loading will tell.
    files.extend(library::files_of(path).unwrap_or_default());
    files.sort();
    files.dedup();
    let known = files.iter().filter_map(|f| f.metadata().ok()).filter(std::fs::Metadata::is_file);
    let written = |m: &std::fs::Metadata| m.modified().ok()?.duration_since(UNIX_EPOCH).ok();
    let (bytes, newest) = known.fold((0, Duration::ZERO), |(bytes, newest), m| {
        (bytes + m.len(), newest.max(written(&m).unwrap_or_default()))
    });
    format!(
        "{} ({bytes} bytes of {}.{:09})",
        path.display(),
        newest.as_secs(),
        newest.subsec_nanos()
    )
}

/// A request for the window: a click near a cube at hand uses that one.
/// `None` if the image of the clicks is not there.
pub(super) fn request(document: &Document, log: PromptLog, earlier: Answer) -> Option<Request> {
    // The image and the frame in which they were made, whichever are looked at by now.
    let volume = document.image_of(&log)?;
    let mask_grid = (log.image != ImageId::Scan).then(|| document.image().grid().clone());
    Some(Request { volume, mask_grid, log, earlier, near: true })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;

    fn write(path: &Path, bytes: &[u8], at: SystemTime) {
        std::fs::write(path, bytes).unwrap();
        std::fs::File::options().append(true).open(path).unwrap().set_modified(at).unwrap();
    }

    #[test]
    fn other_weights_at_the_same_path_are_another_model() {
        let temp = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        let later = now + Duration::from_secs(1);
        let file = temp.path().join("turbo.pth");
        write(&file, b"weights", now);
        let first = identity(&file);
        assert!(first.starts_with(&*file.display().to_string()), "readable: {first}");
        assert_eq!(identity(&file), first);
        write(&file, b"weights", later);
        let second = identity(&file);
        write(&file, b"other weights", later);
        assert!(first != second && second != identity(&file));

        // Of a pair, by whichever name; the weights may lie beside the graphs.
        let pair = temp.path().join("pair");
        std::fs::create_dir(&pair).unwrap();
        for name in ["encoder.onnx", "decoder.onnx", "encoder.onnx.data"] {
            write(&pair.join(name), b"graph", now);
        }
        // An encoder whose weights lie in w/d: graph (7), initializer (5), external data (13), data location (14).
        let other = temp.path().join("other");
        std::fs::create_dir_all(other.join("w")).unwrap();
        let entry = b"\x6a\x0f\x0a\x08location\x12\x03w/d";
        let tensor = [entry.as_slice(), b"\x70\x01"].concat();
        let graph = [&[0x2a, tensor.len() as u8][..], &tensor].concat();
        let model = [&[0x3a, graph.len() as u8][..], &graph].concat();
        write(&other.join("encoder.onnx"), &model, now);
        write(&other.join("decoder.onnx"), b"", now);
        write(&other.join("w/d"), b"weights", now);
        let before = identity(&other);
        write(&other.join("w/d"), b"weights", later);
        assert_ne!(identity(&other), before);

        for path in [pair.clone(), pair.join("decoder.onnx")] {
            let before = identity(&path);
            write(&pair.join("encoder.onnx.data"), b"graph of another", later);
            assert_ne!(identity(&path), before);
            write(&pair.join("encoder.onnx.data"), b"graph", now);
            assert_eq!(identity(&path), before);
        }
    }
}
