//! A worker was lost and another is in its place: the mesh changes over to the other's rings.
//!
//! This is the fence between two workers, as the shard has its own: what the lost one had sent before the change is taken
//! in, what it may still write is read by nobody. Real-time thread of the worker that lives on.

use talkpath_nodes::packet::Packet;
use talkpath_rt::boxes::Borrower;

use crate::proto::{Ack, Garbage, PacketBox, Passed};

use super::Worker;
use super::apply::Tried;
use super::io::{Io, Mesh, Peer, give_back};

impl Worker {
    /// Puts the new ways to a worker where the old ones were.
    ///
    /// Real-time: allocates no; blocks no; cost O(what waits in the old ways, rooms).
    pub(super) fn set_peer(
        &mut self,
        mut value: Box<Peer>,
        packets: &mut Borrower<Packet>,
        mesh: &mut Mesh,
    ) -> Tried {
        let Some(at) = mesh.iter().position(|peer| peer.index == value.index) else {
            return Tried::Refused(Some(Garbage::Peer(value)));
        };
        for _ in 0..mesh[at].passed_in.capacity() {
            match mesh[at].passed_in.pop() {
                None => break,
                // Seated later in this slot, when its answer can be given.
                Some(Passed::Leg(leg, body)) => self.came(leg, body),
                Some(Passed::Call(call, body)) => self.call_came(call, body),
                Some(Passed::Packet(packet)) => {
                    if let Some(packet) = self.route(packet, mesh) {
                        give_back(packets, packet, &mut self.counters.overflows);
                    }
                }
            }
        }
        self.drop_partials_of(&mut mesh[at]);
        core::mem::swap(&mut mesh[at], &mut *value);
        self.moves.give_up(value.index);
        Tried::Freed(Garbage::Peer(value))
    }

    /// Sums of a lost worker for mixes to come go back into the old ring: the new one has boxes of its own.
    fn drop_partials_of(&mut self, peer: &mut Peer) {
        for (_, room) in self.rooms.iter_mut() {
            let mut at = 0;
            while at < room.inbox.len() {
                if room.inbox[at].0 != peer.index {
                    at += 1;
                    continue;
                }
                let (_, partial) = room.inbox.swap_remove(at);
                give_back(&mut peer.partials_in, partial, &mut self.counters.overflows);
            }
        }
    }

    /// Every packet it holds, of a worker that will never step again. Control side.
    pub(crate) fn packets(&mut self) -> Vec<PacketBox> {
        let buffers = self.bank.jitter.iter_mut();
        let seated = buffers.flat_map(|(_, buffer)| core::iter::from_fn(|| buffer.pop_any()));
        let mut packets: Vec<_> = seated.collect();
        for (_, body) in &mut self.moves.early_legs {
            packets.append(&mut body.packets());
        }
        for (_, body) in &mut self.moves.early_calls {
            packets.append(&mut body.packets());
        }
        packets
    }

    /// Tells of the legs that were awaited and will not come.
    ///
    /// Real-time: allocates no; blocks no; cost O(berths given up).
    pub(super) fn return_berths(&mut self, io: &mut Io) {
        while let Some((answer, berth)) = self.moves.given_up.pop() {
            self.acknowledge(&mut io.acks, answer);
            let (Ack::LegGone { leg } | Ack::BerthBack { leg }) = answer else {
                continue;
            };
            self.free(&mut io.garbage, Garbage::Berth(leg, berth));
        }
    }
}
