//! The answer of `/health`: for whoever restarts a server or sends it calls.
//!
//! 200 means that calls are heard; anything else carries its reason in words. The source may have to ask a thread
//! that no longer answers, so it is given [`PATIENCE`] and no more.

use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::server::{Source, read};

/// How long the source may take: an engine at work answers within milliseconds.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether the server can take calls.
#[derive(Clone, Debug, PartialEq)]
pub enum Health {
    /// Everything that media needs is at work; answered with 200.
    Ok {
        /// Figures beside it, for people.
        figures: Map<String, Value>,
    },
    /// No new calls are taken, those in progress are being ended; answered with 503.
    Draining,
    /// Something that media needs is not at work; answered with 503.
    Failed {
        /// What, in plain words.
        reason: String,
    },
}

impl Health {
    fn parts(self) -> (StatusCode, Value) {
        let unfit = |status: &str, reason: String| {
            let body = json!({ "status": status, "reason": reason });
            (StatusCode::SERVICE_UNAVAILABLE, body)
        };
        match self {
            Self::Ok { mut figures } => {
                figures.insert("status".into(), "ok".into());
                (StatusCode::OK, figures.into())
            }
            Self::Draining => unfit(
                "draining",
                "the server is going down: no new calls are taken".into(),
            ),
            Self::Failed { reason } => unfit("failed", reason),
        }
    }
}

pub(super) async fn health(State(source): State<Source>) -> Response {
    let asked = tokio::time::timeout(PATIENCE, read(move || source.health())).await;
    let (status, body) = match asked {
        Ok(Ok(health)) => health.parts(),
        Ok(Err(fault)) => return fault,
        Err(_) => Health::Failed {
            reason: format!(
                "the supervisor has not answered within {} s",
                PATIENCE.as_secs()
            ),
        }
        .parts(),
    };
    let never_cached = [(header::CACHE_CONTROL, "no-store")];
    (status, never_cached, axum::Json(body)).into_response()
}
