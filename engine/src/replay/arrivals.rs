//! The packets of a session in the slots in which they were taken in.

use super::course::WorkerLog;
use super::file::{PacketStream, Recording};
use crate::record::media::Given as Packed;

/// The packets one worker of the session took in, with the slot it did.
pub(super) struct Arrivals<'a> {
    packets: PacketStream,
    worker: usize,
    slots: std::iter::Peekable<std::slice::Iter<'a, (u64, u64)>>,
    taken: u64,
}

impl<'a> Arrivals<'a> {
    pub fn new(recording: &Recording, worker: usize, log: &'a WorkerLog) -> Self {
        Self {
            packets: recording.packets(),
            worker,
            slots: log.packets.iter().peekable(),
            taken: 0,
        }
    }

    /// The next packet, when it was taken in in `slot` or before.
    pub fn next_in(&mut self, slot: u64) -> Option<Packed<'_>> {
        while self.slots.next_if(|(_, by)| *by <= self.taken).is_some() {}
        let (at, _) = self.slots.peek()?;
        if *at > slot {
            return None;
        }
        self.taken += 1;
        self.packets.next_of(self.worker)
    }
}
