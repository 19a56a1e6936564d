//! From the program's settings to those of engine, network and SIP, and what is worth a warning.

use std::os::unix::fs::OpenOptionsExt;

use talkpath_edge::limits::{Limits, Rate};
use talkpath_edge::net::NetConfig;
use talkpath_edge::sip::SipConfig;
use talkpath_engine::{EngineConfig, RecordTo};

use super::error::{self, ServeError};
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
        watchdog: section.watchdog,
        max_stuck: section.max_stuck,
        shard_node: places.shard_node(),
        lock_memory: section.lock_memory,
        jitter_target: section.jitter_target,
        jitter_max: section.jitter_max,
        packets_in_per_leg: section.packets_in_per_leg,
        packets_out_per_leg: section.packets_out_per_leg,
        mesh_margin: section.mesh_margin,
        admit_budget: section.admit_budget,
        reserves: section.reserves,
        price_quantile: section.price_quantile,
        shed_above: section.shed_above,
        shed_below: section.shed_below,
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
        send_lag: section.send_promptly.then_some(config.engine.slot / 4),
        media_timeout: section.media_timeout,
        placement: places.shard(),
        ..NetConfig::default()
    }
}

/// Where the session is recorded, if it is. Nobody but the owner reads the file: it holds what was said.
pub(super) fn record(config: &Config) -> Result<Option<RecordTo>, ServeError> {
    let section = &config.record;
    let Some(path) = &section.file else {
        return Ok(None);
    };
    // A restart after a crash must not cost the recording of the crash. A device or a pipe stays where it is.
    if path.is_file() {
        let mut kept = path.clone().into_os_string();
        kept.push(".1");
        std::fs::rename(path, kept).map_err(|source| error::record(path, source))?;
    }
    let file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .map_err(|source| error::record(path, source))?;
    Ok(Some(RecordTo {
        to: Box::new(std::io::BufWriter::new(file)),
        max_bytes: section.max_mb * 1_000_000,
    }))
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
        precedence: config.priority.clone(),
        ring: section.ring,
        call_log: config.calls.log.clone(),
        kept_calls: config.calls.kept,
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

/// An advertised address beside a SIP socket that only this machine reaches.
pub(super) fn advertised_in_vain(config: &Config) -> Option<String> {
    let (addr, advertised) = (config.sip.addr, config.rtp_advertised()?);
    (addr.ip().is_loopback() && !advertised.is_loopback()).then(|| {
        format!(
            "sip.addr {addr} is reached from this machine only, but {advertised} is advertised: set sip.addr (--sip) \
             to an address of the network"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::EngineSection;
    use talkpath_rt::numa::Topology;

    /// Both keys may be at their ends together: the rooms callers name and a private one for each leg.
    #[test]
    fn every_allowed_capacity_is_one_the_engine_takes() {
        for (rooms, capacity) in [("1", "1"), ("256", "20000"), ("20000", "20000")] {
            let text = format!("[sip]\nmax_rooms = {rooms}\n[engine]\ncapacity = {capacity}\n");
            let config = Config::parse(&text).unwrap();
            let places = Places::new(&EngineSection::default(), &[0], &Topology::default());
            let told = engine(&config, &places);
            assert_eq!(told.validate(), Ok(()), "{text}");
            assert_eq!(
                told.capacity_rooms,
                config.sip.max_rooms + config.engine.capacity
            );
        }
    }

    #[test]
    fn an_address_told_to_others_needs_a_socket_they_reach() {
        let warned = |text: &str| advertised_in_vain(&Config::parse(text).unwrap()).is_some();
        assert!(warned("[sip]\nadvertised = \"203.0.113.7\"\n"));
        assert!(warned("[rtp]\nadvertised = \"203.0.113.7\"\n"));
        assert!(!warned("[sip]\nadvertised = \"127.0.0.1\"\n"));
        assert!(!warned(
            "[sip]\naddr = \"0.0.0.0:5060\"\nadvertised = \"203.0.113.7\"\n"
        ));
        assert!(!warned(""));
    }
}
