//! The status of rooms and their legs.

use crate::ledger::{LegLedger, Placed};
use crate::proto::{LegId, RoomId};
use crate::status::{LegStatus, RoomStatus};

use super::super::Supervisor;
use super::super::legs::{LegState, Stage};
use super::super::plans::Compiled;
use super::super::rooms::RoomState;

impl Supervisor {
    pub(in crate::supervisor) fn leg_status(&self, id: LegId, leg: &LegState) -> LegStatus {
        LegStatus {
            id: id.to_string(),
            bits: id.to_bits(),
            kind: leg.face.kind,
            codec: leg.face.codec.clone(),
            rate: leg.rate.hz(),
            plan: leg.plan.to_bits(),
            plan_name: self.plan_name(leg),
            worker: leg.worker,
            state: match leg.stage {
                Stage::Joining => "joining",
                Stage::In => "in",
                Stage::Leaving(_) => "leaving",
            },
            priority: leg.priority,
            gain_db: leg.gain_db,
            muted: leg.muted,
            receive: leg.direction.receive,
            send: leg.direction.send,
            slots_before: leg.place.before,
            slots_after: leg.place.after,
            ledger: self.ledger(leg),
            stats: leg.stats,
        }
    }

    fn plan_name(&self, leg: &LegState) -> String {
        let plans = &self.sites[usize::from(leg.worker)].plans;
        let compiled = plans.compiled(leg.plan);
        compiled.map(Compiled::name).unwrap_or_default()
    }

    /// Where the delay of a leg comes from.
    pub(in crate::supervisor) fn ledger(&self, leg: &LegState) -> LegLedger {
        let slots = |slots: u32| self.config.slot * slots;
        let room = self.rooms.get(&leg.room);
        let margin = room.map_or(0, |room| room.margin);
        let placed = Placed {
            before: slots(leg.place.before),
            after: slots(leg.place.after),
            margin: slots(margin),
        };
        let plans = &self.sites[usize::from(leg.worker)].plans;
        let compiled = plans.compiled(leg.plan);
        let latencies = compiled.map(|compiled| compiled.latencies);
        let rates = room.iter().flat_map(|room| &room.rates);
        let rates = rates.map(|(rate, _)| *rate);
        LegLedger::new(
            latencies.unwrap_or_default(),
            placed,
            leg.rate,
            rates,
            &leg.stats,
        )
    }

    pub(super) fn room_status(&self, id: RoomId, room: &RoomState) -> RoomStatus {
        let legs = self.legs.iter().filter(|(_, leg)| leg.room == id);
        RoomStatus {
            id: id.to_string(),
            name: room.name.to_string(),
            frame_ms: room.frame.as_millis(),
            mix_slot: room.mix.slot,
            workers: room.on.iter().collect(),
            margin: room.margin,
            rates: room.rates.iter().map(|(rate, _)| rate.hz()).collect(),
            closing: room.closing,
            legs: legs.map(|(id, leg)| self.leg_status(*id, leg)).collect(),
        }
    }
}
