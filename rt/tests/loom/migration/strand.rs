//! What the two workers of the migration model share: the strand's state, the mesh, the orders.

use super::{Ledger, once};
use std::sync::Arc;
use talkpath_rt::command::{CommandRx, Next, Room};

/// The strand's state. There is one box of it, ever.
pub struct State {
    /// The period to run next.
    pub next: u64,
    /// Packets fed.
    pub fed: usize,
    pub ledger: Arc<Ledger>,
}

impl State {
    pub fn new(ledger: Arc<Ledger>) -> Self {
        let (next, fed) = (0, 0);
        Self { next, fed, ledger }
    }

    pub fn feed(&mut self, packet: usize) {
        once(&self.ledger.fed[packet]);
        self.fed += 1;
    }
}

impl Drop for State {
    fn drop(&mut self) {
        once(&self.ledger.freed);
    }
}

/// What crosses the mesh from A to B.
pub enum Mesh {
    State(Box<State>),
    /// A packet that came to a worker which no longer has its strand.
    Forwarded(usize),
}

/// Whether the one order there is has become due.
pub fn ordered(orders: &mut CommandRx<()>, slot: u64) -> bool {
    let room = Room {
        garbage: 0,
        acks: 0,
    };
    match orders.next(slot, room) {
        Next::Txn(ops) => ops.count() == 1,
        _ => false,
    }
}
