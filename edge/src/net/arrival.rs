//! One datagram on its way in: told apart, parsed, judged, boxed, or counted under the reason why not. Shard thread.

use std::time::Duration;

use talkpath_engine::ToWorkers;
use talkpath_nodes::packet::{self, ParseFault};

use super::counters::NetCounters;
use super::demux::{Kind, kind};
use super::far_end::{Refusal, Verdict};
use super::leg::ShardLeg;
use super::wall::Wall;
use super::wire::NetEvent;
use crate::sys::Datagram;

/// Which of a leg's two sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Port {
    /// The RTP socket.
    Rtp,
    /// The RTCP socket.
    Rtcp,
}

/// One datagram that arrived, and whose it is.
pub(crate) struct Arrival<'a> {
    /// The leg on whose port it came.
    pub leg: &'a mut ShardLeg,
    /// The shard's counters.
    pub counters: &'a mut NetCounters,
    /// The wall clock's mapping.
    pub wall: &'a Wall,
    /// When the kernel got it.
    pub at: Duration,
    /// Now.
    pub now: Duration,
}

impl Arrival<'_> {
    /// Whether the datagram was accepted; counted either way.
    pub(crate) fn take(
        &mut self,
        port: Port,
        datagram: &Datagram<'_>,
        to_worker: &mut ToWorkers,
    ) -> bool {
        let mux = self.leg.far.session.rtcp_mux;
        let counter = match (kind(datagram.bytes), port) {
            (Kind::Rtp, Port::Rtp) => return self.rtp(datagram, to_worker),
            (Kind::Rtcp, Port::Rtcp) => return self.rtcp(datagram),
            (Kind::Rtcp, Port::Rtp) if mux => return self.rtcp(datagram),
            (Kind::Rtp | Kind::Rtcp, _) => &mut self.counters.drop_in_wrong_port,
            (Kind::Stun, _) => &mut self.counters.drop_in_stun,
            (Kind::Dtls, _) => &mut self.counters.drop_in_dtls,
            (Kind::Other, _) => &mut self.counters.drop_in_not_media,
        };
        *counter += 1;
        false
    }

    fn rtp(&mut self, datagram: &Datagram<'_>, to_worker: &mut ToWorkers) -> bool {
        let parsed = if datagram.truncated {
            self.counters.drop_in_oversized += 1;
            return false;
        } else {
            packet::parse(datagram.bytes)
        };
        let (header, range) = match parsed {
            Ok((header, range, _)) => (header, range),
            Err(fault) => {
                let oversized = matches!(fault, ParseFault::TooLarge { .. });
                let counters = &mut *self.counters;
                *(if oversized {
                    &mut counters.drop_in_oversized
                } else {
                    &mut counters.drop_in_malformed
                }) += 1;
                return false;
            }
        };
        match self.leg.far.judge(&header, datagram.from, self.at) {
            Verdict::Accept => {}
            Verdict::AcceptChanged => self.counters.source_changes += 1,
            Verdict::Drop(refusal) => return self.refuse(refusal),
        }
        let payload = &datagram.bytes[range];
        let Some(mut packet) = to_worker.take() else {
            self.counters.drop_in_no_box += 1;
            return false;
        };
        packet.leg = self.leg.id.to_bits();
        packet.received = self.at;
        packet.not_before = Duration::ZERO;
        packet.header = header;
        if packet.set_payload(payload).is_err() {
            to_worker.put_back(packet);
            self.counters.drop_in_oversized += 1;
            return false;
        }
        if let Err(full) = to_worker.send(packet) {
            to_worker.put_back(full.0);
            self.counters.drop_in_ring_full += 1;
            return false;
        }
        self.leg.received.0 += 1;
        self.leg.received.1 += payload.len() as u64;
        self.counters.rtp_in += 1;
        true
    }

    fn rtcp(&mut self, datagram: &Datagram<'_>) -> bool {
        if datagram.truncated {
            return self.refuse(Refusal::BadRtcp);
        }
        match self
            .leg
            .far
            .hear(datagram.bytes, datagram.from, self.at, self.wall)
        {
            Ok(heard) => {
                self.counters.rtcp_in += 1;
                if heard.bye {
                    self.counters.byes_in += 1;
                    let id = self.leg.id;
                    self.leg.note(NetEvent::Bye(id));
                }
                true
            }
            Err(refusal) => self.refuse(refusal),
        }
    }

    /// Counts a refusal and resolves a collision; always false, "not accepted".
    fn refuse(&mut self, refusal: Refusal) -> bool {
        if refusal == Refusal::Collision {
            self.leg
                .resolve_collision(self.now, self.wall, self.counters);
        }
        let counters = &mut *self.counters;
        *match refusal {
            Refusal::PayloadType => &mut counters.drop_in_payload_type,
            Refusal::Foreign => &mut counters.drop_in_foreign,
            Refusal::OwnSsrc | Refusal::Collision => &mut counters.drop_in_own_ssrc,
            Refusal::Probation => &mut counters.drop_in_probation,
            Refusal::Sequence => &mut counters.drop_in_sequence,
            Refusal::NotReceiving => &mut counters.drop_in_not_receiving,
            Refusal::BadRtcp => &mut counters.drop_in_bad_rtcp,
        } += 1;
        false
    }
}
