//! Packets that were kept as sound.

use std::time::Duration;

use talkpath_engine::SampleRate;
use talkpath_engine::replay::{LegCodec, LegSpan};
use talkpath_nodes::codec::{Codec, Decoder};
use talkpath_nodes::packet::{Header, MAX_PAYLOAD};

use super::super::track::Track;

/// A timestamp may be off by so much from the time it came at; else the stream has begun anew.
const OFF: Duration = Duration::from_secs(1);

/// A packet that is kept.
pub(super) struct Kept {
    pub at: Duration,
    pub header: Header,
    pub payload: Vec<u8>,
}

/// The packets of one way as sound, from when the leg joined.
pub(super) fn decoded(packets: &[Kept], span: &LegSpan, rate: SampleRate) -> Track {
    let mut track = Track::new(rate);
    // Of the stream at hand: its source, the timestamp it began with and when.
    let mut stream: Option<(u32, u32, Codec, Duration)> = None;
    let mut pcm = [0.0; MAX_PAYLOAD];
    for packet in packets {
        let Some(codec) = codec_of(span, packet) else {
            continue;
        };
        let at = packet.at.saturating_sub(span.joined);
        let Ok(len) = Decoder::new(codec).decode(&packet.payload, &mut pcm) else {
            continue;
        };
        let Header {
            ssrc, timestamp, ..
        } = packet.header;
        let place = stream
            .filter(|(source, _, of, _)| (*source, *of) == (ssrc, codec))
            .and_then(|(_, first, _, began)| {
                let gone = timestamp.wrapping_sub(first).cast_signed();
                let gone = u64::try_from(gone).ok()? * 1_000_000_000 / u64::from(codec.rate().hz());
                let place = began + Duration::from_nanos(gone);
                (place.abs_diff(at) < OFF).then_some(place)
            });
        let place = place.unwrap_or_else(|| {
            stream = Some((ssrc, timestamp, codec, at));
            at
        });
        let samples = codec.rate().samples_in(place).as_usize();
        track.put(samples, codec.rate(), &pcm[..len]);
    }
    track
}

/// What a packet is coded with: what its payload type stood for at its time, or first stood for.
fn codec_of(span: &LegSpan, packet: &Kept) -> Option<Codec> {
    let of_type = |told: &&LegCodec| told.payload_type == packet.header.payload_type;
    let mut known = span.codecs.iter().filter(of_type);
    let mut before = known.clone().filter(|told| told.at <= packet.at);
    let told = before.next_back().or_else(|| known.next())?;
    Some(told.codec)
}
