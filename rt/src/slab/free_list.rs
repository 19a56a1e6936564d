//! The free list of a slab: who may hand out which slot. Owned by control.
//!
//! Slots are reused in the order they came back, so that a slot rests as long as possible and
//! generations grow evenly. A slot whose generations are used up is retired: none ever repeats.

use crate::handle::Handle;
use core::num::NonZeroU32;
use std::collections::VecDeque;
use thiserror::Error;

/// Hands out the handles of a slab of fixed capacity.
#[derive(Debug)]
pub struct FreeList<T: ?Sized> {
    free: VecDeque<Handle<T>>,
    /// What is handed out of each slot just now.
    taken: Box<[Option<NonZeroU32>]>,
    in_use: usize,
    high_water: usize,
}

/// The handle was not handed out, or has been given back already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("handle {index}.{generation} is not in use; the slot's tenant is {current:?}")]
pub struct StaleHandle {
    /// Slot of the handle.
    pub index: u32,
    /// Generation of the handle.
    pub generation: u32,
    /// Generation that is handed out of this slot just now, if any.
    pub current: Option<u32>,
}

impl<T: ?Sized> FreeList<T> {
    /// A free list of `capacity` slots, all free, generations from one.
    ///
    /// # Panics
    ///
    /// If `capacity` exceeds `u32::MAX`.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        let slots = u32::try_from(capacity).expect("at most u32::MAX slots");
        Self {
            free: (0..slots)
                .map(|index| Handle::new(index, NonZeroU32::MIN))
                .collect(),
            taken: vec![None; capacity].into_boxed_slice(),
            in_use: 0,
            high_water: 0,
        }
    }

    /// The handle of a free slot, or `None` when all are in use.
    #[must_use = "the slot stays taken until its handle is given back"]
    pub fn take(&mut self) -> Option<Handle<T>> {
        let handle = self.free.pop_front()?;
        self.taken[handle.index() as usize] = Some(handle.generation());
        self.in_use += 1;
        self.high_water = self.high_water.max(self.in_use);
        Some(handle)
    }

    /// Takes a slot back. Call it only after the worker has acknowledged the removal.
    ///
    /// # Errors
    ///
    /// [`StaleHandle`] when this handle is not in use.
    pub fn give(&mut self, handle: Handle<T>) -> Result<(), StaleHandle> {
        let slot = self.taken.get_mut(handle.index() as usize);
        let current = slot.as_deref().copied().flatten();
        match slot {
            Some(slot) if current == Some(handle.generation()) => *slot = None,
            _ => {
                return Err(StaleHandle {
                    index: handle.index(),
                    generation: handle.generation().get(),
                    current: current.map(NonZeroU32::get),
                });
            }
        }
        self.in_use -= 1;
        if let Some(generation) = handle.generation().checked_add(1) {
            self.free.push_back(Handle::new(handle.index(), generation));
        }
        Ok(())
    }

    /// Slots that can be taken.
    #[must_use]
    pub fn available(&self) -> usize {
        self.free.len()
    }

    /// Slots handed out.
    #[must_use]
    pub fn in_use(&self) -> usize {
        self.in_use
    }

    /// The most slots that were ever handed out at once.
    #[must_use]
    pub fn high_water(&self) -> usize {
        self.high_water
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_slot_out_of_generations_is_retired() {
        let mut list = FreeList::<str>::with_capacity(2);
        list.free[0] = Handle::new(0, NonZeroU32::MAX);
        let last = list.take().unwrap();
        assert_eq!(last.generation(), NonZeroU32::MAX);
        list.give(last).unwrap();
        assert_eq!(list.take().unwrap().index(), 1);
        assert_eq!((list.take(), list.in_use()), (None, 1));
    }
}
