//! What a run with another number of workers calls what the session had: its handles are other ones.

use std::collections::BTreeMap;

use super::ask::Made;
use crate::proto::LegId;
use crate::record::asked::Named;

/// Bits of handles: the session's to those here.
#[derive(Default)]
pub(super) struct Names {
    rooms: BTreeMap<u64, u64>,
    pub legs: BTreeMap<u64, u64>,
    calls: BTreeMap<u64, u64>,
    /// Back to the session's.
    pub back: BTreeMap<u64, u64>,
}

impl Names {
    /// Puts what is here for what the session had; whether there is such a thing.
    pub fn translate(&self, named: Named<'_>) -> bool {
        let (names, bits) = match named {
            Named::Nothing => return true,
            Named::Room(bits) => (&self.rooms, bits),
            Named::Leg(bits) => (&self.legs, bits),
            Named::Call(bits) => (&self.calls, bits),
        };
        match names.get(bits) {
            Some(here) => {
                *bits = *here;
                true
            }
            None => false,
        }
    }

    pub fn add(&mut self, was: Made, made: Made) {
        match (was, made) {
            (Made::Room(was), Made::Room(made)) => {
                self.rooms.insert(was.to_bits(), made.to_bits());
            }
            (Made::Leg(was), Made::Leg(made)) => self.add_leg(was, made),
            (Made::Call(was, sides), Made::Call(made, here)) => {
                self.calls.insert(was.to_bits(), made.to_bits());
                for (was, made) in sides.into_iter().zip(here) {
                    self.add_leg(was, made);
                }
            }
            _ => {}
        }
    }

    fn add_leg(&mut self, was: LegId, made: LegId) {
        self.legs.insert(was.to_bits(), made.to_bits());
        self.back.insert(made.to_bits(), was.to_bits());
    }
}
