//! Supervisor and workers in virtual time: which slot is run next, and who takes whose place.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use talkpath_rt::clock::{Clock, ManualClock};
use talkpath_rt::thread::Obtained;

use crate::record::recorder::Recorder;
use crate::scripted::{Cost, ScriptedClock};
use crate::supervisor::{Desk, Hiring, Request, Supervisor};
use crate::worker::{Worker, io::Io};

/// Everything but the handles.
pub(super) struct Core {
    pub supervisor: Supervisor,
    /// By place; empty while a lost one is replaced.
    pub workers: Vec<Option<Post>>,
    /// Given up, and still held up.
    pub lost: Vec<(usize, Post)>,
    pub waiting: Vec<Hiring>,
    pub base: Duration,
    pub slot: Duration,
    /// By place: what measures it.
    pub costs: Vec<ScriptedClock>,
    /// What work costs.
    pub script: Option<Arc<Mutex<Cost>>>,
    pub clock: ManualClock,
    pub recorder: Option<Recorder>,
}

/// One worker.
pub(super) struct Post {
    pub worker: Worker,
    pub io: Io,
    pub epoch: u16,
    /// Until when it is held up.
    pub held: Duration,
}

/// In which order the workers run a slot.
pub(super) enum Order {
    Ascending,
    /// By a random number.
    From(u64),
}

impl Core {
    /// When the next slot is due; while one is held up or missing the others' supervisor looks in every slot all the same.
    pub fn due(&self) -> Duration {
        let due = |post: &Option<Post>| match post {
            Some(post) if post.held <= self.clock.now().max(post.worker.due()) => {
                post.worker.due().max(post.held)
            }
            Some(post) => self.next_slot().min(post.held),
            None => self.next_slot(),
        };
        self.workers.iter().map(due).min().unwrap_or(Duration::MAX)
    }

    /// The first slot that begins after now.
    fn next_slot(&self) -> Duration {
        let since = self.clock.now().saturating_sub(self.base).as_nanos();
        let slot = self.slot.as_nanos().max(1);
        self.base + Duration::from_nanos(((since / slot + 1) * slot) as u64)
    }

    /// Runs the next slot at its time, or now when that has passed.
    pub fn slot(&mut self, around: &mut dyn FnMut(&mut dyn FnMut()), order: Order) {
        self.clock.set(self.due());
        let now = self.clock.now();
        let count = self.workers.len();
        let (first, backwards) = match order {
            Order::Ascending => (0, false),
            Order::From(random) => (random as usize % count, random >> 32 & 1 == 1),
        };
        for n in 0..count {
            let at = (first + if backwards { count - n } else { n }) % count;
            let Some(post) = &mut self.workers[at] else {
                continue;
            };
            if post.held > now {
                continue;
            }
            around(&mut || {
                post.worker.step(now, &mut post.io);
            });
            // Until its work is done it cannot begin the next slot.
            let worked = self.costs[at].take();
            if !worked.is_zero() {
                post.held = now + worked;
            }
        }
        self.supervisor.poll(now);
        self.look_after();
        self.visit();
    }

    fn visit(&mut self) {
        if let Some(recorder) = &mut self.recorder {
            recorder.visit(false);
        }
    }

    /// Has the worker in this place cost what the script says.
    pub fn follow_script(&mut self, at: usize) {
        if let (Some(post), Some(cost)) = (&mut self.workers[at], &self.script) {
            post.io.script = Some(self.costs[at].script(Arc::clone(cost)));
        }
    }

    /// What the engine's threads do: who is given up leaves its place, who is hired takes it, who comes home is freed.
    pub fn look_after(&mut self) {
        let now = self.clock.now();
        for hiring in self.supervisor.take_hirings() {
            let old = self.workers[hiring.index].take();
            self.lost.extend(old.map(|post| (hiring.index, post)));
            self.waiting.push(hiring);
        }
        let due = |hiring: &mut Hiring| hiring.not_before <= now;
        let due: Vec<Hiring> = self.waiting.extract_if(.., due).collect();
        for hiring in due {
            let Hiring {
                index,
                epoch,
                mut worker,
                io,
                ..
            } = hiring;
            worker.begin_after(now);
            self.workers[index] = Some(Post {
                worker,
                io,
                epoch,
                held: Duration::ZERO,
            });
            self.follow_script(index);
            self.supervisor.hired(index, Obtained::default());
        }
        for (index, mut post) in self.lost.extract_if(.., |(_, post)| post.held <= now) {
            // It was held up in the middle of a step: that it still ends.
            post.worker.step(now, &mut post.io);
            self.costs[index].take();
            self.supervisor
                .bury(index, post.epoch, post.worker, post.io);
        }
    }
}

impl Desk for Core {
    fn take(&mut self, request: Request) {
        self.supervisor.poll(self.clock.now());
        self.look_after();
        self.supervisor.handle(request);
        self.visit();
    }
}
