//! The thread of a worker: its steps as they were, and the mixes they make.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crossbeam::channel::Sender;
use talkpath_graph::SampleRate;
use talkpath_nodes::mix::mix_minus;
use talkpath_rt::flag::Flag;
use talkpath_rt::tape::Numbers;

use super::super::course::{Log, WorkerLog};
use super::super::report::Mix;
use crate::proto::{RoomBody, RoomId};
use crate::worker::{Worker, io::Io};

/// What a worker's thread owns.
pub(super) struct Body {
    pub worker: Worker,
    pub io: Io,
    pub index: u8,
    pub steps: Numbers,
    pub base: Duration,
    pub over: Flag,
    pub progress: Arc<AtomicU64>,
    pub mixes: Option<Sender<Mix>>,
    /// Where it says at its end what came when.
    pub log: Option<(WorkerLog, Sender<Log>)>,
}

impl Body {
    /// Every step that the session had. The time of the last.
    pub fn run(self) -> Duration {
        let Self {
            mut worker,
            mut io,
            steps,
            base,
            over,
            progress,
            mixes,
            index,
            mut log,
        } = self;
        let mut now = Duration::ZERO;
        // By room: the last mix that was told.
        let mut told = BTreeMap::new();
        for since in steps {
            if over.is_raised() {
                break;
            }
            now = now.saturating_add(Duration::from_nanos(since));
            let first = worker.slot();
            let report = worker.step_around(now, &mut io, |worker| {
                if let Some(mixes) = &mixes {
                    tell_mixes(worker, index, base, &mut told, mixes);
                }
                if let Some((log, _)) = &mut log {
                    log.ran(worker.slot(), worker.counters());
                }
            });
            if let Some((log, _)) = &mut log {
                log.skipped(first, report.skipped.into());
            }
            progress.fetch_add(1, Ordering::Relaxed);
        }
        if let Some((log, logs)) = log {
            // Nobody waits for it when a thread could not be started.
            let log = Log::Worker(index.into(), log);
            logs.send(log).unwrap_or_default();
        }
        now
    }
}

/// Tells of the rooms whose mix is new.
fn tell_mixes(
    worker: &Worker,
    index: u8,
    base: Duration,
    told: &mut BTreeMap<RoomId, u64>,
    mixes: &Sender<Mix>,
) {
    for (room, body) in worker.rooms() {
        if body.mixes == 0 || told.insert(room, body.mixes) == Some(body.mixes) {
            continue;
        }
        if let Some(mix) = mix_of(room, body, index, worker.due().saturating_sub(base)) {
            // The desk reads until this thread is over.
            mixes.send(mix).unwrap_or_default();
        }
    }
}

/// What somebody hears who says nothing, at the highest rate there is.
fn mix_of(room: RoomId, body: &RoomBody, worker: u8, at: Duration) -> Option<Mix> {
    let bus = body.buses.iter().max_by_key(|bus| bus.rate())?;
    let rate: SampleRate = bus.rate();
    let mut samples = vec![0.0; bus.sum().len()];
    mix_minus(bus.sum(), &[], bus.cross(), &mut samples);
    Some(Mix {
        room,
        worker,
        number: body.mixes,
        at,
        rate,
        samples,
    })
}
