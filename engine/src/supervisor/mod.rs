//! The supervisor: what the world is to be like, and the one producer of commands (D12).
//!
//! [`Supervisor`] is sans-I/O: it is handed requests and the time, and owns the control ends of
//! the workers' rings. [`Engine`](crate::Engine) puts a thread around it,
//! [`VirtualEngine`](crate::VirtualEngine) calls it directly. It may allocate, build and free as
//! it likes; the worker never waits for it.
//!
//! | file | what |
//! |---|---|
//! | `request` | what it can be asked, and the way there |
//! | `dispatch` | each request to who answers it |
//! | `rooms`, `legs` | desired state, and the edits that bring the workers there |
//! | `calls`, `call_blueprint`, `call_moves` | point-to-point calls (D3) |
//! | `parts` | which workers a room is on (D5) |
//! | `shrink` | a part without legs is given up |
//! | `moves` | a leg goes to another worker (D6) |
//! | `rebalance` | what moves so that all are better off |
//! | `nodes` | NUMA nodes: what is near |
//! | `swap` | another plan for a leg that stays (D13) |
//! | `crossing` | two plans compared, and the one between them |
//! | `graph_check` | whether a user's graph can be a leg |
//! | `site` | what is kept of one worker |
//! | `batch` | edits that belong together, in one slot on all workers |
//! | `routes` | to which worker the shard sends a leg's packets |
//! | `holdings` | what a leg takes and gives back |
//! | `blueprint` | from a leg's configuration to graphs and states |
//! | `validate` | what a leg's configuration may hold |
//! | `plans` | equal graphs share a plan |
//! | `placement` | which slot |
//! | `course` | when what was asked took effect, in a replay (D17) |
//! | `displace` | room for an emergency call (D15) |
//! | `prices` | what a leg costs, as measured (D15) |
//! | `admission` | whether a leg may come, and how many more could (D15) |
//! | `transactions` | credits, queue, what was sent and not answered |
//! | `answers` | acks, garbage and events of the worker |
//! | `watchdog`, `loss`, `rebuild`, `rebuild_calls` | a worker that hangs or ends, and what becomes of its legs (D18) |
//! | `report` | the status |
//! | `publish` | events to everybody who listens |
//!
//! Handles are reused only after the worker's ack and the return of the box (D11).

mod admission;
mod answers;
mod batch;
mod blueprint;
mod call_blueprint;
mod call_moves;
mod calls;
mod course;
mod crossing;
mod dispatch;
mod displace;
mod graph_check;
mod holdings;
mod legs;
mod loss;
mod moves;
mod nodes;
mod parts;
mod placement;
mod plans;
mod prices;
mod publish;
mod rebalance;
mod rebuild;
mod rebuild_calls;
mod report;
mod request;
mod rooms;
mod routes;
mod shedding;
mod shrink;
mod site;
mod sources;
mod swap;
mod transactions;
mod validate;
mod watchdog;

use std::collections::BTreeMap;
use std::time::Duration;

use talkpath_rt::slab::FreeList;
use talkpath_rt::thread::Obtained;

pub(crate) use course::{Course, Given, Learnt, Placed};
pub(crate) use loss::Hiring;
pub(crate) use plans::{LegGraphs, compiled_info};
pub(crate) use request::{CallEdit, Desk, Edit, Link, Reply, Request, Source};
pub(crate) use routes::Routes;
pub(crate) use site::Ends;
pub(crate) use sources::Sources;
pub(crate) use transactions::{ACKS, COMMANDS, GARBAGE};

use crate::config::EngineConfig;
use crate::error::EngineError;
use crate::event::{EventKind, LeaveReason, Subscribers};
use crate::port::PortTape;
use crate::proto::{CallId, CallTag, LegId, LegTag, RoomId, RoomTag};
use crate::record::control::ControlTape;
use crate::status::SupervisorCounters;
use crate::wiring::Builder;

use calls::CallState;
use displace::Claim;
use legs::LegState;
use prices::Prices;
use rooms::RoomState;
use shrink::Vacant;
use site::Site;

/// Desired state, and everything needed to bring the workers there.
pub(crate) struct Supervisor {
    config: EngineConfig,
    /// Time of the last request or poll.
    now: Duration,
    started: Duration,
    /// Time of slot 0.
    base: Duration,
    rooms: BTreeMap<RoomId, RoomState>,
    vacant: Vacant,
    room_ids: FreeList<RoomTag>,
    legs: BTreeMap<LegId, LegState>,
    leg_ids: FreeList<LegTag>,
    calls: BTreeMap<CallId, CallState>,
    call_ids: FreeList<CallTag>,
    /// Whose side a handle is.
    call_sides: BTreeMap<LegId, CallId>,
    /// The workers, by index.
    sites: Vec<Site>,
    prices: Prices,
    /// Room being made for emergency calls.
    claims: Vec<Claim>,
    routes: Routes,
    builder: Builder,
    /// Workers that want threads.
    hirings: Vec<Hiring>,
    /// Lost workers whose threads have not come home.
    out: Vec<loss::Out>,
    subscribers: Subscribers,
    counters: SupervisorCounters,
    stopped: bool,
    /// Where polls and requests are noted while the session is recorded (D17).
    tape: Option<ControlTape>,
    /// For the port that is asked for now.
    port_tape: Option<PortTape>,
    /// Of a replay.
    course: Option<Course>,
}

impl std::fmt::Debug for Supervisor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Supervisor").finish_non_exhaustive()
    }
}

impl Supervisor {
    /// An empty world. `config` has been validated.
    pub(crate) fn new(
        config: EngineConfig,
        workers: Vec<(Ends, Obtained)>,
        routes: Routes,
        base: Duration,
        now: Duration,
        builder: Builder,
    ) -> Self {
        let site = |(ends, obtained)| Site::new(&config, ends, obtained);
        Self {
            now,
            started: now,
            base,
            sites: workers.into_iter().map(site).collect(),
            claims: Vec::new(),
            prices: Prices::new(config.price_quantile),
            routes,
            builder,
            hirings: Vec::new(),
            out: Vec::new(),
            rooms: BTreeMap::new(),
            vacant: Vacant::default(),
            room_ids: FreeList::with_capacity(config.capacity_rooms),
            legs: BTreeMap::new(),
            leg_ids: FreeList::with_capacity(config.capacity_legs),
            calls: BTreeMap::new(),
            call_ids: FreeList::with_capacity(config.calls()),
            call_sides: BTreeMap::new(),
            subscribers: Subscribers::default(),
            counters: SupervisorCounters::default(),
            stopped: false,
            tape: None,
            port_tape: None,
            course: None,
            config,
        }
    }

    /// Takes in what the worker has said, and sends what waits. Never blocks.
    pub(crate) fn poll(&mut self, now: Duration) {
        let passed = now.saturating_sub(std::mem::replace(&mut self.now, now));
        if self.tape.as_mut().is_some_and(|tape| tape.poll(now)) {
            self.flush_tapes();
        }
        self.hear();
        self.watch(passed);
        self.give_parts_up();
        for site in &mut self.sites {
            site.transactions.flush();
        }
        self.routes.flush();
        self.funerals();
    }

    /// Notes polls and requests from now on.
    pub(crate) fn set_tape(&mut self, tape: ControlTape) {
        self.tape = Some(tape);
    }

    /// What comes in through the port that is asked for next is on this tape.
    pub(crate) fn set_port_tape(&mut self, tape: PortTape) {
        self.port_tape = Some(tape);
    }

    /// Has the tapes of all rings note what they have gathered.
    pub(crate) fn flush_tapes(&mut self) {
        for site in &mut self.sites {
            site.acks.flush_tape();
            site.garbage.flush_tape();
            site.events.flush_tape();
            site.stats.rings().1.flush_tape();
            site.costs.rings().1.flush_tape();
        }
    }

    /// True while an edit is on its way, so that the next poll should come soon.
    pub(crate) fn in_flight(&self) -> bool {
        let one = |site: &Site| site.transactions.in_flight();
        self.sites.iter().any(one) || self.routes.waiting() || self.gives_parts_up()
    }

    /// Whether a caller's edit may come in now.
    fn admit(&self) -> Result<(), EngineError> {
        self.sites
            .iter()
            .try_for_each(|site| site.transactions.admit())
    }

    /// True while there is a leg or a call, whose events should not wait long.
    pub(crate) fn has_legs(&self) -> bool {
        !self.legs.is_empty() || !self.calls.is_empty()
    }

    /// True after [`Request::Stop`].
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// The worker has stopped: everybody is told that it is over.
    fn stop(&mut self) {
        self.hear();
        self.stopped = true;
        for (leg, state) in std::mem::take(&mut self.legs) {
            let reason = state.reason().unwrap_or(LeaveReason::Shutdown);
            self.counters.legs_left += 1;
            self.publish_about(
                self.now,
                Some((Some(state.room), state.worker)),
                EventKind::Left {
                    room: state.room,
                    leg,
                    reason,
                },
            );
        }
        for state in std::mem::take(&mut self.calls).into_values() {
            self.call_over(&state);
        }
        for (room, state) in std::mem::take(&mut self.rooms) {
            let name = state.name.to_string();
            self.publish(self.now, EventKind::RoomEnded { room, name });
        }
    }
}
