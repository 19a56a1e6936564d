//! The plans in use, and what legs and nodes were measured to cost (D15).

use serde::Serialize;

/// A compiled plan in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlanInfo {
    /// Its handle as one number.
    pub id: u64,
    /// What it is, in a few words; others may have the same name.
    pub name: String,
    /// Legs and calls that use it.
    pub legs: usize,
    /// The way in, of a call that from A to B, as text; empty when it has none.
    pub ingress: String,
    /// The way out, of a call that from B to A, as text; empty when it has none.
    pub egress: String,
    /// The way in, for Graphviz.
    pub ingress_dot: String,
    /// The way out, for Graphviz.
    pub egress_dot: String,
    /// What one period of both ways costs, by the hints of their nodes, in nanoseconds.
    pub cost_ns: u64,
    /// Delay of the way in by the nodes' own account, in microseconds.
    pub ingress_latency_us: u64,
    /// Delay of the way out, in microseconds.
    pub egress_latency_us: u64,
}

/// Measured costs (D15); they follow what is measured now, old measurements fade.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CostStatus {
    /// By kind of node, over all workers: one op of one leg in one period. Sampled.
    pub kinds: Vec<KindCost>,
    /// By plan and worker: one leg in one period, of a call one packet each way.
    pub plans: Vec<PlanCostStatus>,
}

/// What one kind of node costs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct KindCost {
    /// The kind.
    pub kind: &'static str,
    /// Half of the measurements lie below, in microseconds; 0 when there is none.
    pub p50_us: f64,
    /// 90 % lie below.
    pub p90_us: f64,
    /// 99 % lie below.
    pub p99_us: f64,
}

/// What a leg of one plan costs, or a call.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PlanCostStatus {
    /// Index of the worker.
    pub worker: usize,
    /// The plan, as `/plans` names it.
    pub plan: u64,
    /// Whether the price was measured; else it is the hint.
    pub measured: bool,
    /// What a leg of it is admitted with, both ways together, in microseconds; a call with this for each packet time.
    pub price_us: f64,
    /// Towards the room: median, 90 % and 99 %, in microseconds.
    pub ingress_us: [f64; 3],
    /// From the room.
    pub egress_us: [f64; 3],
}
