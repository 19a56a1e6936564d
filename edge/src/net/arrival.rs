//! One datagram on its way in: told apart, parsed, judged, boxed, or counted under the reason why not. Shard thread.

use std::time::Duration;

use talkpath_engine::ToWorkers;
use talkpath_nodes::packet::{self, ParseFault};

use super::counters::NetCounters;
use super::demux::{Kind, kind};
use super::far_end::Verdict;
use super::leg::ShardLeg;
use super::refused::Refusal;
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
    /// Takes the datagram or counts why not.
    pub(crate) fn take(&mut self, port: Port, datagram: &Datagram<'_>, to_worker: &mut ToWorkers) {
        let mux = self.leg.far.session.rtcp_mux;
        let taken = match (kind(datagram.bytes), port) {
            (Kind::Rtp, Port::Rtp) => self.rtp(datagram, to_worker),
            (Kind::Rtcp, Port::Rtcp) => self.rtcp(datagram),
            (Kind::Rtcp, Port::Rtp) if mux => self.rtcp(datagram),
            (Kind::Rtp | Kind::Rtcp, _) => Err(Refusal::WrongPort),
            (Kind::Stun, _) => Err(Refusal::Stun),
            (Kind::Dtls, _) => Err(Refusal::Dtls),
            (Kind::Other, _) => Err(Refusal::NotMedia),
        };
        if let Err(refusal) = taken {
            if refusal == Refusal::Collision {
                let Self { leg, now, wall, .. } = self;
                leg.resolve_collision(*now, wall, self.counters);
            }
            self.leg.refused.count(refusal, self.counters);
        }
    }

    fn rtp(&mut self, datagram: &Datagram<'_>, to_worker: &mut ToWorkers) -> Result<(), Refusal> {
        if datagram.truncated {
            return Err(Refusal::Oversized);
        }
        let (header, range, _) = packet::parse(datagram.bytes).map_err(|fault| match fault {
            ParseFault::TooLarge { .. } => Refusal::Oversized,
            _ => Refusal::Malformed,
        })?;
        match self.leg.far.judge(&header, datagram.from, self.at) {
            Verdict::Accept => {}
            Verdict::AcceptChanged => self.counters.source_changes += 1,
            Verdict::Drop(refusal) => return Err(refusal),
        }
        let payload = &datagram.bytes[range];
        let mut packet = to_worker.take().ok_or(Refusal::NoBox)?;
        packet.leg = self.leg.id.to_bits();
        packet.received = self.at;
        packet.not_before = Duration::ZERO;
        packet.header = header;
        if header.payload_type == self.leg.far.session.payload_type {
            packet.header.payload_type = self.leg.far.session.send_payload_type;
        }
        if packet.set_payload(payload).is_err() {
            to_worker.put_back(packet);
            return Err(Refusal::Oversized);
        }
        if let Err(full) = to_worker.send(packet) {
            to_worker.put_back(full.0);
            return Err(Refusal::RingFull);
        }
        self.leg.received.0 += 1;
        self.leg.received.1 += payload.len() as u64;
        self.counters.rtp_in += 1;
        Ok(())
    }

    fn rtcp(&mut self, datagram: &Datagram<'_>) -> Result<(), Refusal> {
        if datagram.truncated {
            return Err(Refusal::BadRtcp);
        }
        let (far, at) = (&mut self.leg.far, self.at);
        let heard = far.hear(datagram.bytes, datagram.from, at, self.wall)?;
        self.counters.rtcp_in += 1;
        if heard.bye {
            self.counters.byes_in += 1;
            let id = self.leg.id;
            self.leg.note(NetEvent::Bye(id));
        }
        Ok(())
    }
}
