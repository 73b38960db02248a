use std::sync::mpsc::{Receiver, TryRecvError, channel};

use super::{CancelToken, Progress, Wake};

/// The thread ended without an answer: it panicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Died;

/// One piece of work on a thread of its own. Dropping it cancels it.
#[derive(Debug)]
pub struct Task<T> {
    answer: Receiver<T>,
    cancel: CancelToken,
    progress: Progress,
}

impl<T: Send + 'static> Task<T> {
    /// Starts `work` on a thread called `name`; `wake` is called when it has ended.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(
        name: &str,
        wake: Wake,
        work: impl FnOnce(&CancelToken, &Progress) -> T + Send + 'static,
    ) -> std::io::Result<Self> {
        let (tx, answer) = channel();
        let (cancel, progress) = (CancelToken::new(), Progress::new());
        let (token, report) = (cancel.clone(), progress.clone());
        std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            // Dropped last, also when `work` panics: the UI must learn that nothing will come.
            let _wake = WakeOnDrop(wake);
            let sender = tx;
            let result = work(&token, &report);
            // The task may have been dropped meanwhile; then nobody wants the answer.
            let _ = sender.send(result);
        })?;
        Ok(Self { answer, cancel, progress })
    }

    /// The answer, once, when it is there. `Some(Err(Died))` if it will never be.
    pub fn poll(&self) -> Option<Result<T, Died>> {
        match self.answer.try_recv() {
            Ok(answer) => Some(Ok(answer)),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Err(Died)),
        }
    }

    /// Waits for the answer. Not for the UI thread.
    pub fn wait(self) -> Result<T, Died> {
        self.answer.recv().map_err(|_| Died)
    }

    /// How far it is.
    pub fn progress(&self) -> (u64, u64) {
        self.progress.get()
    }
}

impl<T> Task<T> {
    /// Asks it to stop.
    pub fn cancel(&self) {
        self.cancel.cancel();
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

struct WakeOnDrop(Wake);

impl Drop for WakeOnDrop {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn a_panicking_task_is_reported_not_waited_for() {
        let task: Task<()> =
            Task::start("t", Arc::new(|| ()), |_, _| panic!("on purpose")).unwrap();
        assert_eq!(task.wait(), Err(Died));
    }

    #[test]
    fn dropping_a_task_cancels_it() {
        let (tx, rx) = channel();
        let task = Task::start("t", Arc::new(|| ()), move |cancel, _| {
            while !cancel.is_cancelled() {
                std::thread::yield_now();
            }
            let _ = tx.send(());
        })
        .unwrap();
        drop(task);
        rx.recv_timeout(std::time::Duration::from_secs(20)).expect("it stopped");
    }
}
