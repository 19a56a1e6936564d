//! The routes and the listening socket.
//!
//! Runs on the control runtime. Binding is separate from serving, so that a port in use is known
//! before anything else starts.

use std::future::{Future, IntoFuture};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{FromRef, Query, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use serde_json::json;

use super::events::{self, Clients};
use super::{PlanDump, StatusSource, calls, headroom, health, metrics};

const PAGE: &str = include_str!("page.html");
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// How long open connections may take to finish once the server is told to stop.
const GRACE: Duration = Duration::from_millis(500);

/// Why the server cannot run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The address cannot be listened on.
    #[error("http: cannot listen on {address}: {source}")]
    Bind {
        /// What was asked for.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The socket failed while serving.
    #[error("http: {0}")]
    Serve(#[source] std::io::Error),
}

/// A bound, not yet serving HTTP socket.
#[derive(Debug)]
pub struct HttpServer {
    listener: TcpListener,
    address: SocketAddr,
}

impl HttpServer {
    /// Binds `address`; port 0 takes any free port.
    ///
    /// # Errors
    /// [`HttpError::Bind`] with the address and the system's reason.
    pub fn bind(address: SocketAddr) -> Result<Self, HttpError> {
        let failed = |source| HttpError::Bind { address, source };
        let listener = TcpListener::bind(address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` completes, then gives open connections half a second to finish.
    /// Must run on a tokio runtime with I/O and time enabled.
    ///
    /// # Errors
    /// [`HttpError::Serve`] if the socket itself fails.
    pub async fn run(
        self,
        source: Arc<dyn StatusSource>,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), HttpError> {
        let listener =
            tokio::net::TcpListener::from_std(self.listener).map_err(HttpError::Serve)?;
        let (stopping, stopped) = tokio::sync::oneshot::channel();
        let (over, ended) = tokio::sync::watch::channel(false);
        let graceful = async move {
            stop.await;
            over.send_replace(true);
            drop(stopping);
        };
        let clients = Clients::new(ended);
        let routes = routes(Shared { source, clients });
        let serving = axum::serve(listener, routes).with_graceful_shutdown(graceful);
        let overtime = async {
            // The sender is only ever dropped: an error is the signal.
            stopped.await.unwrap_or(());
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            outcome = serving.into_future() => outcome.map_err(HttpError::Serve),
            () = overtime => Ok(()),
        }
    }
}

pub(super) type Source = Arc<dyn StatusSource>;

/// What the routes share.
#[derive(Clone)]
pub(super) struct Shared {
    pub source: Source,
    pub clients: Clients,
}

impl FromRef<Shared> for Source {
    fn from_ref(shared: &Shared) -> Self {
        shared.source.clone()
    }
}

fn routes(shared: Shared) -> Router {
    Router::new()
        .route("/", get(async || Html(PAGE)))
        .route("/status", get(status))
        .route("/health", get(health::health))
        .route("/metrics", get(exposition))
        .route("/plans", get(plans))
        .route("/calls", get(calls::list))
        .route("/calls/{id}", get(calls::story))
        .route("/events", get(events::events))
        .route("/headroom", get(headroom::headroom))
        .fallback(unknown)
        .with_state(shared)
}

/// What there is to ask for; `ID` stands for a Call-ID.
pub const PAGES: [&str; 9] = [
    "/",
    "/status",
    "/health",
    "/metrics",
    "/plans",
    "/calls",
    "/calls/ID",
    "/events",
    "/headroom",
];

async fn unknown(uri: Uri) -> Response {
    let error = format!("there is no {}", uri.path());
    let body = json!({ "error": error, "pages": PAGES });
    calls::answer(StatusCode::NOT_FOUND, body)
}

/// Runs `read` off the async threads; a panic in it becomes a 500.
pub(super) async fn read<T: Send + 'static>(
    read: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Response> {
    tokio::task::spawn_blocking(read)
        .await
        .map_err(|fault| (StatusCode::INTERNAL_SERVER_ERROR, fault.to_string()).into_response())
}

async fn status(State(source): State<Source>) -> Result<Response, Response> {
    let value = read(move || source.status()).await?;
    Ok(calls::answer(StatusCode::OK, value))
}

async fn exposition(State(source): State<Source>) -> Result<Response, Response> {
    let body = read(move || metrics::exposition(source)).await?;
    Ok(match body {
        Ok(body) => ([(header::CONTENT_TYPE, OPENMETRICS)], body).into_response(),
        Err(fault) => (StatusCode::INTERNAL_SERVER_ERROR, fault.to_string()).into_response(),
    })
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum PlanFormat {
    #[default]
    Text,
    Dot,
}

#[derive(Deserialize)]
struct PlanQuery {
    #[serde(default)]
    format: PlanFormat,
}

async fn plans(
    State(source): State<Source>,
    Query(query): Query<PlanQuery>,
) -> Result<Response, Response> {
    let dumps = read(move || source.plans()).await?;
    Ok(match query.format {
        PlanFormat::Text => plans_text(&dumps).into_response(),
        PlanFormat::Dot => {
            let kind = [(header::CONTENT_TYPE, "text/vnd.graphviz; charset=utf-8")];
            (kind, plans_dot(&dumps)).into_response()
        }
    })
}

fn plans_text(dumps: &[PlanDump]) -> String {
    if dumps.is_empty() {
        return "no plans yet: nobody is in a room\n".into();
    }
    dumps
        .iter()
        .map(|plan| {
            format!(
                "plan {} · {} · legs {}\n{}\n",
                plan.id, plan.name, plan.legs, plan.text
            )
        })
        .collect()
}

fn plans_dot(dumps: &[PlanDump]) -> String {
    dumps
        .iter()
        .map(|plan| {
            format!(
                "// plan {}, {}, legs {}\n{}\n",
                plan.id, plan.name, plan.legs, plan.dot
            )
        })
        .collect()
}
