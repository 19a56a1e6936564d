//! State of the server, for the status page.

use std::net::SocketAddr;

use serde::Serialize;
use talkpath_engine::Priority;

use super::SipServer;

/// State of the server, for the status page.
#[derive(Debug, Clone, Serialize)]
pub struct SipStatus {
    /// Where it listens.
    pub address: SocketAddr,
    /// True once no new calls are taken.
    pub draining: bool,
    /// Transactions in progress.
    pub transactions: usize,
    /// Rooms created by callers.
    pub rooms: usize,
    /// Calls in progress.
    pub calls: Vec<CallStatus>,
}

/// One call, for the status page.
#[derive(Debug, Clone, Serialize)]
pub struct CallStatus {
    /// Call-ID.
    pub call_id: String,
    /// Where it comes from.
    pub source: SocketAddr,
    /// What was called.
    pub to: Option<String>,
    /// Its class.
    pub priority: Priority,
    /// What it speaks.
    pub codec: Option<String>,
    /// Bits of the engine's leg.
    pub leg: Option<u64>,
    /// The ACK has come.
    pub confirmed: bool,
    /// The caller does not hear us now.
    pub held: bool,
}

impl SipServer {
    /// Its state.
    pub fn status(&self) -> SipStatus {
        let mut calls: Vec<_> = self
            .desk
            .snapshot()
            .into_iter()
            .map(|(id, info)| CallStatus {
                call_id: id.call_id,
                source: info.source,
                to: info.destination.map(|to| to.to_string()),
                priority: info.class,
                codec: info.codec,
                leg: info.leg.map(|leg| leg.0),
                confirmed: info.confirmed,
                held: info.held,
            })
            .collect();
        calls.sort_by(|one, other| one.call_id.cmp(&other.call_id));
        SipStatus {
            address: self.address,
            draining: self.desk.is_draining(),
            transactions: self.stack.transactions(),
            rooms: self.desk.admission.rooms(),
            calls,
        }
    }
}
