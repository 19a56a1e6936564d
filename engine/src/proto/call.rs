//! What travels with the commands about point-to-point calls.
//!
//! A call is a strand of its own (D1): two directions, each of which runs in the slot its packets come in (D3).
//! Its plan's `ingress` is the way from side A to side B, its `egress` the way back. Each side has the handle of
//! a leg, which is all that a network shard knows of it.

use core::time::Duration;

use arrayvec::ArrayVec;
use serde::{Deserialize, Serialize};
use talkpath_nodes::packet::Packet;
use talkpath_nodes::state::State;
use talkpath_nodes::waited::Waited;
use talkpath_rt::handle::Handle;

use super::{LegId, LegKeys, PlanId, Seats, Segment};
use crate::priority::Priority;
use crate::worker::bank::Seat;

/// Most packets of one direction of a call that run in one slot; what comes beyond is dropped and counted. Those of a
/// stall of 60 ms at 10 ms a packet fit.
pub const CALL_BURST: usize = 8;

/// Marker of call handles.
#[derive(Debug)]
pub enum CallTag {}

/// Names one point-to-point call of this engine.
pub type CallId = Handle<CallTag>;

/// One of the two ends of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The first.
    A,
    /// The second.
    B,
}

impl Side {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::A, Self::B];

    /// The end opposite.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    /// 0 or 1.
    #[must_use]
    pub(crate) fn index(self) -> usize {
        usize::from(self == Self::B)
    }

    /// The half of the call's plan that runs what this side sends.
    #[must_use]
    pub(crate) fn segment(self) -> Segment {
        match self {
            Self::A => Segment::Ingress,
            Self::B => Segment::Egress,
        }
    }
}

/// A call as the supervisor builds it; `states` go in and out as those of a leg.
#[derive(Debug)]
pub struct CallBody {
    /// The handles of its sides, A first.
    pub sides: [LegId; 2],
    /// Its plan; calls of equal graphs share one.
    pub plan: PlanId,
    /// Where the state of each op sits.
    pub seats: Seats,
    /// The states on their way in or out; capacity for all of them, so moving never allocates.
    pub states: Vec<(Seat, State)>,
    /// How much it matters (D15).
    pub priority: Priority,
    /// What runs, by the side that sends.
    pub flows: [Flow; 2],
    /// Ticks per second of the timestamps that go out, by the side that sends.
    pub clocks: [u32; 2],
    /// Keys of each side, where telephone-event was agreed (RFC 4733).
    pub keys: [Option<Box<LegKeys>>; 2],
    /// It waits to have its figures told; the worker keeps it.
    pub untold: bool,
}

impl CallBody {
    /// The seats of what `from` sends.
    #[must_use]
    pub(crate) fn seats_of(&self, from: Side) -> &[Seat] {
        self.seats.of(from.segment())
    }

    /// The packets in it, of a call that will never run again. Control side.
    pub(crate) fn packets(&mut self) -> Vec<super::PacketBox> {
        let mut packets = super::body::packets_of(&mut self.states);
        for flow in &mut self.flows {
            packets.extend(flow.inbox.drain(..));
        }
        packets
    }

    /// The figures of both directions.
    #[must_use]
    pub fn stats(&self) -> CallStats {
        let [a, b] = &self.flows;
        CallStats {
            from_a: a.stats,
            from_b: b.stats,
        }
    }
}

/// One direction of a call.
#[derive(Debug, Default)]
pub struct Flow {
    /// What its side sends is passed on; else it is on hold.
    pub open: bool,
    /// It was on hold since the last packet.
    pub paused: bool,
    /// A node of it has panicked: it runs no more (D18).
    pub fenced: bool,
    /// The last cycle in which the governor counted it.
    pub seen: Option<u64>,
    /// How often the call was built anew because its worker was lost; the supervisor sets it.
    pub life: u16,
    /// The packets of this slot; empty between slots.
    pub inbox: ArrayVec<Box<Packet>, CALL_BURST>,
    /// The latest time a packet of it was told to wait for: none that follows may leave earlier.
    pub release: Duration,
    /// Counted since the call began.
    pub stats: FlowStats,
}

/// Figures of one direction of a call since it began. Every packet received is in exactly one of `passed` and the
/// dropped ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FlowStats {
    /// Packets that came.
    pub received: u64,
    /// Packets that were passed on, as they are or decoded.
    pub passed: u64,
    /// Packets dropped because of their payload type or length.
    pub malformed: u64,
    /// Packets dropped because they had come before.
    pub duplicate: u64,
    /// Packets dropped because newer ones were decoded already.
    pub late: u64,
    /// Packets dropped while a source that jumped had not proved itself.
    pub stale: u64,
    /// Packets dropped because the direction was on hold, had been stopped by a panic, or gave its place to keys of ours.
    pub held: u64,
    /// Packets dropped because more came in one slot than may run in it.
    pub crowded: u64,
    /// Packets of keys among those passed on (RFC 4733).
    pub keys: u64,
    /// Packets of keys that were heard and dropped: the other side has no telephone-event, or is sent keys of ours.
    pub keys_dropped: u64,
    /// Packets missing in what came when a newer one was there, left missing in what goes out; those that came after all are
    /// among them.
    pub missing: u64,
    /// Times the source began anew: another SSRC, a jump, the end of a hold.
    pub resyncs: u64,
    /// Packets given to the shard.
    pub sent: u64,
    /// Packets not sent because no empty box was left or the ring was full.
    pub unsent: u64,
    /// Pieces silenced because an op produced a value that is not finite (D18).
    pub not_finite: u64,
    /// How long packets waited for their slot; shown in the ledger.
    #[serde(skip)]
    pub waited: Waited,
    /// How long the beginning of a packet waited for its end on the way out, under the plan there is; shown in the ledger.
    #[serde(skip)]
    pub collected: Waited,
}

/// Figures of a call since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CallStats {
    /// What side A sends and side B is sent.
    pub from_a: FlowStats,
    /// What side B sends and side A is sent.
    pub from_b: FlowStats,
}

impl CallStats {
    /// What `side` sends.
    #[must_use]
    pub fn from(&self, side: Side) -> &FlowStats {
        match side {
            Side::A => &self.from_a,
            Side::B => &self.from_b,
        }
    }
}
