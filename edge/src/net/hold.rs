//! Packets on their way out that must not leave yet. Shard thread.
//!
//! A frame longer than the packet time makes several packets at once; all but the first carry a time before which
//! they must not leave. They wait here, bounded; when there is no room left the caller sends at once.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::time::Duration;

use talkpath_nodes::packet::Packet;
use talkpath_rt::pages;

use super::level::Level;

/// A bounded queue ordered by time, first in first out at equal times.
pub(crate) struct Hold {
    heap: BinaryHeap<Reverse<Held>>,
    capacity: usize,
    arrivals: u64,
    most: usize,
}

/// The time is copied out of the box: ordering must not touch the packets, which another core wrote.
struct Held {
    not_before: Duration,
    arrival: u64,
    packet: Box<Packet>,
}

impl Hold {
    /// Room for `capacity` packets, allocated once.
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            heap: pages::reserved(capacity).into(),
            capacity,
            arrivals: 0,
            most: 0,
        }
    }

    /// Keeps `packet` until its `not_before`.
    ///
    /// # Errors
    /// The packet, when the queue is full.
    pub(crate) fn keep(&mut self, packet: Box<Packet>) -> Result<(), Box<Packet>> {
        if self.heap.len() == self.capacity {
            return Err(packet);
        }
        self.arrivals += 1;
        self.heap.push(Reverse(Held {
            not_before: packet.not_before,
            arrival: self.arrivals,
            packet,
        }));
        self.most = self.most.max(self.heap.len());
        Ok(())
    }

    /// A packet whose time has come at `now`, the earliest first.
    pub(crate) fn due(&mut self, now: Duration) -> Option<Box<Packet>> {
        let Reverse(first) = self.heap.peek()?;
        if first.not_before > now {
            return None;
        }
        self.heap.pop().map(|Reverse(held)| held.packet)
    }

    /// How full it is.
    pub(crate) fn level(&self) -> Level {
        Level {
            now: self.heap.len(),
            limit: self.capacity,
            most: Some(self.most),
        }
    }

    /// Packets waiting.
    pub(crate) fn len(&self) -> usize {
        self.heap.len()
    }
}

impl Ord for Held {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.not_before, self.arrival).cmp(&(other.not_before, other.arrival))
    }
}

impl PartialOrd for Held {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Held {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Held {}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(leg: u64, ms: u64) -> Box<Packet> {
        let mut packet = Box::new(Packet::empty());
        packet.leg = leg;
        packet.not_before = Duration::from_millis(ms);
        packet
    }

    #[test]
    fn in_order_of_time_then_arrival() {
        let mut hold = Hold::new(4);
        for (leg, ms) in [(1, 30), (2, 10), (3, 30), (4, 20)] {
            assert!(hold.keep(packet(leg, ms)).is_ok());
        }
        assert_eq!(hold.keep(packet(5, 1)).unwrap_err().leg, 5);
        assert!(hold.due(Duration::from_millis(9)).is_none());
        let mut order = Vec::new();
        while let Some(packet) = hold.due(Duration::from_millis(30)) {
            order.push(packet.leg);
        }
        assert_eq!((order, hold.len()), (vec![2, 4, 1, 3], 0));
        let (now, limit, most) = (0, 4, Some(4));
        assert_eq!(hold.level(), Level { now, limit, most });
    }
}
