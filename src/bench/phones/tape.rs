//! What a listener keeps of what it hears, and the markers found on it afterwards.
//!
//! Nothing is decoded while the phones talk: a tape is memory set aside beforehand, and a packet on it a copy.

use std::time::Duration;

use talkpath_nodes::codec::{Codec, Decoder};
use talkpath_nodes::packet::Header;

use super::super::marker::{Filter, LENGTH, RATE, to_filter_rate};

/// A marker is looked for this long after it was sent.
const SEARCH: Duration = Duration::from_millis(400);

/// Octets set aside for a packet whose length follows its sound: more than 100 kbit/s.
const FRAMED: usize = 300;

/// One packet on the tape.
#[derive(Clone, Copy, Debug)]
struct Piece {
    at: Duration,
    timestamp: u32,
    from: usize,
    len: usize,
}

/// The packets one phone heard, until the tape is full.
#[derive(Debug)]
pub(super) struct Tape {
    codec: Codec,
    pieces: Vec<Piece>,
    bytes: Vec<u8>,
}

/// Decoded and brought to the filter's rate, with the time at which each part came.
pub(super) struct Played {
    samples: Vec<f32>,
    /// First sample, samples, arrival; ascending in all three.
    parts: Vec<(usize, usize, Duration)>,
    filter: Filter,
}

impl Tape {
    /// For `length` of packets of `ptime`.
    pub(super) fn new(codec: Codec, ptime: Duration, length: Duration) -> Self {
        let packets = (length.as_nanos() / ptime.as_nanos().max(1)) as usize + 1;
        let payload = match codec.is_framed() {
            true => FRAMED,
            false => codec.octets_of(codec.rate().samples_in(ptime).as_usize()),
        };
        Self {
            codec,
            pieces: Vec::with_capacity(packets),
            bytes: Vec::with_capacity(packets * payload),
        }
    }

    /// Keeps a packet while there is room.
    pub(super) fn record(&mut self, header: &Header, payload: &[u8], at: Duration) {
        let (pieces, bytes) = (&mut self.pieces, &mut self.bytes);
        if pieces.len() == pieces.capacity() || bytes.capacity() - bytes.len() < payload.len() {
            return;
        }
        pieces.push(Piece {
            at,
            timestamp: header.timestamp,
            from: bytes.len(),
            len: payload.len(),
        });
        bytes.extend_from_slice(payload);
    }

    /// Until when it holds everything; `None` when it holds nothing.
    pub(super) fn end(&self) -> Option<Duration> {
        self.pieces.last().map(|piece| piece.at)
    }

    /// Decodes it all.
    pub(super) fn play(&self) -> Played {
        let rate = self.codec.rate();
        let mut decoder = Decoder::new(self.codec);
        let mut played = Played {
            samples: Vec::new(),
            parts: Vec::with_capacity(self.pieces.len()),
            filter: Filter::new(rate),
        };
        let first = self.pieces.first().map_or(0, |piece| piece.timestamp);
        let step = (self.codec.clock_rate() / RATE).max(1) as usize;
        let mut pcm = vec![0.0; self.codec.longest().as_usize()];
        for piece in &self.pieces {
            let payload = &self.bytes[piece.from..piece.from + piece.len];
            let Ok(count) = decoder.decode(payload, &mut pcm) else {
                continue;
            };
            let place = piece.timestamp.wrapping_sub(first) as usize / step;
            // Late, twice there, or of another stream: it has no place.
            if place < played.samples.len() || place > played.samples.len() + RATE as usize {
                continue;
            }
            played.samples.resize(place, 0.0);
            let low = to_filter_rate(&pcm[..count], rate);
            played.parts.push((place, low.len(), piece.at));
            played.samples.extend(low);
        }
        played
    }
}

impl Played {
    /// How long after `sent` the marker that began to be sent then is heard; `None` when it is not found.
    pub(super) fn delay(&self, sent: Duration) -> Option<Duration> {
        let from = self.parts.partition_point(|part| part.2 < sent);
        let until = self.parts.partition_point(|part| part.2 < sent + SEARCH);
        let start = self.parts.get(from)?.0;
        let end = self.parts.get(until.checked_sub(1)?)?.0 + LENGTH;
        let heard = self.samples.get(start..end.min(self.samples.len()))?;
        let place = start as f64 + self.filter.find(heard)?;
        let part = self.parts.partition_point(|part| part.0 as f64 <= place);
        let (first, len, at) = *self.parts.get(part.checked_sub(1)?)?;
        let within = (place - first as f64).min(len as f64).max(0.0);
        (at + Duration::from_secs_f64(within / f64::from(RATE))).checked_sub(sent)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::marker::marker;
    use super::*;
    use talkpath_nodes::codec::Encoder;

    const FRAME: Duration = Duration::from_millis(20);

    /// Packets every 20 ms from second 100 on, with the marker at each place of `at` (samples), through `codec`.
    fn tape(codec: Codec, at: &[usize], lost: Option<u32>) -> Tape {
        let mut tape = Tape::new(codec, FRAME, Duration::from_secs(10));
        let mut pcm = vec![0.0; codec.rate().samples_in(Duration::from_secs(4)).as_usize()];
        for &at in at {
            for (sample, chirp) in pcm[at..].iter_mut().zip(marker(codec.rate())) {
                *sample += chirp;
            }
        }
        let frame = codec.rate().samples_in(FRAME).as_usize();
        let mut encoder = Encoder::new(codec);
        for (n, samples) in (0u32..).zip(pcm.chunks_exact(frame)) {
            let mut payload = vec![0; codec.octets_of(frame)];
            encoder.encode(samples, &mut payload).unwrap();
            let header = Header {
                sequence: n as u16,
                timestamp: (n * frame as u32).wrapping_sub(1_000),
                ..Header::default()
            };
            if lost != Some(n) {
                tape.record(&header, &payload, Duration::from_secs(100) + FRAME * n);
            }
        }
        tape
    }

    #[test]
    fn delays_are_known_to_a_fraction_of_a_packet() {
        let rate16 = talkpath_graph::SampleRate::HZ_16000;
        for codec in [Codec::Pcmu, Codec::Pcma, Codec::L16(rate16)] {
            let per_ms = codec.rate().hz() as usize / 1_000;
            // Heard 137.5 ms and 1,210 ms after the beginning of the tape; sent 45 ms before each.
            let places = [1_375 * per_ms / 10, 1_210 * per_ms];
            let played = tape(codec, &places, None).play();
            for at in places {
                let heard = Duration::from_secs(100)
                    + Duration::from_secs_f64(at as f64 / f64::from(codec.rate().hz()));
                let sent = heard - Duration::from_millis(45);
                let delay = played.delay(sent).unwrap().as_secs_f64() * 1e3;
                assert!((delay - 45.0).abs() < 0.1, "{codec}: {delay}");
            }
        }
    }

    #[test]
    fn a_lost_packet_does_not_move_what_follows() {
        let played = tape(Codec::Pcmu, &[8_000], Some(20)).play();
        let sent = Duration::from_millis(100_970);
        let delay = played.delay(sent).unwrap().as_secs_f64() * 1e3;
        assert!((delay - 30.0).abs() < 0.1, "{delay}");
        assert_eq!(
            played.delay(Duration::from_secs(102)),
            None,
            "none was sent"
        );
        assert_eq!(
            played.delay(Duration::from_secs(300)),
            None,
            "beyond the tape"
        );
    }

    #[test]
    fn a_full_tape_keeps_what_it_has() {
        let mut tape = Tape::new(Codec::Pcmu, FRAME, Duration::from_millis(40));
        for n in 0..100 {
            let header = Header::default();
            tape.record(&header, &[0; 160], Duration::from_millis(n));
        }
        assert_eq!(tape.end(), Some(Duration::from_millis(2)));
        assert_eq!(tape.bytes.len(), 480);
    }
}
