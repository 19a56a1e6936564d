//! Where rooms and legs are placed, and what the table believes they cost.

use super::*;

/// A leg of so many microseconds each way.
fn micros(cost: u64) -> Costs {
    Costs {
        ingress: cost * 1_000,
        egress: cost * 1_000,
        measured: false,
        boxes: Boxes::default(),
    }
}

fn room(table: &mut SlotTable, period: u32) -> Mix {
    let mix = SlotTable::quietest([&*table].into_iter(), period);
    table.add_room(mix);
    mix
}

fn table() -> SlotTable {
    SlotTable::new(20, Duration::from_millis(1), 0.5)
}

#[test]
fn rooms_take_different_slots_and_a_room_of_ten_milliseconds_both_of_its() {
    let mut table = table();
    let slots: Vec<u32> = (0..20).map(|_| room(&mut table, 20).slot).collect();
    assert_eq!(slots, (0..20).collect::<Vec<_>>());
    let mut table = SlotTable::new(20, Duration::from_millis(1), 0.5);
    let mix = room(&mut table, 10);
    assert_eq!(
        (
            table.load()[mix.slot as usize],
            table.load()[mix.slot as usize + 10]
        ),
        (MIX, MIX)
    );
}

#[test]
fn a_small_room_is_not_spread() {
    let mut table = table();
    let mix = room(&mut table, 20);
    for _ in 0..50 {
        let place = table.add_leg(mix, micros(1), 0);
        assert_eq!((place.before, place.after), (0, 0));
    }
}

#[test]
fn a_large_room_is_spread_as_far_as_its_cost_demands_and_no_slot_twice() {
    let mut table = table();
    let mix = room(&mut table, 20);
    let places: Vec<_> = (0..1_000)
        .map(|_| table.add_leg(mix, micros(2), 0))
        .collect();
    let before = places.iter().map(|place| place.before).max();
    let after = places.iter().map(|place| place.after).max();
    assert!(before.is_some_and(|b| (3..=5).contains(&b)), "{before:?}");
    assert!(after.is_some_and(|a| (3..=5).contains(&a)), "{after:?}");
    assert!(table.load().iter().all(|load| *load <= 500_000));
    places
        .into_iter()
        .for_each(|place| table.remove_leg(mix, place));
    table.remove_room(mix);
    assert!(
        table.load().iter().all(|load| *load == 0),
        "everything is given back"
    );
}

#[test]
fn beyond_every_budget_the_spread_stays_inside_the_period() {
    let mut table = table();
    let mix = room(&mut table, 10);
    for margin in [0, 3] {
        for _ in 0..5_000 {
            let place = table.add_leg(mix, micros(3), margin);
            assert!(place.before + place.after < 10, "{place:?}");
            assert!(place.after >= margin, "never before the sum is complete");
        }
        assert!(!table.fits(mix, micros(3), margin));
    }
}

#[test]
fn what_the_work_costs_in_truth_moves_the_budget() {
    let mut table = table();
    let mix = room(&mut table, 20);
    while table.fits(mix, micros(10), 0) {
        table.add_leg(mix, micros(10), 0);
    }
    let full = table.mean();
    for _ in 0..50 {
        table.learn(full / 2.0);
    }
    assert!((table.mean() - full / 2.0).abs() < full * 0.01);
    assert!(table.fits(mix, micros(10), 0), "there is room after all");
}

#[test]
fn a_measured_leg_counts_with_what_it_cost_and_a_guess_with_the_least() {
    let mut table = table();
    let mix = room(&mut table, 20);
    let mut place = table.add_leg(mix, micros(100), 0);
    let (needed, _) = table.sure_at(mix, place);
    assert_eq!(needed, 50_000.0, "a quarter of the hint, for now");
    let measured = Costs {
        measured: true,
        ..micros(40)
    };
    table.reprice(mix, &mut place, measured);
    let (needed, load) = table.sure_at(mix, place);
    // Both halves in the mix slot, and the mix itself.
    assert_eq!((needed, load), (80_000.0, 80_000.0 + MIX as f64 / 4.0));
    table.remove_leg(mix, place);
    table.remove_room(mix);
    assert!(table.load().iter().all(|load| *load == 0));
}
