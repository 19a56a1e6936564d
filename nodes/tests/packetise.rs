//! The packetiser: nothing is lost, doubled or out of time, whatever is fed and whatever is full.

use core::time::Duration;
use proptest::prelude::*;
use talkpath_graph::{SampleRate, Samples};
use talkpath_nodes::codec::Codec;
use talkpath_nodes::packet::Packet;
use talkpath_nodes::packetise::{Fed, PacketOutlet, PacketiseConfig, Packetiser};

#[derive(Default)]
struct Outlet {
    boxes: usize,
    room: usize,
    sent: Vec<Packet>,
    returned: usize,
}

impl Outlet {
    fn roomy() -> Self {
        Self {
            boxes: usize::MAX,
            room: usize::MAX,
            ..Self::default()
        }
    }
}

impl PacketOutlet for Outlet {
    fn take(&mut self) -> Option<Box<Packet>> {
        self.boxes = self.boxes.checked_sub(1)?;
        Some(Box::new(Packet::empty()))
    }

    fn send(&mut self, packet: Box<Packet>) -> Result<(), Box<Packet>> {
        if self.room == 0 {
            return Err(packet);
        }
        self.room -= 1;
        self.sent.push(*packet);
        Ok(())
    }

    fn put_back(&mut self, _packet: Box<Packet>) {
        self.boxes += 1;
        self.returned += 1;
    }
}

fn config(codec: Codec, ptime: u64) -> PacketiseConfig {
    let ptime = Duration::from_millis(ptime);
    PacketiseConfig {
        codec,
        payload_type: 0,
        ptime,
        ssrc: 7,
        sequence: 65_534,
        timestamp: u32::MAX - 100,
    }
}

fn frame(codec: Codec, ms: u64, fill: u8) -> Vec<u8> {
    let samples = codec
        .rate()
        .samples_in(Duration::from_millis(ms))
        .as_usize();
    vec![fill; codec.octets_of(samples)]
}

#[test]
fn a_room_frame_of_l16_48k_makes_two_packets_ten_milliseconds_apart() {
    let codec = Codec::L16(SampleRate::HZ_48000);
    let mut packetiser = Packetiser::new(config(codec, 20));
    let mut outlet = Outlet::roomy();
    let now = Duration::from_secs(3);
    let fed = packetiser.feed(9, &frame(codec, 20, 1), now, &mut outlet);
    assert_eq!(
        fed,
        Fed {
            sent: 2,
            ..Fed::default()
        }
    );
    let [first, second] = &outlet.sent[..] else {
        panic!("two packets")
    };
    assert_eq!((first.payload().len(), second.payload().len()), (960, 960));
    assert_eq!(
        (first.not_before, second.not_before),
        (now, now + Duration::from_millis(10))
    );
    assert_eq!(
        (first.header.sequence, second.header.sequence),
        (65_534, 65_535)
    );
    assert_eq!(
        second.header.timestamp,
        first.header.timestamp.wrapping_add(480)
    );
    assert_eq!((first.header.marker, second.header.marker), (true, false));
    assert_eq!((first.leg, first.header.ssrc), (9, 7));
}

#[test]
fn a_long_packet_time_collects_frames() {
    let mut packetiser = Packetiser::new(config(Codec::Pcma, 30));
    let mut outlet = Outlet::roomy();
    let sent: Vec<u32> = (0..6)
        .map(|i| {
            let now = Duration::from_millis(20 * i);
            packetiser
                .feed(1, &frame(Codec::Pcma, 20, i as u8), now, &mut outlet)
                .sent
        })
        .collect();
    assert_eq!(sent, [0, 1, 1, 0, 1, 1]);
    assert!(
        outlet
            .sent
            .iter()
            .all(|packet| packet.payload().len() == 240)
    );
    assert_eq!(outlet.sent[1].payload()[79..81], [1, 2]);
}

#[test]
fn nothing_to_send_with_and_nowhere_to_send_to_are_counted_and_look_like_loss() {
    let mut packetiser = Packetiser::new(config(Codec::Pcmu, 20));
    let mut outlet = Outlet::default();
    let mut feed = |packetiser: &mut Packetiser, boxes, room| {
        outlet.boxes = boxes;
        outlet.room = room;
        packetiser.feed(1, &frame(Codec::Pcmu, 20, 1), Duration::ZERO, &mut outlet)
    };
    assert_eq!(
        feed(&mut packetiser, 0, 1),
        Fed {
            dropped_no_box: 1,
            ..Fed::default()
        }
    );
    assert_eq!(
        feed(&mut packetiser, 1, 0),
        Fed {
            dropped_full: 1,
            ..Fed::default()
        }
    );
    assert_eq!(
        feed(&mut packetiser, 1, 1),
        Fed {
            sent: 1,
            ..Fed::default()
        }
    );
    let header = outlet.sent[0].header;
    assert_eq!(
        (header.sequence, header.timestamp),
        (0, (u32::MAX - 100).wrapping_add(320))
    );
    assert!(
        header.marker,
        "the first packet that is sent starts the talk spurt"
    );
    assert_eq!(outlet.returned, 1);
}

#[test]
fn a_hold_moves_time_but_not_the_sequence() {
    let mut packetiser = Packetiser::new(config(Codec::Pcmu, 30));
    let mut outlet = Outlet::roomy();
    packetiser.feed(1, &frame(Codec::Pcmu, 40, 1), Duration::ZERO, &mut outlet);
    packetiser.skip(Samples(800));
    packetiser.feed(1, &frame(Codec::Pcmu, 40, 2), Duration::ZERO, &mut outlet);
    let [before, after] = &outlet.sent[..] else {
        panic!("two packets")
    };
    assert_eq!(
        after.header.sequence,
        before.header.sequence.wrapping_add(1)
    );
    assert_eq!(
        after.header.timestamp,
        before.header.timestamp.wrapping_add(320 + 800)
    );
    assert!(after.header.marker);
    assert!(after.payload().iter().all(|byte| *byte == 2));
}

#[test]
fn a_change_of_codec_goes_on_with_the_same_stream() {
    let mut old = Packetiser::new(config(Codec::Pcmu, 30));
    let mut outlet = Outlet::roomy();
    old.feed(1, &frame(Codec::Pcmu, 40, 1), Duration::ZERO, &mut outlet);
    let mut new = Packetiser::new(PacketiseConfig {
        ssrc: 99,
        payload_type: 8,
        ..config(Codec::Pcma, 20)
    });
    new.continue_from(&old);
    new.feed(1, &frame(Codec::Pcma, 20, 2), Duration::ZERO, &mut outlet);
    let [before, after] = &outlet.sent[..] else {
        panic!("two packets")
    };
    assert_eq!(
        after.header.sequence,
        before.header.sequence.wrapping_add(1)
    );
    assert_eq!(
        after.header.timestamp,
        before.header.timestamp.wrapping_add(320)
    );
    assert_eq!(
        (
            after.header.ssrc,
            after.header.payload_type,
            after.header.marker
        ),
        (7, 8, true)
    );
    new.set_ssrc(123);
    new.feed(1, &frame(Codec::Pcma, 20, 3), Duration::ZERO, &mut outlet);
    assert_eq!(outlet.sent[2].header.ssrc, 123);
    assert_eq!(
        (new.ssrc(), new.sequence(), new.codec()),
        (123, 1, Codec::Pcma)
    );
}

#[test]
fn absurd_packet_times_are_brought_into_range() {
    for codec in [
        Codec::Pcmu,
        Codec::L16(SampleRate::HZ_16000),
        Codec::L16(SampleRate::HZ_48000),
    ] {
        for ptime in [Duration::ZERO, Duration::from_nanos(1), Duration::MAX] {
            let mut packetiser = Packetiser::new(PacketiseConfig {
                ptime,
                ..config(codec, 0)
            });
            let mut outlet = Outlet::roomy();
            for _ in 0..10 {
                packetiser.feed(1, &frame(codec, 20, 1), Duration::ZERO, &mut outlet);
            }
            assert!(!outlet.sent.is_empty());
            let longest = codec.octets_of(codec.rate().samples_in(codec.max_ptime()).as_usize());
            assert!(
                outlet
                    .sent
                    .iter()
                    .all(|packet| packet.payload().len() <= longest)
            );
        }
    }
}

proptest! {
    #[test]
    fn payloads_joined_are_the_input_and_time_is_contiguous(
        ptime in 1_u64..=160, frames in proptest::collection::vec(0_usize..400, 1..60), wide: bool,
    ) {
        let codec = if wide { Codec::L16(SampleRate::HZ_16000) } else { Codec::Pcmu };
        let mut packetiser = Packetiser::new(config(codec, ptime));
        let mut outlet = Outlet::roomy();
        let (mut input, mut next) = (Vec::new(), 0_u8);
        for samples in frames {
            let from = input.len();
            input.extend((0..codec.octets_of(samples)).map(|_| { next = next.wrapping_add(1); next }));
            let fed = packetiser.feed(1, &input[from..], Duration::ZERO, &mut outlet);
            prop_assert_eq!((fed.dropped_full, fed.dropped_no_box), (0, 0));
        }
        let joined: Vec<u8> = outlet.sent.iter().flat_map(|packet| packet.payload().to_vec()).collect();
        prop_assert_eq!(&joined[..], &input[..joined.len()]);
        let size = outlet.sent.first().map_or(2560, |packet| packet.payload().len());
        prop_assert!(input.len() - joined.len() < size);
        for pair in outlet.sent.windows(2) {
            let samples = codec.samples_in(pair[0].payload()).unwrap();
            let ticks = codec.ticks_of(samples);
            prop_assert_eq!(pair[1].header.timestamp, pair[0].header.timestamp.wrapping_add(ticks));
            prop_assert_eq!(pair[1].header.sequence, pair[0].header.sequence.wrapping_add(1));
        }
    }
}
