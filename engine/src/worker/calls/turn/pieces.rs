//! A packet that is transcoded: taken apart into pieces of 10 ms, each through all ops after the arrival.
//!
//! On the worker's thread.

use core::time::Duration;

use talkpath_graph::{Op, SampleRate, Samples, Shed};
use talkpath_nodes::arrival::Step;
use talkpath_nodes::call_graphs::PIECE;
use talkpath_nodes::codec::Codec;
use talkpath_nodes::finite;
use talkpath_nodes::packetise::{Fed, Packetiser};
use talkpath_nodes::resample::Resampler;
use talkpath_nodes::spec::Spec;
use talkpath_nodes::units::{Unit, Units};
use talkpath_rt::handle::Handle;

use super::super::super::arena::at;
use super::super::super::bank::Seat;
use super::super::super::outward::Outlet;
use super::Turn;

/// A part of the packet at hand.
#[derive(Clone, Copy)]
struct Piece {
    /// Samples before it and in it, by the clock of the way in.
    from: usize,
    len: usize,
    /// That clock.
    rate: SampleRate,
    /// Packets that the pieces before it have completed.
    made: u32,
}

impl Turn<'_> {
    /// Every piece of the packet through every op that follows.
    pub(super) fn take_apart(&mut self, step: &Step, arrival: &Op<Spec>, rest: &[Op<Spec>]) {
        let (Spec::Arrival { codec, .. }, [Unit::Packet(packet)]) =
            (&arrival.spec, &self.at_hand[..])
        else {
            return;
        };
        let samples = codec.samples_in(packet.payload());
        let samples = samples.map_or(0, Samples::as_usize);
        let frame = PIECE.samples(codec.rate()).as_usize();
        let mut piece = Piece {
            from: 0,
            len: 0,
            rate: codec.rate(),
            made: 0,
        };
        while piece.from < samples {
            piece.len = frame.min(samples - piece.from);
            for (op, n) in rest.iter().zip(1..) {
                self.enter(op);
                self.op(n, op, step, &mut piece);
            }
            piece.from += piece.len;
        }
    }

    fn op(&mut self, n: usize, op: &Op<Spec>, step: &Step, piece: &mut Piece) {
        let anew = step.anew && piece.from == 0;
        match (&op.spec, self.seats.get(n)) {
            (Spec::Payload { codec, .. }, _) => self.payload(op, *codec, *piece),
            (Spec::Decode { .. }, Some(Seat::Decode(seat))) => {
                let Some(decoder) = self.bank.decode.get_mut(*seat) else {
                    return;
                };
                if anew {
                    decoder.reset();
                }
                let plane = &mut self.arena.pcm[at(op.outputs[0], 0)];
                // What of the packet is beyond the first piece the decoder holds.
                let none = Units::new();
                let units = if piece.from == 0 {
                    &*self.at_hand
                } else {
                    &none
                };
                decoder.process(units, plane);
                plane.set_len(piece.len);
            }
            (Spec::Resample { from, to }, Some(Seat::Resample(seat))) => {
                self.resample(
                    op,
                    *seat,
                    anew,
                    piece.len * to.plane_len() / from.plane_len(),
                );
            }
            (Spec::Encode { .. }, Some(Seat::Encode(seat))) => {
                let encoded = &mut self.arena.encoded[at(op.outputs[0], 0)];
                encoded.clear();
                if let Some(encoder) = self.bank.encode.get_mut(*seat) {
                    if piece.from == 0 && step.is_behind_hole() {
                        encoder.flush(encoded);
                    }
                    encoder.process(self.arena.pcm[at(op.inputs[0], 0)].as_slice(), encoded);
                }
            }
            (Spec::Packetise { codec, .. }, Some(Seat::Packetise(seat))) => {
                self.packetise(op, (*codec, *seat), step, piece);
            }
            // The graphs of calls hold no others.
            _ => {}
        }
    }

    /// The octets of the piece as they are.
    fn payload(&mut self, op: &Op<Spec>, codec: Codec, piece: Piece) {
        let [Unit::Packet(packet)] = &self.at_hand[..] else {
            return;
        };
        let [from, len] = [piece.from, piece.len].map(|samples| codec.octets_of(samples));
        let encoded = &mut self.arena.encoded[at(op.outputs[0], 0)];
        encoded.clear();
        encoded.room()[..len].copy_from_slice(&packet.payload()[from..from + len]);
        encoded.grow(len);
    }

    fn resample(&mut self, op: &Op<Spec>, seat: Handle<Resampler>, anew: bool, len: usize) {
        let (from, out) = (at(op.inputs[0], 0), at(op.outputs[0], 0));
        let (Some(resampler), Ok([input, output])) = (
            self.bank.resample.get_mut(seat),
            self.arena.pcm.get_disjoint_mut([from, out]),
        ) else {
            return;
        };
        if anew {
            resampler.reset();
        }
        output.set_len(len);
        output.tag.clear();
        resampler.set_short(self.short);
        self.counters.shed_frames[Shed::Resampling.index()] += u64::from(self.short);
        resampler.process(input.as_slice(), output.as_mut_slice());
        if !finite::guard(output.as_mut_slice()) {
            resampler.reset();
            self.counters.not_finite += 1;
            self.flow.stats.not_finite += 1;
        }
    }

    fn packetise(
        &mut self,
        op: &Op<Spec>,
        (codec, seat): (Codec, Handle<Packetiser>),
        step: &Step,
        piece: &mut Piece,
    ) {
        let Some(packetiser) = self.bank.packetise.get_mut(seat) else {
            return;
        };
        let (to, now) = (self.to.to_bits(), self.now);
        let mut outlet = Outlet {
            packets: self.packets_out,
            worker: self.worker,
            life: self.flow.life,
            after: Duration::ZERO,
            clock_rate: self.clock_rate,
        };
        let encoded = &self.arena.encoded[at(op.inputs[0], 0)];
        let mut before = Fed::default();
        if piece.from == 0 {
            let not_before = now.max(self.flow.release);
            before = packetiser.mirror(step, to, encoded, not_before, &mut outlet);
        }
        // The packets that one packet makes leave a packet time apart, and none overtakes another.
        let wanted = now + packetiser.ptime() * piece.made;
        let not_before = wanted.max(self.flow.release);
        let fed = packetiser.take(to, encoded, not_before, &mut outlet);
        if fed.sent > 0 {
            // Its first sample was said so long after the beginning of the packet at hand, or before it.
            let staged = codec.rate().duration_of(fed.waited);
            let said = piece.rate.duration_of(Samples(piece.from as u32));
            let waited = (not_before - now + staged).saturating_sub(said);
            self.flow.stats.collected.record(waited);
        }
        let made = fed.sent + fed.dropped_no_box + fed.dropped_full;
        if made > 0 {
            piece.made += made;
            self.release(wanted);
        }
        self.sent(before);
        self.sent(fed);
    }
}
