//! Levels the workers while the server runs: now and then one leg or call is moved where that gathers a room or levels two
//! workers (D6). One at a time: a move is not heard, but costs both workers a slot's worth of copying.

use std::time::Duration;

use talkpath_engine::Engine;

/// Moves, every so often, whatever is best moved; for ever. Never, when that is zero or there is one worker.
pub(super) async fn keep(engine: Engine, every: Duration) {
    if engine.workers().len() > 1 {
        // A refusal is no fault: what did not fit is asked for again.
        let level = move || match engine.rebalance() {
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "nothing could be moved"),
        };
        repeat(every, level).await;
    }
}

/// Takes a step every so often, on a thread that may wait.
async fn repeat(every: Duration, step: impl FnMut() + Send + 'static) {
    let mut step = Some(step);
    while let Some(mut next) = step.take().filter(|_| !every.is_zero()) {
        tokio::time::sleep(every).await;
        let taken = tokio::task::spawn_blocking(move || {
            next();
            next
        });
        step = taken.await.ok();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap()
    }

    #[test]
    fn it_goes_on_until_it_is_dropped() {
        let (told, hears) = mpsc::channel();
        let step = move || told.send(()).unwrap_or_default();
        runtime().block_on(async {
            let levelling = tokio::spawn(repeat(Duration::from_millis(1), step));
            let mut steps = 0;
            while steps < 3 {
                tokio::time::sleep(Duration::from_millis(1)).await;
                steps += hears.try_iter().count();
            }
            levelling.abort();
        });
    }

    #[test]
    fn every_zero_seconds_is_never() {
        runtime().block_on(repeat(Duration::ZERO, || unreachable!("never")));
    }
}
