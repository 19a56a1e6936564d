//! Writing compounds: sender or receiver report, SDES with CNAME, BYE (RFC 3550 6.4–6.6).
//!
//! Shard thread. Written octet by octet: builders that hold their parts on the heap cost a dozen allocations for each
//! compound, on a thread that has no other. Their result is what the tests compare with.

use std::time::Duration;

use super::super::source::Reception;
use super::super::wall::{Wall, compact_span, ticks};
use super::reports::Reports;

/// Packet types (RFC 3550 12.1) and the item that names a source (12.2).
const SR: u8 = 200;
const RR: u8 = 201;
const SDES: u8 = 202;
const BYE: u8 = 203;
const CNAME: u8 = 1;

/// Words of a report block.
const BLOCK: usize = 6;

impl Reports {
    /// Writes one compound into `out`, with BYE for `bye` if given; its length in octets, 0 when it does not fit.
    ///
    /// Real-time: allocates no; blocks no; cost O(octets).
    pub(super) fn write(
        &self,
        now: Duration,
        wall: &Wall,
        heard: Option<Reception>,
        bye: Option<u32>,
        out: &mut [u8],
    ) -> usize {
        let mut pen = Pen { out, at: 0 };
        let blocks = usize::from(heard.is_some());
        let newest = self
            .newest
            .filter(|_| self.packets != self.packets_before[1]);
        match newest {
            Some((timestamp, at)) => {
                let since = ticks(now, self.rate).wrapping_sub(ticks(at, self.rate));
                pen.head(SR, blocks, 6 + BLOCK * blocks);
                pen.word(self.ssrc);
                pen.put(&wall.ntp(now).to_be_bytes());
                pen.word(timestamp.wrapping_add(since));
                pen.word(self.packets);
                pen.word(self.octets);
            }
            None => {
                pen.head(RR, blocks, 1 + BLOCK * blocks);
                pen.word(self.ssrc);
            }
        }
        if let Some(heard) = heard {
            self.block(now, heard, &mut pen);
        }
        let name = self.cname.as_bytes();
        // Type, length, name, and at least one zero that ends the chunk.
        let item = (2 + name.len()) / 4 + 1;
        pen.head(SDES, 1, 1 + item);
        pen.word(self.ssrc);
        pen.put(&[CNAME, name.len() as u8]);
        pen.put(name);
        pen.put(&[0; 4][..4 * item - 2 - name.len()]);
        if let Some(ssrc) = bye {
            pen.head(BYE, 1, 1);
            pen.word(ssrc);
        }
        // Always fits: the name is at most 255 octets (checked at attach) and `out` holds MAX_COMPOUND.
        if pen.at <= pen.out.len() { pen.at } else { 0 }
    }

    /// What was heard of the far end's stream (6.4.1).
    fn block(&self, now: Duration, heard: Reception, pen: &mut Pen<'_>) {
        let (report, delay) = self.last_sr.map_or((0, 0), |(report, at)| {
            (report, compact_span(now.saturating_sub(at)))
        });
        pen.word(heard.ssrc);
        let lost = heard.cumulative_lost as u32 & 0xff_ffff;
        pen.word(u32::from(heard.fraction_lost) << 24 | lost);
        pen.word(heard.highest);
        pen.word(heard.jitter);
        pen.word(report);
        pen.word(delay);
    }
}

/// Writes at `at`; what runs over the end is counted and not written.
struct Pen<'a> {
    out: &'a mut [u8],
    at: usize,
}

impl Pen<'_> {
    /// The head of a packet: how many things it counts, and how many words follow.
    fn head(&mut self, kind: u8, count: usize, words: usize) {
        let [high, low] = (words as u16).to_be_bytes();
        self.put(&[0x80 | count as u8, kind, high, low]);
    }

    fn word(&mut self, word: u32) {
        self.put(&word.to_be_bytes());
    }

    fn put(&mut self, octets: &[u8]) {
        let end = self.at + octets.len();
        if let Some(place) = self.out.get_mut(self.at..end) {
            place.copy_from_slice(octets);
        }
        self.at = end;
    }
}

#[cfg(test)]
#[path = "compose_tests.rs"]
mod tests;
