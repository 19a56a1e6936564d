//! Responses of ours, made of the request they answer.

use std::net::SocketAddr;

use rsipstack::sip::headers::untyped::{Contact, ContentType};
use rsipstack::sip::{Header, Method as StackMethod, Request as StackRequest};
use rsipstack::transaction::endpoint::EndpointInnerRef;
use rsipstack::transaction::transaction::{TransactionEvent, TransactionEventSender};

use super::super::super::message::{Response, Transport};
use super::super::super::stack::ServerTransaction;

/// Answers one request through its transaction's own queue.
pub(super) struct Answers {
    pub endpoint: EndpointInnerRef,
    pub original: StackRequest,
    pub contact: String,
    pub queue: TransactionEventSender,
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

/// `Contact` of ours for a peer that reaches us at `ours`.
pub(super) fn contact(ours: SocketAddr, transport: Transport) -> String {
    let parameter = if transport == Transport::Tcp {
        ";transport=tcp"
    } else {
        ""
    };
    format!("<sip:{ours}{parameter}>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contacts_say_the_transport() {
        let six = SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], 5060));
        assert_eq!(
            contact(six, Transport::Tcp),
            "<sip:[::1]:5060;transport=tcp>"
        );
    }
}
