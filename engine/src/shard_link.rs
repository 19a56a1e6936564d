//! The shard's way to the workers: packets in, packets out, and the slot grid they live on (D16).
//!
//! The shard has one pair of box rings with every worker and learns from the supervisor, by a ring of its own, which
//! worker a leg is on. All boxes are one pool: one that went out over one pair may come back over another.

use std::time::Duration;

use talkpath_nodes::packet::Packet;
use talkpath_rt::boxes::{Borrower, Lender};
use talkpath_rt::handle::Handle;
use talkpath_rt::ring::{Consumer, Full};

use crate::proto::LegTag;
use crate::record::media::{PacketTape, SentTape};

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
    lenders: Vec<Lender<Packet>>,
    /// The worker of every leg, by index; empty when there is only one.
    routes: Vec<u8>,
    changes: Option<Consumer<Route>>,
    /// Where packets are noted while the session is recorded.
    tape: Option<PacketTape>,
}

impl ToWorkers {
    pub(crate) fn new(
        lenders: Vec<Lender<Packet>>,
        legs: usize,
        changes: Option<Consumer<Route>>,
    ) -> Self {
        let routes = vec![0; if changes.is_some() { legs } else { 0 }];
        Self {
            lenders,
            routes,
            changes,
            tape: None,
        }
    }

    /// Notes every packet from now on.
    pub(crate) fn set_tape(&mut self, tape: PacketTape) {
        self.tape = Some(tape);
    }

    /// An empty box, one that has come back before one of the stock; `None` when all are out.
    #[must_use = "a box that is not sent must be put back"]
    pub fn take(&mut self) -> Option<Box<Packet>> {
        let warm = self.lenders.iter_mut().find_map(Lender::take_returned);
        warm.or_else(|| self.lenders.iter_mut().find_map(Lender::take))
    }

    /// Sends a packet to the worker its leg is on.
    ///
    /// # Errors
    /// [`Full`] with the box when that worker's ring is full; [put it back](Self::put_back).
    pub fn send(&mut self, packet: Box<Packet>) -> Result<(), Full<Box<Packet>>> {
        while let Some(route) = self.changes.as_mut().and_then(Consumer::pop) {
            if let Some(worker) = self.routes.get_mut(route.leg as usize) {
                *worker = route.worker;
            }
        }
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
        packet: Box<Packet>,
    ) -> Result<(), Full<Box<Packet>>> {
        let Some(lender) = self.lenders.get_mut(usize::from(worker)) else {
            return Err(Full(packet));
        };
        let Some(tape) = &mut self.tape else {
            return lender.send(packet);
        };
        let copy = tape.copy(&packet, worker);
        let sent = lender.send(packet);
        match copy {
            Some(copy) if sent.is_ok() => tape.note(copy),
            Some(copy) => tape.forget(copy),
            None => {}
        }
        sent
    }

    /// Puts an empty back that was taken and not sent.
    pub fn put_back(&mut self, empty: Box<Packet>) {
        // All rings and stocks hold the whole pool, so any of them will do.
        if let Some(lender) = self.lenders.first_mut() {
            lender.put_back(empty);
        }
    }

    /// Empties that can be taken (a lower bound).
    #[must_use]
    pub fn available(&self) -> usize {
        self.lenders.iter().map(Lender::available).sum()
    }

    /// Boxes in all, wherever they are.
    #[must_use]
    pub fn inventory(&self) -> usize {
        self.lenders.iter().map(Lender::inventory).sum()
    }

    /// Full boxes that wait for their workers (a lower bound).
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.lenders.iter().map(Lender::waiting).sum()
    }

    /// The most that ever waited for one worker.
    #[must_use]
    pub fn high_water(&self) -> usize {
        self.lenders
            .iter()
            .map(Lender::high_water)
            .max()
            .unwrap_or(0)
    }
}

impl From<Lender<Packet>> for ToWorkers {
    /// The way to a single worker.
    fn from(lender: Lender<Packet>) -> Self {
        Self::new(vec![lender], 0, None)
    }
}

/// The boxes from the workers.
///
/// Real-time: allocates no, frees no, blocks no; each call is O(workers).
#[derive(Debug)]
pub struct FromWorkers {
    borrowers: Vec<Borrower<Packet>>,
    /// Whose turn it is.
    next: usize,
    /// Where packets are noted while the session is recorded.
    tape: Option<SentTape>,
}

impl FromWorkers {
    pub(crate) fn new(borrowers: Vec<Borrower<Packet>>) -> Self {
        Self {
            borrowers,
            next: 0,
            tape: None,
        }
    }

    /// Notes every packet from now on.
    pub(crate) fn set_tape(&mut self, tape: SentTape) {
        self.tape = Some(tape);
    }

    /// A packet to send; one worker after the other is emptied. `None` when none has any.
    #[must_use = "a box that was received must be given back"]
    pub fn recv(&mut self) -> Option<Box<Packet>> {
        for _ in 0..self.borrowers.len() {
            if let Some(packet) = self.borrowers[self.next].recv() {
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
        match self.borrowers.get_mut(usize::from(empty.worker)) {
            Some(borrower) => borrower.give_back(empty),
            None => Err(Full(empty)),
        }
    }

    /// Boxes in all, wherever they are.
    #[must_use]
    pub fn inventory(&self) -> usize {
        self.borrowers.iter().map(Borrower::inventory).sum()
    }

    /// Full boxes that wait (a lower bound).
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.borrowers.iter().map(Borrower::waiting).sum()
    }

    /// Whether every worker is gone.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        self.borrowers.iter().all(Borrower::is_abandoned)
    }
}

impl From<Borrower<Packet>> for FromWorkers {
    /// The way from a single worker.
    fn from(borrower: Borrower<Packet>) -> Self {
        Self::new(vec![borrower])
    }
}
