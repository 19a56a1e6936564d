//! Who sees that the other end is gone sees all that it did: nothing it wrote is missed, nothing it took is waited for.

use crate::{Seen, explore, wait_for};
use talkpath_rt::ring::ring;
use talkpath_rt::ring::weaken::Weak;

/// The writer goes; the reader then drains what is left and may be sure that it is all.
fn writer_goes(weak: Weak) {
    let seen = Seen::new(&["still there", "gone"]);
    let outcomes = seen.clone();
    explore(weak, move || {
        let (mut tx, mut rx) = ring(2);
        let writer = loom::thread::spawn(move || {
            tx.push(1).expect("room for two");
            tx.push(2).expect("room for two");
        });
        wait_for(|| {
            let gone = rx.is_abandoned();
            outcomes.mark(if gone { "gone" } else { "still there" });
            gone.then_some(())
        });
        assert_eq!((rx.pop(), rx.pop()), (Some(1), Some(2)), "a last word lost");
        writer.join().unwrap();
    });
    seen.all();
}

/// The reader goes; what the writer then finds in the ring will never be taken, so it can account for it.
fn reader_goes(weak: Weak) {
    let seen = Seen::new(&["still there", "gone"]);
    let outcomes = seen.clone();
    explore(weak, move || {
        let (mut tx, mut rx) = ring(2);
        tx.push(1).expect("room for two");
        tx.push(2).expect("room for two");
        let reader = loom::thread::spawn(move || {
            assert_eq!(rx.pop(), Some(1));
        });
        wait_for(|| {
            let gone = tx.is_abandoned();
            outcomes.mark(if gone { "gone" } else { "still there" });
            gone.then_some(())
        });
        assert_eq!(tx.vacant(), 1, "a last take unseen");
        reader.join().unwrap();
    });
    seen.all();
}

#[test]
fn the_reader_misses_nothing() {
    writer_goes(Weak::Sound);
}

#[test]
fn the_writer_knows_what_was_taken() {
    reader_goes(Weak::Sound);
}

#[test]
#[should_panic(expected = "a last word lost")]
fn weakened_abandon_is_noticed_by_the_reader() {
    writer_goes(Weak::Abandon);
}

#[test]
#[should_panic(expected = "a last take unseen")]
fn weakened_abandon_is_noticed_by_the_writer() {
    reader_goes(Weak::Abandon);
}
