//! What a run with another number of workers sent, held against the session, leg by leg.

use std::time::Duration;

use super::course::{Course, summed};
use super::crew::Other;
use super::report::{Difference, Replayed, Unapplied};

/// `own` is what the replay with the session's own workers came to; what comes back is of the other run.
pub(super) fn compare(own: Replayed, course: Course, other: Other, slot: Duration) -> Replayed {
    let mut all = Replayed {
        sent: 0,
        compared: 0,
        digest: 0,
        unapplied: unapplied(&course, &other, slot),
        ..own
    };
    for (leg, was) in &course.sent {
        let is = other.sent.get(leg).map_or(&[][..], Vec::as_slice);
        all.sent += is.len() as u64;
        all.missing += was.len().saturating_sub(is.len()) as u64;
        for (n, (was, is)) in was.iter().zip(is).enumerate() {
            all.compared += 1;
            all.digest = summed(all.digest, *leg, is.digest);
            if was.digest != is.digest {
                all.differs(*leg, n, was.sequence);
            }
        }
        // One that stays may have been sent another one when the session ended.
        let stays = all
            .legs
            .iter()
            .any(|span| span.bits == *leg && span.left.is_none());
        if !stays {
            for (n, is) in is.iter().enumerate().skip(was.len()) {
                all.differs(*leg, n, is.sequence);
            }
        }
    }
    all
}

impl Replayed {
    fn differs(&mut self, leg: u64, packet: usize, sequence: u16) {
        self.different += 1;
        self.first_difference.get_or_insert(Difference {
            worker: None,
            packet: packet as u64,
            leg,
            sequence: sequence.into(),
        });
    }
}

/// What the other run could not be given.
fn unapplied(course: &Course, other: &Other, slot: Duration) -> Vec<Unapplied> {
    let mut all = course.particular.clone();
    let at = |first: u64| Duration::from_nanos(first * slot.as_nanos() as u64);
    for (worker, first, _) in course.skipped_by_some() {
        let what = format!("stalls of worker {worker} alone, with slots skipped");
        Unapplied::add(&mut all, &what, at(first));
    }
    for missed in course.workers.iter().flat_map(|log| &log.missed) {
        let what = "slots in which sums of other workers were missed";
        Unapplied::add(&mut all, what, at(*missed));
    }
    for (what, times) in [
        ("requests that were refused here", other.refused),
        ("packets that found no empty box here", other.unfit),
    ] {
        if times > 0 {
            all.push(Unapplied {
                what: what.to_owned(),
                times,
                first: Duration::ZERO,
            });
        }
    }
    all
}
