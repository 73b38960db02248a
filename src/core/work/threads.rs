use std::sync::RwLock;
use std::thread::{Builder, ScopedJoinHandle, scope};

/// How many more threads the system gives this program now, up to `most`. Found out by starting so many, which takes
/// some 20 µs for each: limits of users and of containers are told nowhere else.
pub fn threads_available(most: usize) -> usize {
    let gate = RwLock::new(());
    scope(|scope| {
        let closed = gate.write();
        let wait = || drop(gate.read());
        let start = |_| Builder::new().stack_size(64 << 10).spawn_scoped(scope, wait).ok();
        let waiting: Vec<ScopedJoinHandle<'_, ()>> = (0..most).map_while(start).collect();
        drop(closed);
        waiting.into_iter().flat_map(ScopedJoinHandle::join).count()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_nothing_is_limited_there_are_as_many_as_asked_for() {
        assert_eq!([0, 1, 20].map(threads_available), [0, 1, 20]);
    }
}
