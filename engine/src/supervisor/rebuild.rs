//! The legs of a lost worker, built anew from what is known of them (D18).
//!
//! | leg | what becomes of it |
//! |---|---|
//! | network, tone | as it was configured last, in its old slots, faded in; SSRC kept, sequence and timestamp go on (`shard_link`) |
//! | clip | from its beginning; silent when it had come to its end |
//! | graph of the user's own | likewise, with the gains it was given and all that it sends and plays; players from their beginning |
//! | with a node of the user's own or a tap | leaves with [`LeaveReason::NodeLost`]: only its caller could make that anew |
//! | port | leaves with [`LeaveReason::WorkerLost`], likewise |
//! | plan being swapped | as the new plan; the swap is told as done |
//! | leaving | is gone |
//! | on its way to the lost worker | built there once the other has let it go: never on two at a time |
//! | on its way from the lost worker | runs on the other if it came; else it is built there |

use talkpath_nodes::meter::SILENCE;

use crate::error::EngineError;
use crate::event::EventKind;
use crate::proto::{Command, LegBody, LegId, LegKeys, LegRun};
use crate::worker::stats::LegStats;

use super::Supervisor;
use super::batch::Batch;
use super::blueprint::{Blueprint, Start};
use super::legs::LegState;

mod source;

impl Supervisor {
    /// Sees to every leg whose worker is lost and that no other still holds.
    pub(super) fn legs_anew(&mut self) {
        let orphaned = |(id, leg): (&LegId, &LegState)| {
            let lives_on = leg.moving.as_ref().is_some_and(|moving| {
                self.sites[usize::from(moving.from)].epoch == moving.from_epoch
            });
            let lost = self.sites[usize::from(leg.worker)].epoch != leg.epoch;
            (lost && !lives_on).then_some(*id)
        };
        let orphans: Vec<LegId> = self.legs.iter().filter_map(orphaned).collect();
        for leg in orphans {
            if let Some(state) = self.legs.get_mut(&leg) {
                state.bodies = 0;
            }
            self.anew(leg);
        }
    }

    /// Worker `at` has changed over to a neighbour's ring of `epoch`: legs that were to go to the lost one have left `at`.
    pub(super) fn cut(&mut self, at: usize, neighbour: u8, epoch: u16) {
        let here = self.sites[at].epoch;
        let sent = |(id, leg): (&LegId, &LegState)| {
            let moving = leg.moving.as_ref()?;
            let from_here = usize::from(moving.from) == at && moving.from_epoch == here;
            (from_here && leg.worker == neighbour && leg.epoch < epoch).then_some(*id)
        };
        let sent: Vec<LegId> = self.legs.iter().filter_map(sent).collect();
        for leg in sent {
            let Some(state) = self.legs.get_mut(&leg) else {
                continue;
            };
            let Some(moving) = state.moving.take() else {
                continue;
            };
            state.bodies = state.bodies.saturating_sub(1);
            let mut batch = Batch::default();
            self.left_behind(leg, &moving, &mut batch);
            self.give_seats(at, &moving.seats);
            self.submit(batch);
            self.anew(leg);
        }
    }

    /// A leg that was to come from a lost worker has not come to the one it was sent to.
    pub(super) fn missed(&mut self, leg: LegId) {
        let Some(state) = self.legs.get_mut(&leg) else {
            return;
        };
        state.bodies = 0;
        let held = state.held();
        let mut batch = Batch::default();
        self.vacate(&held, &mut batch);
        self.submit(batch);
        self.sites[usize::from(held.worker)].legs -= 1;
        self.anew(leg);
    }

    /// Builds a leg that no worker has any more, or lets it end.
    fn anew(&mut self, leg: LegId) {
        let Some(state) = self.legs.get_mut(&leg) else {
            return;
        };
        state.moving = None;
        let talked = std::mem::take(&mut state.talking);
        state.fenced = [false; 2];
        let (room, rate) = (state.room, state.rate);
        let swapping = state.swapping.take();
        // What it held is gone with the worker, or given back by now.
        state.epoch = state.epoch.wrapping_sub(1);
        // With the worker the swap is over as well: what is built is the new plan.
        let swapped = swapping.is_some();
        if let Some(over) = swapping.filter(|over| over.rate != rate) {
            let mut batch = Batch::default();
            self.exit_rate(room, over.rate, &mut batch);
            self.submit(batch);
        }
        if talked {
            self.publish(self.now, EventKind::TalkStopped { leg });
        }
        let Some(state) = self.legs.get(&leg) else {
            return;
        };
        let stays = state.stays();
        let anew = if stays { self.rebuild(leg) } else { Ok(()) };
        if stays && anew.is_ok() {
            self.publish(self.now, EventKind::Rebuilt { leg });
        }
        let Some(state) = self.legs.get_mut(&leg) else {
            return;
        };
        if let Err(error) = anew {
            let node = state.node();
            tracing::warn!(%leg, node, %error, "a leg is not built anew");
            self.counters.legs_lost += 1;
            state.leave(state.reason_lost());
            if let Some(port) = &state.port {
                port.lose();
            }
        }
        if !state.stays() {
            state.gone = true;
            self.retire(leg);
        } else if swapped {
            self.publish(self.now, EventKind::Swapped { leg });
        }
    }

    fn rebuild(&mut self, leg: LegId) -> Result<(), EngineError> {
        let state = self.leg(leg)?;
        let (sources, own, face) = (state.sources_anew(), state.own.clone(), state.face.clone());
        let (room, worker, place) = (state.room, state.worker, state.place);
        let (linear, direction, finished) = (state.linear(), state.direction, state.finished);
        let life = state.life.wrapping_add(1);
        let stats = LegStats {
            queued: 0,
            level: SILENCE,
            talking: false,
            ..state.stats
        };
        let room_state = self.room(room)?;
        let (frame, mix) = (room_state.frame, room_state.mix);
        let mut blueprint = match (own, sources.usual()) {
            (Some(own), _) if own.node().is_none() => {
                Blueprint::of_graph(own.anew(), sources, Some(face), frame, &self.config)?
            }
            (None, Some(source)) => Blueprint::new(&source, frame, &self.config)?,
            _ => {
                let (kind, what) = (face.kind, "be built anew");
                return Err(EngineError::WrongKind { kind, what });
            }
        };
        let site = usize::from(worker);
        let compiled = self.sites[site].plans.compile(blueprint.graphs.clone())?;
        let states = blueprint.states(&compiled, Start::FadeIn(linear))?;
        let (seats, states) = self.take_seats(site, states)?;
        let mut batch = Batch::default();
        let plan = self.enter_plan(worker, compiled, &seats, &mut batch)?;
        self.sites[site].table.put_back(mix, place);
        self.sites[site].legs += 1;
        let epoch = self.sites[site].epoch;
        let rate = blueprint.rate;
        let state = self.leg(leg)?;
        state.seats = seats.clone();
        (state.plan, state.epoch, state.life) = (plan, epoch, life);
        state.bodies += 1;
        let value = Box::new(LegBody {
            room,
            plan,
            rate,
            slots_before: place.before,
            slots_after: place.after,
            seats,
            states,
            own: vec![0; frame.samples(rate).as_usize()].into(),
            direction,
            swap: None,
            keys: blueprint.sources.network.as_ref().and_then(LegKeys::new),
            run: LegRun {
                held: (!direction.receive).then_some(linear),
                life,
                stats,
                finished,
                told_finished: finished,
                ..LegRun::default()
            },
        });
        batch.push(worker, Command::AddLeg { leg, value });
        self.routes.set(leg, worker);
        self.submit_at(batch, 0);
        self.counters.legs_rebuilt += 1;
        Ok(())
    }
}
