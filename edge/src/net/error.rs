//! What can go wrong between a caller of [`Net`](super::Net) and the shard.

use std::io;
use std::net::IpAddr;
use std::ops::RangeInclusive;

use talkpath_engine::LegId;

/// Refusals and failures of the network side.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NetError {
    /// A setting is out of its range.
    #[error("net.{key} is {actual}, allowed: {expected}")]
    Config {
        /// Name of the setting.
        key: &'static str,
        /// What it was.
        actual: String,
        /// What it may be.
        expected: &'static str,
    },
    /// Media sockets cannot be bound to the address at all, whatever the port.
    #[error("media cannot be bound to {address}: {source}")]
    Address {
        /// Where they were to be bound.
        address: IpAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The shard thread or what it needs could not be set up.
    #[error("cannot start the media shard: {what}")]
    Start {
        /// Which step failed.
        what: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The shard thread could not be started.
    #[error("cannot start the media shard thread")]
    Spawn(#[source] talkpath_rt::thread::SpawnError),
    /// Every leg this side may carry is in use.
    #[error("all {limit} media ports in use")]
    Capacity {
        /// Most legs at once, after what the system grants (file descriptors).
        limit: usize,
    },
    /// No port pair of the range is free: in use, in quarantine, or taken by other programs.
    #[error("no free port pair on {bind} in {}-{} ({resting} resting in quarantine)", ports.start(), ports.end())]
    NoPort {
        /// Where ports are bound.
        bind: IpAddr,
        /// The configured range.
        ports: RangeInclusive<u16>,
        /// Pairs that become free when their quarantine ends.
        resting: usize,
        /// What the system said about the last pair tried, if any was.
        #[source]
        source: Option<io::Error>,
    },
    /// The leg's handle has an index at or beyond `NetConfig::capacity`.
    #[error("leg index {index} is beyond the {capacity} legs of the network side")]
    BeyondCapacity {
        /// Index of the handle.
        index: u32,
        /// Configured capacity.
        capacity: usize,
    },
    /// The leg has a port already.
    #[error("leg {0:?} is attached already")]
    Attached(LegId),
    /// The leg has no port (never attached, or detached).
    #[error("leg {0:?} is not attached")]
    NotAttached(LegId),
    /// The command ring to the shard is full; try again after a few slots.
    #[error("the media shard is busy ({capacity} commands waiting)")]
    Busy {
        /// Capacity of the ring.
        capacity: usize,
    },
    /// The network side has been shut down.
    #[error("the network side is shut down")]
    Closed,
}
