//! What another worker adds to a bus, and what is heard when its sum does not come (D5).
//!
//! A sum that is late leaves a hole of a whole frame. Its edges are rounded off: the last of what was heard goes on
//! backwards, fading out, so that neither level nor value jumps; the next sum that comes fades in.

use core::time::Duration;

use talkpath_graph::SampleRate;

/// Length of both ramps.
const RAMP: Duration = Duration::from_millis(5);

/// One other worker's part in a bus.
#[derive(Debug)]
pub(super) struct Far {
    /// The end of its last sum, latest sample first.
    tail: Box<[i32]>,
    missed: bool,
}

impl Far {
    /// Nothing heard yet. Control side: allocates.
    pub fn new(rate: SampleRate) -> Self {
        Self {
            tail: vec![0; rate.samples_in(RAMP).as_usize()].into(),
            missed: false,
        }
    }

    /// Adds `partial` to `sum`, or rounds off its absence.
    ///
    /// Real-time: allocates no; blocks no; cost O(samples).
    pub fn add(&mut self, partial: Option<&[i32]>, sum: &mut [i32]) {
        match partial {
            Some(partial) => self.heard(partial, sum),
            None => self.fade(sum),
        }
    }

    /// Nothing heard yet, as when it was new.
    pub fn forget(&mut self) {
        self.tail.fill(0);
        self.missed = false;
    }

    fn heard(&mut self, partial: &[i32], sum: &mut [i32]) {
        let ramp = if core::mem::take(&mut self.missed) {
            self.tail.len().min(partial.len())
        } else {
            0
        };
        for (n, (s, &p)) in sum.iter_mut().zip(partial).enumerate() {
            *s += if n < ramp { share(p, n, ramp) } else { p };
        }
        for (t, &p) in self.tail.iter_mut().zip(partial.iter().rev()) {
            *t = p;
        }
    }

    fn fade(&mut self, sum: &mut [i32]) {
        if core::mem::replace(&mut self.missed, true) {
            return;
        }
        let ramp = self.tail.len();
        for (n, (s, &t)) in sum.iter_mut().zip(&*self.tail).enumerate() {
            *s += share(t, ramp - n, ramp);
        }
    }
}

/// `value` · `part` / `whole`. A sum of 4,000 contributors has 31 bits, so this needs 64.
pub(super) fn share(value: i32, part: usize, whole: usize) -> i32 {
    (i64::from(value) * part as i64 / whole as i64) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: usize = 160;

    fn sum(far: &mut Far, partial: Option<&[i32]>) -> Vec<i32> {
        let mut sum = vec![7; FRAME];
        far.add(partial, &mut sum);
        sum.iter().map(|s| s - 7).collect()
    }

    #[test]
    fn what_comes_is_added_to_the_bit() {
        let mut far = Far::new(SampleRate::HZ_8000);
        let partial: Vec<i32> = (0..FRAME as i32).map(|n| n * 1_000 - 50).collect();
        assert_eq!(sum(&mut far, Some(&partial)), partial);
        assert_eq!(sum(&mut far, Some(&partial)), partial);
    }

    #[test]
    fn a_hole_fades_out_once_and_in_again_without_a_step() {
        let mut far = Far::new(SampleRate::HZ_8000);
        let level = i32::MAX / 2;
        let loud = vec![level; FRAME];
        sum(&mut far, Some(&loud));
        let hole = [
            sum(&mut far, None),
            sum(&mut far, None),
            sum(&mut far, Some(&loud)),
        ]
        .concat();
        let steepest = hole.windows(2).map(|w| (w[1] - w[0]).abs()).max();
        assert!(
            steepest.is_some_and(|s| s <= level / 40 + 1),
            "{steepest:?}"
        );
        assert_eq!((hole[0], hole[40], hole[2 * FRAME + 40]), (level, 0, level));
        assert!(hole[40..2 * FRAME].iter().all(|s| *s == 0));
    }
}
