//! Placing the calling thread: core, priority, timer slack. What is refused becomes a warning.

use super::{Obtained, Placement, allowed_cores};
use crate::sys::{limits, sched};
use std::io;
use std::time::Duration;

/// Puts the calling thread on its core.
pub(super) fn pin(placement: &Placement) -> Obtained {
    let mut obtained = Obtained::default();
    if let Some(core) = placement.core {
        match pin_to(core) {
            Ok(()) => obtained.core = Some(core),
            Err(why) => {
                let name = &placement.name;
                let warning = format!("{name} is not pinned to a core: {why}");
                obtained.warnings.push(warning);
            }
        }
    }
    obtained
}

/// Gives the calling thread its priority and exact timers.
pub(super) fn prioritise(placement: &Placement, obtained: &mut Obtained) {
    let name = &placement.name;
    if let Some(wanted) = placement.priority {
        match real_time(wanted) {
            Ok(got) => {
                obtained.priority = Some(got);
                if got != wanted {
                    obtained.warnings.push(format!(
                        "{name} runs at real-time priority {got}, not {wanted}: RLIMIT_RTPRIO \
                         allows no more"
                    ));
                }
            }
            Err(why) => obtained.warnings.push(format!(
                "{name} has no real-time priority ({why}); calls may stutter when the machine is \
                 busy: run as root, grant CAP_SYS_NICE or raise RLIMIT_RTPRIO{}",
                fall_back_to_nice()
            )),
        }
    }
    if let Err(why) = sched::set_timer_slack(Duration::from_nanos(1)) {
        obtained
            .warnings
            .push(format!("{name} may wake up to 50 µs late: {why}"));
    }
}

fn pin_to(core: usize) -> Result<(), String> {
    let allowed = allowed_cores();
    if !allowed.contains(&core) {
        return Err(format!(
            "core {core} is not among those this process may use ({allowed:?})"
        ));
    }
    if core_affinity::set_for_current(core_affinity::CoreId { id: core }) {
        Ok(())
    } else {
        Err(format!(
            "the system refused core {core}: {}",
            io::Error::last_os_error()
        ))
    }
}

/// Asks for SCHED_FIFO, and for less of it when a limit says so. Returns the priority in force.
fn real_time(wanted: u8) -> io::Result<u8> {
    if !(1..=99).contains(&wanted) {
        return Err(io::Error::other(format!(
            "priorities go from 1 to 99, not {wanted}"
        )));
    }
    let Err(refusal) = sched::set_fifo(wanted) else {
        return Ok(wanted);
    };
    let ceiling = limits::limit(limits::Resource::RealTimePriority)?.soft;
    match u8::try_from(ceiling) {
        Ok(less @ 1..) if less < wanted => sched::set_fifo(less).map(|()| less),
        _ => Err(refusal),
    }
}

/// The best that is left without real time; returns how the warning goes on.
fn fall_back_to_nice() -> &'static str {
    const NICE: i8 = -11;
    match sched::set_nice(NICE) {
        Ok(()) => " (a nice value of -11 was granted)",
        Err(_) => "",
    }
}
