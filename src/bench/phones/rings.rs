//! The wire in process: the phones stand where the network shard stands, without sockets.

use std::time::Duration;

use talkpath_engine::ShardLink;
use talkpath_nodes::packet::{Header, Packet};
use talkpath_rt::clock::{Clock, MonotonicClock};

use super::{Way, Wire};

/// The shard's ends of the packet rings. They must outlive the worker.
pub(in crate::bench) struct Rings(pub ShardLink);

impl Wire for Rings {
    fn send(&mut self, way: &Way, now: Duration, header: Header, payload: &[u8]) -> bool {
        let (Way::Leg(leg), Self(link)) = (way, self) else {
            return false;
        };
        let Some(mut packet) = link.to_worker.take() else {
            return false;
        };
        packet.leg = *leg;
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

    fn receive(&mut self, mut each: impl FnMut(&Header, &[u8], Duration)) {
        let now = MonotonicClock.now();
        while let Some(packet) = self.0.from_worker.recv() {
            each(&packet.header, packet.payload(), now);
            if self.0.from_worker.give_back(packet).is_err() {
                unreachable!("the return ring holds the whole inventory");
            }
        }
    }
}
