//! RealtimeSanitizer watches the worker's step: `scripts/sanitizers realtime` builds all tests with it. Here a fault is
//! planted, since its silence would mean nothing otherwise.

#![cfg(rtsan)]

#[path = "common/mod.rs"]
mod common;

use std::time::Duration;

use common::bare::{Bare, Sizes};
use talkpath_rt::clock::Clock;

const PLANTED: &str = "TALKPATH_RTSAN_PLANTED";

/// A clock that allocates whenever it is asked: it is, inside the step.
struct Allocating;

impl Clock for Allocating {
    fn now(&self) -> Duration {
        *std::hint::black_box(Box::new(Duration::from_secs(1)))
    }

    fn sleep_until(&self, _: Duration) {}
}

#[test]
fn an_allocation_in_a_step_is_reported() {
    if std::env::var_os(PLANTED).is_some() {
        let mut bare = Bare::new(Sizes::default());
        bare.io.cost_clock = Box::new(Allocating);
        bare.slots(1);
        return;
    }
    let own = std::env::current_exe().expect("this test");
    let run = std::process::Command::new(own)
        .args(["--exact", "an_allocation_in_a_step_is_reported"])
        .env(PLANTED, "1")
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(!run.status.success(), "{said}");
    assert!(said.contains("RealtimeSanitizer"), "{said}");
}
