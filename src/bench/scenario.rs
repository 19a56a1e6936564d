//! A scenario: who is in which room, and what happens while it is measured.

use std::time::Duration;

use talkpath_nodes::codec::Codec;

use super::args::{Common, RateArgs, RoomArgs, ScenarioCommand};
use super::error::BenchError;
use super::seating;

mod probes;

/// Legs unless told.
const LEGS: u32 = 100;
/// Legs that ask to join in `overload`, unless told.
const OVERLOAD: u32 = 10_000;

/// What happens while it is measured, beside talking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum During {
    Nothing,
    /// So many joins in a second, and as many leaves.
    Churn(u32),
    /// So many legs in a second go to another worker.
    Migrate(u32),
    /// So many legs in a second change plan.
    Swap(u32),
    /// So many legs in a second ask to join, until they are refused and then all the same.
    Overload(u32),
}

/// What the legs are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meeting {
    /// Rooms, in which everybody hears everybody else.
    Rooms,
    /// Calls of two.
    Calls,
}

/// All that tells one run from another, but for what every scenario is told.
#[derive(Clone, Debug)]
pub(super) struct Scenario {
    pub name: &'static str,
    pub common: Common,
    pub workers: usize,
    pub meeting: Meeting,
    /// The room or call of each leg.
    pub room_of: Vec<usize>,
    /// The codec of every second leg of a call, or that legs change to.
    second: Codec,
    pub during: During,
    /// Part of a slot that legs may be admitted to fill (D15): all of it where overload is not what is measured.
    pub admit_budget: f32,
}

impl Scenario {
    /// # Errors
    /// [`BenchError::Flag`]: what one flag alone cannot tell.
    pub(super) fn new(command: &ScenarioCommand) -> Result<Self, BenchError> {
        let even = |args: &RoomArgs| seating::even(args.common.legs(LEGS), args.rooms);
        let pairs = |common: &Common| seating::pairs(common.legs(LEGS));
        let (name, common, room_of, during) = match command {
            ScenarioCommand::Room(args) => {
                let args = &args.room;
                ("room", &args.common, even(args)?, During::Nothing)
            }
            ScenarioCommand::Rooms(common) => {
                let room_of = seating::small(common.legs(LEGS));
                ("rooms", common, room_of, During::Nothing)
            }
            ScenarioCommand::Transcode(common) => {
                ("transcode", common, pairs(common)?, During::Nothing)
            }
            ScenarioCommand::Relay(common) => ("relay", common, pairs(common)?, During::Nothing),
            ScenarioCommand::Churn(RateArgs { room, rate }) => {
                ("churn", &room.common, even(room)?, During::Churn(*rate))
            }
            ScenarioCommand::Overload(args) => {
                let room_of = seating::small(args.common.legs(OVERLOAD));
                let during = During::Overload(args.rate);
                ("overload", &args.common, room_of, during)
            }
            ScenarioCommand::Migrate(RateArgs { room, rate }) => {
                ("migrate", &room.common, even(room)?, During::Migrate(*rate))
            }
            ScenarioCommand::Swap(RateArgs { room, rate }) => {
                ("swap", &room.common, even(room)?, During::Swap(*rate))
            }
        };
        let migrates = matches!(during, During::Migrate(_));
        let workers = common.workers.unwrap_or(if migrates { 2 } else { 1 }) as usize;
        common.check(workers)?;
        let meeting = match command {
            ScenarioCommand::Transcode(_) | ScenarioCommand::Relay(_) => Meeting::Calls,
            _ => Meeting::Rooms,
        };
        let admit_budget = match command {
            ScenarioCommand::Overload(args) => args.admit_budget,
            _ => 1.0,
        };
        let second = match (name, common.codec) {
            ("transcode" | "swap", Codec::Pcmu) => Codec::Pcma,
            ("transcode", _) | ("swap", Codec::Pcma) => Codec::Pcmu,
            (_, codec) => codec,
        };
        let scenario = Self {
            name,
            common: common.clone(),
            workers,
            meeting,
            second,
            room_of,
            during,
            admit_budget,
        };
        scenario.check()?;
        Ok(scenario)
    }

    /// What does not go together.
    fn check(&self) -> Result<(), BenchError> {
        let wrong = |flag, actual: String, allowed: &str| {
            Err(BenchError::Flag {
                flag,
                actual,
                allowed: allowed.to_owned(),
            })
        };
        if matches!(self.during, During::Migrate(_)) && self.workers < 2 {
            return wrong("--workers", self.workers.to_string(), "2 to 16 of migrate");
        }
        if !(0.001..=1.0).contains(&self.admit_budget) {
            let actual = self.admit_budget.to_string();
            return wrong("--admit-budget", actual, "0.001 to 1 (part of a slot)");
        }
        let fits = self.meeting == Meeting::Rooms && self.during == During::Nothing;
        if self.common.floor && !(fits && self.common.codec == Codec::Pcmu) {
            let actual = format!("{} with {}", self.name, self.common.codec);
            return wrong("--floor", actual, "room and rooms with PCMU/8000");
        }
        Ok(())
    }

    /// Legs it begins with.
    pub(super) fn legs(&self) -> usize {
        self.room_of.len()
    }

    pub(super) fn rooms(&self) -> usize {
        self.rooms_of(self.legs())
    }

    /// Rooms of the first `legs` of them.
    pub(super) fn rooms_of(&self, legs: usize) -> usize {
        let rooms = self.room_of.iter().take(legs).max();
        rooms.map_or(0, |room| room + 1)
    }

    /// Legs its rooms could take; none where more legs are more rooms or calls.
    pub(super) fn limit(&self) -> Option<u64> {
        let fixed = !matches!(self.name, "rooms" | "overload" | "relay" | "transcode");
        fixed.then(|| self.rooms() as u64 * u64::from(seating::OF_ROOM))
    }

    /// Codec and packet time of each talk there is in the run.
    pub(super) fn talks(&self) -> Vec<(Codec, Duration)> {
        let ptime = self.common.ptime();
        let mut talks = vec![(self.common.codec, ptime)];
        if self.second != self.common.codec {
            talks.push((self.second, ptime));
        }
        talks
    }

    /// Which of them a leg speaks first.
    pub(super) fn talk_of(&self, leg: usize) -> usize {
        let second = self.meeting == Meeting::Calls && !leg.is_multiple_of(2);
        usize::from(self.second != self.common.codec && second)
    }
}
