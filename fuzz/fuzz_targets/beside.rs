//! What goes beside audio: redundancy (RFC 2198), comfort noise (RFC 3389), telephone events (RFC 4733).
//!
//! The first byte picks which. Events are a run: how many tenths of a millisecond later (1 byte), ticks of the timestamp since
//! the last (1 byte, in hundreds), then the four octets of a report.
#![no_main]

use core::time::Duration;
use libfuzzer_sys::fuzz_target;
use talkpath_graph::SampleRate;
use talkpath_nodes::comfort_noise::{Generator, Silence};
use talkpath_nodes::red;
use talkpath_nodes::telephone_event::{Ear, Heard, Report, rescale};

fuzz_target!(|bytes: &[u8]| {
    match bytes.split_first() {
        Some((0..=84, rest)) => redundancy(rest),
        Some((85..=169, rest)) => noise(rest),
        Some((_, rest)) => events(rest),
        None => {}
    }
});

/// Every block lies in the payload, one behind the other up to its end.
fn redundancy(payload: &[u8]) {
    let Ok(blocks) = red::read(payload) else {
        return;
    };
    let octets: usize = blocks.iter().map(|block| block.payload.len()).sum();
    assert!(octets < payload.len());
    let (last, older) = blocks.split_last().expect("the primary");
    assert_eq!(last.before, 0);
    assert!(older.iter().all(|block| block.before < 1 << 14));
    assert!(payload.ends_with(last.payload));
}

/// Whatever it sounds like it is finite, and what is written of it reads as the same.
fn noise(payload: &[u8]) {
    let Some(silence) = Silence::read(payload) else {
        return;
    };
    let mut generator = Generator::new(SampleRate::HZ_8000, 7);
    let mut pcm = [0.0; 160];
    generator.follow(silence);
    for _ in 0..10 {
        generator.fill(&mut pcm);
        assert!(pcm.iter().all(|sample| sample.is_finite()));
    }
    let again = Silence::read(&silence.write()).expect("what was written");
    assert_eq!(again.level(), silence.level());
}

/// Events begin and end by turns, whatever comes, and the last one ends by itself.
fn events(mut rest: &[u8]) {
    let mut ear = Ear::default();
    let (mut now, mut timestamp, mut lasts) = (Duration::ZERO, 0_u32, false);
    let hear = |heard: Heard, lasts: &mut bool| match heard {
        Heard::Began { .. } => assert!(!core::mem::replace(lasts, true)),
        Heard::Ended { ticks, .. } => {
            assert!(core::mem::replace(lasts, false));
            assert!(rescale(ticks, 48_000, 8_000) <= ticks);
        }
    };
    while let [later, ticks, tail @ ..] = rest {
        now += Duration::from_micros(100 * u64::from(*later));
        timestamp = timestamp.wrapping_add(100 * u32::from(*ticks));
        let Some(report) = Report::read(tail) else {
            break;
        };
        assert_eq!(Report::read(&report.write()), Some(report));
        rest = &tail[Report::SIZE..];
        if let Some(heard) = ear.tick(now) {
            hear(heard, &mut lasts);
        }
        for heard in ear.hear(timestamp, report, now) {
            hear(heard, &mut lasts);
        }
        assert_eq!(ear.event().is_some(), lasts);
    }
    if let Some(heard) = ear.tick(now + Duration::from_millis(40)) {
        hear(heard, &mut lasts);
    }
    assert!(!lasts && ear.event().is_none());
}
