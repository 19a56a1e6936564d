//! What a leg costs when its room is on two workers, as a ratio to one worker: the steps of both in virtual time, in
//! turns in one run, everybody talking in PCMU.
//!
//! Without threads there is no waking up and no second core: it is the work that is compared, copying of sums, completing
//! them, cohorts of half the size. `valgrind --tool=callgrind --toggle-collect='*rig::measured*'` counts its
//! instructions: one number as argument, the workers, runs these only.

mod full_room;
mod rig;

use full_room::FullRoom;

const LEGS: usize = 600;

fn main() {
    if let Some(workers) = full_room::number() {
        let mut room = FullRoom::new(workers, LEGS);
        for _ in 0..50 {
            room.period();
        }
        return;
    }
    let mut rooms = [1, 2].map(|workers| FullRoom::new(workers, LEGS));
    let mut times = [Vec::new(), Vec::new()];
    for turn in 0..300 {
        for (room, times) in rooms.iter_mut().zip(&mut times) {
            let spent = room.period();
            if turn >= 20 {
                times.push(spent.as_nanos() as f64 / LEGS as f64);
            }
        }
    }
    let [one, two] = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    });
    println!(
        "one worker: {one:.0} ns per leg and period, two: {two:.0} ns, ratio {:.3}",
        two / one
    );
}
