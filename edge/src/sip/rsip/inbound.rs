//! Transactions of the stack, turned into [`Inbound`] and answered.
//!
//! One task per transaction polls it until it is over: that is what makes the stack retransmit.
//! Responses go through the transaction's own queue, so nothing is ever lost between two awaits.

use std::net::SocketAddr;

use rsipstack::sip::headers::untyped::{Contact, ContentType};
use rsipstack::sip::{
    Header, HeadersExt, Method as StackMethod, Request as StackRequest, SipMessage,
};
use rsipstack::transaction::TransactionReceiver;
use rsipstack::transaction::endpoint::EndpointInnerRef;
use rsipstack::transaction::make_tag;
use rsipstack::transaction::transaction::{Transaction, TransactionEvent, TransactionEventSender};
use rsipstack::transport::SipConnection;
use tokio::sync::mpsc;

use super::super::message::{DialogId, Method, Request, Response, Transport};
use super::super::stack::{Inbound, Invite, InviteEvent, ServerTransaction};
use super::Names;
use super::dialog::RsipDialog;

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
        let source = connection.get_remote_addr()?.get_socketaddr().ok()?;
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
    let require = original.header_value("Require").unwrap_or_default();
    Some(Request {
        method: match original.method {
            StackMethod::Invite => Method::Invite,
            StackMethod::Bye => Method::Bye,
            StackMethod::Options => Method::Options,
            _ => Method::Other,
        },
        user: decoded(
            original
                .uri
                .auth
                .as_ref()
                .map_or("", |auth| auth.user.as_str()),
        ),
        source,
        transport,
        dialog: DialogId {
            call_id: original.call_id_header().ok()?.value().to_owned(),
            local,
            remote: original.from_header().ok()?.tag().ok()??.value().to_owned(),
        },
        in_dialog,
        cseq: original.cseq_header().ok()?.seq().ok()?,
        required: require
            .split(',')
            .map(str::trim)
            .filter(|tag| !tag.is_empty())
            .map(str::to_owned)
            .collect(),
        content_type: content_type.filter(|_| !original.body.is_empty()),
        body: original.body.clone(),
    })
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

/// `Contact` of ours for a peer that reaches us at `ours`.
fn contact(ours: SocketAddr, transport: Transport) -> String {
    let parameter = if transport == Transport::Tcp {
        ";transport=tcp"
    } else {
        ""
    };
    format!("<sip:{ours}{parameter}>")
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

struct Answers {
    endpoint: EndpointInnerRef,
    original: StackRequest,
    contact: String,
    queue: TransactionEventSender,
}

impl ServerTransaction for Answers {
    fn respond(&self, response: Response) {
        let status = response.status;
        let sdp = response.sdp;
        let typed = sdp.is_some();
        let mut answer = self
            .endpoint
            .make_response(&self.original, status.into(), sdp);
        let headers = &mut answer.headers;
        for (name, value) in response.headers {
            headers.push(Header::Other(name.to_owned(), value));
        }
        if typed {
            headers.push(Header::ContentType(ContentType::new(
                crate::sdp::CONTENT_TYPE,
            )));
        }
        if self.original.method == StackMethod::Invite && (101..300).contains(&status) {
            let routes = self
                .original
                .headers
                .iter()
                .filter(|h| matches!(h, Header::RecordRoute(_)));
            headers.extend(routes.cloned().collect());
            headers.push(Header::Contact(Contact::new(self.contact.clone())));
        }
        if self.queue.send(TransactionEvent::Respond(answer)).is_err() {
            tracing::debug!(status, "the transaction is over, response not sent");
        }
    }
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

    #[test]
    fn contacts_say_the_transport() {
        let six = SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], 5060));
        assert_eq!(
            contact(six, Transport::Tcp),
            "<sip:[::1]:5060;transport=tcp>"
        );
    }
}
