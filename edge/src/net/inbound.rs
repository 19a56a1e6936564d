//! From the sockets to the worker: receive, tell apart, judge, box, ring. Shard thread.
//!
//! Every datagram ends in exactly one counter. No wait; no allocation for RTP, both ways, whole slots
//! (`tests/net_no_alloc.rs`; RTCP makes a few for each compound); at most one batch per socket and slot, so a
//! flooded port takes its turn like the others and the rest of the flood stays in (and falls out of)
//! its kernel buffer.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use talkpath_engine::ToWorkers;
use talkpath_rt::handle::Handle;
use talkpath_rt::prefetch::prefetch;

use super::arrival::{Arrival, Port};
use super::counters::NetCounters;
use super::leg::{Legs, ShardLeg};
use super::level::Level;
use super::wall::Wall;
use crate::sys::{BATCH, Epoll, READY, Ready, RecvBatch};

/// Most waits in one receive: with [`READY`] sockets each, 4,096 sockets.
const WAITS: usize = 16;

/// What the receiving half owns.
pub(crate) struct Inbound {
    rtp: Epoll,
    rtcp: Epoll,
    ready: Ready,
    batch: RecvBatch,
    pub(super) to_worker: ToWorkers,
}

/// What a receive needs of the rest of the shard.
pub(crate) struct Around<'a> {
    /// The legs.
    pub legs: &'a mut Legs,
    /// Their common counters.
    pub counters: &'a mut NetCounters,
    /// The wall clock's mapping.
    pub wall: &'a Wall,
    /// Now, on the engine's clock.
    pub now: Duration,
}

impl Inbound {
    /// The half that fills `to_worker`'s boxes.
    ///
    /// # Errors
    /// No descriptor left for epoll.
    pub(crate) fn new(to_worker: ToWorkers) -> io::Result<Self> {
        Ok(Self {
            rtp: Epoll::new()?,
            rtcp: Epoll::new()?,
            ready: Ready::new(),
            batch: RecvBatch::new(),
            to_worker,
        })
    }

    /// Listens to both sockets of `leg`.
    ///
    /// # Errors
    /// What epoll says; neither is listened to then.
    pub(crate) fn watch(&self, leg: &ShardLeg) -> io::Result<()> {
        let key = leg.key().to_bits();
        self.rtp.add(leg.sockets.rtp.as_fd(), key)?;
        let second = self.rtcp.add(leg.sockets.rtcp.as_fd(), key);
        if second.is_err() {
            self.rtp.remove(leg.sockets.rtp.as_fd())?;
        }
        second
    }

    /// Boxes that are out, and those of them that wait for the worker.
    pub(crate) fn levels(&self) -> (Level, Level) {
        let boxes = &self.to_worker;
        let limit = boxes.inventory();
        let waiting = Level {
            now: boxes.waiting(),
            limit,
            most: Some(boxes.high_water()),
        };
        (boxes.out().into(), waiting)
    }

    /// Listens no longer. Sockets leave epoll by themselves when closed, so a failure changes nothing.
    pub(crate) fn unwatch(&self, leg: &ShardLeg) {
        self.rtp.remove(leg.sockets.rtp.as_fd()).ok();
        self.rtcp.remove(leg.sockets.rtcp.as_fd()).ok();
    }

    /// Takes what waits on the RTP sockets; whether there was anything.
    pub(crate) fn receive_rtp(&mut self, around: &mut Around<'_>) -> bool {
        let Self {
            rtp,
            ready,
            batch,
            to_worker,
            ..
        } = self;
        let before = around.counters.datagrams_in;
        drain(rtp, ready, batch, Port::Rtp, to_worker, around);
        around.counters.datagrams_in != before
    }

    /// Takes what waits on the RTCP sockets.
    pub(crate) fn receive_rtcp(&mut self, around: &mut Around<'_>) {
        let Self {
            rtcp,
            ready,
            batch,
            to_worker,
            ..
        } = self;
        drain(rtcp, ready, batch, Port::Rtcp, to_worker, around);
    }
}

fn drain(
    epoll: &Epoll,
    ready: &mut Ready,
    batch: &mut RecvBatch,
    port: Port,
    to_worker: &mut ToWorkers,
    around: &mut Around<'_>,
) {
    // One datagram of each socket, as phones send them; then what more there is, up to a batch.
    let mut any = false;
    for _ in 0..WAITS {
        let sockets = take_round(epoll, ready, batch, 1, port, to_worker, around);
        any |= sockets > 0;
        if sockets < READY {
            break;
        }
    }
    if any {
        take_round(epoll, ready, batch, BATCH - 1, port, to_worker, around);
    }
}

/// At most `most` datagrams of each socket that one wait reports; how many sockets that were.
fn take_round(
    epoll: &Epoll,
    ready: &mut Ready,
    batch: &mut RecvBatch,
    most: usize,
    port: Port,
    to_worker: &mut ToWorkers,
    around: &mut Around<'_>,
) -> usize {
    let mut sockets = 0;
    let keys = epoll.ready(ready);
    let mut ahead = keys.clone().skip(1);
    for key in keys {
        sockets += 1;
        let next = ahead.next().and_then(Handle::from_bits);
        if let Some(next) = next.and_then(|next| around.legs.get(next)) {
            prefetch(&**next, usize::MAX);
        }
        let Some(leg) = Handle::from_bits(key).and_then(|key| around.legs.get_mut(key)) else {
            continue;
        };
        let socket = match port {
            Port::Rtp => leg.sockets.rtp.as_fd(),
            Port::Rtcp => leg.sockets.rtcp.as_fd(),
        };
        let count = batch.recv(socket, most);
        for datagram in (0..count).filter_map(|index| batch.datagram(index)) {
            around.counters.datagrams_in += 1;
            let at = around.wall.arrival(datagram.stamped, around.now);
            let mut arrival = Arrival {
                leg,
                counters: around.counters,
                wall: around.wall,
                at,
                now: around.now,
            };
            arrival.take(port, &datagram, to_worker);
        }
    }
    sockets
}
