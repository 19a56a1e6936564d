//! Open files: how many legs they allow, and the error that says there are none left. Control side.

use std::io;

use talkpath_rt::thread::{NofileOutcome, raise_nofile};

/// Sockets of a leg: RTP and RTCP.
const PER_LEG: u64 = 2;

/// Asks for files for `capacity` legs beside `others` and the `spare` pairs; gives the legs there are enough for, and a warning for each wish
/// that was not granted.
pub(super) fn limit(capacity: usize, spare: usize, others: u64) -> (usize, Vec<String>) {
    let others = others.saturating_add(PER_LEG.saturating_mul(spare as u64));
    granted(capacity, others, raise_nofile(wanted(capacity, others)))
}

fn wanted(capacity: usize, others: u64) -> u64 {
    others.saturating_add(PER_LEG.saturating_mul(capacity as u64))
}

fn granted(capacity: usize, others: u64, files: NofileOutcome) -> (usize, Vec<String>) {
    let possible = files.now.saturating_sub(others) / PER_LEG;
    let possible = usize::try_from(possible).unwrap_or(usize::MAX);
    if possible >= capacity {
        return (capacity, Vec::new());
    }
    let warning = format!(
        "capacity lowered from {capacity} to {possible} network legs: only {} open files are granted, {} were \
         asked for, {others} of them for SIP connections and the rest of the program (raise the hard limit, \
         `ulimit -Hn`, or allow fewer connections)",
        files.now, files.wanted
    );
    (possible, vec![warning])
}

/// Whether the process or the system is out of files (`EMFILE`, `ENFILE`): another port would fare no better.
pub(super) fn are_used_up(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn legs(capacity: usize, others: u64, now: u64) -> (usize, usize) {
        let files = NofileOutcome {
            wanted: wanted(capacity, others),
            before: 1024,
            now,
        };
        let (legs, warnings) = granted(capacity, others, files);
        (legs, warnings.len())
    }

    #[test]
    fn the_others_have_their_files_before_the_legs() {
        // 1,024 connections and 512 more.
        assert_eq!(legs(1_000, 1_536, 3_536), (1_000, 0));
        assert_eq!(legs(1_000, 1_536, 1_000_000), (1_000, 0));
        assert_eq!(legs(1_000, 1_536, 3_535), (999, 1));
        assert_eq!(legs(1_000, 1_536, 1_537), (0, 1));
        assert_eq!(legs(1_000, 1_536, 1_024), (0, 1));
    }

    #[test]
    fn what_is_asked_for_counts_both_and_never_overflows() {
        assert_eq!(wanted(1_000, 1_536), 3_536);
        assert_eq!(wanted(usize::MAX, 1_536), u64::MAX);
    }

    #[test]
    fn out_of_files_is_told_from_a_port_in_use() {
        for number in [libc::EMFILE, libc::ENFILE] {
            assert!(are_used_up(&io::Error::from_raw_os_error(number)));
        }
        assert!(!are_used_up(&io::ErrorKind::AddrInUse.into()));
    }
}
