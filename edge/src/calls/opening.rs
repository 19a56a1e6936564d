//! What an INVITE asks for, and every way it is refused.

use talkpath_engine::negotiate::{self, AudioAnswer};

use super::desk::Desk;
use super::{Destination, MediaRefusal, MediaSession};
use crate::limits::{Limit, Permit};
use crate::sdp::{self, Remote, SdpError};
use crate::sip::Counters;
use crate::sip::counters::Counter;
use crate::sip::message::{Request, Response};

/// Why an INVITE is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    Draining,
    Merged,
    Extension(String),
    Limit(Limit),
    UnknownUser(String),
    BodyType(String),
    Sdp(SdpError),
    NoCodec(String),
    Media(MediaRefusal),
    Cancelled,
}

impl Refusal {
    /// The response that says so.
    pub fn response(&self) -> Response {
        match self {
            Self::Draining => Response::refusal(503, "the server is going down"),
            Self::Merged => Response::refusal(482, "this call came twice"),
            Self::Extension(tags) => {
                Response::refusal(420, "an extension is required that is not here")
                    .with("Unsupported", tags.clone())
            }
            Self::Limit(limit) => {
                let response = Response::refusal(limit.status(), &limit.to_string());
                match limit.retry_after() {
                    Some(seconds) => response.with("Retry-After", seconds.to_string()),
                    None => response,
                }
            }
            Self::UnknownUser(user) => {
                Response::refusal(404, &format!("nobody here is called {user}"))
            }
            Self::BodyType(actual) => {
                Response::refusal(415, &format!("a body of {actual} is not read"))
                    .with("Accept", sdp::CONTENT_TYPE)
            }
            Self::Sdp(error) => Response::refusal(error.status(), &error.to_string()),
            Self::NoCodec(why) => Response::refusal(488, why),
            Self::Media(refusal) => Response::refusal(refusal.status(), &refusal.to_string()),
            Self::Cancelled => Response::new(487),
        }
    }

    /// The counter that counts it.
    pub fn counter<'a>(&self, counters: &'a Counters) -> &'a Counter {
        match self {
            Self::Draining => &counters.refused_draining,
            Self::Merged => &counters.refused_merged,
            Self::Extension(_) => &counters.refused_extension,
            Self::Limit(Limit::Invites { .. }) => &counters.refused_invite_rate,
            Self::Limit(Limit::InvitesPerSource { .. }) => &counters.refused_invite_rate_source,
            Self::Limit(Limit::Calls { .. }) => &counters.refused_calls,
            Self::Limit(Limit::CallsPerSource { .. }) => &counters.refused_calls_source,
            Self::Limit(Limit::Rooms { .. }) => &counters.refused_rooms,
            Self::Limit(Limit::LegsPerRoom { .. }) => &counters.refused_room_full,
            Self::UnknownUser(_) | Self::Media(MediaRefusal::Unknown(_)) => {
                &counters.refused_unknown_user
            }
            Self::BodyType(_) => &counters.refused_bad_body,
            Self::Sdp(error) if error.status() == 400 => &counters.refused_bad_body,
            Self::Sdp(_) => &counters.refused_sdp,
            Self::NoCodec(_) => &counters.refused_no_codec,
            Self::Media(MediaRefusal::Capacity(_)) => &counters.refused_capacity,
            Self::Media(MediaRefusal::NotHere(_)) => &counters.refused_sdp,
            Self::Media(MediaRefusal::Failed(_)) => &counters.refused_media,
            Self::Cancelled => &counters.calls_cancelled,
        }
    }
}

/// An INVITE we mean to answer.
pub(super) struct Opening {
    pub destination: Destination,
    pub permit: Permit,
    pub terms: Terms,
}

/// What the body of an INVITE or ACK proposes.
pub(super) enum Terms {
    /// Nothing: the offer is ours to make.
    Ours,
    /// An offer, and our answer to it.
    Theirs(Box<Agreed>),
}

/// An offer with its answer.
pub(super) struct Agreed {
    pub remote: Remote,
    pub answer: AudioAnswer,
}

impl Agreed {
    /// As the media side wants it.
    pub fn session(&self) -> MediaSession {
        MediaSession {
            answer: self.answer,
            remote_rtp: self.remote.rtp,
            remote_rtcp: self.remote.rtcp,
        }
    }
}

/// Looks at a first INVITE.
pub(super) fn look(desk: &Desk, request: &Request) -> Result<Opening, Refusal> {
    let unknown = || Refusal::UnknownUser(request.user.clone());
    let destination = Destination::parse(&request.user).ok_or_else(unknown)?;
    let terms = terms(desk, request)?;
    let source = request.source.ip();
    let permit = desk
        .admission
        .admit(source, destination.shared_room())
        .map_err(Refusal::Limit)?;
    Ok(Opening {
        destination,
        permit,
        terms,
    })
}

/// Reads the body of an INVITE.
pub(super) fn terms(desk: &Desk, request: &Request) -> Result<Terms, Refusal> {
    if request.body.is_empty() {
        return Ok(Terms::Ours);
    }
    match request.content_type.as_deref() {
        Some(sdp::CONTENT_TYPE) | None => {}
        Some(other) => return Err(Refusal::BodyType(other.to_owned())),
    }
    agree(desk, &request.body).map(|agreed| Terms::Theirs(Box::new(agreed)))
}

/// Reads a description and answers it.
pub(super) fn agree(desk: &Desk, body: &[u8]) -> Result<Agreed, Refusal> {
    let remote = sdp::read(body).map_err(Refusal::Sdp)?;
    let settings = &desk.settings;
    let answer = negotiate::answer(&remote.audio, &settings.capabilities, settings.frame);
    let answer = answer.map_err(|refusal| Refusal::NoCodec(refusal.to_string()))?;
    Ok(Agreed { remote, answer })
}
