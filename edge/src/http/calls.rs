//! `/calls` and `/calls/ID`.

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::round::rounded;
use super::server::{Source, read};

pub(super) async fn list(State(source): State<Source>) -> Result<Response, Response> {
    let calls = read(move || source.calls()).await?;
    Ok(answer(StatusCode::OK, calls))
}

pub(super) async fn story(
    State(source): State<Source>,
    Path(id): Path<String>,
) -> Result<Response, Response> {
    let asked = id.clone();
    let story = read(move || source.call(&asked)).await?;
    Ok(match story {
        Some(story) => answer(StatusCode::OK, story),
        None => {
            let error = "no call of that Call-ID is in progress or among the last that ended";
            answer(StatusCode::NOT_FOUND, json!({ "error": error, "id": id }))
        }
    })
}

pub(super) fn answer(status: StatusCode, body: Value) -> Response {
    let never_cached = [(header::CACHE_CONTROL, "no-store")];
    (status, never_cached, axum::Json(rounded(body))).into_response()
}
