//! The sound that fills a gap: the last one, two, three pitch periods, over and over.
//!
//! ```text
//!      past:  ··· |  period −3  |  period −2  |  period −1  |  gap
//!      0–10 ms                                |<----------->| loops, its end faded into the
//!     10–20 ms                  |<------------------------->| quarter period before its start
//!     20–60 ms    |<--------------------------------------->| so that the loop has no seam
//! ```

use super::SILENT_MS;
use super::history::History;
use super::pitch;

/// Loss at which the voice begins to fade, and lengthens its loop; milliseconds.
const STEP_MS: usize = 10;
/// Periods in the longest loop.
const MOST: usize = 3;
/// How long a joint is at most smoothed, in parts of the period.
const JOINT: usize = 4;
/// Milliseconds in which a gap that is only faded is silent.
const FADE_MS: usize = 5;
/// Milliseconds in which the jump at a resumed gap dies away.
const REJOIN_MS: usize = 2;

/// A loop over the history's still picture.
#[derive(Debug, Clone)]
pub(super) struct Voice {
    period: usize,
    /// Periods in the loop.
    count: usize,
    /// Next sample of the loop.
    at: usize,
    /// The loop being left, its next sample, and the samples of cross-fade to go.
    leaving: (usize, usize, usize),
    /// Samples since the start, for the mirrored joint.
    age: usize,
    /// Jump to be taken up, and samples until it is gone.
    jump: (f32, usize),
    rejoin: usize,
    last: f32,
    /// No loop: the past backwards, fading out.
    fading: bool,
}

impl Voice {
    /// A silent voice at `ms` samples per millisecond.
    pub fn new(ms: usize) -> Self {
        Self {
            period: 15 * ms,
            count: 1,
            at: 0,
            leaving: (1, 0, 0),
            age: usize::MAX,
            jump: (0.0, 0),
            rejoin: REJOIN_MS * ms,
            last: 0.0,
            fading: false,
        }
    }

    /// Silent again.
    pub fn clear(&mut self) {
        (self.leaving.2, self.age, self.jump.1, self.last) = (0, usize::MAX, 0, 0.0);
    }

    /// The pitch period, samples.
    pub fn period(&self) -> usize {
        self.period
    }

    /// Begins a gap after the history's still picture.
    pub fn start(&mut self, history: &History, ms: usize) {
        self.period = pitch::search(history.still(), ms).period;
        (self.count, self.at, self.age) = (1, 0, 0);
        (self.leaving.2, self.jump.1) = (0, 0);
        self.fading = false;
    }

    /// Begins a gap that only fades out: nothing is searched for.
    pub fn fade_out(&mut self) {
        (self.age, self.leaving.2, self.jump.1) = (0, 0, 0);
        self.fading = true;
    }

    /// Goes on with the voice after a good stretch too short to have ended its cross-fade; `newest`
    /// is the last sample put out.
    pub fn rejoin(&mut self, newest: f32) {
        self.jump = (newest - self.last, self.rejoin);
    }

    /// The next sample, `lost` samples into the gap.
    pub fn next(&mut self, history: &History, ms: usize, lost: usize) -> f32 {
        let gain = gain(lost, ms);
        if gain <= 0.0 {
            self.last = 0.0;
            return self.settle();
        }
        if self.fading {
            self.last = self.faded(history, ms);
            return self.last + self.settle();
        }
        self.lengthen(lost, ms);
        let mut sample = self.looped(history, self.count, self.at);
        self.at = self.after(self.count, self.at);
        if self.leaving.2 > 0 {
            let (count, at, left) = self.leaving;
            let share = left as f32 / (self.joint() + 1) as f32;
            sample += (self.looped(history, count, at) - sample) * share;
            self.leaving = (count, self.after(count, at), left - 1);
        }
        sample += self.mirrored(history);
        self.last = sample * gain;
        self.last + self.settle()
    }

    /// The past played backwards and faded out, so that there is no step where it begins.
    fn faded(&mut self, history: &History, ms: usize) -> f32 {
        let span = FADE_MS * ms;
        if self.age >= span {
            return 0.0;
        }
        self.age += 1;
        history.back(self.age) * (1.0 - self.age as f32 / (span + 1) as f32)
    }

    /// One more period in the loop for each step of the loss.
    fn lengthen(&mut self, lost: usize, ms: usize) {
        let wanted = (lost / (STEP_MS * ms) + 1).min(MOST);
        if wanted > self.count {
            self.leaving = (self.count, self.at, self.joint());
            self.count = wanted;
            self.at %= self.period;
        }
    }

    /// Sample `at` of the loop over the last `count` periods.
    fn looped(&self, history: &History, count: usize, at: usize) -> f32 {
        let length = count * self.period;
        let sample = history.back(length - at);
        let to_end = length - at;
        if to_end > self.joint() {
            return sample;
        }
        let share = to_end as f32 / (self.joint() + 1) as f32;
        sample * share + history.back(length + to_end) * (1.0 - share)
    }

    /// What the audio was more than its previous period, played backwards and faded out.
    fn mirrored(&mut self, history: &History) -> f32 {
        if self.age >= self.joint() {
            return 0.0;
        }
        self.age += 1;
        let share = 1.0 - self.age as f32 / (self.joint() + 1) as f32;
        share * (history.back(self.age) - history.back(self.period + self.age))
    }

    /// The rest of a jump.
    fn settle(&mut self) -> f32 {
        let (jump, left) = self.jump;
        self.jump.1 = left.saturating_sub(1);
        jump * left as f32 / (self.rejoin + 1) as f32
    }

    /// The place after `at` in the loop over `count` periods.
    fn after(&self, count: usize, at: usize) -> usize {
        if at + 1 < count * self.period {
            at + 1
        } else {
            0
        }
    }

    /// Samples of every cross-fade within the voice.
    fn joint(&self) -> usize {
        self.period / JOINT
    }
}

/// Full for the first 10 ms, then straight down to nothing at 60 ms.
fn gain(lost: usize, ms: usize) -> f32 {
    let fade = (SILENT_MS - STEP_MS) * ms;
    (SILENT_MS * ms).saturating_sub(lost).min(fade) as f32 / fade as f32
}
