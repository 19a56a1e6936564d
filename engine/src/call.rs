//! A point-to-point call as its users hold it, and how to make one.

use std::fmt;
use std::time::Duration;

use crate::error::EngineError;
use crate::keys::KeyRow;
use crate::leg::NetworkConfig;
use crate::priority::Priority;
use crate::proto::{CallId, CallStats, Direction, LegId, Side};
use crate::supervisor::{CallEdit, Link, Request};

/// The two ends of a call, each as a network leg, and how much it matters. A call has no jitter buffer and nobody hears
/// himself, so `jitter` is not used and `hear_self` must not be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallConfig {
    /// Side A.
    pub a: NetworkConfig,
    /// Side B.
    pub b: NetworkConfig,
    /// Its class (D15).
    pub priority: Priority,
}

impl CallConfig {
    /// An ordinary call between `a` and `b`.
    pub fn new(a: NetworkConfig, b: NetworkConfig) -> Self {
        let priority = Priority::default();
        Self { a, b, priority }
    }

    /// The same of another class.
    pub fn with_priority(self, priority: Priority) -> Self {
        Self { priority, ..self }
    }
}

/// What there is to know of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CallInfo {
    pub id: CallId,
    pub sides: [LegId; 2],
}

/// A call of two ends. What one sends is passed on to the other in the slot it comes in: as it is when both ends agree on
/// codec and packet time, decoded and encoded anew when they do not (D3). Clones are handles on the same call;
/// dropping them all does not end it.
///
/// ```
/// use std::time::Duration;
/// use talkpath_engine::{CallConfig, Codec, EngineConfig, NetworkConfig, Side, VirtualEngine};
///
/// let engine = VirtualEngine::new(EngineConfig::default())?;
/// let (a, b) = (NetworkConfig::new(Codec::Pcmu, 0), NetworkConfig::new(Codec::Pcma, 8));
/// let call = engine.create_call(CallConfig::new(a, b))?;
/// engine.advance(Duration::from_millis(2));
///
/// // A packet for side A, as a network shard hands it over, and what side B is sent.
/// let mut link = engine.take_shard_link().expect("the first to ask");
/// let mut packet = link.to_worker.take().expect("a box");
/// packet.leg = call.side(Side::A).to_bits();
/// packet.set_payload(&[0x55; 160])?;
/// link.to_worker.send(packet)?;
/// engine.advance(Duration::from_millis(1));
/// let sent = link.from_worker.recv().expect("in the same slot");
/// assert_eq!((sent.leg, sent.header.payload_type), (call.side(Side::B).to_bits(), 8));
/// link.from_worker.give_back(sent)?;
/// call.hang_up()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Call {
    link: Link,
    info: CallInfo,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b] = self.info.sides;
        write!(f, "Call({} of {a} and {b})", self.info.id)
    }
}

impl Call {
    pub(crate) fn new(link: Link, info: CallInfo) -> Self {
        Self { link, info }
    }

    /// Its handle.
    pub fn id(&self) -> CallId {
        self.info.id
    }

    /// The handle packets of a side carry, both ways: a network shard serves it as it serves a leg of a room.
    pub fn side(&self, side: Side) -> LegId {
        self.info.sides[side.index()]
    }

    /// Hold and resume, seen from the engine as for a leg: `receive`, what this side says is passed on; `send`, this side
    /// is sent what the other says. What goes out continues afterwards without a hole in its sequence; its timestamp
    /// has gone on.
    ///
    /// # Errors
    /// The call is over.
    pub fn set_direction(&self, side: Side, direction: Direction) -> Result<(), EngineError> {
        self.edit(CallEdit::Direction(side, direction))
    }

    /// Another codec, payload type or packet time for one side. Both streams that go out continue: same SSRC, next sequence
    /// number and timestamp (`config.sender` is not used).
    ///
    /// # Errors
    /// The call is over or on its way to another worker, a value is out of its range or capacity is spent; nothing has changed then.
    pub fn change(&self, side: Side, config: NetworkConfig) -> Result<(), EngineError> {
        self.edit(CallEdit::Change(side, config))
    }

    /// Sends `keys` to a side, as [`Leg::send_keys`](crate::Leg::send_keys) does to a leg: what the other side says meanwhile is not
    /// passed on (`held`).
    ///
    /// # Errors
    /// The call is over, or the side has no payload type for keys; a character is on no key; there are none, or more than 32; the
    /// length is out of range.
    pub fn send_keys(&self, side: Side, keys: &str, length: Duration) -> Result<(), EngineError> {
        self.edit(CallEdit::Keys(side, KeyRow::new(keys, length)?))
    }

    /// A new SSRC for what a side is sent, after a collision (RFC 3550, section 8.2).
    ///
    /// # Errors
    /// The call is over.
    pub fn set_ssrc(&self, side: Side, ssrc: u32) -> Result<(), EngineError> {
        self.edit(CallEdit::Ssrc(side, ssrc))
    }

    /// Another class (D15): what may be displaced for an emergency call, and whose resamplers take short filters first.
    ///
    /// # Errors
    /// The call is over.
    pub fn set_priority(&self, priority: Priority) -> Result<(), EngineError> {
        self.edit(CallEdit::Priority(priority))
    }

    /// Goes to worker `to` (an index), with everything it has: both streams that go out go on (D6). Returns at once;
    /// [`EventKind::Moved`](crate::event::EventKind::Moved) tells of both sides that they are there.
    ///
    /// # Errors
    /// The call is over or on its way already, there is no such worker, that one is full, or eight legs and calls are on
    /// their way to it already ([`EngineError::Busy`]).
    pub fn move_to(&self, to: usize) -> Result<(), EngineError> {
        self.edit(CallEdit::Move(to))
    }

    /// Ends the call. Returns at once; its end is told by
    /// [`EventKind::CallEnded`](crate::event::EventKind::CallEnded).
    ///
    /// # Errors
    /// The call is over.
    pub fn hang_up(&self) -> Result<(), EngineError> {
        self.edit(CallEdit::HangUp)
    }

    /// The figures the worker last told, about a second old at most.
    ///
    /// # Errors
    /// The call is over.
    pub fn stats(&self) -> Result<CallStats, EngineError> {
        let call = self.info.id;
        self.link.ask(|reply| Request::CallStats { call, reply })?
    }

    fn edit(&self, edit: CallEdit) -> Result<(), EngineError> {
        let call = self.info.id;
        self.link
            .ask(|reply| Request::EditCall { call, edit, reply })?
    }
}
