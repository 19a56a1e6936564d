//! The cross-fade of a plan swap: one frame from the sound of the old plan to that of the new one (D13).
//!
//! Stands only in the plan a leg has for the frames of a swap; its states live as long. Before its frame it is
//! the old sound to the bit, after it the new one to the bit, so it may stay as long as it likes. Owned by the
//! worker that owns the leg.

use talkpath_graph::SampleRate;

/// What a fade leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fading {
    /// The other input, after so many frames of the first one.
    Other {
        /// Frames of the old sound before the frame that fades.
        after: u8,
    },
    /// Silence, [`QUIET_MS`] before the end of the first frame: what a resampler keeps of it at its end is silence too.
    Silence,
}

/// Milliseconds of exact silence at the end of a frame that fades out: the memory of two resamplers in a row.
pub const QUIET_MS: u32 = 8;

/// One fade.
#[derive(Clone, Debug, PartialEq)]
pub struct Fade {
    into: Fading,
    /// Frames run.
    frames: u8,
}

impl Fade {
    /// A fade that has not begun.
    #[must_use]
    pub fn new(into: Fading) -> Self {
        Self { into, frames: 0 }
    }

    /// One frame of `out` from the frames of the old sound and the new; all of one length.
    ///
    /// Real-time: allocates no; blocks no; cost O(samples).
    pub fn across(&mut self, old: &[f32], new: &[f32], out: &mut [f32]) {
        let Fading::Other { after } = self.into else {
            return out.copy_from_slice(old);
        };
        let frame = self.frames;
        self.frames = frame.saturating_add(1);
        if frame != after {
            return out.copy_from_slice(if frame < after { old } else { new });
        }
        let step = 1.0 / out.len().max(1) as f32;
        for (n, ((out, old), new)) in out.iter_mut().zip(old).zip(new).enumerate() {
            // Equal samples stay what they are, to the bit.
            *out = old + (new - old) * ((n as f32 + 0.5) * step);
        }
    }

    /// Fades one frame at `rate` out, in place; silences every later one.
    ///
    /// Real-time: allocates no; blocks no; cost O(samples).
    pub fn out(&mut self, pcm: &mut [f32], rate: SampleRate) {
        let quiet = (rate.hz() * QUIET_MS / 1_000) as usize;
        let loud = if self.frames == 0 {
            pcm.len().saturating_sub(quiet)
        } else {
            0
        };
        self.frames = 1;
        let step = 1.0 / loud.max(1) as f32;
        let (ramp, silence) = pcm.split_at_mut(loud);
        for (n, sample) in ramp.iter_mut().enumerate() {
            *sample *= 1.0 - (n as f32 + 0.5) * step;
        }
        silence.fill(0.0);
    }

    /// As before its first frame.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn reset(&mut self) {
        self.frames = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_old_sound_then_a_ramp_then_the_new_one_to_the_bit() {
        let (old, new) = ([0.3_f32; 160], [-0.7_f32; 160]);
        for after in [0, 1, 2] {
            let mut fade = Fade::new(Fading::Other { after });
            let mut out = [9.0; 160];
            for _ in 0..after {
                fade.across(&old, &new, &mut out);
                assert_eq!(out, old);
            }
            fade.across(&old, &new, &mut out);
            let mut all = vec![0.3];
            all.extend(out);
            all.push(-0.7);
            assert!(all.windows(2).all(|w| w[1] <= w[0] && w[0] - w[1] < 0.0064));
            for _ in 0..300 {
                fade.across(&old, &new, &mut out);
                assert_eq!(out, new);
            }
        }
    }

    #[test]
    fn equal_sounds_pass_untouched() {
        let sound: Vec<f32> = (0..160).map(|n| (n as f32 * 0.37).sin() * 0.9).collect();
        let mut out = vec![0.0; 160];
        Fade::new(Fading::Other { after: 0 }).across(&sound, &sound, &mut out);
        assert_eq!(out, sound);
    }

    #[test]
    fn silence_comes_eight_milliseconds_before_the_end() {
        let mut fade = Fade::new(Fading::Silence);
        let mut pcm = [1.0; 160];
        fade.out(&mut pcm, SampleRate::HZ_8000);
        assert!(
            pcm[..96]
                .windows(2)
                .all(|w| w[0] > w[1] && w[0] - w[1] < 0.011)
        );
        assert!(pcm[0] > 0.99 && pcm[95] > 0.0 && pcm[96..].iter().all(|s| *s == 0.0));
        let mut pcm = [1.0; 160];
        fade.out(&mut pcm, SampleRate::HZ_8000);
        assert_eq!(pcm, [0.0; 160]);
        fade.reset();
        assert_eq!(fade, Fade::new(Fading::Silence));
        fade.out(&mut [], SampleRate::HZ_48000);
    }
}
