//! A request of the stack as calls see it.

use std::net::SocketAddr;

use rsipstack::sip::{HeadersExt, Method as StackMethod, Request as StackRequest, Scheme, Uri};

use super::super::super::message::{Claims, DialogId, Method, Request, Transport};

/// `original` as calls see it; `None` without what every request has.
pub(super) fn read(
    original: &StackRequest,
    local: String,
    in_dialog: bool,
    source: SocketAddr,
    transport: Transport,
) -> Option<Request> {
    let content_type = original.header_value("Content-Type").map(|value| {
        value
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase()
    });
    Some(Request {
        method: match original.method {
            StackMethod::Invite => Method::Invite,
            StackMethod::Bye => Method::Bye,
            StackMethod::Options => Method::Options,
            _ => Method::Other,
        },
        user: user(&original.uri),
        source,
        transport,
        dialog: DialogId {
            call_id: original.call_id_header().ok()?.value().to_owned(),
            local,
            remote: original.from_header().ok()?.tag().ok()??.value().to_owned(),
        },
        in_dialog,
        cseq: original.cseq_header().ok()?.seq().ok()?,
        required: listed(original, "Require").collect(),
        claims: Claims {
            resource: listed(original, "Resource-Priority")
                .map(|value| value.to_ascii_lowercase())
                .collect(),
            priority: original
                .header_value("Priority")
                .map(|value| value.to_ascii_lowercase()),
        },
        content_type: content_type.filter(|_| !original.body.is_empty()),
        body: original.body.clone(),
    })
}

/// Values of a header that is a list, in one line or several (RFC 3261, section 7.3.1).
fn listed<'a>(original: &'a StackRequest, name: &'a str) -> impl Iterator<Item = String> + 'a {
    let lines = original
        .headers
        .iter()
        .filter(move |header| header.name().eq_ignore_ascii_case(name));
    lines.flat_map(|line| {
        let values = line.value().split(',').map(str::trim);
        let values = values.filter(|value| !value.is_empty());
        values.map(str::to_owned).collect::<Vec<_>>()
    })
}

/// Who is called: a user, or a URN (`urn:service:sos`), which has none.
fn user(uri: &Uri) -> String {
    match (&uri.scheme, &uri.auth) {
        (Some(Scheme::Other(scheme)), None) if scheme.eq_ignore_ascii_case("urn") => {
            format!("urn:{}", uri.host_with_port.host)
        }
        (_, Some(auth)) => decoded(&auth.user),
        (_, None) => String::new(),
    }
}

/// Percent-decoded as far as it decodes to text.
fn decoded(user: &str) -> String {
    let mut bytes = Vec::with_capacity(user.len());
    let mut rest = user.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match (first, hex.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_decoded_once() {
        assert_eq!(decoded("room-a%20b"), "room-a b");
        assert_eq!(decoded("play-%2e%2e%2f%zz%4"), "play-../%zz%4");
        assert_eq!(decoded("%2525"), "%25");
    }
}
