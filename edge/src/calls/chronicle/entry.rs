//! One step of a call's story.

use std::time::Duration;

use serde_json::{Value, json};
use talkpath_engine::Codec;
use talkpath_engine::event::KindInfo;
use talkpath_engine::negotiate::{AudioAnswer, Direction};

/// A step, and when it was taken (monotonic time).
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub at: Duration,
    pub what: What,
}

/// What was agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Terms {
    codec: Codec,
    ptime_ms: u16,
    direction: Direction,
}

/// What happened.
#[derive(Debug, Clone, Copy)]
pub(super) enum What {
    /// The first agreement.
    Agreed(Terms),
    /// Another codec or packet time.
    Changed(Terms),
    /// Media flows less than both ways.
    Held(Terms),
    /// Both ways again.
    Resumed(Terms),
    /// The ACK has come.
    Confirmed,
    /// An event of the engine.
    Engine {
        info: &'static KindInfo,
        detail: Option<&'static str>,
        worker: Option<u8>,
    },
}

impl Terms {
    pub fn of(answer: &AudioAnswer) -> Self {
        Self {
            codec: answer.codec,
            ptime_ms: u16::try_from(answer.ptime.as_millis()).unwrap_or(u16::MAX),
            direction: answer.direction,
        }
    }

    /// What it is to go on with these terms after `before`.
    pub fn after(self, before: Option<Self>) -> What {
        match before {
            None => What::Agreed(self),
            Some(before) if before.direction == self.direction => What::Changed(self),
            Some(_) if self.direction == Direction::BOTH => What::Resumed(self),
            Some(_) => What::Held(self),
        }
    }

    fn json(self, what: &str) -> Value {
        let Self {
            codec,
            ptime_ms,
            direction,
        } = self;
        let (receive, send) = (direction.receive, direction.send);
        json!({
            "what": what, "codec": codec.to_string(), "ptime_ms": ptime_ms, "receive": receive, "send": send,
        })
    }
}

impl What {
    /// Its name, as JSON has it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Agreed(_) => "agreed",
            Self::Changed(_) => "changed",
            Self::Held(_) => "held",
            Self::Resumed(_) => "resumed",
            Self::Confirmed => "confirmed",
            Self::Engine { info, .. } => info.name,
        }
    }

    /// The worker the leg is on since, where this says so.
    pub fn came_to(&self) -> Option<u8> {
        match self {
            Self::Engine { info, worker, .. } => {
                let came = ["joined", "moved", "rebuilt"].contains(&info.name);
                worker.filter(|_| came)
            }
            _ => None,
        }
    }

    /// As the page of a call has it.
    pub fn json(&self) -> Value {
        let name = self.name();
        match self {
            Self::Agreed(terms)
            | Self::Changed(terms)
            | Self::Held(terms)
            | Self::Resumed(terms) => terms.json(name),
            Self::Confirmed => json!({ "what": name }),
            Self::Engine {
                info,
                detail,
                worker,
            } => {
                json!({ "what": name, "class": info.class.name(), "detail": detail, "worker": worker })
            }
        }
    }
}
