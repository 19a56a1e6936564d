//! The contract between the supervisor and a worker: what crosses the rings, and who owns it.
//!
//! The supervisor builds every value named here (boxes, states, buses), moves it to the worker
//! by a [`Command`], and gets it back as [`Garbage`]; a worker never constructs nor drops one
//! (D8, D11). Each command of a transaction costs at most one ack and one garbage slot, so the
//! supervisor can reserve room before it submits ([`Txn`](talkpath_rt::command::Txn), D12).
//!
//! Owner: supervisor until submitted, worker until acknowledged.

use core::time::Duration;

use arrayvec::ArrayVec;
use talkpath_graph::{FrameTime, Plan, SampleRate};
use talkpath_nodes::spec::Spec;
use talkpath_nodes::state::State;
use talkpath_rt::command::TxnId;
use talkpath_rt::handle::Handle;

use crate::worker::bank::Seat;
use crate::worker::bus::Bus;
use crate::worker::stats::{LegStats, WorkerCounters};

/// Marker of leg handles.
#[derive(Debug)]
pub enum LegTag {}
/// Marker of room handles.
#[derive(Debug)]
pub enum RoomTag {}
/// Marker of plan handles.
#[derive(Debug)]
pub enum PlanTag {}

/// Names one leg of this engine; a stale one never reaches another leg.
pub type LegId = Handle<LegTag>;
/// Names one room of this engine.
pub type RoomId = Handle<RoomTag>;
/// Names one compiled plan of this engine.
pub type PlanId = Handle<PlanTag>;

/// Most ops in one segment of a strand (D1).
pub const SEGMENT_OPS: usize = 32;

/// The two segments of a strand, compiled; shared by all legs of equal graphs.
#[derive(Debug)]
pub struct LegPlan {
    /// From the jitter buffer, port or player to the room bus; `None` for a leg that only hears.
    pub ingress: Option<Plan<Spec>>,
    /// From the mix to the packets or the port; `None` for a leg that only plays.
    pub egress: Option<Plan<Spec>>,
}

impl LegPlan {
    /// One of the two segments.
    #[must_use]
    pub fn segment(&self, segment: Segment) -> Option<&Plan<Spec>> {
        match segment {
            Segment::Ingress => self.ingress.as_ref(),
            Segment::Egress => self.egress.as_ref(),
        }
    }
}

/// Which of a strand's two halves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment {
    /// Towards the room.
    Ingress,
    /// From the room.
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

/// The seats of a strand's ops, segment by segment, in the plan's order.
#[derive(Clone, Debug, Default)]
pub struct Seats {
    /// One per ingress op.
    pub ingress: ArrayVec<Seat, SEGMENT_OPS>,
    /// One per egress op.
    pub egress: ArrayVec<Seat, SEGMENT_OPS>,
}

impl Seats {
    /// The seats of one segment.
    pub fn of(&self, segment: Segment) -> &ArrayVec<Seat, SEGMENT_OPS> {
        match segment {
            Segment::Ingress => &self.ingress,
            Segment::Egress => &self.egress,
        }
    }

    /// All seats, ingress first.
    pub fn iter(&self) -> impl Iterator<Item = &Seat> {
        self.ingress.iter().chain(&self.egress)
    }
}

/// A leg as the supervisor builds it. On the way in `states` holds one state per seat that has
/// one; on the worker they sit in the typed slabs; on the way out they are back in `states`.
#[derive(Debug)]
pub struct LegBody {
    /// The room the leg is in.
    pub room: RoomId,
    /// Its plan; equal graphs share one.
    pub plan: PlanId,
    /// Rate of the bus it contributes to and hears.
    pub rate: SampleRate,
    /// Slots before the room's mix slot at which its ingress runs.
    pub slots_before: u32,
    /// Slots after the room's mix slot at which its egress runs; with `slots_before` less than a period.
    pub slots_after: u32,
    /// Where the state of each op sits.
    pub seats: Seats,
    /// The states on their way in or out; capacity for all of them, so moving never allocates.
    pub states: Vec<(Seat, State)>,
    /// Its last contribution, Q19, one room frame at `rate`; zero while it contributes nothing.
    pub own: Box<[i32]>,
    /// Which way media flows.
    pub direction: Direction,
    /// What the worker keeps of it while it runs; the supervisor hands it in as default.
    pub run: LegRun,
}

/// The worker's running notes on a leg.
#[derive(Clone, Debug, Default)]
pub struct LegRun {
    /// Last period the ingress ran in.
    pub ingress_period: Option<u64>,
    /// Last period the egress ran in.
    pub egress_period: Option<u64>,
    /// The mix of the room that `own` is part of; of no other is it subtracted.
    pub own_mix: u64,
    /// Up to this mix its voice may come back at a rate it no longer has: it is given silence.
    pub deaf_until: u64,
    /// On hold, or ramping to it while `direction.receive` is still set: the gain to come back to.
    pub held: Option<f32>,
    /// On its way out: ramping, then ready to be detached.
    pub leaving: Leaving,
    /// The talking state last told to the supervisor.
    pub told_talking: bool,
    /// Its clip has been played to the end.
    pub finished: bool,
    /// Whether that was told.
    pub told_finished: bool,
    /// Counted since the leg joined.
    pub stats: LegStats,
}

/// How far a leg's removal has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Leaving {
    /// It stays.
    #[default]
    No,
    /// Its gain ramps to silence in its next ingress.
    Ramping,
    /// Ramped out: detached at the end of this slot.
    Done,
}

/// A room as the supervisor builds it.
#[derive(Debug)]
pub struct RoomBody {
    /// The room's frame.
    pub frame: FrameTime,
    /// Slot of the period in which it mixes.
    pub mix_slot: u32,
    /// One bus per rate present, at most three.
    pub buses: ArrayVec<Box<Bus>, 3>,
    /// Legs on the worker; the worker keeps it.
    pub legs: u32,
    /// Mixes done; the worker keeps it. A contribution names the mix it is part of.
    pub mixes: u64,
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
    /// A new plan for a leg that stays (codec change): states of equal spec move over, the
    /// packetiser continues its stream, the old body comes back as garbage (D13).
    ReplaceLeg {
        /** Its handle. */
        leg: LegId,
        /** The leg as it shall be. */
        value: Box<LegBody>,
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
    /// Command number `index` found its place taken, or a room not empty: a bug of the supervisor.
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
    /// A leg that left or was replaced, with the states of its seats.
    Leg(LegId, Box<LegBody>),
}

/// Something the worker noticed. Fixed size; states are told again until the ring took them.
#[derive(Clone, Copy, Debug)]
pub struct WorkerEvent {
    /// Intended time of the slot it happened in.
    pub at: Duration,
    /// What happened.
    pub kind: WorkerEventKind,
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
    /// A leg's figures since it joined, about once a second.
    Leg {
        /** The leg. */
        leg: LegId,
        /** The figures. */
        stats: LegStats,
    },
    /// The worker's figures since it started, about once a second.
    Worker {
        /** The figures. */
        counters: WorkerCounters,
    },
}
