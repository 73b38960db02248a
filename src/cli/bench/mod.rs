//! `voxpoint bench`: how fast this machine opens a scan, draws it and answers a click. Prints medians; judges nothing.

mod batch;
mod brush;
mod click;
mod clicks;
mod clients;
mod compare;
mod edit;
mod files;
mod grow_cut;
mod history;
mod model;
mod open;
mod organ;
mod process;
mod server;
mod session;
mod stub_server;
pub mod synthetic;
mod view;

use std::time::Instant;

use serde::Serialize;

use super::args::{BenchArgs, BenchWhat, ServerArgs};
use super::files::ms_since;
use super::{Usage, print, print_json};

/// What was measured; parts that were not are left out.
#[derive(Debug, Serialize)]
struct Report {
    /// Voxels of the synthetic scan; of `batch`, of each.
    size: [usize; 3],
    /// How often each thing was measured; `None`: once, as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    repeat: Option<usize>,
    /// Cores of the machine.
    cores: usize,
    /// Whether the program was built with optimisation.
    release: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    open: Option<open::OpenTimes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    click: Option<click::Clicked>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<model::Measured>,
    #[serde(skip_serializing_if = "Option::is_none")]
    view: Option<view::Viewed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    brush: Option<brush::Brushed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    edit: Option<edit::Edited>,
    #[serde(skip_serializing_if = "Option::is_none")]
    history: Option<history::HistoryTimes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<session::SessionTimes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    large: Option<view::LargeScanTimes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<server::ServerTimes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    clients: Option<Vec<clients::Throughput>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    batch: Option<batch::BatchTimes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compare: Option<compare::CompareTimes>,
}

/// Refuses what is typed about a server where none is asked.
fn refuse_unused(args: &BenchArgs) -> anyhow::Result<()> {
    let is_asked = matches!(args.what, BenchWhat::Server | BenchWhat::All)
        && !args.clients.is_empty()
        && super::server::address(args.model.model.as_deref()).is_some();
    if is_asked || args.server == ServerArgs::default() {
        return Ok(());
    }
    let why = "--server-…, --key-file and --plain-http are for a server that is measured: server --clients 1,2,4 --model https://…";
    Err(Usage(why.to_owned()).into())
}

/// Measures and prints.
pub fn run(args: &BenchArgs) -> anyhow::Result<()> {
    let file = args.file.as_deref();
    refuse_unused(args)?;
    match args.what {
        BenchWhat::OpenOnce => return open::once(file),
        BenchWhat::ReadOnce => return files::read_once(file),
        BenchWhat::ListOnce => return files::list_once(file),
        BenchWhat::Files => return files::run(args),
        _ => {}
    }
    let wants = |what| args.what == what || args.what == BenchWhat::All;
    let open = wants(BenchWhat::Open).then(|| open::measure(args.size, args.repeat)).transpose()?;
    let click =
        wants(BenchWhat::Click).then(|| click::measure(args.size, args.repeat)).transpose()?;
    let model = wants(BenchWhat::Model).then(|| model::measure(args)).transpose()?;
    let view = wants(BenchWhat::View).then(|| view::measure(args)).transpose()?;
    let brush =
        wants(BenchWhat::Brush).then(|| brush::measure(args.size, args.repeat)).transpose()?;
    let edit = wants(BenchWhat::Edit).then(|| edit::measure(args)).transpose()?;
    let history =
        wants(BenchWhat::History).then(|| history::measure(args.size, args.repeat)).transpose()?;
    let session = wants(BenchWhat::Session)
        .then(|| session::measure(args.size, args.repeat, args.objects))
        .transpose()?;
    // Not among all: it takes a gigabyte of disk, and several of memory.
    let large = (args.what == BenchWhat::Large).then(|| view::open_large(args)).transpose()?;
    let several = args.what == BenchWhat::Server && !args.clients.is_empty();
    let server = (wants(BenchWhat::Server) && !several)
        .then(|| server::measure(args.size, args.repeat))
        .transpose()?;
    let clients = several.then(|| clients::measure(args)).transpose()?;
    // Not among all: with a real model it takes minutes.
    let batch = (args.what == BenchWhat::Batch).then(|| batch::measure(args)).transpose()?;
    let compare = (args.what == BenchWhat::Compare).then(|| compare::measure(args)).transpose()?;
    let report = Report {
        size: size(args),
        repeat: (args.what != BenchWhat::Batch).then_some(args.repeat),
        cores: cores(),
        release: !cfg!(debug_assertions),
        open,
        click,
        model,
        view,
        brush,
        edit,
        history,
        session,
        large,
        server,
        clients,
        batch,
        compare,
    };
    if args.json { print_json(&report) } else { print(&table(&report)) }
}

/// Voxels of the scan that is measured with.
fn size(args: &BenchArgs) -> [usize; 3] {
    match args.what {
        BenchWhat::Batch => batch::SMALL,
        BenchWhat::Large => args.large,
        _ => args.size,
    }
}

/// What the figures are of.
fn heading(report: &Report) -> String {
    let [x, y, z] = report.size;
    let runs = report.repeat.map_or(String::new(), |n| format!(", medians of {n} runs"));
    let build = if report.release { "" } else { ", unoptimised build" };
    format!("{x} × {y} × {z} voxels{runs}, {} cores{build}", report.cores)
}

fn table(report: &Report) -> String {
    let mut lines = vec![heading(report)];
    lines.extend(report.open.iter().flat_map(open::OpenTimes::lines));
    lines.extend(report.click.iter().flat_map(click::Clicked::lines));
    lines.extend(report.model.iter().flat_map(model::Measured::lines));
    lines.extend(report.view.iter().flat_map(view::Viewed::lines));
    lines.extend(report.brush.iter().flat_map(brush::Brushed::lines));
    lines.extend(report.edit.iter().flat_map(edit::Edited::lines));
    lines.extend(report.history.iter().flat_map(history::HistoryTimes::lines));
    lines.extend(report.session.iter().flat_map(session::SessionTimes::lines));
    lines.extend(report.large.iter().flat_map(view::LargeScanTimes::lines));
    lines.extend(report.server.iter().flat_map(server::ServerTimes::lines));
    lines.extend(report.clients.iter().flatten().flat_map(clients::Throughput::lines));
    lines.extend(report.batch.iter().flat_map(batch::BatchTimes::lines));
    lines.extend(report.compare.iter().flat_map(compare::CompareTimes::lines));
    lines.join("\n")
}

/// Of this machine.
fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// The middle of some measurements.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[n / 2],
        n => f64::midpoint(sorted[n / 2 - 1], sorted[n / 2]),
    }
}

/// Half of our runs, theirs, and the other half of ours.
fn around<T>(
    repeat: usize,
    mut ours: impl FnMut(usize) -> anyhow::Result<()>,
    theirs: impl FnOnce() -> T,
) -> anyhow::Result<T> {
    let half = repeat.div_ceil(2);
    (0..half).try_for_each(&mut ours)?;
    let told = theirs();
    (half..repeat).try_for_each(ours)?;
    Ok(told)
}

/// What `work` returns, and its milliseconds.
fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let result = work();
    (result, ms_since(start))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use clap::Parser as _;

    use super::super::args::{Cli, CliCommand};
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&[9.0, 1.0, 3.0]), 3.0);
        assert_eq!(median(&[4.0, 1.0, 3.0, 100.0]), 3.5);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn the_size_is_that_of_what_is_measured() {
        let typed = |what: &str| {
            let line = ["voxpoint", "bench", what, "--size", "50x40x30", "--large", "70x70x90"];
            match Cli::try_parse_from(line).map(|cli| cli.command) {
                Ok(Some(CliCommand::Bench(args))) => size(&args),
                other => panic!("{other:?}"),
            }
        };
        for (what, expected) in
            [("open", [50, 40, 30]), ("large", [70, 70, 90]), ("batch", batch::SMALL)]
        {
            assert_eq!(typed(what), expected, "{what}");
        }
    }

    #[test]
    fn ours_runs_before_and_after_theirs() {
        for (repeat, expected) in [(1, "0 peer"), (2, "0 peer 1"), (5, "0 1 2 peer 3 4")] {
            let order = RefCell::new(Vec::new());
            let ours = |n: usize| -> anyhow::Result<()> {
                order.borrow_mut().push(n.to_string());
                Ok(())
            };
            around(repeat, ours, || order.borrow_mut().push("peer".to_owned())).unwrap();
            assert_eq!(order.into_inner().join(" "), expected);
        }
    }
}
