//! Lost workers that have come home: what they still had goes back to its owners, and the rest is freed.
//!
//! On the supervisor's thread.

use crate::proto::{PacketBox, Passed};
use crate::worker::io::Peer;
use crate::worker::{Worker, io::Io};

use super::super::Supervisor;
use super::Out;

impl Supervisor {
    /// The thread of a lost worker has come home with all it had, which is freed here.
    pub(crate) fn bury(&mut self, index: usize, epoch: u16, worker: Worker, io: Io) {
        let known = |out: &Out| out.worker == index && out.epoch == epoch;
        let Some(at) = self.out.iter().position(known) else {
            return;
        };
        self.counters.packets_fenced += io.packets_out.waiting() as u64;
        self.out[at].home = Some(Box::new((worker, io)));
        self.funerals();
    }

    /// The ways that `neighbour` had to a worker that is lost.
    pub(in crate::supervisor) fn peer_back(&mut self, neighbour: usize, peer: Box<Peer>) {
        let known =
            |out: &&mut Out| out.worker == usize::from(peer.index) && out.epoch == peer.epoch;
        if let Some(out) = self.out.iter_mut().find(known) {
            out.due = out.due.without(neighbour as u8);
            out.peers.push(*peer);
        }
        self.funerals();
    }

    /// Frees those that have come home and that nobody sends anything any more.
    pub(in crate::supervisor) fn funerals(&mut self) {
        let over = |out: &mut Out| out.home.is_some() && out.due.is_empty();
        let over: Vec<Out> = self.out.extract_if(.., over).collect();
        for Out {
            worker,
            epoch,
            mut peers,
            home,
            ..
        } in over
        {
            let Some(home) = home else { continue };
            // A worker that panicked may be in any state safe code can leave it in.
            let salvage = std::panic::AssertUnwindSafe(|| salvage(*home, &mut peers));
            let boxes = std::panic::catch_unwind(salvage).unwrap_or_default();
            self.send_home(boxes);
            let given_back = self.routes.given_back(worker, epoch);
            self.send_home(given_back);
        }
        let out = &self.out;
        self.routes.free_ends(|worker, epoch| {
            out.iter()
                .any(|out| (out.worker, out.epoch) == (worker, epoch))
        });
    }

    /// The boxes of workers that live go back to the shard; those of lost ones it frees.
    fn send_home(&mut self, boxes: Vec<PacketBox>) {
        for packet in boxes {
            let site = self.sites.get(usize::from(packet.worker));
            if site.is_some_and(|site| site.epoch == packet.epoch) {
                self.routes.found(packet);
            }
        }
    }

    /// Lost workers whose threads have not come home.
    pub(in crate::supervisor) fn workers_out(&self) -> u64 {
        let away = |out: &&Out| out.home.is_none();
        self.out.iter().filter(away).count() as u64
    }
}

/// Every packet box a worker held, wherever it was.
fn salvage((mut worker, mut io): (Worker, Io), peers: &mut [Peer]) -> Vec<PacketBox> {
    let mut boxes = worker.packets();
    boxes.extend(std::iter::from_fn(|| io.packets_in.recv()));
    let mesh = io.mesh.iter_mut();
    for peer in mesh.chain(peers) {
        boxes.append(&mut passed(peer));
    }
    boxes
}

/// The packet boxes on their way over the mesh.
fn passed(peer: &mut Peer) -> Vec<PacketBox> {
    let mut boxes = Vec::new();
    while let Some(passed) = peer.passed_in.pop() {
        match passed {
            Passed::Packet(packet) => boxes.push(packet),
            Passed::Leg(_, mut body) => boxes.append(&mut body.packets()),
            Passed::Call(_, mut body) => boxes.append(&mut body.packets()),
        }
    }
    boxes
}
