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
//! | `/calls` | calls in progress and the last that ended; JSON |
//! | `/calls/ID` | a call's story, by its Call-ID; JSON, 404 when it is not known |
//! | `/events` | what happens from now on, a JSON object a line; `?class=`, `?room=`, `?leg=`, `?call=` |
//! | `/headroom` | how many more legs or calls of a kind there is room for; `?codec=`, `?to=`; JSON |
//!
//! Anything else is answered with 404 and what there is.

mod calls;
mod events;
mod headroom;
mod health;
mod metrics;
mod round;
mod server;

pub use events::{EventFeed, EventQuery, Fed, NoFeed};
pub use headroom::HeadroomQuery;
pub use health::Health;
pub use metrics::{Metric, MetricKind, Sample};
pub use round::rounded;
pub use server::{HttpError, HttpServer, PAGES};

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
    /// Calls in progress and the last that ended, as answered on `/calls`.
    fn calls(&self) -> serde_json::Value {
        serde_json::Value::Array(Vec::new())
    }
    /// A call's story, as answered on `/calls/ID`.
    fn call(&self, _id: &str) -> Option<serde_json::Value> {
        None
    }
    /// What happens from now on and is asked for, as answered on `/events`.
    ///
    /// # Errors
    /// Why there is no such feed.
    fn events(&self, _query: &EventQuery) -> Result<Box<dyn EventFeed>, NoFeed> {
        Err(NoFeed::Over("nothing happens here".into()))
    }
    /// How many more there is room for, as answered on `/headroom`.
    ///
    /// # Errors
    /// What can be asked, in words.
    fn headroom(&self, _query: &HeadroomQuery) -> Result<serde_json::Value, String> {
        Err("nobody counts room here".into())
    }
}

/// One compiled plan, ready to print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanDump {
    /// Name of the plan, unique in this process.
    pub id: String,
    /// What it is, in a few words.
    pub name: String,
    /// Legs that run it now.
    pub legs: usize,
    /// The plan as lines of text.
    pub text: String,
    /// The plan as one Graphviz `digraph`.
    pub dot: String,
}
