//! Looks after the threads that media needs. A worker that ends or hangs is replaced by the engine; until then `/health`
//! says that there is no media, if it was the only one. The supervisor or the shard is not: without it, SIP would go on
//! answering calls that nobody hears. So it is said, the calls are ended properly, and the program fails: what
//! supervises it (systemd, a container runtime) starts it anew.

use std::time::Duration;

use talkpath_edge::net::Net;
use talkpath_engine::Engine;

/// How often the threads are looked at.
const EVERY: Duration = Duration::from_secs(1);

/// What is wrong, if anything is, in plain words. Both read as dead once they have been shut down.
pub(super) fn fault(engine: &Engine, net: &Net) -> Option<&'static str> {
    fault_of(engine.is_alive(), net.is_alive())
}

/// As [`fault`], of what nobody puts right: the program has to end.
pub(super) fn lasting_fault(engine: &Engine, net: &Net) -> Option<&'static str> {
    fault_of(engine.is_running(), net.is_alive())
}

/// The engine goes first: the shard ends with it.
fn fault_of(engine: bool, net: bool) -> Option<&'static str> {
    match (engine, net) {
        (false, _) => Some("there is no media worker, or their supervisor has stopped by itself"),
        (_, false) => Some("the thread of the media sockets has stopped by itself"),
        _ => None,
    }
}

/// Completes with the first fault; never without one.
pub(super) async fn first_fault(look: impl FnMut() -> Option<&'static str>) -> &'static str {
    first_fault_within(EVERY, look).await
}

async fn first_fault_within(
    every: Duration,
    mut look: impl FnMut() -> Option<&'static str>,
) -> &'static str {
    loop {
        if let Some(fault) = look() {
            return fault;
        }
        tokio::time::sleep(every).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_thread_is_named() {
        assert_eq!(fault_of(true, true), None);
        assert!(fault_of(false, true).unwrap().contains("worker"));
        assert!(fault_of(true, false).unwrap().contains("sockets"));
        assert!(fault_of(false, false).unwrap().contains("worker"));
    }

    #[test]
    fn it_looks_until_there_is_a_fault() {
        let mut looks = 0;
        let look = || {
            looks += 1;
            (looks == 3).then_some("gone")
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let fault = runtime.block_on(first_fault_within(Duration::from_millis(1), look));
        assert_eq!((fault, looks), ("gone", 3));
    }
}
