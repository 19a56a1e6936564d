//! The BYE of a dialog: what stands in it, and the way it takes.

use rsipstack::sip::headers::untyped::{CSeq, From, MaxForwards, Route, To, UserAgent};
use rsipstack::sip::{Header, Host, Method, Request as StackRequest, SipMessage, Version};
use rsipstack::sip::{StatusCodeKind, Transport as StackTransport};
use rsipstack::transaction::Transaction;
use rsipstack::transaction::key::{TransactionKey, TransactionRole};
use rsipstack::transport::{SipAddr, SipConnection};

use super::super::super::message::{Reason, Transport};
use super::RsipDialog;

impl RsipDialog {
    fn make_bye(&self, reason: &Reason) -> rsipstack::Result<StackRequest> {
        let kind = self.kind();
        let address = SipAddr {
            r#type: Some(kind),
            addr: self.ours.into(),
        };
        let via = self.endpoint.get_via(Some(address), None)?;
        let mut headers = vec![
            Header::Via(via.into()),
            Header::MaxForwards(MaxForwards::new("70")),
            Header::From(From::new(self.local.clone())),
            Header::To(To::new(self.remote.clone())),
            Header::CallId(self.id.call_id.clone().into()),
            Header::CSeq(CSeq::new("1 BYE")),
        ];
        headers.extend(
            self.routes
                .iter()
                .map(|route| Header::Route(Route::new(route.clone()))),
        );
        headers.push(Header::Other("Reason".to_owned(), reason.to_string()));
        headers.push(Header::UserAgent(UserAgent::new(
            self.endpoint.user_agent.clone(),
        )));
        let uri = self.target.clone().unwrap_or_else(|| {
            SipAddr {
                r#type: Some(kind),
                addr: self.source.into(),
            }
            .into()
        });
        Ok(StackRequest {
            method: Method::Bye,
            uri,
            version: Version::V2,
            headers: headers.into(),
            body: Vec::new(),
        })
    }

    /// The way it takes: a connection if one is known, and an address if that needs one.
    fn way(&self, bye: &StackRequest) -> (Option<SipConnection>, Option<SipAddr>) {
        let kind = self.kind();
        if self.transport == Transport::Tcp {
            let open = self
                .connection
                .cancel_token()
                .is_some_and(|closed| !closed.is_cancelled());
            if open {
                return (Some(self.connection.clone()), None);
            }
        }
        if self.behind && self.routes.is_empty() {
            let source = SipAddr {
                r#type: Some(kind),
                addr: self.source.into(),
            };
            return (self.datagrams(), Some(source));
        }
        let next = bye.destination();
        match next.host_with_port.host {
            Host::IpAddr(_) => {
                let address = SipAddr {
                    r#type: Some(kind),
                    addr: next.host_with_port,
                };
                (self.datagrams(), Some(address))
            }
            // The stack resolves the name.
            Host::Domain(_) => (None, None),
        }
    }

    fn datagrams(&self) -> Option<SipConnection> {
        (self.transport == Transport::Udp).then(|| self.connection.clone())
    }

    fn kind(&self) -> StackTransport {
        match self.transport {
            Transport::Udp => StackTransport::Udp,
            Transport::Tcp => StackTransport::Tcp,
        }
    }

    /// Sends it; the status of the answer, `None` for silence.
    pub(super) async fn send_bye(self, reason: Reason) -> rsipstack::Result<Option<u16>> {
        let request = self.make_bye(&reason)?;
        let (connection, destination) = self.way(&request);
        let key = TransactionKey::from_request(&request, TransactionRole::Client)?;
        let mut transaction =
            Transaction::new_client(key, request, self.endpoint.clone(), connection);
        transaction.destination = destination;
        transaction.send().await?;
        while let Some(message) = transaction.receive().await {
            let SipMessage::Response(response) = message else {
                continue;
            };
            match response.status_code.kind() {
                StatusCodeKind::Provisional => {}
                // The stack's word for silence.
                _ if response.status_code.code() == 408 => return Ok(None),
                _ => return Ok(Some(response.status_code.code())),
            }
        }
        Ok(None)
    }
}
