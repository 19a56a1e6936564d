//! What the handles, the leases and the clerk thread share: ports, the way to the shard, the last figures.
//!
//! Control side; it may lock.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crossbeam::channel::{Receiver, Sender};
use talkpath_engine::LegId;
use talkpath_rt::clock::{Clock, MonotonicClock};
use talkpath_rt::ring::{Full, Producer};
use talkpath_rt::timing::SlotStats;

use super::NetError;
use super::config::NetConfig;
use super::level::ClerkLevels;
use super::ports::PortPool;
use super::sockets::Sockets;
use super::status::{NetLegStats, Snapshot};
use super::wire::{Command, NetEvent};

/// What the control side shares.
pub(crate) struct Office {
    pub(crate) config: NetConfig,
    /// Most legs at once, after what the system grants.
    pub(crate) limit: usize,
    pub(crate) desk: Mutex<Desk>,
    pub(crate) subscribers: Mutex<Vec<Sender<NetEvent>>>,
    pub(crate) published: Mutex<Published>,
}

/// Ports and the way to the shard.
pub(crate) struct Desk {
    pub(crate) commands: Producer<Command>,
    /// Detaches that found the ring full. They must not be lost, nor overtaken by an attach.
    pub(crate) backlog: VecDeque<Command>,
    pub(crate) ports: PortPool,
    /// The legs that the shard has, or will have before any later command, by their keys.
    pub(crate) attached: HashMap<u64, Attached>,
    /// The most that there ever were.
    pub(crate) most_attached: usize,
    /// By index, the leg that another has taken the place of, until somebody detaches it: where its last figures come.
    pub(crate) displaced: HashMap<u32, (LegId, Receiver<NetLegStats>)>,
    pub(crate) closed: bool,
}

/// What is kept of an attached leg.
pub(crate) struct Attached {
    /// Its port.
    pub(crate) port: u16,
    /// Where its last figures will come.
    pub(crate) farewell: Receiver<NetLegStats>,
}

/// The last figures.
pub(crate) struct Published {
    pub(crate) snapshot: Box<Snapshot>,
    pub(crate) timing: SlotStats,
    pub(crate) levels: ClerkLevels,
}

impl std::fmt::Debug for Office {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Office")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

/// The data behind `mutex`, also after a panic elsewhere: all of it is whole between two statements.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Office {
    /// Closes sockets and lets their port rest.
    pub(crate) fn close(&self, sockets: Sockets) {
        let port = sockets.port;
        drop(sockets);
        lock(&self.desk).ports.rest(port, MonotonicClock.now());
    }

    /// Passes an event to all subscribers, forgetting those that are gone.
    pub(crate) fn announce(&self, event: NetEvent) {
        lock(&self.subscribers).retain(|subscriber| subscriber.send(event).is_ok());
    }
}

impl Desk {
    /// Sends a command to the shard.
    ///
    /// # Errors
    /// [`NetError::Closed`], or [`NetError::Busy`] with the command when the ring is full or older ones wait.
    pub(crate) fn submit(&mut self, command: Command) -> Result<(), (NetError, Command)> {
        if self.closed {
            return Err((NetError::Closed, command));
        }
        self.flush();
        let busy = NetError::Busy {
            capacity: self.commands.capacity(),
        };
        if !self.backlog.is_empty() {
            return Err((busy, command));
        }
        self.commands
            .push(command)
            .map_err(|Full(command)| (busy, command))
    }

    /// Ends a leg. Never refused for want of room.
    pub(crate) fn detach(&mut self, leg: LegId) -> Result<Receiver<NetLegStats>, NetError> {
        let Some(Attached { farewell, .. }) = self.attached.remove(&leg.to_bits()) else {
            let own = self.displaced.entry(leg.index());
            return match own {
                Entry::Occupied(own) if own.get().0 == leg => Ok(own.remove().1),
                _ => Err(NetError::NotAttached(leg)),
            };
        };
        match self.submit(Command::Detach(leg.to_bits())) {
            Ok(()) => {}
            Err((NetError::Busy { .. }, command)) => self.backlog.push_back(command),
            Err((error, _)) => return Err(error),
        }
        Ok(farewell)
    }

    /// Sends what waits, as far as there is room.
    pub(crate) fn flush(&mut self) {
        while let Some(command) = self.backlog.pop_front() {
            if let Err(Full(command)) = self.commands.push(command) {
                self.backlog.push_front(command);
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use talkpath_rt::ring::ring;

    use super::*;

    #[test]
    fn a_full_command_ring_is_told_and_a_detach_is_not_lost() {
        let (commands, mut obeyed) = ring(2);
        let mut desk = Desk {
            commands,
            backlog: VecDeque::new(),
            ports: PortPool::new(&(10..=11), Duration::ZERO),
            attached: HashMap::new(),
            most_attached: 0,
            displaced: HashMap::new(),
            closed: false,
        };
        for key in 1..=2 {
            assert!(desk.submit(Command::Detach(key)).is_ok());
        }
        let (error, command) = desk.submit(Command::Detach(3)).err().unwrap();
        assert!(matches!(error, NetError::Busy { capacity: 2 }));
        desk.backlog.push_back(command);
        // The one that waits goes first into the room there is.
        obeyed.pop();
        assert!(desk.submit(Command::Detach(4)).is_err());
        let order = std::iter::from_fn(|| match obeyed.pop() {
            Some(Command::Detach(key)) => Some(key),
            _ => None,
        });
        assert_eq!(order.collect::<Vec<_>>(), [2, 3]);
        desk.closed = true;
        assert!(matches!(
            desk.submit(Command::Detach(5)),
            Err((NetError::Closed, _))
        ));
    }
}
