//! What a worker answers, and what it gives back.

use talkpath_rt::command::TxnId;

use super::{
    Berth, CallBody, CallId, LegBody, LegId, LegPlan, PlanId, RoomBody, RoomId, Segment, Swap,
};
use crate::keys::KeyRow;
use crate::worker::bus::Bus;
use crate::worker::io::Peer;

/// The worker's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ack {
    /// All commands of the transaction were tried, in slot `slot`.
    Done {
        /** Which transaction. */
        txn: TxnId,
        /** Slot it was applied in. */
        slot: u64,
    },
    /// Command number `index` named something that is not there (any more); its value, if it
    /// had one, is in the garbage ring.
    Stale {
        /** Which transaction. */
        txn: TxnId,
        /** Position in it, from 0. */
        index: u32,
    },
    /// Command number `index` found its place taken, or a room not empty: a bug of the supervisor. Of
    /// [`Command::SendLeg`](super::Command::SendLeg) and [`Command::SendCall`](super::Command::SendCall): the way
    /// to the other worker was full, and all is as it was.
    Refused {
        /** Which transaction. */
        txn: TxnId,
        /** Position in it, from 0. */
        index: u32,
    },
    /// The leg has left: its handle and seats are free once its body is back.
    LegGone {
        /** Which leg. */
        leg: LegId,
    },
    /// The leg is not awaited any more; the berth is in the garbage ring.
    BerthBack {
        /** Which leg. */
        leg: LegId,
    },
    /// The leg has its new plan; the [`Swap`], with what went, is in the garbage ring.
    Swapped {
        /** Which leg. */
        leg: LegId,
    },
    /// The leg, or the call of this side A, has come over the mesh and runs here; the berth, with its old seats, is in the garbage ring.
    LegHere {
        /** Which leg. */
        leg: LegId,
    },
}

/// What the worker gives back; dropped by the supervisor, never here.
#[derive(Debug)]
pub enum Garbage {
    /// A plan.
    Plan(PlanId, Box<LegPlan>),
    /// A room without legs.
    Room(RoomId, Box<RoomBody>),
    /// A bus.
    Bus(RoomId, Box<Bus>),
    /// A leg that left, with the states of its seats.
    Leg(LegId, Box<LegBody>),
    /// A plan swap that is over, with the states that went, or that could not be.
    Swap(LegId, Box<Swap>),
    /// A call that is over or was replaced, with the states of its seats.
    Call(CallId, Box<CallBody>),
    /// What a leg that moved has left behind on the worker it came from.
    Berth(LegId, Box<Berth>),
    /// Keys that were taken over.
    Keys(Box<KeyRow>),
    /// The ways to and from a worker that is lost.
    Peer(Box<Peer>),
    /// A node of a leg panicked (D18). Beside the credits: the ring has places of its own for these.
    Panic(LegPanic),
}

/// The panic of a leg's node, on its way to be read and freed.
pub struct LegPanic {
    /// The leg.
    pub leg: LegId,
    /// The half that runs no more.
    pub segment: Segment,
    /// Kind of the node.
    pub node: &'static str,
    /// What it panicked with.
    pub payload: Box<dyn core::any::Any + Send>,
}

impl core::fmt::Debug for LegPanic {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self {
            leg, segment, node, ..
        } = self;
        write!(f, "LegPanic({leg:?}, {segment:?}, {node})")
    }
}
