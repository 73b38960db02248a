//! Pictures and films of the views: drawn on a thread and a graphics device of their own, copied or saved.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::App;
use super::document_number::DocumentNumber;
use super::files::{Output, Purpose, same_file};
use crate::document::Document;
use crate::figure::{Figure, FigureError, FigureRenderer, Film, save_film, save_png};
use crate::ui::text::tr;
use crate::ui::{Drawing, FilmFormat, FilmOptions, PictureOptions, Status, Toasts, ViewState};
use crate::work::{CancelToken, Progress, Task, Wake};

/// How often the window looks how far a film is.
const LOOK: Duration = Duration::from_millis(100);

/// What a thread brings: a picture for the clipboard, or nothing because it is in a file.
type Drawn = Result<Option<egui::ColorImage>, FigureError>;

/// Why nothing was drawn.
enum NotDrawn {
    Figure(FigureError),
    /// It would replace the scan.
    Scan,
}

struct PictureJob {
    what: &'static str,
    /// The file it goes to; none for the clipboard.
    path: Option<PathBuf>,
    task: Task<Result<Option<egui::ColorImage>, NotDrawn>>,
}

/// The one picture or film that is being drawn.
pub(super) struct Pictures {
    wake: Wake,
    job: Option<PictureJob>,
}

impl Pictures {
    pub fn new(wake: Wake) -> Self {
        Self { wake, job: None }
    }

    pub fn is_busy(&self) -> bool {
        self.job.is_some()
    }

    pub fn cancel(&self) {
        if let Some(job) = &self.job {
            job.task.cancel();
        }
    }

    fn copy(&mut self, document: &Document, figure: Figure) -> Result<(), String> {
        self.start(tr("Picture"), None, document, move |document, cancel, _| {
            let picture = draw(document, &figure, cancel)?;
            let size = [picture.width() as usize, picture.height() as usize];
            Ok(Some(egui::ColorImage::from_rgba_unmultiplied(size, picture.as_raw())))
        })
    }

    fn save(
        &mut self,
        document: &Document,
        figure: Figure,
        (path, scan): (PathBuf, PathBuf),
    ) -> Result<(), String> {
        let file = path.clone();
        self.start(tr("Picture"), Some((path, scan)), document, move |document, cancel, _| {
            let picture = draw(document, &figure, cancel)?;
            cancel.check()?;
            save_png(&file, &picture)?;
            Ok(None)
        })
    }

    fn film(
        &mut self,
        document: &Document,
        figure: Figure,
        film: Film,
        (path, scan): (PathBuf, PathBuf),
    ) -> Result<(), String> {
        let file = path.clone();
        self.start(tr("Film"), Some((path, scan)), document, move |document, cancel, progress| {
            let mut renderer = FigureRenderer::new(document, &figure.view, cancel)?;
            save_film(&file, &film, &mut renderer, &figure, cancel, progress)?;
            Ok(None)
        })
    }

    /// `to`: the file that it goes to, and the scan's, which that must not be.
    fn start(
        &mut self,
        what: &'static str,
        to: Option<(PathBuf, PathBuf)>,
        document: &Document,
        work: impl FnOnce(Document, &CancelToken, &Progress) -> Drawn + Send + 'static,
    ) -> Result<(), String> {
        if self.job.is_some() {
            return Err(tr("A picture is being drawn already; wait for it or cancel it").to_owned());
        }
        let document = document.snapshot();
        let path = to.as_ref().map(|(path, _)| path.clone());
        let task = Task::start("picture", self.wake.clone(), move |cancel, progress| {
            if to.is_some_and(|(path, scan)| same_file(&path, &scan)) {
                return Err(NotDrawn::Scan);
            }
            work(document, cancel, progress).map_err(NotDrawn::Figure)
        });
        let task = task.map_err(|why| format!("{}: {why}", tr("no thread to draw a picture")))?;
        self.job = Some(PictureJob { what, path, task });
        Ok(())
    }

    /// Takes in what has been drawn, and says how far it is.
    pub fn poll(&mut self, ctx: &egui::Context, status: &mut Status, toasts: &mut Toasts) {
        let Some(job) = &self.job else { return };
        let (done, total) = job.task.progress();
        let Some(answer) = job.task.poll() else {
            status.drawing = Some(Drawing { what: job.what, done, total });
            ctx.request_repaint_after(LOOK);
            return;
        };
        status.drawing = None;
        let Some(job) = self.job.take() else { return };
        match (answer, job.path) {
            (Ok(Ok(Some(picture))), _) => {
                let [width, height] = picture.size;
                ctx.copy_image(picture);
                let text = tr("Picture copied: {size} pixels");
                toasts.info(text.replace("{size}", &format!("{width} × {height}")));
            }
            (Ok(Ok(None)), path) => {
                let name = path.map(|p| p.display().to_string()).unwrap_or_default();
                toasts.info(format!("{}: {name}", tr("Saved")));
            }
            (Ok(Err(NotDrawn::Figure(FigureError::Cancelled))), _) => {}
            (Ok(Err(NotDrawn::Figure(why))), _) => toasts.error(why.to_string()),
            (Ok(Err(NotDrawn::Scan)), path) => {
                let name = path.map(|p| p.display().to_string()).unwrap_or_default();
                let text = tr("That is the scan itself; choose another name");
                toasts.error(format!("{text}: {name}"));
            }
            (Err(_), _) => toasts.error(tr("The picture could not be drawn").to_owned()),
        }
    }
}

fn draw(
    document: Document,
    figure: &Figure,
    cancel: &CancelToken,
) -> Result<image::RgbaImage, FigureError> {
    let mut renderer = FigureRenderer::new(document, &figure.view, cancel)?;
    cancel.check()?;
    renderer.draw(figure)
}

/// `ct.nii.gz` → `ct_axial.png`, beside it. `stem`: how the names of files about the scan begin.
fn suggestion(stem: &str, scan: &Path, output: &Output) -> PathBuf {
    let name = match output {
        Output::Picture(PictureOptions { view: Some(view), .. }) => {
            format!("{stem}_{}.png", view.name().to_lowercase())
        }
        Output::Picture(_) => format!("{stem}_views.png"),
        Output::Film(FilmOptions { format: FilmFormat::Apng, .. }) => format!("{stem}_turn.png"),
        Output::Film(FilmOptions { format: FilmFormat::Gif, .. }) => format!("{stem}_turn.gif"),
        Output::Film(_) => format!("{stem}_turn"),
    };
    scan.with_file_name(name)
}

impl App {
    pub(super) fn copy_picture(&mut self, options: &PictureOptions) {
        let Some(open) = &self.open else { return };
        let copied = self.pictures.copy(&open.document, Figure::of(&self.view, options));
        self.told(copied);
    }

    /// Asks where a picture or a film goes.
    pub(super) fn ask_output(&mut self, output: Output) {
        let Some(open) = &self.open else { return };
        let suggestion = suggestion(&open.stem(&self.formats), &open.path, &output);
        self.files.paths.ask(Purpose::Draw(open.number, output, suggestion));
    }

    /// Draws what was asked for, as it is now, into a file.
    pub(super) fn draw_to(&mut self, number: DocumentNumber, output: &Output, path: PathBuf) {
        let open = self.open.as_ref().filter(|s| s.number == number);
        let Some(open) = open else {
            let text = tr("Not saved, because another scan was opened meanwhile");
            self.toasts.error(format!("{text}: {}", path.display()));
            return;
        };
        let path = (path, open.path.clone());
        let document = &open.document;
        let view: &ViewState = &self.view;
        let started = match output {
            Output::Picture(options) => {
                self.pictures.save(document, Figure::of(view, options), path)
            }
            Output::Film(options) => {
                let FilmOptions { format, frames, seconds, .. } = *options;
                let film = Film { format, frames, seconds };
                self.pictures.film(document, Figure::of_turn(view, options), film, path)
            }
        };
        self.told(started);
    }
}
