//! How many boxes there are, and where.

use talkpath_nodes::packet::Packet;
use talkpath_rt::boxes::{Borrower, Lender};
use talkpath_rt::level::Level;
use talkpath_rt::ring::Consumer;

use super::{FromWorkers, ToWorkers};

impl ToWorkers {
    /// Empties that can be taken (a lower bound).
    #[must_use]
    pub fn available(&self) -> usize {
        self.lenders().map(Lender::available).sum()
    }

    /// Boxes out of the shard's hands: waiting, at the workers, or on their way back.
    #[must_use]
    pub fn out(&self) -> Level {
        let limit = self.inventory();
        Level {
            most: self.most_out,
            now: limit.saturating_sub(self.available()),
            limit,
        }
    }

    /// Boxes in all, wherever they are.
    #[must_use]
    pub fn inventory(&self) -> usize {
        self.lenders().map(Lender::inventory).sum()
    }

    /// Full boxes that wait for their workers (a lower bound).
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.lenders().map(Lender::waiting).sum()
    }

    /// The most that ever waited for one worker.
    #[must_use]
    pub fn high_water(&self) -> usize {
        self.lenders().map(Lender::high_water).max().unwrap_or(0)
    }

    fn lenders(&self) -> impl Iterator<Item = &Lender<Packet>> {
        self.ways.iter().map(|way| &way.lender)
    }
}

impl FromWorkers {
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

    /// Whether every worker is gone, and nobody is left who could put others in their place.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        let alone = self.changes.as_ref().is_none_or(Consumer::is_abandoned);
        alone && self.borrowers.iter().all(Borrower::is_abandoned)
    }
}
