//! Who sends the marker and who awaits it.

use super::super::phones::Probe;
use super::{Meeting, Scenario};

/// Talkers with the marker at most, one to a room.
const TALKERS: usize = 4;
/// The same, one to a call.
const CALLERS: usize = 16;
/// Who listens for one of them at most.
const LISTENERS: usize = 4;

impl Scenario {
    /// Who sends the marker and who listens for it: the first of a room, and the next ones in it.
    pub(in crate::bench) fn probes(&self) -> Vec<Probe> {
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

    /// Legs that may come and go, or change their codec: those that neither send nor await the marker.
    pub(in crate::bench) fn loose(&self) -> Vec<usize> {
        let probes = self.probes();
        let fixed = |leg: &usize| {
            probes
                .iter()
                .any(|probe| probe.talker == *leg || probe.listeners.contains(leg))
        };
        (0..self.legs()).filter(|leg| !fixed(leg)).collect()
    }
}
