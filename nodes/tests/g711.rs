//! G.711 against the ITU-T STL sweep, and against textbook code at every length and alignment.

use std::path::PathBuf;
use talkpath_nodes::g711;

/// The 16-bit little-endian words of one STL file.
fn stl(name: &str) -> Vec<u16> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/data/itu_stl_g711")
        .join(name);
    let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    bytes
        .as_chunks::<2>()
        .0
        .iter()
        .map(|pair| u16::from_le_bytes(*pair))
        .collect()
}

fn samples(name: &str) -> Vec<i16> {
    stl(name).into_iter().map(u16::cast_signed).collect()
}

fn codes(name: &str) -> Vec<u8> {
    stl(name)
        .into_iter()
        .map(|word| u8::try_from(word).expect("a code is one octet"))
        .collect()
}

type Encode = fn(&[i16], &mut [u8]);
type Decode = fn(&[u8], &mut [i16]);
type EncodeF32 = fn(&[f32], &mut [u8]);
type DecodeF32 = fn(&[u8], &mut [f32]);

/// One law: the kernels under test, their naive twins, and the STL files they must reproduce.
struct Law {
    encode: Encode,
    decode: Decode,
    encode_f32: EncodeF32,
    decode_f32: DecodeF32,
    naive_encode: fn(i16) -> u8,
    naive_decode: fn(u8) -> i16,
    codes: &'static str,
    decoded: &'static str,
}

const LAWS: [Law; 2] = [
    Law {
        encode: g711::encode_ulaw,
        decode: g711::decode_ulaw,
        encode_f32: g711::encode_ulaw_f32,
        decode_f32: g711::decode_ulaw_f32,
        naive_encode: naive_ulaw_encode,
        naive_decode: naive_ulaw_decode,
        codes: "sweep-r.u",
        decoded: "sweep-r.reu",
    },
    Law {
        encode: g711::encode_alaw,
        decode: g711::decode_alaw,
        encode_f32: g711::encode_alaw_f32,
        decode_f32: g711::decode_alaw_f32,
        naive_encode: naive_alaw_encode,
        naive_decode: naive_alaw_decode,
        codes: "sweep-r.a",
        decoded: "sweep-r.rea",
    },
];

/// The segment by search, the step by shift: what G.711 table 2 says, one line after another.
fn naive_ulaw_encode(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x00 } else { 0x80 };
    let fourteen_bit = (if sample < 0 { !sample } else { sample }) >> 2;
    let biased = (fourteen_bit + 33).min(8191);
    let mut segment = 0;
    while biased >> (segment + 6) != 0 {
        segment += 1;
    }
    let step = (biased >> (segment + 1)) & 0x0f;
    let low = u8::try_from(segment << 4 | step).unwrap();
    sign | (low ^ 0x7f)
}

fn naive_ulaw_decode(code: u8) -> i16 {
    let (segment, step) = ((code >> 4 & 7) ^ 7, i16::from((code & 15) ^ 15));
    let level = (((2 * step + 33) << segment) - 33) * 4;
    if code & 0x80 == 0 { -level } else { level }
}

fn naive_alaw_encode(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x00 } else { 0x80 };
    let mut magnitude = (if sample < 0 { !sample } else { sample }) >> 4;
    let mut segment = 0;
    if magnitude > 15 {
        segment = 1;
        while magnitude > 31 {
            magnitude >>= 1;
            segment += 1;
        }
        magnitude -= 16;
    }
    let low = u8::try_from(segment << 4 | magnitude).unwrap();
    (sign | low) ^ 0x55
}

fn naive_alaw_decode(code: u8) -> i16 {
    let code = code ^ 0x55;
    let (segment, step) = (code >> 4 & 7, i16::from(code & 15));
    let level = match segment {
        0 => (step << 4) + 8,
        _ => ((step << 4) + 0x108) << (segment - 1),
    };
    if code & 0x80 == 0 { -level } else { level }
}

#[test]
fn every_word_of_the_itu_sweep_is_right() {
    let source = samples("sweep.src");
    assert_eq!(source.len(), 65_536);
    for law in &LAWS {
        let mut encoded = vec![0; source.len()];
        (law.encode)(&source, &mut encoded);
        assert_eq!(encoded, codes(law.codes), "{}", law.codes);
        let mut decoded = vec![0; source.len()];
        (law.decode)(&encoded, &mut decoded);
        assert_eq!(decoded, samples(law.decoded), "{}", law.decoded);
    }
}

#[test]
fn the_float_forms_are_the_same_codec() {
    let source = samples("sweep.src");
    let float: Vec<_> = source.iter().map(|x| f32::from(*x) / 32768.0).collect();
    for law in &LAWS {
        let mut encoded = vec![0; source.len()];
        (law.encode_f32)(&float, &mut encoded);
        assert_eq!(encoded, codes(law.codes), "{}", law.codes);
        let mut decoded = vec![0.0; source.len()];
        (law.decode_f32)(&encoded, &mut decoded);
        let expected = samples(law.decoded);
        assert!(
            decoded
                .iter()
                .zip(&expected)
                .all(|(f, i)| *f == f32::from(*i) / 32768.0)
        );
    }
}

#[test]
fn agrees_with_the_naive_twin_at_every_length_and_alignment() {
    let pcm: Vec<i16> = (0..410_u16)
        .map(|n| n.wrapping_mul(40_503).cast_signed())
        .collect();
    let float: Vec<f32> = pcm.iter().map(|x| f32::from(*x) / 32768.0).collect();
    let bytes: Vec<u8> = (0..410_u16)
        .map(|n| (n.wrapping_mul(167) >> 1) as u8)
        .collect();
    for law in &LAWS {
        for (length, offset) in (0..400).flat_map(|l| [0, 1, 3, 7].map(|o| (l, o))) {
            let span = offset..offset + length;
            let codes: Vec<u8> = pcm[span.clone()]
                .iter()
                .map(|x| (law.naive_encode)(*x))
                .collect();
            let levels: Vec<i16> = bytes[span.clone()]
                .iter()
                .map(|c| (law.naive_decode)(*c))
                .collect();
            let mut out = vec![0; length];
            (law.encode)(&pcm[span.clone()], &mut out);
            assert_eq!(out, codes);
            out.fill(0);
            (law.encode_f32)(&float[span.clone()], &mut out);
            assert_eq!(out, codes);
            let mut out = vec![0; length];
            (law.decode)(&bytes[span.clone()], &mut out);
            assert_eq!(out, levels);
            let mut out = vec![0.0; length];
            (law.decode_f32)(&bytes[span], &mut out);
            assert!(
                out.iter()
                    .zip(&levels)
                    .all(|(f, i)| *f == f32::from(*i) / 32768.0)
            );
        }
    }
}

#[test]
fn the_shorter_slice_decides_and_the_rest_is_untouched() {
    let mut out = [9; 8];
    g711::encode_ulaw(&[0; 5], &mut out);
    assert_eq!(out, [0xff, 0xff, 0xff, 0xff, 0xff, 9, 9, 9]);
    g711::encode_alaw(&[0; 20], &mut out);
    assert_eq!(out, [0xd5; 8]);
}

#[test]
fn hostile_floats_become_codes_of_the_nearest_sample() {
    let hostile = [
        f32::NAN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        1e30,
        -1e30,
        -0.0,
        1e-40,
    ];
    let tame = [0, i16::MAX, i16::MIN, i16::MAX, i16::MIN, 0, 0];
    for law in &LAWS {
        let mut codes = [0; 7];
        (law.encode_f32)(&hostile, &mut codes);
        assert_eq!(codes, tame.map(law.naive_encode));
    }
}
