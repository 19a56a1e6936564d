//! A session run with another number of workers than it had, in the caller's thread, and compared leg by leg.
//!
//! Slot by slot: what was asked takes effect in the slot it did, packets are taken in in theirs, rooms mix and legs run
//! in theirs. What is left to the engine is on which worker, and how the workers' sums come together: the promise that
//! this is not heard is what is compared. Moves are left out, since they are not heard either.

use std::collections::BTreeMap;
use std::time::Duration;

use talkpath_nodes::packet::Packet;
use talkpath_rt::clock::{Clock, ManualClock};
use talkpath_rt::thread::Obtained;

use super::arrivals::Arrivals;
use super::ask::{Made, ask};
use super::course::{Ask, Course, Sent};
use super::file::{ControlStream, Recording};
use super::names::Names;
use super::report::ReplayError;
use crate::config::EngineConfig;
use crate::proto::LegId;
use crate::record::media::Given as Packed;
use crate::shard_link::ShardLink;
use crate::supervisor::{Course as Stance, Given, Placed, Supervisor};
use crate::wiring::{Wired, builder, wire};
use crate::worker::{Worker, io::Io};

/// What a run with other workers sent, by the legs of the session.
#[derive(Debug, Default)]
pub(super) struct Other {
    pub sent: BTreeMap<u64, Vec<Sent>>,
    /// Requests that were refused here, and packets there was no box for.
    pub refused: u64,
    pub unfit: u64,
}

/// The engine, and what it calls what the session had.
struct Crew {
    supervisor: Supervisor,
    workers: Vec<(Worker, Io)>,
    shard: ShardLink,
    names: Names,
    other: Other,
}

/// Runs `course` with `workers`.
///
/// # Errors
/// The settings do not go with so many workers.
pub(super) fn run(
    recording: &Recording,
    course: &Course,
    workers: usize,
) -> Result<Other, ReplayError> {
    let mut crew = Crew::new(recording, workers)?;
    let skipped = course.skipped_by_all();
    let mut arrivals: Vec<Arrivals<'_>> = course
        .workers
        .iter()
        .enumerate()
        .map(|(worker, log)| Arrivals::new(recording, worker, log))
        .collect();
    let mut asks = course.asks.iter().peekable();
    let mut places = course.places.iter().peekable();
    let control = {
        let mut control = recording.control();
        // To its end: all clips are known then.
        while control.next().is_some() {}
        control
    };
    let mut firsts: BTreeMap<LegId, Placed> = BTreeMap::new();
    for placed in &course.places {
        firsts.entry(placed.leg).or_insert(*placed);
    }
    for slot in 0..course.end() {
        let skips = |(first, count): &(u64, u64)| (*first..first + count).contains(&slot);
        if skipped.iter().any(skips) {
            continue;
        }
        while let Some((_, ask)) = asks.next_if(|(at, _)| *at <= slot) {
            crew.ask(ask, &control, &firsts);
        }
        while let Some(placed) = places.next_if(|placed| placed.slot <= slot) {
            crew.place(placed);
        }
        for arrivals in &mut arrivals {
            while let Some(packet) = arrivals.next_in(slot) {
                crew.give(&packet);
            }
        }
        crew.step(slot);
    }
    Ok(crew.other)
}

impl Crew {
    fn new(recording: &Recording, workers: usize) -> Result<Self, ReplayError> {
        let header = recording.header();
        let config = EngineConfig {
            workers,
            cores: Vec::new(),
            nodes: Vec::new(),
            // Whoever was let in comes in here, too.
            slot_budget: 0.9,
            admit_budget: 1.0,
            reserves: [0.0; crate::priority::CLASSES],
            ..header.config.clone()
        };
        config.validate()?;
        let base = header.base;
        let clock = move || -> Box<dyn Clock> { Box::new(ManualClock::new(base)) };
        let wiring = wire(&config, base, clock);
        let (mut workers, mut ends) = (Vec::new(), Vec::new());
        for Wired {
            worker,
            io,
            ends: end,
        } in wiring.workers
        {
            workers.push((worker, io));
            ends.push((end, Obtained::default()));
        }
        let builder = builder(config.clone(), move |_| clock());
        let mut supervisor =
            Supervisor::new(config, ends, wiring.routes, base, header.started, builder);
        supervisor.unwatch();
        supervisor.set_course(Stance::Following(Given::default()));
        Ok(Self {
            supervisor,
            workers,
            shard: wiring.shard,
            names: Names::default(),
            other: Other::default(),
        })
    }

    /// Asks what was asked, of what has its place here.
    fn ask(&mut self, ask_: &Ask, control: &ControlStream, firsts: &BTreeMap<LegId, Placed>) {
        let mut asked = ask_.asked.clone();
        let known = self.names.translate(asked.named());
        let place = match ask_.made {
            Some(Made::Leg(leg)) => firsts.get(&leg).map(|first| (first.before, first.after)),
            _ => None,
        };
        let mix = ask_.mix;
        self.supervisor
            .set_course(Stance::Following(Given { mix, place }));
        let made = control
            .request(asked, &mut self.supervisor)
            .filter(|_| known)
            .and_then(|request| ask(request, &mut self.supervisor));
        match (ask_.made, made) {
            (Some(was), Some(made)) => self.names.add(was, made),
            _ => self.other.refused += 1,
        }
    }

    fn place(&mut self, placed: &Placed) {
        let here = self.names.legs.get(&placed.leg.to_bits());
        if let Some(leg) = here.and_then(|bits| LegId::from_bits(*bits)) {
            self.supervisor.put_leg(leg, placed.before, placed.after);
        }
    }

    fn give(&mut self, given: &Packed<'_>) {
        // Of a leg that was gone, or never there: it goes nowhere here as there.
        let Some(leg) = self.names.legs.get(&given.leg) else {
            return;
        };
        let Some(mut packet) = self.shard.to_worker.take() else {
            self.other.unfit += 1;
            return;
        };
        packet.reset();
        (packet.leg, packet.received, packet.header) = (*leg, given.received, given.header);
        let fits = packet.set_payload(given.payload).is_ok();
        let refused = match fits {
            true => self.shard.to_worker.send(packet).err().map(|full| full.0),
            false => Some(packet),
        };
        if let Some(packet) = refused {
            self.other.unfit += 1;
            self.shard.to_worker.put_back(packet);
        }
    }

    fn step(&mut self, slot: u64) {
        let mut now = Duration::ZERO;
        for (worker, io) in &mut self.workers {
            worker.skip_to(slot);
            now = worker.due();
            worker.step(now, io);
        }
        self.supervisor.poll(now);
        while let Some(packet) = self.shard.from_worker.recv() {
            self.note(&packet);
            if self.shard.from_worker.give_back(packet).is_err() {
                tracing::error!("a packet box could not go back");
            }
        }
    }

    fn note(&mut self, packet: &Packet) {
        if let Some(leg) = self.names.back.get(&packet.leg) {
            let sent = self.other.sent.entry(*leg).or_default();
            sent.push(Sent::of(packet));
        }
    }
}
