//! What one leg reports and is told in RTCP: sender and receiver reports with SDES, round trip, BYE.
//!
//! RFC 3550 6.3–6.6. Sender reports say what was really sent: the shard calls [`Reports::sent`] after the kernel took
//! the packet.

use std::time::Duration;

use arrayvec::ArrayString;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use rtcp_types::ReportBlock;

use super::super::source::Reception;
use super::super::wall::{Wall, from_compact};
use super::interval::interval;

/// IPv4 and UDP headers, which count towards the bandwidth (6.2).
const LOWER_LAYERS: f64 = 28.0;
/// A longer round trip is a lie or a mistake.
const MAX_ROUND_TRIP: Duration = Duration::from_secs(30);

/// What the far end said about the stream we send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RemoteView {
    /// Packets it lost in its last interval, in 1/256.
    pub fraction_lost: u8,
    /// Packets it lost in all; negative with duplicates.
    pub cumulative_lost: i32,
    /// Jitter it sees, ticks of our RTP clock.
    pub jitter: u32,
}

/// RTCP state of one leg.
#[derive(Debug)]
pub(crate) struct Reports {
    pub(super) ssrc: u32,
    pub(super) cname: String,
    pub(super) rate: u32,
    minimum: Duration,
    due: Duration,
    average: f64,
    random: SmallRng,
    pub(super) packets: u32,
    pub(super) octets: u32,
    /// `packets` at the last report and the one before (6.3: who is a sender).
    pub(super) packets_before: [u32; 2],
    pub(super) newest: Option<(u32, Duration)>,
    /// Compact NTP time of the far end's last sender report, and when it came.
    pub(super) last_sr: Option<(u32, Duration)>,
    round_trip: Option<Duration>,
    remote: Option<RemoteView>,
    remote_name: ArrayString<64>,
}

impl Reports {
    /// State for a leg that begins at `now`. `seed` makes its random numbers.
    pub(crate) fn new(
        ssrc: u32,
        cname: String,
        rate: u32,
        minimum: Duration,
        now: Duration,
        seed: u64,
    ) -> Self {
        let mut random = SmallRng::seed_from_u64(seed);
        let average = 100.0 + LOWER_LAYERS;
        let due = now + interval(minimum, true, average, random.random());
        Self {
            ssrc,
            cname,
            rate,
            minimum,
            due,
            average,
            random,
            packets: 0,
            octets: 0,
            packets_before: [0; 2],
            newest: None,
            last_sr: None,
            round_trip: None,
            remote: None,
            remote_name: ArrayString::new(),
        }
    }

    /// An RTP packet with `octets` of payload and `timestamp` left at `at`.
    pub(crate) fn sent(&mut self, timestamp: u32, octets: usize, at: Duration) {
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add(octets as u32);
        // The packets of a key all have the timestamp of the first, which is that of its time (RFC 4733, section 2.5.1).
        if self.newest.is_none_or(|(newest, _)| newest != timestamp) {
            self.newest = Some((timestamp, at));
        }
    }

    /// Whether a compound is due.
    pub(crate) fn is_due(&self, now: Duration) -> bool {
        now >= self.due
    }

    /// Writes the compound that is due into `out` and sets the time of the next; its length in octets.
    pub(crate) fn compose(
        &mut self,
        now: Duration,
        wall: &Wall,
        heard: Option<Reception>,
        out: &mut [u8],
    ) -> usize {
        let length = self.write(now, wall, heard, None, out);
        self.average += (length as f64 + LOWER_LAYERS - self.average) / 16.0;
        self.packets_before = [self.packets, self.packets_before[0]];
        self.due = now + interval(self.minimum, false, self.average, self.random.random());
        length
    }

    /// Writes a compound that says BYE for our SSRC; its length in octets.
    pub(crate) fn compose_bye(
        &self,
        now: Duration,
        wall: &Wall,
        heard: Option<Reception>,
        out: &mut [u8],
    ) -> usize {
        self.write(now, wall, heard, Some(self.ssrc), out)
    }

    /// Takes another SSRC (8.2), different from `not`; counts begin anew.
    pub(crate) fn change_ssrc(&mut self, not: Option<u32>) -> u32 {
        let old = self.ssrc;
        while self.ssrc == old || Some(self.ssrc) == not {
            self.ssrc = self.random.random();
        }
        (self.packets, self.octets, self.packets_before) = (0, 0, [0; 2]);
        (self.newest, self.round_trip, self.remote) = (None, None, None);
        self.ssrc
    }

    /// The codec changed.
    pub(crate) fn set_rate(&mut self, rate: u32) {
        self.rate = rate;
        self.newest = None;
    }

    /// The far end's sender report of NTP time `ntp` arrived at `at`.
    pub(crate) fn heard_sender(&mut self, ntp: u64, at: Duration) {
        self.last_sr = Some(((ntp >> 16) as u32, at));
    }

    /// A report block arrived at `at`; ours if it speaks of our SSRC.
    pub(crate) fn heard_block(&mut self, block: &ReportBlock<'_>, at: Duration, wall: &Wall) {
        if block.ssrc() != self.ssrc {
            return;
        }
        self.remote = Some(RemoteView {
            fraction_lost: block.fraction_lost(),
            cumulative_lost: ((block.cumulative_lost() << 8) as i32) >> 8,
            jitter: block.interarrival_jitter(),
        });
        let (report, delay) = (
            block.last_sender_report_timestamp(),
            block.delay_since_last_sender_report_timestamp(),
        );
        if report == 0 {
            return;
        }
        let units = wall.compact(at).wrapping_sub(report).wrapping_sub(delay) as i32;
        let trip = from_compact(u32::try_from(units).unwrap_or(0));
        if trip <= MAX_ROUND_TRIP {
            self.round_trip = Some(trip);
        }
    }

    /// The far end's canonical name, cut to what is kept.
    pub(crate) fn heard_name(&mut self, cname: &[u8]) {
        self.remote_name.clear();
        let text = cname.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        for letter in text.chars() {
            if self.remote_name.try_push(letter).is_err() {
                break;
            }
        }
    }

    /// Our SSRC.
    pub(crate) fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// Round trip from the last report block that allowed it.
    pub(crate) fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    /// What the far end said last about our stream.
    pub(crate) fn remote(&self) -> Option<RemoteView> {
        self.remote
    }

    /// The far end's canonical name; empty until it has told.
    pub(crate) fn remote_name(&self) -> ArrayString<64> {
        self.remote_name
    }
}

#[cfg(test)]
#[path = "reports_tests.rs"]
mod tests;
