//! Random edits against a simple model, in virtual time: whatever is asked of an engine of three workers, in whatever
//! order, its rooms are those of a list that is edited one entry at a time, everybody hears its own room at the levels
//! of that list and no other, and nothing stays behind.
//!
//! | file | what |
//! |---|---|
//! | `dice` | the random numbers, from one seed |
//! | `model` | the list, and what it says must come of a request |
//! | `deeds` | the random requests |
//! | `calls` | point-to-point calls: the list, the requests, what each side must hear |
//! | `phones` | what legs say and are sent |
//! | `sound` | a tone for every leg, and how loud it is in what another one hears |
//! | `world` | the engine beside the model; time; what it tells |
//! | `audit` | the comparison |
//!
//! `TALKPATH_EDITS` is the number of edits, `TALKPATH_SEED` the seed; a failure prints the seed, the number of the edit and
//! the last edits before it. `scripts/soak` runs it for hours.

mod audit;
mod calls;
#[path = "../common/mod.rs"]
mod common;
mod deeds;
mod dice;
mod model;
mod phones;
mod sound;
mod world;

use common::heap;
use world::World;

#[global_allocator]
static HEAP: heap::Counting = heap::Counting;

/// Edits between two comparisons.
const ROUND: u64 = 250;

/// A number from the environment.
fn setting(name: &str) -> Option<u64> {
    let given = std::env::var(name).ok()?;
    let number = given.parse();
    Some(number.unwrap_or_else(|_| panic!("{name} was '{given}', allowed: a whole number")))
}

/// Does `edits` random edits and compares after each round of them.
fn run(seed: u64, edits: u64) {
    let mut world = World::new(seed);
    while world.edits < edits {
        let end = (world.edits + ROUND).min(edits);
        while world.edits < end {
            world.edit();
        }
        world.settle();
        world.compare();
    }
    world.close_all();
    println!("seed {seed}: {}", world.tally);
}

#[test]
fn whatever_is_asked_the_engine_is_as_the_model() {
    let seed = setting("TALKPATH_SEED").unwrap_or(1);
    run(seed, setting("TALKPATH_EDITS").unwrap_or(20_000));
}

#[test]
fn the_same_seed_asks_the_same() {
    let told = |seed| {
        let mut world = World::new(seed);
        while world.edits < 600 {
            world.edit();
        }
        world.settle();
        (world.tally.to_string(), world.engine.now())
    };
    assert_eq!(told(7), told(7));
    assert_ne!(told(7), told(8));
}
