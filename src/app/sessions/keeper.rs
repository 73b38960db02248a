//! The thread that has the session files and writes them. The window hands over what is to be written and goes on; of
//! states of one session that wait only the newest is written.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::desk::Desk;
use super::orders::{Order, Postbox, Told};
use crate::work::Wake;

/// So long is waited for the last write when the program ends.
const PATIENCE: Duration = Duration::from_secs(10);

/// The window's end.
pub struct Keeper {
    postbox: Postbox,
    told: Receiver<Told>,
}

impl Keeper {
    /// `drafts`: the folder for sessions without a name; `None`: they are not kept.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(wake: Wake, drafts: Option<PathBuf>) -> std::io::Result<Self> {
        let postbox = Postbox::default();
        let (tx, told) = channel();
        let theirs = postbox.clone();
        std::thread::Builder::new().name("sessions".to_owned()).spawn(move || {
            let deserted = Deserted(theirs);
            let mut desk = Desk::new(drafts, tx, wake);
            loop {
                match deserted.0.take() {
                    Order::Finish => return desk.finish(),
                    order => desk.carry_out(order),
                }
            }
        })?;
        Ok(Self { postbox, told })
    }

    /// Hands something over. Never waits.
    pub fn give(&self, order: Order) {
        self.postbox.give(order);
    }

    /// For those who have something to hand over themselves.
    pub fn postbox(&self) -> Postbox {
        self.postbox.clone()
    }

    /// The thread has ended: nothing that is handed over will be written.
    pub fn has_stopped(&self) -> bool {
        self.postbox.is_deserted()
    }

    /// What has happened, once.
    pub fn poll(&self) -> Option<Told> {
        self.told.try_recv().ok()
    }
}

/// What was handed over is written before the program ends.
impl Drop for Keeper {
    fn drop(&mut self) {
        self.postbox.close(PATIENCE);
    }
}

/// Says so, whatever has ended the thread.
struct Deserted(Postbox);

impl Drop for Deserted {
    fn drop(&mut self) {
        self.0.desert();
    }
}
