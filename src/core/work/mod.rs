//! Work off the UI thread: one-off tasks and a long-lived worker, both cancellable, both telling their
//! progress, both waking the window when there is something to see; other programs, started safely; and how much
//! memory it may take. Uses `std` and `text`.

mod cancel;
pub mod memory;
pub mod program;
mod task;
mod threads;
mod worker;

pub use cancel::{CancelToken, Cancelled, Progress};
pub use task::{Died, Task};
pub use threads::threads_available;
pub use worker::Worker;

/// Called from a worker thread when there is news for the UI (e.g. a repaint request).
pub type Wake = std::sync::Arc<dyn Fn() + Send + Sync>;
