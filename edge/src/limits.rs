//! What callers may use: the policy in front of the engine's capacity.
//!
//! Control side only. [`Limits`] are settings; [`Admission`] is the book that keeps them, shared
//! by all calls behind one lock that is held for a few map operations. Time is an argument.
//! What is taken is given back by dropping the [`Permit`], so no path can forget it.

mod bucket;
mod permit;

use std::net::IpAddr;

use ipnet::IpNet;
use thiserror::Error;

pub use bucket::{Bucket, Rate};
pub use permit::{Admission, Permit};

/// Settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Calls at one time, of everybody.
    pub calls: usize,
    /// Calls at one time from one address.
    pub calls_per_source: usize,
    /// Rooms that callers have created at one time.
    pub rooms: usize,
    /// Callers in one room.
    pub legs_per_room: usize,
    /// New calls, of everybody.
    pub invites: Rate,
    /// New calls from one address.
    pub invites_per_source: Rate,
    /// TCP connections at one time.
    pub connections: usize,
    /// Networks that may call; empty: all.
    pub allow: Vec<IpNet>,
    /// Networks that may not, whatever `allow` says.
    pub deny: Vec<IpNet>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            calls: 1_000,
            calls_per_source: 1_000,
            rooms: 256,
            legs_per_room: 1_000,
            invites: Rate {
                per_second: 500,
                burst: 1_000,
            },
            invites_per_source: Rate {
                per_second: 500,
                burst: 1_000,
            },
            connections: 1_024,
            allow: Vec::new(),
            deny: Vec::new(),
        }
    }
}

impl Limits {
    /// True if `source` may talk to us at all.
    pub fn admits(&self, source: IpAddr) -> bool {
        let source = source.to_canonical();
        let within = |networks: &[IpNet]| networks.iter().any(|network| network.contains(&source));
        !within(&self.deny) && (self.allow.is_empty() || within(&self.allow))
    }
}

/// Which limit stood in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum Limit {
    /// [`Limits::calls`].
    #[error("{limit} calls in progress, no more are taken")]
    Calls {
        /// The setting.
        limit: usize,
    },
    /// [`Limits::calls_per_source`].
    #[error("{limit} calls in progress from this address, no more are taken")]
    CallsPerSource {
        /// The setting.
        limit: usize,
    },
    /// [`Limits::rooms`].
    #[error("{limit} rooms exist, no more are created")]
    Rooms {
        /// The setting.
        limit: usize,
    },
    /// [`Limits::legs_per_room`].
    #[error("{limit} callers are in the room, no more are let in")]
    LegsPerRoom {
        /// The setting.
        limit: usize,
    },
    /// [`Limits::invites`].
    #[error("more than {limit} new calls a second")]
    Invites {
        /// The setting, per second.
        limit: u32,
    },
    /// [`Limits::invites_per_source`].
    #[error("more than {limit} new calls a second from this address")]
    InvitesPerSource {
        /// The setting, per second.
        limit: u32,
    },
}

impl Limit {
    /// The SIP status it is told with: 486 for what one caller or one room has too much of, 503
    /// for what talkpath as a whole has no more of.
    pub fn status(self) -> u16 {
        match self {
            Self::CallsPerSource { .. } | Self::LegsPerRoom { .. } => 486,
            Self::Calls { .. } | Self::Rooms { .. } => 503,
            Self::Invites { .. } | Self::InvitesPerSource { .. } => 503,
        }
    }

    /// Seconds after which it is worth trying again, where that is known.
    pub fn retry_after(self) -> Option<u32> {
        matches!(self, Self::Invites { .. } | Self::InvitesPerSource { .. }).then_some(1)
    }
}

#[cfg(test)]
mod tests;
