//! The workers' threads: who has which place, who was dismissed and has not come home.
//!
//! Control side; shared between the supervisor's thread, which hires, and the handle, which shuts down. A worker that is
//! stuck cannot be ended from outside: it is told to stop, loses its priority, and hands back what it has when it next
//! looks. Until then it is not waited for.

use std::time::Duration;

use crossbeam::channel::{Receiver, SendError, Sender, bounded};
use talkpath_rt::clock::{Clock, MonotonicClock};
use talkpath_rt::flag::Flag;
use talkpath_rt::thread::{
    Obtained, Placement, RtThread, SpawnError, Task, allowed_cores, spawn_prepared,
};

use crate::config::EngineConfig;
use crate::wiring::Stock;
use crate::worker::{Worker, io::Io};

use super::threads::{Ended, run_worker};

/// How often a thread that is to end is looked at.
const LOOK: Duration = Duration::from_millis(1);

/// What a worker's thread owns.
type Own = (Worker, Io);

/// One worker's thread.
struct Hand {
    epoch: u16,
    stop: Flag,
    /// Where its first step waits for what it has built, joined to the others; `None` once it runs.
    begin: Option<Sender<Own>>,
    /// It ends with nothing when it was never begun.
    thread: RtThread<Option<Ended<Own>>>,
}

/// A thread that has come home, and whose it was.
pub(super) struct Home {
    pub index: usize,
    pub epoch: u16,
    pub ended: Ended<Own>,
    /// It was told to stop before.
    pub dismissed: bool,
}

/// All of them.
pub(super) struct Crew {
    config: EngineConfig,
    /// The cores there were at the start: by now this thread may be kept to some of them.
    allowed: Vec<usize>,
    /// By place.
    hands: Vec<Option<Hand>>,
    dismissed: Vec<(usize, Hand)>,
    closing: bool,
}

impl Crew {
    pub fn new(config: EngineConfig, allowed: Vec<usize>) -> Self {
        Self {
            allowed,
            hands: (0..config.workers).map(|_| None).collect(),
            config,
            dismissed: Vec::new(),
            closing: false,
        }
    }

    /// Starts a worker's thread, which builds what the worker will own on its own core and waits to
    /// [begin](Self::begin).
    pub fn hire(&mut self, index: usize) -> Result<Stock, SpawnError> {
        let config = self.config.clone();
        let build = move || Stock::new(&config, index, Box::new(MonotonicClock));
        self.start((index, 0), build)
    }

    /// As [`hire`](Self::hire), in the place of one that is lost and is told to stop. Where no thread can be had for it
    /// now it is built here.
    pub fn replace(&mut self, place: (usize, u16)) -> Stock {
        self.dismiss(place.0);
        let config = self.config.clone();
        let build = move || Stock::anew(&config, place, Box::new(MonotonicClock));
        self.start(place, build.clone()).unwrap_or_else(|error| {
            tracing::error!(%error, "a worker is built before it has a thread");
            build()
        })
    }

    /// Lets a worker make slots, on the thread that has built it if there is one. What cannot begin comes back.
    pub fn begin(
        &mut self,
        (index, epoch): (usize, u16),
        ends: Own,
    ) -> Result<Obtained, Box<(SpawnError, Own)>> {
        let waits = |hand: &Hand| hand.epoch == epoch && hand.begin.is_some();
        if !self.hands[index].as_ref().is_some_and(waits)
            && let Err(why) = self.start((index, epoch), || ())
        {
            return Err(Box::new((why, ends)));
        }
        let hand = self.hands[index].as_mut();
        let Some((begin, hand)) = hand.and_then(|hand| Some((hand.begin.take()?, hand))) else {
            return Err(Box::new((gone(index), ends)));
        };
        match begin.send(ends) {
            Ok(()) => Ok(hand.thread.obtained().clone()),
            Err(SendError(ends)) => Err(Box::new((gone(index), ends))),
        }
    }

    /// Starts a thread on a worker's core. Returns what `build` has made there.
    fn start<T: Send + 'static>(
        &mut self,
        (index, epoch): (usize, u16),
        build: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, SpawnError> {
        let stop = Flag::new();
        if self.closing {
            stop.raise();
        }
        let flag = stop.clone();
        let (begin, begun) = bounded(1);
        let (built, made) = bounded(1);
        let prepare = move || {
            // Who started it waits for exactly this.
            built.send(build()).unwrap_or_default();
            begun
        };
        let body = move |begun: Receiver<Own>, _: &Obtained| {
            let (worker, io) = begun.recv().ok()?;
            Some(run_worker(worker, io, &flag))
        };
        let kept_to = allowed_cores();
        let this = Task::current();
        let widened = kept_to != self.allowed && this.confine_to(&self.allowed).is_ok();
        let spawned = spawn_prepared(self.placement(index), prepare, body);
        if widened && let Err(error) = this.confine_to(&kept_to) {
            tracing::debug!(%error, "the supervisor is not kept to its cores");
        }
        let thread = spawned?;
        self.hands[index] = Some(Hand {
            epoch,
            stop,
            begin: Some(begin),
            thread,
        });
        made.recv().map_err(|_| gone(index))
    }

    /// Where worker `index` is to run.
    fn placement(&self, index: usize) -> Placement {
        let config = &self.config;
        let name = match config.workers {
            1 => config.name.clone(),
            _ => format!("{}-{index}", config.name),
        };
        Placement {
            name,
            core: config.cores.get(index).copied(),
            priority: config.priority,
        }
    }

    /// Tells a worker that is lost to stop when it can, and to be in nobody's way until then.
    pub fn dismiss(&mut self, index: usize) {
        let Some(mut hand) = self.hands[index].take() else {
            return;
        };
        hand.begin = None;
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
        let runs = |hand: &Hand| hand.begin.is_none() && !hand.thread.is_finished();
        self.hands.iter().flatten().any(runs)
    }

    /// Stops all of them and gives what they had. One that does not come within the time of the watchdog is left to
    /// the end of the process, with all it has.
    pub fn close(&mut self) -> Vec<Home> {
        self.closing = true;
        let hands = self.hands.iter_mut().enumerate();
        let hands = hands.filter_map(|(index, hand)| Some((index, hand.take()?)));
        self.dismissed.extend(hands);
        for (_, hand) in &mut self.dismissed {
            hand.stop.raise();
            hand.begin = None;
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

/// The thread that was to be worker `index` has ended before it began.
fn gone(index: usize) -> SpawnError {
    SpawnError {
        name: format!("worker {index}"),
        reason: std::io::Error::other("it ended before its first slot"),
    }
}

/// What a thread that has ended leaves. Its own fence catches every panic, so there is something unless it never began.
fn home((index, hand, dismissed): (usize, Hand, bool)) -> Option<Home> {
    let epoch = hand.epoch;
    match hand.thread.join() {
        Ok(ended) => ended.map(|ended| Home {
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
