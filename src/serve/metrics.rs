//! Every number of `/metrics`: those of the engine, the network and the SIP front, under one naming rule.
//!
//! Control side; reads records that exist already. `docs/counters.md` explains each name, and a
//! test holds the two together.

use std::time::Duration;

use talkpath_edge::http::{Metric, MetricKind, Sample};
use talkpath_edge::net::NetStatus;
use talkpath_edge::sip::Counters;
use talkpath_engine::{Counter, FlowLedger, LegLedger, Status};

/// All metric families, in the order of the page. `engine` is `None` once the engine has stopped;
/// its families are left out then.
pub fn metrics(engine: Option<&Status>, net: &NetStatus, sip: &Counters) -> Vec<Metric> {
    let status = engine;
    let engine = engine.into_iter().flat_map(Status::counters);
    let engine = engine.map(of_engine);
    let counted = net.counters.iter();
    let net_counted =
        counted.map(|(name, help, value)| metric(&format!("net_{name}"), help, true, value as f64));
    let sip = sip
        .iter()
        .map(|(name, help, value)| metric(name, help, true, value as f64));
    engine
        .chain(net_counted)
        .chain(fills(status, net))
        .chain(status.map(costs))
        .chain([ledger(status), call_ledger(status)])
        .chain(shard(net))
        .chain(sip)
        .collect()
}

/// A number of the engine: of each worker by itself where the engine tells it so.
fn of_engine(counter: Counter) -> Metric {
    let mut family = metric(counter.name, counter.help, counter.grows, counter.value);
    let of_each = counter.of_workers.iter().enumerate();
    let samples: Vec<_> = of_each
        .map(|(worker, &value)| Sample {
            labels: vec![("worker", worker.to_string())],
            value,
        })
        .collect();
    if !samples.is_empty() {
        family.samples = samples;
    }
    family
}

fn metric(name: &str, help: &'static str, grows: bool, value: f64) -> Metric {
    let (name, help) = (name.trim_end_matches("_total"), help.trim_end_matches('.'));
    if grows {
        Metric::counter(name, help, value)
    } else {
        Metric::gauge(name, help, value)
    }
}

/// Every ring, slab and inventory: in use, room, and the most ever. What they are is the label.
fn fills(engine: Option<&Status>, net: &NetStatus) -> [Metric; 3] {
    let mut families = [
        ("fill", "In use of what there is a fixed number of"),
        ("fill_limit", "How many of them there are"),
        ("fill_high_water", "The most that were ever in use"),
    ]
    .map(|(name, help)| Metric::family(name, help, MetricKind::Gauge));
    let engine = engine.into_iter().flat_map(|status| &status.capacity);
    for fill in engine.chain(&net.fills) {
        let values = [Some(fill.in_use), Some(fill.limit), fill.high_water];
        for (family, value) in families.iter_mut().zip(values) {
            let labels = vec![("of", fill.what.clone())];
            family.samples.extend(value.map(|value| Sample {
                labels,
                value: value as f64,
            }));
        }
    }
    families
}

/// What one op of a leg costs in a period, by kind of node.
fn costs(status: &Status) -> Metric {
    let help = "Time of one op of a leg in a period, by kind of node";
    let mut family = Metric::family("node_cost_seconds", help, MetricKind::Gauge);
    for cost in &status.costs.kinds {
        for (quantile, us) in [
            ("0.5", cost.p50_us),
            ("0.9", cost.p90_us),
            ("0.99", cost.p99_us),
        ] {
            let labels = vec![
                ("kind", cost.kind.to_owned()),
                ("quantile", quantile.to_owned()),
            ];
            family = family.with(labels, us / 1e6);
        }
    }
    family
}

/// The latency ledger: every part, on average over the network legs and at most.
fn ledger(engine: Option<&Status>) -> Metric {
    let rooms = engine.into_iter().flat_map(|status| &status.rooms);
    let legs = rooms.flat_map(|room| &room.legs);
    let legs: Vec<_> = legs
        .filter(|leg| leg.kind == "network")
        .map(|leg| leg.ledger.parts())
        .collect();
    let (name, help) = ("ledger_seconds", "Delay of the legs, part by part");
    by_part((name, help), engine.is_some(), &LegLedger::PARTS, &legs)
}

/// The latency ledger of calls: every part, on average over their directions and at most.
fn call_ledger(engine: Option<&Status>) -> Metric {
    let calls = engine.into_iter().flat_map(|status| &status.calls);
    let sides = calls.flat_map(|call| &call.sides);
    let flows: Vec<_> = sides.map(|side| side.ledger.parts()).collect();
    let (name, help) = ("call_ledger_seconds", "Delay of calls, part by part");
    by_part((name, help), engine.is_some(), &FlowLedger::PARTS, &flows)
}

/// The mean and the most of every part; nothing when there is no engine to ask.
fn by_part<const N: usize>(
    (name, help): (&'static str, &'static str),
    asked: bool,
    names: &[&str; N],
    all: &[[Duration; N]],
) -> Metric {
    let start = Metric::family(name, help, MetricKind::Gauge);
    let told = names.iter().enumerate().filter(|_| asked);
    told.fold(start, |metric, (at, part)| {
        let part = |of: &str| vec![("part", (*part).to_owned()), ("of", of.to_owned())];
        let seconds = || all.iter().map(|parts| parts[at].as_secs_f64());
        let mean = seconds().sum::<f64>() / all.len().max(1) as f64;
        let max = seconds().fold(0.0, f64::max);
        metric.with(part("mean"), mean).with(part("max"), max)
    })
}

/// Ports by state and the shard's punctuality.
fn shard(net: &NetStatus) -> Vec<Metric> {
    let by_state =
        |(state, count): (&str, usize)| (vec![("state", state.to_owned())], count as f64);
    let by_quantile =
        |(quantile, us): (&str, f64)| (vec![("quantile", quantile.to_owned())], us / 1e6);
    let family = |name: &str, help, samples: Vec<(Vec<_>, f64)>| {
        let start = Metric::family(name, help, MetricKind::Gauge);
        samples
            .into_iter()
            .fold(start, |metric, (labels, value)| metric.with(labels, value))
    };
    let (ports, timing) = (&net.ports, &net.timing);
    let states = [
        ("free", ports.free),
        ("in_use", ports.in_use),
        ("resting", ports.resting),
    ];
    let wake = [
        ("0.5", timing.wake_p50_us),
        ("0.99", timing.wake_p99_us),
        ("0.999", timing.wake_p999_us),
        ("1", timing.wake_max_us),
    ];
    let send = [
        ("0.5", timing.send_p50_us),
        ("0.99", timing.send_p99_us),
        ("0.999", timing.send_p999_us),
        ("1", timing.send_max_us),
    ];
    let busy = [
        ("0.5", timing.busy_p50_us),
        ("0.999", timing.busy_p999_us),
        ("1", timing.busy_max_us),
    ];
    vec![
        family(
            "net_port_pairs",
            "Port pairs by state",
            states.map(by_state).into(),
        ),
        family(
            "net_wake_seconds",
            "Wake-up lateness of the shard",
            wake.map(by_quantile).into(),
        ),
        family(
            "net_busy_seconds",
            "Time at work of the shard in a slot",
            busy.map(by_quantile).into(),
        ),
        family(
            "net_send_seconds",
            "From a packet's time to its sending",
            send.map(by_quantile).into(),
        ),
        metric(
            "net_slots",
            "Slots the shard has run",
            true,
            timing.slots as f64,
        ),
        metric(
            "net_late_slots",
            "Slots the shard ended too late",
            true,
            timing.late_slots as f64,
        ),
        metric(
            "net_skipped_slots",
            "Slots the shard left out after a stall",
            true,
            timing.skipped_slots as f64,
        ),
    ]
}
