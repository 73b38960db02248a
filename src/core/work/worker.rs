use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::time::Duration;

use super::{Died, Wake};

/// A named thread that owns something (a model) and answers requests in order.
/// It ends when the worker is dropped and its current request is done.
#[derive(Debug)]
pub struct Worker<Req, Out> {
    requests: Sender<Req>,
    answers: Receiver<Out>,
    /// Disconnected once the thread has let go of all that it owned.
    ended: Receiver<()>,
}

impl<Req: Send + 'static, Out: Send + 'static> Worker<Req, Out> {
    /// Starts the thread. `handle` gets each request and a way to answer it, as often as it likes
    /// (e.g. once "encoded", once "decoded"); `wake` is called after each answer.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(
        name: &str,
        wake: Wake,
        mut handle: impl FnMut(Req, &dyn Fn(Out)) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (requests, inbox) = channel::<Req>();
        let (outbox, answers) = channel::<Out>();
        let (running, ended) = channel::<()>();
        std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            let answer = |out: Out| {
                // The window may have closed meanwhile.
                let _ = outbox.send(out);
                wake();
            };
            while let Ok(request) = inbox.recv() {
                handle(request, &answer);
            }
            drop(handle);
            drop(running);
        })?;
        Ok(Self { requests, answers, ended })
    }

    /// Queues a request.
    ///
    /// # Errors
    /// If the thread has died (it panicked).
    pub fn submit(&self, request: Req) -> Result<(), Died> {
        self.requests.send(request).map_err(|_| Died)
    }

    /// Takes no further requests and waits until the thread has done its current one and let go of what it owns, but no
    /// longer than `patience`. For what must not be in use when the program ends: libraries are taken down then, under
    /// the feet of whoever is still in them.
    pub fn finish(&mut self, patience: Duration) -> bool {
        self.requests = channel().0;
        self.ended.recv_timeout(patience) == Err(RecvTimeoutError::Disconnected)
    }

    /// The next answer, if there is one.
    pub fn poll(&self) -> Option<Result<Out, Died>> {
        match self.answers.try_recv() {
            Ok(answer) => Some(Ok(answer)),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Err(Died)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn it_is_finished_when_its_request_is_done_and_what_it_owns_is_gone() {
        struct Owned(Arc<AtomicBool>);
        impl Drop for Owned {
            fn drop(&mut self) {
                self.0.store(true, Ordering::SeqCst);
            }
        }
        let gone = Arc::new(AtomicBool::new(false));
        let owned = Owned(gone.clone());
        let (go, wait) = channel::<()>();
        let wake: Wake = Arc::new(|| ());
        let mut worker = Worker::start("test", wake, move |(), answer: &dyn Fn(u8)| {
            let _ = &owned;
            let _ = wait.recv();
            answer(1);
        })
        .unwrap();
        worker.submit(()).unwrap();
        assert!(!worker.finish(Duration::from_millis(20)), "it is at work");
        assert!(!gone.load(Ordering::SeqCst));
        go.send(()).unwrap();
        assert!(worker.finish(Duration::from_mins(1)));
        assert!(gone.load(Ordering::SeqCst));
        assert_eq!(worker.poll(), Some(Ok(1)), "the answer is there all the same");
        assert_eq!(worker.submit(()), Err(Died));
    }
}
