//! The coders of a pair by themselves: decoder, resampler where the rates differ, encoder.

use std::hint::black_box;

use talkpath_nodes::codec::{Codec, Decoder, Encoder, MAX_PAYLOAD};
use talkpath_nodes::resample::Resampler;

use super::super::speech::Voices;
use super::{PERIOD, WARM_UP, median, packets_of, timed};

/// One direction of a call.
struct One {
    decoder: Decoder,
    resampler: Option<Resampler>,
    encoder: Encoder,
}

/// As many as there are calls, so that as much state goes through the caches.
pub(super) struct Coders {
    all: Vec<One>,
    packets: usize,
    /// A period of what was decoded, of what is encoded, and a payload.
    pcm: Vec<f32>,
    resampled: Vec<f32>,
    payload: Vec<u8>,
}

impl Coders {
    pub(super) fn new(from: Codec, to: Codec, calls: usize) -> Self {
        let (inner, outer) = (from.rate(), to.rate());
        let one = |_| One {
            decoder: Decoder::new(from),
            resampler: (inner != outer)
                .then(|| Resampler::new(inner, outer).ok())
                .flatten(),
            encoder: Encoder::new(to),
        };
        Self {
            all: (0..calls).map(one).collect(),
            packets: packets_of(from),
            pcm: vec![0.0; inner.samples_in(PERIOD).as_usize()],
            resampled: vec![0.0; outer.samples_in(PERIOD).as_usize()],
            payload: vec![0; MAX_PAYLOAD],
        }
    }

    /// Microseconds for a packet.
    pub(super) fn measure(&mut self, voices: &Voices, periods: usize) -> f64 {
        let spent: Vec<_> = (0..WARM_UP + periods)
            .map(|period| timed(|| self.period(voices, period)))
            .collect();
        median(spent[WARM_UP..].to_vec(), self.all.len() * self.packets)
    }

    fn period(&mut self, voices: &Voices, period: usize) {
        for (seat, one) in self.all.iter_mut().enumerate() {
            let each = self.pcm.len() / self.packets;
            for (n, pcm) in self.pcm.chunks_exact_mut(each).enumerate() {
                let payload = voices.payload(seat, period * self.packets + n);
                black_box(one.decoder.decode(payload, pcm).ok());
            }
            let heard = match &mut one.resampler {
                None => &self.pcm,
                Some(resampler) => {
                    resampler.process(&self.pcm, &mut self.resampled);
                    &self.resampled
                }
            };
            let packets = packets_of(one.encoder.codec());
            for pcm in heard.chunks_exact(heard.len() / packets) {
                black_box(one.encoder.encode(pcm, &mut self.payload).ok());
            }
        }
    }
}
