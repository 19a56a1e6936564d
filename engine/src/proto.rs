//! The contract between the supervisor and a worker: what crosses the rings, and who owns it.
//!
//! The supervisor builds every value named here (boxes, states, buses), moves it to the worker
//! by a [`Command`], and gets it back as [`Garbage`]; a worker never constructs nor drops one
//! (D8, D11). Each command of a transaction costs at most one ack and one garbage slot, so the
//! supervisor can reserve room before it submits ([`Txn`](talkpath_rt::command::Txn), D12).
//!
//! Owner: supervisor until submitted, worker until acknowledged.

use talkpath_rt::handle::Handle;

mod answer;
mod body;
mod call;
mod command;
mod event;
mod keys;
mod mesh;
mod swap;

pub use answer::{Ack, Garbage, LegPanic};
pub use body::{Leaving, LegBody, LegPlan, LegRun, RoomBody, Seats};
pub use call::{CALL_BURST, CallBody, CallId, CallStats, CallTag, Flow, FlowStats, Side};
pub use command::Command;
pub use event::{Culprit, WorkerEvent, WorkerEventKind};
pub(crate) use keys::Listened;
pub use keys::{KeyNews, LegKeys};
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
