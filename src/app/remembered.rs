//! What is kept from one run of the program to the next: habits and recent files, never patient data
//! other than the paths of files.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::geom::Convention;
use crate::render::Interpolation;
use crate::ui::ViewState;
use crate::ui::theme::Theme;

const KEY: &str = "voxpoint";
const RECENT: usize = 8;

/// Habits and recent files.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Remembered {
    theme: Theme,
    neurological: bool,
    nearest: bool,
    no_preview: bool,
    recent: Vec<PathBuf>,
}

impl Remembered {
    /// What an earlier run left, as far as it can be read.
    pub fn load(storage: Option<&dyn eframe::Storage>) -> Self {
        storage.and_then(|s| eframe::get_value(s, KEY)).unwrap_or_default()
    }

    /// Puts the habits into a view.
    pub fn apply(&self, view: &mut ViewState) {
        view.theme = self.theme;
        if self.neurological {
            view.convention = Convention::Neurological;
        }
        if self.nearest {
            view.interpolation = Interpolation::Nearest;
        }
        view.show_preview = !self.no_preview;
    }

    /// Files that are still there, newest first.
    pub fn recent(&self) -> Vec<PathBuf> {
        self.recent.iter().filter(|p| p.is_file()).cloned().collect()
    }

    /// A scan was opened.
    pub fn opened(&mut self, path: &Path) {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        self.recent.retain(|p| *p != path);
        self.recent.insert(0, path);
        self.recent.truncate(RECENT);
    }

    /// Keeps the view's habits for the next run.
    pub fn save(&mut self, view: &ViewState, storage: &mut dyn eframe::Storage) {
        self.theme = view.theme;
        self.neurological = view.convention == Convention::Neurological;
        self.nearest = view.interpolation == Interpolation::Nearest;
        self.no_preview = !view.show_preview;
        eframe::set_value(storage, KEY, self);
    }
}
