//! The way out: one frame of units per call, and what a stall of the worker skips.

use super::source::Source;
use super::{DropReason, JitterBuffer, Phase};
use crate::units::{Unit, Units};
use core::time::Duration;
use talkpath_graph::Samples;

impl JitterBuffer {
    /// Hands out units that cover `frame` samples, minus what an earlier call handed out too much: packets are
    /// never cut, so with packets of 30 ms and frames of 20 ms every third list is empty. Spent packets ride
    /// along as long as there is room in `out`, which should be empty.
    ///
    /// Real-time: allocates no; blocks no; cost O(units).
    pub fn get(&mut self, now: Duration, frame: Samples, out: &mut Units) {
        let frame = self.config.codec.ticks_of(frame);
        let need = frame.saturating_sub(self.ahead);
        self.ahead = self.ahead.saturating_sub(frame);
        if let Phase::Filling { since } = self.phase
            && let Some(wait) = now.checked_sub(since.saturating_add(self.config.delays.target))
        {
            self.phase = Phase::Playing;
            self.delay.set_slot(self.beat(wait, frame));
        }
        if self.phase == Phase::Playing {
            self.play(now, frame, need, out);
        } else {
            self.absent(need, out);
        }
        self.give_back(out);
    }

    /// Discards `span` samples of stream, as the worker does after a stall of its own (D14). Whole packets
    /// only; what is left over is made up for later. The boxes leave through `out`, now or with the next calls.
    ///
    /// Real-time: allocates no; blocks no; cost O(packets discarded).
    pub fn skip(&mut self, span: Samples, out: &mut Units) {
        let span = self.config.codec.ticks_of(span);
        let held = span.min(self.ahead);
        self.ahead -= held;
        if self.phase != Phase::Playing {
            return self.give_back(out);
        }
        self.debt = self.debt.saturating_add(span - held);
        while self.debt > 0 {
            let hole = match self.queue.front() {
                None => self.debt,
                Some(entry) if entry.start > self.position => self.hole(entry.start).min(self.debt),
                Some(entry) if entry.ticks > self.debt => break,
                Some(entry) => {
                    self.debt -= entry.ticks;
                    self.position = entry.end();
                    self.last_sequence = entry.sequence;
                    self.queue.spend_front();
                    self.counters.count(DropReason::Stale);
                    continue;
                }
            };
            self.debt -= hole;
            self.position += i64::from(hole);
        }
        self.give_back(out);
    }

    /// Of the wait from the end of the filling to this frame, what lies after the last frame there should have been: all of
    /// it unless the caller was stopped meanwhile, and then the rest is time in the buffer.
    fn beat(&self, wait: Duration, frame: u32) -> Duration {
        let frame = self
            .config
            .codec
            .clock()
            .duration_of(Samples(frame))
            .as_nanos();
        let beat = wait.as_nanos().checked_rem(frame);
        beat.map_or(wait, |beat| Duration::from_nanos(beat as u64))
    }

    /// From the position to `start`, which is at most `max` or a few packets away.
    fn hole(&self, start: i64) -> u32 {
        u32::try_from(start - self.position).unwrap_or(u32::MAX)
    }

    fn play(&mut self, now: Duration, frame: u32, mut need: u32, out: &mut Units) {
        // The last place is kept for whatever the frame still lacks.
        while need > 0 && out.remaining_capacity() > 1 {
            let position = self.position;
            self.counters.late += self.queue.spend_while(|entry| entry.is_past(position));
            let Some(entry) = self.queue.front() else {
                break;
            };
            if entry.start > position {
                let (last, next) = (self.last_sequence, entry.sequence);
                let paused = match &self.source {
                    Some(source) => source.nothing_between(last, next),
                    None => next == last.wrapping_add(1),
                };
                let hole = self.hole(entry.start);
                // The packet behind it is handed out with it, which the decoder may need.
                if !paused && hole <= self.recoverable && out.remaining_capacity() > 2 {
                    self.pass(hole, true, out);
                    let ahead = hole.saturating_sub(need);
                    need = need.saturating_sub(hole);
                    self.hand_out_packet(now, frame - need, &mut need, ahead, out);
                    continue;
                }
                let hole = hole.min(need);
                self.pass(hole, !paused, out);
                need -= hole;
            } else {
                self.hand_out_packet(now, frame - need, &mut need, 0, out);
            }
        }
        if need > 0 {
            self.position += i64::from(core::mem::take(&mut self.debt));
            self.position += i64::from(need);
            self.absent(need, out);
        }
    }

    /// The next packet, which begins `into` the frame of `now` and `ahead` of what is needed of it.
    fn hand_out_packet(
        &mut self,
        now: Duration,
        into: u32,
        need: &mut u32,
        ahead: u32,
        out: &mut Units,
    ) {
        let Some(entry) = self.queue.pop_live() else {
            return;
        };
        self.position = entry.end();
        self.last_sequence = entry.sequence;
        self.dry = 0;
        self.counters.played += 1;
        self.held(now, into + ahead, entry.packet.received);
        self.ahead = (ahead + entry.ticks).saturating_sub(*need);
        *need = need.saturating_sub(entry.ticks);
        out.push(Unit::Packet(entry.packet));
    }

    /// A packet received at `received` begins `into` the frame of `now`.
    fn held(&mut self, now: Duration, into: u32, received: Duration) {
        let plays = match into {
            0 => now,
            into => now.saturating_add(self.config.codec.clock().duration_of(Samples(into))),
        };
        let held = plays.saturating_sub(received);
        self.delay
            .held
            .record(held.saturating_sub(self.delay.slot()));
    }

    /// Hands out a hole and moves over it.
    fn pass(&mut self, ticks: u32, lost: bool, out: &mut Units) {
        self.position += i64::from(ticks);
        self.hand_out_hole(ticks, lost, out);
    }

    /// Hands out a hole of which nothing is known but, perhaps, that the sender sends keys.
    fn absent(&mut self, ticks: u32, out: &mut Units) {
        let aside = self.source.as_ref().filter(|source| source.is_aside());
        let aside = aside
            .map(Source::highest)
            .filter(|_| self.queue.live() == 0);
        if let Some(newest) = aside {
            self.last_sequence = newest;
        }
        self.hand_out_hole(ticks, aside.is_none() && self.dry < self.quiet, out);
    }

    fn hand_out_hole(&mut self, ticks: u32, lost: bool, out: &mut Units) {
        if ticks == 0 || out.is_full() {
            return;
        }
        self.dry = self.dry.saturating_add(ticks);
        let samples = self.config.codec.samples_of(ticks);
        if lost {
            self.counters.lost_samples += u64::from(samples.0);
            out.push(Unit::Lost(samples));
        } else {
            self.counters.silence_samples += u64::from(samples.0);
            out.push(Unit::Silence(samples));
        }
    }

    fn give_back(&mut self, out: &mut Units) {
        while !out.is_full() {
            let Some(packet) = self.queue.pop_spent() else {
                return;
            };
            out.push(Unit::Spent(packet));
        }
    }
}
