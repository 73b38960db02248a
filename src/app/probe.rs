//! What tests and benches need besides the window itself.

use std::path::PathBuf;
use std::time::Duration;

use super::App;
use crate::document::Command;
use crate::geom::DVec3;
use crate::ui::{Action, ModelStatus, ViewState};

#[doc(hidden)]
impl App {
    /// Moves the crosshair to a world position (RAS mm).
    pub fn look_at(&mut self, world: DVec3) {
        self.view.scan.crosshair = world;
    }

    /// How the user looks at the document, to be changed.
    pub fn view_mut(&mut self) -> &mut ViewState {
        &mut self.view
    }

    /// Does what a panel or a key would ask for.
    pub fn carry_out(&mut self, command: Command) {
        self.run(command);
    }

    /// Does what the panel of cases would ask for.
    pub fn do_with_cases(&mut self, action: crate::ui::CasesAction) {
        self.do_cases(action);
    }

    /// Does what the window would ask for.
    pub fn act(&mut self, action: Action, ctx: &egui::Context) {
        self.perform(action, ctx);
    }

    /// Looks at another time point, from 0.
    pub fn show_time_point(&mut self, time_point: usize) {
        self.view.scan.time_point = time_point;
    }

    /// What is drawn of the click or the edit that the pointer would make: voxels that it would add.
    pub fn preview_voxels(&self) -> Option<usize> {
        let by_hand = self.edit_preview.get().or(self.floods.preview());
        let preview = by_hand.or(self.model.preview())?;
        let gained = preview.styles[0].value;
        Some(preview.labels.regions().get(&gained).map_or(0, crate::volume::Region::count))
    }

    /// What is drawn of what objects would grow to: voxels that each would gain, in the order of their labels.
    pub fn growth_voxels(&self) -> Vec<usize> {
        let Some(preview) = self.growth.preview(self.open.as_ref()) else { return Vec::new() };
        let regions = preview.labels.regions();
        let drawn = preview.styles.iter().filter_map(|style| regions.get(&style.value));
        drawn.map(crate::volume::Region::count).collect()
    }

    /// Whether no click waits, nothing is loaded and nothing is saved.
    pub fn is_idle(&self) -> bool {
        let pending = self.document().is_some_and(|d| d.pending().is_some());
        let loading = matches!(self.status.model, ModelStatus::Loading(_));
        let thresholding = self.threshold.is_busy();
        let drawing = self.pictures.is_busy();
        !pending
            && !loading
            && !thresholding
            && !drawing
            && self.view.transient.flood.is_none_or(|flood| flood.hovers)
            && self.view.transient.cut.is_none()
            && !self.files.is_opening()
            && !self.sessions.is_opening()
            && !self.files.is_saving()
            && !self.files.paths.is_looking()
            && !self.comparison.is_busy()
            && !self.agreement.is_busy()
            && !self.robot.is_busy()
            && !self.measures_file.is_busy()
            && !self.meshes.is_busy()
    }

    /// Where the open document is kept, once all of it is there.
    pub fn kept_in(&self) -> Option<&std::path::Path> {
        let open = self.open.as_ref()?;
        self.sessions.kept(open).then(|| self.sessions.path())?
    }

    /// The longest [`App::step`] since the last call.
    pub fn take_longest_step(&mut self) -> Duration {
        std::mem::take(&mut self.longest_step)
    }

    /// Uses the model in this folder.
    pub fn use_model(&mut self, folder: PathBuf) {
        self.model.choose(Some(folder.into()), &mut self.status);
    }
}
