//! `docs/counters.md` and the code name the same things: every family of `/metrics`, every field of a leg in `/status`.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;
use talkpath_edge::http::{Metric, MetricKind};
use talkpath_edge::net::{
    LatchState, Net, NetConfig, NetCounters, NetLegStats, NetStatus, PortStatus, Refused,
    ShardTiming,
};
use talkpath_edge::sip::{CallStatus, Counters};
use talkpath_engine::{
    CallConfig, Codec, Engine, EngineConfig, LegConfig, LegId, NetworkConfig, Priority, RoomConfig,
    Status, VirtualEngine,
};

const DOC: &str = include_str!("../docs/counters.md");
/// Heading of the values of the label `of`.
const FILLS: &str = "What can be full";

/// First cells of the tables under the headings that `wanted` takes, without their backticks.
fn documented(wanted: impl Fn(&str) -> bool) -> Vec<&'static str> {
    let mut heading = "";
    let mut names = Vec::new();
    for line in DOC.lines() {
        if let Some(title) = line.strip_prefix('#') {
            heading = title.trim_start_matches('#').trim();
        }
        let cell = line
            .strip_prefix("| `")
            .and_then(|row| row.split_once("` |"));
        if let Some((name, _)) = cell.filter(|_| wanted(heading)) {
            names.push(name);
        }
    }
    names
}

/// Fails with what the document lacks, what it invents, and what it says twice.
#[track_caller]
fn same(in_code: impl IntoIterator<Item = String>, in_doc: &[&str]) {
    let code: BTreeSet<String> = in_code.into_iter().collect();
    let doc: BTreeSet<String> = in_doc.iter().map(|&name| name.to_owned()).collect();
    assert!(!code.is_empty(), "nothing to compare with");
    let missing: Vec<_> = code.difference(&doc).collect();
    let invented: Vec<_> = doc.difference(&code).collect();
    assert!(
        missing.is_empty() && invented.is_empty(),
        "docs/counters.md lacks {missing:?} and names {invented:?}, which do not exist"
    );
    assert_eq!(in_doc.len(), doc.len(), "docs/counters.md names one twice");
}

/// An engine with one leg in one room, and one call.
fn engine() -> Status {
    let engine = VirtualEngine::new(EngineConfig::default()).expect("the default is valid");
    let room = engine
        .create_room(RoomConfig::new("lobby"))
        .expect("the first room");
    room.join(LegConfig::tone(440.0, -20.0))
        .expect("the first leg");
    let end = NetworkConfig::new(Codec::Pcmu, 0);
    let call = CallConfig::new(end, end);
    engine.create_call(call).expect("the first call");
    engine.advance(Duration::from_millis(100));
    engine.status().expect("it runs")
}

fn net() -> NetStatus {
    NetStatus {
        counters: NetCounters::default(),
        legs: Vec::new(),
        held: 0,
        fills: Vec::new(),
        timing: ShardTiming::default(),
        ports: PortStatus {
            free: 0,
            in_use: 0,
            resting: 0,
        },
        capacity: 0,
        core: None,
        priority: None,
        warnings: Vec::new(),
    }
}

/// As it stands on the page.
fn full_name(metric: &Metric) -> String {
    let total = match metric.kind {
        MetricKind::Counter => "_total",
        MetricKind::Gauge => "",
    };
    format!("talkpath_{}{total}", metric.name)
}

fn keys(value: &Value) -> impl Iterator<Item = String> {
    value.as_object().expect("an object").keys().cloned()
}

#[test]
fn every_metric_is_explained_and_none_is_invented() {
    let metrics = talkpath::serve::metrics(Some(&engine()), &net(), &Counters::default());
    let mut names = Vec::new();
    for metric in &metrics {
        assert!(
            !metric.samples.is_empty(),
            "{} would not be shown",
            metric.name
        );
        names.push(full_name(metric));
    }
    let distinct: BTreeSet<_> = names.iter().collect();
    assert_eq!(distinct.len(), names.len(), "two families of one name");
    let mut told = documented(|_| true);
    told.retain(|name| name.starts_with("talkpath_"));
    same(names, &told);
}

#[test]
fn a_worker_that_does_less_than_another_is_seen() {
    let two = EngineConfig {
        workers: 2,
        ..EngineConfig::default()
    };
    let engine = VirtualEngine::new(two).expect("two are allowed");
    let room = engine.create_room(RoomConfig::new("lobby")).expect("one");
    room.join(LegConfig::tone(440.0, -20.0)).expect("the first");
    engine.advance(Duration::from_secs(4));
    let status = engine.status().expect("it runs");
    let metrics = talkpath::serve::metrics(Some(&status), &net(), &Counters::default());
    let of = |name: &str| -> Vec<_> {
        let found = metrics.iter().find(|metric| metric.name == name);
        let samples = &found.expect("it is told").samples;
        samples
            .iter()
            .map(|sample| (sample.labels.clone(), sample.value))
            .collect()
    };
    let worker = |index: &str| vec![("worker", index.to_owned())];
    let slots = of("worker_slots");
    let [(first, busy), (second, idle)] = &slots[..] else {
        panic!("two workers, not {slots:?}")
    };
    assert_eq!((first, second), (&worker("0"), &worker("1")));
    let told: Vec<_> = status
        .workers
        .iter()
        .map(|w| w.counters.slots as f64)
        .collect();
    assert_eq!(told, [*busy, *idle]);
    assert!(*idle > 0.0 && *busy > 1.5 * idle, "{slots:?}");
    for name in [
        "worker_late_slots",
        "worker_skipped_slots",
        "worker_busy_seconds",
    ] {
        let labels: Vec<_> = of(name).into_iter().map(|(labels, _)| labels).collect();
        assert_eq!(labels, [worker("0"), worker("1")], "{name}");
    }
    assert_eq!(of("packets_in"), [(vec![], 0.0)], "a sum, as ever");
}

#[test]
fn everything_that_fills_is_explained() {
    // With two workers there are ways between them.
    let small = EngineConfig {
        capacity_legs: 1,
        workers: 2,
        priority: None,
        lock_memory: false,
        ..EngineConfig::default()
    };
    let engine = Engine::start(small).expect("the machine has threads");
    let link = engine.take_shard_link().expect("nobody has taken it");
    let config = NetConfig {
        capacity: 1,
        ..NetConfig::default()
    };
    let net = Net::start(config, link).expect("a shard");
    let fills = engine.status().expect("it runs").capacity;
    for fill in &fills {
        // One leg makes no call.
        let room = fill.limit > 0 || fill.what == "calls";
        assert!(room && fill.high_water.is_some(), "{fill:?}");
    }
    // Of the network side the names are enough: the shard's levels come with its first snapshot.
    let fills: Vec<_> = fills.into_iter().chain(net.status().fills).collect();
    let (metric, kinds) = (&fills[0], documented(|heading| heading == FILLS));
    assert_eq!((metric.what.as_str(), metric.limit), ("legs", 1));
    same(fills.into_iter().map(|fill| fill.what), &kinds);
    net.shutdown();
    engine.shutdown();
}

#[test]
fn every_label_value_is_explained() {
    let metrics = talkpath::serve::metrics(Some(&engine()), &net(), &Counters::default());
    // What can be full has a table of its own.
    for metric in metrics.iter().filter(|m| !m.name.starts_with("fill")) {
        let name = format!("| `{}` |", full_name(metric));
        for (label, value) in metric.samples.iter().flat_map(|sample| &sample.labels) {
            let row = DOC
                .lines()
                .find(|line| line.starts_with(&name))
                .unwrap_or_default();
            let said = |word: &str| row.contains(&format!("`{word}`"));
            // Of a worker it is its index.
            let value_said = *label == "worker" || said(value);
            assert!(said(label) && value_said, "{name} lacks {label}={value}");
        }
    }
}

#[test]
fn every_field_of_a_leg_is_explained_and_none_is_invented() {
    let status = serde_json::to_value(engine()).expect("it is plain data");
    let leg = &status["rooms"][0]["legs"][0];
    let under = |title: &'static str| documented(move |heading| heading == title);
    same(keys(leg), &under("engine.rooms[].legs[]"));
    same(keys(&leg["stats"]), &under("engine.rooms[].legs[].stats"));
    let halves = ["inward", "outward"]
        .map(|half| keys(&leg["ledger"][half]).map(move |part| format!("{half}.{part}")));
    same(keys(&leg["ledger"]), &["inward", "outward"]);
    same(
        halves.into_iter().flatten(),
        &under("engine.rooms[].legs[].ledger"),
    );
    let call = &status["calls"][0];
    same(keys(call), &under("engine.calls[]"));
    let side = &call["sides"][0];
    same(keys(side), &under("engine.calls[].sides[]"));
    same(
        keys(&side["ledger"]),
        &under("engine.calls[].sides[].ledger"),
    );
    let bits = leg["bits"].as_u64().expect("a number");
    let port = NetLegStats {
        leg: LegId::from_bits(bits).expect("a handle of the engine's"),
        local_port: 0,
        remote: None,
        latch: LatchState::Waiting,
        packets_in: 0,
        octets_in: 0,
        packets_out: 0,
        octets_out: 0,
        refused: 0,
        refused_for: Refused::default(),
        lost: 0,
        jitter_ms: 0.0,
        remote_lost: None,
        remote_fraction_lost: None,
        remote_jitter_ms: None,
        round_trip_ms: None,
        ssrc: 0,
        remote_ssrc: None,
        remote_cname: arrayvec::ArrayString::new(),
    };
    let port = serde_json::to_value(port).expect("it is plain data");
    same(keys(&port), &under("net.legs[]"));
    assert_eq!(port["leg"], leg["id"], "the handle joins the two");
    let call = CallStatus {
        call_id: String::new(),
        source: ([127, 0, 0, 1], 5060).into(),
        to: None,
        priority: Priority::Normal,
        codec: None,
        leg: Some(bits),
        confirmed: false,
        held: false,
    };
    same(
        keys(&serde_json::to_value(call).expect("it is plain data")),
        &under("sip.calls[]"),
    );
}
