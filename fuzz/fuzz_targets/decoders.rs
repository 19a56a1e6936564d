//! Payloads of any content to the decoder of each codec, one after the other, some of them lost.
//!
//! The first byte picks the codec. Then, over and over: how many bytes the payload has (1 byte) and the payload; 255
//! stands for a packet that is lost.
#![no_main]

use libfuzzer_sys::fuzz_target;
use talkpath_graph::SampleRate;
use talkpath_nodes::codec::{Codec, Decoder, MAX_PAYLOAD, OpusRate};

const CODECS: [Codec; 8] = [
    Codec::Pcmu,
    Codec::Pcma,
    Codec::L16(SampleRate::HZ_8000),
    Codec::L16(SampleRate::HZ_48000),
    Codec::G722,
    Codec::Opus(OpusRate::Narrow),
    Codec::Opus(OpusRate::Wide),
    Codec::Opus(OpusRate::Full),
];

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, mut rest)) = bytes.split_first() else {
        return;
    };
    let codec = CODECS[usize::from(*kind) % CODECS.len()];
    let mut decoder = Decoder::new(codec);
    let mut out = vec![0.0; codec.longest().as_usize().max(MAX_PAYLOAD)];
    let frame = codec.rate().hz() as usize / 50;
    while let [length, tail @ ..] = rest {
        let (payload, tail) = tail.split_at(usize::from(*length).min(tail.len()));
        rest = tail;
        if *length == 255 {
            let filled = decoder.recover(Some(payload), &mut out[..frame]);
            assert_eq!(filled, codec.conceals());
        } else if let Ok(samples) = decoder.decode(payload, &mut out) {
            let told = codec.samples_in(payload).map(|samples| samples.as_usize());
            assert_eq!(Some(samples), told);
        }
        assert!(out.iter().all(|sample| sample.is_finite()));
    }
});
