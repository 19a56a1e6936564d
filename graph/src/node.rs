//! What the executor and the `Ext` kind share: a plane of samples with its tag, and the node trait.
//!
//! Owned by the worker that runs the op; nothing here allocates, blocks or panics on any input. A plane
//! lives in the scratch arena for the length of one segment: what has to last is node state (D9).

use arrayvec::ArrayVec;

use crate::format::Samples;

/// Samples in a plane, all channels together: 20 ms of mono at 48 kHz.
pub const MAX_FRAME: usize = 960;

/// A run of samples in a frame that did not arrive and is to be concealed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gap {
    /// First missing sample, counted from the start of the frame.
    pub start: u16,
    /// Number of missing samples.
    pub len: u16,
}

impl Gap {
    /// The sample after the last missing one.
    #[must_use]
    pub const fn end(self) -> u16 {
        self.start.saturating_add(self.len)
    }
}

/// Most separate gaps a frame keeps apart.
pub const MAX_GAPS: usize = 8;

/// What travels with a frame besides its samples.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tag {
    /// Missing spans in ascending order, disjoint.
    pub gaps: ArrayVec<Gap, MAX_GAPS>,
    /// Nothing was sent for this frame: silence, not loss. The samples are zero.
    pub absent: bool,
    /// The frame holds the first samples of a talk spurt.
    pub talk_start: bool,
}

impl Tag {
    /// Back to a whole, present frame.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn clear(&mut self) {
        self.gaps.clear();
        self.absent = false;
        self.talk_start = false;
    }

    /// Notes `gap`, which must not start before the gaps already there.
    ///
    /// Touching gaps become one. When all [`MAX_GAPS`] are used the last one grows over what lies between: a few
    /// good samples are concealed, no missing one is played.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn add_gap(&mut self, gap: Gap) {
        if gap.len == 0 {
            return;
        }
        let full = self.gaps.is_full();
        match self.gaps.last_mut() {
            Some(last) if full || gap.start <= last.end() => {
                last.len = gap.end().max(last.end()).saturating_sub(last.start);
            }
            // Not full here, so there is room.
            _ => self.gaps.push(gap),
        }
    }
}

/// One frame of samples in the arena.
#[derive(Clone, Debug, PartialEq)]
pub struct PcmPlane {
    samples: [f32; MAX_FRAME],
    len: usize,
    /// What travels with the samples.
    pub tag: Tag,
}

impl PcmPlane {
    /// An empty plane, all zero.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            samples: [0.0; MAX_FRAME],
            len: 0,
            tag: Tag {
                gaps: ArrayVec::new_const(),
                absent: false,
                talk_start: false,
            },
        }
    }

    /// Samples in the frame, all channels together.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether the frame has no samples.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Sets the length in samples, clamped to [`MAX_FRAME`] (the compiler refuses longer formats). The samples
    /// are whatever the plane held before; the tag stays.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn set_len(&mut self, len: usize) {
        self.len = len.min(MAX_FRAME);
    }

    /// The frame, `f32` within ±1.0.
    #[must_use]
    pub fn as_slice(&self) -> &[f32] {
        &self.samples[..self.len]
    }

    /// The frame, to be written.
    pub fn as_mut_slice(&mut self) -> &mut [f32] {
        &mut self.samples[..self.len]
    }

    /// Makes this plane a copy of `other`: samples, length and tag.
    ///
    /// Real-time: allocates no; blocks no; cost O(samples).
    pub fn copy_from(&mut self, other: &Self) {
        self.len = other.len;
        self.samples[..self.len].copy_from_slice(&other.samples[..self.len]);
        self.tag.clone_from(&other.tag);
    }

    /// Makes the frame `len` zeros with a clear tag.
    ///
    /// Real-time: allocates no; blocks no; cost O(samples).
    pub fn silence(&mut self, len: usize) {
        self.set_len(len);
        self.as_mut_slice().fill(0.0);
        self.tag.clear();
    }
}

impl Default for PcmPlane {
    fn default() -> Self {
        Self::new()
    }
}

/// What a node says of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a faulted node must be reset and its frame concealed"]
pub enum Outcome {
    /// The outputs are good.
    Ok,
    /// The outputs must not be used; the executor resets the node and conceals the frame (D18).
    Faulted,
}

/// A node brought by a user of the library, run by the `Ext` kind. Ports are those of its shape, in order.
///
/// Real-time contract for all methods: no allocation, no lock, no wait, no system call, cost bounded by the frame.
pub trait Node: Send {
    /// Runs one period.
    ///
    /// The executor has set every output's length to its format's and copied the first input's tag to it. A
    /// node whose shape is `in_place` always works in place: `inputs` is empty and `outputs[0]` holds the input
    /// (copied there beforehand where the input has other readers).
    fn process(&mut self, inputs: &[&PcmPlane], outputs: &mut [&mut PcmPlane]) -> Outcome;

    /// Back to the state after construction; called after a fault and before a seat is used again.
    fn reset(&mut self);

    /// `span` samples per channel of input were left out after a stall (D14) and will not come. A node without
    /// memory has nothing to adjust: the default does nothing.
    fn skipped(&mut self, _span: Samples) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gaps(tag: &Tag) -> Vec<(u16, u16)> {
        tag.gaps.iter().map(|g| (g.start, g.len)).collect()
    }

    #[test]
    fn touching_gaps_become_one() {
        let mut tag = Tag::default();
        for (start, len) in [(0, 10), (10, 5), (12, 2), (20, 0), (30, 5)] {
            tag.add_gap(Gap { start, len });
        }
        assert_eq!(gaps(&tag), [(0, 15), (30, 5)]);
    }

    #[test]
    fn the_ninth_gap_widens_the_eighth() {
        let mut tag = Tag::default();
        for i in 0..9 {
            tag.add_gap(Gap {
                start: i * 10,
                len: 2,
            });
        }
        assert_eq!(tag.gaps.len(), MAX_GAPS);
        assert_eq!(tag.gaps[7], Gap { start: 70, len: 12 });
        tag.clear();
        assert_eq!(tag, Tag::default());
    }

    #[test]
    fn absurd_gaps_do_not_overflow() {
        let mut tag = Tag::default();
        tag.add_gap(Gap {
            start: u16::MAX,
            len: u16::MAX,
        });
        tag.add_gap(Gap {
            start: 0,
            len: u16::MAX,
        });
        assert_eq!(tag.gaps.len(), 1);
    }

    #[test]
    fn planes_clamp_copy_and_fall_silent() {
        let mut plane = PcmPlane::new();
        plane.set_len(MAX_FRAME + 1);
        assert_eq!(plane.len(), MAX_FRAME);
        plane.set_len(3);
        plane.as_mut_slice().copy_from_slice(&[0.1, 0.2, 0.3]);
        plane.tag.talk_start = true;
        let mut other = PcmPlane::default();
        assert!(other.is_empty());
        other.copy_from(&plane);
        assert_eq!(other.as_slice(), plane.as_slice());
        assert_eq!(other.tag, plane.tag);
        other.silence(2);
        assert_eq!(
            (other.as_slice(), &other.tag),
            (&[0.0, 0.0][..], &Tag::default())
        );
    }
}
