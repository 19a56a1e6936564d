//! Writing our description: the answer to an offer, or an offer of ours.

use std::net::SocketAddr;
use std::time::Duration;

use sdp_types::{Attribute, Connection, Media, Origin, Session};
use talkpath_engine::negotiate::{AudioAnswer, AudioOffer, Direction, OfferedCodec};

use super::{Remote, RemoteLine};

/// Where we hear a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// RTP.
    pub rtp: SocketAddr,
    /// RTCP, unless it shares the RTP port.
    pub rtcp: SocketAddr,
}

/// Our side's description over the life of one call.
///
/// The session id stays; the version goes up by one whenever what we say differs from what we
/// said before, and only then (RFC 3264, section 8).
#[derive(Debug, Clone)]
pub struct Description {
    id: u64,
    version: u64,
    said: Option<Session>,
}

impl Description {
    /// A description nobody has heard yet. `id` is to be unique among our calls.
    pub fn new(id: u64) -> Self {
        // 63 bits: some phones read it as a signed number.
        Self {
            id: id >> 1,
            version: 1,
            said: None,
        }
    }

    /// The answer to `remote`: its audio line answered, every other line refused in place.
    pub fn answer(&mut self, remote: &Remote, answer: &AudioAnswer, place: Place) -> Vec<u8> {
        let ours = described(place, &spoken(answer));
        let medias = remote.lines.iter().enumerate().map(|(index, line)| {
            if index == remote.chosen {
                ours.clone()
            } else {
                refused(line)
            }
        });
        let medias = medias.collect();
        self.say(medias, place)
    }

    /// An offer of ours.
    pub fn offer(&mut self, offer: &AudioOffer, place: Place) -> Vec<u8> {
        self.say(vec![described(place, offer)], place)
    }

    fn say(&mut self, medias: Vec<Media>, place: Place) -> Vec<u8> {
        let mut origin = Origin::with_ip_addr(self.id, self.version, place.rtp.ip());
        origin.username = Some("-".to_owned());
        let mut session = Session::new(origin, "talkpath");
        session.connection = Some(Connection::from_ip_addr(place.rtp.ip()));
        session.medias = medias;
        if self.said.as_ref().is_some_and(|said| *said != session) {
            self.version += 1;
            session.origin.sess_version = self.version;
        }
        let mut text = Vec::with_capacity(512);
        session
            .write(&mut text)
            .expect("writing to a Vec does not fail");
        self.said = Some(session);
        text
    }
}

/// An answer in the form of an offer: the same lines say both.
fn spoken(answer: &AudioAnswer) -> AudioOffer {
    AudioOffer {
        codecs: answer.formats(),
        ptime: Some(answer.ptime),
        maxptime: Some(answer.codec.max_ptime()),
        direction: answer.direction,
        rtcp_mux: answer.rtcp_mux,
    }
}

fn described(place: Place, audio: &AudioOffer) -> Media {
    let numbers: Vec<_> = audio
        .codecs
        .iter()
        .map(|codec| codec.payload_type.to_string())
        .collect();
    let mut media = media(place, audio.rtcp_mux, numbers.join(" "));
    let lines = &mut media.attributes;
    for codec in &audio.codecs {
        lines.push(rtpmap(codec));
        lines.extend(
            codec.fmtp.as_deref().map(|fmtp| {
                Attribute::with_value("fmtp", format!("{} {fmtp}", codec.payload_type))
            }),
        );
    }
    lines.extend(audio.ptime.map(|ptime| milliseconds("ptime", ptime)));
    lines.extend(audio.maxptime.map(|max| milliseconds("maxptime", max)));
    lines.push(direction(audio.direction));
    media
}

fn media(place: Place, rtcp_mux: bool, formats: String) -> Media {
    let mut media = line("audio", "RTP/AVP", formats, place.rtp.port());
    if rtcp_mux {
        media.attributes.push(Attribute::new("rtcp-mux"));
    } else if place.rtcp.port() != place.rtp.port().wrapping_add(1) {
        media
            .attributes
            .push(Attribute::with_value("rtcp", place.rtcp.port()));
    }
    media
}

fn refused(theirs: &RemoteLine) -> Media {
    line(&theirs.media, &theirs.proto, theirs.formats.clone(), 0)
}

fn line(media: &str, proto: &str, fmt: String, port: u16) -> Media {
    Media {
        media: media.to_owned(),
        port,
        num_ports: None,
        proto: proto.to_owned(),
        fmt,
        media_title: None,
        connections: Vec::new(),
        bandwidths: Vec::new(),
        key: None,
        attributes: Vec::new(),
    }
}

fn rtpmap(codec: &OfferedCodec) -> Attribute {
    let OfferedCodec {
        payload_type,
        name,
        clock_rate,
        channels,
        ..
    } = codec;
    let map = format!("{payload_type} {name}/{clock_rate}");
    Attribute::with_value(
        "rtpmap",
        match channels {
            1 => map,
            _ => format!("{map}/{channels}"),
        },
    )
}

fn milliseconds(name: &str, span: Duration) -> Attribute {
    Attribute::with_value(name, span.as_millis())
}

fn direction(direction: Direction) -> Attribute {
    Attribute::new(match (direction.send, direction.receive) {
        (true, true) => "sendrecv",
        (true, false) => "sendonly",
        (false, true) => "recvonly",
        (false, false) => "inactive",
    })
}
