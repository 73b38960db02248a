//! What happened lately, in memory: the program's events and what it told the user.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Instant;

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use crate::ui::{Level, LogLine};

/// So many lines are kept.
const KEPT: usize = 500;

struct Ring {
    started: Instant,
    lines: VecDeque<LogLine>,
    /// Counts all that ever came.
    count: u64,
}

static RING: LazyLock<Mutex<Ring>> = LazyLock::new(|| {
    let lines = VecDeque::with_capacity(KEPT);
    Mutex::new(Ring { started: Instant::now(), lines, count: 0 })
});

/// Keeps a line.
pub(super) fn push(level: Level, text: String) {
    // A poisoned ring still holds whole lines.
    let mut ring = RING.lock().unwrap_or_else(PoisonError::into_inner);
    if ring.lines.len() == KEPT {
        ring.lines.pop_front();
    }
    let at = ring.started.elapsed().as_secs_f64();
    ring.lines.push_back(LogLine { at, level, text });
    ring.count += 1;
}

/// All that is kept, if something came since `seen` counted; then `seen` counts that too.
pub(super) fn newer(seen: &mut u64) -> Option<Vec<LogLine>> {
    let ring = RING.lock().unwrap_or_else(PoisonError::into_inner);
    if ring.count == *seen {
        return None;
    }
    *seen = ring.count;
    Some(ring.lines.iter().cloned().collect())
}

/// What eframe wrote when it ended the window because of an error, if it has.
pub(super) fn fatal_error() -> Option<String> {
    let ring = RING.lock().unwrap_or_else(PoisonError::into_inner);
    let why = |line: &LogLine| Some(line.text.split_once(FATAL)?.1.to_owned());
    ring.lines.iter().rev().find_map(why)
}

const FATAL: &str = "Exiting because of error: ";

/// Hands on the errors of libraries that write them with the `log` crate. (Their warnings are many, and about
/// themselves.)
pub struct LibraryErrors;

impl LibraryErrors {
    /// From now on.
    pub fn start() {
        // Somebody else has it already: a test.
        if log::set_logger(&LibraryErrors).is_ok() {
            log::set_max_level(log::LevelFilter::Error);
        }
    }
}

impl log::Log for LibraryErrors {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.level() == log::Level::Error
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            tracing::error!(target: "library", "{}: {}", record.target(), record.args());
        }
    }

    fn flush(&self) {}
}

/// Writes the program's events (not those of the libraries below it, unless they warn) into the ring.
pub struct LogLayer;

impl<S: Subscriber> Layer<S> for LogLayer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let meta = event.metadata();
        let level = match *meta.level() {
            tracing::Level::ERROR => Level::Error,
            tracing::Level::WARN => Level::Warning,
            tracing::Level::INFO => Level::Info,
            _ => Level::Debug,
        };
        let ours = meta.target().starts_with(env!("CARGO_PKG_NAME"));
        // What the user was told comes by another way (`App::draw`), with or without this layer.
        let told = meta.target().ends_with("::toasts");
        if told || level < if ours { Level::Info } else { Level::Warning } {
            return;
        }
        let mut text = Text(String::new());
        event.record(&mut text);
        let place = if ours { "" } else { meta.target() };
        push(level, format!("{place} {}", text.0).trim().to_owned());
    }
}

/// An event's message, and its fields as `name=value`.
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        // Writing into a String can't fail.
        let _ = match field.name() {
            "message" => write!(self.0, "{value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing_subscriber::layer::SubscriberExt as _;

    #[test]
    fn the_ring_keeps_the_newest_and_says_when_there_is_more() {
        let subscriber = tracing_subscriber::registry().with(LogLayer);
        let mut seen = 0;
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(target: "elsewhere", number = 3, "odd");
            tracing::info!(target: "elsewhere", "not for us");
            tracing::debug!("too much");
            tracing::info!("well");
        });
        let mut lines = newer(&mut seen).expect("something came");
        // Other tests may write too.
        lines.retain(|l| l.text.contains("odd") || l.text.contains("us") || l.text == "well");
        let texts: Vec<_> = lines.iter().map(|l| (l.level, l.text.as_str())).collect();
        assert_eq!(texts, [(Level::Warning, "elsewhere odd number=3"), (Level::Info, "well")]);
        for n in 0..=KEPT {
            push(Level::Info, format!("line {n}"));
        }
        let lines = newer(&mut seen).expect("something came");
        assert_eq!(lines.len(), KEPT);
        assert!(lines.iter().all(|l| l.text != "line 0"));
        assert!(lines.iter().any(|l| l.text == format!("line {KEPT}")));
    }
}
