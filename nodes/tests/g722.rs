//! G.722 against the ITU-T STL vectors, and many channels at once against one by one.

use proptest::prelude::*;
use std::path::PathBuf;
use talkpath_nodes::g722::{Decoder, Decoding, Encoder, Encoding, Mode, decode_bank, encode_bank};

/// The 16-bit little-endian words of one STL file.
fn stl(name: &str) -> Vec<u16> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/data/itu_stl_g722")
        .join(name);
    let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let words = bytes.as_chunks::<2>().0.iter();
    words.map(|pair| u16::from_le_bytes(*pair)).collect()
}

fn samples(name: &str) -> Vec<f32> {
    let words = stl(name).into_iter();
    words
        .map(|w| f32::from(w.cast_signed()) / 32768.0)
        .collect()
}

fn codes() -> Vec<u8> {
    let words = stl("codspw.cod").into_iter();
    words.map(|w| (w & 0xff) as u8).collect()
}

#[test]
fn encodes_the_vectors_bit_for_bit() {
    let pcm = samples("inpsp.bin");
    let mut out = vec![0; pcm.len() / 2];
    Encoder::default().encode(&pcm, &mut out);
    let wrong = out.iter().zip(codes()).position(|(a, b)| *a != b);
    assert_eq!(wrong, None, "first octet that differs");
    assert_eq!(out.len(), codes().len());
}

#[test]
fn decodes_the_vectors_bit_for_bit_in_every_mode() {
    let octets = codes();
    for (mode, name) in [
        (Mode::Kbit64, "outsp1.bin"),
        (Mode::Kbit56, "outsp2.bin"),
        (Mode::Kbit48, "outsp3.bin"),
    ] {
        let expected = samples(name);
        let mut out = vec![0.0; 2 * octets.len()];
        Decoder::default().decode(&octets, mode, &mut out);
        let wrong = out.iter().zip(&expected).position(|(a, b)| a != b);
        assert_eq!((wrong, out.len()), (None, expected.len()), "{name}");
    }
}

/// Eleven channels: a whole group of lanes and a part of one, each with speech of its own.
fn voices() -> Vec<Vec<f32>> {
    let pcm = samples("inpsp.bin");
    let voice = |n: usize| pcm[1_777 * n..][..1_280].to_vec();
    (0..11).map(voice).collect()
}

#[test]
fn a_bank_is_its_channels_one_by_one() {
    let voices = voices();
    let mut alone: Vec<_> = voices.iter().map(|_| Encoder::default()).collect();
    let mut banked = alone.clone();
    let mut heard_alone: Vec<_> = voices.iter().map(|_| Decoder::default()).collect();
    let mut heard_banked = heard_alone.clone();
    // Blocks of any length: what is left of a group of octets is not forgotten.
    for (from, samples) in [(0, 320), (320, 2), (322, 160), (482, 0), (482, 798)] {
        let mut one = vec![vec![0; samples / 2]; voices.len()];
        let mut many = one.clone();
        for ((encoder, voice), out) in alone.iter_mut().zip(&voices).zip(&mut one) {
            encoder.encode(&voice[from..from + samples], out);
        }
        let mut channels: Vec<_> = (banked.iter_mut().zip(&voices).zip(&mut many))
            .map(|((encoder, voice), out)| Encoding {
                encoder,
                pcm: &voice[from..from + samples],
                out,
            })
            .collect();
        encode_bank(&mut channels);
        assert_eq!(one, many, "from {from}");

        let mut pcm_one = vec![vec![0.0; samples]; voices.len()];
        let mut pcm_many = pcm_one.clone();
        for ((decoder, octets), out) in heard_alone.iter_mut().zip(&one).zip(&mut pcm_one) {
            decoder.decode(octets, Mode::Kbit64, out);
        }
        let mut channels: Vec<_> = (heard_banked.iter_mut().zip(&many).zip(&mut pcm_many))
            .map(|((decoder, payload), out)| Decoding {
                decoder,
                payload,
                out,
            })
            .collect();
        decode_bank(&mut channels, Mode::Kbit64);
        assert_eq!(pcm_one, pcm_many, "from {from}");
    }
}

#[test]
fn a_shorter_channel_shortens_its_group_and_nothing_is_written_beyond() {
    let mut coders = [Encoder::default(), Encoder::default()];
    let pcm = [0.25; 64];
    let (mut long, mut short) = ([7; 40], [7; 40]);
    let [a, b] = &mut coders;
    encode_bank(&mut [
        Encoding {
            encoder: a,
            pcm: &pcm,
            out: &mut long,
        },
        Encoding {
            encoder: b,
            pcm: &pcm[..21],
            out: &mut short,
        },
    ]);
    assert_eq!(long, short);
    assert_eq!(long[10..], [7; 30]);
}

proptest! {
    #[test]
    fn any_octets_decode_to_finite_samples_in_range(
        octets in prop::collection::vec(any::<u8>(), 0..400),
        room in 0..900_usize,
    ) {
        let mut out = vec![9.0; room];
        Decoder::default().decode(&octets, Mode::Kbit64, &mut out);
        let written = (2 * octets.len()).min(room & !1);
        prop_assert!(out[..written].iter().all(|x| (-1.0..=1.0).contains(x)));
        prop_assert!(out[written..].iter().all(|x| *x == 9.0));
    }

    #[test]
    fn any_samples_encode(pcm in prop::collection::vec(any::<f32>(), 0..400)) {
        let mut out = vec![0; pcm.len() / 2];
        Encoder::default().encode(&pcm, &mut out);
    }
}
