//! An engine starts: its workers' threads, what joins them, the recording if there is one, and the supervisor.
//!
//! On the thread that asks for it. Whatever fails, the threads that run already are stopped first.

use std::sync::{Arc, Mutex};

use crossbeam::channel::unbounded;
use talkpath_rt::clock::{Clock, MonotonicClock};
use talkpath_rt::thread;

use crate::config::EngineConfig;
use crate::error::StartError;
use crate::record::{RecordTo, session};
use crate::supervisor::{Link, Supervisor};
use crate::wiring::{Wired, Wiring, join};

use super::crew::Crew;
use super::recorder::RecorderThread;
use super::threads::{quieten_workers, run_supervisor};
use super::{Engine, Running, Shared, lock, nodes};

impl Engine {
    pub(super) fn start_with(
        config: EngineConfig,
        to: Option<RecordTo>,
    ) -> Result<Self, StartError> {
        config.validate()?;
        let mut warnings = Vec::new();
        if config.lock_memory
            && let Err(why) = thread::lock_memory()
        {
            warnings.push(format!(
                "the memory is not locked ({why}); a page may have to be waited for"
            ));
        }
        let (topology, fallen_back) = nodes::of_machine();
        warnings.extend(fallen_back);
        let allowed = thread::allowed_cores();
        let config = nodes::settled(config, &topology, &allowed);
        quieten_workers();
        let mut crew = Crew::new(config.clone(), allowed);
        let stocks = (0..config.workers).map(|index| crew.hire(index));
        let stocks = match stocks.collect::<Result<Vec<_>, _>>() {
            Ok(stocks) => stocks,
            Err(why) => {
                drop(crew.close());
                return Err(why.into());
            }
        };
        let clock = MonotonicClock;
        let started = clock.now();
        let base = started + 2 * config.slot;
        let mut wiring = join(&config, base, stocks);
        let recording = to
            .map(|to| session::begin(&config, (base, started), &mut wiring, to))
            .transpose();
        let recording = match recording {
            Ok(recording) => recording,
            Err(why) => {
                drop(crew.close());
                return Err(StartError::Recording(why));
            }
        };
        let Wiring {
            workers: wired,
            routes,
            shard,
        } = wiring;
        let (mut ends, mut obtained) = (Vec::new(), Vec::new());
        for (
            index,
            Wired {
                worker,
                io,
                ends: end,
            },
        ) in wired.into_iter().enumerate()
        {
            match crew.begin((index, 0), (worker, io)) {
                Ok(mut got) => {
                    got.warnings.append(&mut warnings);
                    got.warnings
                        .iter()
                        .for_each(|warning| tracing::warn!("{warning}"));
                    ends.push((end, got.clone()));
                    obtained.push(got);
                }
                Err(back) => {
                    drop(crew.close());
                    return Err(back.0.into());
                }
            }
        }
        let crew = Arc::new(Mutex::new(crew));
        let hiring = Arc::clone(&crew);
        let builder = Box::new(move |place| lock(&hiring).replace(place));
        let mut supervisor = Supervisor::new(config, ends, routes, base, started, builder);
        let recorder = recording.map(|(recorder, tape)| {
            supervisor.set_tape(tape);
            recorder
        });
        let recording = recorder.as_ref().map(|recorder| recorder.shared());
        let (requests, inbox) = unbounded();
        let hands = Arc::clone(&crew);
        let spawned = std::thread::Builder::new()
            .name("talkpath-control".to_owned())
            .spawn(move || run_supervisor(supervisor, &inbox, &hands));
        let supervisor = match spawned {
            Ok(supervisor) => supervisor,
            Err(why) => {
                drop(lock(&crew).close());
                return Err(StartError::Supervisor(why));
            }
        };
        let recorder = match recorder.map(RecorderThread::spawn).transpose() {
            Ok(recorder) => recorder,
            Err(why) => {
                drop(lock(&crew).close());
                return Err(StartError::Recording(why));
            }
        };
        let running = Running {
            crew,
            supervisor,
            recorder,
        };
        let shared = Shared {
            link: Link::Thread(requests),
            base,
            obtained,
            shard: Mutex::new(Some(shard)),
            running: Mutex::new(Some(running)),
            recording,
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }
}
