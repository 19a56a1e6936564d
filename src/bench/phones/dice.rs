//! Chance that is the same every time: loss and jitter of a run can be had again.

/// A xorshift generator (Marsaglia's 64-bit one, shifts 13, 7, 17).
#[derive(Clone, Copy, Debug)]
pub(in crate::bench) struct Dice(u64);

impl Dice {
    /// `seed` picks the sequence.
    pub(in crate::bench) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// 0 to 1, 1 excluded.
    pub(in crate::bench) fn unit(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// 0 to `below`, that excluded; 0 when there is nothing below.
    pub(in crate::bench) fn below(&mut self, below: usize) -> usize {
        (self.unit() * below as f64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_even_and_repeats() {
        let (mut a, mut b) = (Dice::new(1), Dice::new(1));
        let mean = (0..10_000).map(|_| a.unit()).sum::<f64>() / 10_000.0;
        assert!((0.48..0.52).contains(&mean), "{mean}");
        assert_eq!((0..3).map(|_| b.below(10)).max(), {
            let mut again = Dice::new(1);
            (0..3).map(|_| again.below(10)).max()
        });
        assert_eq!(a.below(0), 0);
    }
}
