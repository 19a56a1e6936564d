//! What has happened on a worker by itself: taken into the desired state, and told to everybody.
//!
//! On the supervisor's thread.

use crate::event::{EventKind, Left};
use crate::keys::Key;
use crate::proto::{LegPanic, Segment, WorkerEvent, WorkerEventKind};

use super::super::Supervisor;
use super::super::plans::Compiled;
use crate::status::LateStatus;

impl Supervisor {
    /// A node of a leg has panicked.
    pub(super) fn fenced(&mut self, panic: LegPanic) {
        let words = panic.payload.downcast_ref::<&str>().copied();
        let words = words.or_else(|| panic.payload.downcast_ref::<String>().map(String::as_str));
        let fault = words.unwrap_or("a panic without words").to_owned();
        let (leg, node) = (panic.leg, panic.node);
        let heard = panic.segment == Segment::Egress;
        if let Some(state) = self.legs.get_mut(&leg) {
            state.fenced[panic.segment as usize] = true;
        }
        tracing::error!(%leg, node, fault, "a node panicked; the leg goes on without it");
        self.publish(
            self.now,
            EventKind::Fenced {
                leg,
                node,
                heard,
                fault,
            },
        );
    }

    pub(super) fn event(&mut self, worker: usize, event: WorkerEvent) {
        let at = event.at;
        match event.kind {
            WorkerEventKind::Talking { leg, talking } => {
                if let Some(state) = self.legs.get_mut(&leg) {
                    state.talking = talking;
                }
                let kind = if talking {
                    EventKind::TalkStarted { leg }
                } else {
                    EventKind::TalkStopped { leg }
                };
                self.publish(at, kind);
            }
            WorkerEventKind::Finished { leg } => {
                if let Some(state) = self.legs.get_mut(&leg) {
                    state.finished = true;
                }
                self.publish(at, EventKind::Finished { leg });
            }
            WorkerEventKind::Key { leg, news } => {
                let key = Key::of_code(news.code);
                let kind = match news.ended {
                    None => EventKind::KeyStarted { leg, key },
                    Some((duration, ending)) => EventKind::Key {
                        leg,
                        key,
                        duration,
                        ending,
                    },
                };
                self.publish(at, kind);
            }
            WorkerEventKind::Leg { leg, stats } => {
                let Some(state) = self.legs.get_mut(&leg) else {
                    return;
                };
                let faulted = stats.not_finite > state.stats.not_finite;
                state.stats = stats;
                if faulted {
                    self.publish(at, EventKind::Faulted { leg });
                }
            }
            WorkerEventKind::Call { call, stats } => self.call_told(call, stats, at),
            WorkerEventKind::Late { by, culprit } => {
                tracing::debug!(worker, ?by, ?culprit, "a slot ended late");
                let plans = &self.sites[worker].plans;
                let compiled = culprit.and_then(|culprit| plans.compiled(culprit.plan));
                let plan_name = compiled.map(Compiled::name);
                let late = LateStatus::new(at, by, culprit, plan_name.clone());
                self.sites[worker].last_late = Some(late);
                self.publish(
                    at,
                    EventKind::Late {
                        worker,
                        by,
                        culprit,
                        plan_name,
                    },
                );
            }
            WorkerEventKind::Governor(taken) => {
                tracing::info!(worker, ?taken, "the governor took a step");
                self.sites[worker].shedding.took(taken, at);
                let what = Left::of(taken.step.level);
                let (priority, legs, load) = (taken.step.class, taken.legs, taken.load);
                let step = taken.in_force;
                let kind = if taken.up {
                    EventKind::Shed {
                        worker,
                        what,
                        priority,
                        legs,
                        load,
                        step,
                    }
                } else {
                    EventKind::Recovered {
                        worker,
                        what,
                        priority,
                        legs,
                        load,
                        step,
                    }
                };
                self.publish(at, kind);
            }
            WorkerEventKind::Worker { counters, levels } => {
                self.sites[worker].hear_counters(counters);
                self.sites[worker].levels = levels;
            }
        }
    }
}
