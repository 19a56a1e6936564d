//! What the supervisor has a worker do.

use talkpath_graph::SampleRate;

use super::{
    Berth, CallBody, CallId, Direction, LegBody, LegId, LegPlan, PlanId, RoomBody, RoomId, Swap,
    Workers,
};
use crate::keys::KeyRow;
use crate::priority::Priority;
use crate::worker::bus::Bus;
use crate::worker::io::Peer;

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
    /// The leg fades out over a frame; then [`Ack::LegGone`](super::Ack::LegGone) and its body as garbage.
    RemoveLeg {
        /** Its handle. */
        leg: LegId,
    },
    /// A new plan for a leg that stays (D13). When the leg has it, [`Ack::Swapped`](super::Ack::Swapped) follows,
    /// and what went comes back as garbage.
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
    /// The leg, or the call of this side A, comes from another worker: its seats here, which come back as its
    /// old ones ([`Garbage::Berth`](super::Garbage::Berth)).
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
    /// taken in; legs that were awaited from it and have not come are told as [`Ack::LegGone`](super::Ack::LegGone).
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
    /// Keys for a leg or a side of a call, after those that wait; the row comes back as garbage (RFC 4733).
    SendKeys {
        /** The leg. */
        leg: LegId,
        /** The keys. */
        value: Box<KeyRow>,
    },
    /// A new SSRC for what the leg is sent (RFC 3550 8.2).
    SetSsrc {
        /** The leg. */
        leg: LegId,
        /** The new SSRC. */
        ssrc: u32,
    },
}
