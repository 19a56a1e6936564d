//! The place of shard and caller: gives the workers what they were given, takes what they send, compares it.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crossbeam::channel::Receiver;
use talkpath_nodes::packet::Packet;
use talkpath_rt::clock::{Clock, MonotonicClock};
use talkpath_rt::tape::Numbers;

use super::course::{Sent, summed};
use super::file::{PacketStream, Recording};
use super::play::Threads;
use super::report::{
    Difference, LegCodec, LegSpan, Listener, Mix, ReplayError, Replayed, RoomSpan, Unapplied,
};
use crate::event::{Event, EventKind, EventStream, LeaveReason};
use crate::proto::LegId;
use crate::record::block::{SENT, StreamId};
use crate::record::digest;
use crate::record::media::wire_digest;
use crate::shard_link::{FromWorkers, ShardLink, ToWorkers};

/// Packets given before what was sent is looked at.
const BURST: usize = 64;
/// When there is nothing to do.
const NAP: Duration = Duration::from_micros(50);
/// So long nothing may go on.
const STILL: Duration = Duration::from_secs(20);

/// What the threads tell.
pub(super) struct Told {
    pub events: EventStream,
    pub mixed: Receiver<Mix>,
    /// Legs and what their packets are coded with.
    pub coded: Receiver<(u64, LegCodec)>,
}

/// The desk.
pub(super) struct Desk<'a> {
    packets: PacketStream,
    /// Dropped when all packets were given, so that nobody waits for more.
    to_workers: Option<ToWorkers>,
    from_workers: FromWorkers,
    /// By worker: what it sent in the session, and how many of these were compared.
    expected: Vec<(Numbers, u64)>,
    /// A packet that found no empty box, or a full ring.
    held: Option<Box<Packet>>,
    told: Told,
    listener: &'a mut dyn Listener,
    base: Duration,
    whole: bool,
    /// By leg: packets its phone sent, and was sent.
    counts: BTreeMap<u64, (u64, u64)>,
    codecs: BTreeMap<u64, Vec<LegCodec>>,
    /// By leg, what it was sent, when that is to be kept.
    sent: Option<BTreeMap<u64, Vec<Sent>>>,
    /// What the session met with that depends on its number of workers.
    particular: Vec<Unapplied>,
    report: Replayed,
}

impl<'a> Desk<'a> {
    pub fn new(
        recording: &Recording,
        shard: ShardLink,
        told: Told,
        listener: &'a mut dyn Listener,
    ) -> Self {
        let workers = recording.header().config.workers;
        let sent = |worker| recording.numbers(StreamId::of_worker(SENT, worker as u8));
        Self {
            packets: recording.packets(),
            to_workers: Some(shard.to_worker),
            from_workers: shard.from_worker,
            expected: (0..workers).map(|worker| (sent(worker), 0)).collect(),
            held: None,
            told,
            listener,
            base: recording.header().base,
            whole: recording.ends_early().is_none(),
            counts: BTreeMap::new(),
            codecs: BTreeMap::new(),
            sent: None,
            particular: Vec::new(),
            report: Replayed::default(),
        }
    }

    /// Keeps a digest of everything that is sent.
    pub fn keep(&mut self) {
        self.sent = Some(BTreeMap::new());
    }

    /// What was kept: the packets by leg, and what depended on the number of workers.
    pub fn kept(self) -> (BTreeMap<u64, Vec<Sent>>, Vec<Unapplied>) {
        (self.sent.unwrap_or_default(), self.particular)
    }

    /// Serves the threads until all have ended.
    pub fn serve(&mut self, threads: &Threads) -> Result<Replayed, ReplayError> {
        let clock = MonotonicClock;
        let (began, mut moved, mut progress) = (clock.now(), clock.now(), 0);
        loop {
            // First whether they have: what they sent before is seen then.
            let ended = threads.have_ended();
            let busy = self.give() | self.collect() | self.listen();
            let steps = threads.progress.load(Ordering::Relaxed);
            if busy || steps != progress {
                (moved, progress) = (clock.now(), steps);
            }
            if busy {
                continue;
            }
            if ended {
                break;
            }
            if clock.now() > moved + STILL {
                threads.stop();
                while !threads.have_ended() {
                    self.collect();
                    self.listen();
                    clock.sleep_until(clock.now() + NAP);
                }
                let Replayed {
                    sent, different, ..
                } = self.report;
                return Err(ReplayError::Stuck { sent, different });
            }
            clock.sleep_until(clock.now() + NAP);
        }
        self.close();
        self.report.took = clock.now() - began;
        Ok(std::mem::take(&mut self.report))
    }

    /// Gives packets as far as there are boxes.
    fn give(&mut self) -> bool {
        let Some(to_workers) = &mut self.to_workers else {
            return false;
        };
        for given in 0..BURST {
            let packet = match self.held.take() {
                Some(packet) => packet,
                None => {
                    let Some(mut packet) = to_workers.take() else {
                        return given > 0;
                    };
                    let Some(next) = self.packets.next() else {
                        self.to_workers = None;
                        return true;
                    };
                    packet.reset();
                    (packet.leg, packet.received) = (next.leg, next.received);
                    (packet.header, packet.worker) = (next.header, next.worker);
                    if packet.set_payload(next.payload).is_err() {
                        // No packet of ours: what follows makes no sense.
                        self.to_workers = None;
                        return true;
                    }
                    self.listener.given(&packet);
                    self.counts.entry(packet.leg).or_default().0 += 1;
                    self.report.given += 1;
                    packet
                }
            };
            let worker = packet.worker;
            if usize::from(worker) >= self.expected.len() {
                self.to_workers = None;
                return true;
            }
            if let Err(full) = to_workers.send_to(worker, packet) {
                self.held = Some(full.0);
                return given > 0;
            }
        }
        true
    }

    /// Takes what was sent, and compares it.
    fn collect(&mut self) -> bool {
        let mut any = false;
        while let Some(packet) = self.from_workers.recv() {
            any = true;
            self.compare(&packet);
            self.listener.sent(&packet);
            self.counts.entry(packet.leg).or_default().1 += 1;
            if let Some(sent) = &mut self.sent {
                sent.entry(packet.leg).or_default().push(Sent::of(&packet));
            }
            if self.from_workers.give_back(packet).is_err() {
                tracing::error!("a packet box could not go back");
            }
        }
        any
    }

    fn compare(&mut self, packet: &Packet) {
        let digest = digest(packet);
        self.report.sent += 1;
        self.report.digest = summed(self.report.digest, packet.leg, wire_digest(packet));
        let worker = usize::from(packet.worker);
        let Some((numbers, compared)) = self.expected.get_mut(worker) else {
            return;
        };
        let Some(leg) = numbers.next() else {
            // Under way when the session ended.
            return;
        };
        let (sequence, wanted) = (numbers.next().unwrap_or(0), numbers.next());
        *compared += 1;
        self.report.compared += 1;
        if wanted != Some(digest) {
            self.report.different += 1;
            let first = Difference {
                worker: Some(packet.worker),
                packet: *compared - 1,
                leg,
                sequence,
            };
            self.report.first_difference.get_or_insert(first);
        }
    }

    /// Hears of rooms and legs.
    fn listen(&mut self) -> bool {
        let mut any = false;
        while let Some(event) = self.told.events.try_next() {
            any = true;
            self.note(event);
        }
        while let Ok(mix) = self.told.mixed.try_recv() {
            any = true;
            self.listener.mixed(&mix);
        }
        while let Ok((leg, coded)) = self.told.coded.try_recv() {
            any = true;
            let coded = LegCodec {
                at: coded.at.saturating_sub(self.base),
                ..coded
            };
            self.codecs.entry(leg).or_default().push(coded);
        }
        any
    }

    /// Something that another number of workers would not meet with.
    fn only_here(&mut self, what: &'static str, at: Duration) {
        Unapplied::add(&mut self.particular, what, at);
    }

    fn displaced(&mut self, reason: LeaveReason, at: Duration) {
        if reason == LeaveReason::Displaced {
            self.only_here("legs or calls displaced by an emergency call", at);
        }
    }

    fn left(&mut self, leg: LegId, at: Duration) {
        let mut legs = self.report.legs.iter_mut();
        if let Some(span) = legs.find(|span| span.bits == leg.to_bits()) {
            span.left = Some(at);
        }
    }

    fn note(&mut self, Event { at, kind, .. }: Event) {
        let at = at.saturating_sub(self.base);
        match kind {
            EventKind::RoomCreated { room, name } => self.report.rooms.push(RoomSpan {
                id: room.to_string(),
                bits: room.to_bits(),
                name,
                created: at,
                ended: None,
            }),
            EventKind::RoomEnded { room, .. } => {
                let mut rooms = self.report.rooms.iter_mut();
                if let Some(span) = rooms.find(|span| span.bits == room.to_bits()) {
                    span.ended = Some(at);
                }
            }
            EventKind::Joined { room, leg } => {
                let room = Some(room.to_string());
                self.report.legs.push(span(leg, room, None, at));
            }
            EventKind::Left { leg, reason, .. } => {
                self.displaced(reason, at);
                self.left(leg, at);
            }
            EventKind::CallStarted { call, sides } => {
                let call = Some(call.to_string());
                let side = |leg: LegId| span(leg, None, call.clone(), at);
                self.report.legs.extend(sides.map(side));
            }
            EventKind::CallEnded { sides, reason, .. } => {
                self.displaced(reason, at);
                sides.into_iter().for_each(|leg| self.left(leg, at));
            }
            EventKind::Moved { .. } => self.only_here("moves between workers", at),
            EventKind::Shed { .. } => self.only_here("steps of the governor by measured cost", at),
            _ => {}
        }
    }

    /// All have ended: what of the session was not sent again?
    fn close(&mut self) {
        for leg in &mut self.report.legs {
            leg.codecs = self.codecs.remove(&leg.bits).unwrap_or_default();
            (leg.given, leg.sent) = self.counts.get(&leg.bits).copied().unwrap_or_default();
        }
        let rest = |(numbers, _): &mut (Numbers, u64)| numbers.count() as u64 / 3;
        let missing = self.expected.iter_mut().map(rest).sum();
        if self.whole {
            self.report.missing = missing;
        }
    }
}

/// A leg that has just come.
fn span(leg: LegId, room: Option<String>, call: Option<String>, joined: Duration) -> LegSpan {
    LegSpan {
        id: leg.to_string(),
        bits: leg.to_bits(),
        room,
        call,
        joined,
        left: None,
        given: 0,
        sent: 0,
        codecs: Vec::new(),
    }
}
