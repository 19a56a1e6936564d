//! A direction that takes too long is named (D14), and costs what a script says it does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use talkpath_engine::EventKind;
use talkpath_engine::Side::{A, B};

use super::rig::{Rig, header, payload, side};
use crate::common::{Codec, ms};

#[test]
fn the_direction_that_made_a_slot_late_is_named() {
    let mut rig = Rig::new(side(Codec::Pcmu, 20, 1), side(Codec::Pcma, 20, 2));
    let slow = Arc::new(AtomicBool::new(false));
    let (flag, leg) = (Arc::clone(&slow), rig.call.side(A));
    rig.engine().script_costs(move |work| {
        let hit = work.kind == "encode" && work.leg == leg && flag.swap(false, Ordering::Relaxed);
        if hit { ms(3) } else { Duration::from_micros(1) }
    });
    for n in 0..10 {
        slow.store(n == 5, Ordering::Relaxed);
        rig.put(A, header(Codec::Pcmu, n, 160), &payload(n, 160));
        rig.put(B, header(Codec::Pcma, n, 160), &payload(n, 160));
        rig.studio.advance(ms(20));
    }
    assert_eq!((rig.sent(A).len(), rig.sent(B).len()), (10, 10));
    let late = rig.studio.told().into_iter().filter_map(|kind| match kind {
        EventKind::Late { culprit, .. } => Some(culprit),
        _ => None,
    });
    let late: Vec<_> = late.collect();
    let [Some(culprit)] = late[..] else {
        panic!("once: {late:?}")
    };
    assert_eq!((culprit.leg, culprit.room, culprit.legs), (leg, None, 1));
    // Four ops, two pieces of 10 ms: arrival once, the others twice, and one of them took its time.
    assert_eq!(culprit.took, ms(3) + Duration::from_micros(6));
}
