//! The status: what the supervisor knows, as one record.

use std::time::Duration;

use crate::proto::{LegId, RoomId};
use crate::status::{Fill, LegStatus, RoomStatus, Status, SupervisorCounters, WorkerStatus};

use super::Supervisor;
use super::legs::{LegState, Stage};
use super::rooms::RoomState;

impl Supervisor {
    pub(super) fn status(&self) -> Status {
        let (timing, load) = (&self.timing, self.table.load());
        let seconds = |span: Duration| span.as_secs_f64();
        Status {
            at: seconds(self.now),
            uptime: seconds(self.now.saturating_sub(self.started)),
            slot_us: u64::try_from(self.config.slot.as_micros()).unwrap_or(u64::MAX),
            workers: vec![WorkerStatus::new(&self.obtained, timing, self.worker, load)],
            rooms: self
                .rooms
                .iter()
                .map(|(id, room)| self.room_status(*id, room))
                .collect(),
            capacity: self.fills(),
            supervisor: SupervisorCounters {
                edits_waiting: self.transactions.waiting().0 as u64,
                command_ring_full: self.transactions.ring_full,
                events_lost: self.subscribers.lost(),
                ..self.counters
            },
        }
    }

    fn room_status(&self, id: RoomId, room: &RoomState) -> RoomStatus {
        let legs = self.legs.iter().filter(|(_, leg)| leg.room == id);
        RoomStatus {
            id: id.to_string(),
            name: room.name.to_string(),
            frame_ms: room.frame.as_millis(),
            mix_slot: room.mix.slot,
            rates: room.rates.iter().map(|(rate, _)| rate.hz()).collect(),
            closing: room.closing,
            legs: legs.map(|(id, leg)| leg_status(*id, leg)).collect(),
        }
    }

    /// What is in use of what there is.
    fn fills(&self) -> Vec<Fill> {
        let fill = |what: &str, (in_use, limit, high_water): (usize, usize, usize)| {
            Fill::new(what, in_use, limit, Some(high_water))
        };
        let (legs, rooms) = (&self.leg_ids, &self.room_ids);
        let legs = (legs.in_use(), self.config.capacity_legs, legs.high_water());
        let rooms = (
            rooms.in_use(),
            self.config.capacity_rooms,
            rooms.high_water(),
        );
        let own = [
            fill("legs", legs),
            fill("rooms", rooms),
            fill("plans", self.plans.fill()),
        ];
        let seats = self.seating.fill();
        let seats = seats.map(|(kind, in_use, limit, high_water)| {
            fill(&format!("{kind} seats"), (in_use, limit, high_water))
        });
        let rings = [
            fill("commands ring", self.transactions.ring()),
            Fill::of_ring("acks ring", &self.acks),
            Fill::of_ring("garbage ring", &self.garbage),
            Fill::of_ring("events ring", &self.events),
        ];
        own.into_iter().chain(seats).chain(rings).collect()
    }
}

fn leg_status(id: LegId, leg: &LegState) -> LegStatus {
    LegStatus {
        id: id.to_string(),
        bits: id.to_bits(),
        kind: leg.face.kind,
        codec: leg.face.codec.clone(),
        rate: leg.rate.hz(),
        state: match leg.stage {
            Stage::Joining => "joining",
            Stage::In => "in",
            Stage::Leaving(_) => "leaving",
        },
        gain_db: leg.gain_db,
        muted: leg.muted,
        receive: leg.direction.receive,
        send: leg.direction.send,
        slots_before: leg.place.before,
        slots_after: leg.place.after,
        stats: leg.stats,
    }
}
