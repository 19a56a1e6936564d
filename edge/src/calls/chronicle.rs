//! What becomes of each call, step by step: while it lasts, and of the last ones that ended.
//!
//! Control side, one lock held for a few map operations. The call's own task writes what was agreed on, the thread that
//! watches the engine writes what happened to its leg. Bounded: the last [`ENTRIES`] of a call are kept and the others
//! counted, and so are calls. A call of eight entries takes about 1 KiB while it
//! lasts, the longest 4 KiB; its record adds less than one.

mod entry;
mod page;
mod shedding;
mod view;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use talkpath_engine::{Event, EventClass, EventKind, Priority};
use talkpath_rt::clock::{Clock, MonotonicClock};

use super::record::CallRecord;
use super::{Asked, CallLeg, Destination, MediaFigures};
use entry::{Entry, Terms, What};
pub(crate) use page::Page;
pub(super) use shedding::Shedding;
use shedding::{InForce, Step};

/// Entries kept of one call.
const ENTRIES: usize = 64;
/// What happened to legs nobody has claimed yet: a leg is in the engine a moment before its call knows of it.
const EARLY: usize = 64;
/// Ended calls that are kept unless set otherwise.
pub(crate) const KEPT: usize = 1_000;

/// The chronicle. Clones write into the same one.
#[derive(Clone)]
pub(crate) struct Chronicle(Arc<Mutex<Book>>);

struct Book {
    kept: usize,
    next: u64,
    live: BTreeMap<u64, Tale>,
    ended: VecDeque<Tale>,
    legs: HashMap<CallLeg, u64>,
    early: VecDeque<(CallLeg, Entry)>,
    /// What the governors leave out just now.
    in_force: InForce,
}

/// One call.
struct Tale {
    key: u64,
    call_id: String,
    peer: SocketAddr,
    to: Destination,
    class: Priority,
    /// Wall clock and monotonic time.
    began: (Duration, Duration),
    leg: Option<CallLeg>,
    /// The worker its leg is on, as it was last told.
    worker: Option<u8>,
    /// What was left out of it, if anything was.
    shed: Option<Box<shedding::Story>>,
    terms: Option<Terms>,
    entries: VecDeque<Entry>,
    /// Older entries that are not kept.
    left_out: u32,
    /// Of all entries, how many by name.
    counts: BTreeMap<&'static str, u32>,
    record: Option<Box<CallRecord>>,
}

impl std::fmt::Debug for Chronicle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Chronicle")
    }
}

impl Default for Chronicle {
    fn default() -> Self {
        let book = Book {
            kept: KEPT,
            next: 0,
            live: BTreeMap::new(),
            ended: VecDeque::new(),
            legs: HashMap::new(),
            early: VecDeque::new(),
            in_force: InForce::default(),
        };
        Self(Arc::new(Mutex::new(book)))
    }
}

impl Chronicle {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps so many ended calls from now on.
    pub fn keep(&self, calls: usize) {
        self.book().kept = calls;
    }

    /// A page for a new call. Dropped without being [closed](Page::close), it leaves nothing behind.
    pub fn open(&self, call_id: &str, peer: SocketAddr, asked: &Asked) -> Page {
        let mut book = self.book();
        let key = book.next;
        book.next += 1;
        let tale = Tale {
            key,
            call_id: call_id.to_owned(),
            peer,
            to: asked.to.clone(),
            class: asked.class,
            began: (crate::sys::wall_clock(), MonotonicClock.now()),
            leg: None,
            worker: None,
            shed: None,
            terms: None,
            entries: VecDeque::new(),
            left_out: 0,
            counts: BTreeMap::new(),
            record: None,
        };
        book.live.insert(key, tale);
        let chronicle = self.clone();
        Page { chronicle, key }
    }

    /// The engine tells something of a leg, or that a governor has taken a step.
    pub fn happened(&self, event: &Event) {
        if let Some(step) = Step::of(event.at, &event.kind) {
            return self.book().took(step);
        }
        if let EventKind::WorkerLost { worker, .. } = event.kind {
            return self.book().lost(worker, event.at);
        }
        let Some(leg) = event.leg.map(|leg| CallLeg(leg.to_bits())) else {
            return;
        };
        if event.class() == EventClass::Info {
            return;
        }
        let detail = match &event.kind {
            EventKind::Left { reason, .. } => Some(reason.name()),
            EventKind::Fenced { node, .. } => Some(*node),
            _ => None,
        };
        let what = What::Engine {
            info: event.kind.info(),
            detail,
            worker: event.worker.and_then(|worker| u8::try_from(worker).ok()),
        };
        let entry = Entry { at: event.at, what };
        let mut book = self.book();
        match book.legs.get(&leg).copied() {
            Some(key) => book.note(key, entry),
            None => {
                if book.early.len() == EARLY {
                    book.early.pop_front();
                }
                book.early.push_back((leg, entry));
            }
        }
    }

    /// The call a leg is or was of, as long as it is known.
    pub fn call_of(&self, leg: CallLeg) -> Option<String> {
        let book = self.book();
        let key = *book.legs.get(&leg)?;
        book.tale(key).map(|tale| tale.call_id.clone())
    }

    /// All calls, those in progress first, then the ended ones, the last first.
    pub fn list(&self) -> Value {
        let book = self.book();
        let all = book.live.values().chain(book.ended.iter().rev());
        all.map(Tale::row).collect()
    }

    /// The story of the last call of that name; `now` is asked how its leg fares.
    pub fn story(&self, call_id: &str, now: impl FnOnce(CallLeg) -> MediaFigures) -> Option<Value> {
        let book = self.book();
        let named = |tale: &&Tale| tale.call_id == call_id;
        let live = book.live.values().rev().find(named);
        let tale = live.or_else(|| book.ended.iter().rev().find(named))?;
        let (mut story, leg) = (tale.story(), tale.leg.filter(|_| tale.record.is_none()));
        // The host is asked without the lock: it waits for the engine.
        drop(book);
        if let Some(leg) = leg {
            story["now"] = serde_json::to_value(now(leg)).unwrap_or_default();
        }
        Some(story)
    }
}

impl Book {
    fn tale(&self, key: u64) -> Option<&Tale> {
        let ended = || self.ended.iter().rev().find(|tale| tale.key == key);
        self.live.get(&key).or_else(ended)
    }

    fn note(&mut self, key: u64, entry: Entry) {
        let ended = self.ended.iter_mut().rev();
        let tale = match self.live.get_mut(&key) {
            Some(tale) => Some(tale),
            None => ended.into_iter().find(|tale| tale.key == key),
        };
        if let Some(tale) = tale {
            if let Some(worker) = entry.what.came_to() {
                let steps = self
                    .in_force
                    .changed(tale.class, tale.worker, worker, entry.at);
                tale.worker = Some(worker);
                steps.into_iter().for_each(|step| tale.shed(step));
            }
            tale.note(entry);
        }
    }

    /// A governor has taken a step: the calls in progress that it is about are told.
    fn took(&mut self, step: Step) {
        let steps = self.in_force.took(step);
        self.tell(&steps);
    }

    /// A worker is gone, and its governor with it.
    fn lost(&mut self, worker: usize, at: Duration) {
        let Ok(worker) = u8::try_from(worker) else {
            return;
        };
        let steps = self.in_force.lost(worker, at);
        self.tell(&steps);
    }

    fn tell(&mut self, steps: &[Step]) {
        for tale in self.live.values_mut() {
            let ours = |step: &&Step| tale.worker == Some(step.worker) && tale.class == step.class;
            let ours: Vec<Step> = steps.iter().filter(ours).copied().collect();
            ours.into_iter().for_each(|step| tale.shed(step));
        }
    }

    /// Forgets a call for good.
    fn forget(&mut self, tale: &Tale) {
        if let Some(leg) = tale.leg {
            self.legs.remove(&leg);
        }
    }
}

impl Tale {
    fn shed(&mut self, step: Step) {
        self.shed.get_or_insert_default().note(step);
    }

    fn note(&mut self, entry: Entry) {
        if self.entries.len() == ENTRIES {
            self.entries.pop_front();
            self.left_out += 1;
        }
        *self.counts.entry(entry.what.name()).or_default() += 1;
        self.entries.push_back(entry);
    }
}

#[cfg(test)]
mod shedding_tests;
#[cfg(test)]
mod tests;
