//! The place of shard and caller: gives the workers what they were given, takes what they send, compares it.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crossbeam::channel::Receiver;
use talkpath_nodes::packet::Packet;
use talkpath_rt::clock::{Clock, MonotonicClock};

use super::course::Sent;
use super::file::{PacketStream, Recording};
use super::play::Threads;
use super::report::{LegCodec, Listener, Mix, ReplayError, Replayed, Unapplied};
use crate::event::EventStream;
use crate::shard_link::{FromWorkers, ShardLink, ToWorkers};

use expected::Expected;

mod expected;
mod spans;

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
    expected: Expected,
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
        Self {
            packets: recording.packets(),
            to_workers: Some(shard.to_worker),
            from_workers: shard.from_worker,
            expected: Expected::new(recording),
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
            if usize::from(worker) >= self.expected.workers() {
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
            self.expected.compare(&packet, &mut self.report);
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

    /// All have ended: what of the session was not sent again?
    fn close(&mut self) {
        for leg in &mut self.report.legs {
            leg.codecs = self.codecs.remove(&leg.bits).unwrap_or_default();
            (leg.given, leg.sent) = self.counts.get(&leg.bits).copied().unwrap_or_default();
        }
        if self.whole {
            self.report.missing = self.expected.missing();
        }
    }
}
