//! Tests of `source`: all in virtual time.

use super::*;

const RATE: u32 = 8000;

fn header(ssrc: u32, sequence: u16) -> Header {
    Header {
        ssrc,
        sequence,
        timestamp: u32::from(sequence) * 160,
        ..Header::default()
    }
}

fn at(sequence: u64) -> Duration {
    Duration::from_millis(100_000 + 20 * sequence)
}

fn feed(sources: &mut Sources, ssrc: u32, sequence: u16) -> Admission {
    sources.admit(&header(ssrc, sequence), at(sequence.into()), Some(RATE))
}

#[test]
fn loss_is_counted_in_all_and_per_interval() {
    let mut sources = Sources::default();
    for sequence in (100..200).filter(|s| s % 10 != 3) {
        assert_eq!(feed(&mut sources, 7, sequence), Admission::Accepted);
    }
    let first = sources.report().unwrap();
    assert_eq!(
        (
            first.cumulative_lost,
            first.fraction_lost,
            first.highest,
            first.jitter
        ),
        (10, 25, 199, 0)
    );
    for sequence in 200..300 {
        feed(&mut sources, 7, sequence);
    }
    let second = sources.report().unwrap();
    assert_eq!((second.cumulative_lost, second.fraction_lost), (10, 0));
    feed(&mut sources, 7, 299);
    assert_eq!(
        sources.report().unwrap().cumulative_lost,
        9,
        "a duplicate counts as received (A.3)"
    );
}

#[test]
fn sequence_numbers_wrap_into_cycles() {
    let mut sources = Sources::default();
    for sequence in [65_534, 65_535, 0, 2, 1, 3] {
        assert_eq!(feed(&mut sources, 7, sequence), Admission::Accepted);
    }
    let report = sources.report().unwrap();
    assert_eq!((report.highest, report.cumulative_lost), (0x1_0003, 0));
}

#[test]
fn jitter_follows_the_recursion_of_a8() {
    let mut sources = Sources::default();
    let mut expected = 0u32;
    for i in 0..50u32 {
        // Every other packet is 5 ms late: 40 ticks of deviation each time.
        let late = Duration::from_millis(if i % 2 == 1 { 5 } else { 0 });
        sources.admit(&header(7, i as u16), at(i.into()) + late, Some(RATE));
        if i > 0 {
            expected = expected + 40 - ((expected + 8) >> 4);
        }
    }
    assert_eq!(sources.reception().unwrap().jitter, expected >> 4);
    sources.clock_changed();
    assert_eq!(sources.reception().unwrap().jitter, 0);
}

#[test]
fn a_new_source_passes_probation_when_the_old_one_is_gone() {
    let mut sources = Sources::default();
    feed(&mut sources, 7, 1);
    assert_eq!(feed(&mut sources, 8, 500), Admission::Probation);
    assert_eq!(
        feed(&mut sources, 8, 502),
        Admission::Probation,
        "not in sequence"
    );
    assert_eq!(feed(&mut sources, 8, 503), Admission::Replaced);
    assert_eq!(feed(&mut sources, 8, 504), Admission::Accepted);
    assert_eq!(sources.report().unwrap().highest, 504);
    assert_eq!(
        (sources.ssrc(), feed(&mut sources, 7, 2)),
        (Some(8), Admission::Probation)
    );
}

#[test]
fn two_senders_are_never_interleaved() {
    let mut sources = Sources::default();
    for i in 0..100 {
        assert_eq!(feed(&mut sources, 7, i), Admission::Accepted);
        assert_eq!(feed(&mut sources, 8, 1000 + i), Admission::Probation);
    }
}

#[test]
fn a_jump_restarts_after_two_in_order() {
    let mut sources = Sources::default();
    feed(&mut sources, 7, 1);
    assert_eq!(feed(&mut sources, 7, 20_000), Admission::OutOfSequence);
    assert_eq!(
        feed(&mut sources, 7, 2),
        Admission::Accepted,
        "a stray one changes nothing"
    );
    assert_eq!(feed(&mut sources, 7, 30_000), Admission::OutOfSequence);
    assert_eq!(feed(&mut sources, 7, 30_001), Admission::Accepted);
    let report = sources.report().unwrap();
    assert_eq!((report.highest, report.cumulative_lost), (30_001, 0));
}
