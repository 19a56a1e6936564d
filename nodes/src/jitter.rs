//! The jitter buffer: puts packets in order and hands out exactly one frame's worth of stream per call.
//!
//! Owned by the worker that owns the leg. Sans-I/O: the only clock is the `received` stamp of the packets and
//! the `now` of [`JitterBuffer::get`]. It holds boxes and never drops one: whatever is not played comes back to the
//! caller, from [`JitterBuffer::put`] or as
//! [`Spent`](crate::units::Unit::Spent).
//!
//! # How it keeps time
//! `position` is the timestamp, unwrapped to 64 bits, of the next sample to hand out. It is set by the first
//! packet, starts to move `target` after that packet was received, and from then on moves by one frame per
//! frame, whether packets are there or not. So the delay is fixed, and a stall of the network ends with late
//! packets, never with more delay. Five things move it otherwise:
//!
//! | what | answer |
//! |---|---|
//! | packets late for 100 ms (path delay grew, sender's clock is slow) | start anew at `target` with the packet at hand |
//! | more than `max` waiting (sender's clock is fast, burst) | the oldest go until `target` is left |
//! | sequence or timestamp jumps | three packets in a row prove it (RFC 3550 A.1), then start anew |
//! | a talk spurt after 200 ms of nothing that does not fit | start anew at once |
//! | another SSRC (the shard let it through) | start anew at once |
//!
//! A codec whose packets carry the one before them (in-band FEC of Opus) gets a hole of up to 60 ms as a whole with the
//! packet behind it, ahead of time.
//!
//! A hole with later packets behind it is *lost* when sequence numbers are missing and *silence* when they
//! are not (the sender paused, or the numbers were those of keys, which are no audio). With nothing behind it, it is lost for 200 ms and silence from then on.
//!
//! All times inside are in ticks of the RTP clock; what is asked for and handed out is in samples, which G.722 has two
//! of in a tick.

mod arrival;
mod config;
mod counters;
mod playout;
mod queue;
pub(crate) mod source;

pub use config::{JitterConfig, JitterDelays};
pub use counters::{DropReason, JitterCounters, PlayoutDelay};

use crate::packet::Packet;
use core::time::Duration;
use queue::Queue;
use source::Source;
use talkpath_graph::Samples;

/// Time without packets after which a hole is silence.
const QUIET: Duration = Duration::from_millis(200);
/// The least room between target and longest delay: one packet of the longest usual length.
const LEAST_SPREAD: Duration = Duration::from_millis(60);
/// No setting makes a buffer hold more.
const LONGEST_DELAY: Duration = Duration::from_secs(10);
/// Shortest packet, so that a frame's packets fit one list of units.
const SHORTEST: Duration = Duration::from_micros(2_500);
/// Longest packet.
const LONGEST: Duration = Duration::from_millis(160);

/// What became of a packet.
#[derive(Debug)]
#[must_use = "a box may have come back"]
pub enum Put {
    /// It waits.
    Queued,
    /// Not played. The box is back in the caller's hands, for the inventory.
    Dropped(Box<Packet>, DropReason),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// No packet has come since the last restart.
    Empty,
    /// Waiting for `target` to pass since the first packet.
    Filling { since: Duration },
    /// The position moves.
    Playing,
}

/// See the [module](self).
#[derive(Debug)]
pub struct JitterBuffer {
    config: JitterConfig,
    queue: Queue,
    source: Option<Source>,
    phase: Phase,
    /// Timestamp of the next tick to hand out, unwrapped.
    position: i64,
    /// Sequence number handed out last.
    last_sequence: u16,
    /// Ticks handed out beyond the frames asked for; they wait in the decode node.
    ahead: u32,
    /// Ticks still to be discarded, less than a packet.
    debt: u32,
    /// Ticks handed out since the last packet.
    dry: u32,
    /// How much lateness has persisted.
    lateness: Duration,
    last_received: Duration,
    target: i64,
    max: i64,
    quiet: u32,
    /// The longest hole that is handed out with the packet behind it.
    recoverable: u32,
    lengths: (u32, u32),
    counters: JitterCounters,
    delay: PlayoutDelay,
}

impl JitterBuffer {
    /// An empty buffer. Control side: allocates.
    #[must_use]
    pub fn new(config: JitterConfig) -> Self {
        let clock = config.codec.clock();
        let ticks = |span| clock.samples_in(span).0;
        let JitterDelays { target, max } = config.delays;
        let max = max
            .max(target.saturating_add(LEAST_SPREAD))
            .min(LONGEST_DELAY);
        let limit = usize::try_from(max.as_millis() / 5).unwrap_or(0) + 8;
        let quiet = ticks(QUIET);
        let longest = config.codec.ticks_of(config.codec.longest());
        Self {
            config,
            queue: Queue::new(limit),
            source: None,
            phase: Phase::Empty,
            position: 0,
            last_sequence: 0,
            ahead: 0,
            debt: 0,
            dry: quiet,
            lateness: Duration::ZERO,
            last_received: Duration::ZERO,
            target: i64::from(ticks(target)),
            max: i64::from(ticks(max)),
            quiet,
            recoverable: if config.codec.conceals() { longest } else { 0 },
            lengths: (ticks(SHORTEST), ticks(LONGEST).min(longest)),
            counters: JitterCounters::default(),
            delay: PlayoutDelay::default(),
        }
    }

    /// The settings it was built with.
    #[must_use]
    pub fn config(&self) -> &JitterConfig {
        &self.config
    }

    /// The counters so far.
    #[must_use]
    pub fn counters(&self) -> &JitterCounters {
        &self.counters
    }

    /// How long packets were held so far.
    #[must_use]
    pub fn delay(&self) -> &PlayoutDelay {
        &self.delay
    }

    /// Packets that wait to be played.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.queue.live()
    }

    /// From the next sample to be handed out to the end of the newest packet: what the buffer holds, holes
    /// included.
    #[must_use]
    pub fn level(&self) -> Samples {
        let level = self
            .queue
            .back()
            .map_or(0, |newest| newest.end() - self.position);
        self.config
            .codec
            .samples_of(u32::try_from(level).unwrap_or(0))
    }

    /// Forgets the source: the next packet, whatever its numbers, starts a new one. What waited is spent.
    ///
    /// Real-time: allocates no; blocks no; cost O(packets waiting).
    pub fn restart(&mut self) {
        self.counters.stale += self.queue.spend_while(|_| true);
        self.source = None;
        self.phase = Phase::Empty;
        self.lateness = Duration::ZERO;
        self.debt = 0;
    }

    /// Takes any box out, for the end of a leg; one that still waited counts as stale. `None` when all are out.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn pop_any(&mut self) -> Option<Box<Packet>> {
        if let Some(packet) = self.queue.pop_spent() {
            return Some(packet);
        }
        let entry = self.queue.pop_live()?;
        self.counters.count(DropReason::Stale);
        Some(entry.packet)
    }
}
