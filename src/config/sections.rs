//! The sections of the settings with their defaults; `docs/talkpath.toml` says the same to people.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use talkpath_engine::EngineConfig;
use talkpath_engine::priority::CLASSES;

/// `[engine]`
#[derive(Clone, Debug, PartialEq)]
pub struct EngineSection {
    /// Length of a slot.
    pub slot: Duration,
    /// Most legs at a time.
    pub capacity: usize,
    /// Real-time workers.
    pub workers: usize,
    /// Cores of the workers, one each; empty: chosen from the inherited mask.
    pub cores: Vec<usize>,
    /// SCHED_FIFO priority of the worker; the shard runs below it. `None`: ordinary scheduling.
    pub priority: Option<u8>,
    /// How long a worker may make no slot before it is replaced.
    pub watchdog: Duration,
    /// Lost workers that may hang at a time.
    pub max_stuck: usize,
    /// How often a leg or call may be moved to level the workers; zero: never.
    pub rebalance: Duration,
    /// Whether memory is locked against paging.
    pub lock_memory: bool,
    /// Delay that the jitter buffer aims at.
    pub jitter_target: Duration,
    /// Longest delay of the jitter buffer.
    pub jitter_max: Duration,
    /// Packet boxes towards the workers, for each leg of capacity.
    pub packets_in_per_leg: usize,
    /// Packet boxes from the workers, for each leg of capacity.
    pub packets_out_per_leg: usize,
    /// Slots a room on several workers waits for their sums.
    pub mesh_margin: u32,
    /// Part of a slot that calls are admitted to fill.
    pub admit_budget: f32,
    /// By class, the best first: the part of `admit_budget` only it and better ones may use.
    pub reserves: [f32; CLASSES],
    /// Part of a slot's length above which the governor sheds.
    pub shed_above: f32,
    /// Part of it below which the governor recovers.
    pub shed_below: f32,
    /// Quantile of its measured cost that a call is admitted with.
    pub price_quantile: f32,
}

/// `[sip]`
#[derive(Clone, Debug, PartialEq)]
pub struct SipSection {
    /// Where UDP and TCP listen.
    pub addr: SocketAddr,
    /// Address told to phones instead of the bound one.
    pub advertised: Option<IpAddr>,
    /// Networks that may call; empty: all.
    pub allow: Vec<IpNet>,
    /// Networks that may not, asked first.
    pub deny: Vec<IpNet>,
    /// Most rooms that callers may create.
    pub max_rooms: usize,
    /// Most legs of one room.
    pub max_legs_per_room: usize,
    /// Most calls from one source address at a time.
    pub max_calls_per_source: usize,
    /// Most INVITEs from everybody together, per second.
    pub max_invites_per_second: u32,
    /// Most INVITEs from one source address, per second.
    pub max_invites_per_source: u32,
    /// Most TCP connections at a time.
    pub max_connections: usize,
    /// How long a call rings before it is answered; zero: it is answered at once.
    pub ring: Duration,
}

/// `[rtp]`
#[derive(Clone, Debug, PartialEq)]
pub struct RtpSection {
    /// Address that media is bound to; `None`: that of `sip.addr`.
    pub addr: Option<IpAddr>,
    /// UDP ports to use, two for each leg.
    pub ports: RangeInclusive<u16>,
    /// Differentiated-services code point of what is sent; 46 is EF.
    pub dscp: Option<u8>,
    /// Address told in SDP; `None`: that of `sip.advertised`, else the bound one.
    pub advertised: Option<IpAddr>,
    /// A leg whose media stays away this long is gone.
    pub media_timeout: Duration,
    /// How long a port rests after its leg is gone.
    pub quarantine: Duration,
    /// Whether the shard wakes a second time in each slot to send what the worker has just made.
    pub send_promptly: bool,
}

/// `[http]`
#[derive(Clone, Debug, PartialEq)]
pub struct HttpSection {
    /// Where it listens.
    pub addr: SocketAddr,
}

/// `[calls]`
#[derive(Clone, Debug, PartialEq)]
pub struct CallsSection {
    /// File that gets one JSON line for each call that has ended; `None`: the log, under the target `call`.
    pub log: Option<PathBuf>,
    /// Ended calls whose story `/calls` keeps.
    pub kept: usize,
}

/// `[record]`
#[derive(Clone, Debug, PartialEq)]
pub struct RecordSection {
    /// Where the session is written for a replay; `None`: nowhere.
    pub file: Option<PathBuf>,
    /// Megabytes at which the recording ends.
    pub max_mb: u64,
}

/// `[play]`
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlaySection {
    /// Folder with the WAV files of `play-FILE`.
    pub folder: Option<PathBuf>,
}

impl Default for CallsSection {
    fn default() -> Self {
        Self {
            log: None,
            kept: 1_000,
        }
    }
}

impl Default for EngineSection {
    fn default() -> Self {
        Self {
            slot: Duration::from_millis(1),
            capacity: 1000,
            workers: 1,
            cores: Vec::new(),
            priority: Some(60),
            watchdog: Duration::from_secs(1),
            max_stuck: 4,
            rebalance: Duration::from_secs(1),
            lock_memory: true,
            jitter_target: Duration::from_millis(20),
            jitter_max: Duration::from_millis(200),
            packets_in_per_leg: 12,
            packets_out_per_leg: 4,
            mesh_margin: 3,
            admit_budget: 0.8,
            reserves: EngineConfig::default().reserves,
            price_quantile: 0.9,
            shed_above: 0.95,
            shed_below: 0.7,
        }
    }
}

impl Default for RecordSection {
    fn default() -> Self {
        Self {
            file: None,
            max_mb: 1_000,
        }
    }
}

impl Default for SipSection {
    fn default() -> Self {
        Self {
            addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 5060)),
            advertised: None,
            allow: Vec::new(),
            deny: Vec::new(),
            max_rooms: 256,
            max_legs_per_room: 1000,
            max_calls_per_source: 1000,
            max_invites_per_second: 500,
            max_invites_per_source: 500,
            max_connections: 1024,
            ring: Duration::ZERO,
        }
    }
}

impl Default for RtpSection {
    fn default() -> Self {
        Self {
            addr: None,
            ports: 20_000..=29_999,
            dscp: Some(46),
            advertised: None,
            media_timeout: Duration::from_secs(30),
            quarantine: Duration::from_secs(5),
            send_promptly: false,
        }
    }
}

impl Default for HttpSection {
    fn default() -> Self {
        Self {
            addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
        }
    }
}
