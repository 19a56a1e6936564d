//! Full rings, as the shard meets them: what does not fit waits or is counted, nothing is lost, nothing blocks. Real
//! loopback sockets, virtual time.

use std::cell::{Cell, RefCell};
use std::net::UdpSocket;
use std::num::NonZeroU32;

use talkpath_engine::LegId;
use talkpath_nodes::packet::{MAX_DATAGRAM, Packet, write};
use talkpath_rt::boxes::{Borrower, Lender, boxes};
use talkpath_rt::clock::{Clock, ManualClock};
use talkpath_rt::flag::Flag;
use talkpath_rt::ring::ring;
use talkpath_rt::slab::Slab;
use talkpath_rt::timing::exchange;

use super::super::far_end::FarEnd;
use super::super::grid::{Grid, run};
use super::super::latch::LatchState;
use super::super::level::Level;
use super::super::rtcp::Reports;
use super::super::sockets::Sockets;
use super::super::status::Snapshot;
use super::*;

const NOW: Duration = Duration::from_secs(900);
const MS: Duration = Duration::from_millis(1);
const TIMEOUT: Duration = Duration::from_secs(10);

/// A shard and the other ends of its rings.
struct Bench {
    shard: Shard,
    commands: Producer<Command>,
    returned: Consumer<Returned>,
    events: Consumer<NetEvent>,
    packets_in: Borrower<Packet>,
    packets_out: Lender<Packet>,
    phone: UdpSocket,
}

/// Boxes each way, and room of the rings to the control side.
struct Room {
    boxes: usize,
    returned: usize,
    events: usize,
}

const AMPLE: Room = Room {
    boxes: 8,
    returned: 16,
    events: 16,
};

fn id(index: u32) -> LegId {
    LegId::new(index, NonZeroU32::MIN)
}

fn bench(room: Room) -> Bench {
    let (to_worker, packets_in) = boxes(room.boxes, Packet::empty);
    let (packets_out, from_worker) = boxes(room.boxes, Packet::empty);
    let (commands, obeyed) = ring(64);
    let (returned, returning) = ring(room.returned);
    let (events, heard) = ring(room.events);
    let (timing, _) = exchange();
    let phone = UdpSocket::bind("127.0.0.1:0").unwrap();
    phone
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    Bench {
        shard: Shard {
            inbound: Inbound::new(to_worker.into()).unwrap(),
            outbound: Outbound::new(from_worker.into()),
            sweep: Sweep::new(8),
            legs: Slab::with_capacity(8),
            counters: NetCounters::default(),
            wall: Wall::new(Duration::from_secs(1_700_000_000), NOW),
            media_timeout: TIMEOUT,
            commands: obeyed,
            returned,
            events,
            timing,
        },
        commands,
        returned: returning,
        events: heard,
        packets_in,
        packets_out,
        phone,
    }
}

impl Bench {
    fn session(&self) -> SessionChange {
        let phone = self.phone.local_addr().unwrap();
        SessionChange {
            remote_rtp: phone,
            remote_rtcp: phone,
            rtcp_mux: false,
            payload_type: 0,
            send_payload_type: 0,
            keys: None,
            clock_rate: 8000,
            receive: true,
            send: true,
        }
    }

    /// Orders `index` attached; the port it will have.
    fn attach(&mut self, index: u32) -> u16 {
        let sockets = (13_600..13_998u16)
            .step_by(2)
            .find_map(|port| Sockets::bind([127, 0, 0, 1].into(), port, None).ok())
            .unwrap();
        let port = sockets.port;
        let minute = Duration::from_secs(60);
        let reports = Reports::new(5, "a@b".to_owned(), 8000, minute, NOW, 1);
        let far = FarEnd::new(self.session(), reports, NOW);
        self.order(Command::Attach(Box::new(ShardLeg::new(
            id(index),
            sockets,
            far,
        ))));
        port
    }

    fn order(&mut self, command: Command) {
        assert!(self.commands.push(command).is_ok());
    }

    /// `count` slots from `now` on.
    fn slots(&mut self, count: u64, now: Duration) {
        for slot in 0..count {
            self.shard.before_step(slot, now);
            self.shard.after_step(now);
        }
    }

    fn send(&self, sequence: u16, port: u16) {
        let mut packet = Packet::empty();
        packet.header.sequence = sequence;
        packet.header.ssrc = 7;
        packet.set_payload(&[1; 160]).unwrap();
        let mut out = [0; MAX_DATAGRAM];
        let length = write(&packet, &mut out);
        let sent = self.phone.send_to(&out[..length], ("127.0.0.1", port));
        assert_eq!(sent.unwrap(), length);
    }
}

#[test]
fn a_full_event_ring_delays_and_loses_nothing() {
    let mut bench = bench(Room { events: 1, ..AMPLE });
    for index in 0..4 {
        bench.attach(index);
    }
    bench.slots(1, NOW);
    let silent = NOW + TIMEOUT;
    bench.slots(40, silent);
    assert_eq!(bench.shard.counters.media_timeouts, 4);
    assert!(bench.shard.counters.events_delayed >= 3);
    let mut told = Vec::new();
    while told.len() < 4 {
        told.push(bench.events.pop().expect("the next one, a round later"));
        assert_eq!(bench.events.pop(), None);
        bench.slots(20, silent);
    }
    told.sort_unstable_by_key(|event| format!("{event:?}"));
    let expected: Vec<_> = (0..4).map(|i| NetEvent::MediaTimeout(id(i))).collect();
    assert_eq!((told, bench.events.pop()), (expected, None));
    // The newest of our SSRCs is what counts, and it is told beside the others.
    let leg = bench.shard.legs.get_mut(Handle::new(2, NonZeroU32::MIN));
    let leg = leg.unwrap();
    let wall = bench.shard.wall;
    let news = [
        NetEvent::Bye(leg.id),
        NetEvent::MediaTimeout(leg.id),
        NetEvent::Bye(leg.id),
    ];
    news.into_iter().for_each(|event| leg.note(event));
    for _ in 0..3 {
        leg.resolve_collision(silent, &wall, &mut bench.shard.counters);
    }
    let new_ssrc = leg.far.reports.ssrc();
    let mut told = Vec::new();
    while told.len() < 3 {
        bench.slots(20, silent);
        told.extend(bench.events.pop());
    }
    let collision = NetEvent::SsrcCollision {
        leg: id(2),
        new_ssrc,
    };
    assert_eq!(
        told,
        [
            NetEvent::Bye(id(2)),
            NetEvent::MediaTimeout(id(2)),
            collision
        ]
    );
}

#[test]
fn a_full_returned_ring_makes_commands_wait_and_nothing_else() {
    let mut bench = bench(Room {
        returned: 2,
        ..AMPLE
    });
    let port = bench.attach(0);
    bench.attach(1);
    bench.slots(1, NOW);
    // One place goes to the change; with one left, no command is taken, and the snapshot has the last.
    bench.order(Command::Snapshot(Box::new(Snapshot::with_capacity(8))));
    let change = bench.session();
    bench.order(Command::Update(id(0).to_bits(), Box::new(change)));
    bench.order(Command::Detach(id(1).to_bits()));
    bench.slots(40, NOW);
    assert_eq!((bench.returned.len(), bench.shard.legs.len()), (2, 2));
    // Media, time-outs and their events go on.
    bench.send(1, port);
    bench.slots(1, NOW);
    assert_eq!(
        bench.packets_in.recv().map(|packet| packet.leg),
        Some(id(0).to_bits())
    );
    bench.slots(40, NOW + TIMEOUT);
    assert_eq!(bench.shard.counters.media_timeouts, 2);
    assert_eq!(bench.events.len(), 2);
    // Each box comes back once there is room: none was lost, the order is kept.
    let kinds = |returned: &mut Consumer<Returned>| -> Vec<u8> {
        std::iter::from_fn(|| returned.pop())
            .map(|back| match back {
                Returned::Change(change) => {
                    assert_eq!(change.payload_type, 0);
                    0
                }
                Returned::Snapshot(snapshot) => snapshot.legs.len() as u8,
                Returned::Leg(leg) => 10 + leg.id.index() as u8,
                Returned::Refused(_) => 99,
            })
            .collect()
    };
    assert_eq!(kinds(&mut bench.returned), [0, 2]);
    bench.slots(1, NOW + TIMEOUT);
    assert_eq!(kinds(&mut bench.returned), [11]);
    assert_eq!(bench.shard.legs.len(), 1);
    // A snapshot that is done without room for it waits, and is fresh when it goes.
    for _ in 0..2 {
        bench.shard.give_back(Returned::Change(Box::new(change)));
    }
    let snapshot = Box::new(Snapshot::with_capacity(8));
    assert!(bench.shard.sweep.fill(snapshot).is_none());
    bench.slots(40, NOW);
    bench.shard.counters.rtp_in = 77;
    assert_eq!(kinds(&mut bench.returned), [0, 0]);
    bench.slots(1, NOW);
    let Some(Returned::Snapshot(snapshot)) = bench.returned.pop() else {
        panic!("the snapshot");
    };
    assert_eq!((snapshot.legs.len(), snapshot.counters.rtp_in), (1, 77));
}

/// The leg of the engine knows its codec by one number, whatever the far end was told to send.
#[test]
fn what_comes_under_a_number_of_our_offer_goes_on_under_the_legs() {
    let mut bench = bench(AMPLE);
    let port = bench.attach(0);
    let change = SessionChange {
        send_payload_type: 96,
        keys: None,
        ..bench.session()
    };
    bench.order(Command::Update(id(0).to_bits(), Box::new(change)));
    bench.slots(1, NOW);
    bench.send(1, port);
    bench.slots(1, NOW);
    let packet = bench
        .packets_in
        .recv()
        .expect("number 0 is what was offered");
    assert_eq!(packet.header.payload_type, 96);
    let swapped = SessionChange {
        payload_type: 96,
        send_payload_type: 0,
        keys: None,
        ..change
    };
    bench.order(Command::Update(id(0).to_bits(), Box::new(swapped)));
    bench.slots(1, NOW);
    bench.send(2, port);
    bench.slots(1, NOW);
    assert!(bench.packets_in.recv().is_none(), "0 is what we send now");
    assert_eq!(bench.shard.counters.drop_in_payload_type, 1);
}

#[test]
fn a_refused_attach_comes_back_and_its_port_is_watched_no_longer() {
    let mut bench = bench(AMPLE);
    let first = bench.attach(0);
    let second = bench.attach(0);
    let beyond = bench.attach(8);
    bench.slots(1, NOW);
    for port in [second, beyond] {
        let Some(Returned::Refused(leg)) = bench.returned.pop() else {
            panic!("refused");
        };
        assert_eq!(leg.sockets.port, port);
        assert!(
            bench.shard.inbound.watch(&leg).is_ok(),
            "it was watched no longer"
        );
        bench.shard.inbound.unwatch(&leg);
    }
    assert_eq!(bench.shard.counters.attach_refused, 2);
    bench.send(1, first);
    bench.slots(1, NOW);
    assert_eq!(bench.shard.counters.rtp_in, 1);
}

/// Packets accepted, dropped without a box, and dropped before a full ring.
fn in_no_box_ring_full(bench: &Bench) -> (u64, u64, u64) {
    let NetCounters {
        rtp_in,
        drop_in_no_box,
        drop_in_ring_full,
        ..
    } = bench.shard.counters;
    (rtp_in, drop_in_no_box, drop_in_ring_full)
}

#[test]
fn a_full_ring_to_the_worker_drops_the_newest_and_counts() {
    let mut bench = bench(Room { boxes: 2, ..AMPLE });
    let port = bench.attach(0);
    bench.slots(1, NOW);
    for sequence in 1..=5 {
        bench.send(sequence, port);
    }
    // More than a batch.
    bench.slots(2, NOW);
    assert_eq!(in_no_box_ring_full(&bench), (2, 3, 0));
    // With its own boxes the ring cannot be full; a foreign one makes it so.
    bench
        .shard
        .inbound
        .to_worker
        .put_back(Box::new(Packet::empty()));
    for sequence in 6..=8 {
        bench.send(sequence, port);
    }
    bench.slots(1, NOW);
    assert_eq!(
        in_no_box_ring_full(&bench),
        (2, 3, 3),
        "the box went back each time"
    );
    assert_eq!(bench.shard.counters.datagrams_in, 8);
    let leg = bench
        .shard
        .legs
        .get(Handle::new(0, NonZeroU32::MIN))
        .unwrap();
    assert_eq!(
        (leg.refused.total(), leg.far.latch()),
        (6, LatchState::Locked)
    );
    // The oldest are there; with room, the stream goes on.
    let sequences: Vec<u16> = std::iter::from_fn(|| bench.packets_in.recv())
        .map(|packet| packet.header.sequence)
        .collect();
    assert_eq!(sequences, [1, 2]);
    bench.send(9, port);
    bench.slots(1, NOW);
    assert_eq!(bench.packets_in.recv().unwrap().header.sequence, 9);
}

#[test]
fn a_full_hold_sends_early_and_counts() {
    let mut bench = bench(Room { boxes: 4, ..AMPLE });
    bench.attach(0);
    bench.slots(1, NOW);
    let later = NOW + 30 * MS;
    for sequence in 1..=3 {
        let mut packet = bench.packets_out.take().unwrap();
        packet.leg = id(0).to_bits();
        packet.header.sequence = sequence;
        packet.not_before = later;
        packet.set_payload(&[2; 160]).unwrap();
        assert!(bench.packets_out.send(packet).is_ok());
    }
    bench.slots(1, NOW);
    let heard = |phone: &UdpSocket| {
        let mut room = [0; 512];
        assert_eq!(phone.recv(&mut room).unwrap(), 172);
        u16::from_be_bytes([room[2], room[3]])
    };
    let state = |bench: &Bench| {
        let counters = &bench.shard.counters;
        (
            counters.rtp_out,
            counters.sent_early,
            bench.shard.outbound.held(),
            bench.packets_out.available(),
        )
    };
    assert_eq!(state(&bench), (1, 1, 2, 2));
    assert_eq!(heard(&bench.phone), 3);
    bench.slots(1, later - MS);
    assert_eq!(state(&bench), (1, 1, 2, 2));
    bench.slots(1, later);
    assert_eq!(state(&bench), (3, 1, 0, 4));
    assert_eq!([heard(&bench.phone), heard(&bench.phone)], [1, 2]);
}

/// Virtual time that counts the sleeps and calls the test at each.
struct Counted<F> {
    time: ManualClock,
    sleeps: Cell<u64>,
    at: RefCell<F>,
}

impl<F: FnMut(Duration) + Send> Clock for Counted<F> {
    fn now(&self) -> Duration {
        self.time.now()
    }

    fn sleep_until(&self, deadline: Duration) {
        self.time.sleep_until(deadline);
        self.sleeps.set(self.sleeps.get() + 1);
        (self.at.borrow_mut())(deadline);
    }
}

/// Sleeps of a shard in 400 slots with one packet in slot 250.
fn sleeps(lag: Option<Duration>) -> u64 {
    let mut bench = bench(AMPLE);
    let port = bench.attach(0);
    bench.slots(1, NOW);
    let mut packet = Packet::empty();
    packet.set_payload(&[1; 160]).unwrap();
    let mut datagram = [0; MAX_DATAGRAM];
    let length = write(&packet, &mut datagram);
    let (phone, stop) = (bench.phone, Flag::new());
    let (stopped, mut sent) = (stop.clone(), false);
    let clock = Counted {
        time: ManualClock::new(NOW),
        sleeps: Cell::new(0),
        at: RefCell::new(move |now| {
            if now >= NOW + 250 * MS && !sent {
                let to = ("127.0.0.1", port);
                sent = phone.send_to(&datagram[..length], to).is_ok();
            }
            if now >= NOW + 400 * MS {
                stop.raise();
            }
        }),
    };
    let grid = Grid {
        base: NOW,
        slot: MS,
        lead: MS / 4,
        lag,
    };
    let shard = run(bench.shard, &clock, grid, 1000, &stopped);
    assert_eq!(shard.counters.rtp_in, 1);
    clock.sleeps.get()
}

#[test]
fn one_wake_a_slot_while_nothing_flows_and_two_from_the_first_packet_on() {
    // Two for 100 slots, one for 150; then a packet: two for 100, one for 50.
    let sleeps = sleeps(Some(MS / 4));
    assert!(sleeps.abs_diff(600) <= 4, "{sleeps}");
}

#[test]
fn one_wake_a_slot_also_with_media_when_sending_joins_receiving() {
    let sleeps = sleeps(None);
    assert!(sleeps.abs_diff(400) <= 4, "{sleeps}");
}

#[test]
fn a_snapshot_says_how_full_the_packet_rings_are() {
    let mut bench = bench(AMPLE);
    let port = bench.attach(0);
    bench.slots(1, NOW);
    (0..3).for_each(|sequence| bench.send(sequence, port));
    bench.slots(1, NOW);
    let packet = bench.packets_in.recv().expect("three were sent");
    bench.packets_in.give_back(packet).unwrap();
    let packet = bench.packets_out.take().expect("eight are there");
    bench.packets_out.send(packet).unwrap();
    bench.order(Command::Snapshot(Box::new(Snapshot::with_capacity(8))));
    bench.slots(40, NOW);
    let Some(Returned::Snapshot(snapshot)) = bench.returned.pop() else {
        panic!("a snapshot comes back");
    };
    let level = |now, most| Level {
        now,
        limit: 8,
        most,
    };
    let levels = snapshot.packets;
    assert_eq!(levels.boxes_in, level(2, Some(3)));
    assert_eq!(levels.ring_in, level(2, Some(3)));
    assert_eq!(levels.ring_out, level(0, Some(1)));
    assert_eq!((levels.held.now, levels.held.limit), (0, 4));
}
