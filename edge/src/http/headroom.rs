//! How many more there is room for: `/headroom`.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::calls;
use super::server::{Source, read};

/// What would come, in the client's own words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadroomQuery {
    /// The codec that a caller of a new room speaks, or side A of a call; absent: PCMU.
    pub codec: Option<String>,
    /// The codec of side B: then it is calls that are asked about.
    pub to: Option<String>,
}

/// Answers how many more there is room for, on which worker, and what ends it; 400 with what can be asked else.
pub(super) async fn headroom(
    State(source): State<Source>,
    Query(query): Query<HeadroomQuery>,
) -> Result<Response, Response> {
    let answered = read(move || source.headroom(&query)).await?;
    Ok(match answered {
        Ok(value) => calls::answer(StatusCode::OK, value),
        Err(error) => calls::answer(StatusCode::BAD_REQUEST, json!({ "error": error })),
    })
}
