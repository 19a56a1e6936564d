//! What a later agreement changes.

use std::fmt;
use std::time::Duration;

use talkpath_nodes::codec::{Codec, OpusSettings};

use super::{AudioAnswer, Direction, Events, Numbers, Redundancy};

/// What was and what is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step<T> {
    /// Before.
    pub from: T,
    /// From now on.
    pub to: T,
}

/// What two agreements of a session differ in; `None` is what stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Difference {
    /// The codec.
    pub codec: Option<Step<Codec>>,
    /// Its payload types.
    pub numbers: Option<Step<Numbers>>,
    /// How Opus is sent.
    pub opus: Option<Step<OpusSettings>>,
    /// The packet time.
    pub ptime: Option<Step<Duration>>,
    /// Which way media flows.
    pub direction: Option<Step<Direction>>,
    /// Whether RTCP shares the port.
    pub rtcp_mux: Option<Step<bool>>,
    /// Telephone events: come, gone, or others.
    pub events: Option<Step<Option<Events>>>,
    /// Comfort noise: come, gone, or under another number.
    pub comfort_noise: Option<Step<Option<Numbers>>>,
    /// Redundancy: come, gone, or other.
    pub redundancy: Option<Step<Option<Redundancy>>>,
}

/// What a change of direction is to a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hold {
    /// Less flows than did.
    Held,
    /// Both ways again.
    Resumed,
    /// Another way than did, and not both.
    Turned,
}

impl AudioAnswer {
    /// What is different since `before`.
    pub fn since(&self, before: &Self) -> Difference {
        let (was, is) = (&before.alongside, &self.alongside);
        Difference {
            codec: step(before.codec, self.codec),
            numbers: step(before.numbers, self.numbers),
            opus: step(before.opus, self.opus),
            ptime: step(before.ptime, self.ptime),
            direction: step(before.direction, self.direction),
            rtcp_mux: step(before.rtcp_mux, self.rtcp_mux),
            events: step(was.events, is.events),
            comfort_noise: step(was.comfort_noise, is.comfort_noise),
            redundancy: step(was.redundancy, is.redundancy),
        }
    }
}

impl Difference {
    /// True if nothing changes: the offer was a sign of life.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// True if the leg needs another plan (D13): `Leg::change` or `Call::change` swaps it. Where this is false a direction is
    /// set, or only the sockets are told, and no state of the leg is touched.
    pub fn needs_plan(&self) -> bool {
        let stream = self.codec.is_some() || self.numbers.is_some() || self.ptime.is_some();
        let stream = stream || self.opus.is_some();
        let beside = self.events.is_some() || self.comfort_noise.is_some();
        stream || beside || self.redundancy.is_some()
    }

    /// What the change of direction is, if there is one.
    pub fn hold(&self) -> Option<Hold> {
        let Step { from, to } = self.direction?;
        let more = (to.receive && !from.receive) || (to.send && !from.send);
        Some(match (to == Direction::BOTH, more) {
            (true, _) => Hold::Resumed,
            (false, true) => Hold::Turned,
            (false, false) => Hold::Held,
        })
    }
}

/// As a log line has it: `codec PCMU/8000 to PCMA/8000, held`.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let codec = self
            .codec
            .map(|Step { from, to }| format!("codec {from} to {to}"));
        let numbers = self.numbers.map(|_| "payload type".to_owned());
        let opus = self.opus.map(|_| "parameters of Opus".to_owned());
        let ptime = self
            .ptime
            .map(|Step { from, to }| format!("ptime {from:?} to {to:?}"));
        let hold = self.hold().map(|hold| match hold {
            Hold::Held => "held".to_owned(),
            Hold::Resumed => "resumed".to_owned(),
            Hold::Turned => "turned".to_owned(),
        });
        let port = self.rtcp_mux.map(|_| "port of RTCP".to_owned());
        let events = came(self.events, "telephone events");
        let noise = came(self.comfort_noise, "comfort noise");
        let redundancy = came(self.redundancy, "redundancy");
        let all = [
            codec, numbers, opus, ptime, hold, port, events, noise, redundancy,
        ];
        let said: Vec<_> = all.into_iter().flatten().collect();
        match said.is_empty() {
            true => f.write_str("nothing"),
            false => f.write_str(&said.join(", ")),
        }
    }
}

fn came<T>(step: Option<Step<Option<T>>>, what: &str) -> Option<String> {
    let how = match step? {
        Step { from: None, .. } => "added",
        Step { to: None, .. } => "removed",
        Step { .. } => "changed",
    };
    Some(format!("{what} {how}"))
}

fn step<T: PartialEq>(from: T, to: T) -> Option<Step<T>> {
    (from != to).then_some(Step { from, to })
}
