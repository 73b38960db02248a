//! Before the robot begins: which objects have voxels of the labels that it is to click in. A mask gets only voxels that no
//! object has, so that its figures would be poor for a reason that is none of the model's.

use std::collections::BTreeMap;

use super::{called, name_of_mask};
use crate::app::App;
use crate::app::document_number::DocumentNumber;
use crate::document::{Command, LabelId, Object, ObjectState};
use crate::ui::{InTheWay, InTheWayAnswer};
use crate::work::Task;

/// Less of the labels than this is not worth a question.
const HARDLY_ANY: f64 = 0.005;

/// What is found out by a thread.
pub(super) struct Survey {
    /// Which document, and which reference by its number.
    of: (DocumentNumber, u64),
    /// `None`: it is known, and asked about if need be.
    task: Option<Task<Found>>,
}

impl Survey {
    /// Whether it is being found out.
    pub fn is_busy(&self) -> bool {
        self.task.is_some()
    }
}

/// Voxels of all labels, and how many of them each object has; `None`: it was cancelled.
type Found = Option<(usize, BTreeMap<u16, usize>)>;

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
                self.robot.survey = Some(Survey { of, task: Some(task) });
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
        let Ok(Some((all, taken))) = answer else { return };
        match self.in_the_way(all, &taken) {
            Some(found) => self.status.robot.in_the_way = Some(found),
            None => self.start_robot(),
        }
    }

    /// What is to be asked about; `None` if nothing is.
    fn in_the_way(&self, all: usize, taken: &BTreeMap<u16, usize>) -> Option<InTheWay> {
        let share = |voxels: usize| voxels as f64 / all.max(1) as f64;
        let total = share(taken.values().sum());
        if total < HARDLY_ANY {
            return None;
        }
        let (open, reference) = (self.open.as_ref()?, self.comparison.reference()?);
        let robots: Vec<String> =
            reference.labels.iter().map(|label| name_of_mask(&called(reference, label))).collect();
        // What the user has worked on is his.
        let is_robots = |o: &&Object| {
            let untouched = !o.locked && !o.is_corrected() && o.state == ObjectState::Open;
            untouched && robots.contains(&o.name)
        };
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

    /// The answer to that.
    pub(super) fn answer_in_the_way(&mut self, answer: InTheWayAnswer) {
        let Some(asked) = self.status.robot.in_the_way.take() else { return };
        match answer {
            InTheWayAnswer::Cancel => {}
            InTheWayAnswer::Beside => self.start_robot(),
            InTheWayAnswer::Delete => {
                let there = |id: &LabelId| {
                    self.document().is_some_and(|document| document.object(*id).is_some())
                };
                let ids: Vec<LabelId> = asked.robots.into_iter().filter(there).collect();
                if ids.is_empty() || self.run(Command::RemoveObjects(ids)) {
                    self.start_robot();
                }
            }
        }
    }
}
