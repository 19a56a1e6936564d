//! Encoded frames to RTP packets: own SSRC, continuous sequence and timestamp.
//!
//! Octets of a codec that codes sample by sample are collected and cut here; payloads of one that codes packets as a whole
//! come as they are, and what their encoder collects is only counted.
//!
//! Owned by the worker that owns the leg. A packet time longer than the frame is collected, a shorter one is cut, and
//! the packets of one frame that are not the first carry a time before which the shard holds them back. Sequence and
//! timestamp advance even when there is no box or the ring is full: the hole is then seen as loss at the far end
//! instead of shifting the stream (RFC 3550 section 5.1).

mod keyed;
mod mirror;
mod payloads;

use crate::codec::Codec;
use crate::packet::{Header, MAX_PAYLOAD, Packet};
use crate::telephone_event::KeySender;
use core::time::Duration;
use talkpath_graph::Samples;

/// Where packets come from and go to: the worker's end of the box rings, as this crate sees it.
pub trait PacketOutlet {
    /// An empty box of the inventory; `None` when all are out.
    fn take(&mut self) -> Option<Box<Packet>>;

    /// Sends a filled box.
    ///
    /// # Errors
    /// Gives the box back when the ring is full.
    fn send(&mut self, packet: Box<Packet>) -> Result<(), Box<Packet>>;

    /// Takes an unsent box back into the inventory.
    fn put_back(&mut self, packet: Box<Packet>);
}

/// Settings of a packetiser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PacketiseConfig {
    /// The codec of the stream.
    pub codec: Codec,
    /// The negotiated payload type, 0..=127.
    pub payload_type: u8,
    /// Media time per packet; brought down to [`Codec::max_ptime`], and up to one sample.
    pub ptime: Duration,
    /// Our synchronisation source, random.
    pub ssrc: u32,
    /// Sequence number of the first packet, random.
    pub sequence: u16,
    /// Timestamp of the first packet, random.
    pub timestamp: u32,
}

/// Where a stream of ours stands: what its next packet carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Synchronisation source.
    pub ssrc: u32,
    /// Sequence number.
    pub sequence: u16,
    /// Timestamp, in ticks of the codec's clock.
    pub timestamp: u32,
}

/// What became of one frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fed {
    /// Packets sent.
    pub sent: u32,
    /// Packets dropped because the inventory was empty.
    pub dropped_no_box: u32,
    /// Packets dropped because the ring was full.
    pub dropped_full: u32,
    /// Of the first packet completed: what of it had been collected from earlier frames, so how long its beginning
    /// waited for its end.
    pub waited: Samples,
}

/// Packetiser of one leg.
#[derive(Clone, Debug)]
pub struct Packetiser {
    codec: Codec,
    payload_type: u8,
    /// Octets of a full packet.
    size: usize,
    ptime: Duration,
    ssrc: u32,
    sequence: u16,
    /// Timestamp of the first octet in `stage`.
    timestamp: u32,
    marker: bool,
    /// The beginning of the next packet, `staged` octets.
    stage: Box<[u8]>,
    staged: usize,
    /// Ticks that the encoder of a framed codec has collected.
    collected: u32,
}

impl Packetiser {
    /// A packetiser at the start of a talk spurt. Control side: allocates.
    #[must_use]
    pub fn new(config: PacketiseConfig) -> Self {
        let codec = config.codec;
        let ptime = config.ptime.min(codec.max_ptime());
        let samples = codec.rate().samples_in(ptime).as_usize().max(1);
        let size = codec.octets_of(samples).clamp(1, MAX_PAYLOAD);
        Self {
            codec,
            payload_type: config.payload_type & 0x7f,
            size,
            ptime,
            ssrc: config.ssrc,
            sequence: config.sequence,
            timestamp: config.timestamp,
            marker: true,
            stage: vec![0; size].into_boxed_slice(),
            staged: 0,
            collected: 0,
        }
    }

    /// The codec it was built for.
    #[must_use]
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// The synchronisation source of the next packet.
    #[must_use]
    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// The sequence number of the next packet.
    #[must_use]
    pub fn sequence(&self) -> u16 {
        self.sequence
    }

    /// The timestamp of the next packet.
    #[must_use]
    pub fn timestamp(&self) -> u32 {
        self.timestamp
    }

    /// Takes the payload octets of one frame (whole samples) and sends every packet they complete, stamped with `leg`.
    /// `now` is the time of the frame since the engine clock's epoch; the k-th packet is held until `now` + k · ptime.
    ///
    /// Real-time: allocates no; blocks no; cost O(octets).
    pub fn feed(
        &mut self,
        leg: u64,
        encoded: &[u8],
        now: Duration,
        outlet: &mut impl PacketOutlet,
    ) -> Fed {
        self.feed_beside(leg, encoded, now, None, outlet)
    }

    fn feed_beside(
        &mut self,
        leg: u64,
        encoded: &[u8],
        now: Duration,
        mut keys: Option<&mut KeySender>,
        outlet: &mut impl PacketOutlet,
    ) -> Fed {
        let (mut fed, mut rest, mut not_before) = (Fed::default(), encoded, now);
        if self.staged + encoded.len() >= self.size {
            fed.waited = self.codec.samples_of(self.ticks(self.staged));
        }
        while self.staged + rest.len() >= self.size {
            let (head, tail) = rest.split_at(self.size - self.staged);
            rest = tail;
            let ticks = self.ticks(self.staged + head.len());
            match keys.as_deref_mut().filter(|keys| keys.busy()) {
                Some(keys) => self.send_key(keys, ticks, (leg, not_before), outlet, &mut fed),
                None => self.send(leg, head, ticks, not_before, outlet, &mut fed),
            }
            not_before += self.ptime;
        }
        self.stage[self.staged..self.staged + rest.len()].copy_from_slice(rest);
        self.staged += rest.len();
        fed
    }

    /// Leaves `span` samples of stream out (a hold, a stall): what was collected is dropped, the timestamp advances over
    /// both, the sequence continues, and the next packet is marked as the start of a talk spurt.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn skip(&mut self, span: Samples) {
        self.timestamp = self.end().wrapping_add(self.codec.ticks_of(span));
        self.drop_collected();
        self.marker = true;
    }

    /// Takes another SSRC after a collision (RFC 3550 section 8.2). Sequence and timestamp go on.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn set_ssrc(&mut self, ssrc: u32) {
        self.ssrc = ssrc;
        self.marker = true;
    }

    /// Goes on where `old` stopped, after a change of codec: SSRC and sequence are kept, the timestamp follows what was
    /// sent and collected, and the next packet is marked.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn continue_from(&mut self, old: &Self) {
        self.ssrc = old.ssrc;
        self.sequence = old.sequence;
        self.timestamp = old.end();
        self.drop_collected();
        self.marker = true;
    }

    /// Whether nothing of a packet is collected once `samples` more have been fed.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    #[must_use]
    pub fn is_whole_after(&self, samples: Samples) -> bool {
        if self.codec.is_framed() {
            let packet = self.codec.clock().samples_in(self.ptime).0;
            let collected = self.collected + self.codec.ticks_of(samples);
            return collected.is_multiple_of(packet.max(1));
        }
        let octets = self.codec.octets_of(samples.as_usize());
        (self.staged + octets).is_multiple_of(self.size.max(1))
    }

    /// RTP ticks of so many octets, which are whole samples; 0 of a framed codec, which stages none.
    fn ticks(&self, octets: usize) -> u32 {
        let samples = self.codec.samples_in_octets(octets).unwrap_or(Samples(0));
        self.codec.ticks_of(samples)
    }

    /// The timestamp behind what is collected.
    fn end(&self) -> u32 {
        let collected = self.ticks(self.staged).wrapping_add(self.collected);
        self.timestamp.wrapping_add(collected)
    }

    fn drop_collected(&mut self) {
        (self.staged, self.collected) = (0, 0);
    }

    /// Sends the stage followed by `head`, which together are one packet of `ticks`.
    fn send(
        &mut self,
        leg: u64,
        head: &[u8],
        ticks: u32,
        not_before: Duration,
        outlet: &mut impl PacketOutlet,
        fed: &mut Fed,
    ) {
        let header = Header {
            payload_type: self.payload_type,
            marker: self.marker,
            sequence: self.sequence,
            timestamp: self.timestamp,
            ssrc: self.ssrc,
        };
        let staged = core::mem::take(&mut self.staged);
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(ticks);
        let parts = [&self.stage[..staged], head];
        if give_out(header, parts, (leg, not_before), outlet, fed) {
            self.marker = false;
        }
    }
}

/// A packet of `header` and the octets of `parts`, for a leg and not to leave before a time. Whether it went.
pub(crate) fn give_out(
    header: Header,
    parts: [&[u8]; 2],
    (leg, not_before): (u64, Duration),
    outlet: &mut impl PacketOutlet,
    fed: &mut Fed,
) -> bool {
    let Some(mut packet) = outlet.take() else {
        fed.dropped_no_box += 1;
        return false;
    };
    packet.reset();
    packet.leg = leg;
    packet.not_before = not_before;
    packet.header = header;
    parts.iter().for_each(|part| packet.extend(part));
    let sent = outlet.send(packet);
    match sent {
        Ok(()) => {
            fed.sent += 1;
            true
        }
        Err(packet) => {
            fed.dropped_full += 1;
            outlet.put_back(packet);
            false
        }
    }
}
