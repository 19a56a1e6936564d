//! The answer to an offer of ours.

use talkpath_graph::FrameTime;
use talkpath_nodes::codec::Codec;

use super::answer::{check_payload_types, opus_towards};
use super::{
    Alongside, AudioAnswer, AudioOffer, Capabilities, Numbers, OfferedCodec, Refusal, mirrored,
    narrowed, packet_time,
};

/// What was agreed on by `answered`, the other side's answer to `ours`, which `can` has made for a room whose frame is `room`.
///
/// The codec is the first of the answer that we offered. The answer may give it another payload type: we send what it
/// says and hear what we said. The direction is what is left of ours.
///
/// # Errors
/// [`Refusal::NotOffered`] if the answer names no codec of the offer; else as [`answer`](super::answer).
pub fn settle(
    ours: &AudioOffer,
    answered: &AudioOffer,
    can: &Capabilities,
    room: FrameTime,
) -> Result<AudioAnswer, Refusal> {
    check_payload_types(&answered.codecs)?;
    packet_time::check(answered)?;
    let numbers = |theirs: &OfferedCodec| {
        let mine = ours.codecs.iter().find(|mine| mine.means(theirs))?;
        Some(Numbers {
            receive: mine.payload_type,
            send: theirs.payload_type,
        })
    };
    let (codec, own) = first(&answered.codecs, numbers).ok_or_else(|| Refusal::NotOffered {
        offered: ours.codecs.clone(),
        answered: answered.codecs.clone(),
    })?;
    let wished = packet_time::wished(can.packet_time, answered, room.as_duration());
    let alongside = Alongside::of((codec, own), &answered.codecs, can, numbers);
    let told_apart = own.may_share_port() && alongside.may_share_port();
    let ptime = packet_time::fitted(wished, answered, codec);
    let (ptime, opus) = opus_towards(answered, codec, own.send, ptime);
    Ok(AudioAnswer {
        codec,
        numbers: own,
        opus,
        ptime,
        direction: narrowed(mirrored(answered.direction), ours.direction),
        rtcp_mux: ours.rtcp_mux && answered.rtcp_mux && told_apart,
        alongside,
    })
}

fn first(
    answered: &[OfferedCodec],
    numbers: impl Fn(&OfferedCodec) -> Option<Numbers>,
) -> Option<(Codec, Numbers)> {
    answered
        .iter()
        .find_map(|one| Some((one.codec()?, numbers(one)?)))
}
