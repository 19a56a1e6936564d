//! The engine's halves of a port: two nodes of the `Ext` kind, owned by a worker.
//!
//! Neither allocates, blocks or panics; a frame that is missing or finds no room is counted.

use talkpath_graph::node::{MAX_FRAME, Node, Outcome, PcmPlane};
use talkpath_graph::{Format, Samples};
use talkpath_rt::ring::{Consumer, Producer, ring};
use talkpath_rt::sync::Arc;
use talkpath_rt::sync::atomic::{AtomicU64, Ordering};

use super::{AudioPort, Counters};

/// Makes a port and the engine's two halves of it. Control side: allocates.
pub(crate) fn port(format: Format, depth: usize) -> (AudioPort, PortIn, PortOut) {
    let samples = format.frame.0 as usize * depth;
    let (to_room, from_caller) = ring(samples);
    let (to_caller, from_room) = ring(samples);
    let counters = Arc::new(Counters::default());
    let frame = format.frame.0 as usize;
    let input = PortIn {
        frames: from_caller,
        frame,
        scratch: [0; MAX_FRAME],
        counters: Arc::clone(&counters),
    };
    let output = PortOut {
        frames: to_caller,
        frame,
        scratch: [0; MAX_FRAME],
        counters: Arc::clone(&counters),
    };
    (
        AudioPort {
            format,
            depth,
            to_room,
            from_room,
            counters,
        },
        input,
        output,
    )
}

/// Makes a port that only listens, and the engine's half of it. Control side: allocates.
pub(crate) fn tap(format: Format, depth: usize) -> (AudioPort, PortOut) {
    let (port, _, output) = port(format, depth);
    (port, output)
}

/// From the caller to the room: one frame a period, or silence tagged as absent.
pub(crate) struct PortIn {
    frames: Consumer<i16>,
    frame: usize,
    scratch: [i16; MAX_FRAME],
    counters: Arc<Counters>,
}

impl Node for PortIn {
    /// Real-time: allocates no; blocks no; cost O(frame).
    fn process(&mut self, _inputs: &[&PcmPlane], outputs: &mut [&mut PcmPlane]) -> Outcome {
        let Some(out) = outputs.first_mut() else {
            return Outcome::Faulted;
        };
        out.silence(self.frame);
        let frame = &mut self.scratch[..self.frame];
        if self.frames.pop_slice(frame) {
            let samples = out.as_mut_slice().iter_mut().zip(frame);
            samples.for_each(|(to, from)| *to = f32::from(*from) / 32_768.0);
        } else {
            out.tag.absent = true;
            bump(&self.counters.underruns);
        }
        Outcome::Ok
    }

    fn reset(&mut self) {}

    /// The caller's clock ran on while the worker stalled: as much of what it wrote is old (D14).
    fn skipped(&mut self, span: Samples) {
        for _ in 0..span.as_usize() / self.frame {
            let frame = &mut self.scratch[..self.frame];
            if !self.frames.pop_slice(frame) {
                return;
            }
        }
    }
}

/// From the room to the caller: one frame a period, or one overrun.
pub(crate) struct PortOut {
    frames: Producer<i16>,
    frame: usize,
    scratch: [i16; MAX_FRAME],
    counters: Arc<Counters>,
}

impl Node for PortOut {
    /// Real-time: allocates no; blocks no; cost O(frame).
    fn process(&mut self, inputs: &[&PcmPlane], _outputs: &mut [&mut PcmPlane]) -> Outcome {
        let Some(plane) = inputs.first() else {
            return Outcome::Faulted;
        };
        if plane.as_slice().len() != self.frame {
            return Outcome::Faulted;
        }
        let frame = &mut self.scratch[..self.frame];
        for (to, from) in frame.iter_mut().zip(plane.as_slice()) {
            *to = to_i16(*from);
        }
        if !self.frames.push_slice(frame) {
            bump(&self.counters.overruns);
        }
        Outcome::Ok
    }

    fn reset(&mut self) {}
}

/// Nearest 16-bit sample; what is out of range saturates (a limiter stands before).
fn to_i16(sample: f32) -> i16 {
    (sample * 32_768.0).round_ties_even() as i16
}

fn bump(counter: &AtomicU64) {
    counter.store(counter.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use talkpath_graph::{FrameTime, SampleRate};

    use super::super::{PortEmpty, PortFull};
    use super::*;

    fn format() -> Format {
        Format::mono(SampleRate::HZ_8000, FrameTime::Ms20)
    }

    #[test]
    fn frames_pass_bit_exact_and_full_is_said() {
        let (mut port, mut input, _output) = port(format(), 2);
        let frame: Vec<i16> = (0..160).map(|n| (n * 409 - 32_768) as i16).collect();
        port.write(&frame).expect("empty ring");
        port.write(&frame).expect("one more");
        assert_eq!(port.write(&frame), Err(PortFull::Full { frames: 2 }));
        let mut plane = PcmPlane::default();
        assert_eq!(input.process(&[], &mut [&mut plane]), Outcome::Ok);
        let heard: Vec<i16> = plane.as_slice().iter().copied().map(to_i16).collect();
        assert_eq!(heard, frame);
        assert!(!plane.tag.absent);
    }

    #[test]
    fn nothing_written_is_silence_and_an_underrun() {
        let (port, mut input, _output) = port(format(), 2);
        let mut plane = PcmPlane::default();
        assert_eq!(input.process(&[], &mut [&mut plane]), Outcome::Ok);
        assert!(plane.tag.absent && plane.as_slice().iter().all(|s| *s == 0.0));
        assert_eq!((port.underruns(), port.overruns()), (1, 0));
    }

    #[test]
    fn a_reader_too_slow_is_an_overrun_and_a_departed_leg_is_said() {
        let (mut port, input, mut output) = port(format(), 1);
        let mut plane = PcmPlane::default();
        plane.set_len(160);
        plane.as_mut_slice().fill(0.5);
        assert_eq!(output.process(&[&plane], &mut []), Outcome::Ok);
        assert_eq!(output.process(&[&plane], &mut []), Outcome::Ok);
        assert_eq!(port.overruns(), 1);
        drop((input, output));
        let mut frame = [0; 160];
        assert_eq!(
            port.read(&mut frame[..10]),
            Err(PortEmpty::Length {
                expected: 160,
                actual: 10
            })
        );
        assert_eq!(port.read(&mut frame), Ok(()));
        assert_eq!(frame, [16_384; 160]);
        assert_eq!(port.read(&mut frame), Err(PortEmpty::Left));
        assert_eq!(port.write(&frame), Err(PortFull::Left));
    }
}
