//! Which model there is, while others are being loaded: what the worker says of it, as the status shows it.

use std::path::Path;

use super::asked_of::AskedOf;
use super::worker::{ReadyModel, Tell};
use crate::segment::{ModelRef, SegmentError, Spots};
use crate::ui::text::mark;
use crate::ui::{ModelStatus, RuntimeStatus, Status, Toasts};

/// Why there is no model after somebody has stopped opening the first one.
const STOPPED: &str =
    mark("opening the model was stopped: choose a model in the menu Segment, or try again");

#[derive(Default)]
pub(super) struct Loading {
    /// Starts asked for and not answered: only the last one's answer counts.
    starting: u32,
    models: u64,
    /// Of the model in use.
    spots: Option<Spots>,
    previews: bool,
    in_use: Option<ModelRef>,
    /// That one ships with the program.
    ships: bool,
}

impl Loading {
    /// The worker was asked to load a model.
    pub fn asked(&mut self) {
        self.starting += 1;
    }

    /// Whether a model is there that will still be the one in use when its answer comes.
    pub fn is_ready(&self, status: &Status) -> bool {
        matches!(status.model, ModelStatus::Ready { .. }) && self.starting == 0
    }

    /// Where the model in use would look; `None` before there is one.
    pub fn spots(&self) -> Option<&Spots> {
        self.spots.as_ref()
    }

    /// The model in use.
    pub fn in_use(&self) -> Option<&ModelRef> {
        self.in_use.as_ref()
    }

    /// Another model than the one in use may be there soon.
    pub fn is_starting(&self) -> bool {
        self.starting > 0
    }

    /// How a session names the model in use; `None` before there is one.
    pub fn asked_of(&self) -> Option<AskedOf> {
        let in_use = self.in_use.as_ref()?;
        Some(AskedOf::of(Some(in_use).filter(|_| !self.ships)))
    }

    /// Whether the model in use can say what a click would give.
    pub fn previews(&self) -> bool {
        self.previews
    }

    /// Counts the models loaded.
    pub fn models(&self) -> u64 {
        self.models
    }

    /// Takes in what the worker says; what is not about loading is passed over.
    pub fn take(&mut self, told: Tell, status: &mut Status, toasts: &mut Toasts) {
        if matches!(told, Tell::Runtime(Err(_)) | Tell::Model(_)) {
            self.starting = self.starting.saturating_sub(1);
        }
        // Another one was chosen meanwhile and is being loaded: what became of this one changes nothing.
        let last = self.starting == 0;
        match told {
            Tell::Runtime(Ok(None)) => status.runtime = RuntimeStatus::NotNeeded,
            Tell::Runtime(Ok(Some(found))) => {
                let text = format!("{} ({})", found.version, found.found);
                status.runtime = RuntimeStatus::Ready(text);
            }
            Tell::Runtime(Err(why)) if last => {
                status.runtime = RuntimeStatus::Missing(why.to_string());
                status.model = ModelStatus::None;
            }
            Tell::Loading(name) => status.model = ModelStatus::Loading(name),
            Tell::Model(answer) => {
                self.models += 1;
                let model = match answer {
                    Ok(model) => Ok(model),
                    Err((SegmentError::Cancelled, kept)) => {
                        kept.ok_or_else(|| ModelStatus::Stopped(STOPPED.to_owned()))
                    }
                    Err((why, kept)) => {
                        toasts.error(why.to_string());
                        kept.ok_or_else(|| ModelStatus::Failed(why.to_string()))
                    }
                };
                if let Ok(model) = &model {
                    self.spots = Some(model.spots.clone());
                    self.previews = model.capabilities.previews;
                    (self.in_use, self.ships) = (Some(model.model.clone()), model.ships);
                }
                if last {
                    show(model, status);
                }
            }
            _ => {}
        }
    }
}

/// What the status says of the model that there is, or that there is none and why.
fn show(model: Result<ReadyModel, ModelStatus>, status: &mut Status) {
    match model {
        Ok(ReadyModel { name, model, device, reason, capabilities, .. }) => {
            status.capabilities = Some(capabilities);
            status.model_path = model.path().map(Path::to_owned);
            status.model = ModelStatus::Ready { name, device, reason };
        }
        Err(why) => status.model = why,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::{Capabilities, ShapeKinds};
    use std::sync::Arc;

    use crate::segment::Spot;

    fn model(name: &str) -> ReadyModel {
        let capabilities = Capabilities {
            negative_points: true,
            previews: true,
            extends: true,
            adjusts: true,
            sight: None,
            shapes: ShapeKinds::NONE,
        };
        ReadyModel {
            model: ModelRef::Path(name.into()),
            name: name.to_owned(),
            ships: false,
            device: String::new(),
            reason: String::new(),
            capabilities,
            spots: Arc::new(|_, _, _| Spot { cell: [0; 3], reach: 0 }),
        }
    }

    fn failed(kept: Option<ReadyModel>) -> Tell {
        Tell::Model(Err((SegmentError::NoDemoModel, kept)))
    }

    fn is(status: &Status, expected: &str) -> bool {
        matches!(&status.model, ModelStatus::Ready { name, .. } if name == expected)
    }

    /// `Failed` would withdraw every click that waits for the model.
    #[test]
    fn a_bad_model_is_no_failure_while_another_one_is_there_or_being_loaded() {
        let (mut loading, mut status, mut toasts) =
            (Loading::default(), Status::default(), Toasts::default());
        loading.asked();
        loading.asked();
        loading.take(Tell::Loading("bad".to_owned()), &mut status, &mut toasts);
        loading.take(failed(None), &mut status, &mut toasts);
        assert_eq!(status.model, ModelStatus::Loading("bad".to_owned()));
        assert_eq!(toasts.texts().count(), 1, "but it is told");
        assert!(!loading.is_ready(&status));
        loading.take(Tell::Model(Ok(model("good"))), &mut status, &mut toasts);
        assert!(is(&status, "good") && loading.is_ready(&status));

        loading.asked();
        loading.take(failed(Some(model("good"))), &mut status, &mut toasts);
        assert!(is(&status, "good") && loading.is_ready(&status), "in one message");
    }

    #[test]
    fn the_model_chosen_last_counts_and_without_any_it_has_failed() {
        let (mut loading, mut status, mut toasts) =
            (Loading::default(), Status::default(), Toasts::default());
        loading.asked();
        loading.asked();
        loading.take(Tell::Model(Ok(model("first"))), &mut status, &mut toasts);
        assert_eq!(status.model, ModelStatus::None, "the next one is being loaded");
        loading.take(failed(Some(model("first"))), &mut status, &mut toasts);
        assert!(is(&status, "first"));
        loading.asked();
        loading.take(failed(None), &mut status, &mut toasts);
        assert!(matches!(status.model, ModelStatus::Failed(_)));
        // What the user has stopped is no failure.
        loading.asked();
        let stopped = Tell::Model(Err((SegmentError::Cancelled, None)));
        loading.take(stopped, &mut status, &mut toasts);
        assert_eq!(status.model, ModelStatus::Stopped(STOPPED.to_owned()));
    }
}
