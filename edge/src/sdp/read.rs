//! Reading the other side's description: its audio line, addresses and direction; the codecs of the line are read in
//! [`codecs`].

mod codecs;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use sdp_types::{Attribute, Connection, Media, Session};
use talkpath_engine::negotiate::{AudioOffer, Direction};

use super::{LONGEST, MOST_LINES, SdpError};
use codecs::codecs;

/// One m-line, as far as refusing it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteLine {
    /// Kind of media, such as `video`.
    pub media: String,
    /// Transport, such as `RTP/AVP`.
    pub proto: String,
    /// The formats, as they stand.
    pub formats: String,
}

/// What the other side described.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// Its audio stream. A hold by `c=0.0.0.0` is a direction here.
    pub audio: AudioOffer,
    /// Where it hears RTP; unspecified while it is on hold by address.
    pub rtp: SocketAddr,
    /// Where it hears RTCP.
    pub rtcp: SocketAddr,
    /// Every m-line, in order.
    pub lines: Vec<RemoteLine>,
    /// Index in `lines` of the audio stream.
    pub chosen: usize,
}

/// Reads a description and picks its first audio line over plain RTP that has a port.
///
/// # Errors
/// What is wrong with it, fit for a 400 or 488 ([`SdpError::status`]).
pub fn read(body: &[u8]) -> Result<Remote, SdpError> {
    if body.len() > LONGEST {
        return Err(SdpError::TooLong { actual: body.len() });
    }
    let session = Session::parse(body).map_err(|error| SdpError::Syntax {
        what: error.to_string(),
    })?;
    if session.medias.len() > MOST_LINES {
        return Err(SdpError::TooManyLines {
            actual: session.medias.len(),
        });
    }
    let chosen = pick(&session.medias)?;
    let media = &session.medias[chosen];
    let address = address(&session, media)?;
    let rtp = SocketAddr::new(address, media.port);
    let rtcp_mux = media.has_attribute("rtcp-mux");
    let rtcp = if rtcp_mux {
        rtp
    } else {
        rtcp_address(media, rtp)
    };
    Ok(Remote {
        audio: AudioOffer {
            codecs: codecs(media)?,
            ptime: milliseconds(media, "ptime"),
            maxptime: milliseconds(media, "maxptime"),
            direction: direction(&session, media, address),
            rtcp_mux,
        },
        rtp,
        rtcp,
        lines: session.medias.iter().map(line).collect(),
        chosen,
    })
}

fn line(media: &Media) -> RemoteLine {
    RemoteLine {
        media: media.media.clone(),
        proto: media.proto.clone(),
        formats: media.fmt.clone(),
    }
}

fn pick(medias: &[Media]) -> Result<usize, SdpError> {
    let audio =
        |media: &Media| media.media == "audio" && media.proto.eq_ignore_ascii_case("RTP/AVP");
    let open = medias
        .iter()
        .position(|media| audio(media) && media.port != 0);
    open.ok_or_else(|| {
        if medias.iter().any(audio) {
            SdpError::PortZero
        } else {
            SdpError::NoAudio
        }
    })
}

/// The stream's own `c=` line, else the session's.
fn address(session: &Session, media: &Media) -> Result<IpAddr, SdpError> {
    let connection = media.connections.first().or(session.connection.as_ref());
    let refused = |connection: Option<&Connection>, what| SdpError::Address {
        actual: connection.map_or_else(String::new, |line| line.connection_address.clone()),
        what,
    };
    let connection = connection.ok_or_else(|| refused(None, "there is no c= line"))?;
    let address = connection
        .try_address()
        .map_err(|_| refused(Some(connection), "not an IP address"))?
        .ip
        .to_canonical();
    let broadcast = matches!(address, IpAddr::V4(address) if address.is_broadcast());
    if address.is_multicast() || broadcast {
        return Err(refused(Some(connection), "not the address of one host"));
    }
    Ok(address)
}

/// `a=rtcp:` (RFC 3605), else the port above the RTP port.
fn rtcp_address(media: &Media, rtp: SocketAddr) -> SocketAddr {
    let next = SocketAddr::new(rtp.ip(), rtp.port().checked_add(1).unwrap_or(rtp.port()));
    let Some(Some(value)) = media.get_first_attribute_value("rtcp") else {
        return next;
    };
    let mut words = value.split_ascii_whitespace();
    let port = words
        .next()
        .and_then(|port| port.parse::<u16>().ok())
        .filter(|&port| port != 0);
    let ip = words.nth(2).and_then(|ip| ip.parse::<IpAddr>().ok());
    let ip = ip.filter(|ip| !ip.is_multicast() && ip.is_ipv4() == rtp.is_ipv4());
    port.map_or(next, |port| SocketAddr::new(ip.unwrap_or(rtp.ip()), port))
}

/// A packet time of the stream; one outside 1 ms to 1 s is as good as none.
fn milliseconds(media: &Media, name: &str) -> Option<Duration> {
    let value: f64 = media
        .get_first_attribute_value(name)??
        .trim()
        .parse()
        .ok()?;
    (1.0..=1000.0)
        .contains(&value)
        .then(|| Duration::from_secs_f64(value / 1000.0))
}

fn direction(session: &Session, media: &Media, address: IpAddr) -> Direction {
    let of = |attributes: &[Attribute]| {
        attributes
            .iter()
            .find_map(|attribute| match attribute.attribute.as_str() {
                "sendrecv" => Some(Direction {
                    send: true,
                    receive: true,
                }),
                "sendonly" => Some(Direction {
                    send: true,
                    receive: false,
                }),
                "recvonly" => Some(Direction {
                    send: false,
                    receive: true,
                }),
                "inactive" => Some(Direction {
                    send: false,
                    receive: false,
                }),
                _ => None,
            })
    };
    let said = of(&media.attributes).or_else(|| of(&session.attributes));
    let mut direction = said.unwrap_or(Direction::BOTH);
    // The hold of old phones: nothing can be sent to nowhere.
    direction.receive &= !address.is_unspecified();
    direction
}
