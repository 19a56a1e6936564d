//! Packets of a point-to-point call as they come: which are taken, and how far apart they stand (D3).
//!
//! A call has no jitter buffer: its ends do their own. What is decided here is what a jitter buffer decides at its
//! door: payload type, length, duplicates, and the probation of RFC 3550 appendix A.1 for a source that jumps. A packet
//! that is taken comes with a [`Step`], its distance from the newest one before it, from which the way out
//! makes a stream of its own with the same holes in the same places.
//!
//! Owned by the worker that owns the call; plain state, about a hundred bytes.

use crate::codec::Codec;
use crate::jitter::source::{Order, Source};
use crate::packet::Packet;
use core::time::Duration;
use talkpath_graph::{SampleRate, Samples};

/// Why a packet goes no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// Another payload type, no whole number of samples, or of no whole length at the other clock.
    Malformed,
    /// It has come before.
    Duplicate,
    /// Older than what has been decoded; only where something is decoded.
    Late,
    /// A jump, or a source given up, that has not proved itself by three packets in a row.
    Stale,
}

/// A packet that was taken, seen from the newest before it. Ticks are those of the way out's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Sequence numbers between the two: 0 in order, above it so many are missing, below it the packet was overtaken.
    pub ahead: i16,
    /// Ticks from the end of the newest to the begin of this one.
    pub apart: i32,
    /// Ticks of media in it.
    pub ticks: u32,
    /// The first of a run: the source is new, has jumped, or comes back from a hold.
    pub anew: bool,
    /// Its marker bit.
    pub marker: bool,
}

impl Step {
    /// Whether something is missing, or was not sent, before the packet.
    #[must_use]
    pub fn is_behind_hole(&self) -> bool {
        self.ahead > 0 || self.apart > 0
    }
}

/// What an arrival is built from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArrivalConfig {
    /// The codec of the packets.
    pub codec: Codec,
    /// The payload type that is accepted, 0..=127.
    pub payload_type: u8,
    /// The clock of the way out.
    pub to: SampleRate,
    /// Whether only what is newer than everything before it is taken.
    pub in_order: bool,
}

/// The newest packet taken.
#[derive(Clone, Copy, Debug)]
struct Newest {
    /// The timestamp after its last sample, by its own clock.
    end: u32,
    /// When it came.
    received: Duration,
    /// How long it is.
    length: Duration,
}

/// The door of one direction of a call.
#[derive(Clone, Debug)]
pub struct Arrival {
    config: ArrivalConfig,
    source: Option<Source>,
    /// The source before this one: what comes of it late is no new source.
    former: Option<u32>,
    newest: Option<Newest>,
    /// What scaling has left over, in parts of a tick of the way out.
    rest: u64,
    /// The next packet is the first after a hold.
    resumed: bool,
}

impl Arrival {
    /// Nothing has come yet.
    #[must_use]
    pub fn new(config: ArrivalConfig) -> Self {
        Self {
            config,
            source: None,
            former: None,
            newest: None,
            rest: 0,
            resumed: false,
        }
    }

    /// Judges a packet and remembers it when it is taken.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    ///
    /// # Errors
    /// Why it goes no further.
    pub fn judge(&mut self, packet: &Packet) -> Result<Step, Refusal> {
        let (header, ticks) = (packet.header, self.ticks(packet)?);
        let Some(source) = self.source.as_mut().filter(|it| it.ssrc == header.ssrc) else {
            let straggler = self.former == Some(header.ssrc);
            return self.begin(packet, ticks, straggler);
        };
        if self.resumed {
            return self.begin(packet, ticks, false);
        }
        let next = source.highest().wrapping_add(1);
        match source.judge(header.sequence) {
            Order::Duplicate => return Err(Refusal::Duplicate),
            Order::Jump => return self.begin(packet, ticks, true),
            Order::New => source.clear_suspicion(),
        }
        // Within 3,000 ahead and 100 behind.
        let ahead = header.sequence.wrapping_sub(next) as i16;
        if self.config.in_order && ahead < 0 {
            return Err(Refusal::Late);
        }
        let apart = self.since_newest(header.timestamp);
        // A timestamp that goes back while the sequence goes on: the media goes on.
        let apart = if self.config.in_order {
            apart.max(0)
        } else {
            apart
        };
        Ok(self.take(packet, ticks, ahead, apart, false))
    }

    /// Judges a packet of the same stream that is no audio: a key (RFC 4733), which shares the sequence numbers. Where the audio
    /// stands stays as it is; how far the key's timestamp is from there is in the step, which has no ticks of its own.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    ///
    /// # Errors
    /// Why it goes no further.
    pub fn pass_by(&mut self, packet: &Packet) -> Result<Step, Refusal> {
        let header = packet.header;
        let Some(source) = self.source.as_mut().filter(|it| it.ssrc == header.ssrc) else {
            let straggler = self.former == Some(header.ssrc);
            return self.begin(packet, 0, straggler);
        };
        if self.resumed {
            return self.begin(packet, 0, false);
        }
        let next = source.highest().wrapping_add(1);
        match source.pass_by(header.sequence) {
            Order::Duplicate => return Err(Refusal::Duplicate),
            Order::Jump => return self.begin(packet, 0, true),
            Order::New => source.clear_suspicion(),
        }
        let ahead = header.sequence.wrapping_sub(next) as i16;
        if self.config.in_order && ahead < 0 {
            return Err(Refusal::Late);
        }
        let apart = i64::from(self.since_newest(header.timestamp));
        // Not through the rest that scaling keeps: the audio's is another one.
        let scaled = apart * self.hz_out() as i64 / self.hz_in() as i64;
        Ok(Step {
            ahead,
            apart: i32::try_from(scaled).unwrap_or(0),
            ticks: 0,
            anew: false,
            marker: header.marker,
        })
    }

    /// Ticks of the way out that have passed since the end of the newest packet, by the clock that stamps packets; `None` before
    /// the first.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    #[must_use]
    pub fn idle(&self, now: Duration) -> Option<u32> {
        let newest = self.newest?;
        let idle = now
            .saturating_sub(newest.received)
            .saturating_sub(newest.length);
        Some(self.config.to.samples_in(idle).0)
    }

    /// The direction was on hold: what was sent meanwhile is not missing. The timestamp goes on as the sender's.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn resume(&mut self) {
        self.resumed = true;
    }

    /// Goes on where `old` stands, after a change: the same packets still come, or others of which only the time since the
    /// last is known.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn continue_from(&mut self, old: &Self) {
        let format = |it: &Self| (it.config.codec, it.config.payload_type);
        let same = format(self) == format(old);
        let config = self.config;
        self.clone_from(old);
        self.config = config;
        self.rest = 0;
        if !same {
            self.source = None;
            self.former = None;
        }
    }

    /// Ticks, by its own clock, of a packet that can be used.
    fn ticks(&self, packet: &Packet) -> Result<u32, Refusal> {
        let ArrivalConfig {
            codec,
            payload_type,
            to,
            ..
        } = self.config;
        let ticks = codec.ticks_in(packet.payload());
        let whole = |ticks: &u32| {
            let ticks = u64::from(*ticks) * u64::from(to.hz());
            ticks.is_multiple_of(u64::from(codec.clock_rate()))
        };
        match ticks.filter(whole) {
            Some(ticks) if packet.header.payload_type == payload_type => Ok(ticks),
            _ => Err(Refusal::Malformed),
        }
    }

    /// The first packet of a run; one of which that is doubtful has to prove itself first.
    fn begin(&mut self, packet: &Packet, ticks: u32, doubtful: bool) -> Result<Step, Refusal> {
        let header = packet.header;
        if doubtful
            && let Some(source) = &mut self.source
            && !source.probation(header.sequence, header.timestamp, ticks)
        {
            return Err(Refusal::Stale);
        }
        let known = self.source.as_ref().map(|source| source.ssrc);
        let same = known == Some(header.ssrc);
        let apart = match self.newest {
            None => 0,
            // Back from a hold the sender's own clock tells how long it was.
            Some(_) if same && self.resumed && self.since_newest(header.timestamp) >= 0 => {
                self.since_newest(header.timestamp)
            }
            Some(newest) => self.pause(newest, packet, ticks),
        };
        if !same {
            self.former = known;
        }
        self.source = Some(Source::new(header.ssrc, header.sequence));
        self.resumed = false;
        Ok(self.take(packet, ticks, 0, apart, true))
    }

    /// Whole packets that the time since the newest leaves room for, in ticks.
    fn pause(&self, newest: Newest, packet: &Packet, ticks: u32) -> i32 {
        let idle = packet
            .received
            .saturating_sub(newest.received)
            .saturating_sub(newest.length);
        let length = self.config.codec.clock().duration_of(Samples(ticks));
        let packets = idle.as_nanos() / length.as_nanos().max(1);
        i32::try_from(packets * u128::from(ticks)).unwrap_or(i32::MAX)
    }

    fn since_newest(&self, timestamp: u32) -> i32 {
        let end = self.newest.map_or(timestamp, |newest| newest.end);
        timestamp.wrapping_sub(end) as i32
    }

    fn take(&mut self, packet: &Packet, ticks: u32, ahead: i16, apart: i32, anew: bool) -> Step {
        if ahead >= 0 {
            self.newest = Some(Newest {
                end: packet.header.timestamp.wrapping_add(ticks),
                received: packet.received,
                length: self.config.codec.clock().duration_of(Samples(ticks)),
            });
        }
        Step {
            ahead,
            apart: self.scale(apart),
            // A whole number, and at most six times the ticks of a packet.
            ticks: (u64::from(ticks) * self.hz_out() / self.hz_in()) as u32,
            anew,
            marker: packet.header.marker,
        }
    }

    /// Ticks of the way out; what is left over comes with the next.
    fn scale(&mut self, apart: i32) -> i32 {
        let (from, to) = (self.hz_in(), self.hz_out());
        if from == to || apart < 0 {
            return apart;
        }
        let parts = u64::from(apart.unsigned_abs()) * to + self.rest;
        self.rest = parts % from;
        i32::try_from(parts / from).unwrap_or(i32::MAX)
    }

    fn hz_in(&self) -> u64 {
        u64::from(self.config.codec.clock_rate())
    }

    fn hz_out(&self) -> u64 {
        u64::from(self.config.to.hz())
    }
}
