//! Offers and answers: an answer is always acceptable to the offer it answers.

mod again;
mod answers;
mod beside;
mod lists;
mod offers;
mod opus;
mod property;
mod sides;

use talkpath_engine::negotiate::{
    AudioAnswer, AudioOffer, Capabilities, Direction, OfferedCodec, answer,
};
use talkpath_graph::{FrameTime, SampleRate};
use talkpath_nodes::codec::Codec;

const HELD: Direction = Direction {
    receive: true,
    send: false,
};

fn offer(codecs: Vec<OfferedCodec>) -> AudioOffer {
    AudioOffer {
        codecs,
        ptime: None,
        maxptime: None,
        direction: Direction::BOTH,
        rtcp_mux: false,
    }
}

fn l16(rate: SampleRate, payload_type: u8) -> OfferedCodec {
    OfferedCodec::of(Codec::L16(rate), payload_type)
}

fn pcmu() -> OfferedCodec {
    OfferedCodec::of(Codec::Pcmu, 0)
}

fn pcma() -> OfferedCodec {
    OfferedCodec::of(Codec::Pcma, 8)
}

fn g722() -> OfferedCodec {
    OfferedCodec::of(Codec::G722, 9)
}

/// As in `a=rtpmap:NUMBER NAME/CLOCK` with `a=fmtp:NUMBER FMTP`.
fn format(payload_type: u8, name: &str, clock_rate: u32, fmtp: Option<&str>) -> OfferedCodec {
    OfferedCodec {
        payload_type,
        name: name.to_owned(),
        clock_rate,
        channels: 1,
        fmtp: fmtp.map(str::to_owned),
    }
}

/// All there is beside codecs, switched on.
fn everything() -> Capabilities {
    Capabilities {
        telephone_event: true,
        comfort_noise: true,
        redundancy: true,
        ..Capabilities::default()
    }
}

fn answered(codecs: Vec<OfferedCodec>, ours: &Capabilities) -> AudioAnswer {
    let offered = offer(codecs);
    let answered = answer(&offered, ours, FrameTime::Ms20).expect("there is something in common");
    assert!(answered.acceptable_to(&offered), "{answered:?}");
    answered
}
