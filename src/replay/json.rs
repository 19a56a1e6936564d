//! What a replay prints for programs. Times are in seconds since slot 0 and end in `_s`; `docs/replay.md` has the table of
//! the names.

use std::time::Duration;

use serde_json::{Value, json};
use talkpath_engine::replay::{LegSpan, RoomSpan};

use super::Report;
use super::sound::Written;

/// How the digest is made: `docs/replay.md`.
const DIGEST: &str = "talkpath-sum64";

pub(super) fn of(report: &Report<'_>, written: &[Written]) -> String {
    let all = report.replayed;
    let unapplied = all.unapplied.iter().map(
        |one| json!({"what": one.what, "times": one.times, "first_s": one.first.as_secs_f64()}),
    );
    let wav = written.iter().map(
        |one| json!({"what": one.what, "file": one.file.display().to_string(), "length_s": one.length.as_secs_f64()}),
    );
    let first = all.first_difference.as_ref().map(|first| {
        let leg = super::text::leg_id(first.leg);
        json!({"worker": first.worker, "leg": leg, "packet": first.packet, "sequence": first.sequence})
    });
    let value = json!({
        "recorded_by": report.recorded_by,
        "recorded_workers": report.recorded_workers,
        "workers": all.workers,
        "identical": report.identical,
        "ends_early": report.ends_early,
        "differences": report.differences,
        "session_s": all.session.as_secs_f64(),
        "took_s": all.took.as_secs_f64(),
        "speed": report.speed,
        "packets_in": all.given,
        "packets_out": all.sent,
        "compared": all.compared,
        "different": all.different,
        "missing": all.missing,
        "first_difference": first,
        "digest": {"algorithm": DIGEST, "value": format!("{:016x}", all.digest)},
        "unapplied": unapplied.collect::<Vec<_>>(),
        "rooms": all.rooms.iter().map(room).collect::<Vec<_>>(),
        "legs": all.legs.iter().map(leg).collect::<Vec<_>>(),
        "wav": wav.collect::<Vec<_>>(),
    });
    // Plain data: numbers, texts and lists.
    serde_json::to_string_pretty(&value).unwrap_or_default() + "\n"
}

fn seconds(at: Option<Duration>) -> Option<f64> {
    at.map(|at| at.as_secs_f64())
}

fn room(room: &RoomSpan) -> Value {
    json!({
        "id": room.id,
        "name": room.name,
        "created_s": room.created.as_secs_f64(),
        "ended_s": seconds(room.ended),
    })
}

fn leg(leg: &LegSpan) -> Value {
    let codecs = leg.codecs.iter().map(|told| {
        json!({
            "from_s": told.at.as_secs_f64(),
            "payload_type": told.payload_type,
            "codec": told.codec.to_string(),
        })
    });
    json!({
        "id": leg.id,
        "room": leg.room,
        "call": leg.call,
        "joined_s": leg.joined.as_secs_f64(),
        "left_s": seconds(leg.left),
        "packets_in": leg.given,
        "packets_out": leg.sent,
        "codecs": codecs.collect::<Vec<_>>(),
    })
}
