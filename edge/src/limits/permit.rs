//! The book of who uses how much.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use talkpath_engine::Priority;

use super::{Bucket, Limit, Limits};

/// Sources whose buckets are remembered before full ones are swept.
const SWEEP_AT: usize = 4_096;

/// Admits calls within [`Limits`]. Clones share the book.
#[derive(Debug, Clone)]
pub struct Admission {
    limits: Arc<Limits>,
    book: Arc<Mutex<Book>>,
}

#[derive(Debug)]
struct Book {
    calls: usize,
    sources: HashMap<IpAddr, usize>,
    rooms: HashMap<String, usize>,
    everybody: Bucket,
    buckets: HashMap<IpAddr, Bucket>,
}

/// One admitted call; dropping it gives everything back.
#[derive(Debug)]
pub struct Permit {
    admission: Admission,
    source: IpAddr,
    room: Option<String>,
}

impl Admission {
    /// An empty book at time `now`.
    pub fn new(limits: Limits, now: Duration) -> Self {
        let book = Book {
            calls: 0,
            sources: HashMap::new(),
            rooms: HashMap::new(),
            everybody: Bucket::new(limits.invites, now),
            buckets: HashMap::new(),
        };
        Self {
            limits: Arc::new(limits),
            book: Arc::new(Mutex::new(book)),
        }
    }

    /// The settings.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Counts one INVITE of `source` against the rates; an emergency call is held to that of its source alone.
    ///
    /// # Errors
    /// The rate that is spent. The source's own is asked first, so that one loud source does not
    /// spend what belongs to everybody.
    pub fn invited(&self, source: IpAddr, class: Priority, now: Duration) -> Result<(), Limit> {
        let (all, each) = (self.limits.invites, self.limits.invites_per_source);
        let mut book = self.book();
        if book.buckets.len() >= SWEEP_AT {
            book.buckets.retain(|_, bucket| !bucket.is_full(each, now));
        }
        let bucket = book
            .buckets
            .entry(source)
            .or_insert_with(|| Bucket::new(each, now));
        if !bucket.take(each, now) {
            return Err(Limit::InvitesPerSource {
                limit: each.per_second,
            });
        }
        if !book.everybody.take(all, now) && class != Priority::Emergency {
            return Err(Limit::Invites {
                limit: all.per_second,
            });
        }
        Ok(())
    }

    /// Takes the place of one call from `source`, into `room` if it is one callers share. An emergency call is counted but
    /// held to none of these limits: who has to go for it is the engine's to say.
    ///
    /// # Errors
    /// The limit that stands in the way; nothing was taken then.
    pub fn admit(
        &self,
        source: IpAddr,
        room: Option<&str>,
        class: Priority,
    ) -> Result<Permit, Limit> {
        let mut book = self.book();
        if class != Priority::Emergency {
            book.check(&self.limits, source, room)?;
        }
        if let Some(room) = room {
            *book.rooms.entry(room.to_owned()).or_default() += 1;
        }
        book.calls += 1;
        *book.sources.entry(source).or_default() += 1;
        Ok(Permit {
            admission: self.clone(),
            source,
            room: room.map(str::to_owned),
        })
    }

    /// Calls admitted now.
    pub fn calls(&self) -> usize {
        self.book().calls
    }

    /// Shared rooms there are now.
    pub fn rooms(&self) -> usize {
        self.book().rooms.len()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    /// The limit that stands in the way of one more call.
    fn check(&self, limits: &Limits, source: IpAddr, room: Option<&str>) -> Result<(), Limit> {
        if self.calls >= limits.calls {
            let limit = limits.calls;
            return Err(Limit::Calls { limit });
        }
        let of_source = self.sources.get(&source);
        if of_source.is_some_and(|&calls| calls >= limits.calls_per_source) {
            let limit = limits.calls_per_source;
            return Err(Limit::CallsPerSource { limit });
        }
        match room.map(|room| self.rooms.get(room)) {
            Some(Some(&legs)) if legs >= limits.legs_per_room => {
                let limit = limits.legs_per_room;
                Err(Limit::LegsPerRoom { limit })
            }
            Some(None) if self.rooms.len() >= limits.rooms => {
                let limit = limits.rooms;
                Err(Limit::Rooms { limit })
            }
            _ => Ok(()),
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut book = self.admission.book();
        book.calls = book.calls.saturating_sub(1);
        one_less(&mut book.sources, &self.source);
        if let Some(room) = &self.room {
            one_less(&mut book.rooms, room);
        }
    }
}

fn one_less<K: std::hash::Hash + Eq>(counts: &mut HashMap<K, usize>, key: &K) {
    let Some(count) = counts.get_mut(key) else {
        return;
    };
    *count -= 1;
    if *count == 0 {
        counts.remove(key);
    }
}
