//! What comes in from a socket is judged here before the stack sees it.
//!
//! Denied networks are told 403 without any state; what is no SIP is counted, and answered with
//! 400 as far as it can be (a request with `Via`; never a response, never an ACK). The answer
//! copies header lines and parses nothing further, so the worst input costs one pass over it.

mod answer;
mod framing;

use std::net::SocketAddr;
use std::sync::Arc;

use rsipstack::sip::{HeadersExt, SipMessage};
use rsipstack::transaction::key::{TransactionKey, TransactionRole};

use super::super::counters::Counters;
use crate::limits::Limits;
use answer::answer;
pub(super) use framing::{Length, content_length, headers_end};
use framing::{body_length, first_line};

/// Longest datagram the stack takes, in bytes.
pub(super) const LONGEST_DATAGRAM: usize = 8_192;
/// Longest headers of any message that are looked at, in bytes, with the empty line after them.
pub(super) const LONGEST_HEADERS: usize = LONGEST_DATAGRAM;
/// Longest message on a connection, in bytes.
pub(super) const LONGEST_MESSAGE: usize = 65_535;
/// Methods the stack can parse.
const METHODS: [&str; 14] = [
    "ACK",
    "BYE",
    "CANCEL",
    "INFO",
    "INVITE",
    "MESSAGE",
    "NOTIFY",
    "OPTIONS",
    "PRACK",
    "PUBLISH",
    "REFER",
    "REGISTER",
    "SUBSCRIBE",
    "UPDATE",
];

/// Judges packets.
#[derive(Debug, Clone)]
pub(super) struct Door {
    limits: Arc<Limits>,
    counters: Arc<Counters>,
}

/// What becomes of a packet.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The stack takes it, with `Content-Length` added where a datagram had none.
    Pass(Option<String>),
    /// It is answered with this.
    Answer(Vec<u8>),
    /// It is forgotten.
    Drop,
}

impl Door {
    pub(super) fn new(limits: &Limits, counters: Arc<Counters>) -> Self {
        Self {
            limits: Arc::new(limits.clone()),
            counters,
        }
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(super) fn counters(&self) -> &Counters {
        &self.counters
    }

    /// True if `source` may talk to us; counts it if not.
    pub(super) fn admits(&self, source: SocketAddr) -> bool {
        let admitted = self.limits.admits(source.ip());
        if !admitted {
            self.counters.refused_network.add_one();
        }
        admitted
    }

    /// Judges one datagram.
    pub(super) fn judge_datagram(&self, packet: &[u8], source: SocketAddr) -> Verdict {
        if !self.admits(source) {
            return answer(packet, 403, "Forbidden", "not from this network");
        }
        // Keep-alives of phones (RFC 5626, section 4.4.1).
        if packet.iter().all(u8::is_ascii_whitespace) {
            return Verdict::Pass(None);
        }
        if packet.len() > LONGEST_DATAGRAM {
            return self.too_long(packet, LONGEST_DATAGRAM);
        }
        let body = body_length(packet);
        match (content_length(packet), body) {
            (_, None) => self.malformed(packet, "no empty line after the headers"),
            (Length::Bad, _) => self.malformed(packet, "bad Content-Length"),
            (Length::Is(said), Some(have)) if said > have => {
                self.malformed(packet, "the body is shorter than Content-Length says")
            }
            // RFC 3261, section 18.3: the body of a datagram then ends with the datagram.
            (Length::None, Some(have)) if have > 0 => {
                let fixed = self.judge_message(packet);
                let line = format!("\r\nContent-Length: {have}");
                if fixed == Verdict::Pass(None) {
                    Verdict::Pass(Some(line))
                } else {
                    fixed
                }
            }
            _ => self.judge_message(packet),
        }
    }

    /// Judges one message whose length is right.
    pub(super) fn judge_message(&self, message: &[u8]) -> Verdict {
        match check(message) {
            Ok(()) => Verdict::Pass(None),
            Err(why) => self.malformed(message, &why),
        }
    }

    /// Refuses what is longer than `limit` bytes, or says it is.
    pub(super) fn too_long(&self, packet: &[u8], limit: usize) -> Verdict {
        self.counters.too_long.add_one();
        answer(
            packet,
            400,
            "Bad Request",
            &format!("longer than {limit} bytes"),
        )
    }

    fn malformed(&self, packet: &[u8], why: &str) -> Verdict {
        let method = first_line(packet)
            .split(' ')
            .next()
            .unwrap_or_default()
            .to_owned();
        let token = !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase());
        if token && !METHODS.contains(&method.as_str()) && first_line(packet).ends_with("SIP/2.0") {
            self.counters.refused_method.add_one();
            return answer(
                packet,
                501,
                "Not Implemented",
                &format!("no method {method} here"),
            );
        }
        self.counters.malformed.add_one();
        answer(packet, 400, "Bad Request", why)
    }
}

/// All the stack needs of a message to route it: else it would drop it without a word.
fn check(message: &[u8]) -> Result<(), String> {
    let request = match SipMessage::try_from(message) {
        Ok(SipMessage::Request(request)) => request,
        Ok(SipMessage::Response(_)) => return Ok(()),
        Err(error) => return Err(error.to_string()),
    };
    TransactionKey::from_request(&request, TransactionRole::Server)
        .map_err(|error| error.to_string())?;
    request
        .to_header()
        .and_then(|to| to.tag())
        .map_err(|error| error.to_string())?;
    let cseq = request
        .cseq_header()
        .and_then(|cseq| cseq.method())
        .map_err(|error| error.to_string())?;
    if cseq != request.method {
        Err("the method of CSeq is another one".to_owned())
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
