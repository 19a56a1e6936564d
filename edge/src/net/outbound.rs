//! From the worker to the sockets: ring, hold queue, send. Shard thread.
//!
//! Every box ends in exactly one counter and goes back empty. A packet leaves under the SSRC that RTCP speaks of, so
//! a collision takes effect at once, before the leg's packetiser has heard of it.

use std::time::Duration;

use talkpath_engine::FromWorkers;
use talkpath_nodes::packet::{self, MAX_DATAGRAM, Packet};
use talkpath_rt::handle::Handle;
use talkpath_rt::prefetch::prefetch;
use talkpath_rt::timing::SlotStats;

use super::counters::NetCounters;
use super::hold::Hold;
use super::leg::Legs;
use super::level::Level;

/// What the sending half owns.
pub(crate) struct Outbound {
    from_worker: FromWorkers,
    hold: Hold,
    datagram: Box<[u8; MAX_DATAGRAM]>,
    /// The most boxes one sending found.
    most: usize,
}

impl Outbound {
    /// The half that empties `from_worker`'s boxes.
    pub(crate) fn new(from_worker: FromWorkers) -> Self {
        // Half of the inventory may wait for its time: the worker must never run dry of boxes because of it.
        let hold = Hold::new(from_worker.inventory().div_ceil(2));
        Self {
            from_worker,
            hold,
            datagram: Box::new([0; MAX_DATAGRAM]),
            most: 0,
        }
    }

    /// Sends what may leave at `now`; whether there was anything, be it to keep. How long after its time each packet
    /// leaves is recorded.
    pub(crate) fn send(
        &mut self,
        legs: &mut Legs,
        counters: &mut NetCounters,
        timing: &mut SlotStats,
        now: Duration,
    ) -> bool {
        let mut any = false;
        while let Some(packet) = self.hold.due(now) {
            any = true;
            self.emit(packet, legs, counters, timing, now);
        }
        // What is there now: a worker that sends meanwhile would have us take turns with it at the ring, for packets of
        // the next sending. With one in hand the next one's leg is on its way to the cache.
        let found = self.from_worker.waiting();
        let mut left = found;
        let mut next = self.receive(legs, &mut left);
        while let Some(packet) = next {
            next = self.receive(legs, &mut left);
            any = true;
            let now_or_held = if packet.not_before <= now {
                Err(packet)
            } else {
                self.hold.keep(packet)
            };
            if let Err(packet) = now_or_held {
                counters.sent_early += u64::from(packet.not_before > now);
                self.emit(packet, legs, counters, timing, now);
            }
        }
        self.most = self.most.max(found);
        any
    }

    /// The next of `left` packets; its leg is asked of the cache.
    fn receive(&mut self, legs: &Legs, left: &mut usize) -> Option<Box<Packet>> {
        *left = left.checked_sub(1)?;
        let packet = self.from_worker.recv()?;
        if let Some(leg) = Handle::from_bits(packet.leg).and_then(|key| legs.get(key)) {
            prefetch(&**leg, usize::MAX);
        }
        Some(packet)
    }

    /// Boxes that wait to be sent, and packets held back until their time.
    pub(crate) fn levels(&self) -> (Level, Level) {
        let waiting = Level {
            now: self.from_worker.waiting(),
            limit: self.from_worker.inventory(),
            most: Some(self.most),
        };
        (waiting, self.hold.level())
    }

    /// Packets waiting for their time.
    pub(crate) fn held(&self) -> usize {
        self.hold.len()
    }

    /// Whether the worker is gone.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.from_worker.is_abandoned()
    }

    fn emit(
        &mut self,
        mut packet: Box<Packet>,
        legs: &mut Legs,
        counters: &mut NetCounters,
        timing: &mut SlotStats,
        now: Duration,
    ) {
        timing.record_handed(now.saturating_sub(packet.not_before), 1);
        *self.outcome(&mut packet, legs, counters, now) += 1;
        packet.reset();
        // Both rings hold the whole inventory. Were it full all the same, the box would be freed here: a shard may.
        let returned = self.from_worker.give_back(packet);
        debug_assert!(returned.is_ok(), "a box of this inventory");
    }

    /// Sends `packet`; the counter that says what became of it.
    fn outcome<'a>(
        &mut self,
        packet: &mut Packet,
        legs: &mut Legs,
        counters: &'a mut NetCounters,
        now: Duration,
    ) -> &'a mut u64 {
        let Some(leg) = Handle::from_bits(packet.leg).and_then(|key| legs.get_mut(key)) else {
            return &mut counters.drop_out_no_leg;
        };
        if !leg.far.session.send {
            return &mut counters.drop_out_not_sending;
        }
        let Some(to) = leg.far.rtp_target() else {
            return &mut counters.drop_out_no_address;
        };
        packet.header.ssrc = leg.far.reports.ssrc();
        let length = packet::write(packet, &mut self.datagram[..]);
        match leg
            .sockets
            .rtp
            .send_to(&self.datagram[..length], leg.sockets.reach(to))
        {
            Ok(_) => {
                let octets = packet.payload().len();
                leg.far.reports.sent(packet.header.timestamp, octets, now);
                leg.sent.0 += 1;
                leg.sent.1 += octets as u64;
                &mut counters.rtp_out
            }
            Err(_) => &mut counters.drop_out_kernel,
        }
    }
}
