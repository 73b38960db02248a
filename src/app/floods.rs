//! Flood fills: computed on a thread of their own for every step of a drag, the newest wish wins, and what comes out is
//! shown before it is done, exactly.

use std::sync::Arc;

use super::DocumentNumber;
use super::model::Preview;
use super::open_document::OpenDocument;
use crate::document::{Change, Command, Document, EditKind, LabelId, Over};
use crate::mask::flood::{Flood, FloodOptions, flood_alike};
use crate::mask::level::{LevelSide, trace_level, trace_level_in_plane};
use crate::mask::{MaskError, Scope, WorkLimits};
use crate::ui::kit::format::shorten;
use crate::ui::text::{Language, speak, spoken, tr, tr_with};
use crate::ui::{FloodBy, FloodStatus, WantedFlood, tools};
use crate::volume::{Region, Volume};
use crate::work::memory::Free;
use crate::work::{CancelToken, Wake, Worker};

/// Numbers of these previews begin here: the others' are elsewhere.
const FIRST_PREVIEW: u64 = 3 << 61;
/// A flood of more voxels is not done: it has left the structure, and takes long.
const MOST_VOXELS: usize = 20_000_000;

/// What is computed, and of what.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Key {
    document: DocumentNumber,
    revision: u64,
    wanted: WantedFlood,
}

impl Key {
    fn of(open: &OpenDocument, wanted: WantedFlood) -> Self {
        let wanted = WantedFlood { released: false, ..wanted };
        Self { document: open.number, revision: open.document.revision(), wanted }
    }

    /// Whether the other is the same flood with another tolerance, or where the pointer was before.
    fn goes_on_from(&self, other: &Self) -> bool {
        let WantedFlood { tolerance, hovers, .. } = self.wanted;
        let seed = if hovers { self.wanted.seed } else { other.wanted.seed };
        let wanted = WantedFlood { seed, tolerance, ..other.wanted };
        *self == Self { wanted, ..*other }
    }
}

struct Ask {
    key: Key,
    /// A copy, without history.
    document: Document,
    number: u64,
    cancel: CancelToken,
    language: Language,
}

/// What would be done.
struct Fill {
    change: Change,
    preview: Option<Preview>,
}

struct Told {
    key: Key,
    fill: Result<Box<Fill>, String>,
}

#[derive(Default)]
enum State {
    #[default]
    Idle,
    Working(Key, CancelToken),
    Done(Key, Result<Change, String>),
}

impl State {
    fn key(&self) -> Option<Key> {
        match self {
            Self::Idle => None,
            Self::Working(key, _) | Self::Done(key, _) => Some(*key),
        }
    }
}

/// The flood fill that is wanted.
pub(super) struct Floods {
    worker: Worker<Ask, Told>,
    state: State,
    /// Of the tolerance that was computed last; it stays on the screen until the next one is there.
    shown: Option<(Key, Preview)>,
    previews: u64,
}

impl Floods {
    pub fn start(wake: Wake) -> std::io::Result<Self> {
        let worker = Worker::start("flood fill", wake, |ask: Ask, tell: &dyn Fn(Told)| {
            if ask.cancel.is_cancelled() {
                return;
            }
            speak(ask.language);
            if let Some(fill) = fill(&ask) {
                tell(Told { key: ask.key, fill: fill.map(Box::new) });
            }
        })?;
        Ok(Self { worker, state: State::Idle, shown: None, previews: 0 })
    }

    /// Follows what is wanted: computes it anew when the wish or the document has changed, and stops what nobody wants
    /// any more. Once a released one is known, `wanted` is taken, and what to do is returned, or why not. While
    /// `waits`, it stays.
    pub fn follow(
        &mut self,
        open: Option<&OpenDocument>,
        wanted: &mut Option<WantedFlood>,
        waits: bool,
        status: &mut FloodStatus,
    ) -> Option<Result<Command, String>> {
        while let Some(told) = self.worker.poll() {
            // A worker that has died answers nothing.
            let Ok(told) = told else {
                self.stop();
                break;
            };
            if self.state.key() == Some(told.key) {
                self.take(told);
            }
        }
        // Values of another time point are not those that were clicked.
        let same = |open: &OpenDocument, flood: &WantedFlood| {
            open.document.image().time_point() == flood.time_point
        };
        wanted.take_if(|flood| open.is_none_or(|open| !same(open, flood)));
        let Some((open, flood)) = open.zip(*wanted) else {
            self.stop();
            self.shown = None;
            *status = FloodStatus::Known;
            return None;
        };
        let key = Key::of(open, flood);
        if self.state.key() != Some(key) {
            self.stop();
            self.shown.take_if(|(shown, _)| !key.goes_on_from(shown));
            if !self.ask(key, &open.document) {
                *wanted = None;
                return Some(Err(tr("The fill could not be computed.").to_owned()));
            }
        }
        *status = match &self.state {
            State::Done(_, Ok(_)) => FloodStatus::Known,
            State::Done(_, Err(why)) => FloodStatus::Refused(why.clone()),
            _ => FloodStatus::Working,
        };
        if !flood.released || waits {
            return None;
        }
        let State::Done(_, result) = &self.state else { return None };
        let result = result.clone();
        *wanted = None;
        let WantedFlood { object, over, gesture, .. } = flood;
        let kind = EditKind::Named(tools::FLOOD_STEP);
        Some(result.map(|change| Command::Edit { object, change, over, kind, gesture }))
    }

    fn take(&mut self, told: Told) {
        let Told { key, fill } = told;
        self.shown = None;
        let result = fill.map(|fill| {
            self.shown = fill.preview.map(|preview| (key, preview));
            fill.change
        });
        self.state = State::Done(key, result);
    }

    fn stop(&mut self) {
        if let State::Working(_, cancel) = &self.state {
            cancel.cancel();
        }
        self.state = State::Idle;
    }

    /// `false` if there is nobody to ask.
    fn ask(&mut self, key: Key, document: &Document) -> bool {
        self.previews += 1;
        let cancel = CancelToken::new();
        let number = FIRST_PREVIEW + self.previews;
        let ask = Ask {
            key,
            document: document.snapshot(),
            number,
            cancel: cancel.clone(),
            language: spoken(),
        };
        let asked = self.worker.submit(ask).is_ok();
        if asked {
            self.state = State::Working(key, cancel);
        }
        asked
    }

    /// What would change, to be drawn.
    pub fn preview(&self) -> Option<&Preview> {
        self.shown.as_ref().map(|(_, preview)| preview)
    }
}

/// What the level of the seed's value encloses in the slice, which may be turned.
fn level(
    image: &Volume,
    wanted: &WantedFlood,
    scope: Scope,
    side: LevelSide,
    limits: &WorkLimits,
) -> Result<Flood, MaskError> {
    let region = match (scope, wanted.plane) {
        (Scope::Slice { axis, .. }, _) => trace_level(image, wanted.seed, axis, side, limits)?,
        (Scope::Volume, Some(plane)) => {
            trace_level_in_plane(image, wanted.seed, plane, side, limits)?
        }
        (Scope::Volume, None) => Region::default(),
    };
    Ok(Flood { region, stopped: false })
}

/// Why a fill of these voxels changes nothing: what there is.
fn nothing_changes(document: &Document, wanted: &WantedFlood, region: &Region) -> String {
    let own = wanted.object.map_or(0, |id| id.0);
    let parts = document.labels().parts_of(region);
    // Another object says more than the background; of several that which has most.
    let others = parts.iter().filter(|(label, _)| ![0, own].contains(*label));
    let most = others.max_by_key(|(_, part)| part.count());
    let other = most.and_then(|(label, _)| document.object(LabelId(*label)));
    let named = |id: LabelId| document.object(id).map(|o| shorten(&o.name, 30)).unwrap_or_default();
    match (other, wanted.over) {
        (Some(other), _) if wanted.erases => {
            let (other, name) = (shorten(&other.name, 30), named(LabelId(own)));
            tr_with(
                "Nothing would change: this is {other}, and {name} is selected.",
                &[("other", &other), ("name", &name)],
            )
        }
        (_, Over::Only(only)) if !wanted.erases => tr_with(
            "Nothing would change: painting is confined to {name}.",
            &[("name", &named(only))],
        ),
        (Some(other), _) if other.locked => tr_with(
            "Nothing would change: this is {name}, which is locked.",
            &[("name", &shorten(&other.name, 30))],
        ),
        (Some(other), _) => tr_with(
            "Nothing would change: this is {name}; “Unlocked objects” would fill over it.",
            &[("name", &shorten(&other.name, 30))],
        ),
        (None, _) if !wanted.erases && own != 0 && parts.contains_key(&own) => tr_with(
            "Nothing would change: all of this is in {name} already.",
            &[("name", &named(LabelId(own)))],
        ),
        (None, _) => tr("Nothing would change.").to_owned(),
    }
}

/// `None` if nobody wants to know any more.
fn fill(ask: &Ask) -> Option<Result<Fill, String>> {
    let Ask { key, document, number, cancel, .. } = ask;
    let wanted = &key.wanted;
    let options = FloodOptions {
        scope: wanted.scope,
        plane: wanted.plane,
        limit: MOST_VOXELS,
        ..FloodOptions::default()
    };
    let limits = WorkLimits::new(cancel.clone(), Free::now().usable());
    let image = document.image();
    let flood = match (wanted.by, wanted.scope) {
        (FloodBy::Tolerance, _) => {
            flood_alike(image, wanted.seed, wanted.tolerance, &options, &limits)
        }
        (FloodBy::Level(side), scope) => level(image, wanted, scope, side, &limits),
    };
    let flood = match flood {
        Ok(flood) => flood,
        Err(MaskError::Cancelled) => return None,
        Err(_) => return Some(Err(tr("Not enough memory for this fill.").to_owned())),
    };
    if flood.stopped {
        return Some(Err(tr_with(
            "More than {n} million voxels are like this and joined: nothing was filled. Choose a smaller tolerance.",
            &[("n", &(MOST_VOXELS / 1_000_000))],
        )));
    }
    let region = Arc::new(flood.region);
    let change = if wanted.erases { Change::Subtract(region) } else { Change::Add(region) };
    let Ok(delta) = document.would_edit(wanted.object, &change, wanted.over) else {
        // The document says why when it is to be done.
        return Some(Ok(Fill { change, preview: None }));
    };
    if delta.is_empty() {
        return Some(Err(nothing_changes(document, wanted, change.region())));
    }
    let drawn = wanted.shown && document.active().map(|o| o.id) == wanted.object;
    let preview =
        drawn.then(|| Preview::of_edit(document, &change, wanted.over, *number)).flatten();
    Some(Ok(Fill { change, preview }))
}

#[cfg(test)]
mod tests;
