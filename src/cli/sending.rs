//! Waiting on a terminal until a server has what goes there.

use std::io::IsTerminal as _;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use super::output::say_in_place;
use crate::segment::ModelRef;
use crate::segment::remote::ServerWatch;
use crate::text::bytes;

/// How often it is looked.
const LOOK: Duration = Duration::from_millis(100);

/// Does `work`, and shows on a terminal how much of what goes to the model's server has left. On other outputs, and of
/// models that are here, nothing is shown.
pub fn while_sending<T>(model: &ModelRef, work: impl FnOnce() -> T) -> T {
    let watch = model.server().map(|served| served.watch.clone());
    let Some(watch) = watch.filter(|_| std::io::stderr().is_terminal()) else { return work() };
    std::thread::scope(|scope| {
        let (ends, ended) = channel();
        let show = move || show(&watch, &ended, &mut say_in_place);
        // Without a thread for that, nothing is shown.
        let _shown = std::thread::Builder::new().spawn_scoped(scope, show);
        let result = work();
        drop(ends);
        result
    })
}

/// Until it has ended.
fn show(watch: &ServerWatch, ended: &Receiver<()>, say: &mut dyn FnMut(&str)) {
    let mut shown = false;
    while ended.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
        match watch.sending() {
            Some(sending) => say(&format!("{} ", line(sending))),
            None if shown => say(&empty()),
            None => {}
        }
        shown = watch.sending().is_some();
    }
    if shown {
        say(&empty());
    }
}

fn empty() -> String {
    format!("{:60}\r", "")
}

fn line((done, total): (u64, u64)) -> String {
    let percent = done.saturating_mul(100).checked_div(total).unwrap_or_default();
    format!("sending: {} of {} ({percent} %)", bytes(done), bytes(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_work_is_done_and_nothing_is_said_while_nothing_is_sent() {
        assert_eq!(while_sending(&ModelRef::Path("here".into()), || 3), 3);
        let (ends, ended) = channel();
        let shown = std::thread::spawn(move || {
            let mut said = 0;
            show(&ServerWatch::default(), &ended, &mut |_| said += 1);
            said
        });
        std::thread::sleep(LOOK * 3);
        drop(ends);
        assert_eq!(shown.join().unwrap(), 0);
    }

    #[test]
    fn the_line_says_how_much_has_left() {
        assert_eq!(line((33_000_000, 132_000_000)), "sending: 33.0 MB of 132.0 MB (25 %)");
    }
}
