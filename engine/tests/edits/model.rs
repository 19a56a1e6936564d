//! The list: rooms and legs, edited one entry at a time, and what it says must come of a request.
//!
//! It knows no slots, seats or rings. Of time it knows what the engine tells: a leg or room counts until its end is told,
//! a move is on its way until its arrival is. Where a refusal hangs on what only the engine sees (plans and seats of what
//! is being replaced) it says what must be the case for it.

use std::collections::BTreeMap;
use std::time::Duration;

use talkpath_engine::{
    Codec, Direction, EngineError, FrameTime, LeaveReason, Resource, SampleRate,
};

use crate::calls::Line;
use crate::common::ms;

pub const WORKERS: usize = 3;
pub const LEGS: usize = 48;
pub const ROOMS: usize = 8;
pub const PLANS: usize = 24;
/// Legs a worker has seats for: its share and an eighth of all.
pub const LEGS_PER_WORKER: usize = LEGS / WORKERS + LEGS / 8;
/// Legs that may be on their way to one worker.
pub const BERTHS: usize = 8;
/// By when whatever was replaced or left has been given back.
const GIVEN_BACK: Duration = ms(250);

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Phone {
        codec: Codec,
        ptime: Duration,
        echo: bool,
    },
    Tone(SampleRate),
    Clip {
        rate: SampleRate,
        looping: bool,
    },
}

impl Kind {
    pub fn rate(self) -> SampleRate {
        match self {
            Self::Phone { codec, .. } => codec.rate(),
            Self::Tone(rate) | Self::Clip { rate, .. } => rate,
        }
    }

    pub fn is_phone(self) -> bool {
        matches!(self, Self::Phone { .. })
    }

    /// What two legs must have in common to share a plan.
    fn shape(self, frame: FrameTime) -> String {
        match self {
            Self::Clip { rate, .. } => format!("clip {rate:?} {frame:?}"),
            kind => format!("{kind:?} {frame:?}"),
        }
    }
}

/// One leg.
pub struct Leg {
    pub handle: talkpath_engine::Leg,
    /// Its room, by bits of its handle.
    pub room: u64,
    pub kind: Kind,
    /// Number of its tone.
    pub tone: usize,
    pub gain_db: f32,
    /// A gain that was put into its graph.
    pub boost_db: Option<f32>,
    /// Its plan is being swapped.
    pub swapping: bool,
    pub muted: bool,
    pub direction: Direction,
    pub ssrc: u32,
    pub worker: usize,
    /// Where it comes from, until it is told that it has arrived.
    pub from: Option<usize>,
    pub joined: bool,
    pub leaving: Option<LeaveReason>,
}

impl Leg {
    pub fn stays(&self) -> bool {
        self.leaving.is_none()
    }

    /// Peak at which its room hears it.
    pub fn level(&self) -> f64 {
        let silent = self.muted || !self.direction.receive;
        match self.kind {
            Kind::Clip { looping: false, .. } => 0.0,
            _ if silent => 0.0,
            _ => {
                let db = self.gain_db + self.boost_db.unwrap_or(0.0);
                crate::sound::PEAK * 10_f64.powf(f64::from(db) / 20.0)
            }
        }
    }
}

/// One room.
pub struct Room {
    pub handle: talkpath_engine::Room,
    pub ends_with_last_leg: bool,
    pub closing: bool,
}

/// What came of a request, without the numbers.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Done,
    StaleLeg,
    StaleRoom,
    StaleCall,
    Moving,
    Swapping,
    Full(Resource),
    Busy,
    OutOfRange,
    WrongKind,
    RoomExists,
    RoomName,
    Other(String),
}

impl<T> From<&Result<T, EngineError>> for Outcome {
    fn from(result: &Result<T, EngineError>) -> Self {
        match result {
            Ok(_) => Self::Done,
            Err(EngineError::StaleLeg { .. }) => Self::StaleLeg,
            Err(EngineError::StaleRoom { .. }) => Self::StaleRoom,
            Err(EngineError::StaleCall { .. }) => Self::StaleCall,
            Err(EngineError::Moving { .. }) => Self::Moving,
            Err(EngineError::Swapping { .. }) => Self::Swapping,
            Err(EngineError::Capacity { what, .. }) => Self::Full(*what),
            Err(EngineError::Busy { .. }) => Self::Busy,
            Err(EngineError::OutOfRange { .. }) => Self::OutOfRange,
            Err(EngineError::WrongKind { .. }) => Self::WrongKind,
            Err(EngineError::RoomExists { .. }) => Self::RoomExists,
            Err(EngineError::RoomName { .. }) => Self::RoomName,
            Err(other) => Self::Other(other.to_string()),
        }
    }
}

pub const NO_SEATS: Outcome = Outcome::Full(Resource::Seats("legs of one worker"));

/// The whole of it.
#[derive(Default)]
pub struct Model {
    pub rooms: BTreeMap<u64, Room>,
    pub legs: BTreeMap<u64, Leg>,
    pub calls: BTreeMap<u64, Line>,
    /// When plans lost a leg: their handles may still be taken, also by a plan that is there again under another.
    dropped: Vec<Duration>,
    /// When a leg got another plan, and where.
    replaced: Vec<(Duration, usize)>,
}

impl Model {
    /// The open rooms.
    pub fn open(&self) -> Vec<u64> {
        let open = self.rooms.iter().filter(|(_, room)| !room.closing);
        open.map(|(bits, _)| *bits).collect()
    }

    /// Legs that stay and are `wanted`.
    pub fn staying(&self, wanted: impl Fn(&Leg) -> bool) -> Vec<u64> {
        let legs = self.legs.iter();
        legs.filter(|(_, leg)| leg.stays() && wanted(leg))
            .map(|(bits, _)| *bits)
            .collect()
    }

    /// Legs that have a seat on a worker: there, coming or going. A call is two.
    pub fn seated(&self, worker: usize) -> usize {
        let here = |leg: &&Leg| leg.worker == worker || leg.from == Some(worker);
        let calls = self.calls.values().filter(|line| {
            line.worker == worker || line.from.is_some_and(|(from, _)| from == worker)
        });
        self.legs.values().filter(here).count() + 2 * calls.count()
    }

    /// Legs and calls on their way to a worker.
    pub fn coming(&self, worker: usize) -> usize {
        let coming = |leg: &&Leg| leg.worker == worker && leg.from.is_some();
        let calls = self.calls.values();
        let calls = calls.filter(|line| line.worker == worker && line.from.is_some());
        self.legs.values().filter(coming).count() + calls.count()
    }

    pub fn shape(&self, leg: &Leg) -> String {
        let frame = self.rooms[&leg.room].handle.frame();
        format!("{} {}", leg.kind.shape(frame), leg.boost_db.is_some())
    }

    /// Distinct plans on a worker when nothing is on its way.
    pub fn plans(&self, worker: usize) -> usize {
        let here = self.legs.values().filter(|leg| leg.worker == worker);
        let mut shapes: Vec<String> = here.map(|leg| self.shape(leg)).collect();
        shapes.extend(self.shapes_of_calls(|on| on == worker));
        shapes.sort_unstable();
        shapes.dedup();
        shapes.len()
    }

    /// A leg gives its plan up: it leaves or changes (and with `replacing`, has two bodies for a while).
    pub fn drops_plan(&mut self, bits: u64, now: Duration, replacing: bool) {
        self.plan_dropped(now, self.legs[&bits].worker, replacing);
    }

    /// A plan lost somebody on a worker.
    pub fn plan_dropped(&mut self, now: Duration, worker: usize, replacing: bool) {
        self.dropped.push(now);
        if replacing {
            // The plan in between is one more.
            self.dropped.push(now);
            self.replaced.push((now, worker));
        }
    }

    /// Whether a refusal for want of plans or seats can be right.
    pub fn may_be_full(&mut self, what: Resource, now: Duration) -> bool {
        self.dropped.retain(|at| *at + GIVEN_BACK > now);
        self.replaced.retain(|(at, _)| *at + GIVEN_BACK > now);
        match what {
            Resource::Plans => {
                let mut shapes: Vec<String> = self.legs.values().map(|l| self.shape(l)).collect();
                shapes.extend(self.shapes_of_calls(|_| true));
                shapes.sort_unstable();
                shapes.dedup();
                // One more for the time of a swap.
                shapes.len() + self.dropped.len() + 1 >= PLANS
            }
            // Some have seats and the others the plan.
            Resource::Seats("legs of one worker") => {
                let full = |worker| self.seated(worker) + 2 > LEGS_PER_WORKER;
                (0..WORKERS).any(full) && self.may_be_full(Resource::Plans, now)
            }
            // Two seats a leg of each kind, at most both of them taken by one body.
            Resource::Seats(_) => (0..WORKERS).any(|worker| {
                let twice = self.replaced.iter().filter(|(_, at)| *at == worker);
                // A call that changes has two of each.
                self.seated(worker) + 2 * twice.count() >= LEGS_PER_WORKER
            }),
            _ => false,
        }
    }

    /// What must come of a request to a leg that only one that stays may be asked.
    pub fn of_leg(&self, bits: u64) -> Outcome {
        match self.legs.get(&bits) {
            Some(leg) if leg.stays() => Outcome::Done,
            _ => Outcome::StaleLeg,
        }
    }

    /// The same where one on its way between workers or plans is refused.
    pub fn of_still_leg(&self, bits: u64) -> Outcome {
        match self.legs.get(&bits) {
            Some(leg) if leg.stays() && leg.from.is_some() => Outcome::Moving,
            Some(leg) if leg.stays() && leg.swapping => Outcome::Swapping,
            _ => self.of_leg(bits),
        }
    }

    pub fn of_join(&self, room: u64) -> Outcome {
        if self.rooms.get(&room).is_none_or(|room| room.closing) {
            return Outcome::StaleRoom;
        }
        if self.handles() >= LEGS {
            return Outcome::Full(Resource::Legs);
        }
        if (0..WORKERS).all(|worker| self.seated(worker) >= LEGS_PER_WORKER) {
            return NO_SEATS;
        }
        Outcome::Done
    }

    pub fn of_move(&self, bits: u64, to: usize) -> Outcome {
        if to >= WORKERS {
            return Outcome::OutOfRange;
        }
        let still = self.of_still_leg(bits);
        if still != Outcome::Done || self.legs[&bits].worker == to {
            return still;
        }
        if self.coming(to) >= BERTHS {
            return Outcome::Busy;
        }
        if self.seated(to) >= LEGS_PER_WORKER {
            return NO_SEATS;
        }
        Outcome::Done
    }

    pub fn of_create(&self, name: &str) -> Outcome {
        let same = |room: &Room| !room.closing && room.handle.name() == name;
        if !(1..=talkpath_engine::room::MAX_NAME).contains(&name.len()) {
            Outcome::RoomName
        } else if self.rooms.values().any(same) {
            Outcome::RoomExists
        } else if self.rooms.len() >= ROOMS {
            Outcome::Full(Resource::Rooms)
        } else {
            Outcome::Done
        }
    }

    /// All legs of a room leave, and it ends with the last.
    pub fn close(&mut self, room: u64, now: Duration) {
        if let Some(room) = self.rooms.get_mut(&room) {
            room.closing = true;
        }
        for bits in self.staying(|leg| leg.room == room) {
            self.leaves(bits, LeaveReason::RoomClosed, now);
        }
    }

    pub fn leaves(&mut self, bits: u64, reason: LeaveReason, now: Duration) {
        self.drops_plan(bits, now, false);
        if let Some(leg) = self.legs.get_mut(&bits) {
            leg.leaving = Some(reason);
        }
    }
}
