//! N synthetic callers on one thread: it stands where the network shard stands, without sockets.
//!
//! It fills boxes a little before each slot, as the shard does, with the legs' packets spread evenly over their packet
//! time, and takes back what the worker sends, checking that every leg's sequence is whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::Serialize;
use talkpath_engine::{LegId, ShardLink};
use talkpath_nodes::packet::{Header, Packet};
use talkpath_rt::clock::{Clock, MonotonicClock};

use super::signal::Voices;

/// One caller's RTP stream both ways.
struct Caller {
    id: LegId,
    sequence: u16,
    timestamp: u32,
    sent: usize,
    last_received: Option<u16>,
}

/// What the callers counted, warm-up included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Traffic {
    /// Packets given to the worker.
    pub packets_in: u64,
    /// Packets that found no empty box or no room in the ring.
    pub packets_in_refused: u64,
    /// Packets taken from the worker.
    pub packets_out: u64,
    /// Packets missing in the sequences that came out.
    pub packets_out_missing: u64,
    /// Packets for a leg that was never there: always 0.
    pub packets_out_foreign: u64,
    /// Slots at which the callers themselves woke a whole slot late.
    pub late_wakes: u64,
}

/// How all callers talk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Talk {
    pub payload_type: u8,
    pub ptime: Duration,
    /// Ticks of the RTP clock in a packet.
    pub ticks: u32,
}

/// The callers and their way to the worker.
pub(super) struct Callers {
    link: ShardLink,
    talk: Talk,
    voices: Voices,
    callers: Vec<Caller>,
    /// Index into `callers` by the index of the leg's handle.
    by_leg: Vec<Option<usize>>,
    traffic: Traffic,
}

impl Callers {
    /// One caller for each of `legs`.
    pub(super) fn new(link: ShardLink, legs: &[LegId], talk: Talk, voices: Voices) -> Self {
        let places = legs
            .iter()
            .map(|leg| leg.index() as usize + 1)
            .max()
            .unwrap_or(0);
        let mut by_leg = vec![None; places];
        for (n, leg) in legs.iter().enumerate() {
            by_leg[leg.index() as usize] = Some(n);
        }
        let callers = legs.iter().map(|&id| Caller {
            id,
            sequence: 0,
            timestamp: 0,
            sent: 0,
            last_received: None,
        });
        Self {
            link,
            talk,
            voices,
            callers: callers.collect(),
            by_leg,
            traffic: Traffic::default(),
        }
    }

    /// Talks and listens, slot by slot, until `stop` is set. Returns the link, whose boxes must outlive the worker.
    pub(super) fn run(mut self, stop: &Arc<AtomicBool>) -> (Traffic, ShardLink) {
        self.forget();
        let clock = MonotonicClock;
        let slot = self.link.slot;
        let phases = (self.talk.ptime.as_nanos() / slot.as_nanos()).max(1) as usize;
        let since_base = clock.now().saturating_sub(self.link.base);
        let mut k = (since_base.as_nanos() / slot.as_nanos()) as u32 + 2;
        while !stop.load(Ordering::Relaxed) {
            let due = self.link.base + slot * k - slot / 4;
            clock.sleep_until(due);
            let now = clock.now();
            self.traffic.late_wakes += u64::from(now > due + slot);
            self.send(now, k as usize % phases, phases);
            self.receive();
            k += 1;
        }
        self.receive();
        (self.traffic, self.link)
    }

    /// Takes what the worker sent while nobody listened, uncounted: its boxes had run out.
    fn forget(&mut self) {
        self.receive();
        self.traffic = Traffic::default();
        for caller in &mut self.callers {
            caller.last_received = None;
        }
    }

    /// One packet of every caller of this phase.
    fn send(&mut self, now: Duration, phase: usize, phases: usize) {
        for n in (phase..self.callers.len()).step_by(phases) {
            let caller = &mut self.callers[n];
            let payload = self.voices.payload(n, caller.sent);
            let header = Header {
                payload_type: self.talk.payload_type,
                marker: caller.sent == 0,
                sequence: caller.sequence,
                timestamp: caller.timestamp,
                ssrc: n as u32 + 1,
            };
            caller.sent += 1;
            caller.sequence = caller.sequence.wrapping_add(1);
            caller.timestamp = caller.timestamp.wrapping_add(self.talk.ticks);
            if fill(&mut self.link, caller.id, now, header, payload) {
                self.traffic.packets_in += 1;
            } else {
                self.traffic.packets_in_refused += 1;
            }
        }
    }

    /// Everything the worker has sent.
    fn receive(&mut self) {
        while let Some(packet) = self.link.from_worker.recv() {
            self.traffic.packets_out += 1;
            match self.caller(packet.leg) {
                Some(caller) => {
                    let sequence = packet.header.sequence;
                    let expected = caller
                        .last_received
                        .map_or(sequence, |last| last.wrapping_add(1));
                    caller.last_received = Some(sequence);
                    self.traffic.packets_out_missing += u64::from(sequence.wrapping_sub(expected));
                }
                None => self.traffic.packets_out_foreign += 1,
            }
            if self.link.from_worker.give_back(packet).is_err() {
                unreachable!("the return ring holds the whole inventory");
            }
        }
    }

    fn caller(&mut self, leg: u64) -> Option<&mut Caller> {
        let id = LegId::from_bits(leg)?;
        let n = *self.by_leg.get(id.index() as usize)?;
        self.callers.get_mut(n?).filter(|caller| caller.id == id)
    }
}

/// Sends one packet through the link; `false` when there is no box or no room.
fn fill(link: &mut ShardLink, leg: LegId, now: Duration, header: Header, payload: &[u8]) -> bool {
    let Some(mut packet) = link.to_worker.take() else {
        return false;
    };
    packet.leg = leg.to_bits();
    packet.received = now;
    packet.not_before = Duration::ZERO;
    packet.header = header;
    if Packet::set_payload(&mut packet, payload).is_err() {
        link.to_worker.put_back(packet);
        return false;
    }
    match link.to_worker.send(packet) {
        Ok(()) => true,
        Err(full) => {
            link.to_worker.put_back(full.0);
            false
        }
    }
}
