//! What a replay prints for people.

use std::fmt::Write;
use std::time::Duration;

use talkpath_engine::LegId;
use talkpath_engine::replay::{Difference, Unapplied};

use super::Report;
use super::sound::Written;

/// The report with the files that were written; `list` with all rooms and legs.
pub(super) fn of(report: &Report<'_>, written: &[Written], list: bool) -> String {
    let mut text = String::new();
    // Writing to a String does not fail.
    write(report, written, list, &mut text).unwrap_or_default();
    text
}

fn write(
    report: &Report<'_>,
    written: &[Written],
    list: bool,
    to: &mut String,
) -> std::fmt::Result {
    let replayed = report.replayed;
    let session = seconds(replayed.session);
    let (rooms, legs) = (replayed.rooms.len(), replayed.legs.len());
    let recorded_by = report.recorded_by;
    writeln!(
        to,
        "session   {session} s, {rooms} rooms, {legs} legs, recorded by talkpath {recorded_by}"
    )?;
    let (took, speed) = (seconds(replayed.took), report.speed);
    writeln!(to, "replayed  in {took} s, {speed:.0} times as fast")?;
    let (given, sent, compared) = (replayed.given, replayed.sent, replayed.compared);
    write!(
        to,
        "packets   {given} in, {sent} out, {compared} of them compared: "
    )?;
    match &replayed.first_difference {
        None if compared == 0 => writeln!(to, "nothing to compare")?,
        None if replayed.missing == 0 => writeln!(to, "all identical")?,
        None => writeln!(to, "{} are missing", replayed.missing)?,
        Some(first) => writeln!(
            to,
            "{} different; the first is packet {} of {}, sequence {}",
            replayed.different,
            first.packet,
            whose(first),
            first.sequence
        )?,
    }
    let (own, workers) = (report.recorded_workers, replayed.workers);
    if workers != own {
        writeln!(
            to,
            "workers   recorded with {own}: identical with {own}, then run and compared with {workers}"
        )?;
    }
    for Unapplied { what, times, first } in &replayed.unapplied {
        let first = seconds(*first);
        writeln!(
            to,
            "note      left out with {workers} workers: {times} {what}, first at {first} s"
        )?;
    }
    for difference in &report.differences {
        writeln!(to, "note      {difference}: the packets may differ")?;
    }
    if let Some(why) = &report.ends_early {
        writeln!(
            to,
            "note      the recording ends at {session} s, before its session: {why}"
        )?;
    }
    for Written { what, file, length } in written {
        let (file, length) = (file.display(), seconds(*length));
        writeln!(to, "wrote     {file}: {what}, {length} s")?;
    }
    if !list {
        return Ok(());
    }
    writeln!(to, "\nroom        from s      to s  name")?;
    for room in &replayed.rooms {
        let (from, end) = (seconds(room.created), end(room.ended));
        writeln!(to, "{:<8} {from:>9} {end:>9}  {}", room.id, room.name)?;
    }
    writeln!(
        to,
        "\nleg         from s      to s       in      out  where     codecs"
    )?;
    for leg in &replayed.legs {
        let (from, end) = (seconds(leg.joined), end(leg.left));
        let place = leg.room.as_ref().map(|room| format!("room {room}"));
        let place = place.or_else(|| leg.call.as_ref().map(|call| format!("call {call}")));
        let place = place.unwrap_or_default();
        let codecs: Vec<_> = leg
            .codecs
            .iter()
            .map(|told| told.codec.to_string())
            .collect();
        writeln!(
            to,
            "{:<8} {from:>9} {end:>9} {:>8} {:>8}  {place:<9} {}",
            leg.id,
            leg.given,
            leg.sent,
            codecs.join(", ")
        )?;
    }
    Ok(())
}

fn whose(difference: &Difference) -> String {
    match difference.worker {
        Some(worker) => format!("worker {worker}"),
        None => format!("leg {}", leg_id(difference.leg).unwrap_or_default()),
    }
}

/// A leg as the list shows it.
pub(super) fn leg_id(bits: u64) -> Option<String> {
    Some(LegId::from_bits(bits)?.to_string())
}

fn seconds(span: Duration) -> String {
    format!("{:.3}", span.as_secs_f64())
}

fn end(at: Option<Duration>) -> String {
    at.map_or_else(|| "–".to_owned(), seconds)
}
