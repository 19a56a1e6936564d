//! One leg as the shard holds it: sockets, far end, counts. Built on the control side, moved as a box.

use std::time::Duration;

use arrayvec::ArrayVec;
use crossbeam::channel::Sender;
use talkpath_engine::LegId;
use talkpath_rt::handle::Handle;
use talkpath_rt::slab::Slab;

use super::counters::NetCounters;
use super::far_end::FarEnd;
use super::refused::Refused;
use super::rtcp::MAX_COMPOUND;
use super::sockets::Sockets;
use super::status::NetLegStats;
use super::wall::Wall;
use super::wire::NetEvent;

/// The legs of a shard, by the bits of their handles.
pub(crate) type Legs = Slab<Box<ShardLeg>, ShardLeg>;

/// One leg's state on the shard.
#[derive(Debug)]
pub(crate) struct ShardLeg {
    /// The engine's name for it.
    pub id: LegId,
    /// Where its packets come in and go out.
    pub sockets: Sockets,
    /// What is known of the other side.
    pub far: FarEnd,
    /// Packets to the worker and their payload octets.
    pub received: (u64, u64),
    /// Packets sent and their payload octets.
    pub sent: (u64, u64),
    /// Datagrams dropped on the way in.
    pub refused: Refused,
    /// Events that wait for room in their ring.
    pub events: ArrayVec<NetEvent, 4>,
    /// Where its figures go at the very end, once it is back on the control side.
    pub farewell: Option<Sender<NetLegStats>>,
}

impl ShardLeg {
    /// A leg that nothing was heard of.
    pub(crate) fn new(id: LegId, sockets: Sockets, far: FarEnd) -> Self {
        Self {
            id,
            sockets,
            far,
            received: (0, 0),
            sent: (0, 0),
            refused: Refused::default(),
            events: ArrayVec::new(),
            farewell: None,
        }
    }

    /// Its key in [`Legs`] and in epoll.
    pub(crate) fn key(&self) -> Handle<ShardLeg> {
        Handle::new(self.id.index(), self.id.generation())
    }

    /// Notes an event for the next sweep. A leg has at most four unheard ones; a fifth would repeat one of them.
    pub(crate) fn note(&mut self, event: NetEvent) {
        if !self.events.contains(&event) && !self.events.is_full() {
            self.events.push(event);
        }
    }

    /// Sends the report that is due.
    pub(crate) fn send_report(&mut self, now: Duration, wall: &Wall, counters: &mut NetCounters) {
        let mut out = [0; MAX_COMPOUND];
        let heard = self.far.report();
        let length = self.far.reports.compose(now, wall, heard, &mut out);
        self.send_rtcp(&out[..length], counters);
    }

    /// Says BYE for our SSRC.
    pub(crate) fn send_bye(&mut self, now: Duration, wall: &Wall, counters: &mut NetCounters) {
        let mut out = [0; MAX_COMPOUND];
        let heard = self.far.report();
        let length = self.far.reports.compose_bye(now, wall, heard, &mut out);
        self.send_rtcp(&out[..length], counters);
    }

    /// Our SSRC is taken: BYE, a new one, and the news for the control side (RFC 3550 8.2).
    pub(crate) fn resolve_collision(
        &mut self,
        now: Duration,
        wall: &Wall,
        counters: &mut NetCounters,
    ) {
        self.send_bye(now, wall, counters);
        let new_ssrc = self.far.change_own_ssrc();
        counters.ssrc_collisions += 1;
        // Only the newest SSRC matters.
        self.events
            .retain(|event| !matches!(event, NetEvent::SsrcCollision { .. }));
        self.note(NetEvent::SsrcCollision {
            leg: self.id,
            new_ssrc,
        });
    }

    /// Its figures.
    pub(crate) fn stats(&self) -> NetLegStats {
        NetLegStats::of(self)
    }

    fn send_rtcp(&self, compound: &[u8], counters: &mut NetCounters) {
        let Some(to) = self.far.rtcp_target() else {
            counters.drop_out_no_address += 1;
            return;
        };
        let socket = if self.far.session.rtcp_mux {
            &self.sockets.rtp
        } else {
            &self.sockets.rtcp
        };
        match socket.send_to(compound, self.sockets.reach(to)) {
            Ok(_) => counters.rtcp_out += 1,
            Err(_) => counters.drop_out_kernel += 1,
        }
    }
}
