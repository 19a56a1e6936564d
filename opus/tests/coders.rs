//! Coders against streams of the reference encoder, against each other, and against nonsense.

use proptest::prelude::*;
use std::path::PathBuf;
use talkpath_opus::{Application, Channels, Decoder, Encoder, EncoderConfig, OpusFault, packet};

/// The packets of an `opus_demo` stream, each with the range that its encoder ended with.
fn stream(name: &str) -> Vec<(Vec<u8>, u32)> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/data/opus");
    let octets = std::fs::read(path.join(name)).expect("a stream of tests/data");
    let (mut rest, mut packets) = (&octets[..], Vec::new());
    while let Some((head, tail)) = rest.split_first_chunk::<8>() {
        let [length, range] = [0, 4].map(|at| {
            let word = head[at..at + 4].try_into().expect("four octets");
            u32::from_be_bytes(word)
        });
        let (packet, tail) = tail.split_at(length as usize);
        packets.push((packet.to_vec(), range));
        rest = tail;
    }
    packets
}

/// Two voices of harmonics whose pitch glides: no two frames alike.
fn voice(rate: u32, channels: Channels, seconds: f32) -> Vec<f32> {
    let count = (rate as f32 * seconds) as usize;
    let sample = |n: usize, channel: usize| {
        let t = n as f32 / rate as f32;
        let pitch = 110.0 + 30.0 * (t * 3.0).sin() + 40.0 * channel as f32;
        let harmonics =
            (1..8).map(|k| (t * pitch * k as f32 * std::f32::consts::TAU).sin() / k as f32);
        0.2 * harmonics.sum::<f32>()
    };
    let channels = channels.count();
    (0..count * channels)
        .map(|n| sample(n / channels, n % channels))
        .collect()
}

#[test]
fn streams_of_the_reference_encoder_decode_to_its_range() {
    for name in ["silk_nb_20", "silk_wb_60", "hybrid_fb_20", "celt_fb_20"] {
        let mut decoder = Decoder::new(48_000, Channels::Mono).unwrap();
        let mut out = vec![0.0; 5_760];
        let packets = stream(&format!("{name}.bit"));
        assert!(packets.len() > 60, "{name}");
        for (n, (octets, range)) in packets.iter().enumerate() {
            let samples = decoder.decode(octets, &mut out).unwrap();
            assert_eq!(Some(samples as u32), packet::ticks(octets), "{name} {n}");
            assert_eq!(decoder.final_range(), *range, "{name} {n}");
        }
    }
}

#[test]
fn what_is_encoded_decodes_to_the_same_range_at_every_rate_and_length() {
    for rate in talkpath_opus::RATES {
        for channels in [Channels::Mono, Channels::Stereo] {
            for application in [
                Application::Voice,
                Application::Audio,
                Application::LowDelay,
            ] {
                let config = EncoderConfig {
                    channels,
                    application,
                    complexity: 2,
                    ..EncoderConfig::voice(rate)
                };
                let mut encoder = Encoder::new(config).unwrap();
                let mut decoder = Decoder::new(rate, channels).unwrap();
                let pcm = voice(rate, channels, 0.3);
                let (mut octets, mut out) = ([0; 1_500], vec![0.0; pcm.len()]);
                for ms in [10, 20, 40, 60] {
                    let frame = rate as usize * ms / 1_000 * channels.count();
                    for piece in pcm.chunks_exact(frame) {
                        let length = encoder.encode(piece, &mut octets).unwrap();
                        let samples = decoder.decode(&octets[..length], &mut out).unwrap();
                        assert_eq!(samples * channels.count(), frame);
                        assert_eq!(decoder.final_range(), encoder.final_range());
                    }
                }
            }
        }
    }
}

#[test]
fn a_copy_goes_on_as_its_original() {
    let config = EncoderConfig {
        inband_fec: true,
        expected_loss: 10,
        ..EncoderConfig::voice(16_000)
    };
    let mut original = Encoder::new(config).unwrap();
    let mut copy = Encoder::new(EncoderConfig::voice(16_000)).unwrap();
    let mut heard = Decoder::new(16_000, Channels::Mono).unwrap();
    let mut heard_copy = Decoder::new(16_000, Channels::Mono).unwrap();
    let pcm = voice(16_000, Channels::Mono, 1.0);
    let (mut one, mut two) = ([0; 1_275], [0; 1_275]);
    let (mut out, mut out_copy) = ([0.0; 320], [0.0; 320]);
    for (n, piece) in pcm.chunks_exact(320).enumerate() {
        let length = original.encode(piece, &mut one).unwrap();
        heard.decode(&one[..length], &mut out).unwrap();
        if n < 20 {
            continue;
        }
        if n == 20 {
            copy.copy_from(&original).unwrap();
            heard_copy.copy_from(&heard).unwrap();
            continue;
        }
        assert_eq!(copy.encode(piece, &mut two), Ok(length));
        assert_eq!(one[..length], two[..length]);
        heard_copy.decode(&two[..length], &mut out_copy).unwrap();
        assert_eq!(out, out_copy);
    }
    let mut stereo = Encoder::new(EncoderConfig {
        channels: Channels::Stereo,
        ..config
    })
    .unwrap();
    assert!(matches!(
        stereo.copy_from(&original),
        Err(OpusFault::OtherShape { .. })
    ));
}

/// Share of the energy of `what` that `like` does not have, in dB: below 0 they are akin.
fn apart(what: &[f32], like: &[f32]) -> f32 {
    let power = |pcm: &mut dyn Iterator<Item = f32>| pcm.map(|x| x * x).sum::<f32>();
    let differs = power(&mut what.iter().zip(like).map(|(a, b)| a - b));
    10.0 * (differs / power(&mut what.iter().copied())).log10()
}

#[test]
fn a_lost_packet_comes_out_of_the_next_one() {
    let packets = stream("fec_wb_loss12.bit");
    let mut whole = Decoder::new(16_000, Channels::Mono).unwrap();
    let mut recovering = Decoder::new(16_000, Channels::Mono).unwrap();
    let mut guessing = Decoder::new(16_000, Channels::Mono).unwrap();
    let mut heard = [Vec::new(), Vec::new(), Vec::new()];
    let mut out = [0.0; 320];
    for (n, (octets, _)) in packets.iter().enumerate() {
        whole.decode(octets, &mut out).unwrap();
        heard[0].extend(out);
        // Every eighth is lost.
        let lost = n % 8 == 7 && n + 1 < packets.len();
        for (at, decoder) in [&mut recovering, &mut guessing].into_iter().enumerate() {
            let done = match lost {
                true if at == 0 => decoder.recover(&packets[n + 1].0, &mut out),
                true => decoder.conceal(&mut out),
                false => decoder.decode(octets, &mut out),
            };
            assert_eq!(done, Ok(320));
            heard[at + 1].extend(out);
        }
    }
    let [whole, recovered, guessed] = &heard;
    let (with, without) = (apart(whole, recovered), apart(whole, guessed));
    assert!(
        with < -4.0 && with < without - 2.0,
        "{with} dB with, {without} without"
    );
}

#[test]
fn silence_with_dtx_is_next_to_nothing() {
    let config = EncoderConfig {
        dtx: true,
        ..EncoderConfig::voice(16_000)
    };
    let mut encoder = Encoder::new(config).unwrap();
    let mut octets = [0; 1_275];
    let lengths: Vec<_> = (0..50)
        .map(|_| encoder.encode(&[0.0; 320], &mut octets).unwrap())
        .collect();
    assert!(encoder.in_dtx());
    assert!(
        lengths[30..].iter().filter(|n| **n <= 2).count() >= 18,
        "{lengths:?}"
    );
    assert!(packet::is_dtx(&octets[..1]));
}

#[test]
fn constant_rate_is_constant_and_the_far_ends_rate_is_a_bound() {
    let config = EncoderConfig {
        bitrate: Some(32_000),
        vbr: false,
        application: Application::Audio,
        max_playback_rate: 16_000,
        ..EncoderConfig::voice(48_000)
    };
    let mut encoder = Encoder::new(config).unwrap();
    let mut octets = [0; 1_275];
    for piece in voice(48_000, Channels::Mono, 0.5).chunks_exact(960) {
        assert_eq!(encoder.encode(piece, &mut octets), Ok(80));
        // Wide band at most: 9 to 11 of SILK, 20 to 23 of CELT (RFC 6716, table 2).
        let config = octets[0] >> 3;
        assert!(matches!(config, 0..=11 | 16..=23), "{config}");
    }
}

#[test]
fn what_is_out_of_range_says_what_was_expected() {
    let wrong = |config| Encoder::new(config).unwrap_err().to_string();
    let voice = EncoderConfig::voice(48_000);
    let rate = EncoderConfig {
        rate: 44_100,
        ..voice
    };
    assert_eq!(
        wrong(rate),
        "sample rate 44100 Hz, expected 8000, 12000, 16000, 24000 or 48000"
    );
    let effort = EncoderConfig {
        complexity: 11,
        ..voice
    };
    assert_eq!(wrong(effort), "complexity 11, expected 0 to 10");
    let bits = EncoderConfig {
        bitrate: Some(499),
        ..voice
    };
    assert_eq!(wrong(bits), "bit rate 499, expected 500 to 512000");
    let loss = EncoderConfig {
        expected_loss: 101,
        ..voice
    };
    assert_eq!(wrong(loss), "expected loss 101, expected 0 to 100 percent");

    let mut encoder = Encoder::new(voice).unwrap();
    let odd = encoder.encode(&[0.0; 961], &mut [0; 100]).unwrap_err();
    assert!(
        matches!(odd, OpusFault::FrameSize { actual: 961, .. }),
        "{odd}"
    );
    let none = encoder.encode(&[0.0; 960], &mut []).unwrap_err();
    assert_eq!(none, OpusFault::OutputTooSmall { actual: 0 });

    let mut decoder = Decoder::new(16_000, Channels::Mono).unwrap();
    assert_eq!(
        decoder.decode(&[], &mut [0.0; 320]),
        Err(OpusFault::InvalidPacket { actual: 0 })
    );
    assert_eq!(
        decoder.decode(&[3], &mut [0.0; 320]),
        Err(OpusFault::InvalidPacket { actual: 1 })
    );
    let small = decoder.decode(&stream("silk_wb_60.bit")[0].0, &mut [0.0; 320]);
    assert_eq!(small, Err(OpusFault::OutputTooSmall { actual: 320 }));
    assert!(matches!(
        decoder.conceal(&mut [0.0; 33]),
        Err(OpusFault::FrameSize { .. })
    ));
}

proptest! {
    #[test]
    fn any_octets_decode_to_finite_samples_or_a_fault(
        packets in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..6),
        cut in 0..80_usize,
    ) {
        let mut decoder = Decoder::new(16_000, Channels::Mono).unwrap();
        let mut out = vec![0.0; 1_920];
        let good = stream("hybrid_fb_20.bit");
        let cut = good[7].0[..cut.min(good[7].0.len())].to_vec();
        for octets in packets.iter().chain([&cut]) {
            for fec in [false, true] {
                let done = if fec {
                    decoder.recover(octets, &mut out[..320])
                } else {
                    decoder.decode(octets, &mut out)
                };
                prop_assert!(out.iter().all(|x| x.is_finite()));
                if !fec && let Ok(samples) = done {
                    prop_assert_eq!(packet::ticks(octets), Some(samples as u32 * 3));
                }
            }
        }
    }

    #[test]
    fn any_samples_encode(pcm in prop::collection::vec(-4.0..4.0_f32, 320)) {
        let mut encoder = Encoder::new(EncoderConfig::voice(16_000)).unwrap();
        prop_assert!(encoder.encode(&pcm, &mut [0; 1_275]).is_ok());
    }
}

#[test]
fn a_coder_needs_no_more_stack_than_a_worker_has_written() {
    // `pages::stack` of rt writes 256 KiB before a worker's real time begins; the worker's own frames are a few.
    let thread = std::thread::Builder::new().stack_size(208 * 1024);
    let coded = thread.spawn(|| {
        for rate in [8_000, 16_000, 48_000] {
            for application in [Application::Voice, Application::Audio] {
                let mut encoder = Encoder::new(EncoderConfig {
                    application,
                    complexity: 10,
                    inband_fec: true,
                    expected_loss: 30,
                    ..EncoderConfig::voice(rate)
                })
                .unwrap();
                let mut decoder = Decoder::new(rate, Channels::Mono).unwrap();
                let samples = rate as usize * 60 / 1_000;
                for n in 0..10 {
                    let at = |k: usize| ((n * samples + k) as f32 * 0.1).sin() * 0.3;
                    let pcm: Vec<f32> = (0..samples).map(at).collect();
                    let (mut packet, mut out) = ([0; 1_275], vec![0.0; samples]);
                    let octets = encoder.encode(&pcm, &mut packet).unwrap();
                    decoder.recover(&packet[..octets], &mut out).unwrap();
                    decoder.decode(&packet[..octets], &mut out).unwrap();
                    decoder.conceal(&mut out).unwrap();
                }
            }
        }
    });
    coded.unwrap().join().unwrap();
}
