//! The system's file dialogs, and whether there are any: a desktop's are served by another process, which may be
//! missing, or silent for ever.

use std::path::PathBuf;
use std::pin::Pin;
use std::time::{Duration, Instant};

#[cfg(all(unix, not(target_os = "macos")))]
use crate::work::program::on_path;

/// What a file dialog is asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DialogQuestion {
    /// What the dialog is called.
    pub title: String,
    /// Kinds of files, each with its endings (without the dot).
    pub kinds: Vec<(String, Vec<&'static str>)>,
    /// For a file that is to be written: its folder and name to begin with. `None` asks for a file that exists.
    pub suggestion: Option<PathBuf>,
    /// It asks for a folder that exists.
    pub folder: bool,
    /// It asks for one file or several that exist.
    pub several: bool,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DialogReply {
    /// The user chose this.
    Path(PathBuf),
    /// The user chose these, where several were asked for.
    Paths(Vec<PathBuf>),
    /// The user closed the dialog.
    CalledOff,
    /// None appeared.
    NoDialog,
}

/// A dialog that is ready to be shown and waited for, on a thread of its own. Before it appears it has to call what
/// it is given; on `false` nobody waits for it any more, and it must not appear.
pub type Dialog = Box<dyn FnOnce(&dyn Fn() -> bool) -> DialogReply + Send>;

/// Makes dialogs; called on the UI thread (macOS wants that).
pub type Dialogs = Box<dyn Fn(&DialogQuestion) -> Dialog>;

/// Nobody calls off a dialog sooner than this: it never appeared.
const UNSEEN: Duration = Duration::from_millis(400);

/// What a system's dialog answers in the end.
type Chosen = Pin<Box<dyn Future<Output = Option<DialogReply>> + Send>>;

/// The dialogs of the system.
pub(in crate::app) fn of_the_system() -> Dialogs {
    Box::new(|question| {
        let mut dialog = rfd::AsyncFileDialog::new().set_title(&question.title);
        for (name, endings) in &question.kinds {
            dialog = dialog.add_filter(name, endings);
        }
        if let Some(suggestion) = &question.suggestion {
            dialog = dialog.set_file_name(super::names::name_of(suggestion));
            if let Some(folder) = suggestion.parent() {
                dialog = dialog.set_directory(folder);
            }
        }
        let one = |file: rfd::FileHandle| DialogReply::Path(file.path().to_owned());
        let all = |files: Vec<rfd::FileHandle>| {
            DialogReply::Paths(files.iter().map(|file| file.path().to_owned()).collect())
        };
        // Made here and only waited for on the other thread.
        let chosen: Chosen = match question.suggestion {
            Some(_) => {
                let chosen = dialog.save_file();
                Box::pin(async move { chosen.await.map(one) })
            }
            None if question.folder => {
                let chosen = dialog.pick_folder();
                Box::pin(async move { chosen.await.map(one) })
            }
            None if question.several => {
                let chosen = dialog.pick_files();
                Box::pin(async move { chosen.await.map(all) })
            }
            None => {
                let chosen = dialog.pick_file();
                Box::pin(async move { chosen.await.map(one) })
            }
        };
        Box::new(move |appears| {
            if !are_there() {
                return DialogReply::NoDialog;
            }
            if !appears() {
                return DialogReply::CalledOff;
            }
            let since = Instant::now();
            match pollster::block_on(chosen) {
                Some(reply) => reply,
                // It says the same when it is called off and when it can't be shown.
                None if since.elapsed() < UNSEEN || !are_there() => DialogReply::NoDialog,
                None => DialogReply::CalledOff,
            }
        })
    })
}

/// Whether the desktop can show a file dialog: its portal has one, or there is the program that does it without.
#[cfg(all(unix, not(target_os = "macos")))]
fn are_there() -> bool {
    pollster::block_on(portal_has_file_dialogs()).is_ok() || on_path("zenity").is_some()
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
fn are_there() -> bool {
    true
}

/// Asks the desktop's portal for the version of its file dialogs, which it has only where something shows them.
#[cfg(all(unix, not(target_os = "macos")))]
async fn portal_has_file_dialogs() -> zbus::Result<()> {
    let bus = zbus::connection::Builder::session()?.method_timeout(PORTAL_WAIT).build().await?;
    let get = ("org.freedesktop.portal.FileChooser", "version");
    bus.call_method(
        Some("org.freedesktop.portal.Desktop"),
        "/org/freedesktop/portal/desktop",
        Some("org.freedesktop.DBus.Properties"),
        "Get",
        &get,
    )
    .await?;
    Ok(())
}

/// As long as a portal may take that is started only now. (The window waits less, see `paths`.)
#[cfg(all(unix, not(target_os = "macos")))]
const PORTAL_WAIT: Duration = Duration::from_secs(20);
