//! What is kept from one run of the program to the next: habits and recent files, never patient data
//! other than the paths of files.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::geom::Convention;
use crate::render::{Interpolation, MaskStyle, Mode3d, Projection};
use crate::ui::state::Preferences;
use crate::ui::text::Language;
use crate::ui::theme::Theme;
use crate::ui::{
    BrushOptions, BrushShape, Layout, PRACTISED, Pane, RecentFile, RecentSeries, SCALES,
    SidePanels, Splits,
};

const KEY: &str = "voxpoint";
const RECENT: usize = 8;
/// Lists of cases of which it is kept how they were set up.
const LISTS: usize = 16;

/// Habits and recent files.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Remembered {
    theme: Theme,
    neurological: bool,
    nearest: bool,
    no_preview: bool,
    recent: Vec<PathBuf>,
    /// Newest first.
    lists: Vec<KeptList>,
    /// Of each of those, which series it was and what that is called; empty where there is none to choose.
    series: Vec<[String; 2]>,
    /// `None` in files of earlier versions.
    more: Option<Habits>,
}

/// How a list of cases was set up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct KeptList {
    /// The folder or the table that it is made of.
    pub place: PathBuf,
    /// The folder in which all sessions are.
    pub sessions: Option<PathBuf>,
    /// The list of names that new objects are called by: its title; empty: by their numbers. `None`: nobody has said.
    pub names: Option<String>,
}

/// Habits, by names that other versions may lack or not know: what can't be read is as at first.
// Each is a switch of its own.
#[allow(clippy::struct_excessive_bools)]
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Habits {
    language: Language,
    scale: f32,
    /// `quad`, `row`, or the large view's name.
    layout: String,
    quad: [f32; 2],
    main: f32,
    row: [f32; 2],
    cubic: bool,
    projection: String,
    /// Fill, outline, outline's width.
    masks: [f32; 3],
    no_crosshair: bool,
    separate_zoom: bool,
    wide: [bool; 2],
    narrow: [bool; 2],
    mode_3d: String,
    clicked_objects: u8,
    brush_mm: f64,
    /// `Disc` or `Ball`.
    brush_shape: String,
    no_pen_pressure: bool,
    mask_window: Option<[f32; 2]>,
    without_patient: bool,
}

impl Remembered {
    /// What an earlier run left, as far as it can be read.
    pub fn load(storage: Option<&dyn eframe::Storage>) -> Self {
        storage.and_then(|s| eframe::get_value(s, KEY)).unwrap_or_default()
    }

    /// Puts the habits into the preferences.
    pub fn apply(&self, prefs: &mut Preferences) {
        prefs.theme = self.theme;
        if self.neurological {
            prefs.convention = Convention::Neurological;
        }
        if self.nearest {
            prefs.interpolation = Interpolation::Nearest;
        }
        prefs.show_preview = !self.no_preview;
        if let Some(habits) = &self.more {
            habits.apply(prefs);
        }
    }

    /// Files opened lately, newest first, be they still there or not.
    pub fn recent(&self) -> Vec<RecentFile> {
        let series = self.series.iter().map(Some).chain(std::iter::repeat(None));
        let file = |(path, series): (&PathBuf, Option<&[String; 2]>)| {
            let series = series.filter(|[key, _]| !key.is_empty());
            let series =
                series.map(|[key, title]| RecentSeries { key: key.clone(), title: title.clone() });
            RecentFile { path: path.clone(), series }
        };
        self.recent.iter().zip(series).map(file).collect()
    }

    fn keep(&mut self, files: &[RecentFile]) {
        self.recent = files.iter().map(|file| file.path.clone()).collect();
        let series = |file: &RecentFile| match &file.series {
            Some(RecentSeries { key, title }) => [key.clone(), title.clone()],
            None => Default::default(),
        };
        self.series = files.iter().map(series).collect();
    }

    /// A scan was opened.
    pub fn opened(&mut self, mut file: RecentFile) {
        file.path = std::path::absolute(&file.path).unwrap_or(file.path);
        let mut files = self.recent();
        files.retain(|f| *f != file);
        files.insert(0, file);
        files.truncate(RECENT);
        self.keep(&files);
    }

    /// How a list of cases was set up, if it was opened before.
    pub fn list(&self, place: &Path) -> Option<&KeptList> {
        self.lists.iter().find(|list| list.place == place)
    }

    /// A list of cases was opened, or set up in another way.
    pub fn keep_list(&mut self, list: KeptList) {
        self.lists.retain(|known| known.place != list.place);
        self.lists.insert(0, list);
        self.lists.truncate(LISTS);
    }

    /// Forgets a recent file, or all.
    pub fn forget(&mut self, file: Option<&RecentFile>) {
        let mut files = self.recent();
        files.retain(|f| file.is_some_and(|file| f != file));
        self.keep(&files);
    }

    /// Keeps the habits for the next run.
    pub fn save(&mut self, prefs: &Preferences, storage: &mut dyn eframe::Storage) {
        self.take(prefs);
        eframe::set_value(storage, KEY, self);
    }

    fn take(&mut self, prefs: &Preferences) {
        self.theme = prefs.theme;
        self.neurological = prefs.convention == Convention::Neurological;
        self.nearest = prefs.interpolation == Interpolation::Nearest;
        self.no_preview = !prefs.show_preview;
        self.more = Some(Habits::of(prefs));
    }
}

const PROJECTIONS: [Projection; 3] = [Projection::Mean, Projection::Max, Projection::Min];

impl Habits {
    fn of(prefs: &Preferences) -> Self {
        let Splits { quad_x, quad_y, main, row } = prefs.splits;
        let MaskStyle { fill, outline, outline_width } = prefs.masks;
        Self {
            language: prefs.language,
            scale: prefs.scale,
            layout: layout_name(prefs.layout),
            quad: [quad_x, quad_y],
            main,
            row,
            cubic: prefs.interpolation == Interpolation::Cubic,
            projection: format!("{:?}", prefs.projection),
            masks: [fill, outline, outline_width],
            no_crosshair: !prefs.show_crosshair,
            separate_zoom: !prefs.link_zoom,
            wide: prefs.side_panels.wide,
            narrow: prefs.side_panels.narrow,
            mode_3d: format!("{:?}", prefs.mode_3d),
            clicked_objects: prefs.clicked_objects,
            brush_mm: prefs.brush.diameter_mm,
            brush_shape: format!("{:?}", prefs.brush.shape),
            no_pen_pressure: !prefs.brush.pen_pressure,
            mask_window: prefs.mask_window,
            without_patient: prefs.without_patient,
        }
    }

    fn apply(&self, prefs: &mut Preferences) {
        prefs.language = self.language;
        let [smallest, .., largest] = SCALES;
        prefs.scale = if self.scale > 0.0 { self.scale.clamp(smallest, largest) } else { 1.0 };
        let layouts = [Layout::Quad, Layout::Row].into_iter().chain(Pane::ALL.map(Layout::Main));
        pick(&mut prefs.layout, layouts, |l| layout_name(*l) == self.layout);
        let inner = |share: f32| share.is_finite() && (0.05..=0.95).contains(&share);
        let Splits { quad_x, quad_y, main, row } = &mut prefs.splits;
        for (share, kept) in [(quad_x, self.quad[0]), (quad_y, self.quad[1]), (main, self.main)] {
            if inner(kept) {
                *share = kept;
            }
        }
        if self.row.into_iter().all(inner) && self.row[0] + 0.05 < self.row[1] {
            *row = self.row;
        }
        if self.cubic {
            prefs.interpolation = Interpolation::Cubic;
        }
        pick(&mut prefs.projection, PROJECTIONS, |p| format!("{p:?}") == self.projection);
        let [fill, outline, outline_width] = self.masks;
        if [fill, outline].iter().all(|o| (0.0..=1.0).contains(o))
            && (0.5..=10.0).contains(&outline_width)
        {
            prefs.masks = MaskStyle { fill, outline, outline_width };
        }
        prefs.show_crosshair = !self.no_crosshair;
        prefs.link_zoom = !self.separate_zoom;
        prefs.side_panels = SidePanels { wide: self.wide, narrow: self.narrow };
        prefs.clicked_objects = self.clicked_objects.min(PRACTISED);
        if (BrushOptions::SMALLEST..=BrushOptions::LARGEST).contains(&self.brush_mm) {
            prefs.brush.diameter_mm = self.brush_mm;
        }
        prefs.brush.pen_pressure = !self.no_pen_pressure;
        prefs.mask_window = self.mask_window.filter(|at| at.iter().all(|x| x.is_finite()));
        prefs.without_patient = self.without_patient;
        let shapes = [BrushShape::Disc, BrushShape::Ball];
        pick(&mut prefs.brush.shape, shapes, |s| format!("{s:?}") == self.brush_shape);
        pick(&mut prefs.mode_3d, Mode3d::ALL, |m| format!("{m:?}") == self.mode_3d);
    }
}

/// Takes over the one of `choices` that was meant, if any was.
fn pick<T>(value: &mut T, choices: impl IntoIterator<Item = T>, meant: impl Fn(&T) -> bool) {
    if let Some(choice) = choices.into_iter().find(|c| meant(c)) {
        *value = choice;
    }
}

fn layout_name(layout: Layout) -> String {
    match layout {
        Layout::Quad => "quad".to_owned(),
        Layout::Row => "row".to_owned(),
        Layout::Main(pane) => pane.name().to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Over;
    use crate::geom::Plane;

    #[test]
    fn habits_are_those_of_the_last_run() {
        let prefs = Preferences {
            theme: Theme::Light,
            language: Language::Chinese,
            scale: 1.25,
            layout: Layout::Main(Pane::Slice(Plane::Coronal)),
            splits: Splits { main: 0.6, row: [0.2, 0.7], ..Splits::default() },
            interpolation: Interpolation::Cubic,
            projection: Projection::Max,
            masks: MaskStyle { fill: 0.2, outline: 0.5, outline_width: 2.0 },
            show_crosshair: false,
            link_zoom: false,
            clicked_objects: 2,
            brush: BrushOptions {
                diameter_mm: 7.5,
                shape: BrushShape::Ball,
                over: Over::Unlocked,
                pen_pressure: false,
            },
            side_panels: SidePanels { wide: [false, true], narrow: [true, false] },
            mode_3d: Mode3d::Mip,
            ..Preferences::default()
        };
        let mut kept = Remembered::default();
        kept.take(&prefs);
        let text = serde_json::to_string(&kept).unwrap();
        let mut next = Preferences::default();
        serde_json::from_str::<Remembered>(&text).unwrap().apply(&mut next);
        let habits = |v: &Preferences| serde_json::to_string(&Habits::of(v)).unwrap();
        assert_eq!(habits(&next), habits(&prefs));
        assert_eq!((next.theme, next.layout, next.scale), (prefs.theme, prefs.layout, 1.25));
        // Whether neighbours may be painted over is chosen anew each time.
        let brush = BrushOptions { over: Over::Background, ..prefs.brush };
        assert_eq!((next.clicked_objects, next.brush), (2, brush));
    }

    #[test]
    fn lists_are_set_up_as_they_were() {
        let mut kept = Remembered::default();
        let list = |n: usize| KeptList {
            place: PathBuf::from(format!("/lists/{n}")),
            sessions: Some(PathBuf::from("/work")),
            names: Some("Our study".to_owned()),
        };
        (0..LISTS + 2).map(list).for_each(|list| kept.keep_list(list));
        kept.keep_list(KeptList { names: None, ..list(5) });
        let text = serde_json::to_string(&kept).unwrap();
        let kept: Remembered = serde_json::from_str(&text).unwrap();
        assert_eq!(kept.list(Path::new("/lists/7")), Some(&list(7)));
        assert_eq!(kept.list(Path::new("/lists/5")).map(|list| &list.names), Some(&None));
        assert_eq!(kept.list(Path::new("/lists/0")), None, "too many");
        assert_eq!(kept.lists.len(), LISTS);
    }

    #[test]
    fn two_series_of_a_folder_are_two_recent_files() {
        let series =
            |key: &str| Some(RecentSeries { key: key.to_owned(), title: format!("CT {key}") });
        let path = PathBuf::from(if cfg!(windows) { "C:\\ct" } else { "/ct" });
        let file = |key| RecentFile { path: path.clone(), series: series(key) };
        let mut kept = Remembered::default();
        for file in [file("1"), file("2"), path.clone().into(), file("1")] {
            kept.opened(file);
        }
        let text = serde_json::to_string(&kept).unwrap();
        let mut kept = serde_json::from_str::<Remembered>(&text).unwrap();
        assert_eq!(kept.recent(), [file("1"), path.clone().into(), file("2")]);
        kept.forget(Some(&file("1")));
        assert_eq!(kept.recent(), [path.clone().into(), file("2")]);
    }

    #[test]
    fn what_makes_no_sense_is_as_at_first() {
        let text = r#"{"more":{"scale":-3,"layout":"spiral","quad":[0,7],"masks":[9,9,9],"row":[0.9,0.1]}}"#;
        let mut prefs = Preferences::default();
        serde_json::from_str::<Remembered>(text).unwrap().apply(&mut prefs);
        let at_first = Preferences::default();
        assert_eq!((prefs.scale, prefs.layout), (1.0, at_first.layout));
        assert_eq!((prefs.splits, prefs.masks), (at_first.splits, at_first.masks));
        // And a file of the version before.
        let old = r#"{"theme":"Light","recent":["a.nii"]}"#;
        let old: Remembered = serde_json::from_str(old).unwrap();
        old.apply(&mut prefs);
        assert_eq!((prefs.theme, old.recent.len()), (Theme::Light, 1));
    }
}
