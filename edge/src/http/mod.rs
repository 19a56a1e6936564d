//! Status, metrics and plan dumps over HTTP, read-only, meant for localhost.
//!
//! Owned by the control side; no worker ever waits for it. What it shows comes through
//! [`StatusSource`], so the server knows nothing of engines and sockets and a test serves a fake.
//!
//! | path | answer |
//! |---|---|
//! | `/` | one small live page, no external resources |
//! | `/status` | everything as JSON |
//! | `/health` | 200 while calls are heard, else 503 with the reason; JSON |
//! | `/metrics` | OpenMetrics text for Prometheus |
//! | `/plans` | the compiled plans as text; `?format=dot` for Graphviz |

mod health;
mod metrics;
mod server;

pub use health::Health;
pub use metrics::{Metric, MetricKind, Sample};
pub use server::{HttpError, HttpServer};

/// What the HTTP server shows. Each call may take a lock or wait for the supervisor: the server
/// calls from blocking threads, never from the async ones.
pub trait StatusSource: Send + Sync + 'static {
    /// The whole state as one JSON object, as answered on `/status`.
    fn status(&self) -> serde_json::Value;
    /// Whether calls are heard, as answered on `/health`.
    fn health(&self) -> Health;
    /// The counters and gauges of this moment, as answered on `/metrics`.
    fn metrics(&self) -> Vec<Metric>;
    /// Every compiled plan in use, as answered on `/plans`.
    fn plans(&self) -> Vec<PlanDump>;
}

/// One compiled plan, ready to print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanDump {
    /// Name of the plan, unique in this process.
    pub id: String,
    /// Legs that run it now.
    pub legs: usize,
    /// The plan as lines of text.
    pub text: String,
    /// The plan as one Graphviz `digraph`.
    pub dot: String,
}
