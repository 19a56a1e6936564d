//! The table itself: section, name, what is allowed, how it is set.

use std::path::PathBuf;
use std::time::Duration;

use talkpath_edge::calls::Destination;
use talkpath_engine::Priority;
use talkpath_engine::config::MOST_RESERVED;
use toml::Value;

use super::super::Config;
use super::super::value::{
    cores, fraction, millis, parsed, parsed_list, ports, reachable, seconds, whole, whole_or_off,
};

/// One setting.
pub(super) struct Key {
    pub section: &'static str,
    pub name: &'static str,
    pub allowed: &'static str,
    pub set: fn(&mut Config, &Value) -> Option<()>,
}

const SLOTS_US: [u64; 5] = [250, 500, 1000, 2000, 5000];

#[rustfmt::skip]
pub(super) const KEYS: &[Key] = &[
    Key { section: "engine", name: "slot_us", allowed: "250, 500, 1000, 2000 or 5000 (microseconds)",
        set: |c, v| { c.engine.slot = slot(v)?; Some(()) } },
    Key { section: "engine", name: "capacity", allowed: "1 to 20000 legs",
        set: |c, v| { c.engine.capacity = whole(v, 1..=20_000)?; Some(()) } },
    Key { section: "engine", name: "workers", allowed: "1 to 16",
        set: |c, v| { c.engine.workers = whole(v, 1..=16)?; Some(()) } },
    Key { section: "engine", name: "cores", allowed: "core numbers, such as [0] or \"0\", one for each worker; [] for the last ones allowed",
        set: |c, v| { c.engine.cores = cores(v)?; Some(()) } },
    Key { section: "engine", name: "priority", allowed: "2 to 90 (SCHED_FIFO), or \"off\"",
        set: |c, v| { c.engine.priority = whole_or_off(v, 2..=90)?; Some(()) } },
    Key { section: "engine", name: "lock_memory", allowed: "true or false",
        set: |c, v| { c.engine.lock_memory = v.as_bool()?; Some(()) } },
    Key { section: "engine", name: "max_stuck", allowed: "1 to 64 (workers)",
        set: |c, v| { c.engine.max_stuck = whole(v, 1..=64)?; Some(()) } },
    Key { section: "engine", name: "rebalance_s", allowed: "0 to 3600 (seconds)",
        set: |c, v| { c.engine.rebalance = seconds(v, 0..=3600)?; Some(()) } },
    Key { section: "engine", name: "watchdog_ms", allowed: "100 to 60000 (milliseconds)",
        set: |c, v| { c.engine.watchdog = millis(v, 100..=60_000)?; Some(()) } },
    Key { section: "engine", name: "jitter_target_ms", allowed: "0 to 500 (milliseconds)",
        set: |c, v| { c.engine.jitter_target = millis(v, 0..=500)?; Some(()) } },
    Key { section: "engine", name: "jitter_max_ms", allowed: "20 to 1000 (milliseconds)",
        set: |c, v| { c.engine.jitter_max = millis(v, 20..=1000)?; Some(()) } },
    Key { section: "engine", name: "packets_in_per_leg", allowed: "2 to 64 (packets)",
        set: |c, v| { c.engine.packets_in_per_leg = whole(v, 2..=64)?; Some(()) } },
    Key { section: "engine", name: "packets_out_per_leg", allowed: "1 to 32 (packets)",
        set: |c, v| { c.engine.packets_out_per_leg = whole(v, 1..=32)?; Some(()) } },
    Key { section: "engine", name: "mesh_margin", allowed: "1 to 5 (slots)",
        set: |c, v| { c.engine.mesh_margin = whole(v, 1..=5)?; Some(()) } },
    Key { section: "engine", name: "admit_budget", allowed: "0.05 to 1 (part of a slot)",
        set: |c, v| { c.engine.admit_budget = fraction(v, 0.05..=1.0)?; Some(()) } },
    Key { section: "engine", name: "shed_above", allowed: "0.3 to 1.5 (part of a slot)",
        set: |c, v| { c.engine.shed_above = fraction(v, 0.3..=1.5)?; Some(()) } },
    Key { section: "engine", name: "shed_below", allowed: "0.1 to 1.4 (part of a slot), below engine.shed_above",
        set: |c, v| { c.engine.shed_below = fraction(v, 0.1..=1.4)?; Some(()) } },
    Key { section: "engine", name: "price_quantile", allowed: "0.5 to 1",
        set: |c, v| { c.engine.price_quantile = fraction(v, 0.5..=1.0)?; Some(()) } },
    Key { section: "engine", name: "reserves.emergency", allowed: RESERVES,
        set: |c, v| reserve(c, v, Priority::Emergency) },
    Key { section: "engine", name: "reserves.critical", allowed: RESERVES,
        set: |c, v| reserve(c, v, Priority::Critical) },
    Key { section: "engine", name: "reserves.high", allowed: RESERVES,
        set: |c, v| reserve(c, v, Priority::High) },
    Key { section: "engine", name: "reserves.normal", allowed: RESERVES,
        set: |c, v| reserve(c, v, Priority::Normal) },
    Key { section: "engine", name: "reserves.low", allowed: RESERVES,
        set: |c, v| reserve(c, v, Priority::Low) },
    Key { section: "priority", name: "trusted", allowed: "a list of networks, such as [\"10.0.0.0/8\", \"fd00::/8\"]",
        set: |c, v| { c.priority.trusted = parsed_list(v)?; Some(()) } },
    Key { section: "priority", name: "sos_users", allowed: "a list of users, such as [\"112\", \"911\"]",
        set: |c, v| { c.priority.sos_users = parsed_list(v)?; Some(()) } },
    Key { section: "priority", name: "sos", allowed: "a user that can be called, such as \"room-sos\"",
        set: |c, v| { c.priority.sos = Some(callable(v)?); Some(()) } },
    Key { section: "sip", name: "addr", allowed: "an address with port, such as \"127.0.0.1:5060\" or \"[::1]:5060\"",
        set: |c, v| { c.sip.addr = parsed(v)?; Some(()) } },
    Key { section: "sip", name: "advertised", allowed: "an IP address, such as \"203.0.113.7\"",
        set: |c, v| { c.sip.advertised = Some(reachable(v)?); Some(()) } },
    Key { section: "sip", name: "allow", allowed: "a list of networks, such as [\"10.0.0.0/8\", \"fd00::/8\"]",
        set: |c, v| { c.sip.allow = parsed_list(v)?; Some(()) } },
    Key { section: "sip", name: "deny", allowed: "a list of networks, such as [\"10.0.0.0/8\", \"fd00::/8\"]",
        set: |c, v| { c.sip.deny = parsed_list(v)?; Some(()) } },
    Key { section: "sip", name: "max_rooms", allowed: "1 to 20000 rooms",
        set: |c, v| { c.sip.max_rooms = whole(v, 1..=20_000)?; Some(()) } },
    Key { section: "sip", name: "max_legs_per_room", allowed: "1 to 4000 legs (what a bus can sum exactly)",
        set: |c, v| { c.sip.max_legs_per_room = whole(v, 1..=4000)?; Some(()) } },
    Key { section: "sip", name: "max_calls_per_source", allowed: "1 to 20000 calls",
        set: |c, v| { c.sip.max_calls_per_source = whole(v, 1..=20_000)?; Some(()) } },
    Key { section: "sip", name: "max_invites_per_second", allowed: "1 to 10000 per second",
        set: |c, v| { c.sip.max_invites_per_second = whole(v, 1..=10_000)?; Some(()) } },
    Key { section: "sip", name: "max_invites_per_source", allowed: "1 to 10000 per second",
        set: |c, v| { c.sip.max_invites_per_source = whole(v, 1..=10_000)?; Some(()) } },
    Key { section: "sip", name: "max_connections", allowed: "1 to 60000 connections",
        set: |c, v| { c.sip.max_connections = whole(v, 1..=60_000)?; Some(()) } },
    Key { section: "sip", name: "ring_ms", allowed: "0 to 60000 (milliseconds)",
        set: |c, v| { c.sip.ring = millis(v, 0..=60_000)?; Some(()) } },
    Key { section: "rtp", name: "addr", allowed: "an IP address, such as \"127.0.0.1\" or \"::1\"",
        set: |c, v| { c.rtp.addr = Some(parsed(v)?); Some(()) } },
    Key { section: "rtp", name: "ports", allowed: "\"LOW-HIGH\" within 1024-65535, LOW not above HIGH, holding at least an even port and the odd one after it, such as \"20000-29999\"",
        set: |c, v| { c.rtp.ports = ports(v)?; Some(()) } },
    Key { section: "rtp", name: "dscp", allowed: "0 to 63 (46 is EF), or \"off\"",
        set: |c, v| { c.rtp.dscp = whole_or_off(v, 0..=63)?; Some(()) } },
    Key { section: "rtp", name: "advertised", allowed: "an IP address, such as \"203.0.113.7\"",
        set: |c, v| { c.rtp.advertised = Some(reachable(v)?); Some(()) } },
    Key { section: "rtp", name: "media_timeout_s", allowed: "2 to 3600 (seconds)",
        set: |c, v| { c.rtp.media_timeout = seconds(v, 2..=3600)?; Some(()) } },
    Key { section: "rtp", name: "quarantine_s", allowed: "0 to 60 (seconds)",
        set: |c, v| { c.rtp.quarantine = seconds(v, 0..=60)?; Some(()) } },
    Key { section: "rtp", name: "send_promptly", allowed: "true or false",
        set: |c, v| { c.rtp.send_promptly = v.as_bool()?; Some(()) } },
    Key { section: "http", name: "addr", allowed: "an address with port, such as \"127.0.0.1:8080\"",
        set: |c, v| { c.http.addr = parsed(v)?; Some(()) } },
    Key { section: "calls", name: "log", allowed: "a file in a folder that exists",
        set: |c, v| { c.calls.log = Some(file(v)?); Some(()) } },
    Key { section: "calls", name: "kept", allowed: "0 to 100000 calls",
        set: |c, v| { c.calls.kept = whole(v, 0..=100_000)?; Some(()) } },
    Key { section: "play", name: "folder", allowed: "a folder that exists",
        set: |c, v| { c.play.folder = Some(folder(v)?); Some(()) } },
    Key { section: "record", name: "file", allowed: "a file in a folder that exists",
        set: |c, v| { c.record.file = Some(file(v)?); Some(()) } },
    Key { section: "record", name: "max_mb", allowed: "1 to 1000000 (megabytes)",
        set: |c, v| { c.record.max_mb = whole(v, 1..=1_000_000)?; Some(()) } },
];

const RESERVES: &str = "0 to 0.9 (part of engine.admit_budget), all classes together at most 0.9";

fn reserve(config: &mut Config, value: &Value, class: Priority) -> Option<()> {
    let part = fraction(value, 0.0..=1.0).filter(|part| *part <= MOST_RESERVED)?;
    config.engine.reserves[class.index()] = part;
    Some(())
}

/// A user somebody here is called.
fn callable(value: &Value) -> Option<String> {
    let user = value.as_str()?;
    Destination::parse(user).map(|_| user.to_owned())
}

fn slot(value: &Value) -> Option<Duration> {
    let us: u64 = whole(value, 1..=5000)?;
    SLOTS_US.contains(&us).then(|| Duration::from_micros(us))
}

/// A file that is there or can be made.
fn file(value: &Value) -> Option<PathBuf> {
    let path = PathBuf::from(value.as_str()?);
    let folder = path.parent()?;
    let there = folder.as_os_str().is_empty() || folder.is_dir();
    (there && !path.is_dir()).then_some(path)
}

fn folder(value: &Value) -> Option<PathBuf> {
    let path = PathBuf::from(value.as_str()?);
    path.is_dir().then_some(path)
}
