//! What an engine tells those who subscribe.
//!
//! The supervisor publishes; any number of subscribers read, each from its own bounded
//! channel. A slow subscriber never holds anybody up: it loses the newest events and is told
//! how many ([`EventKind::Missed`]).

use std::time::Duration;

use crossbeam::channel::{Receiver, Sender, TrySendError, bounded};

use crate::proto::{Culprit, LegId, RoomId};

/// Events one subscriber may be behind.
pub(crate) const BACKLOG: usize = 4_096;

/// Why a leg is no longer in its room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LeaveReason {
    /// Somebody asked for it.
    Requested,
    /// Its room was closed.
    RoomClosed,
    /// No media came from it for too long.
    MediaTimeout,
    /// Its player came to the end.
    Finished,
    /// The engine was shut down.
    Shutdown,
    /// Its worker was lost, and nobody but the application could build it anew: a port.
    WorkerLost,
}

/// How a worker was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WorkerFault {
    /// Its thread ended by itself.
    Exited {
        /// What the panic said.
        fault: String,
    },
    /// It made no slot for so long.
    Stuck {
        /// How long.
        silent: Duration,
    },
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When, on the engine's clock (monotonic time).
    pub at: Duration,
    /// What.
    pub kind: EventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// A room was created.
    RoomCreated {
        /// The room.
        room: RoomId,
        /// Its name.
        name: String,
    },
    /// A room is gone from the worker.
    RoomEnded {
        /// The room; the handle is stale now.
        room: RoomId,
        /// Its name.
        name: String,
    },
    /// A leg is in the room: the worker has applied it.
    Joined {
        /// The room.
        room: RoomId,
        /// The leg.
        leg: LegId,
    },
    /// A leg is gone from the worker.
    Left {
        /// The room it was in.
        room: RoomId,
        /// The leg; the handle is stale now.
        leg: LegId,
        /// Why.
        reason: LeaveReason,
    },
    /// A leg runs on another worker now (D6).
    Moved {
        /// The leg.
        leg: LegId,
        /// Index of the worker.
        worker: usize,
    },
    /// A leg began to talk (level above the threshold).
    TalkStarted {
        /// The leg.
        leg: LegId,
    },
    /// A leg fell silent (after the hangover).
    TalkStopped {
        /// The leg.
        leg: LegId,
    },
    /// No media came from the leg for the configured time. It is being removed.
    MediaTimeout {
        /// The leg.
        leg: LegId,
    },
    /// A clip came to its end. The leg stays until it is removed.
    Finished {
        /// The leg.
        leg: LegId,
    },
    /// A node of the leg failed or gave a value that is no number; its frame was concealed.
    Faulted {
        /// The leg.
        leg: LegId,
    },
    /// A node of the leg panicked: half of it runs no more, all others go on (D18). Change its plan to have it back, or
    /// remove it.
    Fenced {
        /// The leg.
        leg: LegId,
        /// Kind of the node.
        node: &'static str,
        /// Whether the leg is still heard: then it is sent nothing. Else the other way round.
        heard: bool,
        /// What the panic said.
        fault: String,
    },
    /// A worker's slot ended after the next was to begin: the first late one of an episode, and the legs that took
    /// longest in it (D14). The engine, not the cohort, is to blame when `took` is small: it was held up.
    Late {
        /// Index of the worker.
        worker: usize,
        /// How late the slot ended.
        by: Duration,
        /// What took longest; `None` when no leg ran.
        culprit: Option<Culprit>,
    },
    /// A worker is no more (D18): it ended, or it has made no slot for the time of the watchdog. Nothing that it may
    /// still do is heard. Its legs are built anew on the one that takes its place; ports leave.
    WorkerLost {
        /// Index of the worker.
        worker: usize,
        /// How.
        why: WorkerFault,
        /// Legs it had.
        legs: usize,
    },
    /// Another worker has begun in the place of one that was lost.
    WorkerReplaced {
        /// Index of the worker.
        worker: usize,
        /// Legs that were built anew on it.
        legs: usize,
    },
    /// This subscriber was too slow: so many events before this one are lost to it.
    Missed {
        /// How many.
        count: u64,
    },
}

/// A subscriber's end. Dropping it unsubscribes.
#[derive(Debug)]
pub struct EventStream {
    events: Receiver<Event>,
}

impl EventStream {
    /// The next event, if there is one now.
    pub fn try_next(&self) -> Option<Event> {
        self.events.try_recv().ok()
    }

    /// Waits for the next event, at most `timeout`. `None`: none came, or the engine is gone.
    pub fn next_within(&self, timeout: Duration) -> Option<Event> {
        self.events.recv_timeout(timeout).ok()
    }

    /// The channel itself, for a `select!`. It disconnects when the engine is gone.
    pub fn receiver(&self) -> &Receiver<Event> {
        &self.events
    }
}

impl Iterator for EventStream {
    type Item = Event;

    /// Blocks for the next event; `None` when the engine is gone.
    fn next(&mut self) -> Option<Event> {
        self.events.recv().ok()
    }
}

/// The supervisor's list of subscribers.
#[derive(Debug, Default)]
pub(crate) struct Subscribers {
    list: Vec<Subscriber>,
    lost: u64,
}

#[derive(Debug)]
struct Subscriber {
    events: Sender<Event>,
    missed: u64,
}

impl Subscribers {
    /// One more, which may be `backlog` events behind.
    pub(crate) fn add(&mut self, backlog: usize) -> EventStream {
        let (tx, rx) = bounded(backlog);
        self.list.push(Subscriber {
            events: tx,
            missed: 0,
        });
        EventStream { events: rx }
    }

    /// Events lost to slow subscribers, over all of them.
    pub(crate) fn lost(&self) -> u64 {
        self.lost
    }

    /// Gives one event to everybody who has room, and forgets who has gone.
    pub(crate) fn publish(&mut self, event: &Event) {
        let before: u64 = self.lost;
        let mut lost = 0;
        self.list
            .retain_mut(|subscriber| subscriber.offer(event, &mut lost));
        self.lost = before + lost;
    }
}

impl Subscriber {
    /// False when the subscriber has gone.
    fn offer(&mut self, event: &Event, lost: &mut u64) -> bool {
        if self.missed > 0 {
            let kind = EventKind::Missed { count: self.missed };
            match self.events.try_send(Event { at: event.at, kind }) {
                Ok(()) => self.missed = 0,
                Err(TrySendError::Full(_)) => {
                    self.missed += 1;
                    *lost += 1;
                    return true;
                }
                Err(TrySendError::Disconnected(_)) => return false,
            }
        }
        match self.events.try_send(event.clone()) {
            Ok(()) => true,
            Err(TrySendError::Full(_)) => {
                self.missed += 1;
                *lost += 1;
                true
            }
            Err(TrySendError::Disconnected(_)) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn talk(at: u64) -> Event {
        Event {
            at: Duration::from_millis(at),
            kind: EventKind::Missed { count: 0 },
        }
    }

    #[test]
    fn a_slow_subscriber_is_told_how_many_it_missed_and_a_quick_one_misses_none() {
        let mut subscribers = Subscribers::default();
        let slow = subscribers.add(2);
        let quick = subscribers.add(16);
        (0..5).for_each(|at| subscribers.publish(&talk(at)));
        assert_eq!(slow.try_next(), Some(talk(0)));
        assert_eq!(slow.try_next(), Some(talk(1)));
        assert_eq!(slow.try_next(), None);
        subscribers.publish(&talk(5));
        let told = slow.try_next().expect("told");
        assert_eq!(told.kind, EventKind::Missed { count: 3 });
        assert_eq!(slow.try_next(), Some(talk(5)));
        assert_eq!(subscribers.lost(), 3);
        assert_eq!(quick.receiver().len(), 6);
    }

    #[test]
    fn a_subscriber_that_went_is_forgotten() {
        let mut subscribers = Subscribers::default();
        drop(subscribers.add(1));
        subscribers.publish(&talk(0));
        assert!(subscribers.list.is_empty());
    }
}
