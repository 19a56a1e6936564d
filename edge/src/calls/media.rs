//! What calls need of the media side.
//!
//! Every call here may block for a short while: it is made from blocking threads, never from an
//! async one.

use std::net::SocketAddr;

use serde::Serialize;
use talkpath_engine::negotiate::AudioAnswer;
use talkpath_engine::{LegLedger, Priority};

use super::Destination;
use crate::net::Refused;
use crate::sdp::Place;

/// A leg of a call, in the words of the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallLeg(pub u64);

/// What a call asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// What was called.
    pub to: Destination,
    /// How much it matters.
    pub class: Priority,
}

/// What offer and answer agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaSession {
    /// Codec, packet time and direction.
    pub answer: AudioAnswer,
    /// Where the caller hears RTP. Unspecified on hold by address.
    pub remote_rtp: SocketAddr,
    /// Where the caller hears RTCP.
    pub remote_rtcp: SocketAddr,
}

/// Why the media of a call is over, seen from the media side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MediaEnd {
    /// Nothing came from the caller for too long.
    Timeout,
    /// The recording was played to its end.
    Finished,
    /// The room was closed.
    RoomClosed,
    /// An emergency call needed its room.
    Displaced,
    /// The engine has let the leg go.
    Gone,
}

/// Told once, from any thread, when the media of a leg is over. Never for a leg that left by
/// [`MediaHost::leave`].
pub type WhenEnded = Box<dyn Fn(MediaEnd) + Send + Sync>;

/// How a leg fares: a second old at most while it lasts, exact at its end. `None` is what nobody has told.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct MediaFigures {
    /// RTP packets that came and were taken.
    pub packets_in: Option<u64>,
    /// RTP packets sent.
    pub packets_out: Option<u64>,
    /// Packets lost on the way to us; negative with duplicates.
    pub lost: Option<i32>,
    /// Packets that came after their time.
    pub late: Option<u64>,
    /// Datagrams that came to its port and were not taken.
    pub refused: Option<u64>,
    /// The same by reason.
    pub refused_for: Option<Refused>,
    /// Packets taken whose payload did not fit the codec.
    pub malformed: Option<u64>,
    /// Made up for what was lost or late, in milliseconds.
    pub concealed_ms: Option<f64>,
    /// Frames of an effect that the governor left out or ran cheaply.
    pub shed_frames: Option<u64>,
    /// Halves of periods, in and out, that the governor left out whole.
    pub shed_periods: Option<u64>,
    /// Interarrival jitter on the way to us, in milliseconds.
    pub jitter_ms: Option<f64>,
    /// Packets lost on the way to the caller, as it last said.
    pub remote_lost: Option<i32>,
    /// Round trip by RTCP, in milliseconds.
    pub round_trip_ms: Option<f64>,
    /// Index of the worker the leg was on.
    pub worker: Option<u8>,
    /// Its plan, as `/plans` names it.
    pub plan: Option<u64>,
    /// The same in a few words.
    pub plan_name: Option<String>,
    /// Where its delay came from; `None` also when no packet was taken.
    pub ledger: Option<LegLedger>,
}

/// Why the media side does not serve a call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MediaRefusal {
    /// There is no such thing to call (a recording that is not there).
    #[error("{0}")]
    Unknown(String),
    /// No capacity left; calls in progress are untouched.
    #[error("{0}")]
    Capacity(String),
    /// What was agreed on cannot be served (an address family we are not bound to).
    #[error("{0}")]
    NotHere(String),
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}

impl MediaRefusal {
    /// The SIP status it is told with.
    pub fn status(&self) -> u16 {
        match self {
            Self::Unknown(_) => 404,
            Self::NotHere(_) => 488,
            Self::Capacity(_) => 503,
            Self::Failed(_) => 500,
        }
    }
}

/// Seconds after which a call that found no capacity may try again: so long that those refused do not become a load.
const RETRY_AFTER: u32 = 10;

impl MediaRefusal {
    /// Seconds after which it is worth trying again, where that is known.
    pub fn retry_after(&self) -> Option<u32> {
        matches!(self, Self::Capacity(_)).then_some(RETRY_AFTER)
    }
}

/// A local port, not yet anybody's leg. Dropping it gives it back.
pub trait MediaPort: Send + 'static {
    /// Where it is, as the caller at `peer` is to be told.
    fn place(&self, peer: SocketAddr) -> Place;
}

/// The media side.
pub trait MediaHost: Send + Sync + 'static {
    /// Its ports.
    type Port: MediaPort;

    /// Opens a port for a call, once it is sure that what it asks for exists.
    ///
    /// # Errors
    /// There is no such thing, or no port.
    fn open(&self, asked: &Asked) -> Result<Self::Port, MediaRefusal>;

    /// Makes the call a leg of what it called.
    ///
    /// # Errors
    /// No capacity, or a session that cannot be served; the port is given back.
    fn join(
        &self,
        port: Self::Port,
        asked: &Asked,
        session: &MediaSession,
        ended: WhenEnded,
    ) -> Result<CallLeg, MediaRefusal>;

    /// Changes codec, direction and far end of a leg in place.
    ///
    /// # Errors
    /// The leg is gone or the session cannot be served; the leg goes on as it was.
    fn update(&self, leg: CallLeg, session: &MediaSession) -> Result<(), MediaRefusal>;

    /// How a leg fares, as far as anybody has told.
    fn figures(&self, _leg: CallLeg) -> MediaFigures {
        MediaFigures::default()
    }

    /// Takes the leg out and tells how it fared, once worker and shard have given it back; what they have not told within
    /// half a second is as it was last known. A leg that is gone already is no error.
    fn leave(&self, leg: CallLeg) -> MediaFigures;
}
