//! Gain with a ramp, so that a change is never a click.
//!
//! Owned by the worker that owns the leg. At a steady gain of one the frame is not touched.

/// A linear gain that moves to a new value over one frame.
#[derive(Clone, Debug, PartialEq)]
pub struct GainNode {
    current: f32,
    target: f32,
}

/// Largest linear gain, +24 dB. More is a mistake of the caller.
pub const MAX_GAIN: f32 = 15.848_932;

fn sane(linear: f32) -> f32 {
    if linear.is_nan() {
        0.0
    } else {
        linear.clamp(0.0, MAX_GAIN)
    }
}

impl GainNode {
    /// Starts at `linear` (1.0 is unity, 0.0 mutes); clamped to 0..=[`MAX_GAIN`], NaN mutes.
    #[must_use]
    pub fn new(linear: f32) -> Self {
        Self {
            current: sane(linear),
            target: sane(linear),
        }
    }

    /// A gain that rises from silence to `linear` over its first frame: a leg that joins.
    #[must_use]
    pub fn fading_in(linear: f32) -> Self {
        Self {
            current: 0.0,
            target: sane(linear),
        }
    }

    /// Sets the gain that the next frame ends with. Clamped as in [`GainNode::new`].
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn set_target(&mut self, linear: f32) {
        self.target = sane(linear);
    }

    /// The gain the next frame ends with.
    #[must_use]
    pub fn target(&self) -> f32 {
        self.target
    }

    /// Whether the next frame passes untouched.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.current == self.target && self.target == 1.0
    }

    /// Applies the gain to one frame; the last sample has the target gain.
    ///
    /// Real-time: allocates no; blocks no; cost O(samples).
    pub fn process(&mut self, pcm: &mut [f32]) {
        if self.passes() {
            return;
        }
        if self.current == self.target {
            pcm.iter_mut().for_each(|sample| *sample *= self.target);
            return;
        }
        let step = (self.target - self.current) / pcm.len().max(1) as f32;
        for (i, sample) in pcm.iter_mut().enumerate() {
            *sample *= self.current + step * (i + 1) as f32;
        }
        self.current = self.target;
    }

    /// Begins the next frame at silence and rises to the target over it: after a frame that was left out.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn fade_in(&mut self) {
        self.current = 0.0;
    }

    /// Jumps to the target: nobody hears the frame before.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn reset(&mut self) {
        self.current = self.target;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unity_is_untouched_and_changes_are_ramped() {
        let mut gain = GainNode::new(1.0);
        assert!(gain.passes());
        let odd = [0.1, -0.7, 1e-30, 0.999_999];
        let mut pcm = odd;
        gain.process(&mut pcm);
        assert_eq!(pcm, odd);
        gain.set_target(0.0);
        assert!(!gain.passes());
        let mut pcm = [1.0; 160];
        gain.process(&mut pcm);
        assert!(
            pcm.windows(2)
                .all(|pair| pair[0] - pair[1] > 0.0 && pair[0] - pair[1] < 0.007)
        );
        assert!(pcm[159].abs() < 1e-6);
        let mut pcm = [1.0; 3];
        gain.process(&mut pcm);
        assert_eq!(pcm, [0.0; 3]);
        gain.set_target(0.5);
        gain.process(&mut pcm);
        let mut pcm = [1.0; 3];
        gain.process(&mut pcm);
        assert_eq!(pcm, [0.5; 3]);
        gain.process(&mut []);
    }

    #[test]
    fn absurd_gains_are_clamped() {
        for (asked, got) in [
            (f32::NAN, 0.0),
            (-1.0, 0.0),
            (f32::INFINITY, MAX_GAIN),
            (1e9, MAX_GAIN),
        ] {
            assert_eq!(GainNode::new(asked).target(), got);
            let mut gain = GainNode::fading_in(1.0);
            gain.set_target(asked);
            gain.process(&mut [0.5; 10]);
            assert_eq!(gain, GainNode::new(got));
        }
    }
}
