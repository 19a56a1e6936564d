//! What a replay tells, while it runs and at its end.

use std::time::Duration;

use serde::{Serialize, Serializer};
use talkpath_graph::SampleRate;
use talkpath_nodes::codec::Codec;
use talkpath_nodes::packet::Packet;
use thiserror::Error;

use crate::config::ConfigError;
use crate::proto::RoomId;

/// Whoever wants the sound.
pub trait Listener {
    /// A packet that a leg's phone sent is given to its worker.
    fn given(&mut self, _packet: &Packet) {}

    /// A packet is sent to a leg's phone.
    fn sent(&mut self, _packet: &Packet) {}

    /// Whether [`mixed`](Self::mixed) is to be called at all.
    fn wants_mixes(&self) -> bool {
        false
    }

    /// A room has mixed.
    fn mixed(&mut self, _mix: &Mix) {}
}

/// Nobody listens.
impl Listener for () {}

/// One frame of what is heard in a room by somebody who says nothing, before the limiter.
#[derive(Debug, Clone, PartialEq)]
pub struct Mix {
    /// The room.
    pub room: RoomId,
    /// Index of the worker that mixed it: a room on several is mixed on each of them.
    pub worker: u8,
    /// Number of the mix: that of its period since slot 0, from 1.
    pub number: u64,
    /// When it was mixed, since slot 0.
    pub at: Duration,
    /// The highest rate of the room's buses.
    pub rate: SampleRate,
    /// The samples, ±1.0 and beyond where many talk.
    pub samples: Vec<f32>,
}

/// A leg of the session, or a side of a point-to-point call. Times are since slot 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LegSpan {
    /// Its handle, as the status shows it.
    pub id: String,
    /// The handle's bits.
    pub bits: u64,
    /// Handle of its room; `None` for a side of a call.
    pub room: Option<String>,
    /// Handle of its point-to-point call.
    pub call: Option<String>,
    /// When it was in.
    pub joined: Duration,
    /// When it was gone; `None`: not before the end.
    pub left: Option<Duration>,
    /// Packets its phone sent.
    pub given: u64,
    /// Packets its phone was sent.
    pub sent: u64,
    /// What its packets are coded with, in the order it was told so; nothing for what is no phone.
    pub codecs: Vec<LegCodec>,
}

/// From a time on a payload type stands for a codec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LegCodec {
    /// When it was asked for.
    pub at: Duration,
    /// The payload type, both ways.
    pub payload_type: u8,
    /// The codec.
    #[serde(serialize_with = "as_text")]
    pub codec: Codec,
}

fn as_text<S: Serializer>(codec: &Codec, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(codec)
}

/// A room of the session. Times are since slot 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RoomSpan {
    /// Its handle, as the status shows it.
    pub id: String,
    /// The handle's bits.
    pub bits: u64,
    /// Its name.
    pub name: String,
    /// When it was created.
    pub created: Duration,
    /// When it had ended; `None`: not before the end.
    pub ended: Option<Duration>,
}

/// The first packet that is not what was sent in the session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The worker that sent it; `None` when it was compared with what a run with another number of workers sent.
    pub worker: Option<u8>,
    /// The how manieth of this worker, else of this leg, from 0.
    pub packet: u64,
    /// Bits of the leg it was for in the session.
    pub leg: u64,
    /// Its sequence number in the session.
    pub sequence: u64,
}

/// What happened in a session because of the number of workers it had, and did not with another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unapplied {
    /// What it was.
    pub what: String,
    /// How often.
    pub times: u64,
    /// When first, since slot 0.
    pub first: Duration,
}

impl Unapplied {
    /// One more `what`.
    pub(super) fn add(to: &mut Vec<Self>, what: &str, at: Duration) {
        match to.iter_mut().find(|known| known.what == what) {
            Some(known) => known.times += 1,
            None => to.push(Self {
                what: what.to_owned(),
                times: 1,
                first: at,
            }),
        }
    }
}

/// What came of a replay.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Replayed {
    /// Length of the session, slot 0 to its last.
    pub session: Duration,
    /// How long the replay took.
    pub took: Duration,
    /// Packets given to the workers.
    pub given: u64,
    /// Packets the workers sent.
    pub sent: u64,
    /// Of these, packets that were compared with those of the session: all, but for the last few.
    pub compared: u64,
    /// Of these, packets that were different.
    pub different: u64,
    /// Packets of the session that were not sent again. Those at the end of a recording that ends early are none.
    pub missing: u64,
    /// The first that was different.
    pub first_difference: Option<Difference>,
    /// A digest of all packets sent, header and payload by leg: equal when every bit of them is, with any number of workers.
    pub digest: u64,
    /// How many workers it ran with.
    pub workers: usize,
    /// With another number than the session's: what of it could not apply.
    pub unapplied: Vec<Unapplied>,
    /// The rooms, in the order they were created.
    pub rooms: Vec<RoomSpan>,
    /// The legs, in the order they joined.
    pub legs: Vec<LegSpan>,
}

impl Replayed {
    /// Whether every packet that was compared is the one of the session, and none is missing.
    #[must_use]
    pub fn is_identical(&self) -> bool {
        self.different == 0 && self.missing == 0
    }
}

/// Why a recording could not be run to its end.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The engine's settings in its header are out of their range.
    #[error("the recording's settings: {0}")]
    Config(#[from] ConfigError),
    /// A thread could not be started.
    #[error("a thread did not start")]
    Thread(#[source] std::io::Error),
    /// A thread panicked.
    #[error("{thread} panicked: {words}")]
    Panicked {
        /// Which one.
        thread: String,
        /// What it said.
        words: String,
    },
    /// No thread went on: they wait for what does not come in this program.
    #[error(
        "the replay stands still after {sent} packets, {different} of them different: this is not the talkpath that \
         made the recording"
    )]
    Stuck {
        /// Packets sent until then.
        sent: u64,
        /// Of these, packets that were not those of the session.
        different: u64,
    },
}
