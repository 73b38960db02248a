//! The wires of an outline that is drawn along edges: a slice's costs once for each slice, and for each corner the best
//! wires from there, on a thread of their own. The newest wish wins.

use std::sync::Arc;

use super::DocumentNumber;
use super::open_document::OpenDocument;
use crate::mask::live_wire::{EdgeCosts, Picture, SliceWires};
use crate::mask::{MaskError, WorkLimits};
use crate::ui::text::{Language, speak, spoken, tr};
use crate::ui::{WantedWires, WiresStatus};
use crate::volume::Volume;
use crate::work::memory::Free;
use crate::work::{CancelToken, Wake, Worker};

/// What is computed, and of what.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Key {
    document: DocumentNumber,
    wanted: WantedWires,
}

impl Key {
    /// Whether the other is of the same picture.
    fn has_costs_of(&self, other: &Self) -> bool {
        let anchor = self.wanted.anchor;
        *self == Self { wanted: WantedWires { anchor, ..other.wanted }, ..*other }
    }
}

struct Ask {
    key: Key,
    volume: Arc<Volume>,
    cancel: CancelToken,
    language: Language,
}

struct Told {
    key: Key,
    wires: Result<SliceWires, String>,
}

#[derive(Default)]
enum State {
    #[default]
    Idle,
    Working(Key, CancelToken),
    /// What came of it stands in the status.
    Done(Key),
}

impl State {
    fn key(&self) -> Option<Key> {
        match self {
            Self::Idle => None,
            Self::Working(key, _) | Self::Done(key) => Some(*key),
        }
    }
}

/// The wires that are wanted.
pub(super) struct LiveWires {
    worker: Worker<Ask, Told>,
    state: State,
}

impl LiveWires {
    pub fn start(wake: Wake) -> std::io::Result<Self> {
        // Of the slice that was asked for last.
        let mut costs: Option<(Key, EdgeCosts)> = None;
        let worker = Worker::start("live wire", wake, move |ask: Ask, tell: &dyn Fn(Told)| {
            speak(ask.language);
            if !ask.cancel.is_cancelled()
                && let Some(wires) = wires(&ask, &mut costs)
            {
                tell(Told { key: ask.key, wires });
            }
        })?;
        Ok(Self { worker, state: State::Idle })
    }

    /// Computes what is wanted, unless it is known, and stops what nobody wants any more. What is known is written into
    /// `status`.
    pub fn follow(
        &mut self,
        open: Option<&OpenDocument>,
        wanted: Option<&WantedWires>,
        status: &mut WiresStatus,
    ) {
        let mut died = false;
        while let Some(told) = self.worker.poll() {
            let Ok(Told { key, wires }) = told else {
                died = true;
                break;
            };
            if self.state.key() == Some(key) {
                *status = match wires {
                    Ok(wires) => WiresStatus::Known(key.wanted, Arc::new(wires)),
                    Err(why) => WiresStatus::Refused(key.wanted, why),
                };
                self.state = State::Done(key);
            }
        }
        // Values of another time point are not those that are seen.
        let same = |(open, wanted): &(&OpenDocument, &WantedWires)| {
            open.document.image().time_point() == wanted.time_point
        };
        let Some((open, wanted)) = open.zip(wanted).filter(same) else {
            self.stop();
            *status = WiresStatus::Unknown;
            return;
        };
        let key = Key { document: open.number, wanted: *wanted };
        if self.state.key() != Some(key) {
            self.stop();
            *status = WiresStatus::Unknown;
            let (volume, cancel) = (Arc::clone(open.document.image()), CancelToken::new());
            let ask = Ask { key, volume, cancel: cancel.clone(), language: spoken() };
            died |= self.worker.submit(ask).is_err();
            self.state = State::Working(key, cancel);
        }
        if died {
            let why = tr("Edges could not be looked for: lines are straight.").to_owned();
            *status = WiresStatus::Refused(*wanted, why);
            self.state = State::Done(key);
        }
    }

    fn stop(&mut self) {
        if let State::Working(_, cancel) = &self.state {
            cancel.cancel();
        }
        self.state = State::Idle;
    }
}

/// `None` if nobody wants to know any more.
fn wires(ask: &Ask, kept: &mut Option<(Key, EdgeCosts)>) -> Option<Result<SliceWires, String>> {
    let limits = WorkLimits::new(ask.cancel.clone(), Free::now().usable());
    match compute(ask, kept, &limits) {
        Ok(Some(wires)) => Some(Ok(wires)),
        Ok(None) => Some(Err(tr("There is nothing of the scan in this slice.").to_owned())),
        Err(MaskError::Cancelled) => None,
        Err(_) => {
            Some(Err(tr("Not enough memory to look for edges: lines are straight.").to_owned()))
        }
    }
}

fn compute(
    ask: &Ask,
    kept: &mut Option<(Key, EdgeCosts)>,
    limits: &WorkLimits,
) -> Result<Option<SliceWires>, MaskError> {
    let WantedWires { frame, window, anchor, .. } = &ask.key.wanted;
    let known = kept.take().filter(|(key, _)| key.has_costs_of(&ask.key));
    let costs = if let Some((_, costs)) = known {
        costs
    } else {
        let picture = Picture::in_frame(&ask.volume, frame, limits)?.clamped(*window);
        EdgeCosts::of(&picture)
    };
    let (_, costs) = kept.insert((ask.key, costs));
    SliceWires::of(frame, costs, *anchor, limits)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::document::{Command, Document};
    use crate::geom::{Convention, DAffine3, DVec3, Grid, Plane, SliceFrame};
    use crate::mask::live_wire::PictureFrame;
    use crate::volume::{Scale, StoredGeometry, Voxels};

    /// Bright from x = 8 on in the first time point, and from y = 8 on in the second; the other way round in the second
    /// document.
    fn open(number: u64) -> OpenDocument {
        let dims = [16, 16, 3];
        let grid = Grid::new(dims, DAffine3::IDENTITY).unwrap();
        let of = |n: usize| if (n < 768) == (number == 1) { n % 16 } else { n / 16 % 16 };
        let voxels = Voxels::U8((0..2 * 768).map(|n| 100 * u8::from(of(n) >= 8)).collect());
        let (stored, dims) = (StoredGeometry::of(&grid), vec![16, 16, 3, 2]);
        let volume = Volume::new("v", grid, dims, voxels, Scale::NONE, stored, vec![]);
        OpenDocument::new(DocumentNumber(number), Document::new(Arc::new(volume)), "scan".into())
    }

    fn wanted(open: &OpenDocument, anchor: [usize; 2]) -> WantedWires {
        let image = open.document.image();
        let frame = SliceFrame::new(image.grid(), Plane::Axial, Convention::Radiological);
        let frame = PictureFrame::of_slice(image.grid(), &frame, 1);
        WantedWires { frame, time_point: image.time_point(), window: (0.0, 100.0), anchor }
    }

    type Following = (LiveWires, WiresStatus);

    /// Follows until they are known.
    fn known(of: &mut Following, open: &OpenDocument, wanted: &WantedWires) -> Arc<SliceWires> {
        let (wires, status) = of;
        let until = Instant::now() + Duration::from_mins(1);
        while Instant::now() < until {
            wires.follow(Some(open), Some(wanted), status);
            match &*status {
                WiresStatus::Known(of, wires) if of == wanted => return Arc::clone(wires),
                WiresStatus::Unknown => std::thread::sleep(Duration::from_millis(2)),
                other => panic!("{other:?}"),
            }
        }
        panic!("it never ends");
    }

    #[test]
    fn wires_are_those_of_the_slice_the_time_point_and_the_document() {
        let mut wires = (LiveWires::start(Arc::new(|| {})).unwrap(), WiresStatus::Unknown);
        let mut first = open(1);
        // Along the border of x = 7 and 8, though a straight way would be shorter.
        let ends = [DVec3::new(7.0, 1.0, 1.0), DVec3::new(7.0, 14.0, 1.0)];
        let along = |path: &[DVec3], axis: usize| {
            path.iter().filter(|at| (7.0..=8.0).contains(&at[axis])).count() * 10 / path.len()
        };
        for anchor in [[7, 1], [3, 1]] {
            let path = known(&mut wires, &first, &wanted(&first, anchor)).path(ends[1]);
            assert_eq!(path.last(), Some(&ends[1]));
            assert!(along(&path, 0) >= 7, "{anchor:?}: {path:?}");
        }
        first.document.apply(Command::ShowTimePoint(1)).unwrap();
        let of_second = wanted(&first, [1, 7]);
        let path = known(&mut wires, &first, &of_second).path(DVec3::new(14.0, 7.0, 1.0));
        assert!(along(&path, 1) >= 9, "{path:?}");
        // Of a time point that is not shown yet nothing is known, nor once nobody wants it, nor of no scan.
        let other = WantedWires { time_point: 0, ..of_second };
        for (open, wanted) in
            [(Some(&first), Some(&other)), (Some(&first), None), (None, Some(&other))]
        {
            known(&mut wires, &first, &of_second);
            wires.0.follow(open, wanted, &mut wires.1);
            assert!(matches!(wires.1, WiresStatus::Unknown));
        }
        // Another scan's values are others, however alike the wish.
        let (again, second) = (open(1), open(2));
        let wish = wanted(&again, [1, 5]);
        assert_eq!(wish, wanted(&second, [1, 5]));
        for (open, expected) in [(&again, 5.0), (&second, 7.0)] {
            let path = known(&mut wires, open, &wish).path(DVec3::new(14.0, 5.0, 1.0));
            let furthest = path.iter().map(|at| at.y).fold(0.0, f64::max);
            assert!((furthest - expected).abs() <= 0.5, "{path:?}");
        }
    }
}
