//! What an INVITE asks for, and every way it is refused.

use talkpath_engine::Priority;
use talkpath_engine::negotiate::{self, AudioAnswer, AudioOffer};

use super::desk::Desk;
use super::{Destination, MediaRefusal, MediaSession};
use crate::limits::{Limit, Permit};
use crate::priority::NotServed;
use crate::sdp::{self, Remote, SdpError};
use crate::sip::Counters;
use crate::sip::counters::Counter;
use crate::sip::message::{Request, Response};

/// Why an INVITE is refused, in the words the caller is told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("the server is going down")]
    Draining,
    #[error("this call came twice")]
    Merged,
    #[error("an extension is required that is not here")]
    Extension(String),
    #[error("{why}")]
    Priority {
        why: NotServed,
        /// What would be taken.
        accepted: String,
    },
    #[error("{0}")]
    Limit(Limit),
    #[error("nobody here is called {user}{hint}")]
    UnknownUser { user: String, hint: String },
    #[error("a body of {0} is not read")]
    BodyType(String),
    #[error("{0}")]
    Sdp(SdpError),
    #[error("{0}")]
    NoCodec(String),
    #[error("{0}")]
    Media(MediaRefusal),
    #[error("the caller gave up")]
    Cancelled,
}

impl Refusal {
    /// The response that says so.
    pub fn response(&self) -> Response {
        let with_reason = |status| Response::refusal(status, &self.to_string());
        match self {
            Self::Draining => with_reason(503),
            Self::Merged => with_reason(482),
            Self::Extension(tags) => with_reason(420).with("Unsupported", tags.clone()),
            Self::Priority { why, accepted } => match why {
                NotServed::Unknown => {
                    with_reason(417).with("Accept-Resource-Priority", accepted.clone())
                }
                NotServed::NotTrusted => with_reason(403),
            },
            Self::Limit(limit) => {
                let response = with_reason(limit.status());
                match limit.retry_after() {
                    Some(seconds) => response.with("Retry-After", seconds.to_string()),
                    None => response,
                }
            }
            Self::UnknownUser { .. } => with_reason(404),
            Self::BodyType(_) => with_reason(415).with("Accept", sdp::CONTENT_TYPE),
            Self::Sdp(error) => with_reason(error.status()),
            Self::NoCodec(_) => with_reason(488),
            Self::Media(refusal) => match (with_reason(refusal.status()), refusal.retry_after()) {
                (response, Some(seconds)) => response.with("Retry-After", seconds.to_string()),
                (response, None) => response,
            },
            Self::Cancelled => Response::new(487),
        }
    }

    /// The counter that counts it.
    pub fn counter<'a>(&self, counters: &'a Counters) -> &'a Counter {
        match self {
            Self::Draining => &counters.refused_draining,
            Self::Merged => &counters.refused_merged,
            Self::Extension(_) => &counters.refused_extension,
            Self::Priority { why, .. } => match why {
                NotServed::Unknown => &counters.refused_priority_unknown,
                NotServed::NotTrusted => &counters.refused_priority_untrusted,
            },
            Self::Limit(Limit::Invites { .. }) => &counters.refused_invite_rate,
            Self::Limit(Limit::InvitesPerSource { .. }) => &counters.refused_invite_rate_source,
            Self::Limit(Limit::Calls { .. }) => &counters.refused_calls,
            Self::Limit(Limit::CallsPerSource { .. }) => &counters.refused_calls_source,
            Self::Limit(Limit::Rooms { .. }) => &counters.refused_rooms,
            Self::Limit(Limit::LegsPerRoom { .. }) => &counters.refused_room_full,
            Self::UnknownUser { .. } | Self::Media(MediaRefusal::Unknown(_)) => {
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
pub(super) fn look(desk: &Desk, request: &Request, class: Priority) -> Result<Opening, Refusal> {
    let unknown = || Refusal::UnknownUser {
        user: request.user.clone(),
        hint: Destination::hint(&request.user),
    };
    let stands_in = || Destination::parse(desk.settings.precedence.stands_in(&request.user)?);
    let destination = Destination::parse(&request.user)
        .or_else(stands_in)
        .ok_or_else(unknown)?;
    let terms = terms(desk, request)?;
    let source = request.source.ip();
    let permit = desk
        .admission
        .admit(source, destination.shared_room(), class)
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
    let agreed = agree(&request.body, |offer| {
        let settings = &desk.settings;
        negotiate::answer(offer, &settings.capabilities, settings.frame)
    })?;
    Ok(Terms::Theirs(Box::new(agreed)))
}

/// Reads the answer to `ours`.
pub(super) fn answered(desk: &Desk, ours: &AudioOffer, body: &[u8]) -> Result<Agreed, Refusal> {
    let settings = &desk.settings;
    agree(body, |theirs| {
        negotiate::settle(ours, theirs, &settings.capabilities, settings.frame)
    })
}

/// Reads a description and agrees with it.
fn agree(
    body: &[u8],
    with: impl FnOnce(&AudioOffer) -> Result<AudioAnswer, negotiate::Refusal>,
) -> Result<Agreed, Refusal> {
    let remote = sdp::read(body).map_err(Refusal::Sdp)?;
    let answer = with(&remote.audio).map_err(|refusal| Refusal::NoCodec(refusal.to_string()))?;
    Ok(Agreed { remote, answer })
}
