//! The last episode of late slots of a worker, and what took longest in it (D14).

use std::time::Duration;

use serde::Serialize;

use crate::proto::{Culprit, Segment};

/// An episode of late slots, and what took longest in its first one (D14).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LateStatus {
    /// When it began, on the engine's clock, in seconds.
    pub at: f64,
    /// How late the first slot ended, in microseconds.
    pub by_us: f64,
    /// What took longest; none when no leg ran, and when the machine held the worker up it took little.
    pub culprit: Option<CulpritStatus>,
}

/// Legs of one plan that ran side by side.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CulpritStatus {
    /// The first of them.
    pub leg: String,
    /// Its room; none for the directions of calls.
    pub room: Option<String>,
    /// Their plan, as `/plans` names it.
    pub plan: u64,
    /// The same in a few words, while the plan was there.
    pub plan_name: Option<String>,
    /// `ingress` or `egress`.
    pub segment: &'static str,
    /// The kind of op of it that took longest when its ops were last timed one by one; none before that, and for calls.
    pub op: Option<&'static str>,
    /// How many they were.
    pub legs: u32,
    /// How long they took together, in microseconds.
    pub took_us: f64,
}

impl LateStatus {
    pub(crate) fn new(
        at: Duration,
        by: Duration,
        culprit: Option<Culprit>,
        plan_name: Option<String>,
    ) -> Self {
        let micros = |span: Duration| span.as_secs_f64() * 1e6;
        let culprit = culprit.map(|culprit| CulpritStatus {
            leg: culprit.leg.to_string(),
            room: culprit.room.map(|room| room.to_string()),
            plan: culprit.plan.to_bits(),
            plan_name,
            segment: match culprit.segment {
                Segment::Ingress => "ingress",
                Segment::Egress => "egress",
            },
            op: culprit.op,
            legs: culprit.legs,
            took_us: micros(culprit.took),
        });
        Self {
            at: at.as_secs_f64(),
            by_us: micros(by),
            culprit,
        }
    }
}
