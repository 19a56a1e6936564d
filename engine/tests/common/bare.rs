//! A worker wired by hand: rings of any size, and graphs the public API does not make.
//!
//! The test is the supervisor here: it keeps the free lists, submits transactions and frees garbage.

use std::time::Duration;

use talkpath_engine::proto::{
    Ack, Command, Direction, Garbage, LegBody, LegId, LegPlan, LegRun, LegTag, PlanId, PlanTag,
    RoomBody, RoomId, RoomTag, Seats, WorkerEvent,
};
use talkpath_engine::worker::bank::{Seat, Seating};
use talkpath_engine::worker::bus::Bus;
use talkpath_engine::worker::costs::{self, CostSink};
use talkpath_engine::worker::governor::Marks;
use talkpath_engine::worker::{Io, Worker, WorkerConfig};
use talkpath_graph::{FrameTime, Graph, Limits, SampleRate, compile};
use talkpath_nodes::gain::GainNode;
use talkpath_nodes::packet::Packet;
use talkpath_nodes::spec::Spec;
use talkpath_nodes::state::{Build, State};
use talkpath_rt::boxes::{Borrower, Lender, boxes};
use talkpath_rt::clock::ManualClock;
use talkpath_rt::command::{Busy, CommandTx, Txn, TxnId, commands};
use talkpath_rt::outlet::{self, AckRx, EventRx, GarbageRx};
use talkpath_rt::pulse::pulse;
use talkpath_rt::slab::FreeList;
use talkpath_rt::timing::{StatsSink, exchange};

use super::heap;

const SLOT: Duration = Duration::from_millis(1);
const LEGS: usize = 16;

/// Sizes of the rings.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    pub commands: usize,
    pub acks: usize,
    pub garbage: usize,
    pub events: usize,
    pub packets_in: usize,
    pub packets_out: usize,
}

impl Default for Sizes {
    fn default() -> Self {
        Self {
            commands: 64,
            acks: 64,
            garbage: 64,
            events: 256,
            packets_in: 64,
            packets_out: 64,
        }
    }
}

/// A worker and the far ends of its rings.
pub struct Bare {
    pub worker: Worker,
    pub io: Io,
    pub commands: CommandTx<Command>,
    pub acks: AckRx<Ack>,
    pub garbage: GarbageRx<Garbage>,
    pub events: EventRx<WorkerEvent>,
    pub to_worker: Lender<Packet>,
    pub from_worker: Borrower<Packet>,
    pub stats: StatsSink,
    pub costs: CostSink,
    pub clock: ManualClock,
    pub heap: heap::Count,
    seating: Seating,
    plans: FreeList<PlanTag>,
    rooms: FreeList<RoomTag>,
    legs: FreeList<LegTag>,
}

/// A leg as a test describes it.
pub struct Wanted {
    pub room: RoomId,
    pub plan: PlanId,
    pub rate: SampleRate,
    pub build: Build,
}

impl Bare {
    pub fn new(sizes: Sizes) -> Self {
        let (command_tx, command_rx) = commands(sizes.commands);
        let (ack_tx, acks) = outlet::acks(sizes.acks);
        let (garbage_tx, garbage) = outlet::garbage(sizes.garbage);
        let (event_tx, events) = outlet::events(sizes.events);
        let (to_worker, packets_in) = boxes(sizes.packets_in, Packet::empty);
        let (packets_out, from_worker) = boxes(sizes.packets_out, Packet::empty);
        let (source, stats) = exchange();
        let (costs, cost_sink) = costs::exchange(8);
        let clock = ManualClock::new(Duration::from_secs(1));
        let io = Io {
            commands: command_rx,
            acks: ack_tx,
            garbage: garbage_tx,
            events: event_tx,
            packets_in,
            packets_out,
            mesh: Default::default(),
            pulse: pulse().0,
            stats: source,
            costs,
            script: None,
            cost_clock: Box::new(clock.clone()),
            tape: None,
        };
        let base = Duration::from_secs(1);
        let worker = Worker::new(WorkerConfig {
            epoch: 0,
            index: 0,
            leg_ids: LEGS,
            slot: SLOT,
            base,
            legs: LEGS,
            rooms: 4,
            plans: 8,
            seats: LEGS + 4,
            marks: Marks {
                above: 0.95,
                below: 0.7,
            },
        });
        Self {
            worker,
            io,
            commands: command_tx,
            acks,
            garbage,
            events,
            to_worker,
            from_worker,
            stats,
            costs: cost_sink,
            clock,
            heap: heap::Count::default(),
            seating: Seating::new(LEGS + 4),
            plans: FreeList::with_capacity(8),
            rooms: FreeList::with_capacity(4),
            legs: FreeList::with_capacity(LEGS),
        }
    }

    /// Runs so many slots; nothing is taken out of the rings.
    pub fn slots(&mut self, slots: u64) {
        for _ in 0..slots {
            let due = self.worker.due();
            self.clock.set(due);
            let (worker, io) = (&mut self.worker, &mut self.io);
            self.heap += heap::of(&mut || {
                worker.step(due, io);
            });
        }
    }

    /// Submits one transaction, with the room it needs at most.
    pub fn submit(&mut self, ops: Vec<Command>) -> Result<TxnId, Busy<Command>> {
        let (acks, garbage) = (ops.len() + 1, ops.len());
        self.commands.submit(Txn {
            ops,
            not_before: 0,
            garbage,
            acks,
        })
    }

    /// Submits, and runs until it is answered; the answers are taken out.
    pub fn edit(&mut self, ops: Vec<Command>) -> Vec<Ack> {
        self.submit(ops).expect("room in the command ring");
        self.slots(1);
        self.answers()
    }

    pub fn answers(&mut self) -> Vec<Ack> {
        std::iter::from_fn(|| self.acks.pop()).collect()
    }

    /// A room with a bus for each rate.
    pub fn room(&mut self, rates: &[SampleRate]) -> RoomId {
        let room = self.rooms.take().expect("a room handle");
        let frame = FrameTime::Ms20;
        let body = RoomBody::new(frame, 0, 1);
        let mut ops = vec![Command::AddRoom {
            room,
            value: Box::new(body),
        }];
        ops.extend(rates.iter().map(|rate| Command::AddBus {
            room,
            value: Box::new(Bus::new(*rate, frame, 1)),
        }));
        let answers = self.edit(ops);
        assert!(matches!(answers[..], [Ack::Done { .. }]), "{answers:?}");
        room
    }

    /// A compiled plan, on the worker; the graphs it was made of are what states are built from.
    pub fn plan(
        &mut self,
        ingress: Option<Graph<Spec>>,
        egress: Option<Graph<Spec>>,
    ) -> (PlanId, LegPlan) {
        let plan = self.plans.take().expect("a plan handle");
        let compile = |graph: &Option<Graph<Spec>>| {
            graph
                .as_ref()
                .map(|graph| compile(graph, &Limits::default()).expect("a sound graph"))
        };
        let make = || LegPlan {
            ingress: compile(&ingress),
            egress: compile(&egress),
        };
        let answers = self.edit(vec![Command::AddPlan {
            plan,
            value: Box::new(make()),
        }]);
        assert!(matches!(answers[..], [Ack::Done { .. }]), "{answers:?}");
        (plan, make())
    }

    /// A leg, ready to be added.
    pub fn body(&mut self, plan: &LegPlan, wanted: Wanted) -> (LegId, Box<LegBody>) {
        let Wanted {
            room,
            plan: plan_id,
            rate,
            mut build,
        } = wanted;
        let mut seats = Seats::default();
        let mut states = Vec::new();
        for (half, seats) in [
            (&plan.ingress, &mut seats.ingress),
            (&plan.egress, &mut seats.egress),
        ] {
            for op in half.iter().flat_map(|half| &half.ops) {
                let state = match &op.spec {
                    Spec::Gain { .. } => State::Gain(GainNode::new(1.0)),
                    spec => State::new(spec, &mut build).expect("a buildable state"),
                };
                let seat = self.seating.take(&state).expect("a seat");
                seats.push(seat);
                if seat != Seat::Stateless {
                    states.push((seat, state));
                }
            }
        }
        let body = LegBody {
            room,
            plan: plan_id,
            rate,
            slots_before: 0,
            slots_after: 0,
            seats,
            states,
            own: vec![0; FrameTime::Ms20.samples(rate).as_usize()].into(),
            direction: Direction::BOTH,
            swap: None,
            keys: None,
            run: LegRun::default(),
        };
        (self.legs.take().expect("a leg handle"), Box::new(body))
    }

    /// Adds a leg of these graphs to a room.
    pub fn leg(
        &mut self,
        room: RoomId,
        rate: SampleRate,
        ingress: Option<Graph<Spec>>,
        egress: Option<Graph<Spec>>,
        build: Build,
    ) -> LegId {
        let (id, plan) = self.plan(ingress, egress);
        let (leg, body) = self.body(
            &plan,
            Wanted {
                room,
                plan: id,
                rate,
                build,
            },
        );
        let answers = self.edit(vec![Command::AddLeg { leg, value: body }]);
        assert!(matches!(answers[..], [Ack::Done { .. }]), "{answers:?}");
        leg
    }

    /// Takes the packets out that were sent, and gives the boxes back.
    pub fn packets(&mut self) -> Vec<Packet> {
        let mut packets = Vec::new();
        while let Some(packet) = self.from_worker.recv() {
            packets.push((*packet).clone());
            self.from_worker
                .give_back(packet)
                .expect("room for the inventory");
        }
        packets
    }
}
