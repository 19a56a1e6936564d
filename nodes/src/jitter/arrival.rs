//! The way in: which packets are taken, and when the playout is started anew.

use super::queue::{Entry, Refused};
use super::source::{Order, Source};
use super::{DropReason, JitterBuffer, Phase, Put};
use crate::packet::Packet;
use core::time::Duration;
use talkpath_graph::Samples;

/// Lateness that has to persist before playout is started anew.
const PERSISTENT: Duration = Duration::from_millis(100);

impl JitterBuffer {
    /// Takes a packet in.
    ///
    /// Real-time: allocates no; blocks no; cost O(1) in order, O(packets waiting) out of order.
    pub fn put(&mut self, packet: Box<Packet>) -> Put {
        self.counters.received += 1;
        let (header, received) = (packet.header, packet.received);
        if header.payload_type != self.config.payload_type {
            return self.refuse(packet, DropReason::WrongPayloadType);
        }
        let codec = self.config.codec;
        let ticks = match codec.ticks_in(packet.payload()) {
            Some(ticks) if (self.lengths.0..=self.lengths.1).contains(&ticks) => ticks,
            _ => return self.refuse(packet, DropReason::BadLength),
        };
        let start = self.unwrap(header.timestamp);
        let entry = Entry {
            start,
            ticks,
            sequence: header.sequence,
            packet,
        };
        let Some(source) = self
            .source
            .as_mut()
            .filter(|source| source.ssrc == header.ssrc)
        else {
            return self.begin(entry);
        };
        let fits = match source.judge(header.sequence) {
            Order::Duplicate => return self.refuse(entry.packet, DropReason::Duplicate),
            Order::Jump => false,
            Order::New => start <= self.position + self.max,
        };
        if self.opens_talk_spurt(&entry) {
            return self.begin(entry);
        }
        if !fits {
            let proved = self
                .source
                .as_mut()
                .is_some_and(|source| source.probation(header.sequence, header.timestamp, ticks));
            return if proved {
                self.begin(entry)
            } else {
                self.refuse(entry.packet, DropReason::Stale)
            };
        }
        let step = received.saturating_sub(self.last_received);
        self.last_received = received;
        let length = codec.clock().duration_of(Samples(ticks));
        if entry.is_past(self.position) {
            if self.phase == Phase::Playing {
                return self.late(entry, step.min(length * 2));
            }
            // Not begun: what overtook it waits a little longer.
            self.position = start;
        }
        self.lateness = self.lateness.saturating_sub(length / 8);
        self.insert(entry)
    }

    /// A packet of the same stream that is no audio, a key, has come and goes elsewhere. Its sequence number is not missing,
    /// and until audio comes again nothing is lost: the sender sends the key instead.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn pass_by(&mut self, ssrc: u32, sequence: u16) {
        if let Some(source) = self.source.as_mut().filter(|source| source.ssrc == ssrc) {
            // One that is far off is for audio to prove.
            let _order = source.pass_by(sequence);
        }
    }

    fn refuse(&mut self, packet: Box<Packet>, reason: DropReason) -> Put {
        self.counters.count(reason);
        Put::Dropped(packet, reason)
    }

    /// The 64-bit timestamp nearest to the position.
    fn unwrap(&self, timestamp: u32) -> i64 {
        // Truncation is the point: RTP timestamps are modulo 2^32.
        let offset = timestamp.wrapping_sub(self.position as u32) as i32;
        self.position + i64::from(offset)
    }

    /// After a pause nobody hears a change of delay: take up a talk spurt at the target when it would play too
    /// early or, if it is marked as one, too late.
    fn opens_talk_spurt(&self, entry: &Entry) -> bool {
        let paused =
            self.phase == Phase::Playing && self.dry >= self.quiet && self.queue.live() == 0;
        let early = entry.start > self.position + self.target.max(i64::from(entry.ticks));
        let late = entry.packet.header.marker && entry.is_past(self.position);
        paused && (early || late)
    }

    /// Starts a timeline with `entry`.
    fn begin(&mut self, entry: Entry) -> Put {
        if self.source.is_some() {
            self.counters.resyncs += 1;
            self.restart();
        }
        self.source = Some(Source::new(entry.packet.header.ssrc, entry.sequence));
        self.phase = Phase::Filling {
            since: entry.packet.received,
        };
        self.last_received = entry.packet.received;
        self.position = entry.start;
        self.last_sequence = entry.sequence.wrapping_sub(1);
        self.insert(entry)
    }

    /// `step`: arrival time since the packet before. A burst after a stall adds next to nothing, a steady
    /// stream that comes too late adds its own length per packet.
    fn late(&mut self, entry: Entry, step: Duration) -> Put {
        self.lateness += step;
        if self.lateness >= PERSISTENT {
            return self.begin(entry);
        }
        self.refuse(entry.packet, DropReason::Late)
    }

    fn insert(&mut self, entry: Entry) -> Put {
        match self.queue.insert(entry) {
            Ok(()) => {}
            Err(Refused::Full(entry)) => return self.refuse(entry.packet, DropReason::Overflow),
            Err(Refused::Duplicate(entry)) => {
                return self.refuse(entry.packet, DropReason::Duplicate);
            }
        }
        if let Some(newest) = self.queue.back()
            && newest.end() - self.position > self.max
        {
            self.shorten();
        }
        Put::Queued
    }

    /// Gives the oldest packets up until the target is left, at least one packet.
    fn shorten(&mut self) {
        let Some(newest) = self.queue.back() else {
            return;
        };
        let earliest = newest.end() - self.target.max(i64::from(newest.ticks));
        self.counters.overflow += self.queue.spend_while(|entry| entry.start < earliest);
        if let Some(entry) = self.queue.front() {
            self.position = entry.start;
            self.last_sequence = entry.sequence.wrapping_sub(1);
        }
    }
}
