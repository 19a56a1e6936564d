//! How full the network side's rings and inventories are. Each level is read by the thread that owns the end it is
//! read off: the shard's travel in the snapshot, the clerk's are published beside it.

use talkpath_engine::status::Fill;
use talkpath_rt::ring::{Consumer, Producer};

/// One level; plain numbers, so that the shard can copy it without allocating.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Level {
    /// In use now.
    pub now: usize,
    /// Room.
    pub limit: usize,
    /// The most ever, where it is kept.
    pub most: Option<usize>,
}

impl From<talkpath_rt::level::Level> for Level {
    fn from(level: talkpath_rt::level::Level) -> Self {
        Self {
            now: level.now,
            limit: level.limit,
            most: Some(level.most),
        }
    }
}

impl Level {
    /// Of a ring this thread fills.
    pub(crate) fn filled<T>(ring: &Producer<T>) -> Self {
        ring.level().into()
    }

    /// Of a ring this thread empties; call it before emptying.
    pub(crate) fn found<T>(ring: &mut Consumer<T>) -> Self {
        ring.gauge();
        ring.level().into()
    }

    /// As the status page has it.
    pub(crate) fn fill(self, what: &str) -> Fill {
        Fill::new(what, self.now, self.limit, self.most)
    }
}

/// What packets travel in, seen from the shard.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PacketLevels {
    /// Boxes of the way in that are out of the shard's hands.
    pub boxes_in: Level,
    /// Full boxes that wait for the worker.
    pub ring_in: Level,
    /// Full boxes that wait for the shard.
    pub ring_out: Level,
    /// Packets held back until their time.
    pub held: Level,
    /// Boxes of slot timing that are out of the shard's hands.
    pub timing_boxes: Level,
}

/// The rings from the shard that the clerk empties.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ClerkLevels {
    /// Commands and snapshots that came back.
    pub returned: Level,
    /// What the shard noticed.
    pub events: Level,
}

/// All of them, under the names of `docs/counters.md`.
pub(crate) fn fills(
    packets: PacketLevels,
    clerk: ClerkLevels,
    commands: Level,
    legs: Level,
) -> Vec<Fill> {
    vec![
        legs.fill("attached legs"),
        packets.boxes_in.fill("boxes in"),
        packets.ring_in.fill("packets in ring"),
        packets.ring_out.fill("packets out ring"),
        packets.held.fill("held packets"),
        packets.timing_boxes.fill("shard timing boxes"),
        commands.fill("shard commands ring"),
        clerk.returned.fill("shard returns ring"),
        clerk.events.fill("shard events ring"),
    ]
}
