//! The round over all legs: RTCP that is due, silence, unheard events, figures for a snapshot. Shard thread.
//!
//! A few legs each slot, all of them within [`ROUND`] slots, so the work is flat and no timer queue is needed.

use std::time::Duration;

use talkpath_rt::handle::Handle;
use talkpath_rt::pages;
use talkpath_rt::ring::Producer;

use super::counters::NetCounters;
use super::leg::{Legs, ShardLeg};
use super::status::Snapshot;
use super::wall::Wall;
use super::wire::NetEvent;

/// Slots one round takes.
const ROUND: usize = 20;

/// The order of the round, and where it is.
pub(crate) struct Sweep {
    roster: Vec<Handle<ShardLeg>>,
    cursor: usize,
    filling: Option<Box<Snapshot>>,
    waiting: Option<Box<Snapshot>>,
}

/// What a sweep needs of the rest of the shard.
pub(crate) struct Rounds<'a> {
    /// The legs.
    pub legs: &'a mut Legs,
    /// Their common counters.
    pub counters: &'a mut NetCounters,
    /// Where events go.
    pub events: &'a mut Producer<NetEvent>,
    /// The wall clock's mapping.
    pub wall: &'a Wall,
    /// Silence that is reported.
    pub media_timeout: Duration,
    /// Now, on the engine's clock.
    pub now: Duration,
}

impl Sweep {
    /// An empty round with room for `capacity` legs.
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            roster: pages::reserved(capacity),
            cursor: 0,
            filling: None,
            waiting: None,
        }
    }

    /// Takes a leg into the round.
    pub(crate) fn enter(&mut self, leg: Handle<ShardLeg>) {
        self.roster.push(leg);
    }

    /// Takes a leg out; the others are neither left out of this round nor visited twice.
    pub(crate) fn leave(&mut self, leg: Handle<ShardLeg>) {
        let Some(mut place) = self.roster.iter().position(|other| *other == leg) else {
            return;
        };
        if place < self.cursor {
            self.cursor -= 1;
            self.roster.swap(place, self.cursor);
            place = self.cursor;
        }
        self.roster.swap_remove(place);
    }

    /// Legs in the round.
    pub(crate) fn len(&self) -> usize {
        self.roster.len()
    }

    /// Any leg of the round.
    pub(crate) fn last(&self) -> Option<Handle<ShardLeg>> {
        self.roster.last().copied()
    }

    /// Fills `snapshot` in the next whole round. The control side has one under way at a time; a second would
    /// come back unfilled at once.
    pub(crate) fn fill(&mut self, snapshot: Box<Snapshot>) -> Option<Box<Snapshot>> {
        self.waiting.replace(snapshot)
    }

    /// One slot's share of the round; a snapshot when this share has completed it and there is `room` for it. Without
    /// room it stays, and the next round fills it anew.
    pub(crate) fn step(&mut self, rounds: &mut Rounds<'_>, room: bool) -> Option<Box<Snapshot>> {
        if self.cursor == 0 {
            if self.filling.is_none() {
                self.filling = self.waiting.take();
            }
            if let Some(snapshot) = &mut self.filling {
                snapshot.legs.clear();
            }
        }
        let share = self.roster.len().div_ceil(ROUND);
        let end = (self.cursor + share).min(self.roster.len());
        for key in &self.roster[self.cursor..end] {
            rounds.visit(*key);
            if let (Some(snapshot), Some(leg)) = (&mut self.filling, rounds.legs.get(*key))
                && snapshot.legs.len() < snapshot.legs.capacity()
            {
                snapshot.legs.push(leg.stats());
            }
        }
        self.cursor = end;
        if end < self.roster.len() {
            return None;
        }
        self.cursor = 0;
        if !room {
            return None;
        }
        self.filling.take().map(|mut snapshot| {
            snapshot.counters = *rounds.counters;
            snapshot
        })
    }
}

impl Rounds<'_> {
    fn visit(&mut self, key: Handle<ShardLeg>) {
        let Self {
            legs,
            counters,
            events,
            wall,
            media_timeout,
            now,
        } = self;
        let Some(leg) = legs.get_mut(key) else {
            return;
        };
        if leg.far.reports.is_due(*now) {
            leg.send_report(*now, wall, counters);
        }
        if leg.far.times_out(*now, *media_timeout) {
            counters.media_timeouts += 1;
            let id = leg.id;
            leg.note(NetEvent::MediaTimeout(id));
        }
        while let Some(event) = leg.events.first().copied() {
            if events.push(event).is_err() {
                counters.events_delayed += 1;
                return;
            }
            leg.events.remove(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroU32;

    #[test]
    fn leaving_skips_nobody_and_repeats_nobody() {
        let leg = |index| Handle::<ShardLeg>::new(index, NonZeroU32::MIN);
        for gone in 0..6 {
            let mut sweep = Sweep::new(6);
            (0..6).for_each(|index| sweep.enter(leg(index)));
            sweep.cursor = 3;
            let visited: Vec<_> = sweep.roster[..3].to_vec();
            sweep.leave(leg(gone));
            let mut rest: Vec<_> = sweep.roster[sweep.cursor..].to_vec();
            rest.sort_unstable();
            let expected: Vec<_> = (0..6)
                .map(leg)
                .filter(|l| *l != leg(gone) && !visited.contains(l))
                .collect();
            assert_eq!(rest, expected);
            sweep.leave(leg(99));
            assert_eq!(sweep.len(), 5);
        }
    }
}
