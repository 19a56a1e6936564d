//! Time of day as people and records read it. Control side.

use std::time::Duration;

/// Now, as RFC 3339 has it, in UTC; `ago` ago.
#[must_use]
pub fn ago(ago: Duration) -> String {
    utc(crate::sys::wall_clock().saturating_sub(ago))
}

/// Time since the Unix epoch as RFC 3339 has it, in UTC, to the millisecond.
pub(crate) fn utc(since_epoch: Duration) -> String {
    let (seconds, ms) = (since_epoch.as_secs(), since_epoch.subsec_millis());
    let (day, second) = (seconds / 86_400, seconds % 86_400);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    let (year, month, day) = date(day);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
}

/// Days since 1970-01-01 as a date of the Gregorian calendar. Counts in years that begin in March, so that the day a
/// leap year adds is the last of its year.
fn date(days: u64) -> (u64, u64, u64) {
    const ERA: u64 = 146_097;
    let days = days + 719_468;
    let (era, day) = (days / ERA, days % ERA);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let first = (153 * month + 2) / 5;
    let calendar = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + u64::from(calendar <= 2);
    (year, calendar, day - first + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_rfc_3339_has_them() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.250Z"),
            (951_782_399, "2000-02-28T23:59:59.250Z"),
            (951_782_400, "2000-02-29T00:00:00.250Z"),
            (1_709_251_200, "2024-03-01T00:00:00.250Z"),
            (1_795_188_760, "2026-11-20T15:32:40.250Z"),
            (4_107_542_400, "2100-03-01T00:00:00.250Z"),
        ] {
            assert_eq!(utc(Duration::from_millis(seconds * 1_000 + 250)), text);
        }
    }
}
