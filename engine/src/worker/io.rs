//! A worker's connections: the far ends of every ring it reads or writes (D17).
//!
//! The worker borrows them for one step at a time, so the thread loop, a test or a replay can
//! own them, and they outlive the worker: nothing is dropped on its thread.

use core::time::Duration;

use arrayvec::ArrayVec;
use talkpath_nodes::packet::Packet;
use talkpath_rt::boxes::{Borrower, Lender};
use talkpath_rt::clock::Clock;
use talkpath_rt::command::CommandRx;
use talkpath_rt::outlet::{AckTx, EventTx, GarbageTx};
use talkpath_rt::pulse::Pulse;
use talkpath_rt::ring::{Consumer, Full, Producer};
use talkpath_rt::timing::StatsSource;

use super::costs::CostSource;
use super::script::CostScript;
use crate::proto::{Ack, Command, Garbage, MAX_WORKERS, Partial, Passed, WorkerEvent};
use crate::record::{StepTape, taps};

/// The worker's ends of its rings.
pub struct Io {
    /// Transactions from the supervisor.
    pub commands: CommandRx<Command>,
    /// Answers to them.
    pub acks: AckTx<Ack>,
    /// Boxes on their way to be freed.
    pub garbage: GarbageTx<Garbage>,
    /// What the worker noticed.
    pub events: EventTx<WorkerEvent>,
    /// Packets from the shard, and their empty boxes back.
    pub packets_in: Borrower<Packet>,
    /// Packets to the shard, in boxes it returns.
    pub packets_out: Lender<Packet>,
    /// The ways to and from the other workers.
    pub mesh: Mesh,
    /// Slot timing, exchanged by boxes.
    pub stats: StatsSource,
    /// Shows the supervisor that slots are made.
    pub pulse: Pulse,
    /// Measured costs, exchanged by boxes.
    pub costs: CostSource,
    /// What work costs in virtual time; `None` on real time.
    pub script: Option<Box<dyn CostScript>>,
    /// What busy time is measured with; a manual clock in virtual time.
    pub cost_clock: Box<dyn Clock>,
    /// Where the times of steps are noted while a session is recorded (D17).
    pub tape: Option<Box<StepTape>>,
}

/// One worker's ends of the mesh: to and from every other worker (D5). Empty when there is only one.
pub type Mesh = ArrayVec<Peer, MAX_WORKERS>;

/// The two ways between this worker and another.
pub struct Peer {
    /// The other worker.
    pub index: u8,
    /// Which of those that have been in its place.
    pub epoch: u16,
    /// Sums to it, in boxes it returns.
    pub partials_out: Lender<Partial>,
    /// Sums from it.
    pub partials_in: Borrower<Partial>,
    /// Legs and packets to it.
    pub passed_out: Producer<Passed>,
    /// Legs and packets from it.
    pub passed_in: Consumer<Passed>,
}

impl core::fmt::Debug for Peer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Peer({})", self.index)
    }
}

impl core::fmt::Debug for Io {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Io").finish_non_exhaustive()
    }
}

impl Io {
    /// Notes that worker `worker` begins a step, when the session is recorded.
    ///
    /// Real-time: allocates no; blocks no; cost O(1), every 250 steps O(rings).
    pub(super) fn note_step(&mut self, worker: u8, now: Duration) {
        if let Some(tape) = &mut self.tape
            && tape.begin(now)
        {
            taps::of_worker(worker, self, &mut taps::Flush);
        }
    }
}

/// Returns an emptied box to the shard or to another worker. The return ring holds the whole inventory, so it cannot
/// be full; should it be all the same, the box is leaked rather than freed here, and counted.
///
/// Real-time: allocates no; blocks no; cost O(1).
pub(crate) fn give_back<T>(boxes: &mut Borrower<T>, empty: Box<T>, leaked: &mut u64) {
    if let Err(Full(empty)) = boxes.give_back(empty) {
        leak(empty, leaked);
    }
}

/// Leaks what reserved room was missing for, a fault of ours, rather than free it on a worker; and counts it.
///
/// Real-time: allocates no, frees no; blocks no; cost O(1).
pub(crate) fn leak<T>(value: T, leaked: &mut u64) {
    core::mem::forget(value);
    *leaked += 1;
}
