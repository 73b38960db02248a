//! Opens sessions, and asks what has to be decided on the way.

use std::path::PathBuf;

use super::found::ScanFit;
use super::of_case::OtherScan;
use super::opening::{Book, OpeningOutcome, Why, Wish, go_on};
use crate::app::App;
use crate::app::files::{Purpose, name_of};
use crate::ui::text::tr_with;
use crate::ui::{FileProgress, MasksInside, SessionAnswer, SessionQuestion, tr_error};

impl App {
    /// Opens a session.
    pub(in crate::app) fn open_session(&mut self, path: PathBuf) {
        let path = std::path::absolute(&path).unwrap_or(path);
        if self.sessions.path() == Some(&*path) {
            let name = name_of(&path);
            self.toasts.info(tr_with("{name} is open already", &[("name", &name)]));
            return;
        }
        // A second click on what is being opened, or asked about.
        let opening = self.sessions.opening.as_ref().is_some_and(|(known, _)| *known == path);
        let asked = self.sessions.asked.as_ref().is_some_and(|(book, _)| book.path == path);
        if opening || asked {
            return;
        }
        self.go_on_opening(path.clone(), Wish::Read { path, take_over: false });
    }

    fn go_on_opening(&mut self, path: PathBuf, wish: Wish) {
        self.drop_question();
        self.open_by(path, move |tools| {
            go_on(wish, tools.formats, tools.here, tools.cancel, tools.progress)
        });
    }

    /// A question that is not answered any more: the session is given back.
    fn drop_question(&mut self) {
        self.sessions.asked = None;
        self.status.session_question = None;
    }

    /// Stops opening a session. `false` if none is being opened.
    pub(in crate::app) fn cancel_opening_session(&mut self) -> bool {
        self.status.opening.take_if(|_| self.sessions.opening.is_some());
        self.sessions.opening.take().is_some()
    }

    pub(super) fn follow_opening(&mut self) {
        let Some((path, task)) = &self.sessions.opening else { return };
        let (done, total) = task.progress();
        let name = name_of(path);
        let answer = task.poll();
        if answer.is_none() {
            self.status.opening = Some(FileProgress { name, done, total });
            return;
        }
        let Some(answer) = answer else { return };
        self.sessions.opening = None;
        self.status.opening = None;
        match answer {
            Ok(OpeningOutcome::Ready(ready)) => self.go_on_with(ready),
            Ok(OpeningOutcome::Asks(book, why)) => {
                self.status.session_question = Some(question(name, &book, &why));
                self.sessions.asked = Some((book, why));
            }
            Ok(OpeningOutcome::Failed(why)) => self.toasts.error(why),
            Ok(OpeningOutcome::Cancelled) => {}
            Err(_) => self.toasts.error(tr_with(
                "The reader stopped unexpectedly, please report this file: {name}",
                &[("name", &name)],
            )),
        }
    }

    /// The answer to what has to be decided before a session is opened.
    pub(in crate::app) fn answer_session(&mut self, answer: SessionAnswer) {
        let folder = answer == SessionAnswer::FindFolder;
        if folder || answer == SessionAnswer::Find {
            // Asked again if it is called off.
            self.files.paths.ask(Purpose::FindScan { folder });
            return;
        }
        let Some((book, why)) = self.sessions.asked.take() else { return };
        self.status.session_question = None;
        let path = book.path.clone();
        let wish = match (answer, why) {
            (SessionAnswer::MasksAlone, _) => Wish::MasksAlone(book),
            (SessionAnswer::AllTheSame, Why::Changed { path, fit: ScanFit::Same }) => {
                Wish::AllTheSame(book, path)
            }
            (SessionAnswer::AllTheSame, Why::Unknown { path }) => Wish::Trusted(book, path),
            (SessionAnswer::ByPlace, Why::Changed { path, fit: ScanFit::Elsewhere(_) }) => {
                Wish::ByPlace(book, path)
            }
            (SessionAnswer::AsItIs, Why::OfAnother(_)) => Wish::AllTheSameWork(book),
            (SessionAnswer::TakeNewer, Why::Newer(work)) => Wish::Newer(book, work.draft),
            (SessionAnswer::AsItIs, Why::Newer(_)) | (SessionAnswer::ReadOnly, Why::Held(_)) => {
                Wish::Find(book)
            }
            (SessionAnswer::TakeOver, Why::Held(_)) => {
                Wish::Read { path: path.clone(), take_over: true }
            }
            (_, why) => {
                self.sessions.asked = Some((book, why));
                self.drop_question();
                return;
            }
        };
        self.go_on_opening(path, wish);
    }

    /// The user has said which file a session's scan is.
    pub(in crate::app) fn scan_found(&mut self, scan: PathBuf) {
        let Some((book, _)) = self.sessions.asked.take() else { return };
        self.status.session_question = None;
        let scan = std::path::absolute(&scan).unwrap_or(scan);
        self.go_on_opening(book.path.clone(), Wish::With(book, scan));
    }
}

/// What is asked of a session.
fn question(session: String, book: &Book, why: &Why) -> SessionQuestion {
    let source = &book.contents.snapshot.around.source;
    let scan = source.name.clone();
    match why {
        Why::Held(holder) => {
            SessionQuestion::Held { session, holder: tr_error(&holder), since_ms: holder.since_ms }
        }
        Why::Newer(work) => {
            SessionQuestion::Newer { session, written_ms: work.written_ms, objects: work.objects }
        }
        Why::OfAnother(OtherScan { wanted, own }) => {
            let (session, wanted, own) = (name_of(&book.path), wanted.clone(), own.clone());
            SessionQuestion::OfAnother { session, wanted, own }
        }
        Why::Missing => SessionQuestion::Missing { scan, path: source.file.absolute.clone() },
        Why::Unreadable { path, why } => {
            SessionQuestion::Unreadable { scan, path: path.clone(), why: tr_error(why) }
        }
        Why::Unknown { path } => SessionQuestion::Unknown { scan, path: path.clone() },
        Why::Changed { path, fit } => {
            let inside = match fit {
                ScanFit::Same => None,
                ScanFit::Elsewhere(inside) => {
                    let ml = |n: u64| n as f64 * source.grid.voxel_volume_mm3() / 1000.0;
                    let all = inside.voxels == inside.of;
                    Some(MasksInside { ml: ml(inside.voxels), of_ml: ml(inside.of), all })
                }
            };
            SessionQuestion::Changed { scan, path: path.clone(), inside }
        }
    }
}
