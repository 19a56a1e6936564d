//! One channel of sound: pieces of samples, put where they belong in time.

use talkpath_engine::SampleRate;
use talkpath_nodes::resample::Resampler;

/// Samples that a piece may lie beyond the end of what there is; what lies further is no sound of this session.
const GAP: usize = 48_000 * 60 * 60;

/// A channel at one rate. What nothing was put to is silence.
#[derive(Debug)]
pub(super) struct Track {
    rate: SampleRate,
    samples: Vec<i16>,
    /// From other rates, where pieces of them have come.
    converters: Vec<(SampleRate, Resampler)>,
}

impl Track {
    pub fn new(rate: SampleRate) -> Self {
        Self {
            rate,
            samples: Vec::new(),
            converters: Vec::new(),
        }
    }

    pub fn samples(&self) -> &[i16] {
        &self.samples
    }

    /// Puts `piece`, ±1.0 at `rate`, where `at` samples of that rate have gone by.
    pub fn put(&mut self, at: usize, rate: SampleRate, piece: &[f32]) {
        let (mine, theirs) = (self.rate.hz() as usize, rate.hz() as usize);
        let at = at * mine / theirs;
        if at > self.samples.len() + GAP {
            return;
        }
        let converted;
        let piece = if rate == self.rate {
            piece
        } else {
            converted = self.convert(rate, piece);
            &converted
        };
        let end = at + piece.len();
        if self.samples.len() < end {
            self.samples.resize(end, 0);
        }
        for (to, from) in self.samples[at..end].iter_mut().zip(piece) {
            *to = (from * 32_768.0).round() as i16;
        }
    }

    fn convert(&mut self, from: SampleRate, piece: &[f32]) -> Vec<f32> {
        let len = piece.len() * self.rate.hz() as usize / from.hz() as usize;
        let mut out = vec![0.0; len];
        let known = self.converters.iter().position(|(rate, _)| *rate == from);
        let at = known.or_else(|| {
            let resampler = Resampler::new(from, self.rate).ok()?;
            self.converters.push((from, resampler));
            Some(self.converters.len() - 1)
        });
        if let Some(at) = at {
            self.converters[at].1.process(piece, &mut out);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_lie_where_they_were_put_and_silence_between() {
        let mut track = Track::new(SampleRate::HZ_8000);
        track.put(2, SampleRate::HZ_8000, &[0.5, -1.0]);
        track.put(6, SampleRate::HZ_8000, &[2.0]);
        track.put(3, SampleRate::HZ_8000, &[0.25]);
        assert_eq!(track.samples(), [0, 0, 16_384, 8_192, 0, 0, 32_767]);
        track.put(usize::MAX / 8_000 / 2, SampleRate::HZ_8000, &[1.0]);
        assert_eq!(track.samples().len(), 7, "no such time");
    }

    #[test]
    fn another_rate_is_converted() {
        let mut track = Track::new(SampleRate::HZ_16000);
        track.put(80, SampleRate::HZ_8000, &[0.5; 160]);
        assert_eq!(track.samples().len(), 480);
        let middle = &track.samples()[300..400];
        assert!(middle.iter().all(|s| (i32::from(*s) - 16_384).abs() < 400));
    }
}
