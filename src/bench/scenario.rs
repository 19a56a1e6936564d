//! A scenario: who is in which room, and what happens while it is measured.

use std::time::Duration;

use talkpath_nodes::codec::Codec;

use super::args::{BenchCommand, Common};
use super::error::BenchError;
use super::phones::Probe;

/// Sizes of the rooms of `rooms`, round and round.
const SIZES: std::ops::RangeInclusive<usize> = 3..=10;
/// Talkers with the marker at most, one to a room.
const TALKERS: usize = 4;
/// The same, one to a call.
const CALLERS: usize = 16;
/// Who listens for one of them at most.
const LISTENERS: usize = 4;

/// Legs that ask to join in `overload`, unless told.
const OVERLOAD: u32 = 10_000;
/// Legs a room takes (D4).
const OF_ROOM: usize = 4_000;

/// What happens while it is measured, beside talking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum During {
    Nothing,
    /// So many joins in a second, and as many leaves.
    Churn(u32),
    /// So many legs in a second go to another worker.
    Migrate(u32),
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
    /// The codec of every second leg of a call.
    second: Codec,
    pub during: During,
    /// Part of a slot that legs may be admitted to fill (D15): all of it where overload is not what is measured.
    pub admit_budget: f32,
}

impl Scenario {
    /// # Errors
    /// [`BenchError::Flag`]: what one flag alone cannot tell.
    pub(super) fn new(command: &BenchCommand) -> Result<Self, BenchError> {
        let (name, common, room_of, during) = match command {
            BenchCommand::Room(args) => {
                let room_of = even(args.common.legs(), args.rooms);
                ("room", &args.common, room_of, During::Nothing)
            }
            BenchCommand::Rooms(common) => ("rooms", common, small(common.legs()), During::Nothing),
            BenchCommand::Transcode(common) => {
                ("transcode", common, pairs(common.legs()), During::Nothing)
            }
            BenchCommand::Relay(common) => ("relay", common, pairs(common.legs()), During::Nothing),
            BenchCommand::Churn(args) => {
                let room_of = even(args.room.common.legs(), args.room.rooms);
                let during = During::Churn(args.rate);
                ("churn", &args.room.common, room_of, during)
            }
            BenchCommand::Overload(args) => {
                let room_of = small(args.common.legs.unwrap_or(OVERLOAD));
                let during = During::Overload(args.rate);
                ("overload", &args.common, room_of, during)
            }
            BenchCommand::Migrate(args) => {
                let room_of = even(args.room.common.legs(), args.room.rooms);
                let during = During::Migrate(args.rate);
                ("migrate", &args.room.common, room_of, during)
            }
        };
        let migrates = matches!(during, During::Migrate(_));
        let workers = common.workers.unwrap_or(if migrates { 2 } else { 1 }) as usize;
        if migrates && workers < 2 {
            return Err(BenchError::Flag {
                flag: "--workers",
                actual: workers.to_string(),
                allowed: "2 to 16 of migrate".into(),
            });
        }
        common.check(workers)?;
        let most = room_of.iter().filter(|room| **room == 0).count();
        if most > OF_ROOM {
            return Err(BenchError::Flag {
                flag: "--legs",
                actual: format!("{most} in a room"),
                allowed: format!("1 to {OF_ROOM} in a room; see --rooms"),
            });
        }
        let meeting = match command {
            BenchCommand::Transcode(_) | BenchCommand::Relay(_) => Meeting::Calls,
            _ => Meeting::Rooms,
        };
        let admit_budget = match command {
            BenchCommand::Overload(args) => args.admit_budget,
            _ => 1.0,
        };
        if !(0.001..=1.0).contains(&admit_budget) {
            return Err(BenchError::Flag {
                flag: "--admit-budget",
                actual: admit_budget.to_string(),
                allowed: "0.001 to 1 (part of a slot)".into(),
            });
        }
        let fits = meeting == Meeting::Rooms && during == During::Nothing;
        if common.floor && !(fits && common.codec == Codec::Pcmu) {
            return Err(BenchError::Flag {
                flag: "--floor",
                actual: format!("{name} with {}", common.codec),
                allowed: "room and rooms with PCMU/8000".into(),
            });
        }
        let second = match (name, common.codec) {
            ("transcode", Codec::Pcmu) => Codec::Pcma,
            ("transcode", _) => Codec::Pcmu,
            (_, codec) => codec,
        };
        Ok(Self {
            name,
            common: common.clone(),
            workers,
            meeting,
            second,
            room_of,
            during,
            admit_budget,
        })
    }

    /// Legs it begins with.
    pub(super) fn legs(&self) -> usize {
        self.room_of.len()
    }

    pub(super) fn rooms(&self) -> usize {
        self.room_of.iter().max().map_or(0, |room| room + 1)
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

    /// Which of them a leg speaks.
    pub(super) fn talk_of(&self, leg: usize) -> usize {
        usize::from(self.second != self.common.codec && !leg.is_multiple_of(2))
    }

    /// Who sends the marker and who listens for it: the first of a room, and the next ones in it.
    pub(super) fn probes(&self) -> Vec<Probe> {
        let members = |room: usize| {
            let legs = (0..self.legs()).filter(move |leg| self.room_of[*leg] == room);
            legs.take(1 + LISTENERS).collect::<Vec<_>>()
        };
        let talkers = match self.meeting {
            Meeting::Rooms => TALKERS,
            Meeting::Calls => CALLERS,
        };
        let rooms = (0..self.rooms()).map(members);
        rooms
            .filter(|members| members.len() > 1)
            .take(talkers)
            .map(|members| Probe {
                talker: members[0],
                listeners: members[1..].to_vec(),
            })
            .collect()
    }

    /// Legs that may come and go: those that neither send nor await the marker.
    pub(super) fn loose(&self) -> Vec<usize> {
        let probes = self.probes();
        let fixed = |leg: &usize| {
            probes
                .iter()
                .any(|probe| probe.talker == *leg || probe.listeners.contains(leg))
        };
        (0..self.legs()).filter(|leg| !fixed(leg)).collect()
    }
}

/// `legs` spread over `rooms`.
fn even(legs: u32, rooms: u32) -> Vec<usize> {
    let rooms = rooms.min(legs).max(1);
    (0..legs).map(|leg| (leg % rooms) as usize).collect()
}

/// Rooms of 3, 4, … 10, 3, 4, … legs until all are in one; the last may be smaller.
fn small(legs: u32) -> Vec<usize> {
    let sizes = SIZES.cycle().enumerate();
    let seats = sizes.flat_map(|(room, size)| std::iter::repeat_n(room, size));
    seats.take(legs as usize).collect()
}

/// Calls of two; an odd leg too many finds nobody and is left out.
fn pairs(legs: u32) -> Vec<usize> {
    (0..(legs / 2 * 2).max(2))
        .map(|leg| leg as usize / 2)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_rooms_have_three_to_ten_legs() {
        let room_of = small(60);
        let sizes: Vec<_> = (0..11)
            .map(|room| room_of.iter().filter(|of| **of == room).count())
            .collect();
        assert_eq!(sizes, [3, 4, 5, 6, 7, 8, 9, 10, 3, 4, 1]);
        assert_eq!(small(1), [0]);
        assert_eq!(pairs(5), [0, 0, 1, 1]);
        assert_eq!(pairs(1), [0, 0]);
    }

    #[test]
    fn legs_are_spread_evenly() {
        assert_eq!(even(5, 2), [0, 1, 0, 1, 0]);
        assert_eq!(even(2, 9), [0, 1]);
    }
}
