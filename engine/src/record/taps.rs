//! Where the tapes are: every ring that a worker or the supervisor reads or writes, by name.
//!
//! Both lists take their owner apart field by field, so that a ring that is added later cannot be forgotten here: a
//! session that reads it would not replay.

use talkpath_rt::boxes::{Borrower, Lender};
use talkpath_rt::ring::{Consumer, Producer};
use talkpath_rt::tape::{PutTape, TakeTape, TapeIn, tape};

use super::block::{RING, StreamId};
use super::steps::{NotedClock, StepTape};
use crate::supervisor::Ends;
use crate::worker::io::{Io, Peer};

/// Numbers that the tape of a ring holds between two visits of the recorder.
const RING_NUMBERS: usize = 1 << 12;
/// Steps between two visits.
const STEP_NUMBERS: usize = 1 << 12;
/// Readings of the cost clock between two visits: two hundred a slot for a third of a second.
const COST_NUMBERS: usize = 1 << 16;

/// Something done to every end of a ring.
pub(crate) trait Taps {
    fn put<T>(&mut self, id: StreamId, ring: &mut Producer<T>);
    fn take<T>(&mut self, id: StreamId, ring: &mut Consumer<T>);
}

/// The ends of the rings of one worker or of the supervisor's side of it.
struct Names {
    worker: u8,
    peer: u8,
}

impl Names {
    fn ring(&self, ring: u8) -> StreamId {
        StreamId {
            kind: RING,
            worker: self.worker,
            ring,
            peer: self.peer,
        }
    }

    fn lender<T>(&self, at: u8, lender: &mut Lender<T>, taps: &mut impl Taps) {
        let (out, back) = lender.rings();
        taps.put(self.ring(at), out);
        taps.take(self.ring(at + 1), back);
    }

    fn borrower<T>(&self, at: u8, borrower: &mut Borrower<T>, taps: &mut impl Taps) {
        let (back, incoming) = borrower.rings();
        taps.put(self.ring(at), back);
        taps.take(self.ring(at + 1), incoming);
    }
}

/// Visits every end that worker `worker` has.
pub(crate) fn of_worker(worker: u8, io: &mut Io, taps: &mut impl Taps) {
    let Io {
        commands,
        acks,
        garbage,
        events,
        packets_in,
        packets_out,
        mesh,
        stats,
        costs,
        // A sign of life: nothing is concluded from it in a replay.
        pulse: _,
        // In virtual time it moves the cost clock, whose readings are noted.
        script: _,
        cost_clock: _,
        tape: _,
    } = io;
    let own = Names { worker, peer: 0 };
    taps.take(own.ring(1), commands.ring());
    taps.put(own.ring(2), acks);
    taps.put(own.ring(3), garbage);
    taps.put(own.ring(4), events);
    own.borrower(5, packets_in, taps);
    own.lender(7, packets_out, taps);
    let (out, back) = stats.rings();
    taps.put(own.ring(9), out);
    taps.take(own.ring(10), back);
    let (out, back) = costs.rings();
    taps.put(own.ring(17), out);
    taps.take(own.ring(18), back);
    for peer in mesh {
        let Peer {
            index,
            epoch: _,
            partials_out,
            partials_in,
            passed_out,
            passed_in,
        } = peer;
        let own = Names {
            worker,
            peer: *index,
        };
        own.lender(11, partials_out, taps);
        own.borrower(13, partials_in, taps);
        taps.put(own.ring(15), passed_out);
        taps.take(own.ring(16), passed_in);
    }
}

/// Visits every end that the supervisor has of worker `worker`.
pub(crate) fn of_supervisor(worker: u8, ends: &mut Ends, taps: &mut impl Taps) {
    let Ends {
        commands,
        acks,
        garbage,
        events,
        stats,
        costs,
        monitor: _,
        // Numbers, told and nothing more.
        levels: _,
    } = ends;
    let own = Names { worker, peer: 0 };
    taps.put(own.ring(33), commands.ring());
    taps.take(own.ring(34), acks);
    taps.take(own.ring(35), garbage);
    taps.take(own.ring(36), events);
    let (back, incoming) = stats.rings();
    taps.put(own.ring(37), back);
    taps.take(own.ring(38), incoming);
    let (back, incoming) = costs.rings();
    taps.put(own.ring(39), back);
    taps.take(own.ring(40), incoming);
}

/// Gives every end a tape that notes.
#[derive(Debug, Default)]
pub(crate) struct Recording {
    /// The other ends of the tapes.
    pub kept: Vec<(StreamId, TapeIn)>,
}

impl Taps for Recording {
    fn put<T>(&mut self, id: StreamId, ring: &mut Producer<T>) {
        ring.set_tape(PutTape::recording(self.tape(id, RING_NUMBERS)));
    }

    fn take<T>(&mut self, id: StreamId, ring: &mut Consumer<T>) {
        ring.set_tape(TakeTape::recording(self.tape(id, RING_NUMBERS)));
    }
}

impl Recording {
    /// A tape whose other end is kept.
    pub(crate) fn tape(&mut self, id: StreamId, capacity: usize) -> talkpath_rt::tape::TapeOut {
        let (out, kept) = tape(capacity);
        self.kept.push((id, kept));
        out
    }

    /// Has a worker and the supervisor's side of it note everything.
    pub(crate) fn worker(&mut self, worker: u8, io: &mut Io, ends: &mut Ends) {
        of_worker(worker, io, self);
        of_supervisor(worker, ends, self);
        let id = |kind| StreamId::of_worker(kind, worker);
        let steps = self.tape(id(super::block::STEPS), STEP_NUMBERS);
        io.tape = Some(Box::new(StepTape::new(steps)));
        let out = self.tape(id(super::block::COST), COST_NUMBERS);
        let clock = std::mem::replace(
            &mut io.cost_clock,
            Box::new(talkpath_rt::clock::MonotonicClock),
        );
        io.cost_clock = Box::new(NotedClock::new(clock, out));
    }
}

/// Has every tape note what it has gathered.
pub(crate) struct Flush;

impl Taps for Flush {
    fn put<T>(&mut self, _id: StreamId, _ring: &mut Producer<T>) {}

    fn take<T>(&mut self, _id: StreamId, ring: &mut Consumer<T>) {
        ring.flush_tape();
    }
}
