//! What the governor left out of a call, and when it came back: each step, in order.
//!
//! The engine tells steps by worker and class, not by leg. So what is in force is kept by worker; a call is told of the
//! steps of its class on the worker it is on, of those it finds there when it comes, and that they are over where it leaves
//! them behind. Bounded: the last [`STEPS`] of a call are kept and the others counted.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde::Serialize;
use talkpath_engine::event::Left;
use talkpath_engine::{EventKind, Priority};

/// Steps kept of one call: four times down the whole ladder of its class, which has eight, and half as often back up.
pub(super) const STEPS: usize = 32;

/// A step of the governor (monotonic time).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    pub at: Duration,
    /// Left out, or back.
    pub up: bool,
    left: Left,
    pub class: Priority,
    pub worker: u8,
    legs: u32,
    /// The fullest slot in thousandths: why.
    load: u32,
    /// Steps of the ladder in force behind it.
    number: u32,
}

/// A step as JSON has it; `docs/counters.md` explains each field.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(in crate::calls) struct ToldStep {
    at_s: f64,
    what: &'static str,
    left_out: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    periods: Option<u8>,
    priority: Priority,
    worker: u8,
    legs: u32,
    load: f64,
    step: u32,
}

/// What was left out of a call, as its record has it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(in crate::calls) struct Shedding {
    pub shedding: Vec<ToldStep>,
    /// Older steps that are not kept.
    pub shedding_left_out: u32,
}

impl Step {
    /// The step an event tells of, if it does.
    pub fn of(at: Duration, kind: &EventKind) -> Option<Self> {
        let (up, worker, left, class, legs, load, number) = match *kind {
            EventKind::Shed {
                worker,
                what,
                priority,
                legs,
                load,
                step,
            } => (true, worker, what, priority, legs, load, step),
            EventKind::Recovered {
                worker,
                what,
                priority,
                legs,
                load,
                step,
            } => (false, worker, what, priority, legs, load, step),
            _ => return None,
        };
        Some(Self {
            at,
            up,
            left,
            class,
            worker: u8::try_from(worker).ok()?,
            legs,
            load,
            number,
        })
    }

    /// The same step, taken back.
    fn back(self, at: Duration) -> Self {
        Self {
            at,
            up: false,
            ..self
        }
    }

    fn told(&self, began: Duration) -> ToldStep {
        let periods = match self.left {
            Left::Periods(count) => Some(count),
            Left::Effect(_) => None,
        };
        ToldStep {
            at_s: self.at.saturating_sub(began).as_millis() as f64 / 1e3,
            what: if self.up { "shed" } else { "recovered" },
            left_out: self.left.name(),
            periods,
            priority: self.class,
            worker: self.worker,
            legs: self.legs,
            load: f64::from(self.load) / 1e3,
            step: self.number,
        }
    }
}

/// The steps in force, by worker, the first on the ladder first.
#[derive(Debug, Default)]
pub(super) struct InForce(BTreeMap<u8, Vec<Step>>);

impl InForce {
    /// A step was taken, or taken back; what that is for the calls of its worker. With a step go those above it, which
    /// concerned no leg any more.
    pub fn took(&mut self, step: Step) -> Vec<Step> {
        let known = self.0.entry(step.worker).or_default();
        let most = step.number - u32::from(step.up && step.number > 0);
        let kept = known.partition_point(|was| was.number <= most);
        let gone = known.split_off(kept).into_iter().rev();
        let mut told: Vec<Step> = gone
            .map(|was| Step {
                load: step.load,
                number: most,
                ..was.back(step.at)
            })
            .collect();
        if step.up {
            known.push(step);
            told.push(step);
        }
        told
    }

    /// The worker is lost, and its steps with it.
    pub fn lost(&mut self, worker: u8, at: Duration) -> Vec<Step> {
        let gone = self.0.remove(&worker).unwrap_or_default().into_iter().rev();
        gone.map(|was| was.back(at)).collect()
    }

    /// What a call of `class` finds that comes from one worker to another, or to its first.
    pub fn changed(&self, class: Priority, from: Option<u8>, to: u8, at: Duration) -> Vec<Step> {
        let of = |worker: u8| {
            let steps = self.0.get(&worker).into_iter().flatten();
            steps.filter(move |step| step.class == class).copied()
        };
        if from == Some(to) {
            return Vec::new();
        }
        let behind = from.into_iter().flat_map(of).map(|step| step.back(at));
        let found = of(to).map(|step| Step {
            at: step.at.max(at),
            ..step
        });
        behind.chain(found).collect()
    }
}

/// The steps of one call.
#[derive(Debug, Default)]
pub(super) struct Story {
    steps: VecDeque<Step>,
    left_out: u32,
}

impl Story {
    pub fn note(&mut self, step: Step) {
        if self.steps.len() == STEPS {
            self.steps.pop_front();
            self.left_out = self.left_out.saturating_add(1);
        }
        self.steps.push_back(step);
    }

    /// As it is told of a call that began then.
    pub fn told(&self, began: Duration) -> Shedding {
        Shedding {
            shedding: self.steps.iter().map(|step| step.told(began)).collect(),
            shedding_left_out: self.left_out,
        }
    }
}
