//! Requests, responses and reasons, in words that belong to no stack.

use std::fmt;
use std::net::SocketAddr;

/// Methods we tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// INVITE, first or in a dialog.
    Invite,
    /// BYE.
    Bye,
    /// OPTIONS.
    Options,
    /// Any other: refused with 405.
    Other,
}

/// The methods we serve, as `Allow` says it.
pub const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS";

/// How a request reached us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// A connection.
    Tcp,
}

/// Identity of a dialog, seen from us.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DialogId {
    /// Call-ID.
    pub call_id: String,
    /// Our tag: of `To` in what they send.
    pub local: String,
    /// Their tag: of `From` in what they send.
    pub remote: String,
}

/// What a request says of its own importance, in lower case; anybody may say anything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims {
    /// Values of `Resource-Priority`, `NAMESPACE.VALUE` each (RFC 4412, section 3.1).
    pub resource: Vec<String>,
    /// `Priority` (RFC 3261, section 20.26).
    pub priority: Option<String>,
}

/// A request from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Its method.
    pub method: Method,
    /// User part of the request URI, percent-decoded; the whole of a URN; empty if there is none.
    pub user: String,
    /// Where it came from.
    pub source: SocketAddr,
    /// How it came.
    pub transport: Transport,
    /// Call-ID and tags. `local` is the tag that answers it, ours to choose outside a dialog.
    pub dialog: DialogId,
    /// True if it came with our tag, so belongs to a dialog of ours or to one long gone.
    pub in_dialog: bool,
    /// Number in `CSeq`.
    pub cseq: u32,
    /// Option tags of `Require`.
    pub required: Vec<String>,
    /// What it says of its own importance.
    pub claims: Claims,
    /// `Content-Type`, lower case, without parameters; `None` without body.
    pub content_type: Option<String>,
    /// Body.
    pub body: Vec<u8>,
}

#[cfg(test)]
impl Request {
    /// A first INVITE to `user`.
    pub(crate) fn invite(source: &str, call_id: &str, user: &str) -> Self {
        Self {
            method: Method::Invite,
            user: user.to_owned(),
            source: source.parse().expect("an address"),
            transport: Transport::Udp,
            dialog: DialogId {
                call_id: call_id.to_owned(),
                local: "a".to_owned(),
                remote: "b".to_owned(),
            },
            in_dialog: false,
            cseq: 1,
            required: Vec::new(),
            claims: Claims::default(),
            content_type: None,
            body: Vec::new(),
        }
    }
}

/// An answer of ours. The stack adds what belongs to the transaction (`Via` to `CSeq`), and
/// `Contact` where one belongs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Response {
    /// Status, 100 to 699.
    pub status: u16,
    /// Headers beside those of the transaction.
    pub headers: Vec<(&'static str, String)>,
    /// A session description.
    pub sdp: Option<Vec<u8>>,
}

impl Response {
    /// A response of `status` and nothing else.
    pub fn new(status: u16) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }

    /// A refusal that says why: in `Reason` for machines and logs, in `Warning` for people.
    pub fn refusal(status: u16, why: &str) -> Self {
        let text = quotable(why);
        let warning = if status == 488 { 305 } else { 399 };
        Self::new(status)
            .with("Reason", format!("SIP;cause={status};text=\"{text}\""))
            .with("Warning", format!("{warning} talkpath \"{text}\""))
    }

    /// The same with one more header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The same with a session description.
    #[must_use]
    pub fn with_sdp(mut self, sdp: Vec<u8>) -> Self {
        self.sdp = Some(sdp);
        self
    }
}

/// Cause of Q.850 for a call that had to make room.
pub const PREEMPTION: u8 = 8;

/// Why we end a call, as `Reason` in BYE (RFC 3326, Q.850 causes; RFC 4411 for one that had to make room).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reason {
    /// Cause of Q.850: 8 displaced, 16 normal, 38 out of order, 41 temporary failure, 102 timer expired.
    pub cause: u8,
    /// In words.
    pub text: String,
}

impl Reason {
    /// A reason.
    pub fn new(cause: u8, text: impl Into<String>) -> Self {
        Self {
            cause,
            text: text.into(),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (cause, text) = (self.cause, quotable(&self.text));
        if cause == PREEMPTION {
            // RFC 4411, section 5: by a user agent.
            write!(f, "preemption ;cause=1 ;text=\"{text}\", ")?;
        }
        write!(f, "Q.850;cause={cause};text=\"{text}\"")
    }
}

/// `text` as it may stand between quotes in a header: printable, short, nothing to escape.
pub fn quotable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '"' | '\\' => '\'',
            c if c.is_control() => ' ',
            c => c,
        })
        .take(160)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_cannot_break_out_of_its_header() {
        let refusal = Response::refusal(488, "no codec \"x\"\r\nInjected: yes\\");
        for (_, value) in &refusal.headers {
            assert!(!value.contains(['\r', '\n', '\\']), "{value}");
            assert_eq!(value.matches('"').count(), 2, "{value}");
        }
    }

    #[test]
    fn a_reason_reads_as_rfc_3326_has_it() {
        let reason = Reason::new(16, "clip finished");
        assert_eq!(reason.to_string(), "Q.850;cause=16;text=\"clip finished\"");
        let reason = Reason::new(PREEMPTION, "room is needed");
        assert_eq!(
            reason.to_string(),
            "preemption ;cause=1 ;text=\"room is needed\", Q.850;cause=8;text=\"room is needed\""
        );
    }
}
