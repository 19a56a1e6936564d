//! Events to everybody who listens, with what is known of what they are about.
//!
//! On the supervisor's thread.

use std::time::Duration;

use crate::event::{Event, EventKind};
use crate::proto::RoomId;

use super::Supervisor;

impl Supervisor {
    /// Tells everybody, with what is known of the leg it is about.
    pub(super) fn publish(&mut self, at: Duration, kind: EventKind) {
        let known = kind.leg().and_then(|leg| self.legs.get(&leg));
        let about = known.map(|leg| (Some(leg.room), leg.worker));
        self.publish_about(at, about, kind);
    }

    /// As [`publish`](Self::publish), of what is known no more: its room and its worker.
    pub(super) fn publish_about(
        &mut self,
        at: Duration,
        about: Option<(Option<RoomId>, u8)>,
        kind: EventKind,
    ) {
        let slot = at.saturating_sub(self.base).as_nanos() / self.config.slot.as_nanos().max(1);
        let event = Event::new(at, kind);
        let side_of = |leg| self.call_sides.get(&leg).copied();
        let call = event.call.or(event.leg.and_then(side_of));
        let of_call = call.and_then(|call| Some(self.calls.get(&call)?.worker));
        let worker = about.map(|(_, worker)| worker).or(of_call);
        self.subscribers.publish(&Event {
            slot: u64::try_from(slot).ok(),
            room: event.room.or(about.and_then(|(room, _)| room)),
            worker: event.worker.or(worker.map(usize::from)),
            call,
            ..event
        });
    }
}
