//! The control side's own thread: what comes back from the shard is closed, rested, passed on, published.
//!
//! The clerk wakes a few dozen times a second. It never waits for the shard, nor the shard for it. What it shares with
//! the handles is in the [`Office`].

use std::sync::Arc;
use std::time::Duration;

use crossbeam::channel::{Receiver, RecvTimeoutError};
use talkpath_rt::clock::{Clock, MonotonicClock};
use talkpath_rt::ring::Consumer;
use talkpath_rt::timing::StatsSink;

use super::leg::ShardLeg;
use super::level::{ClerkLevels, Level};
use super::office::{Office, lock};
use super::status::Snapshot;
use super::wire::{Command, NetEvent, Returned};

/// The longest nap of the clerk.
const NAP: Duration = Duration::from_millis(20);

/// The clerk thread's own ends of the rings.
pub(crate) struct Clerk {
    pub(crate) office: Arc<Office>,
    pub(crate) returned: Consumer<Returned>,
    pub(crate) events: Consumer<NetEvent>,
    pub(crate) timing: StatsSink,
    /// The snapshot box that is not published, when it is here.
    pub(crate) spare: Option<Box<Snapshot>>,
}

impl Clerk {
    /// Works until `stop` is dropped.
    pub(crate) fn run(mut self, stop: &Receiver<()>) {
        let mut asked = Duration::ZERO;
        let nap = NAP.min(self.office.config.status_interval / 2);
        while stop.recv_timeout(nap) == Err(RecvTimeoutError::Timeout) {
            self.work();
            let now = MonotonicClock.now();
            if now.saturating_sub(asked) >= self.office.config.status_interval {
                self.ask_for_figures();
                asked = now;
            }
        }
        self.work();
    }

    /// Everything that has come back so far.
    pub(crate) fn work(&mut self) {
        lock(&self.office.desk).flush();
        let levels = ClerkLevels {
            returned: Level::found(&mut self.returned),
            events: Level::found(&mut self.events),
        };
        while let Some(event) = self.events.pop() {
            self.office.announce(event);
        }
        while let Some(returned) = self.returned.pop() {
            match returned {
                Returned::Leg(leg) => {
                    if let Some(farewell) = &leg.farewell {
                        // Whoever detached it need not want them.
                        farewell.try_send(leg.stats()).ok();
                    }
                    self.office.close(leg.sockets);
                }
                Returned::Refused(leg) => self.refused(*leg),
                Returned::Change(change) => drop(change),
                Returned::Snapshot(snapshot) => {
                    let mut published = lock(&self.office.published);
                    self.spare = Some(std::mem::replace(&mut published.snapshot, snapshot));
                }
            }
        }
        let mut published = lock(&self.office.published);
        published.levels = levels;
        self.timing.collect(&mut published.timing);
    }

    /// Forgets a leg that the shard would not have, and says so, unless it was detached meanwhile.
    fn refused(&self, leg: ShardLeg) {
        tracing::error!(leg = %leg.id, "the media shard refused the leg");
        let (key, port) = (leg.id.to_bits(), leg.sockets.port);
        let ours = {
            // The same leg may have been attached anew by now, on another port.
            let attached = &mut lock(&self.office.desk).attached;
            let same = attached.get(&key).is_some_and(|known| known.port == port);
            same && attached.remove(&key).is_some()
        };
        self.office.close(leg.sockets);
        if ours {
            self.office.announce(NetEvent::Refused(leg.id));
        }
    }

    /// Sends the spare snapshot to be filled, unless it is still away.
    fn ask_for_figures(&mut self) {
        let Some(snapshot) = self.spare.take() else {
            return;
        };
        if let Err((_, Command::Snapshot(snapshot))) =
            lock(&self.office.desk).submit(Command::Snapshot(snapshot))
        {
            self.spare = Some(snapshot);
        }
    }
}
