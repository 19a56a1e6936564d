use super::*;
use core::num::NonZeroU32;

fn handle(index: u32, generation: u32) -> Handle<&'static str> {
    Handle::new(index, NonZeroU32::new(generation).unwrap())
}

#[test]
fn a_stale_handle_reaches_nothing() {
    let mut free = FreeList::with_capacity(1);
    let mut slab = Slab::<&str>::with_capacity(1);
    let first = free.take().unwrap();
    slab.insert(first, "first").unwrap();
    assert_eq!(slab.remove(first), Some("first"));
    free.give(first).unwrap();
    let second = free.take().unwrap();
    slab.insert(second, "second").unwrap();
    assert_eq!(first.index(), second.index());
    assert_eq!(slab.get(first), None);
    assert_eq!(slab.get_mut(first), None);
    assert_eq!(slab.remove(first), None);
    assert_eq!(slab.get(second), Some(&"second"));
    assert_eq!(slab.len(), 1);
}

#[test]
fn insert_gives_the_value_back() {
    let mut slab = Slab::<&str>::with_capacity(2);
    slab.insert(handle(0, 2), "a").unwrap();
    let occupied = slab.insert(handle(0, 3), "b").unwrap_err();
    assert_eq!(occupied.value, "b");
    assert_eq!(occupied.reason, RefusedReason::Occupied { occupant: 2 });
    assert_eq!(slab.remove(handle(0, 2)), Some("a"));
    let stale = slab.insert(handle(0, 1), "c").unwrap_err();
    assert_eq!(stale.reason, RefusedReason::Stale { seen: 2 });
    let outside = slab.insert(handle(2, 1), "d").unwrap_err();
    assert_eq!(outside.reason, RefusedReason::OutOfRange { capacity: 2 });
    slab.insert(handle(0, 2), "the same tenant again").unwrap();
}

#[test]
fn iterates_over_tenants_only() {
    let mut slab = Slab::<&str>::with_capacity(4);
    slab.insert(handle(1, 5), "one").unwrap();
    slab.insert(handle(3, 1), "three").unwrap();
    slab.insert(handle(2, 1), "two").unwrap();
    assert_eq!(slab.remove(handle(2, 1)), Some("two"));
    let all: Vec<_> = slab.iter().collect();
    assert_eq!(all, [(handle(1, 5), &"one"), (handle(3, 1), &"three")]);
    for (_, value) in slab.iter_mut() {
        *value = "changed";
    }
    assert_eq!(slab.get(handle(3, 1)), Some(&"changed"));
}

#[test]
fn disjoint_borrows_need_distinct_fresh_handles() {
    let mut slab = Slab::<&str>::with_capacity(2);
    slab.insert(handle(0, 1), "a").unwrap();
    slab.insert(handle(1, 1), "b").unwrap();
    let [a, b] = slab
        .get_disjoint_mut([handle(0, 1), handle(1, 1)])
        .expect("distinct");
    core::mem::swap(a, b);
    assert_eq!(slab.get(handle(0, 1)), Some(&"b"));
    assert!(slab.get_disjoint_mut([handle(0, 1); 2]).is_none());
    assert!(
        slab.get_disjoint_mut([handle(0, 1), handle(1, 2)])
            .is_none()
    );
}

#[test]
fn a_tag_names_entries_of_another_type() {
    enum LegTag {}
    let mut free = FreeList::<LegTag>::with_capacity(1);
    let mut slab = Slab::<Box<u32>, LegTag>::with_capacity(1);
    let leg = free.take().unwrap();
    slab.insert(leg, Box::new(7)).unwrap();
    assert_eq!(slab.get(leg).map(|value| **value), Some(7));
}

#[test]
fn the_free_list_counts_and_refuses_strangers() {
    let mut free = FreeList::<str>::with_capacity(2);
    let (a, b) = (free.take().unwrap(), free.take().unwrap());
    assert_eq!(free.take(), None);
    assert_eq!((free.available(), free.in_use()), (0, 2));
    free.give(a).unwrap();
    assert_eq!(
        free.give(a),
        Err(StaleHandle {
            index: a.index(),
            generation: 1,
            current: None
        })
    );
    let again = free.take().unwrap();
    assert_eq!((again.index(), again.generation().get()), (a.index(), 2));
    assert_eq!(free.give(a).unwrap_err().current, Some(2));
    assert!(free.give(Handle::new(9, NonZeroU32::MIN)).is_err());
    assert_eq!(free.in_use(), 2, "what was refused changed nothing");
    assert_eq!((free.give(b), free.give(again)), (Ok(()), Ok(())));
    assert_eq!((free.in_use(), free.high_water()), (0, 2));
}
