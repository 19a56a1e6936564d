//! A leg as its users hold it, and how to join one.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crossbeam::channel::Receiver;
use talkpath_graph::SampleRate;
use talkpath_nodes::codec::{Codec, OpusSettings};

use crate::error::EngineError;
use crate::event::LeaveReason;
use crate::keys::{KeyRow, KeyTypes};
use crate::leg_graph::LegGraph;
use crate::priority::Priority;
use crate::proto::{Direction, LegId, RoomId};
use crate::room::remove_leg;
use crate::status::LegStatus;
use crate::supervisor::{Edit, Link, Request};
use crate::worker::stats::LegStats;

/// Where an RTP stream of ours starts (RFC 3550, section 5.1: at random).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RtpSender {
    /// Synchronisation source.
    pub ssrc: u32,
    /// First sequence number.
    pub sequence: u16,
    /// First timestamp.
    pub timestamp: u32,
}

impl RtpSender {
    /// All three at random. The first sequence number stays in the lower half, as RFC 3711
    /// recommends, so that an early loss cannot confuse a receiver's roll-over count.
    pub fn random() -> Self {
        let [ssrc, timestamp] = [rand::random(), rand::random()];
        Self {
            ssrc,
            sequence: rand::random::<u16>() >> 1,
            timestamp,
        }
    }
}

/// Delay of a leg's jitter buffer, where the engine's default does not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JitterDelay {
    /// Delay aimed at.
    pub target: Duration,
    /// Most it holds; not below `target`, at most 1 s.
    pub max: Duration,
}

/// A leg whose media comes and goes as RTP packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NetworkConfig {
    /// The codec, both ways.
    pub codec: Codec,
    /// Its RTP payload type, both ways.
    pub payload_type: u8,
    /// Packet time we send: whole tens of milliseconds, at most 60 ms and 1,280 bytes; of Opus 10, 20, 40 or 60 ms.
    pub ptime: Duration,
    /// Where our stream starts. A change of codec continues the stream there is.
    pub sender: RtpSender,
    /// Delay of the jitter buffer; `None`: the engine's.
    pub jitter: Option<JitterDelay>,
    /// Whether the leg hears itself (an echo).
    pub hear_self: bool,
    /// How its encoder is set when the codec is Opus.
    pub opus: OpusSettings,
    /// Payload types of keys (RFC 4733), at the codec's RTP clock.
    pub keys: KeyTypes,
}

impl NetworkConfig {
    /// `codec` as `payload_type` in packets of 20 ms (less where they would not fit), with a
    /// random start and the engine's jitter delay.
    pub fn new(codec: Codec, payload_type: u8) -> Self {
        let ten = Duration::from_millis(10);
        Self {
            codec,
            payload_type,
            ptime: if codec.max_ptime() < 2 * ten {
                ten
            } else {
                2 * ten
            },
            sender: RtpSender::random(),
            jitter: None,
            hear_self: false,
            opus: OpusSettings::default(),
            keys: KeyTypes::default(),
        }
    }
}

/// A leg that plays a tone and hears nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ToneConfig {
    /// Frequency, above 0 and below half of `rate`.
    pub hz: f32,
    /// Level in dBov, −127 to 0 (0 is a full-scale square wave; a full-scale sine is −3).
    pub dbov: f32,
    /// Rate of the bus it plays on.
    pub rate: SampleRate,
}

/// A leg that plays samples decoded beforehand and hears nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct ClipConfig {
    /// Mono samples, ±1.0.
    pub samples: Arc<[f32]>,
    /// Their rate: 8, 16 or 48 kHz.
    pub rate: SampleRate,
    /// Whether it starts again at its end.
    pub looping: bool,
}

/// How to join a room. See [`Room::join_port`](crate::Room::join_port) for the application.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum LegConfig {
    /// RTP packets.
    Network(NetworkConfig),
    /// A tone.
    Tone(ToneConfig),
    /// A clip.
    Clip(ClipConfig),
}

impl LegConfig {
    /// A leg of RTP packets.
    pub fn network(config: NetworkConfig) -> Self {
        Self::Network(config)
    }

    /// A tone of `hz` at `dbov`, on the 8 kHz bus.
    pub fn tone(hz: f32, dbov: f32) -> Self {
        Self::Tone(ToneConfig {
            hz,
            dbov,
            rate: SampleRate::HZ_8000,
        })
    }

    /// A clip of mono samples (±1.0) at `rate`.
    pub fn clip(samples: Arc<[f32]>, rate: SampleRate, looping: bool) -> Self {
        Self::Clip(ClipConfig {
            samples,
            rate,
            looping,
        })
    }
}

/// A leg. Clones are handles on the same leg; dropping them all does not remove it.
#[derive(Clone)]
pub struct Leg {
    link: Link,
    id: LegId,
    room: RoomId,
}

impl fmt::Debug for Leg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Leg({} in room {})", self.id, self.room)
    }
}

impl Leg {
    pub(crate) fn new(link: Link, id: LegId, room: RoomId) -> Self {
        Self { link, id, room }
    }

    /// Its handle; [`to_bits`](talkpath_rt::handle::Handle::to_bits) of it is what packets
    /// carry.
    pub fn id(&self) -> LegId {
        self.id
    }

    /// The room it is in.
    pub fn room(&self) -> RoomId {
        self.room
    }

    /// Its level in the room, −60 to +20 dB; 0 dB at first. Ramped over one frame.
    ///
    /// # Errors
    /// The leg has left, or the level is out of range.
    pub fn set_gain_db(&self, db: f32) -> Result<(), EngineError> {
        self.edit(Edit::GainDb(db))
    }

    /// Mutes or unmutes what it says; its gain is kept. Ramped over one frame.
    ///
    /// # Errors
    /// The leg has left.
    pub fn mute(&self, muted: bool) -> Result<(), EngineError> {
        self.edit(Edit::Mute(muted))
    }

    /// How much it matters when there is too little time (D15). Who is in stays in, whatever the new class.
    ///
    /// # Errors
    /// The leg has left.
    pub fn set_priority(&self, priority: Priority) -> Result<(), EngineError> {
        self.edit(Edit::Priority(priority))
    }

    /// Hold and resume.
    ///
    /// # Errors
    /// The leg has left.
    pub fn set_direction(&self, direction: Direction) -> Result<(), EngineError> {
        self.edit(Edit::Direction(direction))
    }

    /// A new SSRC for what the leg is sent, after a collision (RFC 3550, section 8.2).
    ///
    /// # Errors
    /// The leg has left, or is no network leg.
    pub fn set_ssrc(&self, ssrc: u32) -> Result<(), EngineError> {
        self.edit(Edit::Ssrc(ssrc))
    }

    /// Sends `keys` to the leg (`0` to `9`, `*`, `#`, `A` to `D`), each `length` long (40 ms to 60 s) and 50 ms apart, after those
    /// that wait already (RFC 4733). Nothing else is sent to it until they are through. Returns at once; on hold they wait.
    /// What does not fit with 32 waiting is left out and counted (`talkpath_keys_unsent_total`).
    ///
    /// # Errors
    /// The leg has left, or has no payload type for keys ([`KeyTypes::send`](crate::KeyTypes)); a character is on no key; there are
    /// none, or more than 32; the length is out of range.
    pub fn send_keys(&self, keys: &str, length: Duration) -> Result<(), EngineError> {
        self.edit(Edit::Keys(KeyRow::new(keys, length)?))
    }

    /// Another codec, packet time or jitter delay. The RTP stream continues: same SSRC, next
    /// sequence number (`config.sender` is not used).
    ///
    /// # Errors
    /// The leg has left or is no network leg, or capacity is spent; nothing has changed then.
    pub fn change(&self, config: NetworkConfig) -> Result<(), EngineError> {
        let leg = self.id;
        self.link
            .ask(|reply| Request::Change { leg, config, reply })?
    }

    /// Its graph as it is, to be changed and swapped in. Nodes of one's own that are in it stay the leg's: they need not
    /// be given again.
    ///
    /// # Errors
    /// The leg has left.
    pub fn graph(&self) -> Result<LegGraph, EngineError> {
        let leg = self.id;
        self.link.ask(|reply| Request::LegGraph { leg, reply })?
    }

    /// Another graph for the leg as it runs (D13). What stays the same in kind and format keeps its state; RTP goes on
    /// with the same SSRC and the next sequence number and timestamp; a change that is heard is cross-faded over one frame,
    /// and one that is not leaves no trace. Returns at once;
    /// [`EventKind::Swapped`](crate::event::EventKind::Swapped) tells that the leg has it, and a tap that was taken out says
    /// [`PortEmpty::Left`](crate::PortEmpty::Left). A graph on a bus of another rate silences the leg's voice for one frame.
    /// Of a phone's configuration, a tone and a clip, what the graph does not bring is the leg's own.
    ///
    /// # Errors
    /// The leg has left, is on its way to another worker or is being swapped; the graph cannot be compiled or be a leg
    /// (together with the one there is: for the frame of the fade both run); there are no seats or plans left for the time
    /// of the swap. Nothing has changed then.
    pub fn swap(&self, graph: LegGraph) -> Result<(), EngineError> {
        let (leg, graph) = (self.id, Box::new(graph));
        self.link.ask(|reply| Request::Swap { leg, graph, reply })?
    }

    /// Leaves the room. Returns at once; the leg fades out over a frame, and its end is told by
    /// [`EventKind::Left`](crate::event::EventKind::Left).
    ///
    /// # Errors
    /// The leg has left already, or is leaving.
    pub fn leave(&self) -> Result<(), EngineError> {
        remove_leg(&self.link, self.id, LeaveReason::Requested)
    }

    /// Goes to worker `to` (an index), with everything it has: what it is sent goes on with the same SSRC, sequence and
    /// timestamp, and nobody hears of it (D6). Returns at once;
    /// [`EventKind::Moved`](crate::event::EventKind::Moved) tells that it is there. Its room is spread over one worker
    /// more when it had no leg there (D5).
    ///
    /// # Errors
    /// The leg has left or is on its way already, there is no such worker, that one is full, or eight legs are on
    /// their way to it already ([`EngineError::Busy`]).
    pub fn move_to(&self, to: usize) -> Result<(), EngineError> {
        let leg = self.id;
        self.link.ask(|reply| Request::Move { leg, to, reply })?
    }

    /// The figures the worker last told, about a second old at most.
    ///
    /// # Errors
    /// The leg has left.
    pub fn stats(&self) -> Result<LegStats, EngineError> {
        let leg = self.id;
        self.link.ask(|reply| Request::LegStats { leg, reply })?
    }

    /// Everything the supervisor knows of it: place, plan, ledger and figures.
    ///
    /// # Errors
    /// The leg has left.
    pub fn status(&self) -> Result<LegStatus, EngineError> {
        let leg = self.id;
        let status = self.link.ask(|reply| Request::LegStatus { leg, reply })??;
        Ok(*status)
    }

    /// Where its last [`status`](Self::status) will come, with figures exact to the packet: once, when the worker has given
    /// the leg back, just before [`EventKind::Left`](crate::event::EventKind::Left). The receiver disconnects without one when
    /// the engine stops first.
    ///
    /// # Errors
    /// The leg has left, or is leaving.
    pub fn farewell(&self) -> Result<Receiver<Box<LegStatus>>, EngineError> {
        let leg = self.id;
        self.link.ask(|reply| Request::Farewell { leg, reply })?
    }

    fn edit(&self, edit: Edit) -> Result<(), EngineError> {
        let leg = self.id;
        self.link.ask(|reply| Request::Edit { leg, edit, reply })?
    }
}
