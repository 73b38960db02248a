//! Several jobs of a command at the same time.

use std::thread::ScopedJoinHandle;

use super::say;

/// Threads of each job's model, of those that are given for all; `None` chooses.
pub fn threads_of_each(jobs: usize, threads: Option<usize>) -> Option<usize> {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    match jobs {
        1 => threads,
        jobs => Some((threads.unwrap_or_else(cores) / jobs).max(1)),
    }
}

/// Does `work` in so many threads at once, or as many as the system gives; the first error of any is the result.
///
/// One job is this thread's: ONNX Runtime makes the thread of the first session flush subnormal numbers to zero, which a
/// model with one thread computes in. Threads that start later inherit that (POSIX).
pub fn run(jobs: usize, work: impl Fn() -> anyhow::Result<()> + Sync) -> anyhow::Result<()> {
    std::thread::scope(|scope| {
        let start =
            |_| std::thread::Builder::new().name("job".to_owned()).spawn_scoped(scope, &work);
        let others: Vec<_> = (1..jobs).map_while(|n| start(n).ok()).collect();
        if others.len() + 1 < jobs {
            say(&format!("note: the system gives threads for {} jobs only", others.len() + 1));
        }
        let mine = work();
        let join = |job: ScopedJoinHandle<'_, anyhow::Result<()>>| {
            job.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a job ended by itself")))
        };
        let others: Vec<_> = others.into_iter().map(join).collect();
        others.into_iter().fold(mine, anyhow::Result::and)
    })
}
