//! Before the robot begins: which objects have voxels of the labels that it is to click in. A mask gets only voxels that no
//! object has, so that its figures would be poor for a reason that is none of the model's.

use std::collections::BTreeMap;

use crate::app::App;
use crate::app::document_number::DocumentNumber;
use crate::document::{Command, LabelId, Object, ObjectState};
use crate::prompt::PromptLog;
use crate::ui::text::tr;
use crate::ui::{InTheWay, InTheWayAnswer, ModelStatus};
use crate::work::{Died, Task};

/// Less of the labels than this is not worth a question.
const HARDLY_ANY: f64 = 0.005;

/// What is found out by a thread.
pub(super) struct Survey {
    /// Which document, and which reference by its number.
    of: (DocumentNumber, u64),
    /// `None`: it is known, and asked about if need be.
    task: Option<Task<Found>>,
    /// The robot's own masks, as they were when it was asked whether they are to go.
    asked: Vec<Object>,
}

/// An object that a run has made, as it left it: what its mask was computed from, and its name.
pub(super) struct Made {
    name: String,
    log: PromptLog,
}

impl Made {
    /// As an object is now.
    pub fn of(object: &Object) -> Self {
        Self { name: object.name.clone(), log: object.log.clone() }
    }

    /// Whether the user has not worked on it: what he has is his.
    fn is_still(&self, object: &Object) -> bool {
        let untouched =
            !object.locked && !object.is_corrected() && object.state == ObjectState::Open;
        untouched && self.name == object.name && self.log == object.log
    }
}

impl Survey {
    /// Whether it is being found out.
    pub fn is_busy(&self) -> bool {
        self.task.is_some()
    }
}

/// Voxels of all labels, and how many of them each object has; `None`: it was cancelled.
type Found = Option<(usize, BTreeMap<u16, usize>)>;

/// If the thread has died nothing is known to lie in the way: the robot begins, and says what was free.
fn found_by(answer: Result<Found, Died>) -> Found {
    answer.unwrap_or_else(|_| Some(Default::default()))
}

impl App {
    /// Begins at once if there is no object, else finds out first which ones lie in the way.
    pub(super) fn survey_for_robot(&mut self) {
        let (Some(open), Some(reference)) = (&self.open, self.comparison.reference()) else {
            return;
        };
        if self.robot.is_busy() {
            return;
        }
        self.status.robot.in_the_way = None;
        let labels = self.labels_for_robot(reference);
        if labels.is_empty() || !open.document.objects().iter().any(Object::has_voxels) {
            return self.start_robot();
        }
        let (map, given) = (open.document.labels().clone(), reference.clone());
        let task = Task::start("robot's way", self.robot.wake.clone(), move |cancel, _| -> Found {
            let (mut all, mut taken) = (0, BTreeMap::new());
            for label in labels {
                cancel.check().ok()?;
                let region = &given.labels[label].region;
                all += region.count();
                for (object, part) in map.parts_of(region).into_iter().filter(|(o, _)| *o != 0) {
                    *taken.entry(object).or_default() += part.count();
                }
            }
            Some((all, taken))
        });
        match task {
            Ok(task) => {
                let of = (open.number, reference.number);
                self.robot.survey = Some(Survey { of, task: Some(task), asked: Vec::new() });
            }
            // Without a thread it is not known: it begins, and says what was free.
            Err(_) => self.start_robot(),
        }
    }

    /// Begins, or asks, once that is known. What was found of other objects or labels is no matter any more.
    pub(super) fn follow_survey(&mut self) {
        let document = self.open.as_ref().map(|open| open.number);
        let now = document.zip(self.comparison.reference().map(|reference| reference.number));
        if self.robot.survey.as_ref().is_some_and(|survey| Some(survey.of) != now) {
            (self.robot.survey, self.status.robot.in_the_way) = (None, None);
        }
        let Some(survey) = &mut self.robot.survey else { return };
        let Some(answer) = survey.task.as_ref().and_then(Task::poll) else { return };
        survey.task = None;
        let Some((all, taken)) = found_by(answer) else { return };
        let Some(found) = self.in_the_way(all, &taken) else { return self.start_robot() };
        let own = self.open.iter().flat_map(|open| open.document.objects());
        let own: Vec<Object> = own.filter(|o| found.robots.contains(&o.id)).cloned().collect();
        if let Some(survey) = &mut self.robot.survey {
            survey.asked = own;
        }
        self.status.robot.in_the_way = Some(found);
    }

    /// What is to be asked about; `None` if nothing is.
    fn in_the_way(&self, all: usize, taken: &BTreeMap<u16, usize>) -> Option<InTheWay> {
        let share = |voxels: usize| voxels as f64 / all.max(1) as f64;
        let total = share(taken.values().sum());
        if total < HARDLY_ANY {
            return None;
        }
        let open = self.open.as_ref()?;
        let is_robots = |o: &&Object| self.is_robots(o);
        let objects = open.document.objects().iter().filter(|o| taken.contains_key(&o.id.0));
        let (own, others): (Vec<&Object>, Vec<&Object>) = objects.partition(is_robots);
        let of_others: usize = others.iter().filter_map(|o| taken.get(&o.id.0)).sum();
        let names = |objects: &[&Object]| objects.iter().map(|o| o.name.clone()).collect();
        Some(InTheWay {
            share: total,
            share_of_others: share(of_others),
            robots: own.iter().map(|o| o.id).collect(),
            names: [names(&own), names(&others)],
        })
    }

    /// Whether a run has made this object, and nobody has worked on it since.
    fn is_robots(&self, object: &Object) -> bool {
        let here = self.open.as_ref().map(|open| open.number) == self.robot.of;
        here && self.robot.made.get(&object.id).is_some_and(|made| made.is_still(object))
    }

    /// Whether the robot's masks are what they were when it was asked about them: meanwhile the user could go on.
    fn are_as_asked(&self, asked: &[Object]) -> bool {
        let Some(document) = self.document() else { return false };
        asked.iter().all(|then| {
            document.object(then.id).is_some_and(|now| {
                self.is_robots(now) && (&now.region, &now.covered) == (&then.region, &then.covered)
            })
        })
    }

    /// The answer to that.
    pub(super) fn answer_in_the_way(&mut self, answer: InTheWayAnswer) {
        let goes_on = answer != InTheWayAnswer::Cancel;
        if goes_on && !matches!(self.status.model, ModelStatus::Ready { .. }) {
            // Nothing is deleted for a run that can't begin; the question stays.
            let text = tr("The robot begins once a model is ready: answer then.");
            return self.toasts.info(text.to_owned());
        }
        let Some(question) = self.status.robot.in_the_way.take() else { return };
        let asked = self.robot.survey.take().map(|survey| survey.asked).unwrap_or_default();
        match answer {
            InTheWayAnswer::Cancel => {}
            InTheWayAnswer::Beside => self.start_robot(),
            InTheWayAnswer::Delete if !self.are_as_asked(&asked) => {
                let text = tr(
                    "What lies in the robot's way was changed meanwhile: nothing was deleted, and it is looked at anew.",
                );
                self.toasts.info(text.to_owned());
                self.survey_for_robot();
            }
            InTheWayAnswer::Delete => {
                let ids: Vec<LabelId> = question.robots;
                if ids.is_empty() || self.run(Command::RemoveObjects(ids)) {
                    self.start_robot();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::geom::DVec3;
    use crate::prompt::Prompt;

    #[test]
    fn a_thread_that_died_keeps_nothing_from_beginning() {
        let task =
            Task::start("robot's way", Arc::new(|| ()), |_, _| -> Found { panic!("it dies") });
        let answer = task.expect("a thread").wait();
        assert!(answer.is_err());
        assert_eq!(found_by(answer), Some((0, BTreeMap::new())));
        assert_eq!(found_by(Ok(None)), None, "it was cancelled");
    }

    #[test]
    fn whatever_the_user_does_to_a_mask_makes_it_his() {
        type Deed = fn(&mut Object);
        let mut object = Object::new(LabelId(1), "robot: liver".to_owned(), [1, 2, 3]);
        object.log.prompts.push(Prompt::new(DVec3::ZERO, true));
        let made = Made::of(&object);
        assert!(made.is_still(&object));
        let rows: [(&str, bool, Deed); 9] = [
            ("hidden", true, |o| o.visible = false),
            ("a colour", true, |o| o.colour = [9, 9, 9]),
            ("a name", false, |o| o.name = "liver".to_owned()),
            ("a click", false, |o| o.log.prompts.push(Prompt::new(DVec3::X, false))),
            ("a click undone", false, |o| o.log.prompts.clear()),
            ("the threshold", false, |o| o.log.threshold = 0.5),
            ("locked", false, |o| o.locked = true),
            ("done", false, |o| o.state = ObjectState::Done),
            ("painted", false, |o| {
                let region = crate::volume::Region::from_mask(2, [true, false]);
                o.added = Arc::new(region);
            }),
        ];
        for (what, is_still, deed) in rows {
            let mut now = object.clone();
            deed(&mut now);
            assert_eq!(made.is_still(&now), is_still, "{what}");
        }
    }
}
