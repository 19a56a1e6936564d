//! What was heard last, and a still picture of it for as long as a gap lasts.

/// Milliseconds kept: three of the longest periods (15 ms), a quarter more for the joint between
/// repetitions, and one to spare for rounding.
const SPAN_MS: usize = 50;
/// Larger samples are kept at this size, so that no product or sum in here overflows.
const LARGEST: f32 = 16.0;

/// The recent past, in a ring; and a copy of it in order, taken when a gap opens.
#[derive(Debug, Clone)]
pub(super) struct History {
    ring: Box<[f32]>,
    /// Where the next sample goes, which is the oldest one.
    head: usize,
    still: Box<[f32]>,
}

impl History {
    /// Silence, at `ms` samples per millisecond.
    pub fn new(ms: usize) -> Self {
        let span = SPAN_MS * ms;
        Self {
            ring: vec![0.0; span].into(),
            head: 0,
            still: vec![0.0; span].into(),
        }
    }

    /// Back to silence.
    pub fn clear(&mut self) {
        self.ring.fill(0.0);
        self.still.fill(0.0);
    }

    /// Takes what was heard (or made up) into the ring; no sample is larger than `loudest`.
    pub fn push(&mut self, audio: &[f32], loudest: f32) {
        let skipped = audio.len().saturating_sub(self.ring.len());
        let audio = &audio[skipped..];
        let (first, second) = audio.split_at(audio.len().min(self.ring.len() - self.head));
        copy(&mut self.ring[self.head..], first, loudest);
        copy(&mut self.ring, second, loudest);
        self.head += audio.len();
        if self.head >= self.ring.len() {
            self.head -= self.ring.len();
        }
    }

    /// The newest sample of the ring.
    pub fn newest(&self) -> f32 {
        let last = self.head.checked_sub(1).unwrap_or(self.ring.len() - 1);
        self.ring[last]
    }

    /// Takes the still picture.
    pub fn freeze(&mut self) {
        let (new, old) = self.ring.split_at(self.head);
        self.still[..old.len()].copy_from_slice(old);
        self.still[old.len()..].copy_from_slice(new);
    }

    /// The picture, oldest sample first.
    pub fn still(&self) -> &[f32] {
        &self.still
    }

    /// The picture's sample `age` back from its end, 1 being the newest.
    #[inline]
    pub fn back(&self, age: usize) -> f32 {
        self.still
            .len()
            .checked_sub(age)
            .and_then(|i| self.still.get(i))
            .copied()
            .unwrap_or(0.0)
    }
}

fn copy(to: &mut [f32], from: &[f32], loudest: f32) {
    let to = &mut to[..from.len()];
    to.copy_from_slice(from);
    if loudest > LARGEST {
        to.iter_mut().for_each(|x| *x = x.clamp(-LARGEST, LARGEST));
    }
}
