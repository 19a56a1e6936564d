//! A plan swap on its way to a leg that stays, and back (D13).

use talkpath_graph::{SampleRate, Samples};
use talkpath_nodes::packetise::Packetiser;
use talkpath_nodes::state::State;
use talkpath_rt::handle::Handle;

use super::{LegKeys, PlanId, Seats, Segment};
use crate::worker::bank::Seat;

/// The plan of the frames in which old and new sound cross: both plans in one, with a fade where they meet.
#[derive(Debug)]
pub struct Crossing {
    /// Its handle.
    pub plan: PlanId,
    /// Where the states of its ops sit: those that are kept, those that go and those that are new.
    pub seats: Seats,
    /// Frames each half needs, ingress first: 0 where nothing is heard of the swap.
    pub frames: [u8; 2],
}

/// The packetiser that goes on with the stream of another.
#[derive(Clone, Copy, Debug)]
pub struct Continued {
    /// It goes.
    pub from: Handle<Packetiser>,
    /// It goes on.
    pub to: Handle<Packetiser>,
    /// Samples of the old one's frame: the swap waits until it has a whole packet out.
    pub frame: Samples,
}

/// Another plan for a leg that stays. The supervisor has compared the two plans: a state that is kept has the same
/// seat in both, and the worker only follows the lists.
#[derive(Debug)]
pub struct Swap {
    /// The new plan.
    pub plan: PlanId,
    /// Its seats; on the way back those of the plan before.
    pub seats: Seats,
    /// What runs in between; `None` when nothing of the swap is heard.
    pub crossing: Option<Crossing>,
    /// On the way in the states that are new, on the way back those that went. Capacity for either.
    pub states: Vec<(Seat, State)>,
    /// The seats of the new states, the fades of the crossing included.
    pub new: Vec<Seat>,
    /// The seats that are free after it, the fades of the crossing included.
    pub gone: Vec<Seat>,
    /// The RTP stream goes on in another packetiser.
    pub continued: Option<Continued>,
    /// Another rate of the bus: that rate, and its frame of silence for [`LegBody::own`](super::LegBody::own).
    pub rate: Option<(SampleRate, Box<[i32]>)>,
    /// In exchange for [`LegBody::states`](super::LegBody::states): room for the new plan's.
    pub room: Vec<(Seat, State)>,
    /// In exchange for [`LegBody::keys`](super::LegBody::keys).
    pub keys: Option<Box<LegKeys>>,
    /// Halves that a panic had stopped and that have only new states: they run again.
    pub revived: [bool; 2],
    /// The worker has begun it: the leg has the crossing.
    pub begun: bool,
    /// Frames each half has run of the crossing.
    pub ran: [u8; 2],
    /// It was carried out.
    pub done: bool,
}

impl Swap {
    /// A half of the leg has run a frame.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn count(&mut self, segment: Segment) {
        if self.begun {
            let ran = &mut self.ran[segment as usize];
            *ran = ran.saturating_add(1);
        }
    }
}
