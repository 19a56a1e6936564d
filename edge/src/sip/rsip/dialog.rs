//! Our end of a dialog: the headers of the BYE we may have to send, and where it goes.
//!
//! RFC 3261, section 12: the remote target is the caller's `Contact`, the route set its
//! `Record-Route`. One thing is done differently, for phones behind address translation: when no
//! proxy stands between and the INVITE came from another host than its `Contact` names, the BYE
//! goes where the INVITE came from.

use std::any::Any;
use std::net::SocketAddr;

use rsipstack::sip::headers::untyped::{CSeq, From, MaxForwards, Route, To, UserAgent};
use rsipstack::sip::{
    Header, HeadersExt, Host, Method, Request as StackRequest, SipMessage, ToTypedHeader, Uri,
    Version, typed,
};
use rsipstack::sip::{StatusCodeKind, Transport as StackTransport};
use rsipstack::transaction::Transaction;
use rsipstack::transaction::endpoint::EndpointInnerRef;
use rsipstack::transaction::key::{TransactionKey, TransactionRole};
use rsipstack::transport::{SipAddr, SipConnection};

use super::super::message::{DialogId, Reason, Request, Transport};
use super::super::stack::{BoxFuture, Dialog};

/// A dialog made by an INVITE we answered.
pub(super) struct RsipDialog {
    endpoint: EndpointInnerRef,
    id: DialogId,
    /// `To` of the INVITE with our tag: our `From`.
    local: String,
    /// `From` of the INVITE: our `To`.
    remote: String,
    routes: Vec<String>,
    target: Option<Uri>,
    connection: SipConnection,
    transport: Transport,
    source: SocketAddr,
    ours: SocketAddr,
    /// A phone behind address translation.
    behind: bool,
}

impl RsipDialog {
    pub(super) fn new(
        endpoint: EndpointInnerRef,
        connection: SipConnection,
        ours: SocketAddr,
        request: &Request,
        original: &StackRequest,
    ) -> Self {
        let target = original
            .contact_header()
            .ok()
            .and_then(|contact| contact.typed().ok());
        let target = target.map(|contact| contact.uri);
        let text = |header: Result<&str, _>| {
            header.map_or_else(|_: rsipstack::sip::Error| String::new(), str::to_owned)
        };
        let elsewhere = target
            .as_ref()
            .is_none_or(|uri| is_elsewhere(uri, request.source));
        Self {
            endpoint,
            id: request.dialog.clone(),
            local: text(original.to_header().map(|to| to.value())),
            remote: text(original.from_header().map(|from| from.value())),
            routes: routes(original),
            behind: elsewhere && !original.has_multiple_vias(),
            target,
            connection,
            transport: request.transport,
            source: request.source,
            ours,
        }
    }

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

    async fn send_bye(self, reason: Reason) -> rsipstack::Result<Option<u16>> {
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

impl Dialog for RsipDialog {
    fn id(&self) -> &DialogId {
        &self.id
    }

    fn bye(self: Box<Self>, reason: Reason) -> BoxFuture<Option<u16>> {
        Box::pin(async move {
            let id = self.id.clone();
            self.send_bye(reason).await.unwrap_or_else(|error| {
                tracing::debug!(call_id = %id.call_id, %error, "BYE not sent");
                None
            })
        })
    }

    fn retarget(&mut self, newer: Box<dyn Dialog>) {
        let Ok(newer) = newer.into_any().downcast::<Self>() else {
            return;
        };
        let newer = *newer;
        if newer.target.is_some() {
            self.target = newer.target;
            self.behind = newer.behind;
        }
        self.connection = newer.connection;
        self.transport = newer.transport;
        self.source = newer.source;
        self.ours = newer.ours;
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

/// The route set: `Record-Route` in its order, the caller being the one who sent it.
fn routes(original: &StackRequest) -> Vec<String> {
    let lines = original.headers.iter().filter_map(|header| match header {
        Header::RecordRoute(line) => Some(line.value()),
        _ => None,
    });
    lines
        .flat_map(|line| typed::RecordRoute::parse_header_list(line).unwrap_or_default())
        .map(|route| route.to_string())
        .collect()
}

/// True if `uri` names the address of a host other than `source`'s.
fn is_elsewhere(uri: &Uri, source: SocketAddr) -> bool {
    matches!(&uri.host_with_port.host, Host::IpAddr(ip) if ip.to_canonical() != source.ip().to_canonical())
}
