//! The mirror ring against `rtrb`: one sequence of operations, the same results.

use super::{mirror, real};
use proptest::prelude::*;
use std::cell::Cell;
use std::rc::Rc;

#[derive(Debug, Clone)]
enum Step {
    Push,
    PushChunk(usize),
    /// A chunk whose items stop coming before the promised count.
    PushShort(usize),
    PushSlice(usize),
    Pop,
    PopSlice(usize),
    Peek,
    Counts,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Push),
        2 => (0..5usize).prop_map(Step::PushChunk),
        1 => (1..5usize).prop_map(Step::PushShort),
        1 => (0..5usize).prop_map(Step::PushSlice),
        4 => Just(Step::Pop),
        2 => (0..5usize).prop_map(Step::PopSlice),
        1 => Just(Step::Peek),
        1 => Just(Step::Counts),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 0..80)
}

/// Runs `steps` on the ring of a module and notes everything that can be seen from outside.
macro_rules! run {
    ($ring:ident, $capacity:expr, $steps:expr) => {{
        let (mut tx, mut rx) = $ring::ring::<u32>($capacity);
        let mut next = 0u32;
        let mut seen = Vec::new();
        for step in $steps {
            let items: Vec<u32> = (next..next + 5).collect();
            next += 5;
            let note: Vec<u32> = match *step {
                Step::Push => vec![u32::from(tx.push(items[0]).is_ok())],
                Step::PushChunk(count) => {
                    let items = items.into_iter().take(count);
                    // What comes back is untouched.
                    tx.push_chunk(count, items)
                        .err()
                        .into_iter()
                        .flatten()
                        .collect()
                }
                Step::PushShort(count) => {
                    let items = items.into_iter().take(count - 1);
                    tx.push_chunk(count, items)
                        .err()
                        .into_iter()
                        .flatten()
                        .collect()
                }
                Step::PushSlice(count) => vec![u32::from(tx.push_slice(&items[..count]))],
                Step::Pop => rx.pop().into_iter().collect(),
                Step::PopSlice(count) => {
                    let mut out = vec![u32::MAX; count];
                    let read = rx.pop_slice(&mut out);
                    out.push(u32::from(read));
                    out
                }
                Step::Peek => rx.peek().copied().into_iter().collect(),
                Step::Counts => [tx.slots(), rx.slots(), tx.capacity(), rx.capacity()]
                    .map(|count| count as u32)
                    .to_vec(),
            };
            assert!(tx.cached_slots() <= tx.slots());
            seen.push(note);
        }
        seen
    }};
}

/// A value that says when it is dropped.
struct Mark(Rc<Cell<usize>>);

impl Drop for Mark {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

/// Values dropped: by popping, by refusal, and in all once both ends are gone.
macro_rules! drops {
    ($ring:ident, $capacity:expr, $steps:expr, $producer_first:expr) => {{
        let dropped = Rc::new(Cell::new(0));
        let (mut tx, mut rx) = $ring::ring($capacity);
        let marks = |count| (0..count).map(|_| Mark(Rc::clone(&dropped)));
        for step in $steps {
            match *step {
                Step::Push => drop(tx.push(Mark(Rc::clone(&dropped)))),
                Step::PushChunk(count) | Step::PushShort(count) | Step::PushSlice(count) => {
                    drop(tx.push_chunk(count, marks(count)))
                }
                _ => drop(rx.pop()),
            }
        }
        let before = dropped.get();
        assert!(!tx.is_abandoned() && !rx.is_abandoned());
        if $producer_first {
            drop(tx);
            assert!(rx.is_abandoned());
            drop(rx);
        } else {
            drop(rx);
            assert!(tx.is_abandoned());
            drop(tx);
        }
        (before, dropped.get())
    }};
}

proptest! {
    #[test]
    fn the_mirror_does_what_rtrb_does(capacity in 0..6usize, steps in steps()) {
        prop_assert_eq!(run!(mirror, capacity, &steps), run!(real, capacity, &steps));
    }

    #[test]
    fn the_mirror_drops_what_rtrb_drops(
        capacity in 0..6usize,
        steps in steps(),
        producer_first: bool,
    ) {
        let mirror = drops!(mirror, capacity, &steps, producer_first);
        prop_assert_eq!(mirror, drops!(real, capacity, &steps, producer_first));
    }
}

/// Both rings publish nothing of a chunk whose items panic half way.
macro_rules! aborts {
    ($ring:ident) => {{
        let (mut tx, mut rx) = $ring::ring::<u32>(3);
        let items = [1, 2].into_iter().inspect(|&item| assert_eq!(item, 1));
        let half = std::panic::AssertUnwindSafe(|| tx.push_chunk(2, items).is_ok());
        assert!(std::panic::catch_unwind(half).is_err());
        assert_eq!((rx.pop(), rx.slots(), tx.slots()), (None, 0, 3));
        assert!(tx.push_slice(&[5, 6, 7]));
        assert_eq!((rx.pop(), rx.slots()), (Some(5), 2));
    }};
}

#[test]
fn an_aborted_chunk_leaves_nothing() {
    aborts!(mirror);
    aborts!(real);
}
