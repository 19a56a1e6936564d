//! The supervisor: what the world is to be like, and the one producer of commands (D12).
//!
//! [`Supervisor`] is sans-I/O: it is handed requests and the time, and owns the control ends of
//! the worker's rings. [`Engine`](crate::Engine) puts a thread around it,
//! [`VirtualEngine`](crate::VirtualEngine) calls it directly. It may allocate, build and free as
//! it likes; the worker never waits for it.
//!
//! | file | what |
//! |---|---|
//! | `request` | what it can be asked, and the way there |
//! | `rooms`, `legs` | desired state, and the edits that bring the worker there |
//! | `holdings` | what a leg takes and gives back |
//! | `blueprint` | from a leg's configuration to graphs and states |
//! | `validate` | what a leg's configuration may hold |
//! | `plans` | equal graphs share a plan |
//! | `placement` | which slot |
//! | `transactions` | credits, queue, what was sent and not answered |
//! | `answers` | acks, garbage and events of the worker |
//! | `report` | the status |
//!
//! Handles are reused only after the worker's ack and the return of the box (D11).

mod answers;
mod blueprint;
mod holdings;
mod legs;
mod placement;
mod plans;
mod report;
mod request;
mod rooms;
mod transactions;
mod validate;

use std::collections::BTreeMap;
use std::time::Duration;

use talkpath_rt::command::CommandTx;
use talkpath_rt::outlet::{AckRx, EventRx, GarbageRx};
use talkpath_rt::slab::FreeList;
use talkpath_rt::thread::Obtained;
use talkpath_rt::timing::{SlotStats, StatsSink};

pub(crate) use request::{Desk, Edit, Link, Reply, Request, Source};
pub(crate) use transactions::{ACKS, COMMANDS, GARBAGE};

use crate::config::EngineConfig;
use crate::error::{Class, EngineError};
use crate::event::{Event, EventKind, LeaveReason, Subscribers};
use crate::proto::{Ack, Command, Garbage, LegId, LegTag, RoomId, RoomTag, WorkerEvent};
use crate::status::SupervisorCounters;
use crate::worker::bank::Seating;
use crate::worker::schedule::cycle_slots;
use crate::worker::stats::WorkerCounters;

use legs::LegState;
use placement::SlotTable;
use plans::Plans;
use rooms::RoomState;
use transactions::Transactions;

/// The control ends of a worker's rings.
#[derive(Debug)]
pub(crate) struct Ends {
    pub commands: CommandTx<Command>,
    pub acks: AckRx<Ack>,
    pub garbage: GarbageRx<Garbage>,
    pub events: EventRx<WorkerEvent>,
    pub stats: StatsSink,
}

/// Desired state, and everything needed to bring the worker there.
#[derive(Debug)]
pub(crate) struct Supervisor {
    config: EngineConfig,
    /// Time of the last request or poll.
    now: Duration,
    started: Duration,
    obtained: Obtained,
    rooms: BTreeMap<RoomId, RoomState>,
    room_ids: FreeList<RoomTag>,
    legs: BTreeMap<LegId, LegState>,
    leg_ids: FreeList<LegTag>,
    seating: Seating,
    plans: Plans,
    table: SlotTable,
    transactions: Transactions,
    acks: AckRx<Ack>,
    garbage: GarbageRx<Garbage>,
    events: EventRx<WorkerEvent>,
    stats: StatsSink,
    timing: SlotStats,
    worker: WorkerCounters,
    subscribers: Subscribers,
    counters: SupervisorCounters,
    stopped: bool,
}

impl Supervisor {
    /// An empty world. `config` has been validated.
    pub(crate) fn new(config: EngineConfig, ends: Ends, obtained: Obtained, now: Duration) -> Self {
        let table = SlotTable::new(cycle_slots(config.slot), config.slot, config.slot_budget);
        Self {
            now,
            started: now,
            obtained,
            rooms: BTreeMap::new(),
            room_ids: FreeList::with_capacity(config.capacity_rooms),
            legs: BTreeMap::new(),
            leg_ids: FreeList::with_capacity(config.capacity_legs),
            seating: Seating::new(config.seats()),
            plans: Plans::new(config.capacity_plans),
            table,
            transactions: Transactions::new(ends.commands, config.queue),
            acks: ends.acks,
            garbage: ends.garbage,
            events: ends.events,
            stats: ends.stats,
            timing: SlotStats::new(),
            worker: WorkerCounters::default(),
            subscribers: Subscribers::default(),
            counters: SupervisorCounters::default(),
            stopped: false,
            config,
        }
    }

    /// Answers one request.
    pub(crate) fn handle(&mut self, request: Request) {
        match request {
            Request::CreateRoom { config, reply } => {
                let outcome = self.create_room(config);
                self.answer(&reply, outcome);
            }
            Request::CloseRoom { room, reply } => {
                let outcome = self.close_room(room);
                self.answer(&reply, outcome);
            }
            Request::Join {
                room,
                source,
                reply,
            } => {
                let outcome = self.join(room, &source);
                self.answer(&reply, outcome);
            }
            Request::Change { leg, config, reply } => {
                let outcome = self.change(leg, config);
                self.answer(&reply, outcome);
            }
            Request::Edit { leg, edit, reply } => {
                let outcome = self.edit(leg, edit);
                self.answer(&reply, outcome);
            }
            Request::Leave { leg, reason, reply } => {
                let outcome = self.leave(leg, reason);
                self.answer(&reply, outcome);
            }
            Request::Legs { room, reply } => {
                let outcome = self.legs_of(room);
                self.answer(&reply, outcome);
            }
            Request::LegStats { leg, reply } => {
                let outcome = self.leg(leg).map(|leg| leg.stats);
                self.answer(&reply, outcome);
            }
            Request::FindRoom { name, reply } => send(&reply, self.find_room(&name)),
            Request::Rooms { reply } => send(&reply, self.room_infos()),
            Request::Subscribe { backlog, reply } => send(&reply, self.subscribers.add(backlog)),
            Request::Status { reply } => send(&reply, Box::new(self.status())),
            Request::Plans { reply } => send(&reply, self.plans.infos()),
            Request::Stop { reply } => {
                self.stop();
                send(&reply, ());
            }
        }
    }

    /// Takes in what the worker has said, and sends what waits. Never blocks.
    pub(crate) fn poll(&mut self, now: Duration) {
        self.now = now;
        self.hear();
        self.transactions.flush();
    }

    /// True while an edit is on its way, so that the next poll should come soon.
    pub(crate) fn in_flight(&self) -> bool {
        self.transactions.in_flight()
    }

    /// True while there is a leg, whose events should not wait long.
    pub(crate) fn has_legs(&self) -> bool {
        !self.legs.is_empty()
    }

    /// True after [`Request::Stop`].
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped
    }

    fn publish(&mut self, at: Duration, kind: EventKind) {
        self.subscribers.publish(&Event { at, kind });
    }

    /// Gives an outcome to who asked, and counts a refusal.
    fn answer<T>(
        &mut self,
        reply: &Reply<Result<T, EngineError>>,
        outcome: Result<T, EngineError>,
    ) {
        if let Err(error) = &outcome {
            match error.class() {
                Class::Capacity => self.counters.refused_capacity += 1,
                Class::Transient => self.counters.refused_busy += 1,
                Class::Caller | Class::Bug => self.counters.refused_caller += 1,
            }
        }
        send(reply, outcome);
    }

    /// The worker has stopped: everybody is told that it is over.
    fn stop(&mut self) {
        self.hear();
        self.stopped = true;
        for (leg, state) in std::mem::take(&mut self.legs) {
            let reason = state.reason().unwrap_or(LeaveReason::Shutdown);
            self.counters.legs_left += 1;
            self.publish(
                self.now,
                EventKind::Left {
                    room: state.room,
                    leg,
                    reason,
                },
            );
        }
        for (room, state) in std::mem::take(&mut self.rooms) {
            let name = state.name.to_string();
            self.publish(self.now, EventKind::RoomEnded { room, name });
        }
    }
}

/// Answers; an asker who no longer waits is nobody's fault.
fn send<T>(reply: &Reply<T>, answer: T) {
    if reply.try_send(answer).is_err() {
        tracing::debug!("an asker went away before its answer");
    }
}
