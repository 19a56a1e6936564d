//! The per-packet path without kernel and codec: parse, route, box, jitter put and get, packetise.
//!
//! Goals: 0.5 µs for the whole path, 0.1 µs for parse, route and build. 64 legs take turns, so that
//! the state of a leg is as warm as in a small server and no warmer.

#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

use core::hint::black_box;
use core::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use talkpath_graph::Samples;
use talkpath_nodes::codec::Codec;
use talkpath_nodes::jitter::{JitterBuffer, JitterConfig, JitterDelays, Put};
use talkpath_nodes::packet::{MAX_DATAGRAM, Packet, parse, write};
use talkpath_nodes::packetise::{PacketOutlet, PacketiseConfig, Packetiser};
use talkpath_nodes::units::{Unit, Units};
use talkpath_rt::boxes::{Borrower, Lender, boxes};
use talkpath_rt::handle::Handle;
use talkpath_rt::ring::Full;
use talkpath_rt::slab::{FreeList, Slab};

const LEGS: usize = 64;
const FRAME: Duration = Duration::from_millis(20);

struct Leg {
    jitter: JitterBuffer,
    packetiser: Packetiser,
}

struct Outlet<'a>(&'a mut Lender<Packet>);

impl PacketOutlet for Outlet<'_> {
    fn take(&mut self) -> Option<Box<Packet>> {
        self.0.take()
    }
    fn send(&mut self, packet: Box<Packet>) -> Result<(), Box<Packet>> {
        self.0.send(packet).map_err(|Full(packet)| packet)
    }
    fn put_back(&mut self, packet: Box<Packet>) {
        self.0.put_back(packet);
    }
}

/// Both sides of both rings, in one thread.
struct Path {
    legs: Slab<Leg>,
    handles: Vec<Handle<Leg>>,
    shard_out: Lender<Packet>,
    worker_in: Borrower<Packet>,
    worker_out: Lender<Packet>,
    shard_in: Borrower<Packet>,
    units: Units,
    turn: usize,
    /// Packets each leg has sent; sequence and timestamp are its low bits.
    sent: u32,
}

impl Path {
    fn new() -> Self {
        let mut free = FreeList::with_capacity(LEGS);
        let mut legs = Slab::with_capacity(LEGS);
        let delays = JitterDelays {
            target: Duration::ZERO,
            ..JitterDelays::default()
        };
        let handles: Vec<_> = (0..LEGS).filter_map(|_| free.take()).collect();
        for &handle in &handles {
            let codec = Codec::Pcmu;
            let leg = Leg {
                jitter: JitterBuffer::new(JitterConfig {
                    codec,
                    payload_type: 0,
                    delays,
                }),
                packetiser: Packetiser::new(PacketiseConfig {
                    codec,
                    payload_type: 0,
                    ptime: FRAME,
                    ssrc: 7,
                    sequence: 0,
                    timestamp: 0,
                }),
            };
            assert!(legs.insert(handle, leg).is_ok());
        }
        let (shard_out, worker_in) = boxes(4 * LEGS, Packet::empty);
        let (worker_out, shard_in) = boxes(4 * LEGS, Packet::empty);
        Self {
            legs,
            handles,
            shard_out,
            worker_in,
            worker_out,
            shard_in,
            units: Units::new(),
            turn: 0,
            sent: 0,
        }
    }

    /// The next leg's next datagram: 20 ms of PCMU.
    fn datagram(&mut self, wire: &mut [u8; MAX_DATAGRAM]) -> (Handle<Leg>, usize) {
        self.turn = (self.turn + 1) % LEGS;
        if self.turn == 0 {
            self.sent += 1;
        }
        wire[0] = 0x80;
        wire[2..4].copy_from_slice(&(self.sent as u16).to_be_bytes());
        wire[4..8].copy_from_slice(&self.sent.wrapping_mul(160).to_be_bytes());
        (self.handles[self.turn], 172)
    }

    /// Parse, look the leg up, fill a box: what the shard does.
    fn receive(&mut self, handle: Handle<Leg>, datagram: &[u8]) -> Option<Box<Packet>> {
        let (header, payload, _) = parse(datagram).ok()?;
        if !self.legs.contains(handle) {
            return None;
        }
        let mut packet = self.shard_out.take()?;
        packet.leg = handle.to_bits();
        packet.header = header;
        packet.received = FRAME * self.sent;
        packet.set_payload(&datagram[payload]).ok()?;
        Some(packet)
    }

    /// The whole path; the payload is sent back as it came.
    fn round(&mut self, wire: &mut [u8; MAX_DATAGRAM]) -> usize {
        let (handle, len) = self.datagram(wire);
        let packet = self.receive(handle, &wire[..len]).expect("a good packet");
        assert!(self.shard_out.send(packet).is_ok());
        let packet = self.worker_in.recv().expect("it was sent");
        let now = packet.received;
        let leg = Handle::from_bits(packet.leg)
            .and_then(|h| self.legs.get_mut(h))
            .expect("a leg");
        if let Put::Dropped(packet, reason) = leg.jitter.put(packet) {
            panic!("{reason:?}: {:?}", packet.header);
        }
        leg.jitter.get(now, Samples(160), &mut self.units);
        let mut encoded = [0u8; 160];
        for unit in self.units.drain(..) {
            if let Unit::Packet(p) = &unit {
                encoded.copy_from_slice(p.payload());
            }
            if let Some(packet) = unit.into_packet() {
                assert!(self.worker_in.give_back(packet).is_ok());
            }
        }
        let fed = leg.packetiser.feed(
            handle.to_bits(),
            &encoded,
            now,
            &mut Outlet(&mut self.worker_out),
        );
        assert_eq!(fed.sent, 1);
        let packet = self.shard_in.recv().expect("it was sent");
        let written = write(&packet, wire);
        assert!(self.shard_in.give_back(packet).is_ok());
        written
    }
}

fn packet_path(c: &mut Criterion) {
    let mut wire = [0x55u8; MAX_DATAGRAM];
    wire[1] = 0;
    wire[8..12].copy_from_slice(&7u32.to_be_bytes());
    let mut path = Path::new();
    c.bench_function("packet: parse, route, box, jitter, packetise", |b| {
        b.iter(|| black_box(path.round(&mut wire)))
    });

    let mut path = Path::new();
    let mut out = [0u8; MAX_DATAGRAM];
    c.bench_function("packet: parse, route, build", |b| {
        b.iter(|| {
            let (handle, len) = path.datagram(&mut wire);
            let packet = path
                .receive(handle, black_box(&wire[..len]))
                .expect("a good packet");
            black_box(write(&packet, black_box(&mut out)));
            path.shard_out.put_back(packet);
        });
    });
}

criterion_group!(benches, packet_path);
criterion_main!(benches);
