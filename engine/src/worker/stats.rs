//! What a worker counts: plain copyable records that travel as events.
//!
//! Counters only grow, so a record that found no room is made good by the next one.

use core::time::Duration;

use serde::Serialize;
use talkpath_graph::SampleRate;
use talkpath_nodes::jitter::{JitterCounters, PlayoutDelay};
use talkpath_nodes::waited::Waited;

/// Figures of one leg since it joined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct LegStats {
    /// Packets the jitter buffer was given.
    pub received: u64,
    /// Packets played out.
    pub played: u64,
    /// Packets dropped because their time had passed (they were concealed over).
    pub late: u64,
    /// Packets dropped because they were there already.
    pub duplicate: u64,
    /// Packets dropped because the buffer was full or shortened to its target.
    pub overflow: u64,
    /// Packets dropped because they did not fit the negotiated format.
    pub malformed: u64,
    /// Packets dropped because the leg is on hold, or because its stream began anew.
    pub flushed: u64,
    /// Packets of keys, which are heard and not played (RFC 4733).
    pub keys: u64,
    /// Packets in the jitter buffer when the record was made.
    pub queued: u32,
    /// Samples concealed, each at the rate of the codec of its time.
    pub concealed_samples: u64,
    /// The same in microseconds, which codecs of several rates have in common: a leg may change its own.
    pub concealed_us: u64,
    /// Times the playout point was set anew.
    pub resyncs: u64,
    /// Packets given to the shard.
    pub sent: u64,
    /// Packets not sent because no empty box was left or the ring was full.
    pub unsent: u64,
    /// Frames silenced because an op produced a value that is not finite (D18).
    pub not_finite: u64,
    /// Periods skipped after a stall (D14).
    pub skipped_periods: u64,
    /// Frames of an op that the governor left out or ran cheaply (D15).
    pub shed_frames: u64,
    /// Halves of periods, in and out, that the governor left out whole (D15).
    pub shed_periods: u64,
    /// Level of the last frame towards the room, −dBov (0 loudest, 127 silence; RFC 6464).
    pub level: u8,
    /// Level of the last frame from the room, −dBov, where the leg's graph has a meter on its way out; else 0.
    pub level_out: u8,
    /// Whether the leg talks.
    pub talking: bool,
    /// How long packets were held on the way in; shown in the ledger.
    #[serde(skip)]
    pub playout: PlayoutDelay,
    /// How long the beginning of a packet waited for its end on the way out; shown in the ledger.
    #[serde(skip)]
    pub collected: Waited,
}

impl LegStats {
    /// Adds what a jitter buffer measured.
    pub(super) fn add_delay(&mut self, delay: &PlayoutDelay) {
        self.playout = delay.after(&self.playout);
    }

    /// Adds what a jitter buffer of a codec of this rate counted.
    pub(super) fn add(&mut self, c: &JitterCounters, rate: SampleRate) {
        self.received += c.received;
        self.played += c.played;
        self.late += c.late;
        self.duplicate += c.duplicate;
        self.overflow += c.overflow;
        self.malformed += c.wrong_payload_type + c.bad_length;
        self.flushed += c.stale;
        self.concealed_samples += c.lost_samples;
        self.concealed_us += c.lost_samples * 1_000_000 / u64::from(rate.hz());
        self.resyncs += c.resyncs;
    }
}

/// Figures of one worker since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct WorkerCounters {
    /// Slots run.
    pub slots: u64,
    /// Slots given up after a stall (D14).
    pub skipped_slots: u64,
    /// Transactions applied.
    pub transactions: u64,
    /// Commands that named something gone.
    pub stale_commands: u64,
    /// Commands the worker could not carry out: a bug of the supervisor.
    pub refused_commands: u64,
    /// Slots in which a transaction waited for garbage or ack room: credits were miscounted.
    pub deferred: u64,
    /// Acks or garbage that found no room although it was reserved, or boxes that could not go
    /// back: always 0 unless there is a bug; nothing is freed on the worker even then.
    pub overflows: u64,
    /// Packets received from shards.
    pub packets_in: u64,
    /// Packets for a leg that is gone.
    pub packets_stale: u64,
    /// Packets for a leg on hold.
    pub packets_held: u64,
    /// Packets of calls that came when as many as may run in one slot were there.
    pub packets_crowded: u64,
    /// Packets of calls passed on as they are.
    pub packets_relayed: u64,
    /// Packets of calls taken apart and made anew.
    pub packets_transcoded: u64,
    /// Packets given to shards.
    pub packets_out: u64,
    /// Packets not sent: no empty box or no room in the ring.
    pub packets_unsent: u64,
    /// Frames an op produced that were not finite, contained (D18).
    pub not_finite: u64,
    /// Sums that another worker was owed and not sent: no empty box or no room in the ring (D5).
    pub partials_unsent: u64,
    /// Sums of another worker that had not come when they were due (D5): a frame of its legs faded out.
    pub partials_late: u64,
    /// Sums of another worker for a room that is not here, or for a mix that is over.
    pub partials_stray: u64,
    /// Sums of another worker that were summed under another membership of the room (D12): dropped, faded out.
    pub partials_other_epoch: u64,
    /// Packets passed on to the worker a leg has gone to (D6).
    pub packets_passed: u64,
    /// Legs that came from another worker (D6).
    pub legs_arrived: u64,
    /// Legs that were given another plan (D13).
    pub swaps: u64,
    /// Calls that came from another worker (D6).
    pub calls_arrived: u64,
    /// Packets of keys that were not heard, since what was heard before had not been told yet.
    pub keys_unheard: u64,
    /// Keys of ours that were not sent: 32 waited already, or the leg has no telephone-event any more.
    pub keys_unsent: u64,
    /// Nodes that panicked; each took half a leg out and nothing else (D18).
    pub panics: u64,
    /// Events that found the ring full; told again later.
    pub events_deferred: u64,
    /// Segments run, one per leg, direction and period.
    pub segments: u64,
    /// Of those, run in a slot that ended after the next was to begin: that many frames were late.
    pub late_segments: u64,
    /// Steps of the governor in force just now (D15).
    pub shed_steps: u64,
    /// Steps it took up the ladder.
    pub sheds: u64,
    /// Steps it took back.
    pub recoveries: u64,
    /// Frames left out or run cheaply, by effect, in the order of [`Shed`](talkpath_graph::Shed); last, segments of whole
    /// periods.
    pub shed_frames: [u64; 6],
    /// Time spent in steps.
    pub busy: Duration,
}

impl WorkerCounters {
    /// The figures of two workers together.
    #[must_use]
    pub(crate) fn plus(&self, other: &Self) -> Self {
        macro_rules! sums {
            ($($field:ident)*) => {
                Self {
                    $($field: self.$field + other.$field,)*
                    shed_frames: core::array::from_fn(|at| self.shed_frames[at] + other.shed_frames[at]),
                }
            };
        }
        sums! {
            slots skipped_slots transactions stale_commands refused_commands
            deferred overflows packets_in packets_stale packets_held
            packets_crowded packets_relayed packets_transcoded packets_out packets_unsent
            not_finite partials_unsent partials_late partials_stray partials_other_epoch
            packets_passed legs_arrived swaps calls_arrived keys_unheard keys_unsent panics
            events_deferred segments late_segments shed_steps sheds
            recoveries busy
        }
    }
}
