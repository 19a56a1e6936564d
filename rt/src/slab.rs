//! Fixed-capacity storage whose contents a worker owns and whose free list control owns.
//!
//! Control takes a [`Handle`] from its [`FreeList`] and sends it with the value; the worker
//! [inserts](Slab::insert), uses and [removes](Slab::remove); control [gives](FreeList::give) the
//! handle back only after the worker's ack. So there is no shared allocator. Each entry keeps the
//! generation of its tenant, and a handle of another generation reaches nothing.

use crate::handle::Handle;
use crate::pages;
use thiserror::Error;

mod free_list;

pub use free_list::{FreeList, StaleHandle};

/// Contents of up to `capacity` slots, named by handles of `Tag`.
///
/// `Tag` lets one kind of handle name entries of several slabs, or a slab of boxes.
///
/// Real-time: nothing allocates or frees after [`with_capacity`](Self::with_capacity); all is O(1)
/// but iteration, which is O(capacity).
#[derive(Debug)]
pub struct Slab<T, Tag: ?Sized = T> {
    entries: Box<[Entry<T>]>,
    len: usize,
    tag: core::marker::PhantomData<fn() -> Tag>,
}

/// One slot. `generation` is that of the tenant, or of the last one; zero before the first.
#[derive(Debug)]
struct Entry<T> {
    generation: u32,
    value: Option<T>,
}

/// The slab did not take the value, which comes back.
#[derive(Error)]
#[error("slab refused the value: {reason}")]
pub struct Refused<T> {
    /// The value that was to be inserted.
    pub value: T,
    /// Why it was refused.
    pub reason: RefusedReason,
}

impl<T> core::fmt::Debug for Refused<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Refused({:?})", self.reason)
    }
}

/// Why a slab refused a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RefusedReason {
    /// The slot has a tenant.
    #[error("the slot is occupied by generation {occupant}")]
    Occupied {
        /// Generation of the tenant.
        occupant: u32,
    },
    /// The handle is older than the slot's last tenant.
    #[error("the handle is stale: the slot has seen generation {seen}")]
    Stale {
        /// Generation of the last tenant.
        seen: u32,
    },
    /// The handle names no slot of this slab.
    #[error("the index lies outside the capacity of {capacity}")]
    OutOfRange {
        /// Slots of the slab.
        capacity: usize,
    },
}

impl<T, Tag: ?Sized> Slab<T, Tag> {
    /// A slab of `capacity` empty slots. Allocates them all and writes to all of their [pages]: the
    /// thread that will own it calls it, before its real time begins.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        let vacant = || Entry {
            generation: 0,
            value: None,
        };
        let mut entries = pages::reserved(capacity);
        entries.resize_with(capacity, vacant);
        Self {
            entries: entries.into_boxed_slice(),
            len: 0,
            tag: core::marker::PhantomData,
        }
    }

    /// Puts `value` into the slot `handle` names.
    ///
    /// # Errors
    ///
    /// [`Refused`] with the value when the slot has a tenant, has had a younger one, or does not
    /// exist. A vacant slot may be filled again under the handle of its last tenant.
    pub fn insert(&mut self, handle: Handle<Tag>, value: T) -> Result<(), Refused<T>> {
        let capacity = self.entries.len();
        let reason = match self.entries.get_mut(handle.index() as usize) {
            None => RefusedReason::OutOfRange { capacity },
            Some(entry) if entry.value.is_some() => RefusedReason::Occupied {
                occupant: entry.generation,
            },
            Some(entry) if entry.generation > handle.generation().get() => RefusedReason::Stale {
                seen: entry.generation,
            },
            Some(entry) => {
                entry.generation = handle.generation().get();
                entry.value = Some(value);
                self.len += 1;
                return Ok(());
            }
        };
        Err(Refused { value, reason })
    }

    /// The value named by `handle`, or `None` when the handle is stale.
    #[must_use]
    pub fn get(&self, handle: Handle<Tag>) -> Option<&T> {
        let entry = self.entries.get(handle.index() as usize)?;
        entry.value.as_ref().filter(|_| entry.named_by(handle))
    }

    /// The value named by `handle`, for change, or `None` when the handle is stale.
    #[must_use]
    pub fn get_mut(&mut self, handle: Handle<Tag>) -> Option<&mut T> {
        let entry = self.entries.get_mut(handle.index() as usize)?;
        let named = entry.named_by(handle);
        entry.value.as_mut().filter(|_| named)
    }

    /// Asks the cache for the first 256 bytes of the slot `handle` names; see [`prefetch`](crate::prefetch::prefetch).
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn prefetch(&self, handle: Handle<Tag>) {
        if let Some(entry) = self.entries.get(handle.index() as usize) {
            crate::prefetch::prefetch(entry, 256);
        }
    }

    /// Several values at once; `None` when a handle is stale or two name the same slot.
    #[must_use]
    pub fn get_disjoint_mut<const N: usize>(
        &mut self,
        handles: [Handle<Tag>; N],
    ) -> Option<[&mut T; N]> {
        if !handles.iter().all(|&handle| self.contains(handle)) {
            return None;
        }
        let indices = handles.map(|handle| handle.index() as usize);
        let entries = self.entries.get_disjoint_mut(indices).ok()?;
        Some(entries.map(|entry| entry.value.as_mut().expect("each was found above")))
    }

    /// Whether `handle` names a value just now.
    #[must_use]
    pub fn contains(&self, handle: Handle<Tag>) -> bool {
        self.get(handle).is_some()
    }

    /// Takes the value named by `handle` out, or `None` when the handle is stale.
    ///
    /// The worker moves what it gets into the garbage ring; it never drops it.
    #[must_use = "a worker drops nothing: the value goes to the garbage ring"]
    pub fn remove(&mut self, handle: Handle<Tag>) -> Option<T> {
        let entry = self.entries.get_mut(handle.index() as usize)?;
        if !entry.named_by(handle) {
            return None;
        }
        let value = entry.value.take()?;
        self.len -= 1;
        Some(value)
    }

    /// Values stored.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing is stored.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Slots, occupied or not.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.entries.len()
    }

    /// All values with their handles, by ascending index.
    pub fn iter(&self) -> impl Iterator<Item = (Handle<Tag>, &T)> {
        let entries = self.entries.iter().enumerate();
        entries.filter_map(|(index, entry)| Some((entry.handle(index)?, entry.value.as_ref()?)))
    }

    /// All values with their handles, for change, by ascending index.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (Handle<Tag>, &mut T)> {
        let entries = self.entries.iter_mut().enumerate();
        entries.filter_map(|(index, entry)| Some((entry.handle(index)?, entry.value.as_mut()?)))
    }
}

impl<T> Entry<T> {
    fn named_by<Tag: ?Sized>(&self, handle: Handle<Tag>) -> bool {
        self.generation == handle.generation().get()
    }

    /// The handle of this entry's tenant, past or present.
    fn handle<Tag: ?Sized>(&self, index: usize) -> Option<Handle<Tag>> {
        let generation = core::num::NonZeroU32::new(self.generation)?;
        Some(Handle::new(u32::try_from(index).ok()?, generation))
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
