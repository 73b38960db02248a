//! The threads that all loops over voxels share, started before there is work. Where the system gives none (a limit
//! on processes or address space), rayon would end the program in the middle of it.

use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};

use anyhow::Context as _;

/// Starts as many threads as there are cores, or as many as the system gives.
pub fn start() -> anyhow::Result<()> {
    let wanted = std::env::var("RAYON_NUM_THREADS").ok().and_then(|n| n.trim().parse().ok());
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    start_at_most(wanted.filter(|&n| n > 0).unwrap_or_else(cores))
}

fn start_at_most(wanted: usize) -> anyhow::Result<()> {
    let mut seats = Vec::new();
    for n in 0..wanted {
        match seat(n) {
            Ok(seat) => seats.push(seat),
            Err(why) if seats.is_empty() => {
                return Err(why).context(
                    "the system gives no threads; raise its limits on processes and memory (ulimit -u, -v)",
                );
            }
            Err(_) => break,
        }
    }
    let count = seats.len();
    let seats = Mutex::new(seats);
    let take = move |thread: rayon::ThreadBuilder| {
        let seat = seats.lock().ok().and_then(|mut seats| seats.pop());
        // There is one for each.
        let taken = seat.is_some_and(|seat| seat.send(thread).is_ok());
        if taken { Ok(()) } else { Err(std::io::Error::other("no thread")) }
    };
    // A second start in one process (tests) finds the first one in place: nothing to do.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(count).spawn_handler(take).build_global();
    Ok(())
}

/// A thread that waits for what it is to be of rayon's.
fn seat(n: usize) -> std::io::Result<Sender<rayon::ThreadBuilder>> {
    let (give, take) = channel::<rayon::ThreadBuilder>();
    std::thread::Builder::new().name(format!("loops {n}")).spawn(move || {
        if let Ok(thread) = take.recv() {
            thread.run();
        }
    })?;
    Ok(give)
}

#[cfg(test)]
mod tests {
    use rayon::prelude::*;

    #[test]
    fn loops_run_on_the_threads_that_were_started() {
        // Another test may have started others; twice is no error.
        super::start_at_most(2).unwrap();
        super::start_at_most(3).unwrap();
        assert_eq!((0..1000u32).into_par_iter().sum::<u32>(), 499_500);
    }
}
