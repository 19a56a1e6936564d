//! The course of a session: in which slot what was asked took effect, and where legs and rooms were put (D17).
//!
//! A replay with the session's own number of workers learns it; one with another number follows it. What follows has
//! nothing to decide but on which worker: every edit is sent for the slot at hand. On the supervisor's thread.

use std::collections::BTreeMap;

use crate::proto::{Command, LegId, RoomId};

use super::Supervisor;
use super::placement::{Mix, Place};

/// What a command says of a leg's slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Placing {
    /// It runs here from now on: slots before the mix, slots after it.
    At(LegId, u32, u32),
    /// It will, when it has come.
    Awaited(LegId, u32, u32),
    /// It goes to where it is awaited.
    Sent(LegId),
}

impl Placing {
    /// What `command` says.
    pub(super) fn of(command: &Command) -> Option<Self> {
        Some(match command {
            Command::AddLeg { leg, value } => Self::At(*leg, value.slots_before, value.slots_after),
            Command::MoveLeg { leg, before, after } => Self::At(*leg, *before, *after),
            Command::AwaitLeg { leg, value } => Self::Awaited(*leg, value.before, value.after),
            Command::SendLeg { leg, .. } => Self::Sent(*leg),
            _ => return None,
        })
    }
}

/// Where a leg ran from a slot on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Placed {
    pub slot: u64,
    pub leg: LegId,
    pub before: u32,
    pub after: u32,
}

/// What was learnt.
#[derive(Debug, Default)]
pub(crate) struct Learnt {
    /// By request: the last slot in which a command of it was applied.
    pub effects: BTreeMap<usize, u64>,
    /// In the order it was heard of.
    pub places: Vec<Placed>,
    awaited: BTreeMap<LegId, (u32, u32)>,
}

/// Where what is asked next goes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Given {
    /// Slot of its period at which a new room mixes.
    pub mix: Option<u32>,
    /// Slots before and after the mix at which a new leg runs.
    pub place: Option<(u32, u32)>,
}

/// What a supervisor in a replay does about the course.
#[derive(Debug)]
pub(crate) enum Course {
    Learning(Learnt),
    Following(Given),
}

impl Supervisor {
    /// Keeps the course from now on.
    pub(crate) fn set_course(&mut self, course: Course) {
        self.course = Some(course);
    }

    /// What was learnt until now.
    pub(crate) fn take_learnt(&mut self) -> Learnt {
        match self.course.take() {
            Some(Course::Learning(learnt)) => learnt,
            _ => Learnt::default(),
        }
    }

    /// What is sent from now on is about request number `asked`.
    pub(crate) fn about(&mut self, asked: Option<usize>) {
        for site in &mut self.sites {
            site.transactions.asked = asked;
        }
    }

    /// Slot of its period at which a room mixes.
    pub(crate) fn mix_of(&self, room: RoomId) -> Option<u32> {
        Some(self.rooms.get(&room)?.mix.slot)
    }

    /// Where a leg runs from now on.
    pub(crate) fn put_leg(&mut self, leg: LegId, before: u32, after: u32) {
        let Some(state) = self.legs.get_mut(&leg).filter(|state| state.stays()) else {
            return;
        };
        let margin = self.rooms.get(&state.room).map_or(0, |room| room.margin);
        let after = after.max(margin);
        if (state.place.before, state.place.after) != (before, after) {
            (state.place.before, state.place.after) = (before, after);
            self.send_edit(leg, Command::MoveLeg { leg, before, after });
        }
    }

    /// Request that what is asked of a leg now belongs to.
    pub(super) fn asked(&self) -> Option<usize> {
        self.sites.first()?.transactions.asked
    }

    /// Every edit takes effect in the slot at hand, on all workers.
    pub(super) fn follows(&self) -> bool {
        matches!(self.course, Some(Course::Following(_)))
    }

    /// A transaction about request number `asked` was applied in `slot`.
    pub(super) fn learn(&mut self, slot: u64, asked: Option<usize>, placings: &[Placing]) {
        let Some(Course::Learning(learnt)) = &mut self.course else {
            return;
        };
        if let Some(asked) = asked {
            let effect = learnt.effects.entry(asked).or_default();
            *effect = slot.max(*effect);
        }
        for placing in placings {
            let (leg, before, after) = match *placing {
                Placing::At(leg, before, after) => (leg, before, after),
                Placing::Awaited(leg, before, after) => {
                    learnt.awaited.insert(leg, (before, after));
                    continue;
                }
                Placing::Sent(leg) => match learnt.awaited.remove(&leg) {
                    Some((before, after)) => (leg, before, after),
                    None => continue,
                },
            };
            learnt.places.push(Placed {
                slot,
                leg,
                before,
                after,
            });
        }
    }

    /// The mix slot of a new room: the one that is given, or `found`.
    pub(super) fn mix_given(&self, found: Mix) -> Mix {
        match &self.course {
            Some(Course::Following(Given {
                mix: Some(slot), ..
            })) => Mix {
                slot: *slot,
                ..found
            },
            _ => found,
        }
    }

    /// The slots of a new leg on `site`: those that are given, or `found`.
    pub(super) fn place_given(
        &mut self,
        site: usize,
        (mix, margin): (Mix, u32),
        found: Place,
    ) -> Place {
        let Some(Course::Following(Given {
            place: Some((before, after)),
            ..
        })) = self.course
        else {
            return found;
        };
        let table = &mut self.sites[site].table;
        table.remove_leg(mix, found);
        let place = found.at(before, after.max(margin));
        table.put_back(mix, place);
        place
    }
}
