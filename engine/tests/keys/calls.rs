//! Keys of point-to-point calls: told, and passed on in the stream of the audio.

use std::time::Duration;

use talkpath_engine::{
    Call, CallConfig, EngineConfig, FlowStats, Key, KeyEnding, KeyTypes, NetworkConfig, Side,
};
use talkpath_graph::Samples;
use talkpath_nodes::codec::OpusRate;
use talkpath_nodes::packet::Header;

use crate::common::dial::{KEYS, far_end, is_unbroken, packets, with_keys};
use crate::common::{Codec, SampleRate, Sent, Studio, ms, network, payload_type, small};
use crate::told;

const FULL: Codec = Codec::L16(SampleRate::HZ_48000);
const KEY: Key = Key::of_code(11);

/// A side's phone.
pub struct Phone {
    pub codec: Codec,
    pub ptime: Duration,
    pub header: Header,
}

impl Phone {
    fn of(config: &NetworkConfig) -> Self {
        let header = Header {
            payload_type: payload_type(config.codec),
            ssrc: 0x77,
            sequence: 65_530,
            timestamp: u32::MAX - 400,
            ..Header::default()
        };
        Self {
            codec: config.codec,
            ptime: config.ptime,
            header,
        }
    }
}

pub struct Line {
    pub studio: Studio,
    pub call: Call,
    pub phone: Phone,
}

impl Line {
    /// A call whose side A has a phone.
    pub fn new(a: NetworkConfig, b: NetworkConfig) -> Self {
        Self::with(small(), a, b)
    }

    pub fn with(config: EngineConfig, a: NetworkConfig, b: NetworkConfig) -> Self {
        let mut studio = Studio::new(config);
        let call = studio.engine.create_call(CallConfig::new(a, b)).unwrap();
        studio.advance(ms(4));
        studio.told();
        let phone = Phone::of(&a);
        Self {
            studio,
            call,
            phone,
        }
    }

    /// A packet of A, and a packet time.
    fn put(&mut self, header: Header, payload: &[u8], times: usize) {
        let (leg, now) = (self.call.side(Side::A), self.studio.engine.now());
        for _ in 0..times {
            assert!(self.studio.inject(leg, now, header, payload));
        }
        self.studio.advance(self.phone.ptime);
    }

    /// So many packets of audio.
    pub fn talk(&mut self, count: usize) {
        let Phone { codec, ptime, .. } = self.phone;
        let samples = codec.rate().samples_in(ptime);
        for _ in 0..count {
            let header = self.phone.header;
            let octets = codec.octets_of(samples.as_usize());
            self.put(header, &vec![0x55; octets], 1);
            let ticks = codec.ticks_of(Samples(samples.0));
            let phone = &mut self.phone.header;
            phone.sequence = phone.sequence.wrapping_add(1);
            phone.timestamp = phone.timestamp.wrapping_add(ticks);
        }
    }

    /// A key, of which each packet comes so often; how many packets it has.
    fn key(&mut self, length: Duration, comes: impl Fn(usize) -> usize) -> usize {
        let Phone { codec, ptime, .. } = self.phone;
        let key = packets(&mut self.phone.header, codec, ptime, 11, length);
        for (n, (header, payload)) in key.iter().enumerate() {
            self.put(*header, payload, comes(n));
        }
        key.len()
    }

    /// All that B was sent.
    pub fn sent(&self) -> &[Sent] {
        self.studio.packets(self.call.side(Side::B))
    }

    pub fn stats(&mut self) -> FlowStats {
        self.studio.advance(ms(1_100));
        let stats = *self.call.stats().unwrap().from(Side::A);
        let dropped = stats.malformed
            + stats.duplicate
            + stats.late
            + stats.stale
            + stats.held
            + stats.crowded
            + stats.keys_dropped;
        assert_eq!(stats.received, stats.passed + dropped, "{stats:?}");
        stats
    }
}

fn end(codec: Codec, ptime: u64, n: u32) -> NetworkConfig {
    with_keys(NetworkConfig {
        ptime: ms(ptime),
        ..network(codec, n)
    })
}

/// Ends of a relay, and of transcoders with all pairs of clocks.
fn pairs() -> Vec<(NetworkConfig, NetworkConfig)> {
    let wide = Codec::L16(SampleRate::HZ_16000);
    let opus = Codec::Opus(OpusRate::Full);
    let kinds = [
        (Codec::Pcmu, 20, Codec::Pcmu, 20),
        (Codec::Pcmu, 20, Codec::Pcmu, 30),
        (Codec::Pcmu, 20, Codec::Pcma, 20),
        (Codec::Pcmu, 20, FULL, 10),
        (FULL, 10, Codec::Pcmu, 20),
        (wide, 20, Codec::Pcma, 30),
        (Codec::Pcma, 10, wide, 20),
        (wide, 20, FULL, 10),
        (Codec::Pcmu, 10, opus, 20),
        (Codec::G722, 20, opus, 20),
    ];
    let config = |(a, p, b, q)| (end(a, p, 0), end(b, q, 1));
    kinds.into_iter().map(config).collect()
}

fn clock(config: &NetworkConfig) -> u32 {
    config.codec.clock_rate()
}

#[test]
fn a_key_crosses_and_the_stream_goes_on() {
    for (a, b) in pairs() {
        let names = format!("{} {:?} to {} {:?}", a.codec, a.ptime, b.codec, b.ptime);
        let mut line = Line::new(a, b);
        line.talk(18);
        let keys = line.key(ms(120), |_| 1) as u64;
        line.talk(18);
        let over = vec![(KEY, ms(120), KeyEnding::Reported)];
        let side = line.call.side(Side::A);
        assert_eq!(told(&line.studio, side), (vec![KEY], over), "{names}");
        let sent = line.sent();
        assert!(is_unbroken(sent), "{names}");
        assert_eq!(far_end(sent, clock(&b)), (1, vec![(11, 120)]), "{names}");
        let marked = |it: &&Sent| it.header.payload_type == KEYS && it.header.marker;
        assert_eq!(sent.iter().filter(marked).count(), 1, "{names}");
        // The audio behind it stands where the time has gone to.
        let is_key = |it: &Sent| it.header.payload_type == KEYS;
        let first = sent.iter().position(is_key).unwrap();
        let began = sent[first].header.timestamp;
        let behind = sent.iter().rposition(is_key).unwrap() + 1;
        let apart = sent[behind].header.timestamp.wrapping_sub(began);
        let expected = keys as u32 * clock(&b) / 1_000 * a.ptime.as_millis() as u32;
        assert_eq!(apart, expected, "{names}");
        let stats = line.stats();
        assert_eq!((stats.keys, stats.missing), (keys, 0), "{names}");
        assert_eq!((stats.passed, stats.keys_dropped), (stats.received, 0));
    }
}

#[test]
fn to_another_number_or_to_nobody() {
    for (a, b) in pairs() {
        let other = |send| NetworkConfig {
            keys: KeyTypes {
                receive: None,
                send,
            },
            ..b
        };
        let mut line = Line::new(a, other(Some(99)));
        line.talk(18);
        line.key(ms(120), |_| 1);
        let key = line.sent().iter().filter(|it| it.header.payload_type == 99);
        assert!(key.count() > 3);
        let mut line = Line::new(a, other(None));
        line.talk(18);
        let keys = line.key(ms(120), |_| 1) as u64;
        line.talk(18);
        assert_eq!(told(&line.studio, line.call.side(Side::A)).1.len(), 1);
        assert!(is_unbroken(line.sent()), "{}", b.codec);
        let audio = |it: &Sent| it.header.payload_type == b.payload_type;
        assert!(line.sent().iter().all(audio));
        let stats = line.stats();
        assert_eq!((stats.keys, stats.keys_dropped), (0, keys), "{}", b.codec);
        assert_eq!(stats.missing, 0);
    }
}

#[test]
fn whatever_is_lost_of_it_the_far_end_hears_one_key() {
    for (a, b) in [pairs()[0], pairs()[3], pairs()[4]] {
        let mut line = Line::new(a, b);
        line.talk(6);
        let count = if a.ptime == ms(20) { 7 } else { 8 };
        let length = if a.ptime == ms(20) { 100 } else { 60 };
        for kept in 1..1_u32 << count {
            let before = line.sent().len();
            line.key(ms(length), |n| usize::from(kept & (1 << n) != 0));
            line.talk(6);
            let (began, over) = far_end(&line.sent()[before..], clock(&b));
            assert_eq!((began, over.len()), (1, 1), "{kept:b}");
            let last = u64::from(kept.ilog2());
            let reported = ((last + 1) * a.ptime.as_millis() as u64).min(length);
            assert_eq!(over[0], (11, reported), "{kept:b}");
            assert_eq!(told(&line.studio, line.call.side(Side::A)).0.len(), 1);
        }
        // What is lost before the last packet of it is missing there, too.
        let before = line.sent().len();
        line.key(ms(length), |n| usize::from(n != 2));
        let keys: Vec<u16> = line.sent()[before..]
            .iter()
            .filter(|it| it.header.payload_type == KEYS)
            .map(|it| it.header.sequence)
            .collect();
        let steps: Vec<u16> = keys
            .windows(2)
            .map(|two| two[1].wrapping_sub(two[0]))
            .collect();
        assert_eq!(steps[..3], [1, 2, 1]);
    }
}

#[test]
fn repeated_and_overtaken_packets_make_no_second_key() {
    for (a, b) in pairs() {
        let mut line = Line::new(a, b);
        line.talk(6);
        let Phone { codec, ptime, .. } = line.phone;
        let mut key = packets(&mut line.phone.header, codec, ptime, 11, ms(120));
        key.swap(1, 2);
        let last = key.len() - 1;
        key.swap(last, last - 2);
        for (n, (header, payload)) in key.iter().enumerate() {
            line.put(*header, payload, 1 + n % 2);
        }
        line.talk(6);
        let (began, over) = far_end(line.sent(), clock(&b));
        assert_eq!(
            (began, over),
            (1, vec![(11, 120)]),
            "{} to {}",
            a.codec,
            b.codec
        );
        let stats = line.stats();
        assert!(stats.duplicate > 0 && stats.malformed == 0, "{stats:?}");
    }
}

#[test]
fn a_long_key_crosses_in_segments_of_the_other_clock() {
    for (a, b) in pairs() {
        let mut line = Line::new(a, b);
        line.talk(6);
        line.key(ms(18_000), |_| 1);
        line.talk(6);
        let names = format!("{} to {}", a.codec, b.codec);
        assert_eq!(
            far_end(line.sent(), clock(&b)),
            (1, vec![(11, 18_000)]),
            "{names}"
        );
        let over = vec![(KEY, ms(18_000), KeyEnding::Reported)];
        let side = line.call.side(Side::A);
        assert_eq!(told(&line.studio, side), (vec![KEY], over), "{names}");
        assert!(is_unbroken(line.sent()), "{names}");
    }
}

#[test]
fn a_key_goes_on_through_a_move_and_a_change() {
    let config = EngineConfig {
        workers: 2,
        ..small()
    };
    let (a, b) = pairs()[3];
    let mut line = Line::with(config, a, b);
    line.talk(6);
    let Phone { codec, ptime, .. } = line.phone;
    let key = packets(&mut line.phone.header, codec, ptime, 11, ms(900));
    for (n, (header, payload)) in key.iter().enumerate() {
        match n {
            10 => line.call.move_to(1).unwrap(),
            20 => line.call.change(Side::B, end(FULL, 10, 9)).unwrap(),
            30 => line.call.move_to(0).unwrap(),
            _ => {}
        }
        line.put(*header, payload, 1);
    }
    line.talk(6);
    let over = vec![(KEY, ms(900), KeyEnding::Reported)];
    assert_eq!(
        told(&line.studio, line.call.side(Side::A)),
        (vec![KEY], over)
    );
    assert_eq!(far_end(line.sent(), 48_000), (1, vec![(11, 900)]));
    assert!(is_unbroken(line.sent()));
}
