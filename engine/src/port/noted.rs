//! What comes in through a port while a session is recorded, and again in a replay (D17).
//!
//! Whether the caller had a frame ready is nothing that could be computed, so what the room was given is noted: one
//! number with the length of the frame and how it was, then the samples in pairs, as the bits of their floating-point
//! values. On a worker.

use std::fmt;

use talkpath_graph::Samples;
use talkpath_graph::node::{MAX_FRAME, Node, Outcome, PcmPlane};
use talkpath_rt::tape::{Numbers, TapeOut};

/// In the first number of a frame: there was none.
const ABSENT: u64 = 1;
/// The node could not make it.
const FAULTED: u64 = 2;
/// The length of the frame stands above these bits.
const LENGTH: u32 = 2;

/// A tape for one port.
pub(crate) enum PortTape {
    Notes(TapeOut),
    Plays(Numbers),
}

impl fmt::Debug for PortTape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Notes(_) => "Notes",
            Self::Plays(_) => "Plays",
        })
    }
}

impl PortTape {
    /// `node`, the way from the caller to the room, noted; or what was noted in its place.
    pub(crate) fn on(self, node: Box<dyn Node>) -> Box<dyn Node> {
        match self {
            Self::Notes(out) => Box::new(Noted {
                node,
                out,
                numbers: [0; MAX_FRAME / 2 + 1],
            }),
            Self::Plays(numbers) => Box::new(Played(numbers)),
        }
    }
}

/// A source whose frames are noted.
struct Noted {
    node: Box<dyn Node>,
    out: TapeOut,
    numbers: [u64; MAX_FRAME / 2 + 1],
}

impl Node for Noted {
    /// Real-time: allocates no; blocks no; cost O(frame), beside the node's.
    fn process(&mut self, inputs: &[&PcmPlane], outputs: &mut [&mut PcmPlane]) -> Outcome {
        let outcome = self.node.process(inputs, outputs);
        let Some(plane) = outputs.first() else {
            return outcome;
        };
        let absent = if plane.tag.absent { ABSENT } else { 0 };
        let faulted = match outcome {
            Outcome::Ok => 0,
            Outcome::Faulted => FAULTED,
        };
        // Silence needs no samples.
        let samples = if absent | faulted == 0 {
            plane.as_slice()
        } else {
            &[]
        };
        let (head, pairs) = self.numbers.split_at_mut(1);
        head[0] = (samples.len() as u64) << LENGTH | absent | faulted;
        for (to, pair) in pairs.iter_mut().zip(samples.chunks(2)) {
            let bits = |n: usize| pair.get(n).map_or(0, |sample| u64::from(sample.to_bits()));
            *to = bits(1) << 32 | bits(0);
        }
        self.out.note(&self.numbers[..=samples.len().div_ceil(2)]);
        outcome
    }

    fn reset(&mut self) {
        self.node.reset();
    }

    fn skipped(&mut self, span: Samples) {
        self.node.skipped(span);
    }
}

/// A source that gives what was noted, then silence. Only in a replay.
struct Played(Numbers);

impl Node for Played {
    fn process(&mut self, _inputs: &[&PcmPlane], outputs: &mut [&mut PcmPlane]) -> Outcome {
        let Some(out) = outputs.first_mut() else {
            return Outcome::Faulted;
        };
        let len = out.as_slice().len();
        out.silence(len);
        let head = self.0.next().unwrap_or(ABSENT);
        out.tag.absent = head & ABSENT != 0;
        // Read to its end also where a damaged tape tells of more samples than there are in a frame.
        let samples = usize::try_from(head >> LENGTH).unwrap_or(0).min(MAX_FRAME);
        for at in 0..samples.div_ceil(2) {
            let pair = self.0.next().unwrap_or(0);
            for (n, bits) in [pair as u32, (pair >> 32) as u32].into_iter().enumerate() {
                if let Some(to) = out.as_mut_slice().get_mut(2 * at + n) {
                    *to = f32::from_bits(bits);
                }
            }
        }
        if head & FAULTED == 0 {
            Outcome::Ok
        } else {
            Outcome::Faulted
        }
    }

    fn reset(&mut self) {}
}

#[cfg(test)]
mod tests {
    use talkpath_graph::{Format, FrameTime, SampleRate};
    use talkpath_rt::tape::tape;

    use super::super::port;
    use super::*;

    #[test]
    fn what_was_noted_comes_again_with_the_frames_that_were_missing() {
        let format = Format::mono(SampleRate::HZ_8000, FrameTime::Ms10);
        let (mut caller, input, _output) = port(format, 2);
        let (out, mut kept) = tape(1_000);
        let mut noted = PortTape::Notes(out).on(Box::new(input));
        let mut heard = Vec::new();
        let mut plane = PcmPlane::default();
        for turn in 0..6_i16 {
            if turn % 3 != 1 {
                let frame: Vec<i16> = (0..80).map(|n| n * 100 - turn).collect();
                caller.write(&frame).expect("room");
            }
            plane.set_len(80);
            assert_eq!(noted.process(&[], &mut [&mut plane]), Outcome::Ok);
            heard.push(plane.clone());
        }
        assert!(heard[1].tag.absent && !heard[2].tag.absent);
        let numbers: Vec<u64> = std::iter::from_fn(|| kept.fetch()).collect();
        assert_eq!(numbers.len(), 6 + 4 * 40);
        let (_, input, _) = port(format, 2);
        let mut played = PortTape::Plays(Box::new(numbers.into_iter())).on(Box::new(input));
        for heard in heard {
            plane.set_len(80);
            assert_eq!(played.process(&[], &mut [&mut plane]), Outcome::Ok);
            assert_eq!(plane.as_slice(), heard.as_slice());
            assert_eq!(plane.tag, heard.tag);
        }
        plane.set_len(80);
        assert_eq!(played.process(&[], &mut [&mut plane]), Outcome::Ok);
        assert!(plane.tag.absent, "the tape is over");
    }

    #[test]
    fn a_tape_that_is_full_ends_and_the_port_goes_on() {
        let format = Format::mono(SampleRate::HZ_8000, FrameTime::Ms10);
        let (mut caller, input, _output) = port(format, 2);
        let (out, kept) = tape(50);
        let mut noted = PortTape::Notes(out).on(Box::new(input));
        let mut plane = PcmPlane::default();
        for _ in 0..3 {
            caller.write(&[5_000; 80]).expect("room");
            plane.set_len(80);
            assert_eq!(noted.process(&[], &mut [&mut plane]), Outcome::Ok);
            assert!(plane.as_slice().iter().all(|s| *s > 0.1));
        }
        assert!(kept.has_overflowed());
    }
}
