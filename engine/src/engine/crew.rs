//! The workers' threads: who has which place, who was dismissed and has not come home.
//!
//! Control side; shared between the supervisor's thread, which hires, and the handle, which shuts down. A worker that is
//! stuck cannot be ended from outside: it is told to stop, loses its priority, and hands back what it has when it next
//! looks. Until then it is not waited for.

use std::time::Duration;

use talkpath_rt::clock::{Clock, MonotonicClock};
use talkpath_rt::flag::Flag;
use talkpath_rt::thread::{self, Obtained, RtThread, SpawnError};

use crate::config::EngineConfig;
use crate::worker::{Worker, io::Io};

use super::placement;
use super::threads::{Ended, run_worker};

/// How often a thread that is to end is looked at.
const LOOK: Duration = Duration::from_millis(1);

/// One worker's thread.
struct Hand {
    epoch: u16,
    stop: Flag,
    thread: RtThread<Ended<(Worker, Io)>>,
}

/// A thread that has come home, and whose it was.
pub(super) struct Home {
    pub index: usize,
    pub epoch: u16,
    pub ended: Ended<(Worker, Io)>,
    /// It was told to stop before.
    pub dismissed: bool,
}

/// All of them.
pub(super) struct Crew {
    config: EngineConfig,
    /// By place.
    hands: Vec<Option<Hand>>,
    dismissed: Vec<(usize, Hand)>,
    closing: bool,
}

impl Crew {
    pub fn new(config: EngineConfig) -> Self {
        Self {
            hands: (0..config.workers).map(|_| None).collect(),
            config,
            dismissed: Vec::new(),
            closing: false,
        }
    }

    /// Gives a worker a thread.
    pub fn hire(
        &mut self,
        (index, epoch): (usize, u16),
        worker: Worker,
        io: Io,
    ) -> Result<Obtained, SpawnError> {
        let stop = Flag::new();
        if self.closing {
            stop.raise();
        }
        let sign = stop.clone();
        let place = placement(&self.config, index);
        let thread = thread::spawn(place, move |_| run_worker(worker, io, &sign))?;
        let obtained = thread.obtained().clone();
        self.hands[index] = Some(Hand {
            epoch,
            stop,
            thread,
        });
        Ok(obtained)
    }

    /// Tells a worker that is lost to stop when it can, and to be in nobody's way until then.
    pub fn dismiss(&mut self, index: usize) {
        let Some(hand) = self.hands[index].take() else {
            return;
        };
        hand.stop.raise();
        if let Err(error) = hand.thread.task().demote() {
            tracing::debug!(%error, index, "a lost worker keeps its priority");
        }
        self.dismissed.push((index, hand));
    }

    /// The threads that have ended since the last call.
    pub fn home(&mut self) -> Vec<Home> {
        let mut ended: Vec<(usize, Hand, bool)> = Vec::new();
        for (index, place) in self.hands.iter_mut().enumerate() {
            let hand = place.take_if(|hand| hand.thread.is_finished());
            ended.extend(hand.map(|hand| (index, hand, false)));
        }
        let dismissed = self
            .dismissed
            .extract_if(.., |(_, hand)| hand.thread.is_finished());
        ended.extend(dismissed.map(|(index, hand)| (index, hand, true)));
        ended.into_iter().filter_map(home).collect()
    }

    /// Whether there is media: a worker that has a thread.
    pub fn is_alive(&self) -> bool {
        let runs = |hand: &Hand| !hand.thread.is_finished();
        self.hands.iter().flatten().any(runs)
    }

    /// Stops all of them and gives what they had. One that does not come within the time of the watchdog is left to
    /// the end of the process, with all it has.
    pub fn close(&mut self) -> Vec<Home> {
        self.closing = true;
        let hands = self.hands.iter_mut().enumerate();
        let hands = hands.filter_map(|(index, hand)| Some((index, hand.take()?)));
        self.dismissed.extend(hands);
        for (_, hand) in &self.dismissed {
            hand.stop.raise();
        }
        let clock = MonotonicClock;
        let patience = clock.now() + self.config.watchdog;
        let waits = |all: &[(usize, Hand)]| all.iter().any(|(_, hand)| !hand.thread.is_finished());
        while waits(&self.dismissed) && clock.now() < patience {
            clock.sleep_until(clock.now() + LOOK);
        }
        let all = self.home();
        for (index, hand) in self.dismissed.drain(..) {
            let epoch = hand.epoch;
            tracing::error!(index, epoch, "a worker does not stop; it is left behind");
        }
        all
    }
}

/// What a thread that has ended leaves. Its own fence catches every panic, so there is always something.
fn home((index, hand, dismissed): (usize, Hand, bool)) -> Option<Home> {
    let epoch = hand.epoch;
    match hand.thread.join() {
        Ok(ended) => Some(Home {
            index,
            epoch,
            ended,
            dismissed,
        }),
        Err(_) => {
            tracing::error!(index, "a worker's thread panicked outside of its loop");
            None
        }
    }
}
