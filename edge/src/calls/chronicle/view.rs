//! A call as `/calls` and `/calls/ID` show it. `docs/counters.md` explains each field.

use std::time::Duration;

use serde_json::{Value, json};
use talkpath_engine::LegId;
use talkpath_rt::clock::{Clock, MonotonicClock};

use super::Tale;
use crate::utc::utc;

fn seconds(span: Duration) -> f64 {
    span.as_millis() as f64 / 1e3
}

impl Tale {
    /// One line of the list.
    pub(super) fn row(&self) -> Value {
        let lasts = || seconds(MonotonicClock.now().saturating_sub(self.began.1));
        let end = self.record.as_ref().map(|record| record.end());
        json!({
            "id": self.call_id,
            "state": if self.record.is_some() { "ended" } else { "live" },
            "peer": self.peer,
            "to": self.to.to_string(),
            "room": self.to.shared_room(),
            "began": utc(self.began.0),
            "duration_s": end.map_or_else(lasts, |(duration, _)| duration),
            "leg": self.leg.and_then(|leg| LegId::from_bits(leg.0)).map(|leg| leg.to_string()),
            "why": end.map(|(_, why)| why),
        })
    }

    /// All there is to tell.
    pub(super) fn story(&self) -> Value {
        let mut story = self.row();
        let entries = self.entries.iter().map(|entry| {
            let mut json = entry.what.json();
            json["at_s"] = seconds(entry.at.saturating_sub(self.began.1)).into();
            json
        });
        story["entries"] = entries.collect();
        story["entries_left_out"] = self.left_out.into();
        story["counts"] = json!(self.counts);
        let told = || self.shed.as_ref().map(|shed| shed.told(self.began.1));
        let shed = match &self.record {
            Some(record) => record.shedding().clone(),
            None => told().unwrap_or_default(),
        };
        story["shedding"] = json!(shed.shedding);
        story["shedding_left_out"] = shed.shedding_left_out.into();
        story["now"] = Value::Null;
        story["record"] = json!(self.record);
        story
    }
}
