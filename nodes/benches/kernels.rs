//! What one 20 ms frame of one channel costs in each kernel.
//!
//! `cargo bench -p talkpath-nodes --bench kernels`; targets in `docs/performance.md`.

use arrayvec::ArrayVec;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use talkpath_graph::SampleRate;
use talkpath_graph::node::Gap;
use talkpath_nodes::codec::{self, Codec, MAX_PAYLOAD, OpusRate};
use talkpath_nodes::conceal::Concealer;
use talkpath_nodes::g722::{
    Decoder, Decoding, Encoder, Encoding, LANES, Mode, decode_bank, encode_bank,
};
use talkpath_nodes::resample::Resampler;
use talkpath_nodes::{convert, g711, l16};

/// Speech-like samples: three harmonics under a slow envelope.
fn voice(samples: usize, hz: f32) -> Vec<f32> {
    let tone = |n: usize, f: f32| (n as f32 * f * std::f32::consts::TAU / hz).sin();
    (0..samples)
        .map(|n| {
            0.2 * (tone(n, 133.0) + tone(n, 266.0) + 0.5 * tone(n, 1197.0))
                * (0.6 + 0.4 * tone(n, 3.0))
        })
        .collect()
}

fn g711_kernels(c: &mut Criterion) {
    let float = voice(160, 8000.0);
    let mut pcm: Vec<_> = float.iter().map(|x| convert::to_i16(*x)).collect();
    let mut codes = [0_u8; 160];
    let mut out = [0.0_f32; 160];
    let mut group = c.benchmark_group("g711 160 samples");
    macro_rules! case {
        ($name:literal, $kernel:expr, $from:expr, $to:expr) => {
            group.bench_function($name, |b| {
                b.iter(|| $kernel(black_box(&$from[..]), black_box(&mut $to[..])))
            });
        };
    }
    case!("encode ulaw", g711::encode_ulaw, pcm, codes);
    case!("encode alaw", g711::encode_alaw, pcm, codes);
    case!("encode ulaw f32", g711::encode_ulaw_f32, float, codes);
    case!("encode alaw f32", g711::encode_alaw_f32, float, codes);
    case!("decode ulaw", g711::decode_ulaw, codes, pcm);
    case!("decode alaw", g711::decode_alaw, codes, pcm);
    case!("decode ulaw f32", g711::decode_ulaw_f32, codes, out);
    case!("decode alaw f32", g711::decode_alaw_f32, codes, out);
    group.finish();
}

fn l16_kernels(c: &mut Criterion) {
    let float = voice(960, 48_000.0);
    let mut payload = [0_u8; 1920];
    let mut out = [0.0_f32; 960];
    let mut group = c.benchmark_group("l16 960 samples");
    group.bench_function("encode", |b| {
        b.iter(|| l16::encode(black_box(&float), black_box(&mut payload)))
    });
    group.bench_function("decode", |b| {
        b.iter(|| l16::decode(black_box(&payload), black_box(&mut out)))
    });
    group.finish();
}

/// Eight channels one by one, and as a bank.
fn g722_kernels(c: &mut Criterion) {
    let pcm = voice(320, 16_000.0);
    let mut encoders = vec![Encoder::default(); LANES];
    let mut decoders = vec![Decoder::default(); LANES];
    let mut octets = [[0_u8; 160]; LANES];
    let mut heard = [[0.0_f32; 320]; LANES];
    let mut group = c.benchmark_group("g722 8 channels of 20 ms");
    group.bench_function("encode one by one", |b| {
        b.iter(|| {
            for (encoder, out) in encoders.iter_mut().zip(&mut octets) {
                encoder.encode(black_box(&pcm), out);
            }
        });
    });
    group.bench_function("encode bank", |b| {
        b.iter(|| {
            let each = encoders.iter_mut().zip(&mut octets);
            let mut bank: ArrayVec<_, LANES> = each
                .map(|(encoder, out)| Encoding {
                    encoder,
                    pcm: black_box(&pcm),
                    out,
                })
                .collect();
            encode_bank(&mut bank);
        });
    });
    group.bench_function("decode one by one", |b| {
        b.iter(|| {
            let each = decoders.iter_mut().zip(&octets).zip(&mut heard);
            for ((decoder, octets), out) in each {
                decoder.decode(black_box(octets), Mode::Kbit64, out);
            }
        });
    });
    group.bench_function("decode bank", |b| {
        b.iter(|| {
            let each = decoders.iter_mut().zip(&octets).zip(&mut heard);
            let mut bank: ArrayVec<_, LANES> = each
                .map(|((decoder, payload), out)| Decoding {
                    decoder,
                    payload: black_box(payload),
                    out,
                })
                .collect();
            decode_bank(&mut bank, Mode::Kbit64);
        });
    });
    group.finish();
}

/// libopus through our types, voice at the effort of a leg.
fn opus_coders(c: &mut Criterion) {
    let mut group = c.benchmark_group("opus 20 ms");
    for rate in [OpusRate::Narrow, OpusRate::Wide, OpusRate::Full] {
        let (codec, hz) = (Codec::Opus(rate), rate.rate().hz());
        let pcm = voice(hz as usize / 50, hz as f32);
        let mut encoder = codec::Encoder::new(codec);
        let mut decoder = codec::Decoder::new(codec);
        let (mut payload, mut heard) = ([0; MAX_PAYLOAD], pcm.clone());
        let mut octets = 0;
        group.bench_function(format!("{hz} encode"), |b| {
            b.iter(|| octets = encoder.encode(black_box(&pcm), &mut payload).unwrap_or(0));
        });
        group.bench_function(format!("{hz} decode"), |b| {
            b.iter(|| decoder.decode(black_box(&payload[..octets]), &mut heard));
        });
        group.bench_function(format!("{hz} conceal"), |b| {
            b.iter(|| decoder.recover(None, black_box(&mut heard)));
        });
    }
    group.finish();
}

fn resampling(c: &mut Criterion) {
    let mut group = c.benchmark_group("resample 20 ms");
    let rates = [
        SampleRate::HZ_8000,
        SampleRate::HZ_16000,
        SampleRate::HZ_48000,
    ];
    for (from, to) in rates
        .iter()
        .flat_map(|f| rates.iter().map(move |t| (*f, *t)))
    {
        let Ok(mut resampler) = Resampler::new(from, to) else {
            continue;
        };
        let input = voice(from.hz() as usize / 50, from.hz() as f32);
        let mut out = vec![0.0; to.hz() as usize / 50];
        group.bench_function(format!("{} to {}", from.hz(), to.hz()), |b| {
            b.iter(|| resampler.process(black_box(&input), black_box(&mut out)));
        });
    }
    group.finish();
}

fn concealing(c: &mut Criterion) {
    let mut group = c.benchmark_group("conceal 20 ms");
    for rate in [
        SampleRate::HZ_8000,
        SampleRate::HZ_16000,
        SampleRate::HZ_48000,
    ] {
        let samples = rate.hz() as usize / 50;
        let mut frame = voice(samples, rate.hz() as f32);
        let gap = [Gap {
            start: 0,
            len: samples as u16,
        }];
        let mut concealer = Concealer::new(rate);
        concealer.process(&mut frame, &[]);
        group.bench_function(format!("{} good", rate.hz()), |b| {
            b.iter(|| concealer.process(black_box(&mut frame), &[]));
        });
        group.bench_function(format!("{} first lost", rate.hz()), |b| {
            b.iter_batched_ref(
                || concealer.clone(),
                |concealer| concealer.process(black_box(&mut frame), &gap),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

criterion_group!(
    kernels,
    g711_kernels,
    g722_kernels,
    opus_coders,
    l16_kernels,
    resampling,
    concealing
);
criterion_main!(kernels);
