//! A worker is lost: it ended by itself, or has made no slot for the time of the watchdog (D18).
//!
//! Nothing is asked of it any more and nothing it may still say is heard. Another takes its place at once, with rings of its
//! own: the shard and the other workers change over to them, and that is the fence (`shard_link`, `worker::rewire`). What
//! the old one had is known from the desired state and built anew (`rebuild`); its rings, seats, plans and boxes are
//! written off, and freed when its thread has come home (`loss/burial`).
//!
//! Every place has an epoch, the number of workers that were lost in it. What a leg holds on a worker of an older epoch is
//! gone already and is not given back a second time.
//!
//! On the supervisor's thread.

use std::time::Duration;

use talkpath_rt::thread::Obtained;

use crate::event::{EventKind, WorkerFault};
use crate::proto::{Command, RoomBody, RoomId, Workers};
use crate::wiring::{Rewired, Wired, rejoin};
use crate::worker::bus::Bus;
use crate::worker::io::Peer;
use crate::worker::{Worker, io::Io};

use super::Supervisor;
use super::batch::Batch;
use super::rooms::RoomState;
use super::site::Site;

mod burial;

/// A worker that wants a thread.
#[derive(Debug)]
pub(crate) struct Hiring {
    /// Whose place it takes: that one must stop, if it still runs.
    pub index: usize,
    pub epoch: u16,
    pub worker: Worker,
    pub io: Io,
    /// Not before this time: one that is lost again and again is not replaced faster than it can be noticed.
    pub not_before: Duration,
}

/// A lost worker that has not come home.
#[derive(Debug)]
pub(super) struct Out {
    worker: usize,
    epoch: u16,
    /// The other ends of its rings, so that none is freed on its thread.
    _site: Site,
    /// Neighbours that have not changed over yet: what they send it still has to be found.
    due: Workers,
    /// What the others had of it.
    peers: Vec<Peer>,
    /// What it brought home.
    home: Option<Box<(Worker, Io)>>,
}

impl Supervisor {
    /// Looks whether the workers make slots. Each that hangs for ever leaves a thread and its memory behind, so there is an
    /// end to replacing them: what would be the next is only told of, and looked at again.
    pub(super) fn watch(&mut self, passed: Duration) {
        for worker in 0..self.sites.len() {
            let site = &mut self.sites[worker];
            if !site.hired {
                continue;
            }
            let Some(silent) = site.watch.look(passed, self.config.watchdog) else {
                site.given_up = false;
                continue;
            };
            let stuck = self.workers_out() as usize;
            if stuck < self.config.max_stuck {
                self.lose(worker, WorkerFault::Stuck { silent });
            } else if !std::mem::replace(&mut self.sites[worker].given_up, true) {
                tracing::error!(worker, stuck, "a worker hangs and is not replaced: restart");
                self.publish(self.now, EventKind::WorkerNotReplaced { worker, stuck });
            }
        }
    }

    /// Gives no worker up from now on: in a replay they run as fast as they can, not by the clock.
    pub(crate) fn unwatch(&mut self) {
        self.sites.iter_mut().for_each(|site| site.hired = false);
    }

    /// The thread of a worker has ended by itself.
    pub(crate) fn exited(&mut self, worker: usize, epoch: u16, fault: String) {
        if self.sites[worker].epoch == epoch {
            self.lose(worker, WorkerFault::Exited { fault });
        }
    }

    /// Workers that want threads.
    pub(crate) fn take_hirings(&mut self) -> Vec<Hiring> {
        std::mem::take(&mut self.hirings)
    }

    /// A worker has got its thread.
    pub(crate) fn hired(&mut self, worker: usize, obtained: Obtained) {
        let site = &mut self.sites[worker];
        (site.hired, site.hired_at) = (true, Some(self.now));
        site.obtained = obtained;
        let legs = site.legs;
        self.counters.workers_replaced += 1;
        tracing::warn!(worker, legs, "another worker has begun in its place");
        self.publish(self.now, EventKind::WorkerReplaced { worker, legs });
    }

    fn lose(&mut self, worker: usize, why: WorkerFault) {
        if let Some(tape) = &mut self.tape {
            tape.cannot("the loss of a worker");
        }
        self.hear();
        let (index, epoch) = (worker as u8, self.sites[worker].epoch);
        let had = |leg: &&super::legs::LegState| leg.worker == index && leg.epoch == epoch;
        let called = |call: &&super::calls::CallState| call.worker == index && call.epoch == epoch;
        let legs =
            self.legs.values().filter(had).count() + 2 * self.calls.values().filter(called).count();
        tracing::error!(
            worker,
            ?why,
            legs,
            "a worker is lost; another takes its place"
        );
        self.counters.workers_lost += 1;
        self.publish(self.now, EventKind::WorkerLost { worker, why, legs });
        self.replace(worker);
        self.rooms_anew(worker);
        self.legs_anew();
        self.calls_anew();
    }

    /// Puts another in its place, and tells everybody who had a ring with it.
    fn replace(&mut self, worker: usize) {
        let epoch = self.sites[worker].epoch.wrapping_add(1);
        let Rewired {
            wired:
                Wired {
                    worker: new,
                    mut io,
                    ends,
                },
            inlet,
            outflow,
            peers,
        } = rejoin(self.base, (self.builder)((worker, epoch)));
        for peer in &mut io.mesh {
            peer.epoch = self.sites[usize::from(peer.index)].epoch;
        }
        let site = self.sites[worker].successor(&self.config, ends);
        let not_before = self.sites[worker]
            .hired_at
            .map_or(self.now, |at| self.now.max(at + self.config.watchdog));
        let old = std::mem::replace(&mut self.sites[worker], site);
        self.out.push(Out {
            worker,
            epoch: old.epoch,
            _site: old,
            due: peers.iter().map(|(other, _)| *other).collect(),
            peers: Vec::new(),
            home: None,
        });
        // It answers nobody any more.
        self.out
            .iter_mut()
            .for_each(|out| out.due = out.due.without(worker as u8));
        self.funerals();
        self.routes.renew(inlet, outflow);
        for (other, value) in peers {
            let told = vec![Command::SetPeer { value }];
            self.sites[usize::from(other)].transactions.add(told, 0);
        }
        self.hirings.push(Hiring {
            index: worker,
            epoch,
            worker: new,
            io,
            not_before,
        });
    }

    /// The rooms it had a part of.
    fn rooms_anew(&mut self, worker: usize) {
        let (index, workers) = (worker as u8, self.sites.len());
        let (mut ended, mut batch) = (Vec::new(), Batch::default());
        for (&room, state) in &self.rooms {
            let shed = state.shed.contains(index);
            if !shed && !state.on.contains(index) {
                continue;
            }
            if state.parts > 0 || shed {
                ended.push(room);
                continue;
            }
            part_anew(room, state, index, workers, &mut batch);
            self.sites[worker].table.add_room(state.mix);
        }
        self.submit_at(batch, 0);
        // Its part was on its way back.
        for room in ended {
            self.room_freed(worker, room);
        }
    }
}

/// The commands that make a worker's part of a room as it is to be.
fn part_anew(room: RoomId, state: &RoomState, worker: u8, workers: usize, batch: &mut Batch) {
    let mut body = RoomBody::new(state.frame, state.mix.slot, workers);
    let peers: Workers = state.on.without(worker);
    (body.peers, body.margin, body.epoch) = (peers, state.margin, state.epoch);
    let value = Box::new(body);
    batch.push(worker, Command::AddRoom { room, value });
    for (rate, _) in &state.rates {
        let value = Box::new(Bus::new(*rate, state.frame, workers));
        batch.push(worker, Command::AddBus { room, value });
    }
}
