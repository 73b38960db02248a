//! Which of the scans of a folder is to be opened: asked of the user, with a small picture of each.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use rayon::prelude::*;

use super::App;
use super::files::{Role, Which, name_of};
use super::offers::told;
use crate::io::{GreyPicture, SeriesList, SeriesRow};
use crate::ui::{RecentFile, RecentSeries, SeriesCard, SeriesQuestion, SmallPicture};
use crate::volume::Volume;
use crate::work::{Task, Wake};

/// Pixels of a picture's longest side.
const PICTURE: usize = 96;

/// A list of scans that the user has to choose from.
pub(super) struct SeriesChoice {
    path: PathBuf,
    role: Role,
    list: Arc<dyn SeriesList>,
    pictures: Receiver<(usize, GreyPicture)>,
    /// Of which case of the list they are.
    case: Option<usize>,
    /// Draws them; ends with this.
    _drawing: Option<Task<()>>,
}

impl App {
    /// Asks which of several scans is meant.
    pub(super) fn ask_series(&mut self, path: PathBuf, role: Role, list: Arc<dyn SeriesList>) {
        self.asked_series += 1;
        self.status.series = Some(SeriesQuestion {
            number: self.asked_series,
            name: name_of(&path),
            over_scan: role == Role::Overlay,
            beside_scan: matches!(role, Role::Beside(_)),
            rows: list.rows().iter().map(card).collect(),
            likely: list.likely(),
            notes: list.notes().iter().map(told).collect(),
        });
        let (drawing, pictures) = draw(self.graphics.wake(), Arc::clone(&list));
        let case = None;
        self.choice = Some(SeriesChoice { path, role, list, pictures, case, _drawing: drawing });
    }

    /// Asks which of several scans is meant where a case of the list lies.
    pub(super) fn ask_series_of_case(
        &mut self,
        (case, scan): (usize, PathBuf),
        list: Arc<dyn SeriesList>,
    ) {
        self.ask_series(scan, Role::Any, list);
        if let Some(choice) = &mut self.choice {
            choice.case = Some(case);
        }
    }

    /// Puts pictures that are ready into the list.
    pub(super) fn follow_series(&mut self) {
        let (Some(choice), Some(asked)) = (&self.choice, &mut self.status.series) else { return };
        for (row, picture) in choice.pictures.try_iter() {
            if let Some(card) = asked.rows.get_mut(row) {
                let rgb = picture.pixels.iter().flat_map(|grey| [*grey; 3]).collect();
                card.picture = Some(Arc::new(SmallPicture { size: picture.size, rgb }));
            }
        }
    }

    /// The user has chosen one, or none.
    pub(super) fn choose_series(&mut self, row: Option<usize>) {
        self.status.series = None;
        let Some(SeriesChoice { path, role, list, case, .. }) = self.choice.take() else { return };
        let Some(row) = row.filter(|row| *row < list.rows().len()) else { return };
        let which = Which::Row(list, row);
        match case.filter(|at| self.is_case(*at, &path)) {
            Some(at) => self.open_case_as(at, which),
            None => self.files.open_one(path, role, which),
        }
    }
}

/// How a scan is found again: of several in one place, by its series.
pub(super) fn recent_file(path: &Path, volume: &Volume) -> RecentFile {
    // Only those are called otherwise than their place.
    let title = volume.name().strip_prefix(&*name_of(path));
    let title = title.and_then(|rest| rest.trim().strip_prefix('(')?.strip_suffix(')'));
    let series = title.zip(volume.provenance().series());
    let series = series.map(|(title, key)| RecentSeries { key, title: title.to_owned() });
    RecentFile { path: path.to_owned(), series }
}

fn card(row: &SeriesRow) -> SeriesCard {
    let remarks: Vec<String> = row.remarks.iter().map(|remark| told(&remark.note())).collect();
    SeriesCard {
        patient: row.patient.for_the_screen().to_owned(),
        patient_number: row.patient_number,
        study: row.study.clone(),
        study_number: row.study_number,
        date: row.date.clone().unwrap_or_default(),
        title: row.title(),
        description: row.description.clone(),
        images: row.images,
        size: row.size,
        remarks: remarks.join(", "),
        is_scan: row.is_scan,
        picture: None,
    }
}

/// Draws the pictures of a list, those first that are most likely looked at.
fn draw(
    wake: Wake,
    list: Arc<dyn SeriesList>,
) -> (Option<Task<()>>, Receiver<(usize, GreyPicture)>) {
    let (ready, pictures) = channel();
    let each = wake.clone();
    let task = Task::start("series pictures", wake, move |cancel, _| {
        let rows: Vec<usize> = (0..list.rows().len()).collect();
        rows.into_par_iter().for_each_with(ready, |ready, row| {
            if cancel.is_cancelled() {
                return;
            }
            // Nobody may be there any more to look at it.
            if let Some(picture) = list.picture(row, PICTURE, cancel)
                && ready.send((row, picture)).is_ok()
            {
                each();
            }
        });
    });
    (task.ok(), pictures)
}
