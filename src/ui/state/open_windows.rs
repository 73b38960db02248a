use super::agreement::AgreementChoice;
use super::server::ServerDraft;
use super::work_list::CasesPanel;

/// What is looked for among the commands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Palette {
    /// What has been typed.
    pub text: String,
    /// Which of those found is chosen, from 0.
    pub chosen: usize,
}

/// Which windows are open over the views.
#[derive(Clone, Debug, Default)]
// Each is open or not, whatever the others are.
#[allow(clippy::struct_excessive_bools)]
pub struct Windows {
    /// The list of shortcuts.
    pub help: bool,
    /// What the program is.
    pub about: bool,
    /// What the model in use is.
    pub about_model: bool,
    /// The choice of a picture.
    pub picture: bool,
    /// The choice of a film.
    pub film: bool,
    /// The list of changes.
    pub history: bool,
    /// What can be done to a mask.
    pub operation: bool,
    /// Objects grown from their seeds.
    pub growth: bool,
    /// What was measured.
    pub measures: bool,
    /// The choice of meshes.
    pub meshes: bool,
    /// Label maps of several raters.
    pub agreement: bool,
    /// What that is set to.
    pub agreement_choice: AgreementChoice,
    /// The robot user.
    pub robot: bool,
    /// A model on a server.
    pub server: bool,
    /// The address that is typed there.
    pub server_draft: ServerDraft,
    /// The log.
    pub log: bool,
    /// What the log is filtered by.
    pub log_filter: String,
    /// All commands, found by their words.
    pub palette: Option<Palette>,
    /// The list of cases: no window, but a panel.
    pub cases: CasesPanel,
}

impl Windows {
    /// Closes all; says whether one was open.
    pub fn close_all(&mut self) -> bool {
        // Every field is named, so that none is forgotten.
        let Self {
            help,
            about,
            about_model,
            picture,
            film,
            history,
            operation,
            growth,
            measures,
            meshes,
            agreement,
            agreement_choice: _,
            robot,
            server,
            server_draft: _,
            log,
            log_filter: _,
            palette,
            cases: _,
        } = self;
        let mut was_open = palette.take().is_some();
        let others = [
            help,
            about,
            about_model,
            picture,
            film,
            history,
            operation,
            growth,
            measures,
            meshes,
            agreement,
            robot,
            server,
            log,
        ];
        for open in others {
            was_open |= std::mem::take(open);
        }
        was_open
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_windows_close_at_once() {
        type Open = fn(&mut Windows);
        let each: [Open; 15] = [
            |w| w.help = true,
            |w| w.about = true,
            |w| w.about_model = true,
            |w| w.picture = true,
            |w| w.film = true,
            |w| w.history = true,
            |w| w.operation = true,
            |w| w.growth = true,
            |w| w.measures = true,
            |w| w.meshes = true,
            |w| w.agreement = true,
            |w| w.robot = true,
            |w| w.server = true,
            |w| w.log = true,
            |w| w.palette = Some(Palette::default()),
        ];
        for open in each {
            let mut windows = Windows { log_filter: "model".to_owned(), ..Windows::default() };
            assert!(!windows.close_all(), "none is open");
            open(&mut windows);
            assert!(windows.close_all());
            assert!(!windows.close_all(), "one press is enough");
            assert_eq!(windows.log_filter, "model");
        }
    }
}
