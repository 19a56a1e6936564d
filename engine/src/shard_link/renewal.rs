//! A worker was lost and another is in its place: the shard changes over to the other's rings.
//!
//! The change is the fence. Before it the shard sends what the lost worker gave it; after it nothing that the lost one may
//! still write is read by anybody, and no box of it is taken for one of the new rings: those carry another epoch. The old
//! ends go back to the control side, which frees them when the thread has come home.
//!
//! Boxes towards a lost worker are written off: as many as were sent to it and have not come back are taken
//! from `spare`, so that the pool is as large as it was. One that comes back all the same, in a leg that had moved, is freed.

use talkpath_nodes::packet::Packet;
use talkpath_rt::boxes::{Borrower, Lender};

use crate::proto::PacketBox;

use super::{FromWorkers, Route, ToWorkers};

/// What the shard is told about the way in.
#[derive(Debug)]
pub(crate) enum Change {
    /// A leg is on another worker.
    Route(Route),
    /// A worker was replaced.
    Renew(Box<Inlet>),
    /// A box that the lost worker had from another: it came home with the thread.
    Found(Box<Packet>),
}

/// The new way to a worker; goes back with the old one.
#[derive(Debug)]
pub(crate) struct Inlet {
    pub worker: u8,
    pub epoch: u16,
    pub lender: Lender<Packet>,
    /// Boxes to make up for those written off; what is not needed goes back.
    pub spare: Vec<PacketBox>,
    /// Boxes written off.
    pub lost: usize,
}

/// The new way from a worker; goes back with the old one.
#[derive(Debug)]
pub(crate) struct Outflow {
    pub worker: u8,
    pub epoch: u16,
    pub borrower: Borrower<Packet>,
}

impl ToWorkers {
    pub(super) fn change(&mut self, change: Change) {
        match change {
            Change::Route(route) => {
                if let Some(worker) = self.routes.get_mut(route.leg as usize) {
                    *worker = route.worker;
                }
            }
            Change::Renew(inlet) => self.renew(inlet),
            Change::Found(packet) => {
                if let Some(empty) = self.welcome(packet) {
                    self.put_back(empty);
                }
            }
        }
    }

    /// A box is back. One that was written off is freed here: a shard may, a worker may not.
    pub(super) fn welcome(&mut self, empty: Box<Packet>) -> Option<Box<Packet>> {
        let way = self.ways.get_mut(usize::from(empty.worker))?;
        let ours = way.epoch == empty.epoch;
        way.out = way.out.saturating_sub(usize::from(ours));
        ours.then_some(empty)
    }

    fn renew(&mut self, mut inlet: Box<Inlet>) {
        let at = usize::from(inlet.worker);
        let Some(way) = self.ways.get_mut(at) else {
            return;
        };
        core::mem::swap(&mut way.lender, &mut inlet.lender);
        while let Some(empty) = inlet.lender.take_stock() {
            way.lender.put_back(empty);
        }
        // Bounded: a worker that is stuck gives nothing back, one that has just woken up no more than it has.
        while let Some(empty) = inlet.lender.take_returned() {
            if let Some(empty) = self.welcome(empty) {
                self.ways[at].lender.put_back(empty);
            }
        }
        let way = &mut self.ways[at];
        way.epoch = inlet.epoch;
        inlet.lost = core::mem::take(&mut way.out);
        let kept = inlet.spare.len().saturating_sub(inlet.lost);
        for spare in inlet.spare.drain(kept..) {
            way.lender.put_back(spare);
        }
        give_back(self.spent.as_mut(), inlet);
    }
}

impl FromWorkers {
    pub(super) fn change(&mut self, mut outflow: Box<Outflow>) {
        let at = usize::from(outflow.worker);
        let places = self.borrowers.get_mut(at).zip(self.epochs.get_mut(at));
        if let Some((borrower, epoch)) = places {
            core::mem::swap(borrower, &mut outflow.borrower);
            *epoch = outflow.epoch;
        }
        give_back(self.spent.as_mut(), outflow);
    }
}

/// What is spent goes to the control side. The ring has a place for each; were it full all the same it would be freed here.
fn give_back<T>(spent: Option<&mut talkpath_rt::ring::Producer<Box<T>>>, value: Box<T>) {
    if let Some(Err(full)) = spent.map(|spent| spent.push(value)) {
        drop(full);
    }
}
