//! Worker B of the migration model: awaits the strand, keeps what comes before it, runs what is owed.

use super::strand::{Mesh, State, ordered};
use super::{GoesOn, NOT_BEFORE, PACKETS, PERIODS, once};
use crate::Seen;
use talkpath_rt::command::CommandRx;
use talkpath_rt::ring::Consumer;

/// Periods of a strand run in one slot at most (D14).
const CATCH_UP: u64 = 2;
/// Packets that may wait for the carrier.
const WAITING: usize = 2;

/// Worker B, which is to have it.
pub struct Target {
    slot: u64,
    goes_on: GoesOn,
    awaiting: bool,
    state: Option<Box<State>>,
    /// Packets that came before the strand, at most [`WAITING`].
    waiting: Vec<usize>,
    orders: CommandRx<()>,
    packets: Consumer<usize>,
    mesh: Consumer<Mesh>,
}

impl Target {
    pub fn new(
        goes_on: GoesOn,
        orders: CommandRx<()>,
        packets: Consumer<usize>,
        mesh: Consumer<Mesh>,
    ) -> Self {
        Self {
            slot: 0,
            goes_on,
            awaiting: false,
            state: None,
            waiting: Vec::with_capacity(WAITING),
            orders,
            packets,
            mesh,
        }
    }
    /// One slot.
    pub fn slot(&mut self, seen: &Seen) {
        self.awaiting |= ordered(&mut self.orders, self.slot);
        self.drain(seen);
        self.cross(seen);
        self.step();
        self.slot += 1;
    }

    /// Whether the strand has run all its periods and has all its packets.
    pub fn is_done(&self) -> bool {
        let done = |state: &State| state.next >= PERIODS && state.fed == PACKETS;
        self.state.as_deref().is_some_and(done)
    }

    fn drain(&mut self, seen: &Seen) {
        while let Some(packet) = self.packets.pop() {
            if let Some(state) = &mut self.state {
                state.feed(packet);
                seen.mark("fed at the target");
            } else {
                assert!(self.waiting.len() < WAITING, "the list is bounded");
                self.waiting.push(packet);
                seen.mark("waited for the carrier");
            }
        }
    }

    /// Takes what came over the mesh; a carrier that nobody has announced stays there.
    fn cross(&mut self, seen: &Seen) {
        if !self.awaiting {
            if self.mesh.peek().is_some() {
                seen.mark("carrier before its order");
            }
            return;
        }
        while let Some(crossed) = self.mesh.pop() {
            match crossed {
                Mesh::State(state) => self.arrive(state, seen),
                // First in, first out: it comes after the strand, and goes no further.
                Mesh::Forwarded(packet) => self.state.as_mut().expect("owned").feed(packet),
            }
        }
    }

    fn arrive(&mut self, mut state: Box<State>, seen: &Seen) {
        assert!(state.next > NOT_BEFORE, "moved before its slot");
        seen.mark(if state.next < self.slot {
            "late arrival"
        } else {
            "arrival in time"
        });
        if self.goes_on == GoesOn::InItsOwnSlot {
            state.next = self.slot;
        }
        for packet in self.waiting.drain(..) {
            state.feed(packet);
        }
        assert!(self.state.replace(state).is_none(), "one strand, one box");
    }

    /// Runs what is owed up to this slot, in order.
    fn step(&mut self) {
        let Some(state) = &mut self.state else {
            return;
        };
        for _ in 0..CATCH_UP {
            if state.next <= self.slot && state.next < PERIODS {
                once(&state.ledger.by_target[state.next as usize]);
                state.next += 1;
            }
        }
    }
}
