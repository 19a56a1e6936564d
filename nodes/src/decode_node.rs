//! Units to one frame of samples: the decoder with the remainder of packets longer than a frame.
//!
//! Owned by the worker that owns the leg. The jitter buffer never cuts a packet, so what a packet holds beyond the
//! frame waits here: always as many samples as the jitter buffer has counted as handed out ahead.
//!
//! A decoder that conceals by itself (Opus) fills holes here, from the packet behind them where it is there; all others
//! leave gaps in the tag. Where nothing was sent it goes on for a second, which is the comfort noise of its own DTX.

use crate::codec::{Codec, Decoder};
use crate::packet::Packet;
use crate::units::{Unit, Units};
use talkpath_graph::node::{Gap, PcmPlane};
use talkpath_graph::{Format, Samples};

/// Silence that a decoder fills by itself, in seconds: more than twice the time after which Opus in DTX says something.
const NOISE: u32 = 1;

/// Decoder of one leg.
#[derive(Debug)]
pub struct DecodeNode {
    decoder: Decoder,
    frame: usize,
    /// Room for the longest packet, to be read from `head`, `held` samples.
    fifo: Box<[f32]>,
    head: usize,
    held: usize,
    /// The last frame ended in silence, so that the next audio begins a talk spurt.
    paused: bool,
    /// Silence that is still filled by the decoder, in samples.
    noise: u32,
}

/// Where the next sample of the frame goes.
struct Cursor<'a> {
    plane: &'a mut PcmPlane,
    at: usize,
}

impl Cursor<'_> {
    fn room(&self) -> usize {
        self.plane.len() - self.at
    }

    /// The next `len` samples, clamped to the room.
    fn advance(&mut self, len: usize) -> &mut [f32] {
        let from = self.at;
        self.at += len.min(self.room());
        &mut self.plane.as_mut_slice()[from..self.at]
    }

    fn gap(&mut self, len: usize) {
        let start = self.at;
        self.advance(len).fill(0.0);
        // A frame has at most 960 samples, so both fit.
        let len = (self.at - start) as u16;
        self.plane.tag.add_gap(Gap {
            start: start as u16,
            len,
        });
    }
}

impl DecodeNode {
    /// A decoder of `codec` that makes frames of `format`, whose rate is the codec's. Control side: allocates.
    #[must_use]
    pub fn new(codec: Codec, format: Format) -> Self {
        // The longest packet; with the longest hole in front of it where the two come together.
        let packets = if codec.conceals() { 2 } else { 1 };
        Self {
            decoder: Decoder::new(codec),
            frame: format.frame.as_usize(),
            fifo: vec![0.0; packets * codec.longest().as_usize()].into_boxed_slice(),
            head: 0,
            held: 0,
            paused: true,
            noise: 0,
        }
    }

    /// Fills one frame from what is held and from `units`, in order. Lost spans, packets that do not decode, and
    /// whatever the units do not cover become gaps in the tag, to be concealed; silence becomes zeros, and a frame
    /// of nothing else is tagged absent.
    ///
    /// Real-time: allocates no; blocks no; cost O(samples).
    pub fn process(&mut self, units: &Units, out: &mut PcmPlane) {
        out.set_len(self.frame);
        out.tag.clear();
        let mut cursor = Cursor { plane: out, at: 0 };
        let mut silent = 0;
        self.drain(&mut cursor);
        for (unit, n) in units.iter().zip(1..) {
            match unit {
                Unit::Packet(packet) => {
                    if core::mem::take(&mut self.paused) {
                        cursor.plane.tag.talk_start = true;
                    }
                    self.decode(packet.payload(), &mut cursor);
                }
                Unit::Lost(samples) => {
                    let next = units.get(n).and_then(Unit::packet);
                    self.lose(samples.as_usize(), next.map(Packet::payload), &mut cursor);
                }
                Unit::Silence(samples) => {
                    silent += self.pause(samples.as_usize(), &mut cursor);
                }
                Unit::Spent(_) => {}
            }
        }
        let missing = cursor.room();
        self.lose(missing, None, &mut cursor);
        out.tag.absent = silent == self.frame;
    }

    /// Drops up to `span` held samples: the first part of a span that the jitter buffer is told to skip (D14).
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn skip(&mut self, span: Samples) {
        let dropped = self.held.min(span.as_usize());
        self.head += dropped;
        self.held -= dropped;
    }

    /// Samples held for the next frame.
    #[must_use]
    pub fn held(&self) -> Samples {
        // At most those of the longest payload.
        Samples(self.held as u32)
    }

    /// Back to the state after construction.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn reset(&mut self) {
        self.decoder.reset();
        self.head = 0;
        self.held = 0;
        self.paused = true;
        self.noise = 0;
    }

    fn drain(&mut self, cursor: &mut Cursor<'_>) {
        let part = cursor.advance(self.held);
        part.copy_from_slice(&self.fifo[self.head..self.head + part.len()]);
        self.head += part.len();
        self.held -= part.len();
    }

    fn decode(&mut self, payload: &[u8], cursor: &mut Cursor<'_>) {
        let codec = self.decoder.codec();
        let samples = codec.samples_in(payload).map_or(0, Samples::as_usize);
        let decoded = self.make(samples, cursor, |decoder, out| {
            decoder.decode(payload, out).is_ok()
        });
        if decoded {
            self.noise = NOISE * codec.rate().hz();
        } else {
            self.lose(samples, None, cursor);
        }
    }

    /// Something was sent that is not there; the packet behind it, if that is.
    fn lose(&mut self, samples: usize, next: Option<&[u8]>, cursor: &mut Cursor<'_>) {
        if samples == 0 {
            return;
        }
        let filled = self.make(samples, cursor, |decoder, out| decoder.recover(next, out));
        if !filled {
            cursor.gap(samples);
        }
    }

    /// Nothing was sent: how much of the frame is silence for that.
    fn pause(&mut self, samples: usize, cursor: &mut Cursor<'_>) -> usize {
        self.paused = true;
        // A frame is at most 960.
        let left = self.noise.checked_sub(samples as u32);
        if let Some(left) = left
            && self.make(samples, cursor, |decoder, out| decoder.recover(None, out))
        {
            self.noise = left;
            return 0;
        }
        let zeros = cursor.advance(samples);
        zeros.fill(0.0);
        zeros.len()
    }

    /// Lets the decoder make `samples`, into the frame where they fit it, else behind what is held; whether it did.
    fn make(
        &mut self,
        samples: usize,
        cursor: &mut Cursor<'_>,
        by: impl FnOnce(&mut Decoder, &mut [f32]) -> bool,
    ) -> bool {
        if self.held == 0 && samples <= cursor.room() {
            let made = by(&mut self.decoder, cursor.advance(samples));
            if !made {
                cursor.at -= samples;
            }
            return made;
        }
        // What is held already fills the frame or nothing is held: move it to the front and append.
        self.fifo.copy_within(self.head..self.head + self.held, 0);
        self.head = 0;
        let room = self.fifo.get_mut(self.held..self.held + samples);
        let made = room.is_some_and(|room| by(&mut self.decoder, room));
        if made {
            self.held += samples;
        }
        self.drain(cursor);
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use talkpath_graph::{FrameTime, SampleRate};

    fn packet(samples: usize, first: i16) -> Unit {
        let mut packet = Box::new(Packet::empty());
        let bytes: Vec<u8> = (0..samples)
            .flat_map(|i| (first + i as i16).to_be_bytes())
            .collect();
        packet.set_payload(&bytes).unwrap();
        Unit::Packet(packet)
    }

    fn node() -> (DecodeNode, PcmPlane) {
        let rate = SampleRate::HZ_8000;
        let node = DecodeNode::new(Codec::L16(rate), Format::mono(rate, FrameTime::Ms20));
        (node, PcmPlane::new())
    }

    fn run(node: &mut DecodeNode, plane: &mut PcmPlane, units: Vec<Unit>) -> Vec<i32> {
        node.process(&units.into_iter().collect(), plane);
        assert_eq!(plane.len(), 160);
        plane
            .as_slice()
            .iter()
            .map(|s| (s * 32768.0) as i32)
            .collect()
    }

    #[test]
    fn thirty_millisecond_packets_come_out_whole() {
        let (mut node, mut plane) = node();
        let first = run(&mut node, &mut plane, vec![packet(240, 0)]);
        assert!(plane.tag.talk_start);
        let second = run(&mut node, &mut plane, vec![packet(240, 240)]);
        let third = run(&mut node, &mut plane, vec![]);
        let all: Vec<i32> = [first, second, third].concat();
        assert_eq!(all, (0..480).collect::<Vec<i32>>());
        assert!(plane.tag.gaps.is_empty() && !plane.tag.absent);
        assert_eq!(node.held(), Samples(0));
    }

    #[test]
    fn holes_become_gaps_and_silence_is_tagged() {
        let (mut node, mut plane) = node();
        let out = run(
            &mut node,
            &mut plane,
            vec![Unit::Lost(Samples(80)), packet(80, 1000)],
        );
        assert_eq!((out[79], out[80]), (0, 1000));
        assert_eq!(plane.tag.gaps[..], [Gap { start: 0, len: 80 }]);
        run(&mut node, &mut plane, vec![Unit::Silence(Samples(160))]);
        assert!(plane.tag.absent && plane.tag.gaps.is_empty());
        run(&mut node, &mut plane, vec![]);
        assert_eq!(plane.tag.gaps[..], [Gap { start: 0, len: 160 }]);
        assert!(!plane.tag.absent);
    }

    #[test]
    fn what_does_not_decode_or_fit_is_no_panic() {
        let (mut node, mut plane) = node();
        let mut odd = Box::new(Packet::empty());
        odd.set_payload(&[1, 2, 3]).unwrap();
        run(
            &mut node,
            &mut plane,
            vec![Unit::Packet(odd), Unit::Lost(Samples(9999))],
        );
        let units: Vec<Unit> = (0..8).map(|_| packet(640, 0)).collect();
        run(&mut node, &mut plane, units);
        node.skip(Samples(u32::MAX));
        assert_eq!(node.held(), Samples(0));
    }
}
