//! The door of a call and the relay behind it: whatever comes, in whatever order, what goes out keeps its distances.

use core::time::Duration;

use proptest::prelude::*;
use talkpath_graph::SampleRate;
use talkpath_nodes::arrival::{Arrival, ArrivalConfig, Refusal};
use talkpath_nodes::codec::Codec;
use talkpath_nodes::packet::{Header, Packet};
use talkpath_nodes::packetise::{PacketOutlet, Position};
use talkpath_nodes::relay::Relay;

#[derive(Default)]
struct Outlet(Vec<Packet>);

impl PacketOutlet for Outlet {
    fn take(&mut self) -> Option<Box<Packet>> {
        Some(Box::new(Packet::empty()))
    }

    fn send(&mut self, packet: Box<Packet>) -> Result<(), Box<Packet>> {
        self.0.push(*packet);
        Ok(())
    }

    fn put_back(&mut self, _packet: Box<Packet>) {}
}

fn arrival(codec: Codec, to: SampleRate, in_order: bool) -> Arrival {
    Arrival::new(ArrivalConfig {
        codec,
        payload_type: 0,
        to,
        in_order,
    })
}

fn relay() -> Relay {
    let start = Position {
        ssrc: 1,
        sequence: 65_000,
        timestamp: u32::MAX - 1_000,
    };
    Relay::new(arrival(Codec::Pcmu, SampleRate::HZ_8000, false), 9, start)
}

fn packet(ssrc: u32, sequence: u16, timestamp: u32, octets: usize) -> Packet {
    let mut packet = Packet::empty();
    packet.header = Header {
        ssrc,
        sequence,
        timestamp,
        ..Header::default()
    };
    packet.set_payload(&vec![7; octets]).expect("it fits");
    packet
}

proptest! {
    /// Within a run of one source the distance between what comes and what goes out is constant, nothing goes out twice and
    /// nothing that is taken stays away.
    #[test]
    fn the_distance_is_constant(
        begin in any::<(u16, u32)>(),
        order in prop::collection::vec(0_u16..80, 1..120),
    ) {
        let (mut relay, mut outlet) = (relay(), Outlet::default());
        let mut came = Vec::new();
        for n in order {
            let sequence = begin.0.wrapping_add(n);
            let timestamp = begin.1.wrapping_add(160 * u32::from(n));
            let packet = packet(5, sequence, timestamp, 160);
            let passed = relay.pass(3, &packet, Duration::ZERO, &mut outlet);
            if came.contains(&n) {
                prop_assert_eq!(passed.map(|(fed, _)| fed.sent), Err(Refusal::Duplicate));
            } else {
                prop_assert_eq!(passed.map(|(fed, _)| fed.sent), Ok(1));
                came.push(n);
            }
        }
        prop_assert_eq!(outlet.0.len(), came.len());
        let first = outlet.0[0].header;
        for (packet, n) in outlet.0.iter().zip(&came) {
            let apart = n.wrapping_sub(came[0]);
            prop_assert_eq!(packet.header.sequence, first.sequence.wrapping_add(apart));
            let ticks = 160 * i32::from(apart as i16);
            prop_assert_eq!(packet.header.timestamp, first.timestamp.wrapping_add(ticks as u32));
        }
    }

    /// Any packets at all, with holds and changes in between: no panic, and what is taken in order moves forward.
    #[test]
    fn anything_may_come(
        packets in prop::collection::vec(
            (0_u32..3, any::<u16>(), any::<u32>(), 0_usize..400, 0_u64..100, any::<u8>()),
            1..200,
        ),
        in_order in any::<bool>(),
    ) {
        let codec = Codec::L16(SampleRate::HZ_48000);
        let mut door = arrival(codec, SampleRate::HZ_8000, in_order);
        let (mut now, mut near) = (Duration::ZERO, 0_u16);
        for (ssrc, sequence, timestamp, octets, wait, what) in packets {
            now += Duration::from_millis(wait);
            match what {
                0..10 => door.resume(),
                10..20 => {
                    let old = door.clone();
                    door = arrival(codec, SampleRate::HZ_16000, in_order);
                    door.continue_from(&old);
                }
                _ => {}
            }
            // Mostly neighbours, so that runs come about.
            near = if what < 60 { sequence } else { near.wrapping_add(u16::from(what % 3)) };
            let mut packet = packet(ssrc / 2, near, timestamp, octets);
            packet.received = now;
            if let Ok(step) = door.judge(&packet) {
                prop_assert!(step.ticks > 0);
                if in_order {
                    prop_assert!(step.ahead >= 0 && step.apart >= 0, "{:?}", step);
                }
            }
        }
    }
}

#[test]
fn fractions_of_a_tick_are_not_lost_between_clocks() {
    // 48 kHz to 8 kHz: pauses of 100 ticks are 16 and two thirds each.
    let mut door = arrival(Codec::L16(SampleRate::HZ_48000), SampleRate::HZ_8000, true);
    let mut apart = 0;
    for n in 0..31_u16 {
        let packet = packet(5, n, 580 * u32::from(n), 960);
        let step = door.judge(&packet).expect("in order");
        assert_eq!(step.ticks, 80);
        apart += step.apart;
    }
    assert_eq!(apart, 500, "30 times 100 ticks of 48 kHz");
}
