//! What callers in a room hear, in virtual time: each other and never themselves, to the bit.

mod common;

use std::collections::HashMap;

use common::ears::{db, find, largest_step, peak, peak_at, rms, snr};
use common::{
    Caller, Codec, FRAME, SampleRate, Studio, TEN, ms, network, payload_type, playing, sine, small,
    speech,
};
use talkpath_engine::{Direction, EventKind, LegConfig, NetworkConfig};
use talkpath_nodes::limit::Limiter;

const RATES: [SampleRate; 3] = [
    SampleRate::HZ_8000,
    SampleRate::HZ_16000,
    SampleRate::HZ_48000,
];
const L16: fn(SampleRate) -> Codec = Codec::L16;

/// The codec that legs of a rate have.
fn codec_at(rate: SampleRate) -> Codec {
    if rate == SampleRate::HZ_8000 {
        Codec::Pcmu
    } else {
        L16(rate)
    }
}

#[test]
fn three_callers_hear_exactly_the_other_two() {
    // Not harmonic: the distortion that µ-law makes of two must not gather on the third.
    let tones = [411.37, 733.91, 1_071.13];
    let mut studio = Studio::new(small());
    let room = studio.room("three");
    let mut callers: Vec<Caller> = (0..3)
        .map(|n| {
            Caller::join(&room, Codec::Pcmu, n as u32).saying(sine(
                tones[n],
                SampleRate::HZ_8000,
                0.1,
            ))
        })
        .collect();
    let mut all: Vec<&mut Caller> = callers.iter_mut().collect();
    studio.run(ms(3_000), &mut all);
    for (n, caller) in callers.iter().enumerate() {
        let heard = studio.heard(caller.id(), Codec::Pcmu, 50);
        for (m, hz) in tones.iter().enumerate() {
            let level = db(peak_at(&heard, 8_000.0, *hz) / 0.1);
            if n == m {
                assert!(level < -60.0, "caller {n} hears itself at {level:.1} dB");
            } else {
                assert!(
                    level.abs() < 0.1,
                    "caller {n} hears caller {m} at {level:.2} dB"
                );
            }
        }
    }
}

/// Everything the first leg is sent in a second and a half, with the others talking and its own phone talking or
/// silent.
fn sent_to_the_first(rates: &[SampleRate], talks: bool) -> Vec<common::Sent> {
    let mut studio = Studio::new(small());
    let room = studio.room("bits");
    let mut callers: Vec<Caller> = (rates.iter().enumerate())
        .map(|(n, rate)| {
            let hz = 350.0 + 170.0 * n as f64;
            Caller::join(&room, codec_at(*rate), n as u32).saying(sine(hz, *rate, 0.3))
        })
        .collect();
    if talks {
        callers[0].voice = Some(Box::new(playing(speech(SampleRate::HZ_8000))));
    } else {
        callers[0].voice = None;
    }
    let mut all: Vec<&mut Caller> = callers.iter_mut().collect();
    studio.run(ms(1_500), &mut all);
    studio.packets(callers[0].id()).to_vec()
}

#[test]
fn a_leg_is_sent_the_same_bits_whether_it_talks_or_not() {
    let [narrow, wide, full] = RATES;
    let rooms: [&[SampleRate]; 6] = [
        &[narrow, narrow, narrow],
        &[wide, wide],
        &[narrow, wide, narrow],
        &[wide, narrow, wide],
        &[narrow, wide, full, full],
        &[full, wide, narrow],
    ];
    for rates in rooms {
        let (talking, silent) = (
            sent_to_the_first(rates, true),
            sent_to_the_first(rates, false),
        );
        assert!(talking.len() > 70, "{} packets", talking.len());
        let first = talking.iter().zip(&silent).position(|(a, b)| a != b);
        assert!(
            first.is_none() && talking.len() == silent.len(),
            "{rates:?} differ at packet {first:?}"
        );
    }
}

#[test]
fn five_at_full_scale_neither_wrap_nor_clip() {
    let tones = [300.0, 500.0, 700.0, 1_100.0, 1_300.0];
    let rate = SampleRate::HZ_16000;
    let mut studio = Studio::new(small());
    let room = studio.room("loud");
    let mut callers: Vec<Caller> = (tones.iter().enumerate())
        .map(|(n, hz)| Caller::join(&room, L16(rate), n as u32).saying(sine(*hz, rate, 0.999)))
        .collect();
    let listener = Caller::join(&room, L16(rate), 9);
    let mut all: Vec<&mut Caller> = callers.iter_mut().collect();
    studio.run(ms(3_000), &mut all);
    let heard = studio.heard(listener.id(), L16(rate), 75);
    assert!(heard.len() >= 16_000);
    let top = peak(&heard);
    assert!(
        top <= 1.0 && top > 0.8,
        "peak {top}: the limiter uses the range and keeps within it"
    );
    // A clipped or wrapped sum has flat tops and jumps; a limited one has the crest of the sum itself.
    let sum: Vec<f32> = (0..heard.len() as u64)
        .map(|n| {
            tones
                .iter()
                .map(|hz| sine(*hz, rate, 0.999)(n))
                .sum::<f32>()
        })
        .collect();
    let (crest, natural) = (
        db(f64::from(top) / rms(&heard)),
        db(f64::from(peak(&sum)) / rms(&sum)),
    );
    assert!(
        (crest - natural).abs() < 1.5,
        "crest {crest:.2} dB, of the sum {natural:.2} dB"
    );
    let flat = heard
        .windows(2)
        .filter(|w| w[0].abs() > 0.9999 && w[1].abs() > 0.9999)
        .count();
    assert!(flat < heard.len() / 1_000, "{flat} flat tops");
    let steepest = largest_step(&sum) / peak(&sum);
    assert!(
        largest_step(&heard) < 1.5 * steepest,
        "no jump: {} against {steepest}",
        largest_step(&heard)
    );
    // Equal tones, all turned down by the same gain; what else is there lies far below.
    let levels: Vec<f64> = tones
        .iter()
        .map(|hz| db(peak_at(&heard, 16_000.0, *hz)))
        .collect();
    let (low, high) = levels.iter().fold((0.0_f64, -99.0_f64), |(low, high), l| {
        (low.min(*l), high.max(*l))
    });
    assert!(high - low < 0.5, "{levels:?}");
    let needed = -db(f64::from(peak(&sum)));
    assert!(
        needed < -11.0 && (high - needed).abs() < 0.5,
        "engaged by {levels:?}, needed are {needed:.2} dB"
    );
    let tonal: f64 = levels
        .iter()
        .map(|level| 10_f64.powf(level / 10.0) / 2.0)
        .sum();
    let other = (rms(&heard).powi(2) - tonal).max(0.0);
    let distortion = 10.0 * (other / tonal).log10();
    assert!(
        distortion < -25.0,
        "all but the tones is at {distortion:.1} dB"
    );
}

/// The limiter's delay, in samples of a codec.
fn limiter_delay(codec: Codec) -> usize {
    Limiter::new(codec.rate()).delay().as_usize()
}

#[test]
fn speech_through_call_room_and_leg_is_as_good_as_the_codec_alone() {
    let codecs = [
        Codec::Pcmu,
        Codec::Pcma,
        L16(SampleRate::HZ_8000),
        L16(SampleRate::HZ_16000),
        L16(SampleRate::HZ_48000),
        Codec::G722,
    ];
    for codec in codecs {
        let clip = match codec.rate() {
            // The same sound, twice resampled by repetition: for a codec that keeps every bit any signal does.
            SampleRate::HZ_48000 => speech(SampleRate::HZ_16000)
                .iter()
                .flat_map(|s| [*s; 3])
                .collect(),
            rate => speech(rate),
        };
        let said: Vec<f32> = clip[..clip.len().min(codec.rate().hz() as usize * 2)].to_vec();
        let mut studio = Studio::new(small());
        let room = studio.room("speech");
        let mut talker = Caller::join(&room, codec, 1).saying(playing(said.clone()));
        let listener = Caller::join(&room, codec, 2);
        studio.run(ms(1_900), &mut [&mut talker]);
        let heard = studio.heard(listener.id(), codec, 0);
        let skip = codec.rate().samples_in(ms(200)).as_usize();
        let span = codec.rate().samples_in(ms(1_400)).as_usize();
        let said = &said[skip..skip + span];
        let reach = codec.rate().samples_in(ms(100)).as_usize();
        let lag = find(said, &heard, skip..skip + reach);
        let frame = codec.rate().samples_in(FRAME).as_usize();
        // The two filters of G.722 delay by 22 samples together, here twice.
        let delay = if codec == Codec::G722 { 44 } else { 0 };
        assert_eq!(
            (lag - skip) % frame,
            (limiter_delay(codec) + delay) % frame,
            "{codec}: whole frames, the limiter's delay and the codec's"
        );
        let through = snr(said, &heard[lag..]);
        // The way in and the way out each code once; so does the reference.
        let once = common::ears::decode(codec, [&encode(codec, said)[..]].into_iter());
        let twice = common::ears::decode(codec, [&encode(codec, &once)[..]].into_iter());
        let alone = snr(&said[..said.len() - delay], &twice[delay..]);
        assert!(
            through >= alone - 0.5,
            "{codec}: {through:.2} dB through the room, {alone:.2} dB by the codec alone"
        );
        let least = match codec {
            Codec::L16(_) => 60.0,
            // It shapes its noise for the ear and codes twice here.
            Codec::G722 => 12.0,
            _ => 25.0,
        };
        assert!(through > least, "{codec}: {through:.2} dB");
    }
}

fn encode(codec: Codec, pcm: &[f32]) -> Vec<u8> {
    let mut bytes = vec![0; codec.octets_of(pcm.len())];
    talkpath_nodes::codec::Encoder::new(codec)
        .encode(pcm, &mut bytes)
        .expect("a buffer of its size");
    bytes
}

#[test]
fn an_echo_leg_hears_itself_to_the_bit() {
    let codec = L16(SampleRate::HZ_8000);
    let mut studio = Studio::new(small());
    let room = studio.room("echo");
    let config = NetworkConfig {
        hear_self: true,
        ..network(codec, 1)
    };
    let said = speech(SampleRate::HZ_8000);
    let mut caller = Caller::with(&room, config, 1).saying(playing(said.clone()));
    studio.run(ms(1_500), &mut [&mut caller]);
    let heard = studio.heard(caller.id(), codec, 0);
    let lag = find(&said[800..7_000], &heard, 800..2_400);
    assert_eq!(
        &heard[lag..lag + 6_000],
        &said[800..6_800],
        "nothing changes a sample of it"
    );
}

#[test]
fn players_are_heard_and_a_clip_says_when_it_ends() {
    let mut studio = Studio::new(small());
    let room = studio.room("players");
    let tone = room.join(LegConfig::tone(440.0, -13.01)).expect("tone");
    let clip: Vec<f32> = (0..8_000)
        .map(sine(1_000.0, SampleRate::HZ_8000, 0.25))
        .collect();
    let player = room
        .join(LegConfig::clip(clip.into(), SampleRate::HZ_8000, false))
        .expect("clip");
    let looping: Vec<f32> = (0..800)
        .map(sine(2_000.0, SampleRate::HZ_8000, 0.05))
        .collect();
    room.join(LegConfig::clip(looping.into(), SampleRate::HZ_8000, true))
        .expect("looping clip");
    let listener = Caller::join(&room, Codec::Pcma, 1);
    studio.advance(ms(900));
    assert!(
        !studio
            .told()
            .contains(&EventKind::Finished { leg: player.id() })
    );
    studio.advance(ms(1_100));
    let told = studio.told();
    let finished = told
        .iter()
        .filter(|kind| **kind == EventKind::Finished { leg: player.id() })
        .count();
    assert_eq!(finished, 1, "{told:?}");
    let (during, after) = (
        studio.heard(listener.id(), Codec::Pcma, 5),
        studio.heard(listener.id(), Codec::Pcma, 60),
    );
    let at = |pcm: &[f32], hz| peak_at(&pcm[..6_400], 8_000.0, hz);
    // -13.01 dBov of a sine is a peak of -10 dB.
    assert!(
        db(at(&during, 440.0) / 0.3162).abs() < 0.1,
        "{}",
        at(&during, 440.0)
    );
    assert!(db(at(&during, 1_000.0) / 0.25).abs() < 0.1);
    assert!(
        db(at(&during, 2_000.0) / 0.05).abs() < 0.3 && db(at(&after, 2_000.0) / 0.05).abs() < 0.3
    );
    assert!(at(&after, 1_000.0) < 1e-3, "it ended");
    tone.leave().expect("the tone leaves");
    player.leave().expect("the clip leaves");
    studio.advance(ms(1_000));
    assert!(
        peak_at(
            &studio.heard(listener.id(), Codec::Pcma, 110),
            8_000.0,
            440.0
        ) < 1e-3
    );
}

#[test]
fn after_a_hold_the_timestamp_has_gone_on_and_the_sequence_has_not() {
    let mut studio = Studio::new(small());
    let room = studio.room("hold");
    let mut talker =
        Caller::join(&room, Codec::Pcmu, 1).saying(sine(600.0, SampleRate::HZ_8000, 0.2));
    let held = Caller::join(&room, Codec::Pcmu, 2);
    studio.run(ms(500), &mut [&mut talker]);
    held.leg
        .set_direction(Direction {
            receive: false,
            send: false,
        })
        .expect("hold");
    studio.run(TEN, &mut [&mut talker]);
    let before = studio.packets(held.id()).len();
    studio.run(ms(1_190), &mut [&mut talker]);
    assert_eq!(
        studio.packets(held.id()).len(),
        before,
        "nothing is sent to a leg on hold"
    );
    held.leg.set_direction(Direction::BOTH).expect("resume");
    studio.run(ms(500), &mut [&mut talker]);
    let packets = studio.packets(held.id());
    let (last, first) = (&packets[before - 1].header, &packets[before].header);
    assert_eq!(
        (first.sequence, first.ssrc),
        (last.sequence.wrapping_add(1), last.ssrc)
    );
    assert!(first.marker && !last.marker, "a talk spurt begins");
    assert_eq!(
        first.timestamp.wrapping_sub(last.timestamp),
        60 * 160 + 160,
        "60 frames of hold"
    );
    assert!(
        packets[before + 1..]
            .iter()
            .all(|packet| !packet.header.marker)
    );
    let after = studio.heard(held.id(), Codec::Pcmu, before + 2);
    assert!(db(peak_at(&after, 8_000.0, 600.0) / 0.2).abs() < 0.3);
    // And the other way: on hold it is not heard.
    talker
        .leg
        .set_direction(Direction {
            receive: false,
            send: true,
        })
        .expect("hold the talker");
    studio.run(ms(100), &mut [&mut talker]);
    let silent = studio.packets(held.id()).len();
    studio.run(ms(300), &mut [&mut talker]);
    assert_eq!(peak(&studio.heard(held.id(), Codec::Pcmu, silent)), 0.0);
    talker
        .leg
        .set_direction(Direction::BOTH)
        .expect("resume the talker");
    studio.run(ms(200), &mut [&mut talker]);
    let again = studio.packets(held.id()).len();
    studio.run(ms(300), &mut [&mut talker]);
    assert!(
        db(peak_at(&studio.heard(held.id(), Codec::Pcmu, again), 8_000.0, 600.0) / 0.2).abs() < 0.3
    );
}

#[test]
fn a_codec_change_continues_the_stream_and_the_talk() {
    let mut studio = Studio::new(small());
    let room = studio.room("change");
    let mut tone =
        Caller::join(&room, Codec::Pcmu, 1).saying(sine(500.0, SampleRate::HZ_8000, 0.2));
    let mut phone =
        Caller::join(&room, Codec::Pcmu, 2).saying(sine(900.0, SampleRate::HZ_8000, 0.2));
    studio.run(ms(500), &mut [&mut tone, &mut phone]);
    let wide = L16(SampleRate::HZ_16000);
    for codec in [Codec::Pcma, wide, Codec::Pcmu] {
        let before = studio.packets(phone.id()).len();
        let others = studio.packets(tone.id()).len();
        phone.leg.change(network(codec, 77)).expect("another codec");
        phone.switch(codec, FRAME);
        phone.voice = Some(Box::new(sine(900.0, codec.rate(), 0.2)));
        studio.run(ms(1_000), &mut [&mut tone, &mut phone]);
        let packets = &studio.packets(phone.id())[before - 1..];
        assert!(packets.len() >= 50, "{codec}: {} packets", packets.len());
        for pair in packets.windows(2) {
            let (a, b) = (&pair[0].header, &pair[1].header);
            assert_eq!(
                (b.ssrc, b.sequence),
                (a.ssrc, a.sequence.wrapping_add(1)),
                "{codec}"
            );
            let step = b.timestamp.wrapping_sub(a.timestamp);
            let rate = if a.payload_type == payload_type(wide) {
                320
            } else {
                160
            };
            assert_eq!(
                step, rate,
                "{codec}: the timestamp goes on at the rate it was sent at"
            );
        }
        // Two frames of the old codec at most, while the sound crosses to a bus of another rate.
        let new = &packets[4..];
        assert!(
            new.iter()
                .all(|packet| packet.header.payload_type == payload_type(codec)),
            "{codec}"
        );
        assert_eq!(
            packets.iter().filter(|packet| packet.header.marker).count(),
            1,
            "{codec}: one talk spurt"
        );
        let rate = f64::from(codec.rate().hz());
        let heard = studio.heard(phone.id(), codec, before + 25);
        assert!(
            db(peak_at(&heard, rate, 500.0) / 0.2).abs() < 0.3,
            "{codec}: it hears the other"
        );
        assert!(
            db(peak_at(&heard, rate, 900.0) / 0.2) < -60.0,
            "{codec}: and not itself"
        );
        let other = studio.heard(tone.id(), Codec::Pcmu, others + 25);
        assert!(
            db(peak_at(&other, 8_000.0, 900.0) / 0.2).abs() < 0.3,
            "{codec}: the other hears it"
        );
    }
}

#[test]
fn every_packet_time_works_both_ways() {
    for codec in [Codec::Pcmu, L16(SampleRate::HZ_16000)] {
        let times = [10, 20, 30, 40, 60]
            .map(ms)
            .into_iter()
            .filter(|ptime| *ptime <= codec.max_ptime());
        for ptime in times {
            let mut studio = Studio::new(small());
            let room = studio.room("ptime");
            let config = NetworkConfig {
                ptime,
                ..network(codec, 1)
            };
            let (low, high) = (
                sine(500.0, codec.rate(), 0.2),
                sine(900.0, codec.rate(), 0.2),
            );
            let mut odd = Caller::with(&room, config, 1).saying(low);
            let mut plain = Caller::join(&room, codec, 2).saying(high);
            studio.run(ms(1_000), &mut [&mut odd, &mut plain]);
            let (from_odd, from_plain) = (
                studio.packets(plain.id()).len(),
                studio.packets(odd.id()).len(),
            );
            studio.run(ms(1_200), &mut [&mut odd, &mut plain]);
            let sent = &studio.packets(odd.id())[from_plain..];
            assert_eq!(
                sent.len() as u128,
                ms(1_200).as_millis() / ptime.as_millis(),
                "{codec} {ptime:?}"
            );
            let samples = codec.rate().samples_in(ptime);
            for pair in sent.windows(2) {
                assert_eq!(pair[0].payload.len(), codec.octets_of(samples.as_usize()));
                assert_eq!(
                    pair[1]
                        .header
                        .timestamp
                        .wrapping_sub(pair[0].header.timestamp),
                    samples.0
                );
                assert_eq!(
                    pair[1].header.sequence,
                    pair[0].header.sequence.wrapping_add(1)
                );
                let gap = pair[1]
                    .not_before
                    .checked_sub(pair[0].not_before)
                    .expect("in order");
                // A packet of 30 ms is complete with the second or third frame of 20.
                assert!(
                    gap <= ptime.max(FRAME) + FRAME / 2 && gap >= ptime.min(FRAME),
                    "{ptime:?}: paced by {gap:?}"
                );
            }
            let rate = f64::from(codec.rate().hz());
            let (a, b) = (
                studio.heard(plain.id(), codec, from_odd),
                studio.heard(odd.id(), codec, from_plain),
            );
            for (heard, hz) in [(a, 500.0), (b, 900.0)] {
                let tone = peak_at(&heard, rate, hz);
                let level = db(tone / 0.2);
                assert!(
                    level.abs() < 0.2,
                    "{codec} {ptime:?}: {hz} Hz at {level:.2} dB"
                );
                let rest = (rms(&heard).powi(2) - tone * tone / 2.0).abs().sqrt();
                assert!(
                    db(rest / tone) < -25.0,
                    "{codec} {ptime:?}: {rest} besides the tone"
                );
            }
            let stats = odd.leg.stats().expect("figures");
            assert_eq!(
                (stats.late, stats.overflow, stats.malformed, stats.resyncs),
                (0, 0, 0, 0),
                "{codec} {ptime:?}"
            );
        }
    }
}

#[test]
fn talking_is_told_when_it_starts_and_when_it_stops() {
    let mut studio = Studio::new(small());
    let room = studio.room("talk");
    let mut caller = Caller::join(&room, Codec::Pcmu, 1);
    studio.run(ms(300), &mut [&mut caller]);
    let talk = |told: Vec<EventKind>, leg| {
        let mut count: HashMap<bool, usize> = HashMap::new();
        for kind in told {
            match kind {
                EventKind::TalkStarted { leg: who } if who == leg => {
                    *count.entry(true).or_default() += 1
                }
                EventKind::TalkStopped { leg: who } if who == leg => {
                    *count.entry(false).or_default() += 1
                }
                _ => {}
            }
        }
        (
            count.get(&true).copied().unwrap_or(0),
            count.get(&false).copied().unwrap_or(0),
        )
    };
    assert_eq!(talk(studio.told(), caller.id()), (0, 0));
    caller.voice = Some(Box::new(sine(300.0, SampleRate::HZ_8000, 0.1)));
    studio.run(ms(500), &mut [&mut caller]);
    assert_eq!(talk(studio.told(), caller.id()), (1, 0));
    caller.voice = Some(Box::new(|_| 0.0));
    studio.run(ms(200), &mut [&mut caller]);
    assert_eq!(
        talk(studio.told(), caller.id()),
        (0, 0),
        "the hangover bridges a short pause"
    );
    studio.run(ms(400), &mut [&mut caller]);
    assert_eq!(talk(studio.told(), caller.id()), (0, 1));
}

#[test]
fn gain_and_mute_change_without_a_click() {
    let codec = L16(SampleRate::HZ_8000);
    let mut studio = Studio::new(small());
    let room = studio.room("gain");
    let mut talker = Caller::join(&room, codec, 1).saying(sine(100.0, SampleRate::HZ_8000, 0.2));
    let listener = Caller::join(&room, codec, 2);
    studio.run(ms(600), &mut [&mut talker]);
    let mut level = |studio: &mut Studio, edit: &dyn Fn(&Caller)| {
        edit(&talker);
        studio.run(ms(100), &mut [&mut talker]);
        let from = studio.packets(listener.id()).len();
        studio.run(ms(400), &mut [&mut talker]);
        peak_at(&studio.heard(listener.id(), codec, from), 8_000.0, 100.0)
    };
    assert!(db(level(&mut studio, &|_| ()) / 0.2).abs() < 0.1);
    let quiet = level(&mut studio, &|t| t.leg.set_gain_db(-12.0).expect("gain"));
    assert!((db(quiet / 0.2) + 12.0).abs() < 0.1, "{quiet}");
    assert_eq!(
        level(&mut studio, &|t| t.leg.mute(true).expect("mute")),
        0.0
    );
    let quiet = level(&mut studio, &|t| t.leg.mute(false).expect("unmute"));
    assert!(
        (db(quiet / 0.2) + 12.0).abs() < 0.1,
        "the gain was kept: {quiet}"
    );
    let loud = level(&mut studio, &|t| t.leg.set_gain_db(6.0).expect("gain"));
    assert!((db(loud / 0.2) - 6.0).abs() < 0.1, "{loud}");
    let heard = studio.heard(listener.id(), codec, 5);
    // The sine's own steepest step at +6 dB is 0.031; a switched gain would jump by up to 0.35.
    let step = largest_step(&heard);
    assert!(step < 0.06, "a click of {step}");
}

#[test]
fn a_leg_that_joins_and_one_that_leaves_do_not_click() {
    let codec = L16(SampleRate::HZ_8000);
    let mut studio = Studio::new(small());
    let room = studio.room("fade");
    let listener = Caller::join(&room, codec, 1);
    studio.advance(ms(200));
    // A constant is the worst case: any step of gain is a step of signal.
    let constant: Vec<f32> = vec![0.25; 8_000];
    let player = room
        .join(LegConfig::clip(constant.into(), SampleRate::HZ_8000, true))
        .expect("clip");
    studio.advance(ms(400));
    player.leave().expect("leave");
    studio.advance(ms(400));
    let heard = studio.heard(listener.id(), codec, 0);
    assert!(db(f64::from(peak(&heard)) / 0.25).abs() < 0.01);
    assert!(
        largest_step(&heard) < 0.25 / 100.0,
        "{}",
        largest_step(&heard)
    );
    assert_eq!(heard.last(), Some(&0.0));
}
