//! From the program's settings to those of engine, network and SIP, and what is worth a warning.

use talkpath_edge::limits::{Limits, Rate};
use talkpath_edge::net::NetConfig;
use talkpath_edge::sip::SipConfig;
use talkpath_engine::EngineConfig;

use super::place::{self, Places};
use crate::config::Config;

/// Open files that are neither media sockets nor SIP connections: HTTP, recordings, epoll, standard streams.
const OTHER_FILES: u64 = 512;

/// What the engine is told.
pub(super) fn engine(config: &Config, places: &Places) -> EngineConfig {
    let section = &config.engine;
    EngineConfig {
        slot: section.slot,
        capacity_legs: section.capacity,
        // An echo, a tone or a file is a private room of one call, beside those callers name.
        capacity_rooms: config.sip.max_rooms + section.capacity,
        cores: places.workers.clone(),
        workers: section.workers,
        priority: places.priority,
        lock_memory: section.lock_memory,
        jitter_target: section.jitter_target,
        jitter_max: section.jitter_max,
        name: place::name(section.workers).into(),
        ..EngineConfig::default()
    }
}

/// What the network is told.
pub(super) fn net(config: &Config, places: &Places) -> NetConfig {
    let section = &config.rtp;
    NetConfig {
        bind: config.rtp_addr(),
        advertised: config.rtp_advertised(),
        ports: section.ports.clone(),
        capacity: config.engine.capacity,
        other_files: config.sip.max_connections as u64 + OTHER_FILES,
        dscp: section.dscp,
        quarantine: section.quarantine,
        media_timeout: section.media_timeout,
        placement: places.shard(),
        ..NetConfig::default()
    }
}

/// What the SIP server is told.
pub(super) fn sip(config: &Config) -> SipConfig {
    let section = &config.sip;
    let twice = |per_second: u32| Rate {
        per_second,
        burst: 2 * per_second,
    };
    SipConfig {
        bind: section.addr,
        advertised: section.advertised,
        play_folder: config.play.folder.clone(),
        limits: Limits {
            calls: config.engine.capacity,
            calls_per_source: section.max_calls_per_source,
            rooms: section.max_rooms,
            legs_per_room: section.max_legs_per_room,
            invites: twice(section.max_invites_per_second),
            invites_per_source: twice(section.max_invites_per_source),
            connections: section.max_connections,
            allow: section.allow.clone(),
            deny: section.deny.clone(),
        },
        ring: section.ring,
        call_log: config.calls.log.clone(),
        ..SipConfig::default()
    }
}

/// A port range that holds fewer legs than the capacity.
pub(super) fn too_few_ports(config: &Config) -> Option<String> {
    let ports = &config.rtp.ports;
    let pairs = (usize::from(*ports.end()) + 1 - usize::from(*ports.start())) / 2;
    let capacity = config.engine.capacity;
    (pairs < capacity).then(|| {
        format!(
            "rtp.ports {}-{} are enough for {pairs} legs, the capacity is {capacity}",
            ports.start(),
            ports.end()
        )
    })
}

/// A status page that is not local.
pub(super) fn open_to_others(config: &Config) -> Option<String> {
    let addr = config.http.addr;
    (!addr.ip().is_loopback())
        .then(|| format!("http.addr {addr} is not local: whoever reaches it sees every call"))
}
