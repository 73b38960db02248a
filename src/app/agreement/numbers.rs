//! What raters agree on and make together: computed on a thread of its own, stopped by the next change; the old numbers
//! stay until the new ones are there.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::rater::Rater;
use crate::geom::Grid;
use crate::mask::{MaskError, WorkLimits};
use crate::measure::{
    AgreementReport, RatedLabel, RatersTogether, compare_bytes, rated_labels, rater_masks,
    rater_pairs,
};
use crate::ui::text::{tr, tr_with};
use crate::ui::tr_error;
use crate::ui::{AgreementStatus, ComparisonWork};
use crate::volume::{NamedRegion, Region};
use crate::work::memory::Free;
use crate::work::{CancelToken, Progress, Task, Wake};

/// So long nothing is changed before numbers are computed anew.
const IDLE: Duration = Duration::from_millis(400);

/// What the numbers are to be of.
pub(super) struct Wanted<'a> {
    pub raters: &'a [Arc<Rater>],
    /// What they are called in the table.
    pub names: &'a [String],
    pub tolerance_mm: f64,
    /// Somebody looks at them.
    pub looked_at: bool,
    /// More raters are on their way.
    pub waits: bool,
}

/// What numbers are of.
#[derive(Clone, PartialEq)]
struct Of {
    raters: Vec<u64>,
    tolerance_mm: f64,
}

impl Of {
    fn wanted(wanted: &Wanted<'_>) -> Self {
        let raters = wanted.raters.iter().map(|rater| rater.number).collect();
        Self { raters, tolerance_mm: wanted.tolerance_mm }
    }
}

/// A label that some rater has.
pub(super) struct FoundLabel {
    /// In the files.
    pub number: u64,
    pub name: Option<String>,
    pub colour: Option<[u8; 3]>,
}

/// What was computed.
pub(super) struct Found {
    pub report: Arc<AgreementReport>,
    /// In the order of the masks.
    pub labels: Vec<FoundLabel>,
    pub staple: Vec<Region>,
    pub majority: Vec<Region>,
}

type Answer = Result<Found, MaskError>;

pub(super) struct Numbers {
    wake: Wake,
    working: Option<(Of, Vec<String>, Task<Answer>)>,
    /// What is known and of what, or why nothing is.
    known: Option<(Of, Result<Found, String>)>,
    /// What the newest numbers are shown of.
    shown: Option<(Arc<AgreementReport>, Vec<String>)>,
    /// Since when what is wanted is another than what is known.
    stale: Option<(Of, Instant)>,
    stopped: bool,
}

impl Numbers {
    pub fn new(wake: Wake) -> Self {
        Self { wake, working: None, known: None, shown: None, stale: None, stopped: false }
    }

    pub fn is_busy(&self) -> bool {
        self.working.is_some() || (self.stale.is_some() && !self.stopped)
    }

    /// The user does not want to wait.
    pub fn stop(&mut self) {
        (self.working, self.stopped) = (None, true);
    }

    /// The user wants them after all.
    pub fn go_on(&mut self) {
        self.stopped = false;
    }

    /// There is nothing to compare any more.
    pub fn forget(&mut self) {
        *self = Self::new(self.wake.clone());
    }

    /// What was computed, if it is of the raters as they are.
    pub fn now(&self, status: &AgreementStatus) -> Option<&Found> {
        let (_, found) = self.known.as_ref().filter(|_| !status.stale)?;
        found.as_ref().ok()
    }

    /// Keeps the numbers up with what is wanted.
    pub fn follow(
        &mut self,
        ctx: &egui::Context,
        grid: &Grid,
        wanted: &Wanted<'_>,
        status: &mut AgreementStatus,
    ) {
        let now = Of::wanted(wanted);
        self.take_answer();
        if wanted.raters.len() < 2 {
            self.forget();
        } else if self.known.as_ref().is_some_and(|(of, _)| *of == now) {
            (self.working, self.stale, self.stopped) = (None, None, false);
        } else if !wanted.looked_at {
            (self.working, self.stale) = (None, None);
        } else if self.working.as_ref().is_none_or(|(of, ..)| *of != now) {
            self.working = None;
            if self.stale.as_ref().is_none_or(|(of, _)| *of != now) {
                // Another wish, which nobody has stopped yet.
                (self.stale, self.stopped) = (Some((now.clone(), Instant::now())), false);
            }
            let since = self.stale.as_ref().map_or(Duration::ZERO, |(_, since)| since.elapsed());
            let left = IDLE.saturating_sub(since);
            if left.is_zero() && !wanted.waits && !self.stopped {
                self.begin(now.clone(), grid, wanted);
            } else if !wanted.waits && !self.stopped {
                ctx.request_repaint_after(left.max(Duration::from_millis(10)));
            }
        }
        let known = self.known.as_ref().filter(|(of, _)| *of == now);
        status.stale = known.is_none();
        (status.report, status.names) = match &self.shown {
            Some((report, names)) => (Some(Arc::clone(report)), names.clone()),
            None => (None, Vec::new()),
        };
        status.work = match (&self.working, known) {
            (Some((.., task)), _) => {
                let (done, total) = task.progress();
                ComparisonWork::Working(done, total)
            }
            (None, Some((_, Err(why)))) => ComparisonWork::Refused(why.clone()),
            (None, None) if self.stopped => ComparisonWork::Stopped,
            (None, _) => ComparisonWork::Idle,
        };
    }

    fn take_answer(&mut self) {
        let Some(answer) = self.working.as_ref().and_then(|(.., task)| task.poll()) else { return };
        let Some((of, names, _)) = self.working.take() else { return };
        let found = match answer {
            Ok(Ok(found)) => {
                self.shown = Some((Arc::clone(&found.report), names));
                Ok(found)
            }
            Ok(Err(MaskError::Memory { needed, .. })) => Err(tr_with(
                "This needs {mb} MB of memory: compare fewer or smaller objects.",
                &[("mb", &needed.div_ceil(1_000_000))],
            )),
            Ok(Err(why)) => Err(tr_error(&why)),
            Err(_) => Err(tr("The numbers could not be computed.").to_owned()),
        };
        self.known = Some((of, found));
    }

    fn begin(&mut self, of: Of, grid: &Grid, wanted: &Wanted<'_>) {
        let (raters, grid) = (wanted.raters.to_vec(), grid.clone());
        let tolerance_mm = of.tolerance_mm;
        let task = Task::start("agreement", self.wake.clone(), move |cancel, progress| {
            compute(&raters, &grid, tolerance_mm, cancel, progress)
        });
        if let Ok(task) = task {
            self.working = Some((of, wanted.names.to_vec(), task));
        } else {
            let why = tr("The numbers could not be computed.").to_owned();
            self.known = Some((of, Err(why)));
        }
    }
}

fn compute(
    raters: &[Arc<Rater>],
    grid: &Grid,
    tolerance_mm: f64,
    cancel: &CancelToken,
    progress: &Progress,
) -> Answer {
    let limits = WorkLimits::new(cancel.clone(), Free::now().usable());
    let lists: Vec<&[NamedRegion]> = raters.iter().map(|rater| &rater.read.labels[..]).collect();
    let nothing = Region::default();
    let labels = rated_labels(&lists, |n, label| raters[n].in_file(label), &nothing);
    let masks = rater_masks(&labels);
    let needed = compare_bytes(&masks, grid.dims(), rayon::current_num_threads());
    if needed > limits.bytes {
        return Err(MaskError::Memory { needed, limit: limits.bytes });
    }
    progress.set_total((masks.len() + labels.len()) as u64);
    let done = AtomicU64::new(0);
    let told = || progress.set_done(done.fetch_add(1, Ordering::Relaxed) + 1);
    let agreement = rater_pairs(&labels, grid, tolerance_mm, &limits, &told)?;
    let together = RatersTogether::of(&labels, grid, &limits, &told)?;
    let report = AgreementReport {
        raters: raters.iter().map(|rater| rater.path.display().to_string()).collect(),
        tolerance_mm,
        agreement,
        staple: together.rows,
    };
    let label = |of: &RatedLabel<'_>| FoundLabel {
        number: of.label,
        name: of.name.clone(),
        colour: of.colour,
    };
    let labels = labels.iter().map(label).collect();
    let (staple, majority) = (together.staple, together.majority);
    Ok(Found { report: Arc::new(report), labels, staple, majority })
}
