//! What the phones say: when, which packets are kept back or put off, and when a marker left.

use std::time::Duration;

use talkpath_nodes::packet::Header;
use talkpath_rt::clock::Clock;

use super::super::speech::begins_marker;
use super::ear::Ear;
use super::tape::Tape;
use super::wheel::Due;
use super::{Mark, Mouth, Phones, Probe, Way, Wire};

impl<W: Wire> Phones<W> {
    /// A call begins: the first packet leaves in the phone's phase.
    pub(super) fn connect(
        &mut self,
        seat: usize,
        way: Way,
        talk: usize,
        hears: u32,
        asked: Duration,
        k: u64,
    ) {
        let (Some(sound), Some(place)) = (self.sounds.get(talk), self.seats.get_mut(seat)) else {
            return;
        };
        let ptime = self.setup.talks[talk].ptime;
        let clock_rate = sound.codec.clock_rate();
        place.calls += 1;
        place.mouth = Some(Mouth {
            way,
            talk,
            ssrc: 0x1000_0000 | (place.calls & 0xfff) << 16 | seat as u32,
            sequence: 0,
            timestamp: 0,
            sent: 0,
        });
        place.ear = Some(Ear::new(hears, asked, ptime, clock_rate));
        let listens = |probe: &Probe| probe.listeners.contains(&seat);
        if place.tape.is_none() && self.setup.probes.iter().any(listens) {
            place.tape = Some(Tape::new(sound.codec, ptime, self.setup.tape));
        }
        let phase = match self.setup.burst {
            true => 0,
            false => seat * sound.period / self.setup.seats.max(1),
        };
        let wait = (phase + sound.period - (k % sound.period as u64) as usize) % sound.period;
        let call = place.calls;
        self.wheel.put(k + wait as u64, Due::Talk { seat, call });
    }

    /// The next packet of a phone: sent, kept back, or put off.
    pub(super) fn talk(&mut self, seat: usize, call: u32, k: u64, clock: &impl Clock) {
        let place = &mut self.seats[seat];
        let Some(mouth) = place.mouth.as_mut().filter(|_| place.calls == call) else {
            return;
        };
        let sound = &self.sounds[mouth.talk];
        let packet = (mouth.sequence, mouth.timestamp, mouth.sent);
        mouth.sequence = mouth.sequence.wrapping_add(1);
        mouth.timestamp = mouth.timestamp.wrapping_add(sound.ticks);
        mouth.sent += 1;
        self.wheel
            .put(k + sound.period as u64, Due::Talk { seat, call });
        let spared = place.probe.is_some();
        if !spared && 100.0 * self.dice.unit() < self.setup.loss_percent {
            self.now.lost += 1;
            return;
        }
        let most = (self.setup.jitter.as_nanos() / self.setup.slot.as_nanos()) as usize;
        let late = if spared || most == 0 {
            0
        } else {
            self.dice.below(most + 1)
        };
        if late == 0 {
            self.send(seat, call, packet, clock.now());
        } else {
            self.wheel
                .put(k + late as u64, Due::Packet { seat, call, packet });
        }
    }

    /// One packet of a call that is not over: sequence, timestamp, number.
    pub(super) fn send(
        &mut self,
        seat: usize,
        call: u32,
        packet: (u16, u32, usize),
        now: Duration,
    ) {
        let place = &self.seats[seat];
        let Some(mouth) = place.mouth.filter(|_| place.calls == call) else {
            return;
        };
        let (sequence, timestamp, number) = packet;
        let talk = &self.setup.talks[mouth.talk];
        let header = Header {
            payload_type: talk.payload_type,
            marker: number == 0,
            sequence,
            timestamp,
            ssrc: mouth.ssrc,
        };
        let voices = &self.sounds[mouth.talk].voices;
        let payload = match place.probe {
            Some(_) => voices.marked(number),
            None => voices.payload(seat, number),
        };
        if !self.wire.send(&mouth.way, now, header, payload) {
            self.now.refused += 1;
            return;
        }
        self.now.sent += 1;
        if let Some(probe) = place.probe
            && begins_marker(number, talk.ptime)
        {
            let window = self.closed.len();
            self.marks.push(Mark {
                probe,
                window,
                at: now,
            });
        }
    }
}
