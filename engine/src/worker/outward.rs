//! Ops from the room: mix-minus, limiter, resampler, encoder, packetiser.

use core::time::Duration;

use talkpath_graph::{Format, Op, Samples, Shed};
use talkpath_nodes::mix;
use talkpath_nodes::packet::Packet;
use talkpath_nodes::packetise::PacketOutlet;
use talkpath_nodes::spec::Spec;
use talkpath_rt::boxes::Lender;
use talkpath_rt::ring::Full;

use crate::proto::Segment;

use super::arena::at;
use super::bank::Seat;
use super::cohort::Cohort;
use super::shed::Run;

impl Cohort<'_> {
    /// What the leg hears: the sum of its rate less its own part in it, and the other rates (D4).
    pub(super) fn mix_minus(&mut self, op: &Op<Spec>, format: Format, minus_own: bool) {
        while let Some(n) = self.next_lane() {
            let plane = &mut self.arena.pcm[at(op.outputs[0], n)];
            plane.silence(format.plane_len());
            let Some(leg) = self.legs.get_mut(self.lanes[n].leg) else {
                continue;
            };
            let Some(room) = self.rooms.get(leg.room) else {
                continue;
            };
            // A crossing hears one mix at two rates (D13).
            let again = leg.run.heard_in.replace(self.slot) == Some(self.slot);
            let known = core::mem::replace(&mut leg.run.heard_mix, room.mixes) == room.mixes;
            if known && !(again && leg.run.heard_new) {
                // The mix of this period was skipped: the last one is not heard again.
                leg.run.heard_new = false;
                continue;
            }
            leg.run.heard_new = true;
            let Some(bus) = room.bus(format.rate) else {
                continue;
            };
            if room.mixes <= leg.run.deaf_until {
                continue;
            }
            let part = minus_own && leg.rate == format.rate && leg.run.own_mix == room.mixes;
            let own: &[i32] = if part { &leg.own } else { &[] };
            mix::mix_minus(bus.sum(), own, bus.cross(), plane.as_mut_slice());
        }
    }

    /// Keeps the sum within range.
    pub(super) fn limit(&mut self, i: usize, op: &Op<Spec>) {
        while let Some(n) = self.next_lane() {
            let lane = self.lanes[n];
            let Seat::Limit(seat) = self.seat(lane, Segment::Egress, i) else {
                continue;
            };
            let plane = Self::in_place(self.arena, op, n);
            let Some(limiter) = self.bank.limit.get_mut(seat) else {
                continue;
            };
            limiter.process(self.arena.pcm[plane].as_mut_slice());
            if !self.finite(lane, plane)
                && let Some(limiter) = self.bank.limit.get_mut(seat)
            {
                limiter.reset();
            }
        }
    }

    /// From one rate to another.
    pub(super) fn resample(&mut self, i: usize, op: &Op<Spec>, to: Format, segment: Segment) {
        while let Some(n) = self.next_lane() {
            let lane = self.lanes[n];
            let Seat::Resample(seat) = self.seat(lane, segment, i) else {
                continue;
            };
            let Some(resampler) = self.bank.resample.get_mut(seat) else {
                continue;
            };
            let (from, out) = (at(op.inputs[0], n), at(op.outputs[0], n));
            let Ok([input, output]) = self.arena.pcm.get_disjoint_mut([from, out]) else {
                continue;
            };
            output.set_len(to.plane_len());
            let run = Self::run_of(lane, Shed::Resampling);
            resampler.set_short(matches!(run, Run::Out | Run::Not));
            output.tag.clone_from(&input.tag);
            resampler.process(input.as_slice(), output.as_mut_slice());
            if !self.finite(lane, out)
                && let Some(resampler) = self.bank.resample.get_mut(seat)
            {
                resampler.reset();
            }
        }
    }

    /// PCM to payload bytes.
    pub(super) fn encode(&mut self, i: usize, op: &Op<Spec>) {
        while let Some(n) = self.next_lane() {
            let lane = self.lanes[n];
            let seat = self.seat(lane, Segment::Egress, i);
            let encoded = &mut self.arena.encoded[at(op.outputs[0], n)];
            encoded.clear();
            let Seat::Encode(seat) = seat else { continue };
            let Some(encoder) = self.bank.encode.get_mut(seat) else {
                continue;
            };
            if lane.skipped > 0 {
                encoder.skip();
            }
            encoder.process(self.arena.pcm[at(op.inputs[0], n)].as_slice(), encoded);
        }
    }

    /// Payload bytes to packets, in boxes to the shard.
    pub(super) fn packetise(&mut self, i: usize, op: &Op<Spec>, format: Format) {
        while let Some(n) = self.next_lane() {
            let lane = self.lanes[n];
            let Seat::Packetise(seat) = self.seat(lane, Segment::Egress, i) else {
                continue;
            };
            let Some(packetiser) = self.bank.packetise.get_mut(seat) else {
                continue;
            };
            if lane.skipped > 0 {
                // Timestamps wrap, so this product may.
                packetiser.skip(Samples(format.frame.0.wrapping_mul(lane.skipped)));
            }
            let encoded = &self.arena.encoded[at(op.inputs[0], n)];
            let mut leg = self.legs.get_mut(lane.leg);
            let clock_rate = packetiser.codec().clock_rate();
            let outlet = &mut Outlet {
                packets: self.packets_out,
                worker: self.worker,
                life: leg.as_ref().map_or(0, |leg| leg.run.life),
                after: self.slot_time * leg.as_ref().map_or(0, |leg| leg.slots_after),
                clock_rate,
            };
            let keys = leg.as_mut().and_then(|leg| leg.keys.as_mut());
            let keys = keys.and_then(|keys| keys.sender());
            let to = lane.leg.to_bits();
            let fed = packetiser.take_beside(to, encoded, self.now, keys, outlet);
            self.counters.packets_out += u64::from(fed.sent);
            let unsent = u64::from(fed.dropped_no_box + fed.dropped_full);
            self.counters.packets_unsent += unsent;
            if let Some(leg) = self.legs.get_mut(lane.leg) {
                leg.run.stats.sent += u64::from(fed.sent);
                leg.run.stats.unsent += unsent;
                if fed.sent > 0 {
                    let waited = format.rate.duration_of(fed.waited);
                    leg.run.stats.collected.record(waited);
                }
            }
        }
    }
}

/// The way out as the packetiser sees it.
pub(super) struct Outlet<'a> {
    pub packets: &'a mut Lender<Packet>,
    /// Index and epoch.
    pub worker: (u8, u16),
    pub life: u16,
    /// The slots between the mix and this.
    pub after: Duration,
    pub clock_rate: u32,
}

impl PacketOutlet for Outlet<'_> {
    fn take(&mut self) -> Option<Box<Packet>> {
        self.packets.take()
    }

    fn send(&mut self, mut packet: Box<Packet>) -> Result<(), Box<Packet>> {
        (packet.worker, packet.epoch) = self.worker;
        (packet.life, packet.clock_rate) = (self.life, self.clock_rate);
        // A few slots: milliseconds.
        packet.since_mix = u32::try_from(self.after.as_nanos()).unwrap_or(u32::MAX);
        self.packets.send(packet).map_err(|Full(packet)| packet)
    }

    fn put_back(&mut self, packet: Box<Packet>) {
        self.packets.put_back(packet);
    }
}
