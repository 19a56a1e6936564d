//! Settings of the server.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use talkpath_engine::negotiate::Capabilities;
use talkpath_graph::FrameTime;

use crate::calls;
use crate::limits::Limits;
use crate::priority::Precedence;

/// Settings.
#[derive(Debug, Clone)]
pub struct SipConfig {
    /// Where to listen, UDP and TCP; port 0 takes one that is free for both.
    pub bind: SocketAddr,
    /// The address callers reach us at, if it is not the one we are bound to.
    pub advertised: Option<IpAddr>,
    /// Folder of recordings for `play-FILE`.
    pub play_folder: Option<PathBuf>,
    /// What callers may use.
    pub limits: Limits,
    /// Codecs we speak.
    pub capabilities: Capabilities,
    /// Frame of the rooms callers create.
    pub frame: FrameTime,
    /// Who may claim which class.
    pub precedence: Precedence,
    /// How long it rings before we answer; zero: we answer at once.
    pub ring: Duration,
    /// How long the ACK of our answer may take (RFC 3261: 32 s).
    pub ack_timeout: Duration,
    /// File that gets one JSON line for each call that has ended; `None`: the log, under the target `call`.
    pub call_log: Option<PathBuf>,
    /// Ended calls whose story is kept.
    pub kept_calls: usize,
}

impl Default for SipConfig {
    fn default() -> Self {
        Self {
            bind: SocketAddr::from(([127, 0, 0, 1], 5060)),
            advertised: None,
            play_folder: None,
            limits: Limits::default(),
            capabilities: Capabilities {
                telephone_event: true,
                ..Capabilities::default()
            },
            frame: FrameTime::Ms20,
            precedence: Precedence::default(),
            ring: Duration::ZERO,
            ack_timeout: Duration::from_secs(32),
            call_log: None,
            kept_calls: calls::KEPT,
        }
    }
}
