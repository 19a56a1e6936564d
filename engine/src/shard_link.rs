//! The shard's way to the workers: packets in, packets out, and the slot grid they live on (D16).
//!
//! The shard has one pair of box rings with every worker and learns from the supervisor, by a ring of its own, which
//! worker a leg is on. All boxes are one pool: one that went out over one pair may come back over another.

use std::time::Duration;

use talkpath_nodes::packet::Packet;
use talkpath_rt::boxes::{Borrower, Lender};
use talkpath_rt::handle::Handle;
use talkpath_rt::pages;
use talkpath_rt::ring::{Consumer, Full, Producer};

use crate::proto::LegTag;
use crate::record::media::{PacketTape, SentTape};
use crate::worker::HEADER_AND_USUAL_PAYLOAD;

mod fill;
mod lines;
mod renewal;

use lines::Lines;
pub(crate) use renewal::{Change, Inlet, Outflow};

/// The shard's ends of its rings.
#[derive(Debug)]
pub struct ShardLink {
    /// Boxes for what was received.
    pub to_worker: ToWorkers,
    /// What is to be sent; each box must be given back.
    pub from_worker: FromWorkers,
    /// Length of a slot.
    pub slot: Duration,
    /// Slot `k` is at `base + k * slot` on the monotonic clock.
    pub base: Duration,
}

/// Where a leg's packets go from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Route {
    /// Index of the leg.
    pub leg: u32,
    /// Index of the worker.
    pub worker: u8,
}

/// The boxes towards the workers.
///
/// Real-time: allocates no, frees no, blocks no; each call is O(workers).
#[derive(Debug)]
pub struct ToWorkers {
    ways: Vec<Way>,
    /// The most boxes that were ever out of the shard's hands.
    most_out: usize,
    /// The worker of every leg, by index; empty when there is only one.
    routes: Vec<u8>,
    changes: Option<Consumer<Change>>,
    /// Ways to workers that are lost, on their way to be freed.
    spent: Option<Producer<Box<Inlet>>>,
    /// Where packets are noted while the session is recorded.
    tape: Option<PacketTape>,
}

/// The way to one worker.
#[derive(Debug)]
struct Way {
    lender: Lender<Packet>,
    /// Which of the workers in this place it leads to.
    epoch: u16,
    /// Boxes that were sent this way and have not come back, whichever way they come.
    out: usize,
}

impl ToWorkers {
    pub(crate) fn new(
        lenders: Vec<Lender<Packet>>,
        legs: usize,
        changes: Option<Consumer<Change>>,
        spent: Option<Producer<Box<Inlet>>>,
    ) -> Self {
        let routes = vec![0; if lenders.len() > 1 { legs } else { 0 }];
        let way = |lender| Way {
            lender,
            epoch: 0,
            out: 0,
        };
        Self {
            ways: lenders.into_iter().map(way).collect(),
            most_out: 0,
            routes,
            changes,
            spent,
            tape: None,
        }
    }

    /// Puts what only the shard uses into [pages](talkpath_rt::pages) that the calling thread writes first: called by the
    /// shard's thread, before its real time begins.
    pub fn settle(&mut self) {
        self.routes = pages::copied(&self.routes);
        self.ways.iter_mut().for_each(|way| way.lender.settle());
    }

    /// Notes every packet from now on.
    pub(crate) fn set_tape(&mut self, tape: PacketTape) {
        self.tape = Some(tape);
    }

    /// An empty box, one that has come back before one of the stock; `None` when all are out. What the supervisor has
    /// to say of legs and workers is heard here.
    #[must_use = "a box that is not sent must be put back"]
    pub fn take(&mut self) -> Option<Box<Packet>> {
        while let Some(change) = self.changes.as_mut().and_then(Consumer::pop) {
            self.change(change);
        }
        for at in 0..self.ways.len() {
            while let Some(empty) = self.ways[at].lender.take_returned() {
                // Another core has written it; the next call finds it here.
                self.ways[at].lender.prefetch(HEADER_AND_USUAL_PAYLOAD);
                if let Some(empty) = self.welcome(empty) {
                    return Some(empty);
                }
            }
        }
        let mut stocks = self.ways.iter_mut().map(|way| &mut way.lender);
        let empty = stocks.find_map(Lender::take_stock)?;
        self.most_out = self.most_out.max(self.out().now);
        Some(empty)
    }

    /// Sends a packet to the worker its leg is on.
    ///
    /// # Errors
    /// [`Full`] with the box when that worker's ring is full; [put it back](Self::put_back).
    pub fn send(&mut self, packet: Box<Packet>) -> Result<(), Full<Box<Packet>>> {
        let leg = Handle::<LegTag>::from_bits(packet.leg);
        let worker = leg.and_then(|leg| self.routes.get(leg.index() as usize));
        self.send_to(worker.map_or(0, |worker| *worker), packet)
    }

    /// Sends a packet to that worker.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub(crate) fn send_to(
        &mut self,
        worker: u8,
        mut packet: Box<Packet>,
    ) -> Result<(), Full<Box<Packet>>> {
        let Some(way) = self.ways.get_mut(usize::from(worker)) else {
            return Err(Full(packet));
        };
        (packet.worker, packet.epoch) = (worker, way.epoch);
        let copy = self
            .tape
            .as_mut()
            .and_then(|tape| tape.copy(&packet, worker));
        let sent = way.lender.send(packet);
        way.out += usize::from(sent.is_ok());
        if let (Some(tape), Some(copy)) = (&mut self.tape, copy) {
            match sent.is_ok() {
                true => tape.note(copy),
                false => tape.forget(copy),
            }
        }
        sent
    }

    /// Puts an empty back that was taken and not sent.
    pub fn put_back(&mut self, empty: Box<Packet>) {
        // All stocks hold the whole pool, so any of them will do.
        if let Some(way) = self.ways.first_mut() {
            way.lender.put_back(empty);
        }
    }
}

impl From<Lender<Packet>> for ToWorkers {
    /// The way to a single worker.
    fn from(lender: Lender<Packet>) -> Self {
        Self::new(vec![lender], 0, None, None)
    }
}

/// The boxes from the workers.
///
/// Real-time: allocates no, frees no, blocks no; each call is O(workers).
#[derive(Debug)]
pub struct FromWorkers {
    borrowers: Vec<Borrower<Packet>>,
    /// By worker: which of those that have been in its place.
    epochs: Vec<u16>,
    /// Whose turn it is.
    next: usize,
    lines: Lines,
    changes: Option<Consumer<Box<Outflow>>>,
    /// Ways from workers that are lost, on their way to be freed.
    spent: Option<Producer<Box<Outflow>>>,
    /// Where packets are noted while the session is recorded.
    tape: Option<SentTape>,
}

impl FromWorkers {
    pub(crate) fn new(
        borrowers: Vec<Borrower<Packet>>,
        legs: usize,
        changes: Option<Consumer<Box<Outflow>>>,
        spent: Option<Producer<Box<Outflow>>>,
    ) -> Self {
        Self {
            epochs: vec![0; borrowers.len()],
            borrowers,
            next: 0,
            lines: Lines::new(legs),
            changes,
            spent,
            tape: None,
        }
    }

    /// As [`ToWorkers::settle`].
    pub fn settle(&mut self) {
        self.lines.settle();
    }

    /// Notes every packet from now on.
    pub(crate) fn set_tape(&mut self, tape: SentTape) {
        self.tape = Some(tape);
    }

    /// A packet to send; one worker after the other is emptied. `None` when none has any.
    ///
    /// Nothing comes from a worker once its place was given to another. A leg that was built anew goes on with the
    /// sequence and timestamp of what this gave last.
    #[must_use = "a box that was received must be given back"]
    pub fn recv(&mut self) -> Option<Box<Packet>> {
        while let Some(outflow) = self.changes.as_mut().and_then(Consumer::pop) {
            self.change(outflow);
        }
        for _ in 0..self.borrowers.len() {
            if let Some(mut packet) = self.borrowers[self.next].recv() {
                self.borrowers[self.next].prefetch(HEADER_AND_USUAL_PAYLOAD);
                self.lines.go_on(&mut packet);
                if let Some(tape) = &mut self.tape {
                    tape.note(&packet);
                }
                return Some(packet);
            }
            self.next = (self.next + 1) % self.borrowers.len();
        }
        None
    }

    /// Gives a box back to the worker it came from.
    ///
    /// # Errors
    /// [`Full`] with the box when more come back than there are: never with boxes of these rings.
    pub fn give_back(&mut self, empty: Box<Packet>) -> Result<(), Full<Box<Packet>>> {
        let epoch = self.epochs.get(usize::from(empty.worker));
        if epoch.is_some_and(|epoch| *epoch != empty.epoch) {
            // Its worker is lost and has been given new boxes. A shard may free, a worker may not.
            return Ok(());
        }
        match self.borrowers.get_mut(usize::from(empty.worker)) {
            Some(borrower) => borrower.give_back(empty),
            None => Err(Full(empty)),
        }
    }
}

impl From<Borrower<Packet>> for FromWorkers {
    /// The way from a single worker.
    fn from(borrower: Borrower<Packet>) -> Self {
        Self::new(vec![borrower], 0, None, None)
    }
}
