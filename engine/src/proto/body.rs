//! What travels with commands: plans, legs and rooms, as the supervisor builds them.

use arrayvec::ArrayVec;
use talkpath_graph::{FrameTime, Plan, SampleRate};
use talkpath_nodes::gain::GainNode;
use talkpath_nodes::spec::Spec;
use talkpath_nodes::state::State;
use talkpath_rt::handle::Handle;

use super::{
    Direction, LegKeys, PacketBox, Partial, PlanId, RoomId, SEGMENT_OPS, Segment, Swap, Workers,
};
use crate::priority::Priority;
use crate::worker::bank::Seat;
use crate::worker::bus::{BUS_RATES, Bus};
use crate::worker::stats::LegStats;

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

/// The seats of a strand's ops, segment by segment, in the plan's order.
#[derive(Clone, Debug, Default)]
pub struct Seats {
    /// One per ingress op.
    pub ingress: ArrayVec<Seat, SEGMENT_OPS>,
    /// One per egress op.
    pub egress: ArrayVec<Seat, SEGMENT_OPS>,
    /// Which ingress op sets the leg's level; `None`: the last gain there is.
    pub level: Option<u8>,
}

impl Seats {
    /// The seats of one segment.
    pub fn of(&self, segment: Segment) -> &ArrayVec<Seat, SEGMENT_OPS> {
        match segment {
            Segment::Ingress => &self.ingress,
            Segment::Egress => &self.egress,
        }
    }

    /// The seats of one segment, to be filled.
    pub fn of_mut(&mut self, segment: Segment) -> &mut ArrayVec<Seat, SEGMENT_OPS> {
        match segment {
            Segment::Ingress => &mut self.ingress,
            Segment::Egress => &mut self.egress,
        }
    }

    /// Where the gain that sets the leg's level in the room sits.
    #[must_use]
    pub fn level(&self) -> Option<Handle<GainNode>> {
        let gain = |seat: &Seat| match seat {
            Seat::Gain(seat) => Some(*seat),
            _ => None,
        };
        match self.level {
            Some(at) => self.ingress.get(usize::from(at)).and_then(gain),
            None => self.ingress.iter().rev().find_map(gain),
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
    /// A plan swap under way (D13); the worker sets it.
    pub swap: Option<Box<Swap>>,
    /// Its keys, where telephone-event was agreed (RFC 4733).
    pub keys: Option<Box<LegKeys>>,
    /// What the worker keeps of it while it runs; the supervisor hands it in as default.
    pub run: LegRun,
}

impl LegBody {
    /// The packets in its states, of a leg that will never run again. Control side.
    pub(crate) fn packets(&mut self) -> Vec<PacketBox> {
        packets_of(&mut self.states)
    }
}

/// The packets that states hold.
pub(super) fn packets_of(states: &mut [(Seat, State)]) -> Vec<PacketBox> {
    let mut packets = Vec::new();
    for (_, state) in states {
        if let State::Jitter(buffer) = state {
            packets.extend(core::iter::from_fn(|| buffer.pop_any()));
        }
    }
    packets
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
    /// The last mix it was given.
    pub heard_mix: u64,
    /// The slot in which it was.
    pub heard_in: Option<u64>,
    /// In that slot the mix was one it had not heard before.
    pub heard_new: bool,
    /// Its egress was moved to another slot since: it must not run twice for one mix.
    pub moved: bool,
    /// Up to this mix its voice may come back at a rate it no longer has: it is given silence.
    pub deaf_until: u64,
    /// On hold, or ramping to it while `direction.receive` is still set: the gain to come back to.
    pub held: Option<f32>,
    /// On its way out: ramping, then ready to be detached.
    pub leaving: Leaving,
    /// A node of the ingress has panicked: the leg is heard no more (D18).
    pub ingress_fenced: bool,
    /// A node of the egress has panicked: the leg is sent nothing more (D18).
    pub egress_fenced: bool,
    /// How much it matters (D15).
    pub priority: Priority,
    /// Effects left out in its last period, a bit for each: ingress, egress (D15).
    pub shed: [u8; 2],
    /// Its last ingress was left out: its voice comes back with a ramp.
    pub sat_out: bool,
    /// The talking state last told to the supervisor.
    pub told_talking: bool,
    /// Its clip has been played to the end.
    pub finished: bool,
    /// Whether that was told.
    pub told_finished: bool,
    /// How often it was built anew because its worker was lost; the supervisor sets it.
    pub life: u16,
    /// Counted since the leg joined.
    pub stats: LegStats,
}

impl LegRun {
    /// Whether a node of this half has panicked.
    #[must_use]
    pub fn fenced(&self, segment: Segment) -> bool {
        match segment {
            Segment::Ingress => self.ingress_fenced,
            Segment::Egress => self.egress_fenced,
        }
    }
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
    /// Slots of its period; the worker sets it.
    pub period: u32,
    /// Legs on the worker; the worker keeps it.
    pub legs: u32,
    /// Best class of its legs here that were due since the last mix (D15).
    pub coming_best: Priority,
    /// Its resamplers take their short filters (D15).
    pub short: bool,
    /// Number of the last mix whose sum is complete; the worker keeps it. A contribution names the mix it is part of.
    /// The number is that of the period on the slot grid, so all workers of a room agree on it.
    pub mixes: u64,
    /// Number of the last mix that was closed: ahead of `mixes` while the sums of other workers are awaited.
    pub closed: u64,
    /// The other workers that have legs of the room.
    pub peers: Workers,
    /// Number of the membership: it is another one whenever a worker comes or goes (D12).
    pub epoch: u32,
    /// Those of them that had when the last mix was closed: they owe their sums of it.
    pub owing: Workers,
    /// The membership then: sums of another one are not added to it.
    pub owing_epoch: u32,
    /// Slots from closing a mix until its sum is complete (D5).
    pub margin: u32,
    /// Sums of other workers for mixes to come; capacity for two of each.
    pub inbox: Vec<(u8, Box<Partial>)>,
}

impl RoomBody {
    /// A room without legs, mixing at `mix_slot` of its period. Control side: allocates.
    #[must_use]
    pub fn new(frame: FrameTime, mix_slot: u32, workers: usize) -> Self {
        Self {
            frame,
            mix_slot,
            buses: ArrayVec::new(),
            period: 1,
            legs: 0,
            coming_best: Priority::Background,
            short: false,
            mixes: 0,
            closed: 0,
            peers: Workers::NONE,
            epoch: 0,
            owing: Workers::NONE,
            owing_epoch: 0,
            margin: 0,
            inbox: Vec::with_capacity(2 * BUS_RATES.len() * workers.saturating_sub(1)),
        }
    }

    /// Its bus of `rate`.
    #[must_use]
    pub fn bus(&self, rate: SampleRate) -> Option<&Bus> {
        self.buses
            .iter()
            .find(|bus| bus.rate() == rate)
            .map(|bus| &**bus)
    }

    /// Its bus of `rate`, to be added to.
    pub fn bus_mut(&mut self, rate: SampleRate) -> Option<&mut Bus> {
        let mut buses = self.buses.iter_mut();
        buses.find(|bus| bus.rate() == rate).map(|bus| &mut **bus)
    }

    /// Number of the mix that closes in `slot` or first after it; the first ever is 1.
    #[must_use]
    pub fn coming(&self, slot: u64) -> u64 {
        let period = u64::from(self.period.max(1));
        let wait = (u64::from(self.mix_slot) + period - slot % period) % period;
        (slot + wait) / period + 1
    }
}
