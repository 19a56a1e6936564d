//! Edits that belong together, for one worker or several.
//!
//! What concerns one worker is one transaction and takes effect at once. What concerns several names a slot that none
//! of them has begun yet, so that they all take it in the same one (D12).

use std::time::Duration;

use crate::proto::Command;

use super::Supervisor;
use super::transactions::TRANSACTION;

/// From a decision about several workers until they take it: long enough for the commands to be there, also when the
/// supervisor is held up between two of them.
const LEAD: Duration = Duration::from_millis(10);

/// Edits in order, with the worker each is for.
#[derive(Debug, Default)]
pub(super) struct Batch(Vec<(u8, Command)>);

impl Batch {
    pub fn push(&mut self, worker: u8, command: Command) {
        self.0.push((worker, command));
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The workers concerned, some of them more than once.
    pub fn workers(&self) -> impl Iterator<Item = u8> {
        self.0.iter().map(|(worker, _)| *worker)
    }

    /// Whether more than one worker is concerned.
    fn is_shared(&self) -> bool {
        self.0.windows(2).any(|pair| pair[0].0 != pair[1].0)
    }
}

impl Supervisor {
    /// The first slot that can be named for all of `workers` at once: what waits there is done by then, so that none of
    /// them takes it later than the others.
    pub(super) fn slot_for(&self, workers: impl Iterator<Item = u8>) -> u64 {
        let clear = |slot, worker| {
            let site = &self.sites[usize::from(worker)];
            site.transactions.clear_from(slot)
        };
        workers.fold(self.slot_ahead(), |latest, worker| {
            latest.max(clear(self.slot_ahead(), worker))
        })
    }

    /// The first slot that all can have heard of.
    fn slot_ahead(&self) -> u64 {
        let lead = self.config.edit_lead.unwrap_or(LEAD);
        let ahead = (self.now + lead).saturating_sub(self.base);
        (ahead.as_nanos() / self.config.slot.as_nanos().max(1)) as u64 + 1
    }

    /// Sends a batch: in one slot when it concerns several workers, else at once.
    pub(super) fn submit(&mut self, batch: Batch) {
        let together = batch.is_shared() || self.config.edit_lead.is_some();
        let not_before = if together && !self.follows() {
            self.slot_for(batch.workers())
        } else {
            0
        };
        self.submit_at(batch, not_before);
    }

    /// Sends a batch for slot `not_before` or later.
    pub(super) fn submit_at(&mut self, batch: Batch, not_before: u64) {
        let mut by_worker: Vec<Vec<Command>> = Vec::new();
        by_worker.resize_with(self.sites.len(), Vec::new);
        for (worker, command) in batch.0 {
            by_worker[usize::from(worker)].push(command);
        }
        for (site, mut commands) in self.sites.iter_mut().zip(by_worker) {
            while !commands.is_empty() {
                let rest = commands.split_off(commands.len().min(TRANSACTION));
                site.transactions.add(commands, not_before);
                commands = rest;
            }
        }
    }
}
