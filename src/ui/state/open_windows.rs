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
    /// The log.
    pub log: bool,
    /// What the log is filtered by.
    pub log_filter: String,
}

impl Windows {
    /// Closes all; says whether one was open.
    pub fn close_all(&mut self) -> bool {
        // Every field is named, so that none is forgotten.
        let Self { help, about, about_model, picture, film, history, log, log_filter: _ } = self;
        let mut was_open = false;
        for open in [help, about, about_model, picture, film, history, log] {
            was_open |= std::mem::take(open);
        }
        was_open
    }
}
