//! The packets that wait, ordered by time, with the ones already given up at the front.
//!
//! One bounded deque holds both: `[spent … | live …]`. Giving a packet up only moves the line between them;
//! the box leaves with the next list of units. The deque is allocated by the control side and never grows.

use crate::packet::Packet;
use std::collections::VecDeque;

/// A packet with its place on the 64-bit timeline, in ticks of the RTP clock.
#[derive(Debug)]
pub(super) struct Entry {
    pub start: i64,
    pub ticks: u32,
    pub sequence: u16,
    pub packet: Box<Packet>,
}

impl Entry {
    pub fn end(&self) -> i64 {
        self.start + i64::from(self.ticks)
    }

    /// Less than half of it is still to come at `position`: playing it would insert more delay than it
    /// repairs.
    pub fn is_past(&self, position: i64) -> bool {
        (self.end() - position) * 2 < i64::from(self.ticks)
    }
}

#[derive(Debug)]
pub(super) struct Queue {
    entries: VecDeque<Entry>,
    spent: usize,
    limit: usize,
}

/// Why [`Queue::insert`] gave the packet back.
pub(super) enum Refused {
    Full(Entry),
    Duplicate(Entry),
}

impl Queue {
    pub fn new(limit: usize) -> Self {
        Self {
            entries: VecDeque::with_capacity(limit),
            spent: 0,
            limit,
        }
    }

    /// Live packets.
    pub fn live(&self) -> usize {
        self.entries.len() - self.spent
    }

    /// The oldest live packet.
    pub fn front(&self) -> Option<&Entry> {
        self.entries.get(self.spent)
    }

    /// The newest live packet.
    pub fn back(&self) -> Option<&Entry> {
        self.entries.back().filter(|_| self.live() > 0)
    }

    /// Inserts in order of time; in-order arrival costs one comparison.
    pub fn insert(&mut self, entry: Entry) -> Result<(), Refused> {
        if self.entries.len() >= self.limit {
            return Err(Refused::Full(entry));
        }
        let mut at = self.entries.len();
        while at > self.spent && self.entries[at - 1].start > entry.start {
            at -= 1;
        }
        if at > self.spent && self.entries[at - 1].start == entry.start {
            return Err(Refused::Duplicate(entry));
        }
        if at == self.entries.len() {
            self.entries.push_back(entry);
        } else {
            self.entries.insert(at, entry);
        }
        Ok(())
    }

    /// Takes the oldest live packet out.
    pub fn pop_live(&mut self) -> Option<Entry> {
        if self.spent == 0 {
            self.entries.pop_front()
        } else {
            self.entries.remove(self.spent)
        }
    }

    /// Takes a spent packet out.
    pub fn pop_spent(&mut self) -> Option<Box<Packet>> {
        self.spent = self.spent.checked_sub(1)?;
        self.entries.pop_front().map(|entry| entry.packet)
    }

    /// Gives the oldest live packet up.
    pub fn spend_front(&mut self) {
        self.spent = (self.spent + 1).min(self.entries.len());
    }

    /// Gives live packets up, oldest first, while `past` says so; returns how many.
    pub fn spend_while(&mut self, past: impl Fn(&Entry) -> bool) -> u64 {
        let mut count = 0;
        while self.front().is_some_and(&past) {
            self.spend_front();
            count += 1;
        }
        count
    }
}
