//! The stack in use: `rsipstack`, with sockets of our own in front of it.
//!
//! The sockets are ours so that a port in use is known before anything starts, that denied
//! networks never reach the parser, and that what is no SIP is counted and answered ([`door`]);
//! the stack itself drops such packets in silence. Transactions, timers and retransmissions are
//! the stack's. Its dialog layer is not used: our dialogs differ (offers in ACK, `Reason`, the
//! 32 s rule), and a dialog of a pure server is little more than a handful of headers.

#![allow(
    clippy::result_large_err,
    reason = "the stack's own error type, met off every hot path"
)]

mod dialog;
mod door;
mod inbound;
mod sockets;
mod tcp;
mod udp;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use rsipstack::EndpointBuilder;
use rsipstack::transaction::endpoint::EndpointInnerRef;
use rsipstack::transport::TransportLayer;
use rsipstack::transport::udp::UdpConnection;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::counters::Counters;
use super::stack::{Inbound, SipStack};
use crate::advertised;
use crate::limits::Limits;
use door::Door;
pub(crate) use sockets::{Bound, towards};

/// `rsipstack`, running.
pub struct RsipStack {
    endpoint: EndpointInnerRef,
    stopped: CancellationToken,
}

/// How we are known outside.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Names {
    /// Where the sockets are bound.
    pub bound: SocketAddr,
    /// The address to be reached at, if it is another one.
    pub advertised: Option<IpAddr>,
}

impl Names {
    /// The address `peer` reaches us at: the advertised one if it is of the peer's family.
    pub fn towards(&self, peer: SocketAddr) -> SocketAddr {
        let ip = advertised::to(peer.ip(), self.advertised)
            .unwrap_or_else(|| towards(self.bound.ip(), peer));
        SocketAddr::new(ip, self.bound.port())
    }

    /// The address of the UDP socket in the words of the stack, which wants one for all peers.
    fn external(&self) -> SocketAddr {
        let ip = self
            .advertised
            .unwrap_or_else(|| towards(self.bound.ip(), self.bound));
        SocketAddr::new(ip, self.bound.port())
    }
}

impl RsipStack {
    /// Starts on sockets already bound. Must be called inside a tokio runtime with I/O and time.
    ///
    /// # Errors
    /// What the system said to registering the sockets with the runtime.
    pub(crate) async fn start(
        bound: Bound,
        names: Names,
        limits: &Limits,
        counters: Arc<Counters>,
    ) -> std::io::Result<(Self, mpsc::UnboundedReceiver<Inbound>)> {
        let stopped = CancellationToken::new();
        let door = Door::new(limits, counters);
        let socket = udp::Guarded::new(bound.udp, door.clone())?;
        let listener = tokio::net::TcpListener::from_std(bound.tcp)?;
        let external = Some(names.external());
        let udp =
            UdpConnection::from_socket(Arc::new(socket), external, Some(stopped.child_token()))
                .await
                .map_err(std::io::Error::other)?;
        let transports = TransportLayer::new(stopped.clone());
        transports.add_transport(udp.into());
        let endpoint = EndpointBuilder::new()
            .with_user_agent(concat!("talkpath/", env!("CARGO_PKG_VERSION")))
            .with_transport_layer(transports)
            .with_cancel_token(stopped.clone())
            .build();
        let requests = endpoint
            .incoming_transactions()
            .map_err(std::io::Error::other)?;
        let (sender, receiver) = mpsc::unbounded_channel();
        tokio::spawn(inbound::receive(requests, names, sender));
        tokio::spawn(tcp::listen(
            listener,
            endpoint.inner.clone(),
            door,
            stopped.clone(),
        ));
        let inner = endpoint.inner.clone();
        tokio::spawn(async move {
            if let Err(error) = inner.serve().await {
                tracing::error!(%error, "the SIP stack stopped");
            }
        });
        Ok((
            Self {
                endpoint: endpoint.inner,
                stopped,
            },
            receiver,
        ))
    }
}

impl SipStack for RsipStack {
    fn transactions(&self) -> usize {
        self.endpoint.get_stats().running_transactions
    }

    fn close(&self) {
        self.stopped.cancel();
    }
}

impl Drop for RsipStack {
    fn drop(&mut self) {
        self.stopped.cancel();
    }
}
