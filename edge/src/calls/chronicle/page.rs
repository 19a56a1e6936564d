//! Where the task of a call writes.

use std::collections::VecDeque;

use talkpath_engine::negotiate::AudioAnswer;
use talkpath_rt::clock::{Clock, MonotonicClock};

use super::super::CallLeg;
use super::super::record::CallRecord;
use super::entry::{Entry, Terms, What};
use super::{Chronicle, Shedding};

/// One call's place in the chronicle, in the hands of its task.
#[derive(Debug)]
pub(crate) struct Page {
    pub(super) chronicle: Chronicle,
    pub(super) key: u64,
}

impl Page {
    /// The leg has joined with these terms, or goes on with others.
    pub fn agreed(&self, leg: CallLeg, answer: &AudioAnswer) {
        let now = MonotonicClock.now();
        let terms = Terms::of(answer);
        let mut book = self.chronicle.book();
        let Some(tale) = book.live.get_mut(&self.key) else {
            return;
        };
        let what = terms.after(tale.terms.replace(terms));
        tale.leg = Some(leg);
        tale.note(Entry { at: now, what });
        if book.legs.insert(leg, self.key).is_none() {
            let early = std::mem::take(&mut book.early);
            let (ours, others) = early.into_iter().partition(|(of, _)| *of == leg);
            book.early = others;
            let ours: VecDeque<(CallLeg, Entry)> = ours;
            ours.into_iter()
                .for_each(|(_, entry)| book.note(self.key, entry));
        }
    }

    /// The ACK has come.
    pub fn confirmed(&self) {
        let (at, what) = (MonotonicClock.now(), What::Confirmed);
        self.chronicle.book().note(self.key, Entry { at, what });
    }

    /// What was left out of the call, which is over: for its record.
    pub(in crate::calls) fn shedding(&self) -> Shedding {
        let mut book = self.chronicle.book();
        let Some(tale) = book.live.get_mut(&self.key) else {
            return Shedding::default();
        };
        let shed = tale.shed.take();
        shed.map(|shed| shed.told(tale.began.1)).unwrap_or_default()
    }

    /// The call is over, and this is its record.
    pub fn close(self, record: &CallRecord) {
        let mut book = self.chronicle.book();
        let Some(mut tale) = book.live.remove(&self.key) else {
            return;
        };
        tale.record = Some(Box::new(record.clone()));
        tale.entries.shrink_to_fit();
        book.ended.push_back(tale);
        while book.ended.len() > book.kept {
            if let Some(oldest) = book.ended.pop_front() {
                book.forget(&oldest);
            }
        }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // Closed, it is not among the live ones any more.
        let mut book = self.chronicle.book();
        if let Some(tale) = book.live.remove(&self.key) {
            book.forget(&tale);
        }
    }
}
