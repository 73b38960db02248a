//! Waiting for a download on a terminal.

use std::io::IsTerminal as _;
use std::time::Duration;

use super::output::say_in_place;
use crate::text::bytes;
use crate::work::{CancelToken, Died, Progress, Task};

/// Does `work` on a thread of its own, and shows on a terminal how many of how many bytes of `what` are there. On
/// other outputs nothing is shown.
///
/// # Errors
/// What `work` says, or that it stopped without an answer.
pub fn fetch<T, E>(
    what: &str,
    work: impl FnOnce(&CancelToken, &Progress) -> Result<T, E> + Send + 'static,
) -> anyhow::Result<T>
where
    T: Send + 'static,
    E: std::error::Error + Send + Sync + 'static,
{
    let task = Task::start("fetch", std::sync::Arc::new(|| ()), work)
        .map_err(|e| anyhow::anyhow!("can't start a thread for the download: {e}"))?;
    let show = std::io::stderr().is_terminal();
    let answer = loop {
        if let Some(answer) = task.poll() {
            break answer;
        }
        if let Some(line) = line(what, task.progress()).filter(|_| show) {
            say_in_place(&format!("{line} "));
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    if show {
        say_in_place(&format!("{:60}\r", ""));
    }
    Ok(answer.map_err(|Died| anyhow::anyhow!("fetching {what} stopped unexpectedly"))??)
}

/// `None` as long as nobody knows how much there is.
fn line(what: &str, (done, total): (u64, u64)) -> Option<String> {
    let percent = done.saturating_mul(100).checked_div(total)?;
    Some(format!("fetching {what}: {} of {} ({percent} %)", bytes(done), bytes(total)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_an_error_and_no_answer() {
        let bad = || std::io::Error::other("no route");
        assert_eq!(fetch("x", |_, _| Ok::<_, std::io::Error>(3)).unwrap(), 3);
        let refused = fetch("x", move |_, _| Err::<(), _>(bad())).unwrap_err();
        assert_eq!(refused.to_string(), "no route");
        let died = fetch("the model", |_, _| -> Result<(), std::io::Error> {
            std::panic::resume_unwind(Box::new("without the hook's message"))
        });
        assert_eq!(died.unwrap_err().to_string(), "fetching the model stopped unexpectedly");
    }

    #[test]
    fn the_line_waits_for_a_total() {
        assert_eq!(line("x", (5, 0)), None);
        assert_eq!(
            line("x", (1_000_000, 4_000_000)).unwrap(),
            "fetching x: 1.0 MB of 4.0 MB (25 %)"
        );
    }
}
