//! The answer to an offer.

use std::time::Duration;

use talkpath_graph::FrameTime;
use talkpath_nodes::codec::{Codec, OpusRate, OpusSettings};

use super::capability::holds;
use super::opus::{OpusParameters, OpusSending};
use super::{
    Alongside, AudioOffer, Capabilities, Difference, LONGEST_PTIME, Numbers, OfferedCodec, Order,
    Refusal, SHORTEST_PTIME, mirrored, packet_time,
};
use crate::proto::Direction;

/// What a leg will speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AudioAnswer {
    /// The codec, both ways.
    pub codec: Codec,
    /// Its RTP payload types. Those of an answer of ours are the offer's.
    pub numbers: Numbers,
    /// How our encoder is set if the codec is Opus.
    pub opus: OpusSettings,
    /// Packet time we send and like to receive: whole tens of milliseconds, 10 to 60 ms.
    pub ptime: Duration,
    /// Seen from us: `receive` what the offerer sends, `send` what it wants to hear.
    pub direction: Direction,
    /// RTP and RTCP share a port.
    pub rtcp_mux: bool,
    /// What goes beside the codec.
    pub alongside: Alongside,
}

/// Answers `offer` from what `ours` can, for a room whose frame is `room`.
///
/// The packet time is the room's frame, or what the offer asks for ([`Capabilities::packet_time`]), as long as the offer's
/// `maxptime` and a payload of 1,280 bytes (L16/48000: 10 ms) allow it; else the most whole tens of milliseconds they
/// allow. What goes beside the codec is taken up where both have it at the RTP clock of the codec.
///
/// # Errors
/// A [`Refusal`] with the reason, fit for a 488.
pub fn answer(
    offer: &AudioOffer,
    ours: &Capabilities,
    room: FrameTime,
) -> Result<AudioAnswer, Refusal> {
    let found = candidates(offer, ours)?;
    let first = *found.first().ok_or_else(|| no_codec(offer, ours))?;
    let wished = packet_time::wished(ours.packet_time, offer, room.as_duration());
    let ptime = packet_time::fitted(wished, offer, first.codec);
    Ok(conclude(offer, ours, first, ptime))
}

/// Answers another offer in a session that has agreed on `before`: a hold, another codec or packet time, events that come or
/// go. The difference says what the caller has to change; nothing if the offer was a sign of life only.
///
/// # Errors
/// As [`answer`]; the session goes on as it was then.
pub fn answer_again(
    before: &AudioAnswer,
    offer: &AudioOffer,
    ours: &Capabilities,
    room: FrameTime,
) -> Result<(AudioAnswer, Difference), Refusal> {
    let now = answer(offer, ours, room)?;
    Ok((now, now.since(before)))
}

/// A codec of an offer that is usable.
#[derive(Clone, Copy)]
pub(super) struct Candidate {
    pub codec: Codec,
    pub payload_type: u8,
}

/// What the offer and we have in common, best first by the order that counts, each codec once.
///
/// # Errors
/// The offer is none, or its packets are too short. That there is nothing in common is no error here.
pub(super) fn candidates(
    offer: &AudioOffer,
    ours: &Capabilities,
) -> Result<Vec<Candidate>, Refusal> {
    check_payload_types(&offer.codecs)?;
    packet_time::check(offer)?;
    let usable = ours.usable();
    let mut found: Vec<Candidate> = Vec::new();
    for offered in &offer.codecs {
        let payload_type = offered.payload_type;
        let known = offered.codec().filter(|codec| holds(&usable, *codec));
        if let Some(codec) = known
            && found.iter().all(|one| !one.codec.is_same_encoding(codec))
        {
            found.push(Candidate {
                codec,
                payload_type,
            });
        }
    }
    if ours.order == Order::Ours {
        found.sort_by_key(|one| {
            let is = |codec: &Codec| codec.is_same_encoding(one.codec);
            usable.iter().position(is)
        });
    }
    Ok(found)
}

/// The answer with the codec chosen.
pub(super) fn conclude(
    offer: &AudioOffer,
    ours: &Capabilities,
    chosen: Candidate,
    ptime: Duration,
) -> AudioAnswer {
    let numbers = Numbers::same(chosen.payload_type);
    let same = |one: &OfferedCodec| Some(Numbers::same(one.payload_type));
    let alongside = Alongside::of((chosen.codec, numbers), &offer.codecs, ours, same);
    let told_apart = numbers.may_share_port() && alongside.may_share_port();
    let (ptime, opus) = opus_towards(offer, chosen.codec, numbers.send, ptime);
    AudioAnswer {
        codec: chosen.codec,
        numbers,
        ptime,
        opus,
        direction: mirrored(offer.direction),
        rtcp_mux: offer.rtcp_mux && ours.rtcp_mux && told_apart,
        alongside,
    }
}

/// How Opus is sent to who wrote `theirs`, and in packets of what time: `ptime`, unless that is shorter than they want.
pub(super) fn opus_towards(
    theirs: &AudioOffer,
    codec: Codec,
    number: u8,
    ptime: Duration,
) -> (Duration, OpusSettings) {
    let one = theirs.codecs.iter().find(|one| one.payload_type == number);
    let Some(Ok(parameters)) = one.and_then(OpusParameters::of) else {
        return (ptime, OpusSettings::default());
    };
    let sending = OpusSending::ours(ptime).fitted_to(&parameters);
    let most = theirs.maxptime.unwrap_or(LONGEST_PTIME);
    let mut frames = (1..=6).map(|tens| SHORTEST_PTIME * tens);
    let fits = |frame: &Duration| codec.has_ptime(*frame) && (sending.ptime..=most).contains(frame);
    (frames.find(fits).unwrap_or(ptime), sending.settings())
}

pub(super) fn no_codec(offer: &AudioOffer, ours: &Capabilities) -> Refusal {
    let unread = |one: &OfferedCodec| Some((one.payload_type, OpusParameters::of(one)?.err()?));
    if holds(&ours.usable(), Codec::Opus(OpusRate::Full))
        && let Some((payload_type, why)) = offer.codecs.iter().find_map(unread)
    {
        return Refusal::Parameters { payload_type, why };
    }
    Refusal::NoCodec {
        offered: offer.codecs.clone(),
        supported: ours.usable(),
    }
}

/// # Errors
/// [`Refusal::BadPayloadType`].
pub(super) fn check_payload_types(codecs: &[OfferedCodec]) -> Result<(), Refusal> {
    let mut seen = [false; 128];
    for &OfferedCodec { payload_type, .. } in codecs {
        match seen.get_mut(usize::from(payload_type)) {
            Some(seen) if !*seen => *seen = true,
            _ => return Err(Refusal::BadPayloadType { payload_type }),
        }
    }
    Ok(())
}
