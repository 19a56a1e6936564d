//! Ops towards the room: jitter buffer, decoder, concealment, level, contribution, players.

use talkpath_graph::{Format, Op, Samples, Shed};
use talkpath_nodes::mix;
use talkpath_nodes::player::Played;
use talkpath_nodes::spec::Spec;
use talkpath_nodes::units::Unit;
use talkpath_rt::prefetch::prefetch;

use crate::proto::Segment;

use super::HEADER_AND_USUAL_PAYLOAD;
use super::arena::at;
use super::bank::Seat;
use super::cohort::Cohort;
use super::io::give_back;
use super::shed::Run;

impl Cohort<'_> {
    /// Hands out the units of this frame; after a stall the buffer forgets the same span (D14).
    pub(super) fn jitter(&mut self, i: usize, op: &Op<Spec>, frame: Samples) {
        while let Some(n) = self.next_lane() {
            let lane = self.lanes[n];
            let Seat::Jitter(seat) = self.seat(lane, Segment::Ingress, i) else {
                continue;
            };
            let units = &mut self.arena.units[at(op.outputs[0], n)];
            let Some(buffer) = self.bank.jitter.get_mut(seat) else {
                continue;
            };
            if lane.skipped > 0 {
                buffer.skip(Samples(frame.0.saturating_mul(lane.skipped)), units);
                for packet in units.drain(..).filter_map(Unit::into_packet) {
                    give_back(self.packets_in, packet, &mut self.counters.overflows);
                }
            }
            buffer.get(self.now, frame, units);
            // Read when all lanes are here.
            for unit in units.iter() {
                if let Unit::Packet(packet) = unit {
                    prefetch(&**packet, HEADER_AND_USUAL_PAYLOAD);
                }
            }
        }
    }

    /// Decodes the units and returns their boxes.
    pub(super) fn decode(&mut self, i: usize, op: &Op<Spec>, frame: Samples) {
        while let Some(n) = self.next_lane() {
            let lane = self.lanes[n];
            let Seat::Decode(seat) = self.seat(lane, Segment::Ingress, i) else {
                continue;
            };
            let Some(decoder) = self.bank.decode.get_mut(seat) else {
                continue;
            };
            let units = &mut self.arena.units[at(op.inputs[0], n)];
            if lane.skipped > 0 {
                decoder.skip(Samples(frame.0.saturating_mul(lane.skipped)));
            }
            decoder.process(units, &mut self.arena.pcm[at(op.outputs[0], n)]);
            for packet in units.drain(..).filter_map(Unit::into_packet) {
                give_back(self.packets_in, packet, &mut self.counters.overflows);
            }
        }
    }

    /// Fills what is missing.
    pub(super) fn conceal(&mut self, i: usize, op: &Op<Spec>) {
        while let Some(n) = self.next_lane() {
            let lane = self.lanes[n];
            let Seat::Conceal(seat) = self.seat(lane, Segment::Ingress, i) else {
                continue;
            };
            let plane = Self::in_place(self.arena, op, n);
            let Some(concealer) = self.bank.conceal.get_mut(seat) else {
                continue;
            };
            let pcm = &mut self.arena.pcm[plane];
            let gaps = core::mem::take(&mut pcm.tag.gaps);
            let run = Self::run_of(lane, Shed::Concealment);
            concealer.set_cheap(matches!(run, Run::Out | Run::Not));
            if !concealer.process(pcm.as_mut_slice(), &gaps)
                && !self.finite(lane, plane)
                && let Some(concealer) = self.bank.conceal.get_mut(seat)
            {
                concealer.reset();
            }
        }
    }

    /// Level in the room, ramped; a leg that leaves ramps to silence and is done.
    pub(super) fn gain(&mut self, i: usize, op: &Op<Spec>, segment: Segment) {
        while let Some(n) = self.next_lane() {
            let lane = self.lanes[n];
            let Seat::Gain(seat) = self.seat(lane, segment, i) else {
                continue;
            };
            let plane = Self::in_place(self.arena, op, n);
            let Some(gain) = self.bank.gain.get_mut(seat) else {
                continue;
            };
            if lane.back {
                gain.fade_in();
            }
            if gain.passes() {
                // Untouched, it is as finite as it came.
                continue;
            }
            gain.process(self.arena.pcm[plane].as_mut_slice());
            if !self.finite(lane, plane)
                && let Some(gain) = self.bank.gain.get_mut(seat)
            {
                gain.reset();
            }
        }
    }

    /// Measures the level and who talks; the audio passes untouched.
    pub(super) fn meter(&mut self, i: usize, op: &Op<Spec>, segment: Segment) {
        while let Some(n) = self.next_lane() {
            let lane = self.lanes[n];
            let Seat::Meter(seat) = self.seat(lane, segment, i) else {
                continue;
            };
            let plane = Self::in_place(self.arena, op, n);
            let Some(meter) = self.bank.meter.get_mut(seat) else {
                continue;
            };
            let level = meter.process(self.arena.pcm[plane].as_slice());
            let Some(leg) = self.legs.get_mut(lane.leg) else {
                continue;
            };
            match segment {
                Segment::Ingress => {
                    leg.run.stats.level = level;
                    leg.run.stats.talking = meter.talking();
                }
                Segment::Egress => leg.run.stats.level_out = level,
            }
        }
    }

    /// Adds the frame to the bus of its rate and keeps the very value that was added (D4), with
    /// the number of the mix it will be part of.
    pub(super) fn contribute(&mut self, op: &Op<Spec>) {
        while let Some(n) = self.next_lane() {
            let Some(leg) = self.legs.get_mut(self.lanes[n].leg) else {
                continue;
            };
            let Some(room) = self.rooms.get_mut(leg.room) else {
                continue;
            };
            let mix = room.coming(self.slot);
            let Some(bus) = room.bus_mut(leg.rate) else {
                continue;
            };
            if leg.run.own_mix == mix {
                // Moved to a later slot by a change: it has been heard in this mix.
                continue;
            }
            let pcm = self.arena.pcm[at(op.inputs[0], n)].as_slice();
            mix::contribute(pcm, &mut leg.own, bus.gathering());
            leg.run.own_mix = mix;
        }
    }

    /// A tone, generated.
    pub(super) fn tone(&mut self, i: usize, op: &Op<Spec>, format: Format) {
        while let Some(n) = self.next_lane() {
            let Seat::Tone(seat) = self.seat(self.lanes[n], Segment::Ingress, i) else {
                continue;
            };
            let Some(tone) = self.bank.tone.get_mut(seat) else {
                continue;
            };
            let plane = &mut self.arena.pcm[at(op.outputs[0], n)];
            plane.silence(format.plane_len());
            // Finite by construction: a level out of range is clamped when it is built.
            tone.fill(plane.as_mut_slice());
        }
    }

    /// Content decoded beforehand by the control side; its end is noted for an event.
    pub(super) fn clip(&mut self, i: usize, op: &Op<Spec>, format: Format) {
        while let Some(n) = self.next_lane() {
            let lane = self.lanes[n];
            let Seat::Clip(seat) = self.seat(lane, Segment::Ingress, i) else {
                continue;
            };
            let Some(clip) = self.bank.clip.get_mut(seat) else {
                continue;
            };
            let plane = at(op.outputs[0], n);
            self.arena.pcm[plane].silence(format.plane_len());
            let played = clip.fill(self.arena.pcm[plane].as_mut_slice());
            // The content is the caller's; bad frames of it are silenced, there is nothing to reset.
            self.finite(lane, plane);
            if let Some(leg) = self.legs.get_mut(lane.leg) {
                leg.run.finished |= played == Played::Finished;
            }
        }
    }
}
