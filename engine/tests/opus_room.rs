//! Legs that speak Opus in a room: what is heard of them, with loss, with silence that is not sent, and through a change
//! of codec.

mod common;

use common::{
    Caller, Codec, SampleRate, Studio, ears, ms, network, payload_type, playing, small, speech,
};
use talkpath_engine::{Leg, LegConfig, NetworkConfig, Room};
use talkpath_nodes::codec::{Encoder, MAX_PAYLOAD, OpusRate, OpusSettings};
use talkpath_nodes::packet::Header;

const OPUS: Codec = Codec::Opus(OpusRate::Wide);
const WIDE: SampleRate = SampleRate::HZ_16000;
/// Samples of 20 ms.
const FRAME: usize = 320;

/// Two seconds of speech in packets of 20 ms.
fn packets(settings: OpusSettings, pcm: &[f32]) -> Vec<Vec<u8>> {
    let mut encoder = Encoder::with(OPUS, &settings);
    let encode = |pcm: &[f32]| {
        let mut bytes = vec![0; MAX_PAYLOAD];
        let octets = encoder.encode(pcm, &mut bytes).expect("a frame");
        bytes.truncate(octets);
        bytes
    };
    pcm.chunks_exact(FRAME).map(encode).collect()
}

/// A leg that says `said` every 20 ms but for those packets that `comes` says no of, and what another hears of it.
fn through(said: &[Vec<u8>], comes: impl Fn(usize) -> bool) -> Vec<f32> {
    let mut studio = Studio::new(small());
    let room = studio.room("opus");
    let leg = join(&room, network(OPUS, 1));
    let listener = join(&room, network(Codec::L16(WIDE), 2));
    for (n, payload) in said.iter().enumerate() {
        if comes(n) {
            let header = Header {
                payload_type: payload_type(OPUS),
                marker: n == 0,
                sequence: n as u16,
                timestamp: 960 * n as u32,
                ssrc: 0x77,
            };
            let now = studio.engine.now();
            assert!(studio.inject(leg.id(), now, header, payload));
        }
        studio.advance(ms(20));
    }
    studio.heard(listener.id(), Codec::L16(WIDE), 0)
}

fn join(room: &Room, config: NetworkConfig) -> Leg {
    room.join(LegConfig::network(config))
        .expect("room for one more")
}

/// Decibels of `wanted` above its difference to `got`.
fn fidelity(wanted: &[f32], got: &[f32]) -> f64 {
    let wrong: Vec<f32> = wanted.iter().zip(got).map(|(a, b)| a - b).collect();
    ears::db(ears::rms(wanted) / ears::rms(&wrong))
}

#[test]
fn everybody_in_a_room_of_four_codecs_hears_who_speaks_opus_and_is_heard_by_them() {
    let mut studio = Studio::new(small());
    let room = studio.room("mixed");
    let said = speech(WIDE)[..32_000].to_vec();
    let mut talker = Caller::join(&room, OPUS, 1).saying(playing(said));
    let full = Codec::Opus(OpusRate::Full);
    let codecs = [Codec::Pcma, Codec::G722, OPUS, full, Codec::L16(WIDE)];
    let listeners: Vec<Caller> = (2..)
        .zip(codecs)
        .map(|(n, codec)| Caller::join(&room, codec, n))
        .collect();
    studio.run(ms(2_000), &mut [&mut talker]);
    let reference = studio.heard(listeners[4].id(), Codec::L16(WIDE), 0);
    for listener in &listeners {
        let heard = studio.heard(listener.id(), listener.codec, 0);
        let loud = ears::db(ears::rms(&heard) / ears::rms(&reference));
        assert!(loud.abs() < 2.0, "{}: {loud:.1} dB", listener.codec);
        let sent = studio.packets(listener.id());
        let step = listener.codec.clock_rate() / 50;
        for two in sent.windows(2) {
            let (a, b) = (two[0].header, two[1].header);
            assert_eq!(b.timestamp.wrapping_sub(a.timestamp), step);
            assert_eq!(b.sequence.wrapping_sub(a.sequence), 1);
        }
        assert!(
            sent.len() >= 99,
            "{}: {} packets",
            listener.codec,
            sent.len()
        );
    }
    // The talker is sent the room without itself: nothing, as loud as a codec makes nothing.
    let own = studio.heard(talker.id(), OPUS, 0);
    assert!(ears::rms(&own) < 1e-4);
}

#[test]
fn a_lost_packet_comes_back_from_the_one_behind_it() {
    let pcm = &speech(WIDE)[..64_000];
    let with = |inband_fec| OpusSettings {
        bitrate: Some(32_000),
        inband_fec,
        expected_loss: 20,
        ..OpusSettings::default()
    };
    // One in five, never two in a row.
    let comes = |n: usize| n % 5 != 3;
    let of = |settings| {
        let said = packets(settings, pcm);
        let (whole, holed) = (through(&said, |_| true), through(&said, comes));
        assert_eq!(whole.len(), holed.len());
        fidelity(&whole[16_000..], &holed[16_000..])
    };
    let (carried, made_up) = (of(with(true)), of(with(false)));
    assert!(
        carried > made_up + 3.0,
        "{carried:.1} dB with what the next packet carries, {made_up:.1} dB without"
    );
    assert!(
        made_up > 0.0,
        "{made_up:.1} dB: what is made up is better than nothing"
    );
}

#[test]
fn silence_that_is_not_sent_is_no_loss_and_no_hole() {
    let mut pcm = speech(WIDE)[..16_000].to_vec();
    // A quiet room: noise 66 dB below full scale.
    let mut state = 1_u32;
    pcm.extend(
        std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (f64::from(state) / f64::from(u32::MAX) - 0.5) as f32 * 1e-3
        })
        .take(48_000),
    );
    pcm.extend_from_slice(&speech(WIDE)[..16_000]);
    let settings = OpusSettings {
        dtx: true,
        ..OpusSettings::default()
    };
    let said = packets(settings, &pcm);
    let sent = |n: usize| said[n].len() > 2;
    let unsent = (0..said.len()).filter(|n| !sent(*n)).count();
    assert!(unsent > 60, "{unsent} of {}", said.len());
    // A sender that leaves packets out does not number them.
    let mut studio = Studio::new(small());
    let room = studio.room("quiet");
    let leg = join(&room, network(OPUS, 1));
    let listener = join(&room, network(Codec::L16(WIDE), 2));
    let mut sequence = 0;
    for (n, payload) in said.iter().enumerate() {
        if sent(n) {
            let header = Header {
                payload_type: payload_type(OPUS),
                marker: n == 0 || !sent(n - 1),
                sequence,
                timestamp: 960 * n as u32,
                ssrc: 0x77,
            };
            let now = studio.engine.now();
            assert!(studio.inject(leg.id(), now, header, payload));
            sequence += 1;
        }
        studio.advance(ms(20));
    }
    // The figures are told once a second.
    studio.advance(ms(1_100));
    let stats = leg.stats().expect("up");
    assert_eq!(stats.played, u64::from(sequence), "{stats:?}");
    // Between the two sentences there is the noise of the room, as loud as it was.
    let heard = studio.heard(listener.id(), Codec::L16(WIDE), 0);
    let noise: Vec<f64> = heard[32_000..56_000]
        .chunks_exact(1_600)
        .map(|part| 20.0 * ears::rms(part).max(1e-9).log10())
        .collect();
    assert!(
        noise.iter().all(|level| (-90.0..-60.0).contains(level)),
        "{noise:.0?}"
    );
    let again = ears::rms(&heard[70_000..78_000]);
    assert!(again > 0.01, "the second sentence: {again}");
}

#[test]
fn a_leg_goes_from_g711_to_opus_and_back_with_its_stream_whole() {
    let mut studio = Studio::new(small());
    let room = studio.room("change");
    let said = speech(WIDE)[..64_000].to_vec();
    let mut talker = Caller::join(&room, Codec::L16(WIDE), 1).saying(playing(said));
    let config = network(Codec::Pcmu, 2);
    let leg = join(&room, config);
    let changes = [
        (OPUS, 20),
        (OPUS, 60),
        (Codec::Opus(OpusRate::Full), 10),
        (Codec::Pcmu, 20),
    ];
    studio.run(ms(600), &mut [&mut talker]);
    for (codec, ptime) in changes {
        let change = NetworkConfig {
            codec,
            payload_type: payload_type(codec),
            ptime: ms(ptime),
            ..config
        };
        leg.change(change).expect("up");
        studio.run(ms(600), &mut [&mut talker]);
    }
    let sent = studio.packets(leg.id());
    let step = |n: usize| {
        let codec = if sent[n].header.payload_type == 0 {
            Codec::Pcmu
        } else {
            OPUS
        };
        codec.ticks_in(&sent[n].payload).expect("a packet")
    };
    for n in 1..sent.len() {
        let (a, b) = (sent[n - 1].header, sent[n].header);
        assert_eq!(b.sequence, a.sequence.wrapping_add(1), "packet {n}");
        let apart = b.timestamp.wrapping_sub(a.timestamp);
        assert_eq!(apart, step(n - 1), "packet {n}");
        assert_eq!(b.ssrc, a.ssrc);
    }
    let mut lengths: Vec<(u8, u32)> = (0..sent.len())
        .map(|n| (sent[n].header.payload_type, step(n)))
        .collect();
    lengths.dedup();
    let expected = [(0, 160), (96, 960), (96, 2_880), (96, 480), (0, 160)];
    assert_eq!(lengths, expected);
}
