//! How many scans a minute a server answers when several clients ask it at once, where that bends, and why: a server of
//! fixed speed on this machine that does one request at a time, the same doing all that come, or a real one.

use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use serde::Serialize;

use super::clicks::Clicks;
use super::process::cpu_seconds;
use super::stub_server::{self, Service};
use super::{median, synthetic, timed};
use crate::cli::args::BenchArgs;
use crate::cli::{say, server};
use crate::segment::cubes::CubeSegmenter;
use crate::segment::remote::ServedModel;
use crate::work::CancelToken;

/// Twice the clients bring less than so many times the scans: there it bends.
const BENDS: f64 = 1.5;
/// The share of a machine, or of a server, that is all of it.
const ALL: f64 = 0.85;

/// What several clients got of one server.
#[derive(Debug, Serialize)]
pub struct Throughput {
    /// Which.
    server: String,
    /// One row for each number of clients.
    rows: Vec<ClientRow>,
    /// The number of clients from which on more bring little.
    bends_at: Option<usize>,
    /// Why it does, as far as the figures tell.
    why: Option<&'static str>,
}

/// So many clients at once.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct ClientRow {
    clients: usize,
    /// First clicks, each in another cube, of all clients.
    scans: usize,
    scans_per_minute: f64,
    /// Medians of a click: all of it, and the server's part (its queue and its model).
    click_ms: f64,
    server_ms: f64,
    /// Cores that this process kept busy, the server of fixed speed among it.
    cores_busy: Option<f64>,
}

/// Measures each number of clients. `repeat` clicks each.
pub fn measure(args: &BenchArgs) -> anyhow::Result<Vec<Throughput>> {
    let clicks = Clicks::new(Arc::new(synthetic::volume(args.size)?));
    if let Some(address) = server::address(args.model.model.as_deref()) {
        let served = typed(address, args)?;
        return Ok(vec![of_server(address.to_owned(), &served, &clicks, args)?]);
    }
    let takes = Duration::from_millis(args.service_ms);
    let kinds = [(true, "one request at a time"), (false, "all requests at once")];
    let measured = kinds.map(|(one_by_one, how)| {
        let port = stub_server::start(Service::taking(takes, one_by_one))?;
        let served = ServedModel::at(format!("http://127.0.0.1:{port}").parse()?);
        served.agreed.set(true);
        let name = format!("{how}, {} ms each", args.service_ms);
        of_server(name, &served, &clicks, args)
    });
    measured.into_iter().collect()
}

/// A server that is named, by what is typed of it.
fn typed(address: &str, args: &BenchArgs) -> anyhow::Result<ServedModel> {
    let served = server::served(address, &args.server)?;
    server::refuse_interactive(&served, "voxpoint bench")?;
    server::refuse_plain(&served)?;
    // What is sent is made up.
    Ok(ServedModel { agreed: true.into(), ..served })
}

fn of_server(
    server: String,
    served: &ServedModel,
    clicks: &Clicks,
    args: &BenchArgs,
) -> anyhow::Result<Throughput> {
    let mut rows = Vec::new();
    for &clients in &args.clients {
        let row = row(served, clicks, clients, args.repeat)?;
        say(&format!("note: {server}: {}", row.line()));
        rows.push(row);
    }
    let bend = bend(&rows, super::cores());
    Ok(Throughput { server, rows, bends_at: bend.map(|(at, _)| at), why: bend.map(|(_, why)| why) })
}

/// Where twice as many clients bring less than [`BENDS`] times as much, and why.
fn bend(rows: &[ClientRow], cores: usize) -> Option<(usize, &'static str)> {
    let first = rows.first()?;
    let pair = rows.windows(2).find(|pair| {
        let times = pair[1].scans_per_minute / pair[0].scans_per_minute;
        let doublings = (pair[1].clients as f64 / pair[0].clients as f64).log2();
        doublings > 0.0 && times.log2() / doublings < BENDS.log2()
    })?;
    let at = &pair[1];
    let cores = cores as f64;
    // Scans a minute if nobody waited for anybody, and if the cores did as much for each as now, without a pause.
    let unhindered = first.scans_per_minute * at.clients as f64 / first.clients as f64;
    let most = at.cores_busy.map(|busy| at.scans_per_minute * cores / busy.max(f64::EPSILON));
    let why = if at.cores_busy.is_some_and(|busy| busy > ALL * cores) {
        "the cores here are busy: with cutting, packing, sending, and with masks"
    } else if at.server_ms > 1.0 / ALL * first.server_ms {
        "requests wait for the server"
    } else if most.is_some_and(|most| unhindered > ALL * most) {
        "the cores here fill: so many clients need more of them than there are, and wait for one another"
    } else if at.cores_busy.is_none() {
        "the server is not busy: the cores here (the system does not tell), the network, or the memory"
    } else {
        "neither the cores here nor the server are busy: the network, or the memory"
    };
    Some((at.clients, why))
}

/// One number of clients.
fn row(
    served: &ServedModel,
    clicks: &Clicks,
    clients: usize,
    repeat: usize,
) -> anyhow::Result<ClientRow> {
    let segmenters =
        (0..clients).map(|_| CubeSegmenter::served(served, Some(1), &CancelToken::new()));
    let segmenters = segmenters.collect::<Result<Vec<_>, _>>()?;
    let begin = Barrier::new(clients + 1);
    let (times, seconds, cpu) = std::thread::scope(|scope| {
        let client = |(n, mut segmenter): (usize, CubeSegmenter)| {
            let begin = &begin;
            scope.spawn(move || -> anyhow::Result<Vec<(f64, f64)>> {
                begin.wait();
                let click = |k: usize| {
                    let request = clicks.first(n * repeat + k);
                    let never = CancelToken::new();
                    let (outcome, ms) = timed(|| segmenter.run(&request, &never, &mut |_| ()));
                    let traffic = outcome?.timings.traffic.unwrap_or_default();
                    Ok((ms, traffic.server_ms))
                };
                (0..repeat).map(click).collect()
            })
        };
        let clients: Vec<_> = segmenters.into_iter().enumerate().map(client).collect();
        begin.wait();
        let (start, cpu) = (Instant::now(), cpu_seconds());
        let times: Vec<anyhow::Result<Vec<(f64, f64)>>> = clients
            .into_iter()
            .map(|client| {
                client.join().unwrap_or_else(|_| Err(anyhow!("a client ended by itself")))
            })
            .collect();
        let cpu = cpu_seconds().zip(cpu).map(|(after, before)| after - before);
        (times, start.elapsed().as_secs_f64(), cpu)
    });
    let times: Vec<(f64, f64)> = times.into_iter().collect::<anyhow::Result<Vec<_>>>()?.concat();
    let middle = |of: fn(&(f64, f64)) -> f64| median(&times.iter().map(of).collect::<Vec<_>>());
    times.first().context("no click was made")?;
    Ok(ClientRow {
        clients,
        scans: times.len(),
        scans_per_minute: 60.0 * times.len() as f64 / seconds,
        click_ms: middle(|t| t.0),
        server_ms: middle(|t| t.1),
        cores_busy: cpu.map(|cpu| cpu / seconds),
    })
}

impl ClientRow {
    fn line(&self) -> String {
        let Self { clients, scans_per_minute, click_ms, server_ms, cores_busy, .. } = self;
        let busy = cores_busy.map_or(String::new(), |busy| format!(", {busy:.1} cores busy"));
        format!(
            "{clients} clients {scans_per_minute:.0} scans/min; a click {click_ms:.0} ms, {server_ms:.0} of them the server{busy}"
        )
    }
}

impl Throughput {
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("server, {}:", self.server)];
        lines.extend(self.rows.iter().map(|row| format!("  {}", row.line())));
        lines.push(match (self.bends_at, self.why) {
            (Some(at), Some(why)) => format!("  bends at {at} clients: {why}"),
            _ => "  does not bend".to_owned(),
        });
        lines
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::args::{Cli, CliCommand};

    #[test]
    fn a_server_is_reached_as_by_other_commands() {
        let typed = |address: &str, more: &[&str]| {
            let line = ["voxpoint", "bench", "server", "--clients", "1", "--model", address];
            match Cli::try_parse_from(line.iter().chain(more)).map(|cli| cli.command) {
                Ok(Some(CliCommand::Bench(args))) => super::typed(address, &args),
                other => panic!("{other:?}"),
            }
        };
        let refused = |address| typed(address, &[]).unwrap_err().to_string();
        assert!(refused("http://gpu.example").contains("--plain-http"));
        let pin = "ab".repeat(32);
        let more = ["--plain-http", "--server-ca", "ca.pem", "--server-pin", &pin];
        let served = typed("http://gpu.example", &[&more[..], &["--key-file", "key"]].concat());
        let served = served.unwrap();
        assert!(served.trust.plain && served.trust.pin.is_some() && served.agreed.is_given());
        let files = (served.trust.authority, served.key_file);
        assert_eq!(files, (Some("ca.pem".into()), Some("key".into())));
        let said = refused("nninteractive+https://gpu.example");
        assert!(said.starts_with("voxpoint bench asks no nnInteractive server"), "{said}");
    }

    #[test]
    fn it_bends_where_more_clients_bring_little() {
        let row = |clients, scans_per_minute, server_ms, busy| ClientRow {
            clients,
            scans: 8,
            scans_per_minute,
            click_ms: 100.0,
            server_ms,
            cores_busy: Some(busy),
        };
        let [one, two] = [row(1, 300.0, 60.0, 0.5), row(2, 590.0, 62.0, 0.9)];
        assert_eq!(bend(&[one, two], 2), None);
        let (at, why) = bend(&[one, two, row(4, 650.0, 200.0, 1.0)], 2).unwrap();
        assert!(at == 4 && why.contains("wait for the server"), "{why}");
        let (at, why) = bend(&[one, row(8, 700.0, 60.0, 1.95)], 2).unwrap();
        assert!(at == 8 && why.contains("cores here"), "{why}");
        let (at, why) = bend(&[one, row(2, 310.0, 60.0, 0.5)], 2).unwrap();
        assert!(at == 2 && why.contains("neither") && why.contains("network"), "{why}");
        let untold = ClientRow { cores_busy: None, ..row(2, 310.0, 60.0, 0.0) };
        assert!(bend(&[one, untold], 2).is_some_and(|(_, why)| why.contains("does not tell")));
        // Measured: a server of 100 ms that does all at once, on the same two cores.
        let [two, four, eight] =
            [row(2, 554.0, 108.0, 1.0), row(4, 801.0, 110.0, 1.4), row(8, 1140.0, 115.0, 1.8)];
        let (at, why) = bend(&[row(1, 360.0, 105.0, 0.6), two, four, eight], 2).unwrap();
        assert!(at == 4 && why.contains("cores here fill"), "{why}");
        assert_eq!(bend(&[], 2), None);
    }

    /// Small, and with clients that wait for one another.
    #[test]
    fn clients_share_a_server() {
        let clicks = Clicks::new(Arc::new(synthetic::volume([40, 40, 40]).unwrap()));
        for (one_by_one, most) in [(true, 60_000.0 / 44.0), (false, f64::INFINITY)] {
            let service = Service::taking(Duration::from_millis(40), one_by_one);
            let port = stub_server::start(service).unwrap();
            let address = format!("http://127.0.0.1:{port}").parse().unwrap();
            let served = ServedModel { agreed: true.into(), ..ServedModel::at(address) };
            let row = row(&served, &clicks, 3, 2).unwrap();
            assert_eq!((row.clients, row.scans), (3, 6));
            assert!(row.scans_per_minute > 0.0 && row.scans_per_minute < 1.01 * most, "{row:?}");
            assert!(row.server_ms >= 40.0 && row.click_ms > row.server_ms, "{row:?}");
        }
    }
}
