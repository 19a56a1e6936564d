//! Media over UDP: ports, the shard thread that moves packets between sockets and worker, and RTCP (D16).
//!
//! ```text
//!  SIP, HTTP (any thread)            clerk thread               shard thread                worker
//!   Net::open  ── sockets bound        (control side)            (slot grid)
//!   Net::attach ── command ring ──────────────────────────────▶  legs, latch, RTCP ── boxes ──▶
//!   Net::status ◀─ last snapshot ◀── snapshot box, returned ◀──  counters          ◀─ boxes ───
//!   subscribers ◀─ channel ◀──────── event ring ◀──────────────  time-outs, BYE, collisions
//! ```
//!
//! Sockets are made and closed on the control side only; the shard borrows them between attach and detach. What
//! decides (latch, sources, RTCP, quarantine) is sans-I/O and tested in virtual time; what touches the
//! kernel (`sockets`, `shard`) is thin.

mod arrival;
mod clerk;
mod config;
mod counters;
mod demux;
mod error;
mod far_end;
mod files;
mod grid;
mod handle;
mod hold;
mod inbound;
mod latch;
mod lease;
mod leg;
mod level;
mod net_leg;
mod office;
mod outbound;
mod owner;
mod ports;
mod refused;
pub mod rtcp;
mod session;
mod shard;
mod sockets;
mod source;
mod start;
mod status;
mod sweep;
mod timed_socket;
mod wall;
mod wire;

pub use config::NetConfig;
pub use counters::NetCounters;
pub use error::NetError;
pub use handle::Net;
pub use latch::LatchState;
pub use lease::PortLease;
pub use net_leg::NetLeg;
pub use refused::Refused;
pub use session::{Session, SessionChange};
pub use status::{NetLegStats, NetStatus, PortStatus, ShardTiming};
pub use timed_socket::TimedSocket;
pub use wire::NetEvent;
