//! The numbers of a comparison: computed on a thread of their own when nothing is being done, and stopped by the next
//! change; the old ones stay until the new ones are there.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::reference::{Reference, objects_as_labels};
use crate::document::{Document, LabelId, Object};
use crate::mask::{MaskError, WorkLimits};
use crate::measure::{
    ComparedMaps, LabelPair, PairBy, compare_bytes, compared_numbers, paired_masks,
};
use crate::ui::text::{Language, speak, spoken, tr, tr_with};
use crate::ui::tr_error;
use crate::ui::{ComparisonRow, ComparisonStatus, ComparisonTable, ComparisonView, ComparisonWork};
use crate::volume::{NamedRegion, Region};
use crate::work::memory::Free;
use crate::work::{CancelToken, Progress, Wake, Worker};

/// So long nothing is done before numbers are computed anew.
const IDLE: Duration = Duration::from_millis(400);

/// What numbers are of.
struct Of {
    reference: u64,
    by: PairBy,
    tolerance_mm: f64,
    /// Weak: who changes a mask is not to copy it for the sake of this.
    objects: Vec<(LabelId, String, [Weak<Region>; 2])>,
}

impl Of {
    fn now(document: &Document, reference: &Reference, view: &ComparisonView) -> Self {
        let objects = document.objects().iter();
        Self {
            reference: reference.number,
            by: view.by,
            tolerance_mm: view.tolerance_mm,
            objects: objects
                .map(|o| (o.id, o.name.clone(), masks(o).map(Arc::downgrade)))
                .collect(),
        }
    }

    fn is(&self, document: &Document, reference: &Reference, view: &ComparisonView) -> bool {
        let same = |(known, now): (&Weak<Region>, &Arc<Region>)| {
            std::ptr::eq(known.as_ptr(), Arc::as_ptr(now))
        };
        let objects = document.objects();
        let chosen = (view.by, view.tolerance_mm);
        self.reference == reference.number
            && (self.by, self.tolerance_mm) == chosen
            && self.objects.len() == objects.len()
            && self.objects.iter().zip(objects).all(|((id, name, region), object)| {
                *id == object.id
                    && *name == object.name
                    && region.iter().zip(masks(object)).all(same)
            })
    }
}

/// What an object has, and what of it lies under others.
fn masks(object: &Object) -> [&Arc<Region>; 2] {
    [&object.region, &object.covered]
}

struct Ask {
    number: u64,
    /// A copy, without history.
    document: Document,
    reference: Arc<Reference>,
    by: PairBy,
    tolerance_mm: f64,
    cancel: CancelToken,
    progress: Progress,
    language: Language,
}

struct Told {
    number: u64,
    table: Result<Arc<ComparisonTable>, String>,
}

struct Working {
    number: u64,
    of: Of,
    cancel: CancelToken,
    progress: Progress,
}

pub(super) struct Numbers {
    worker: Worker<Ask, Told>,
    asked: u64,
    working: Option<Working>,
    /// What is known, or why nothing is.
    known: Option<(Of, Result<Arc<ComparisonTable>, String>)>,
    /// The newest table, of whatever it is.
    shown: Option<Arc<ComparisonTable>>,
    /// Since when what is known is not of what there is.
    stale_since: Option<Instant>,
    /// The document's revision and what was chosen when that was looked at.
    looked: Option<(u64, PairBy, f64)>,
    stopped: bool,
}

impl Numbers {
    pub fn start(wake: Wake) -> std::io::Result<Self> {
        let worker = Worker::start("comparison", wake, |ask: Ask, tell: &dyn Fn(Told)| {
            if ask.cancel.is_cancelled() {
                return;
            }
            speak(ask.language);
            if let Some(table) = table(&ask) {
                tell(Told { number: ask.number, table: table.map(Arc::new) });
            }
        })?;
        Ok(Self {
            worker,
            asked: 0,
            working: None,
            known: None,
            shown: None,
            stale_since: None,
            looked: None,
            stopped: false,
        })
    }

    pub fn is_busy(&self) -> bool {
        self.working.is_some() || (self.stale_since.is_some() && !self.stopped)
    }

    /// The user does not want to wait.
    pub fn stop(&mut self) {
        self.cancel();
        self.stopped = true;
    }

    /// The user wants them after all, or now.
    pub fn go_on(&mut self) {
        self.stopped = false;
        self.stale_since = self.stale_since.map(|since| since.checked_sub(IDLE).unwrap_or(since));
    }

    /// Nothing is compared any more.
    pub fn stop_for_good(&mut self) {
        self.cancel();
        (self.known, self.shown, self.stale_since, self.looked) = (None, None, None, None);
        self.stopped = false;
    }

    fn cancel(&mut self) {
        if let Some(working) = self.working.take() {
            working.cancel.cancel();
        }
    }

    /// Keeps the numbers up with what is compared. While `waits`, something is being done.
    pub fn follow(
        &mut self,
        ctx: &egui::Context,
        document: &Document,
        reference: &Arc<Reference>,
        view: &ComparisonView,
        waits: bool,
        status: &mut ComparisonStatus,
    ) {
        while let Some(told) = self.worker.poll() {
            let Ok(told) = told else {
                let of = Of::now(document, reference, view);
                let why = tr("The numbers could not be computed.").to_owned();
                (self.working, self.known) = (None, Some((of, Err(why))));
                break;
            };
            self.take(told);
        }
        let is_now = |of: &Of| of.is(document, reference, view);
        let current = self.known.as_ref().is_some_and(|(of, _)| is_now(of));
        if current {
            self.cancel();
            self.stale_since = None;
        } else if !self.working.as_ref().is_some_and(|working| is_now(&working.of)) {
            self.cancel();
            let now = Instant::now();
            let looked = (document.revision(), view.by, view.tolerance_mm);
            let changed = self.looked.replace(looked) != Some(looked);
            let first = self.known.is_none();
            if waits || (changed && !first) || self.stale_since.is_none() {
                self.stale_since = Some(now);
            }
            let since = self.stale_since.unwrap_or(now);
            let left = if first { Duration::ZERO } else { IDLE.saturating_sub(since.elapsed()) };
            if left.is_zero() && !waits && !self.stopped {
                self.ask(document, reference, view);
            } else if !self.stopped {
                ctx.request_repaint_after(left.max(Duration::from_millis(10)));
            }
        }
        status.table.clone_from(&self.shown);
        status.stale = !current;
        status.work = self.work(current);
    }

    fn work(&self, current: bool) -> ComparisonWork {
        match (&self.working, &self.known) {
            (Some(working), _) => {
                let (done, total) = working.progress.get();
                ComparisonWork::Working(done, total)
            }
            (None, Some((_, Err(why)))) if current => ComparisonWork::Refused(why.clone()),
            (None, _) if self.stopped && !current => ComparisonWork::Stopped,
            (None, _) => ComparisonWork::Idle,
        }
    }

    fn take(&mut self, told: Told) {
        let Some(working) = self.working.take_if(|working| working.number == told.number) else {
            return;
        };
        if let Ok(table) = &told.table {
            self.shown = Some(Arc::clone(table));
        }
        self.known = Some((working.of, told.table));
        self.stale_since = None;
    }

    fn ask(&mut self, document: &Document, reference: &Arc<Reference>, view: &ComparisonView) {
        self.asked += 1;
        let (cancel, progress) = (CancelToken::new(), Progress::new());
        let ask = Ask {
            number: self.asked,
            document: document.snapshot(),
            reference: Arc::clone(reference),
            by: view.by,
            tolerance_mm: view.tolerance_mm,
            cancel: cancel.clone(),
            progress: progress.clone(),
            language: spoken(),
        };
        let of = Of::now(document, reference, view);
        if self.worker.submit(ask).is_ok() {
            self.working = Some(Working { number: self.asked, of, cancel, progress });
        } else {
            let why = tr("The numbers could not be computed.").to_owned();
            self.known = Some((of, Err(why)));
        }
    }
}

/// `None` if nobody wants to know any more.
fn table(ask: &Ask) -> Option<Result<ComparisonTable, String>> {
    let Ask { document, reference, by, tolerance_mm, cancel, progress, .. } = ask;
    let objects = objects_as_labels(document);
    let pairs = reference.pairs(&objects, *by);
    let (grid, nothing) = (document.image().grid(), Region::default());
    let labels = [&objects[..], &reference.labels[..]];
    let masks = paired_masks(labels, &pairs, &nothing);
    let limits = WorkLimits::new(cancel.clone(), Free::now().usable());
    let needed = compare_bytes(&masks, grid.dims(), rayon::current_num_threads());
    if needed > limits.bytes {
        let mb = needed.div_ceil(1_000_000);
        return Some(Err(tr_with(
            "This needs {mb} MB of memory: compare fewer or smaller objects.",
            &[("mb", &mb)],
        )));
    }
    progress.set_total(masks.len() as u64);
    let done = AtomicU64::new(0);
    let told = || progress.set_done(done.fetch_add(1, Ordering::Relaxed) + 1);
    let found = match compared_numbers(&masks, grid, *tolerance_mm, &limits, &told) {
        Ok(found) => found,
        Err(MaskError::Cancelled) => return None,
        Err(why) => return Some(Err(tr_error(&why))),
    };
    let number = |side: usize, label: &NamedRegion| reference.number_in_file(side, label);
    let found = ComparedMaps::of(labels, &pairs, number, found);
    let compared = reference.compared_pairs(&objects, &pairs);
    let rows = compared
        .into_iter()
        .zip(&pairs)
        .map(|(pair, of)| ComparisonRow { pair, names: names(labels, *of, number) });
    Some(Ok(ComparisonTable { by: *by, tolerance_mm: *tolerance_mm, rows: rows.collect(), found }))
}

/// Names of a pair; of a label without one its number.
fn names(
    [a, b]: [&[NamedRegion]; 2],
    (of_a, of_b): LabelPair,
    number: impl Fn(usize, &NamedRegion) -> u64,
) -> [Option<String>; 2] {
    let name = |side: usize, label: &NamedRegion| {
        label.name.clone().unwrap_or_else(|| number(side, label).to_string())
    };
    [of_a.map(|n| name(0, &a[n])), of_b.map(|n| name(1, &b[n]))]
}
