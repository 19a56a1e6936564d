//! What `/status`, `/metrics` and `/plans` show: engine, network and SIP put side by side.

use serde_json::{Value, json};
use talkpath_edge::http::{Metric, MetricKind, PlanDump, StatusSource};
use talkpath_edge::net::{Net, NetStatus};
use talkpath_edge::sip::SipServer;
use talkpath_engine::{Engine, PlanInfo};

/// Everything that runs.
pub(super) struct Running {
    pub engine: Engine,
    pub net: Net,
    pub sip: SipServer,
    /// What was asked for at start and not granted.
    pub warnings: Vec<String>,
}

impl StatusSource for Running {
    fn status(&self) -> Value {
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "warnings": self.warnings,
            // Null once the engine has stopped.
            "engine": self.engine.status().ok(),
            "net": self.net.status(),
            "sip": self.sip.status(),
        })
    }

    fn metrics(&self) -> Vec<Metric> {
        let mut metrics = Vec::new();
        if let Ok(status) = self.engine.status() {
            metrics.extend(
                status
                    .counters()
                    .map(|c| metric(c.name, c.help, c.grows, c.value)),
            );
        }
        let net = self.net.status();
        let counted = net.counters.iter();
        metrics.extend(
            counted.map(|(name, help, value)| {
                metric(&format!("net_{name}"), help, true, value as f64)
            }),
        );
        metrics.extend(shard(&net));
        let sip = self.sip.counters().iter();
        metrics.extend(sip.map(|(name, help, value)| metric(name, help, true, value as f64)));
        metrics
    }

    fn plans(&self) -> Vec<PlanDump> {
        self.engine
            .plans()
            .unwrap_or_default()
            .iter()
            .map(plan)
            .collect()
    }
}

fn metric(name: &str, help: &'static str, grows: bool, value: f64) -> Metric {
    let (name, help) = (name.trim_end_matches("_total"), help.trim_end_matches('.'));
    if grows {
        Metric::counter(name, help, value)
    } else {
        Metric::gauge(name, help, value)
    }
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

fn plan(info: &PlanInfo) -> PlanDump {
    let ways = [
        ("ingress", &info.ingress, &info.ingress_dot),
        ("egress", &info.egress, &info.egress_dot),
    ];
    let present = ways.iter().filter(|(_, text, _)| !text.is_empty());
    PlanDump {
        id: info.id.to_string(),
        legs: info.legs,
        text: present
            .clone()
            .map(|(way, text, _)| format!("{way}\n{text}"))
            .collect(),
        dot: present
            .map(|(way, _, dot)| format!("// {way}\n{dot}\n"))
            .collect(),
    }
}
