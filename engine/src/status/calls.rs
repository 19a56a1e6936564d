//! Point-to-point calls and their sides.

use serde::Serialize;

use crate::ledger::FlowLedger;
use crate::priority::Priority;
use crate::proto::CallStats;

/// One point-to-point call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CallStatus {
    /// Its handle, as `index.generation`.
    pub id: String,
    /// Its sides, A first.
    pub sides: [SideStatus; 2],
    /// Index of the worker it is on.
    pub worker: u8,
    /// Its plan, as `/plans` names it.
    pub plan: u64,
    /// `beginning`, `up` or `ending`.
    pub state: &'static str,
    /// Its class (D15).
    pub priority: Priority,
    /// Whether nothing is decoded, either way.
    pub relay: bool,
    /// Its figures, about a second old at most.
    pub stats: CallStats,
}

/// One side of a call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SideStatus {
    /// Its handle, as `index.generation`.
    pub id: String,
    /// Its handle as packets carry it.
    pub bits: u64,
    /// Its codec.
    pub codec: String,
    /// Its payload type.
    pub payload_type: u8,
    /// Its packet time in milliseconds.
    pub ptime_ms: u64,
    /// Whether what it says is passed on.
    pub receive: bool,
    /// Whether it is sent what the other says.
    pub send: bool,
    /// Where the delay of what it says comes from.
    pub ledger: FlowLedger,
}
