//! Worker A of the migration model: runs the strand, sends it away, forwards what still comes for it.

use super::strand::{Mesh, State, ordered};
use super::{PERIODS, once};
use crate::Seen;
use talkpath_rt::command::CommandRx;
use talkpath_rt::ring::{Consumer, Full, Producer};

/// Worker A, which has the strand.
pub struct Source {
    slot: u64,
    state: Option<Box<State>>,
    orders: CommandRx<()>,
    packets: Consumer<usize>,
    mesh: Producer<Mesh>,
    /// Packets fed or forwarded.
    packets_done: usize,
}

impl Source {
    pub fn new(
        state: Box<State>,
        orders: CommandRx<()>,
        packets: Consumer<usize>,
        mesh: Producer<Mesh>,
    ) -> Self {
        Self {
            slot: 0,
            state: Some(state),
            orders,
            packets,
            mesh,
            packets_done: 0,
        }
    }

    /// One slot.
    pub fn slot(&mut self, seen: &Seen) {
        let send = ordered(&mut self.orders, self.slot);
        self.drain(seen);
        self.step();
        if send && let Some(state) = self.state.take() {
            let sent = self.mesh.push(Mesh::State(state));
            sent.map_err(|_| ()).expect("the first on the mesh");
        }
        self.slot += 1;
    }

    /// Whether the strand is gone and both packets are dealt with.
    pub fn is_done(&self) -> bool {
        self.state.is_none() && self.packets_done == 2
    }

    fn drain(&mut self, seen: &Seen) {
        while let Some(&packet) = self.packets.peek() {
            if let Some(state) = &mut self.state {
                state.feed(packet);
                seen.mark("fed at the source");
            } else if let Err(Full(_)) = self.mesh.push(Mesh::Forwarded(packet)) {
                // It stays where it is until the next slot.
                seen.mark("mesh full");
                return;
            } else {
                seen.mark("forwarded");
            }
            self.packets.pop();
            self.packets_done += 1;
        }
    }

    fn step(&mut self) {
        if let Some(state) = &mut self.state
            && self.slot < PERIODS
        {
            assert_eq!(state.next, self.slot);
            once(&state.ledger.by_source[self.slot as usize]);
            state.next += 1;
        }
    }
}
