//! Transactions of the stack, turned into [`Inbound`] and answered.
//!
//! One task per transaction polls it until it is over: that is what makes the stack retransmit.
//! Responses go through the transaction's own queue, so nothing is ever lost between two awaits.

mod answers;

use std::net::SocketAddr;

use rsipstack::sip::{
    HeadersExt, Method as StackMethod, Request as StackRequest, Scheme, SipMessage, Uri,
};
use rsipstack::transaction::TransactionReceiver;
use rsipstack::transaction::make_tag;
use rsipstack::transaction::transaction::Transaction;
use rsipstack::transport::SipConnection;
use tokio::sync::mpsc;

use super::super::message::{Claims, DialogId, Method, Request, Transport};
use super::super::stack::{Inbound, Invite, InviteEvent};
use super::Names;
use super::dialog::RsipDialog;
use super::sockets::canonical;
use answers::{Answers, contact};

/// Hands every transaction over to calls until the stack is gone.
pub(super) async fn receive(
    mut transactions: TransactionReceiver,
    names: Names,
    inbound: mpsc::UnboundedSender<Inbound>,
) {
    while let Some(transaction) = transactions.recv().await {
        let Some(arrived) = Arrived::new(&transaction, names) else {
            tracing::debug!(key = %transaction.key, "request without a source dropped");
            continue;
        };
        if inbound.send(arrived.begin(transaction)).is_err() {
            return;
        }
    }
}

/// What is read from a request before its transaction runs.
struct Arrived {
    request: Request,
    /// The request as it came, with our tag in `To`.
    original: StackRequest,
    ours: SocketAddr,
    connection: SipConnection,
}

impl Arrived {
    fn new(transaction: &Transaction, names: Names) -> Option<Self> {
        let connection = transaction.connection.clone()?;
        let source = canonical(connection.get_remote_addr()?.get_socketaddr().ok()?);
        let transport = match connection {
            SipConnection::Udp(_) => Transport::Udp,
            _ => Transport::Tcp,
        };
        let mut original = transaction.original.clone();
        let theirs = original.to_header().ok()?.tag().ok()?;
        let in_dialog = theirs.is_some();
        let local = theirs.unwrap_or_else(make_tag).value().to_owned();
        if !in_dialog {
            let to = original.to_header_mut().ok()?;
            let tagged = format!("{};tag={local}", to.value());
            to.replace(tagged);
        }
        let request = read(&original, local, in_dialog, source, transport)?;
        Some(Self {
            request,
            original,
            ours: names.towards(source),
            connection,
        })
    }

    fn begin(self, transaction: Transaction) -> Inbound {
        let answers = Box::new(Answers {
            endpoint: transaction.endpoint_inner.clone(),
            contact: contact(self.ours, self.request.transport),
            original: self.original.clone(),
            queue: transaction.tu_sender.clone(),
        });
        if self.request.method != Method::Invite {
            tokio::spawn(run(transaction, None));
            return Inbound::Request(self.request, answers);
        }
        let dialog = Box::new(RsipDialog::new(
            transaction.endpoint_inner.clone(),
            self.connection,
            self.ours,
            &self.request,
            &self.original,
        ));
        let (sender, events) = mpsc::unbounded_channel();
        tokio::spawn(run(transaction, Some(sender)));
        Inbound::Invite(Invite {
            request: self.request,
            transaction: answers,
            events,
            dialog,
        })
    }
}

fn read(
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

/// Polls one transaction until it is over, and tells what follows an INVITE.
async fn run(mut transaction: Transaction, events: Option<mpsc::UnboundedSender<InviteEvent>>) {
    let tell = |event| {
        if let Some(events) = &events {
            // The call may have ended meanwhile: then nobody is left to tell.
            drop(events.send(event));
        }
    };
    while let Some(message) = transaction.receive().await {
        let SipMessage::Request(request) = message else {
            continue;
        };
        match request.method {
            StackMethod::Ack => tell(InviteEvent::Ack(request.body)),
            StackMethod::Cancel => tell(InviteEvent::Cancelled),
            _ => {}
        }
    }
    tell(InviteEvent::Ended);
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
