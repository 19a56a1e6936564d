//! The worker's rings to control, by role.
//!
//! | ring | carries | when it is full |
//! |---|---|---|
//! | garbage | what control has to free: a worker drops nothing | cannot be: room is reserved before a transaction is applied |
//! | acks | what became of each transaction | cannot be, for the same reason |
//! | events | what happened (talking started, a clip ended) | the newest is lost and the worker counts it |
//!
//! *Reservation*: the producer's [`vacant`](crate::ring::Producer::vacant) is a lower bound that only
//! this worker lowers. So what it read before applying a transaction still holds while it applies it;
//! it goes into [`Room`](crate::command::Room).

use crate::ring::{Consumer, Producer, ring};

/// The worker's end of the garbage ring.
pub type GarbageTx<G> = Producer<G>;
/// Control's end of the garbage ring; what it takes, it drops.
pub type GarbageRx<G> = Consumer<G>;
/// The worker's end of the ack ring.
pub type AckTx<A> = Producer<A>;
/// Control's end of the ack ring.
pub type AckRx<A> = Consumer<A>;
/// The worker's end of the event ring.
pub type EventTx<E> = Producer<E>;
/// Control's end of the event ring.
pub type EventRx<E> = Consumer<E>;

/// A garbage ring of `capacity` values.
pub fn garbage<G>(capacity: usize) -> (GarbageTx<G>, GarbageRx<G>) {
    ring(capacity)
}

/// An ack ring of `capacity` values.
pub fn acks<A>(capacity: usize) -> (AckTx<A>, AckRx<A>) {
    ring(capacity)
}

/// An event ring of `capacity` values.
pub fn events<E>(capacity: usize) -> (EventTx<E>, EventRx<E>) {
    ring(capacity)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::ring::Full;

    #[test]
    fn every_full_outlet_gives_the_value_back() {
        let (mut garbage, mut freed) = garbage(1);
        garbage.push(Box::new(1)).unwrap();
        assert_eq!(garbage.vacant(), 0);
        let Full(kept) = garbage.push(Box::new(2)).unwrap_err();
        assert_eq!((*kept, freed.pop()), (2, Some(Box::new(1))));
        garbage.push(kept).unwrap();

        let (mut acks, mut seen) = acks(1);
        acks.push("done").unwrap();
        assert_eq!(acks.push("stale"), Err(Full("stale")));
        assert_eq!((seen.pop(), seen.pop()), (Some("done"), None));

        let (mut events, mut heard) = events(1);
        events.push('a').unwrap();
        assert_eq!(events.push('b'), Err(Full('b')));
        assert_eq!((heard.pop(), heard.pop()), (Some('a'), None));
    }
}
