//! What is due in which slot, for as many slots ahead as anything is ever put off.

/// One thing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// The phone's next packet, in the call it was put down for.
    Talk { seat: usize, call: u32 },
    /// A packet that was put off: sequence, timestamp, number.
    Packet {
        seat: usize,
        call: u32,
        packet: (u16, u32, usize),
    },
}

/// A ring of slots.
#[derive(Debug)]
pub(super) struct Wheel {
    slots: Vec<Vec<Due>>,
}

impl Wheel {
    /// For things at most `ahead - 1` slots away.
    pub(super) fn new(ahead: usize) -> Self {
        Self {
            slots: vec![Vec::new(); ahead],
        }
    }

    pub(super) fn put(&mut self, slot: u64, due: Due) {
        let place = self.place(slot);
        self.slots[place].push(due);
    }

    /// Everything due in `slot`. [Give the room back](Self::give_back).
    pub(super) fn take(&mut self, slot: u64) -> Vec<Due> {
        let place = self.place(slot);
        std::mem::take(&mut self.slots[place])
    }

    /// The room that was taken, so that the next turn of the wheel need not allocate.
    pub(super) fn give_back(&mut self, slot: u64, room: Vec<Due>) {
        let place = self.place(slot);
        if self.slots[place].is_empty() {
            self.slots[place] = room;
        }
    }

    fn place(&self, slot: u64) -> usize {
        (slot % self.slots.len() as u64) as usize
    }
}
