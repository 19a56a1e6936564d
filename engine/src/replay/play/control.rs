//! The thread of the supervisor.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use talkpath_rt::flag::Flag;

use super::super::ask::Made;
use super::super::codecs::Codecs;
use super::super::course::Ask;
use super::super::file::ControlStream;
use crate::record::control::Control;
use crate::supervisor::Supervisor;

/// Polls and requests as they were. What the session met with that the recording does not hold is its end.
pub(super) fn run_supervisor(
    supervisor: &mut Supervisor,
    mut control: ControlStream,
    over: &Flag,
    progress: &AtomicU64,
    mut codecs: Codecs,
) -> Vec<Ask> {
    let (mut at, mut asks) = (Duration::ZERO, Vec::new());
    while let Some(note) = control.next() {
        if over.is_raised() {
            break;
        }
        match note {
            Control::Poll(now) => {
                at = now;
                supervisor.poll(now);
            }
            Control::Ask(asked) => {
                let Some(request) = control.request(asked.clone(), supervisor) else {
                    break;
                };
                supervisor.about(Some(asks.len()));
                let made = codecs.handle(request, at, supervisor);
                supervisor.about(None);
                let mix = match made {
                    Some(Made::Room(room)) => supervisor.mix_of(room),
                    _ => None,
                };
                asks.push(Ask { asked, made, mix });
            }
            Control::Cannot => break,
        }
        progress.fetch_add(1, Ordering::Relaxed);
    }
    asks
}
