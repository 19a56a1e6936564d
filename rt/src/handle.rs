//! Generational handles: names of slab slots that cannot reach a later tenant.
//!
//! Control hands them out ([`FreeList`](crate::slab::FreeList)), a worker resolves them
//! ([`Slab`](crate::slab::Slab)). A handle is plain data: it owns nothing and may be kept for ever.

use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::marker::PhantomData;
use core::num::NonZeroU32;

/// The name of one tenancy of one slot: an index and a non-zero generation.
///
/// `T` only tells handles of different things apart; it need not be the type that is stored.
pub struct Handle<T: ?Sized> {
    index: u32,
    generation: NonZeroU32,
    kind: PhantomData<fn() -> T>,
}

impl<T: ?Sized> Handle<T> {
    /// The handle of slot `index` in its tenancy `generation`.
    #[must_use]
    pub const fn new(index: u32, generation: NonZeroU32) -> Self {
        Self {
            index,
            generation,
            kind: PhantomData,
        }
    }

    /// The slot, counted from zero.
    #[must_use]
    pub const fn index(self) -> u32 {
        self.index
    }

    /// The tenancy of the slot; grows with each reuse and never returns.
    #[must_use]
    pub const fn generation(self) -> NonZeroU32 {
        self.generation
    }

    /// The handle as one integer: the generation above, the index below.
    #[must_use]
    pub const fn to_bits(self) -> u64 {
        (self.generation.get() as u64) << 32 | self.index as u64
    }

    /// What [`to_bits`](Self::to_bits) made; `None` when the generation is zero.
    #[must_use]
    pub const fn from_bits(bits: u64) -> Option<Self> {
        match NonZeroU32::new((bits >> 32) as u32) {
            Some(generation) => Some(Self::new(bits as u32, generation)),
            None => None,
        }
    }
}

impl<T: ?Sized> Clone for Handle<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for Handle<T> {}

impl<T: ?Sized> PartialEq for Handle<T> {
    fn eq(&self, other: &Self) -> bool {
        self.to_bits() == other.to_bits()
    }
}

impl<T: ?Sized> Eq for Handle<T> {}

impl<T: ?Sized> PartialOrd for Handle<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// By index, then by generation.
impl<T: ?Sized> Ord for Handle<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.index, self.generation).cmp(&(other.index, other.generation))
    }
}

impl<T: ?Sized> Hash for Handle<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.to_bits().hash(state);
    }
}

/// `12.3`: slot 12 in its third tenancy.
impl<T: ?Sized> fmt::Display for Handle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.index, self.generation)
    }
}

impl<T: ?Sized> fmt::Debug for Handle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handle({self})")
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn handle(index: u32, generation: u32) -> Handle<str> {
        Handle::new(index, NonZeroU32::new(generation).unwrap())
    }

    #[test]
    fn bits_round_trip() {
        for case in [handle(0, 1), handle(7, 9), handle(u32::MAX, u32::MAX)] {
            assert_eq!(Handle::from_bits(case.to_bits()), Some(case));
        }
        assert_eq!(Handle::<str>::from_bits(12), None);
    }

    #[test]
    fn differs_by_generation_and_prints_both() {
        assert_ne!(handle(3, 1), handle(3, 2));
        assert!(handle(3, 9) < handle(4, 1));
        assert_eq!(handle(3, 2).to_string(), "3.2");
        assert_eq!(format!("{:?}", handle(3, 2)), "Handle(3.2)");
        assert_eq!(size_of::<Option<Handle<str>>>(), 8);
    }
}
