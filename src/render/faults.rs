//! What goes wrong on a graphics device outside of any call that could say so. Without somebody who listens,
//! wgpu ends the program.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::RenderError;
use crate::text::one_line;

/// The first thing that went wrong on a device since it was asked last.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    fault: Option<Fault>,
    /// There was something that explains calls that are refused later.
    excused: bool,
}

/// Something that went wrong on a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// There was no memory for something: what is drawn may be incomplete.
    NoMemory,
    /// A call was refused, in wgpu's words: a mistake of the program, or what follows from a lack of memory.
    Refused(String),
    /// The device is gone, in the driver's words: nothing can be drawn with it any more.
    Lost(String),
}

impl Faults {
    /// Listens to a device, instead of whoever did so before.
    pub fn of(device: &wgpu::Device) -> Self {
        let faults = Self::default();
        let told = faults.clone();
        device.on_uncaptured_error(Arc::new(move |error| {
            told.tell(match error {
                wgpu::Error::OutOfMemory { .. } => Fault::NoMemory,
                other => Fault::Refused(other.to_string()),
            });
        }));
        let told = faults.clone();
        device.set_device_lost_callback(move |_, why| told.tell(Fault::Lost(why)));
        faults
    }

    /// The first cause counts, not what follows from it; but a device that is gone is gone.
    fn tell(&self, fault: Fault) {
        tracing::error!("graphics: {fault:?}");
        let mut kept = self.kept();
        let refused = matches!(fault, Fault::Refused(_));
        // Else it is a mistake of the program, which tests are to find.
        debug_assert!(kept.excused || !refused, "{fault:?}");
        kept.excused |= !refused;
        if kept.fault.is_none() || matches!(fault, Fault::Lost(_)) {
            kept.fault = Some(fault);
        }
    }

    /// What went wrong since this was asked last.
    pub fn take(&self) -> Option<Fault> {
        self.kept().fault.take()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `Err` if something went wrong since this was asked last.
    ///
    /// # Errors
    /// What went wrong.
    pub fn check(&self) -> Result<(), RenderError> {
        self.take().map_or(Ok(()), |fault| Err(fault.into()))
    }
}

impl From<Fault> for RenderError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::NoMemory => RenderError::DeviceMemory,
            Fault::Refused(why) => RenderError::Refused(one_line(&why)),
            Fault::Lost(why) => RenderError::Lost(one_line(&why)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_fault_is_kept_but_a_lost_device_is_worse() {
        let faults = Faults::default();
        assert!(faults.check().is_ok());
        faults.tell(Fault::NoMemory);
        faults.tell(Fault::Refused("an invalid texture".into()));
        assert_eq!(faults.take(), Some(Fault::NoMemory));
        assert_eq!(faults.take(), None);
        faults.tell(Fault::NoMemory);
        faults.tell(Fault::Lost("gone\n for good".into()));
        let error = faults.check().expect_err("it is gone");
        assert!(error.to_string().contains("(gone for good)"), "{error}");
    }
}
