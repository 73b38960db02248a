use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};

use super::{Died, Wake};

/// A named thread that owns something (a model) and answers requests in order.
/// It ends when the worker is dropped and its current request is done.
#[derive(Debug)]
pub struct Worker<Req, Out> {
    requests: Sender<Req>,
    answers: Receiver<Out>,
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
        std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            let answer = |out: Out| {
                // The window may have closed meanwhile.
                let _ = outbox.send(out);
                wake();
            };
            while let Ok(request) = inbox.recv() {
                handle(request, &answer);
            }
        })?;
        Ok(Self { requests, answers })
    }

    /// Queues a request.
    ///
    /// # Errors
    /// If the thread has died (it panicked).
    pub fn submit(&self, request: Req) -> Result<(), Died> {
        self.requests.send(request).map_err(|_| Died)
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
