//! The robot's thread: how good a mask is, and where it clicks next.

use std::sync::Arc;

use crate::app::comparison::Reference;
use crate::document::LabelId;
use crate::measure::{Robot, RobotClick, dice_of};
use crate::volume::{LabelMap, Region};
use crate::work::{Wake, Worker, memory};

/// A mask that is to be measured, and what the robot looks at for its next click.
pub(super) struct Ask {
    /// Which run it is for.
    pub run: u64,
    pub robot: Robot,
    pub reference: Arc<Reference>,
    /// Which of the reference's labels.
    pub label: usize,
    /// All masks, and the label of the robot's own, once it has one.
    pub labels: LabelMap,
    pub own: Option<LabelId>,
    /// What its own has, and what of it lies under others.
    pub mask: [Arc<Region>; 2],
    /// Another click is wanted.
    pub more: bool,
}

pub(super) struct Told {
    pub run: u64,
    /// With the random numbers that it has not used.
    pub robot: Robot,
    /// Of the mask with the whole label.
    pub dice: f64,
    /// The share of the label that no other object has.
    pub free: f64,
    /// `None`: nothing is wrong, or what is wrong can't be clicked at.
    pub next: Result<Option<RobotClick>, memory::Short>,
}

pub(super) fn start(wake: Wake) -> std::io::Result<Worker<Ask, Told>> {
    Worker::start("robot user", wake, |ask: Ask, tell: &dyn Fn(Told)| tell(look(ask)))
}

/// The robot clicks at what a user can click at: in what other objects have, a positive click is refused.
fn look(ask: Ask) -> Told {
    let Ask { run, mut robot, reference, label, labels, own, mask, more } = ask;
    let row = labels.dims()[0];
    let truth = &reference.labels[label].region;
    let mask = mask[0].union(&mask[1], row);
    let mut free = truth.clone();
    for (other, part) in labels.parts_of(truth) {
        if other != 0 && own != Some(LabelId(other)) {
            free.subtract(&part, row);
        }
    }
    let next = match (more, own) {
        (false, _) => Ok(None),
        (true, own) => memory::check(robot.bytes(&free, &mask)).map(|()| match own {
            Some(_) => robot.next(&free, &mask),
            None => robot.first(&free),
        }),
    };
    let dice = dice_of(&mask, truth);
    let free = free.count() as f64 / truth.count().max(1) as f64;
    Told { run, robot, dice, free, next }
}
