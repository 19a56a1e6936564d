//! What may be said of a run, and what may not: the rules, apart from everything that measures.

use serde::Serialize;

/// The phones' thread may use so much of its core, in percent.
const GENERATOR_CPU: f64 = 85.0;
/// So many of its slots may be late, in percent.
const GENERATOR_LATE: f64 = 1.0;
/// So many slots of the server may be late when a capacity is told, in percent.
const SERVER_LATE: f64 = 0.1;
/// So many packets must come when a capacity is told, in percent.
const RECEIVED: f64 = 99.9;
/// So busy must the busiest thread be for a line through its use now to say where it is full, in percent.
const TELLING: f64 = 20.0;
/// A capacity is what this part of a core carries, in percent: the rest is for what is not even.
const FULL: f64 = 80.0;

/// What the load generator says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Generator {
    /// Of its core, in percent.
    pub cpu_percent: f64,
    /// Slots in which it was late, in percent.
    pub late_percent: f64,
}

/// What is known of the server.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Server {
    pub legs: usize,
    /// Legs that the rooms there are take; none where there may be more rooms.
    pub limit: Option<u64>,
    /// Part of its core that the busiest thread used, in percent.
    pub busiest_percent: f64,
    /// Slots that ended late, in percent.
    pub late_percent: f64,
    /// Packets that came of those sent in sequence, in percent.
    pub received_percent: f64,
}

/// By what a capacity is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Basis {
    /// By what the legs there are use.
    Use,
    /// By the first refusal: the legs there were, none when nobody was refused.
    Refusal(Option<usize>),
}

/// What is said.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Verdict {
    /// Whether the tails may be called those of a real-time thread: every worker has real-time priority.
    pub real_time: bool,
    /// Why the load generator was the bottleneck, if it was.
    pub generator_bottleneck: Option<String>,
    /// Legs of this kind that one core of the busiest thread would carry, by its use now, or as many as the rooms there are
    /// take; in `overload` legs there were when the first was refused.
    pub capacity_legs: Option<u64>,
    /// Whether it was met, and not reckoned.
    pub capacity_met: bool,
    /// Whether the rooms are full before the core is.
    pub capacity_is_limit: bool,
    /// Why no capacity is told.
    pub no_capacity_because: Option<String>,
}

impl Verdict {
    /// By the rules.
    pub(super) fn new(
        priorities: &[Option<u8>],
        generator: Generator,
        server: Server,
        basis: Basis,
    ) -> Self {
        let generator_bottleneck = bottleneck(generator);
        let no_capacity_because = match (&generator_bottleneck, basis) {
            (Some(_), _) => Some("the load generator was the bottleneck".to_owned()),
            (None, Basis::Use) => unfit(server).or_else(|| idle(server)),
            (None, Basis::Refusal(None)) => Some("no leg was refused".to_owned()),
            (None, Basis::Refusal(Some(_))) => unfit(server),
        };
        let by_use = || {
            let full = (server.legs as f64 * FULL / server.busiest_percent) as u64;
            server.limit.map_or(full, |limit| full.min(limit))
        };
        let capacity_legs = no_capacity_because.is_none().then(|| match basis {
            Basis::Refusal(Some(legs)) => legs as u64,
            _ => by_use(),
        });
        let at_limit = capacity_legs.is_some() && capacity_legs == server.limit;
        Self {
            capacity_is_limit: basis == Basis::Use && at_limit,
            capacity_met: basis != Basis::Use && capacity_legs.is_some(),
            real_time: !priorities.is_empty() && priorities.iter().all(Option::is_some),
            generator_bottleneck,
            capacity_legs,
            no_capacity_because,
        }
    }

    /// One line for each thing said.
    pub(super) fn lines(&self) -> Vec<String> {
        let tails = match self.real_time {
            true => "tails: real-time figures, every worker has real-time priority",
            false => {
                "tails: without real-time priority these are tails of an ordinary thread and say nothing of a worker that has it"
            }
        };
        let mut lines = vec![tails.to_owned()];
        if let Some(why) = &self.generator_bottleneck {
            lines.push(format!("generator was the bottleneck: {why}"));
        }
        lines.push(match (self.capacity_legs, &self.no_capacity_because) {
            (Some(legs), _) if self.capacity_met => {
                format!("capacity: {legs} legs of this kind were in when the first was refused")
            }
            (Some(legs), _) if self.capacity_is_limit => format!(
                "capacity: {legs} legs, all that the rooms take, before the busiest thread's core is filled to {FULL:.0} %"
            ),
            (Some(legs), _) => format!(
                "capacity: about {legs} legs of this kind fill {FULL:.0} % of the busiest thread's core"
            ),
            (None, Some(why)) => format!("capacity: not told, {why}"),
            (None, None) => "capacity: not told".to_owned(),
        });
        lines
    }
}

fn bottleneck(generator: Generator) -> Option<String> {
    let Generator {
        cpu_percent,
        late_percent,
    } = generator;
    if cpu_percent > GENERATOR_CPU {
        return Some(format!(
            "it used {cpu_percent:.0} % of its core, allowed: {GENERATOR_CPU:.0}"
        ));
    }
    (late_percent > GENERATOR_LATE).then(|| {
        format!("{late_percent:.1} % of its slots were late, allowed: {GENERATOR_LATE:.0}")
    })
}

/// Why a server in this state shows no capacity.
fn unfit(server: Server) -> Option<String> {
    if server.legs == 0 {
        return Some("nobody talked".into());
    }
    if server.late_percent > SERVER_LATE {
        return Some(format!(
            "{:.2} % of the slots were late, allowed: {SERVER_LATE}",
            server.late_percent
        ));
    }
    (server.received_percent < RECEIVED).then(|| {
        format!(
            "{:.2} % of the packets came, at least {RECEIVED} must",
            server.received_percent
        )
    })
}

/// Why the use of a server that has little to do shows no capacity.
fn idle(server: Server) -> Option<String> {
    let busiest = server.busiest_percent;
    (busiest < TELLING).then(|| {
        format!(
            "the busiest thread used {busiest:.1} % of its core, and a line drawn from less than {TELLING:.0} % says little: more legs tell it"
        )
    })
}

#[cfg(test)]
mod tests;
