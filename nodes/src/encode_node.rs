//! Frames of samples to payloads: the encoder, with what it collects when it codes packets as a whole.
//!
//! Owned by the worker that owns the leg. A codec that codes sample by sample collects nothing here: its octets are
//! collected by the packetiser. One that codes packets as a whole is given a packet's samples at a time.

use crate::codec::{Codec, Encoder, OpusSettings};
use crate::encoded::Encoded;
use core::time::Duration;
use talkpath_graph::Samples;

/// What a payload of at most so many octets says: nothing need be sent (RFC 6716 section 2.1.9, DTX).
const UNSENT: usize = 2;
/// Frames in milliseconds that what is left before a hole is cut into (RFC 6716, section 2.1.4).
const CUTS: [u32; 4] = [40, 20, 10, 5];

/// Encoder of one leg.
#[derive(Debug)]
pub struct EncodeNode {
    encoder: Encoder,
    /// `None` for a codec that codes sample by sample. Boxed: most legs have none.
    stage: Option<Box<Stage>>,
}

/// The beginning of the next packet.
#[derive(Debug)]
struct Stage {
    /// Room for a packet.
    pcm: Box<[f32]>,
    /// Samples of it there are.
    held: usize,
}

impl EncodeNode {
    /// An encoder of `codec` for packets of `ptime`, brought down to [`Codec::max_ptime`]. Control side: allocates.
    #[must_use]
    pub fn new(codec: Codec, ptime: Duration, settings: &OpusSettings) -> Self {
        let packet = codec.rate().samples_in(ptime.min(codec.max_ptime()));
        let stage = || Stage {
            pcm: vec![0.0; packet.as_usize().max(1)].into_boxed_slice(),
            held: 0,
        };
        Self {
            encoder: Encoder::with(codec, settings),
            stage: codec.is_framed().then(|| Box::new(stage())),
        }
    }

    /// The codec it was built for.
    #[must_use]
    pub fn codec(&self) -> Codec {
        self.encoder.codec()
    }

    /// Encodes a frame to the end of `out`.
    ///
    /// Real-time: allocates no; blocks no; cost O(samples).
    pub fn process(&mut self, pcm: &[f32], out: &mut Encoded) {
        let Some(Stage { pcm: stage, held }) = self.stage.as_deref_mut() else {
            // A frame fits the plane, so there is no fault.
            if let Ok(octets) = self.encoder.encode(pcm, out.room()) {
                out.grow(octets);
            }
            return;
        };
        let mut rest = pcm;
        while *held + rest.len() >= stage.len() {
            let (head, tail) = rest.split_at(stage.len() - *held);
            rest = tail;
            if *held == 0 {
                code(&mut self.encoder, head, out);
            } else {
                stage[*held..].copy_from_slice(head);
                code(&mut self.encoder, stage, out);
            }
            *held = 0;
        }
        stage[*held..*held + rest.len()].copy_from_slice(rest);
        *held += rest.len();
        out.hold(self.held());
    }

    /// What is held goes out before a hole in what came, in frames that there are; less than 5 ms are left out.
    ///
    /// Real-time: allocates no; blocks no; cost O(samples).
    pub fn flush(&mut self, out: &mut Encoded) {
        let Some(Stage { pcm, held }) = self.stage.as_deref_mut() else {
            return;
        };
        let mut rest = &pcm[..core::mem::take(held)];
        for ms in CUTS {
            let frame = (self.encoder.codec().rate().hz() / 1000 * ms) as usize;
            if rest.len() >= frame {
                let (head, tail) = rest.split_at(frame);
                code(&mut self.encoder, head, out);
                rest = tail;
            }
        }
        out.end_flush();
    }

    /// Drops what is held (a hold, a stall): the packetiser's timestamp goes over it.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn skip(&mut self) {
        if let Some(stage) = &mut self.stage {
            stage.held = 0;
        }
    }

    /// Samples held for the next packet.
    #[must_use]
    pub fn held(&self) -> Samples {
        // At most those of the longest packet.
        let held = self.stage.as_ref().map_or(0, |stage| stage.held);
        Samples(held as u32)
    }

    /// Effort from the next frame on, 0 to 10, where the codec has such a thing.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn set_complexity(&mut self, complexity: u8) {
        self.encoder.set_complexity(complexity);
    }
}

/// One payload of a codec that codes packets as a whole. What does not encode is as long as it is, and not sent.
fn code(encoder: &mut Encoder, pcm: &[f32], out: &mut Encoded) {
    let octets = encoder.encode(pcm, out.room()).unwrap_or(0);
    let octets = if octets > UNSENT { octets } else { 0 };
    out.end_payload(octets, Samples(pcm.len() as u32));
}

#[cfg(test)]
#[path = "encode_node_tests.rs"]
mod tests;
