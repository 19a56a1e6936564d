//! An event as one JSON object. The names are stable: `docs/events.md` has them all.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::{Event, EventKind, WorkerFault};
use crate::keys::ending_name;
use crate::proto::LegId;
use crate::status::LateStatus;

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let info = self.kind.info();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("event", info.name)?;
        map.serialize_entry("class", &info.class)?;
        map.serialize_entry("at", &self.at.as_secs_f64())?;
        // What does not apply is left out.
        if let Some(slot) = self.slot {
            map.serialize_entry("slot", &slot)?;
        }
        if let Some(worker) = self.worker {
            map.serialize_entry("worker", &worker)?;
        }
        if let Some(room) = self.room {
            map.serialize_entry("room", &room.to_string())?;
        }
        if let Some(call) = self.call {
            map.serialize_entry("call", &call.to_string())?;
        }
        if let Some(leg) = self.leg {
            map.serialize_entry("leg", &leg.to_string())?;
        }
        fields(self, &mut map)?;
        map.end()
    }
}

/// What only this kind has.
fn fields<M: SerializeMap>(event: &Event, map: &mut M) -> Result<(), M::Error> {
    match &event.kind {
        EventKind::RoomCreated { name, .. } | EventKind::RoomEnded { name, .. } => {
            map.serialize_entry("name", name)
        }
        EventKind::CallStarted { sides, .. } => map.serialize_entry("sides", &handles(sides)),
        EventKind::CallEnded {
            sides,
            reason,
            stats,
            ..
        } => {
            map.serialize_entry("sides", &handles(sides))?;
            map.serialize_entry("reason", reason.name())?;
            map.serialize_entry("stats", stats.as_ref())
        }
        EventKind::Left { reason, .. } => map.serialize_entry("reason", reason.name()),
        EventKind::Fenced {
            node, heard, fault, ..
        } => {
            map.serialize_entry("node", node)?;
            map.serialize_entry("heard", heard)?;
            map.serialize_entry("fault", fault)
        }
        EventKind::Late {
            by,
            culprit,
            plan_name,
            ..
        } => {
            let late = LateStatus::new(event.at, *by, *culprit, plan_name.clone());
            map.serialize_entry("by_us", &late.by_us)?;
            map.serialize_entry("culprit", &late.culprit)
        }
        EventKind::WorkerLost { why, legs, .. } => {
            let (name, fault, silent) = match why {
                WorkerFault::Exited { fault } => ("exited", Some(fault), None),
                WorkerFault::Stuck { silent } => ("stuck", None, Some(silent.as_millis() as u64)),
            };
            map.serialize_entry("why", name)?;
            map.serialize_entry("fault", &fault)?;
            map.serialize_entry("silent_ms", &silent)?;
            map.serialize_entry("legs", legs)
        }
        EventKind::KeyStarted { key, .. } => map.serialize_entry("key", &key.to_string()),
        EventKind::Key {
            key,
            duration,
            ending,
            ..
        } => {
            map.serialize_entry("key", &key.to_string())?;
            map.serialize_entry("duration_ms", &(duration.as_millis() as u64))?;
            map.serialize_entry("ending", ending_name(*ending))
        }
        EventKind::WorkerReplaced { legs, .. } => map.serialize_entry("legs", legs),
        EventKind::Displaced { by, .. } => map.serialize_entry("by", &by.to_string()),
        EventKind::Shed {
            what,
            priority,
            legs,
            load,
            step,
            ..
        }
        | EventKind::Recovered {
            what,
            priority,
            legs,
            load,
            step,
            ..
        } => {
            map.serialize_entry("what", what.name())?;
            map.serialize_entry("priority", priority)?;
            map.serialize_entry("legs", legs)?;
            map.serialize_entry("load", &(f64::from(*load) / 1e3))?;
            map.serialize_entry("step", step)
        }
        EventKind::WorkerNotReplaced { stuck, .. } => map.serialize_entry("stuck", stuck),
        EventKind::Missed { lost } => {
            map.serialize_entry("critical", &lost.critical)?;
            map.serialize_entry("warning", &lost.warning)?;
            map.serialize_entry("notice", &lost.notice)?;
            map.serialize_entry("info", &lost.info)
        }
        EventKind::Joined { .. }
        | EventKind::Swapped { .. }
        | EventKind::Moved { .. }
        | EventKind::NotMoved { .. }
        | EventKind::Rebuilt { .. }
        | EventKind::TalkStarted { .. }
        | EventKind::TalkStopped { .. }
        | EventKind::MediaTimeout { .. }
        | EventKind::Finished { .. }
        | EventKind::Faulted { .. } => Ok(()),
    }
}

fn handles(legs: &[LegId; 2]) -> [String; 2] {
    legs.map(|leg| leg.to_string())
}
