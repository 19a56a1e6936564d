//! Cost of the per-packet kinds without kernel and codec: parse, jitter put and get, packetise, and of the limiter
//! and the mix per 20 ms frame. Goals in ARCHITECTURE.md: put + get in order at most 0.3 µs.

use core::hint::black_box;
use core::time::Duration;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use talkpath_graph::{SampleRate, Samples};
use talkpath_nodes::codec::Codec;
use talkpath_nodes::jitter::{JitterBuffer, JitterConfig, JitterDelays, Put};
use talkpath_nodes::limit::Limiter;
use talkpath_nodes::mix::{contribute, mix_minus};
use talkpath_nodes::packet::{MAX_DATAGRAM, Packet, parse, write};
use talkpath_nodes::packetise::{PacketOutlet, PacketiseConfig, Packetiser};
use talkpath_nodes::units::Units;

const FRAME: Duration = Duration::from_millis(20);

/// One box that goes round.
struct Loop(Option<Box<Packet>>);

impl PacketOutlet for Loop {
    fn take(&mut self) -> Option<Box<Packet>> {
        self.0.take()
    }

    fn send(&mut self, packet: Box<Packet>) -> Result<(), Box<Packet>> {
        self.put_back(packet);
        Ok(())
    }

    fn put_back(&mut self, packet: Box<Packet>) {
        self.0 = Some(packet);
    }
}

fn packets(c: &mut Criterion) {
    let mut packet = Box::new(Packet::empty());
    packet.set_payload(&[0x55; 160]).expect("it fits");
    let mut datagram = [0; MAX_DATAGRAM];
    let length = write(&packet, &mut datagram);
    c.bench_function("rtp parse", |b| {
        b.iter(|| parse(black_box(&datagram[..length])))
    });

    let mut packetiser = Packetiser::new(PacketiseConfig {
        codec: Codec::Pcmu,
        payload_type: 0,
        ptime: FRAME,
        ssrc: 1,
        sequence: 0,
        timestamp: 0,
    });
    let mut outlet = Loop(Some(packet));
    c.bench_function("packetise 160 octets", |b| {
        b.iter(|| packetiser.feed(1, black_box(&[0x55; 160]), FRAME, &mut outlet));
    });
}

fn jitter(c: &mut Criterion) {
    let delays = JitterDelays::default();
    let mut buffer = JitterBuffer::new(JitterConfig {
        codec: Codec::Pcmu,
        payload_type: 0,
        delays,
    });
    let mut free: Vec<Box<Packet>> = (0..8).map(|_| Box::new(Packet::empty())).collect();
    for packet in &mut free {
        packet.set_payload(&[0x55; 160]).expect("it fits");
    }
    let (mut units, mut count) = (Units::new(), 0_u32);
    c.bench_function("jitter put + get in order", |b| {
        b.iter(|| {
            let mut packet = free.pop().expect("boxes come back");
            packet.received = FRAME * count;
            packet.header.sequence = count as u16;
            packet.header.timestamp = count.wrapping_mul(160);
            if let Put::Dropped(packet, _) = buffer.put(packet) {
                free.push(packet);
            }
            buffer.get(FRAME * count, Samples(160), &mut units);
            free.extend(units.drain(..).filter_map(|unit| unit.into_packet()));
            count += 1;
        });
    });
    assert!(
        buffer.counters().played + 8 >= buffer.counters().received,
        "the path measured is the good one"
    );
}

fn sums(c: &mut Criterion) {
    for rate in [
        SampleRate::HZ_8000,
        SampleRate::HZ_16000,
        SampleRate::HZ_48000,
    ] {
        let n = rate.samples_in(FRAME).as_usize();
        let (pcm, mut own, mut bus, mut out) =
            (vec![0.25; n], vec![0; n], vec![0; n], vec![0.0; n]);
        c.bench_function(&format!("contribute + mix-minus {rate}"), |b| {
            b.iter(|| {
                contribute(black_box(&pcm), &mut own, &mut bus);
                mix_minus(black_box(&bus), &own, &[], &mut out);
            });
        });
        for (name, peak) in [("at rest", 0.5_f32), ("engaged", 2.0)] {
            let frame: Vec<f32> = (0..n).map(|i| peak * (i as f32 * 0.3).sin()).collect();
            let mut limiter = Limiter::new(rate);
            c.bench_function(&format!("limit {name} {rate}"), |b| {
                b.iter_batched_ref(
                    || frame.clone(),
                    |frame| limiter.process(frame),
                    BatchSize::SmallInput,
                );
            });
        }
    }
}

/// One tick of a room: every talker contributes a frame of 16 kHz and hears all others. Eight share the worker's planes
/// at a time, as a cohort does; each keeps its own contribution.
fn room(c: &mut Criterion) {
    const TALKERS: usize = 200;
    const LANES: usize = 8;
    let n = SampleRate::HZ_16000.samples_in(FRAME).as_usize();
    let mut bus = vec![0; n];
    let plane = |t: usize| -> Vec<f32> {
        (0..n)
            .map(|i| ((i * t) as f32 * 0.01).sin() * 0.1)
            .collect()
    };
    let mut planes: Vec<_> = (0..LANES).map(plane).collect();
    let mut talkers = vec![vec![0; n]; TALKERS];
    c.bench_function("mix of 200 talkers, 16 kHz, one tick", |b| {
        b.iter(|| {
            bus.fill(0);
            for (t, own) in talkers.iter_mut().enumerate() {
                contribute(black_box(&planes[t % LANES]), own, &mut bus);
            }
            for (t, own) in talkers.iter().enumerate() {
                mix_minus(&bus, own, &[], black_box(&mut planes[t % LANES]));
            }
        });
    });
}

criterion_group!(benches, packets, jitter, sums, room);
criterion_main!(benches);
