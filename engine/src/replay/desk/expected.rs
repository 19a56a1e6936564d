//! What the workers sent in the session, and whether they send it again.

use talkpath_nodes::packet::Packet;
use talkpath_rt::tape::Numbers;

use super::super::course::summed;
use super::super::file::Recording;
use super::super::report::{Difference, Replayed};
use crate::record::block::{SENT, StreamId};
use crate::record::digest;
use crate::record::media::wire_digest;

/// By worker: what it sent in the session, and how many of these were compared.
pub(super) struct Expected(Vec<(Numbers, u64)>);

impl Expected {
    pub fn new(recording: &Recording) -> Self {
        let workers = 0..recording.header().config.workers;
        let sent = |worker| recording.numbers(StreamId::of_worker(SENT, worker as u8));
        Self(workers.map(|worker| (sent(worker), 0)).collect())
    }

    /// How many workers there are.
    pub fn workers(&self) -> usize {
        self.0.len()
    }

    /// Notes in `report` what was sent now, and whether it is what was sent then.
    pub fn compare(&mut self, packet: &Packet, report: &mut Replayed) {
        let digest = digest(packet);
        report.sent += 1;
        report.digest = summed(report.digest, packet.leg, wire_digest(packet));
        let worker = usize::from(packet.worker);
        let Some((numbers, compared)) = self.0.get_mut(worker) else {
            return;
        };
        let Some(leg) = numbers.next() else {
            // Under way when the session ended.
            return;
        };
        let (sequence, wanted) = (numbers.next().unwrap_or(0), numbers.next());
        *compared += 1;
        report.compared += 1;
        if wanted != Some(digest) {
            report.different += 1;
            let first = Difference {
                worker: Some(packet.worker),
                packet: *compared - 1,
                leg,
                sequence,
            };
            report.first_difference.get_or_insert(first);
        }
    }

    /// Packets of the session that were not sent again.
    pub fn missing(&mut self) -> u64 {
        let rest = |(numbers, _): &mut (Numbers, u64)| numbers.count() as u64 / 3;
        self.0.iter_mut().map(rest).sum()
    }
}
