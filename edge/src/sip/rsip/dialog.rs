//! Our end of a dialog: what the BYE we may have to send ([`bye`]) needs of the INVITE.
//!
//! RFC 3261, section 12: the remote target is the caller's `Contact`, the route set its
//! `Record-Route`. One thing is done differently, for phones behind address translation: when no
//! proxy stands between and the INVITE came from another host than its `Contact` names, the BYE
//! goes where the INVITE came from.

mod bye;

use std::any::Any;
use std::net::SocketAddr;

use rsipstack::sip::{
    Header, HeadersExt, Host, Request as StackRequest, ToTypedHeader, Uri, typed,
};
use rsipstack::transaction::endpoint::EndpointInnerRef;
use rsipstack::transport::SipConnection;

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
