//! The contract between the supervisor and a worker: what crosses the rings, and who owns it.
//!
//! The supervisor builds every value named here (boxes, states, buses), moves it to the worker
//! by a [`Command`], and gets it back as [`Garbage`]; a worker never constructs nor drops one
//! (D8, D11). Each command of a transaction costs at most one ack and one garbage slot, so the
//! supervisor can reserve room before it submits ([`Txn`](talkpath_rt::command::Txn), D12).
//!
//! Owner: supervisor until submitted, worker until acknowledged.

use core::time::Duration;

use talkpath_graph::SampleRate;
use talkpath_rt::command::TxnId;
use talkpath_rt::handle::Handle;

use crate::event::EventClass;
use crate::priority::Priority;
use crate::worker::bus::Bus;
use crate::worker::governor::Taken;
use crate::worker::io::Peer;
use crate::worker::levels::WorkerLevels;
use crate::worker::stats::{LegStats, WorkerCounters};

mod body;
mod call;
mod mesh;
mod swap;

pub use body::{Leaving, LegBody, LegPlan, LegRun, RoomBody, Seats};
pub use call::{CALL_BURST, CallBody, CallId, CallStats, CallTag, Flow, FlowStats, Side};
pub use mesh::{Berth, MAX_WORKERS, Partial, Passed, Workers};
pub use swap::{Continued, Crossing, Swap};

/// Marker of leg handles.
#[derive(Debug)]
pub enum LegTag {}
/// Marker of room handles.
#[derive(Debug)]
pub enum RoomTag {}
/// Marker of plan handles.
#[derive(Debug)]
pub enum PlanTag {}

/// A packet in the box it travels and waits in.
pub(crate) type PacketBox = Box<talkpath_nodes::packet::Packet>;

/// Names one leg of this engine; a stale one never reaches another leg.
pub type LegId = Handle<LegTag>;
/// Names one room of this engine.
pub type RoomId = Handle<RoomTag>;
/// Names one compiled plan of this engine.
pub type PlanId = Handle<PlanTag>;
/// Where the state of a packetiser sits.
pub(crate) type PacketiserSeat = Handle<talkpath_nodes::packetise::Packetiser>;

/// Most ops in one segment of a strand (D1).
pub const SEGMENT_OPS: usize = 32;

/// Which of a strand's two halves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment {
    /// Towards the room; of a call, from side A to side B.
    Ingress,
    /// From the room; of a call, from side B to side A.
    Egress,
}

/// Which way media flows on a leg, seen from the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Direction {
    /// What the leg sends is heard in the room.
    pub receive: bool,
    /// The leg is sent what the room hears.
    pub send: bool,
}

impl Direction {
    /// Both ways, the state of a fresh call.
    pub const BOTH: Self = Self {
        receive: true,
        send: true,
    };
}

/// An edit of the worker's world. Applied whole transactions at a time, at a slot boundary.
#[derive(Debug)]
pub enum Command {
    /// A compiled plan, before the first leg that uses it.
    AddPlan {
        /** Its handle. */
        plan: PlanId,
        /** The plan. */
        value: Box<LegPlan>,
    },
    /// The plan's last leg is gone; comes back as garbage.
    DropPlan {
        /** Its handle. */
        plan: PlanId,
    },
    /// An empty room.
    AddRoom {
        /** Its handle. */
        room: RoomId,
        /** The room. */
        value: Box<RoomBody>,
    },
    /// A room without legs; refused while it has any.
    RemoveRoom {
        /** Its handle. */
        room: RoomId,
    },
    /// A bus for a rate that the room did not have.
    AddBus {
        /** The room. */
        room: RoomId,
        /** The bus. */
        value: Box<Bus>,
    },
    /// The bus of a rate no leg of the room uses any more.
    RemoveBus {
        /** The room. */
        room: RoomId,
        /** The rate. */
        rate: SampleRate,
    },
    /// A leg, in a room and with a plan that are there; it fades in over a frame.
    AddLeg {
        /** Its handle. */
        leg: LegId,
        /** The leg. */
        value: Box<LegBody>,
    },
    /// The leg fades out over a frame; then [`Ack::LegGone`] and its body as garbage.
    RemoveLeg {
        /** Its handle. */
        leg: LegId,
    },
    /// A new plan for a leg that stays (D13). When the leg has it, [`Ack::Swapped`] follows, and what went comes back
    /// as garbage.
    SwapLeg {
        /** Its handle. */
        leg: LegId,
        /** The plan, with what is new of it. */
        value: Box<Swap>,
    },
    /// Other slots for a leg that stays.
    MoveLeg {
        /** The leg. */
        leg: LegId,
        /** Slots before the mix. */
        before: u32,
        /** Slots after the mix. */
        after: u32,
    },
    /// Which other workers have legs of the room, and how long the sum waits for theirs (D5). Takes effect in the same
    /// slot on all of them.
    SetPeers {
        /** The room. */
        room: RoomId,
        /** The other workers with a part of it. */
        peers: Workers,
        /** Slots from the mix until the sum is complete; 0 on a room that has one worker. */
        margin: u32,
        /** Number of this membership: the same on all of them. */
        epoch: u32,
    },
    /// The leg goes to another worker, over the mesh, at this slot (D6).
    SendLeg {
        /** The leg. */
        leg: LegId,
        /** Where to. */
        to: u8,
    },
    /// The leg, or the call of this side A, comes from another worker: its seats here, which come back as its old ones ([`Garbage::Berth`]).
    AwaitLeg {
        /** The leg. */
        leg: LegId,
        /** Where it will be. */
        value: Box<Berth>,
    },
    /// What was awaited so stays where it is; the berth comes back.
    DropBerth {
        /** The leg. */
        leg: LegId,
    },
    /// A worker was lost and another is in its place: the new ways to and from it. What the lost one had sent until now is
    /// taken in; legs that were awaited from it and have not come are told as [`Ack::LegGone`].
    SetPeer {
        /** The ways; the old ones come back as garbage. */
        value: Box<Peer>,
    },
    /// A point-to-point call, with a plan that is there.
    AddCall {
        /** Its handle. */
        call: CallId,
        /** The call. */
        value: Box<CallBody>,
    },
    /// The call is over at once; comes back as garbage.
    RemoveCall {
        /** Its handle. */
        call: CallId,
    },
    /// A new plan for a call that stays; the old body comes back as garbage (D13).
    ReplaceCall {
        /** Its handle. */
        call: CallId,
        /** The call as it shall be. */
        value: Box<CallBody>,
    },
    /// The call goes to another worker, over the mesh, at this slot (D6); its berth there goes by the handle of side A.
    SendCall {
        /** The call. */
        call: CallId,
        /** Where to. */
        to: u8,
    },
    /// Hold and resume of a call's directions.
    SetFlows {
        /** The call. */
        call: CallId,
        /** Whether each is passed on, by the side that sends. */
        open: [bool; 2],
    },
    /// Level of the leg in the room, linear; ramped over one frame.
    SetGain {
        /** The leg. */
        leg: LegId,
        /** Linear factor, 0 mutes. */
        linear: f32,
    },
    /// Hold and resume.
    SetDirection {
        /** The leg. */
        leg: LegId,
        /** The new flow. */
        direction: Direction,
    },
    /// Another class (D15).
    SetPriority {
        /** The leg. */
        leg: LegId,
        /** The class. */
        priority: Priority,
    },
    /// A new SSRC for what the leg is sent (RFC 3550 8.2).
    SetSsrc {
        /** The leg. */
        leg: LegId,
        /** The new SSRC. */
        ssrc: u32,
    },
}

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
    /// [`Command::SendLeg`] and [`Command::SendCall`]: the way to the other worker was full, and all is as it was.
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

/// Legs of one plan that ran side by side, and how long they took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Culprit {
    /// The first of them.
    pub leg: LegId,
    /// Its room; `None` for the directions of calls.
    pub room: Option<RoomId>,
    /// Their plan.
    pub plan: PlanId,
    /// The half that ran.
    pub segment: Segment,
    /// The kind of op that took longest of it when ops of that half were last timed one by one, which one cohort in
    /// [`PROBE_EVERY`](crate::worker::costs::PROBE_EVERY) is; `None` before that, and for calls.
    pub op: Option<&'static str>,
    /// How many they were.
    pub legs: u32,
    /// How long they took together.
    pub took: Duration,
}

/// Something the worker noticed. Fixed size; states are told again until the ring took them.
#[derive(Clone, Copy, Debug)]
pub struct WorkerEvent {
    /// Intended time of the slot it happened in.
    pub at: Duration,
    /// What happened.
    pub kind: WorkerEventKind,
}

impl WorkerEventKind {
    /// How much it matters. What is told once and not again is a warning at least: it has places of its own in the ring.
    #[must_use]
    pub fn class(&self) -> EventClass {
        match self {
            Self::Late { .. } | Self::Governor(_) => EventClass::Warning,
            Self::Finished { .. } => EventClass::Notice,
            Self::Talking { .. } | Self::Leg { .. } | Self::Call { .. } | Self::Worker { .. } => {
                EventClass::Info
            }
        }
    }
}

/// Kinds of [`WorkerEvent`].
#[derive(Clone, Copy, Debug)]
pub enum WorkerEventKind {
    /// A leg began or ceased to talk.
    Talking {
        /** The leg. */
        leg: LegId,
        /** Begun, or ceased. */
        talking: bool,
    },
    /// The clip of a player leg has been played to its end.
    Finished {
        /** The leg. */
        leg: LegId,
    },
    /// A slot ended after the next was to begin, the first of an episode: what in it took longest (D14).
    Late {
        /// How late the slot ended.
        by: Duration,
        /// The cohort that took longest; `None` when no leg ran.
        culprit: Option<Culprit>,
    },
    /// The governor has taken a step (D15).
    Governor(Taken),
    /// A leg's figures since it joined, about once a second.
    Leg {
        /** The leg. */
        leg: LegId,
        /** The figures. */
        stats: LegStats,
    },
    /// A call's figures since it began, about a second after they changed.
    Call {
        /** The call. */
        call: CallId,
        /** The figures. */
        stats: CallStats,
    },
    /// The worker's figures since it started, about once a second.
    Worker {
        /** The figures. */
        counters: WorkerCounters,
        /** How full its rings and inventories are. */
        levels: WorkerLevels,
    },
}
