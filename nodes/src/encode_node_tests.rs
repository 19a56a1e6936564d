use super::*;
use crate::codec::{Decoder, OpusRate};

const WIDE: Codec = Codec::Opus(OpusRate::Wide);
const MS: usize = 16;

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn tone(from: usize, samples: usize) -> Vec<f32> {
    let at = |n: usize| (n as f32 * 0.17).sin() * 0.3;
    (from..from + samples).map(at).collect()
}

/// Lengths in milliseconds and whether each is sent.
fn lengths(encoded: &Encoded) -> Vec<(usize, bool)> {
    let all = encoded.payloads().into_iter().flatten();
    all.map(|it| (it.samples.as_usize() / MS, !it.octets.is_empty()))
        .collect()
}

#[test]
fn frames_of_20_ms_become_packets_of_10_20_40_and_60() {
    let expected: [(u64, [usize; 6]); 4] = [
        (10, [2, 2, 2, 2, 2, 2]),
        (20, [1, 1, 1, 1, 1, 1]),
        (40, [0, 1, 0, 1, 0, 1]),
        (60, [0, 0, 1, 0, 0, 1]),
    ];
    for (ptime, counts) in expected {
        let mut node = EncodeNode::new(WIDE, ms(ptime), &OpusSettings::default());
        let mut decoder = Decoder::new(WIDE);
        for (n, count) in counts.into_iter().enumerate() {
            let mut encoded = Encoded::default();
            node.process(&tone(n * 20 * MS, 20 * MS), &mut encoded);
            assert_eq!(lengths(&encoded), vec![(ptime as usize, true); count]);
            assert_eq!(encoded.held(), node.held());
            for payload in encoded.payloads().into_iter().flatten() {
                let mut out = [0.0; 60 * MS];
                assert_eq!(
                    decoder.decode(payload.octets, &mut out),
                    Ok(ptime as usize * MS)
                );
            }
        }
    }
}

#[test]
fn what_is_held_before_a_hole_goes_out_in_frames_there_are() {
    let mut node = EncodeNode::new(WIDE, ms(60), &OpusSettings::default());
    let mut encoded = Encoded::default();
    for n in 0..3 {
        node.process(&tone(n * 10 * MS, 10 * MS), &mut encoded);
    }
    assert_eq!(encoded.held(), Samples(30 * MS as u32));
    encoded.clear();
    node.flush(&mut encoded);
    node.process(&tone(0, 60 * MS), &mut encoded);
    assert_eq!(lengths(&encoded), [(20, true), (10, true), (60, true)]);
    let [before, behind] = encoded.payloads();
    assert_eq!((before.count(), behind.count()), (2, 1));
    node.process(&tone(0, 10 * MS), &mut encoded);
    node.skip();
    assert_eq!(node.held(), Samples(0));
}

#[test]
fn silence_is_not_sent_when_that_is_asked_for() {
    let settings = OpusSettings {
        dtx: true,
        ..OpusSettings::default()
    };
    let mut node = EncodeNode::new(WIDE, ms(20), &settings);
    let mut encoded = Encoded::default();
    let mut sent = Vec::new();
    for _ in 0..100 {
        encoded.clear();
        node.process(&[0.0; 20 * MS], &mut encoded);
        sent.extend(lengths(&encoded).into_iter().map(|(_, sent)| sent));
    }
    assert_eq!(sent.len(), 100);
    let silent = sent.iter().filter(|sent| !**sent).count();
    assert!(silent > 50, "{silent} of 100 are not sent");
    // Something is sent every 400 ms at the latest.
    assert!(sent[60..].iter().any(|sent| *sent));
    encoded.clear();
    for n in 0..10 {
        node.process(&tone(n * 20 * MS, 20 * MS), &mut encoded);
        assert!(lengths(&encoded).pop().is_some_and(|(_, sent)| sent));
        encoded.clear();
    }
}

#[test]
fn other_codecs_collect_nothing() {
    let mut node = EncodeNode::new(Codec::Pcmu, ms(40), &OpusSettings::default());
    let mut encoded = Encoded::default();
    node.process(&[0.0; 160], &mut encoded);
    assert_eq!(encoded.bytes().len(), 160);
    assert!(lengths(&encoded).is_empty() && node.held() == Samples(0));
    node.flush(&mut encoded);
    assert_eq!(encoded.bytes().len(), 160);
}
