//! Keys as they arrive: whole, with holes, twice, out of order.

use super::super::{KeyPacket, Keys};
use super::*;
use proptest::prelude::*;
use talkpath_graph::SampleRate;

const PTIME: Duration = Duration::from_millis(20);

/// The packets of keys of so many milliseconds each, with the time and the timestamp of each.
fn sent(clock: SampleRate, lengths: &[u64]) -> Vec<(Duration, u32, KeyPacket)> {
    let mut keys = Keys::new(clock, PTIME);
    let mut packets = Vec::new();
    let (mut now, mut event) = (Duration::ZERO, u32::MAX - 300);
    for (n, length) in lengths.iter().enumerate() {
        assert!(keys.press(n as u8 % 16, 10, Duration::from_millis(*length)));
    }
    let mut ticks = event;
    while keys.busy() {
        if let Some(packet) = keys.due() {
            if packet.marker {
                event = ticks;
            }
            packets.push((now, event.wrapping_add(packet.segment), packet));
        }
        now += PTIME;
        ticks = ticks.wrapping_add(clock.samples_in(PTIME).0);
    }
    packets
}

/// What an ear tells of them, time going on to half a second after the last.
fn heard(packets: &[(Duration, u32, KeyPacket)]) -> Vec<Heard> {
    let (mut ear, mut all) = (Ear::default(), Vec::new());
    let mut now = Duration::ZERO;
    for (at, timestamp, packet) in packets {
        while now < *at {
            all.extend(ear.tick(now));
            now += Duration::from_millis(1);
        }
        all.extend(ear.hear(*timestamp, packet.report, *at));
    }
    for _ in 0..500 {
        now += Duration::from_millis(1);
        all.extend(ear.tick(now));
    }
    all
}

fn begun(all: &[Heard]) -> Vec<u8> {
    let began = |heard: &Heard| match heard {
        Heard::Began { event, .. } => Some(*event),
        Heard::Ended { .. } => None,
    };
    all.iter().filter_map(began).collect()
}

#[test]
fn a_key_is_one_event_of_its_length() {
    let all = heard(&sent(SampleRate::HZ_8000, &[100]));
    let ended = Heard::Ended {
        event: 0,
        ticks: 800,
        ending: Ending::Reported,
    };
    assert!(matches!(
        all[0],
        Heard::Began {
            event: 0,
            volume: 10,
            ..
        }
    ));
    assert_eq!(all[1..], [ended]);
}

#[test]
fn a_key_longer_than_a_segment_is_still_one() {
    // 65,535 ticks are 1.4 s at 48 kHz.
    for (clock, ms) in [(SampleRate::HZ_48000, 5_000), (SampleRate::HZ_8000, 20_000)] {
        let packets = sent(clock, &[ms]);
        assert!(packets.iter().any(|(_, _, packet)| packet.segment > 65_535));
        let all = heard(&packets);
        assert_eq!(begun(&all), [0]);
        let ticks = clock.samples_in(Duration::from_millis(ms)).0;
        let ending = Ending::Reported;
        let ended = Heard::Ended {
            event: 0,
            ticks,
            ending,
        };
        assert_eq!(all[1..], [ended]);
    }
}

#[test]
fn a_lost_end_is_noticed_after_forty_milliseconds() {
    let mut packets = sent(SampleRate::HZ_8000, &[100]);
    packets.retain(|(_, _, packet)| !packet.report.end);
    let last = packets.last().unwrap().0;
    let mut ear = Ear::default();
    for (at, timestamp, packet) in &packets {
        assert!(ear.hear(*timestamp, packet.report, *at).len() <= 1);
    }
    assert_eq!(ear.event(), Some(0));
    assert_eq!(ear.tick(last + Duration::from_millis(39)), None);
    let ended = Heard::Ended {
        event: 0,
        ticks: 640,
        ending: Ending::TimedOut,
    };
    assert_eq!(ear.tick(last + Duration::from_millis(40)), Some(ended));
    assert_eq!((ear.tick(last + PTIME * 9), ear.event()), (None, None));
}

#[test]
fn what_comes_after_the_end_or_from_before_is_nothing() {
    let packets = sent(SampleRate::HZ_8000, &[100, 100]);
    let old = packets[1];
    let mut again = packets.clone();
    again.push(old);
    again.extend_from_slice(&packets[packets.len() - 3..]);
    assert_eq!(heard(&again), heard(&packets));
}

proptest! {
    /// One event per key whatever is lost or repeated, as long as one packet of it comes.
    #[test]
    fn each_key_is_heard_once(
        lengths in prop::collection::vec(40..1_500_u64, 1..6),
        rate in prop::sample::select(vec![8_000, 16_000, 48_000]),
        fate in prop::collection::vec(0..4_u8, 500),
    ) {
        let clock = SampleRate::new(rate).unwrap();
        let mut kept = Vec::new();
        let mut keys = std::collections::BTreeSet::new();
        for (packet, fate) in sent(clock, &lengths).into_iter().zip(fate) {
            if fate > 0 {
                keys.insert(packet.2.report.event);
            }
            kept.extend((0..fate.min(2)).map(|_| packet));
        }
        let all = heard(&kept);
        prop_assert_eq!(begun(&all), keys.into_iter().collect::<Vec<_>>());
        prop_assert_eq!(all.len(), 2 * begun(&all).len());
    }

    #[test]
    fn any_reports_are_heard_without_harm(
        packets in prop::collection::vec((any::<u32>(), any::<[u8; 4]>(), 0..100_u64), 0..60),
    ) {
        let (mut ear, mut now) = (Ear::default(), Duration::ZERO);
        let mut open = false;
        for (timestamp, octets, step) in packets {
            now += Duration::from_millis(step);
            let report = Report::read(&octets).unwrap();
            let told = ear.tick(now).into_iter().chain(ear.hear(timestamp, report, now));
            for heard in told {
                prop_assert_eq!(open, matches!(heard, Heard::Ended { .. }));
                open = !open;
            }
        }
    }
}
