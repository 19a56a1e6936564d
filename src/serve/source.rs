//! What `/status`, `/health`, `/metrics` and `/plans` show: engine, network and SIP put side by side.

use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};
use talkpath_edge::http::{
    EventFeed, EventQuery, HeadroomQuery, Health, Metric, NoFeed, PlanDump, StatusSource,
};
use talkpath_edge::net::Net;
use talkpath_edge::sip::SipServer;
use talkpath_engine::{Engine, PlanInfo, Status};
use talkpath_rt::numa::Topology;

use super::feed;
use super::headroom;
use super::health::{self, Pulse, Unfit};
use super::metrics::metrics;
use super::watch;

/// Everything that runs.
pub(super) struct Running {
    pub engine: Engine,
    pub net: Net,
    pub sip: SipServer,
    /// What was asked for at start and not granted.
    pub warnings: Vec<String>,
    /// The machine's NUMA nodes.
    pub topology: Topology,
    /// What earlier looks at `/health` saw; locked by those who ask for it and by nobody else.
    pub pulse: Mutex<Pulse>,
}

impl Running {
    /// Which thread that media needs has ended by itself, if one has.
    pub(super) fn fault(&self) -> Option<&'static str> {
        watch::fault(&self.engine, &self.net)
    }

    /// As [`fault`](Self::fault), of what is not put right by itself.
    pub(super) fn lasting_fault(&self) -> Option<&'static str> {
        watch::lasting_fault(&self.engine, &self.net)
    }

    /// The engine's status, once all that media needs was seen at work.
    fn look(&self) -> Result<Status, Unfit> {
        if let Some(what) = self.fault() {
            return Err(Unfit::Ended(what));
        }
        let status = self.engine.status().map_err(|_| Unfit::Stopped)?;
        let mut pulse = self.pulse.lock().unwrap_or_else(PoisonError::into_inner);
        pulse.look(&status, &self.net.status())?;
        Ok(status)
    }
}

impl StatusSource for Running {
    fn status(&self) -> Value {
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "warnings": self.warnings,
            // Null while there is media; the program ends by itself within a second when nobody puts it right.
            "fault": self.fault(),
            // Null once the engine has stopped.
            "engine": self.engine.status().ok(),
            "net": self.net.status(),
            "sip": self.sip.status(),
        })
    }

    fn health(&self) -> Health {
        let sip = self.sip.status();
        health::answer(self.look().as_ref(), sip.calls.len(), sip.draining)
    }

    fn metrics(&self) -> Vec<Metric> {
        let engine = self.engine.status().ok();
        metrics(engine.as_ref(), &self.net.status(), self.sip.counters())
    }

    fn calls(&self) -> Value {
        self.sip.calls()
    }

    fn call(&self, id: &str) -> Option<Value> {
        self.sip.call(id)
    }

    fn events(&self, query: &EventQuery) -> Result<Box<dyn EventFeed>, NoFeed> {
        feed::open(&self.engine, self.sip.call_ids(), query)
    }

    fn headroom(&self, query: &HeadroomQuery) -> Result<Value, String> {
        headroom::answer(&self.engine, query)
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

fn plan(info: &PlanInfo) -> PlanDump {
    let ways = [
        ("ingress", &info.ingress, &info.ingress_dot),
        ("egress", &info.egress, &info.egress_dot),
    ];
    let present = ways.iter().filter(|(_, text, _)| !text.is_empty());
    PlanDump {
        id: info.id.to_string(),
        name: info.name.clone(),
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
