//! Memory whose pages are there before they are needed.
//!
//! The kernel gives a page when it is first written, from the NUMA node of the thread that writes it. Storage that is only
//! reserved, or asked for as zeros, has no pages yet: whoever uses it first waits for each of them. What is made here is
//! written at once, by the calling thread, so a real-time thread that builds its storage after it was pinned has it on
//! its own node and waits for no page later.
//!
//! Control side, and real-time threads before their real time begins.

use core::hint::black_box;
use core::mem::MaybeUninit;

/// Stack that [`stack`] writes, in bytes; far more than a worker's step needs, far less than a thread has.
const STACK: usize = 256 * 1024;

/// An empty vector with room for `capacity` values, all of it written.
///
/// ```
/// let mut legs = talkpath_rt::pages::reserved::<u64>(1_000);
/// assert!(legs.is_empty() && legs.capacity() >= 1_000);
/// legs.push(7);
/// ```
#[must_use]
pub fn reserved<T>(capacity: usize) -> Vec<T> {
    reserved_in_part(capacity, capacity)
}

/// As [`reserved`], with pages for the first `likely` values alone: for room that is there for the worst case. Whoever goes
/// beyond them waits for a page each 4 KiB.
#[must_use]
pub fn reserved_in_part<T>(capacity: usize, likely: usize) -> Vec<T> {
    let mut values = Vec::with_capacity(capacity);
    let places = values.spare_capacity_mut();
    let likely = likely.min(places.len());
    write(&mut places[..likely]);
    values
}

/// `count` times `value`, written one by one, zeros as well.
///
/// ```
/// assert_eq!(*talkpath_rt::pages::filled(3, 0_u8), [0, 0, 0]);
/// ```
#[must_use]
pub fn filled<T: Clone>(count: usize, value: T) -> Box<[T]> {
    let mut values = reserved(count);
    values.resize(count, value);
    values.into_boxed_slice()
}

/// The same values in memory that the calling thread writes first.
#[must_use]
pub fn copied<T: Clone>(values: &[T]) -> Vec<T> {
    let mut copy = reserved(values.len());
    copy.extend_from_slice(values);
    copy
}

/// A box of its own, all of it written, whatever `value` is.
#[must_use]
pub fn boxed<T>(value: T) -> Box<T> {
    // The compiler must not know what is in it: a box of zeros would be asked for as such, and not written.
    Box::new(black_box(value))
}

/// Writes to the stack that the calling thread has not used yet.
#[inline(never)]
pub fn stack() {
    let mut unused = [0_u8; STACK];
    black_box(&mut unused);
}

/// Writes to all of `places`.
pub(crate) fn write<T>(places: &mut [MaybeUninit<T>]) {
    // Seen by somebody: fresh memory that is set to zero would be asked for as zeros, and not written.
    black_box(&mut *places).fill_with(MaybeUninit::zeroed);
    black_box(places);
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::thread::Task;

    /// More than the allocator ever keeps for itself, also of what other tests gave back: glibc asks the kernel for whatever
    /// is above 32 MiB, and gives it back at once.
    const LARGE: usize = 40 << 20;
    /// What a stack has room for.
    const SMALL: usize = 1 << 20;
    const PAGE: usize = 4_096;

    fn faults() -> u64 {
        Task::current().page_faults().unwrap()
    }

    /// Pages that a thread of its own waited for in `first` and in `then`.
    fn waited_for<T: Send>(
        first: impl FnOnce() -> T + Send,
        then: impl FnOnce(&mut T) + Send,
    ) -> (u64, u64) {
        std::thread::scope(|scope| {
            let body = || {
                let before = faults();
                let mut made = first();
                let between = faults();
                then(&mut made);
                (between - before, faults() - between)
            };
            scope.spawn(body).join().unwrap()
        })
    }

    fn fill(values: &mut Vec<u64>) {
        values.resize(values.capacity(), 1);
        black_box(values);
    }

    #[test]
    fn what_is_reserved_is_waited_for_at_once_and_never_again() {
        let of = LARGE / size_of::<u64>();
        let (making, filling) = waited_for(|| reserved::<u64>(of), fill);
        let plain = waited_for(|| Vec::with_capacity(of), fill);
        assert_eq!(filling, 0, "after {making}");
        assert!(making > 0 && plain.1 > 0, "{making}, {plain:?}");
    }

    #[test]
    fn zeros_are_written_too() {
        let set = |values: &mut Box<[u8]>| {
            black_box(values)
                .iter_mut()
                .step_by(PAGE)
                .for_each(|v| *v = 1)
        };
        let (making, setting) = waited_for(|| filled(LARGE, 0_u8), set);
        assert_eq!(setting, 0, "after {making}");
        let plain = waited_for(|| vec![0_u8; LARGE].into_boxed_slice(), set);
        assert!(plain.1 > 0, "{plain:?}");
        let set = |values: &mut Box<[u8; SMALL]>| {
            values.iter_mut().step_by(PAGE).for_each(|v| *v = 1);
        };
        let (making, setting) = waited_for(|| boxed([0_u8; SMALL]), set);
        assert_eq!(setting, 0, "after {making}");
    }

    #[test]
    fn the_stack_is_there_before_it_is_needed() {
        #[inline(never)]
        fn deep() {
            let mut used = [1_u8; STACK / 2];
            black_box(&mut used);
        }
        let (waited, later) = waited_for(stack, |()| deep());
        assert_eq!(later, 0, "after {waited}");
    }
}
