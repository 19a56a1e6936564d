//! Keys of a call (RFC 4733): heard, and passed on in the stream of the audio; and audio that gives way to keys of ours.
//!
//! A relay passes a key on as it came, under the payload type of the other side. A transcoder puts its timestamp and
//! duration on the other clock and gives it the next sequence number; each packet that comes makes one that goes. Where the other side
//! has no telephone-event the key goes no further, and its sequence numbers are left to what follows. On the worker's thread.

use core::time::Duration;

use talkpath_nodes::arrival::{Arrival, Refusal, Step};
use talkpath_nodes::encode_node::EncodeNode;
use talkpath_nodes::packet::Packet;
use talkpath_nodes::packetise::Packetiser;
use talkpath_nodes::relay::Relay;
use talkpath_nodes::telephone_event::{KeyMade, Report};
use talkpath_nodes::units::Unit;
use talkpath_rt::handle::Handle;

use crate::proto::{LegKeys, Listened};

use super::super::super::bank::{Bank, Seat};
use super::super::super::outward::Outlet;
use super::Turn;

impl Turn<'_> {
    /// Whether a packet is one of the sending side's keys.
    pub(super) fn is_key(&self, payload_type: u8) -> bool {
        let keys = self.keys.as_deref();
        keys.is_some_and(|keys| keys.takes(payload_type))
    }

    /// The side that is sent hears keys of ours just now.
    pub(super) fn gives_way(&self) -> bool {
        self.to_keys.is_some_and(LegKeys::is_sending)
    }

    /// The key at hand.
    pub(super) fn key(&mut self) -> Result<(), Refusal> {
        let ([Unit::Packet(packet)], Some(keys)) = (&self.at_hand[..], self.keys.as_deref_mut())
        else {
            return Err(Refusal::Stale);
        };
        let report = match keys.hear(packet) {
            Listened::Malformed => return Err(Refusal::Malformed),
            Listened::Heard(report) => report,
            Listened::Crowded(report) => {
                self.counters.keys_unheard += 1;
                report
            }
        };
        let passes_as = self.to_keys.and_then(LegKeys::passes_as);
        let step = match (self.seats.first(), self.seats.last()) {
            (Some(&Seat::Relay(seat)), _) => self.relay_key(seat, passes_as)?,
            (Some(&Seat::Arrival(door)), Some(&Seat::Packetise(last))) => {
                self.remake_key((door, last), report, passes_as)?
            }
            _ => return Err(Refusal::Stale),
        };
        if passes_as.is_some() {
            self.flow.stats.keys += 1;
            self.count(&step);
        } else {
            self.flow.stats.keys_dropped += 1;
            self.flow.stats.missing += u64::from(step.ahead.max(0).unsigned_abs());
        }
        Ok(())
    }

    fn relay_key(&mut self, seat: Handle<Relay>, passes_as: Option<u8>) -> Result<Step, Refusal> {
        let to = (self.to.to_bits(), self.release(self.now));
        let ([Unit::Packet(packet)], Some(relay)) =
            (&self.at_hand[..], self.bank.relay.get_mut(seat))
        else {
            return Err(Refusal::Stale);
        };
        if core::mem::take(&mut self.flow.paused) {
            relay.arrival().resume();
        }
        let mut outlet = Outlet {
            packets: self.packets_out,
            worker: self.worker,
            life: self.flow.life,
            after: Duration::ZERO,
            clock_rate: self.clock_rate,
        };
        let (fed, step) = relay.pass_key(packet, passes_as, to, &mut outlet)?;
        self.sent(fed);
        Ok(step)
    }

    fn remake_key(
        &mut self,
        (door, last): (Handle<Arrival>, Handle<Packetiser>),
        report: Report,
        passes_as: Option<u8>,
    ) -> Result<Step, Refusal> {
        let to = (self.to.to_bits(), self.release(self.now));
        let (step, header) = self.step_of(door, Arrival::pass_by)?;
        self.finish_payload();
        let Some(packetiser) = self.bank.packetise.get_mut(last) else {
            return Err(Refusal::Stale);
        };
        let mut outlet = Outlet {
            packets: self.packets_out,
            worker: self.worker,
            life: self.flow.life,
            after: Duration::ZERO,
            clock_rate: self.clock_rate,
        };
        let Some(encoded) = self.arena.encoded.first() else {
            return Err(Refusal::Stale);
        };
        let (mut fed, there) = packetiser.stop_for_key(&step, encoded, to, &mut outlet);
        let hz = packetiser.codec().clock_rate();
        let mut carried = Ok(step);
        if let (Some(payload_type), Some(keys)) = (passes_as, self.keys.as_deref_mut()) {
            match keys.carry(header.timestamp, report, there, hz) {
                Some((timestamp, report)) => {
                    let key = KeyMade {
                        payload_type,
                        marker: header.marker,
                        timestamp,
                        payload: report.write(),
                    };
                    packetiser.give_key(key, to, &mut outlet, &mut fed);
                }
                // Of a key that is over, or that could not be heard.
                None => carried = Err(Refusal::Late),
            }
        }
        self.sent(fed);
        carried
    }

    /// The packet at hand has no place in what goes out: time goes on by it.
    pub(super) fn give_way(&mut self) -> Result<(), Refusal> {
        match (self.seats.first(), self.seats.last()) {
            (Some(&Seat::Relay(seat)), _) => {
                let ([Unit::Packet(packet)], Some(relay)) =
                    (&self.at_hand[..], self.bank.relay.get_mut(seat))
                else {
                    return Err(Refusal::Stale);
                };
                if core::mem::take(&mut self.flow.paused) {
                    relay.arrival().resume();
                }
                relay.withhold(packet)?;
            }
            (Some(&Seat::Arrival(door)), Some(&Seat::Packetise(last))) => {
                let (step, _) = self.step_of(door, Arrival::judge)?;
                if let Some(encoder) = encoder_of(self.seats, self.bank) {
                    encoder.skip();
                }
                if let Some(packetiser) = self.bank.packetise.get_mut(last) {
                    packetiser.withhold(&step);
                }
            }
            _ => return Err(Refusal::Stale),
        }
        self.flow.stats.held += 1;
        self.counters.packets_held += 1;
        Ok(())
    }

    /// What the encoder has collected becomes payloads in the first plane: a key must not wait for the rest of its packet.
    fn finish_payload(&mut self) {
        let encoder = encoder_of(self.seats, self.bank);
        if let Some(encoded) = self.arena.encoded.first_mut() {
            encoded.clear();
            if let Some(encoder) = encoder {
                encoder.flush(encoded);
            }
        }
    }

    /// What the door says of the packet at hand, and its header.
    fn step_of(
        &mut self,
        door: Handle<Arrival>,
        judge: fn(&mut Arrival, &Packet) -> Result<Step, Refusal>,
    ) -> Result<(Step, talkpath_nodes::packet::Header), Refusal> {
        let ([Unit::Packet(packet)], Some(arrival)) =
            (&self.at_hand[..], self.bank.arrival.get_mut(door))
        else {
            return Err(Refusal::Stale);
        };
        if core::mem::take(&mut self.flow.paused) {
            arrival.resume();
        }
        Ok((judge(arrival, packet)?, packet.header))
    }
}

/// The encoder of a direction, where it has one.
pub(in crate::worker::calls) fn encoder_of<'a>(
    seats: &[Seat],
    bank: &'a mut Bank,
) -> Option<&'a mut EncodeNode> {
    let encoder = seats.iter().find_map(|seat| match seat {
        Seat::Encode(seat) => Some(*seat),
        _ => None,
    })?;
    bank.encode.get_mut(encoder)
}
