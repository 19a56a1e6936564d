//! `/events`: one JSON object a line, as long as the client reads and the server runs.
//!
//! A blocking thread per client takes events out of its feed and writes them into a pipe of [`PIPE`] octets; when that is
//! full it waits, and the feed, which is bounded, loses what matters least. At most [`CLIENTS`] are served. An empty
//! line now and then shows whether the client is still there. When the server ends, what has happened until then is
//! still told.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use talkpath_rt::clock::{Clock, MonotonicClock};
use tokio::io::{AsyncWriteExt, DuplexStream};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_util::io::ReaderStream;

use super::calls::answer;
use super::server::{Shared, read};

/// Clients served at a time.
const CLIENTS: usize = 16;
/// Octets under way to a client, beside those the kernel holds.
const PIPE: usize = 16 * 1_024;
/// How long a feed is waited for at a time; so long the end of the server may take to be noticed.
const TURN: Duration = Duration::from_millis(100);
/// Turns without an event before an empty line is sent.
const QUIET: u32 = 20;
/// Quiet after which all is told that happened until the end of the server.
const LULL: Duration = Duration::from_millis(50);
/// The longest that a client may take to read the rest, less than open connections are given.
const REST: Duration = Duration::from_millis(300);
/// Most lines of the rest: what happens all the time must not keep the server from ending.
const MOST: u32 = 4_096;

/// Which events a client wants, in its own words. Absent: all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventQuery {
    /// Names of classes, with commas between.
    pub class: Option<String>,
    /// Name or handle of a room.
    pub room: Option<String>,
    /// Handle of a leg.
    pub leg: Option<String>,
    /// Handle of a point-to-point call.
    pub call: Option<String>,
}

/// What a feed has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fed {
    /// An event as JSON, without the end of the line.
    Line(String),
    /// Nothing happened in that time.
    Nothing,
    /// Nothing will happen any more.
    Over,
}

/// Events for one client. Dropping it ends it.
pub trait EventFeed: Send {
    /// The next event, waited for at most `wait`.
    fn next(&mut self, wait: Duration) -> Fed;
}

/// Why there is no feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoFeed {
    /// The query cannot be read, or names something that is not there; answered with 400.
    BadQuery(String),
    /// Nothing can happen; answered with 503.
    Over(String),
}

/// The clients there are.
#[derive(Clone)]
pub(super) struct Clients {
    places: Arc<Semaphore>,
    /// True once the server is to stop.
    over: watch::Receiver<bool>,
}

impl Clients {
    pub fn new(over: watch::Receiver<bool>) -> Self {
        let places = Arc::new(Semaphore::new(CLIENTS));
        Self { places, over }
    }
}

pub(super) async fn events(
    State(Shared { source, clients }): State<Shared>,
    Query(query): Query<EventQuery>,
) -> Result<Response, Response> {
    let refused = |status, error: String| answer(status, json!({ "error": error }));
    let Ok(place) = clients.places.try_acquire_owned() else {
        let error = format!("{CLIENTS} clients read events already");
        return Err(refused(StatusCode::SERVICE_UNAVAILABLE, error));
    };
    let feed = read(move || source.events(&query))
        .await?
        .map_err(|why| match why {
            NoFeed::BadQuery(error) => refused(StatusCode::BAD_REQUEST, error),
            NoFeed::Over(error) => refused(StatusCode::SERVICE_UNAVAILABLE, error),
        })?;
    let (pipe, reader) = tokio::io::duplex(PIPE);
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || pump(feed, pipe, clients.over, &runtime, place));
    let kind = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((kind, Body::from_stream(ReaderStream::new(reader))).into_response())
}

/// From the feed to the client, until one of them or the server ends.
fn pump(
    mut feed: Box<dyn EventFeed>,
    mut pipe: DuplexStream,
    mut over: watch::Receiver<bool>,
    runtime: &Handle,
    _place: OwnedSemaphorePermit,
) {
    let mut quiet = 0;
    // Of the rest, once the server is to stop: lines told, and until when it may take.
    let mut rest = None;
    loop {
        if *over.borrow() {
            let (told, _) = rest.get_or_insert((0, MonotonicClock.now() + REST));
            *told += 1;
            if *told > MOST {
                return;
            }
        }
        let mut line = match feed.next(if rest.is_some() { LULL } else { TURN }) {
            Fed::Line(line) => line,
            Fed::Nothing if rest.is_some() => return,
            Fed::Nothing if quiet < QUIET => {
                quiet += 1;
                continue;
            }
            Fed::Nothing => String::new(),
            Fed::Over => return,
        };
        quiet = 0;
        line.push('\n');
        let too_long = async {
            // Its other end says so before it is dropped.
            over.wait_for(|over| *over).await.ok();
            let left = rest.map(|(_, until)| until.saturating_sub(MonotonicClock.now()));
            tokio::time::sleep(left.unwrap_or(REST)).await;
        };
        let written = runtime.block_on(async {
            tokio::select! {
                biased;
                written = pipe.write_all(line.as_bytes()) => written.is_ok(),
                () = too_long => false,
            }
        });
        if !written {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt;

    /// Has so many lines, at once.
    struct Lines(u32);

    impl EventFeed for Lines {
        fn next(&mut self, _wait: Duration) -> Fed {
            match self.0.checked_sub(1) {
                Some(left) => {
                    self.0 = left;
                    Fed::Line("{}".to_owned())
                }
                None => Fed::Nothing,
            }
        }
    }

    /// What a client reads, or does not, of a feed of so many lines when the server is to stop already.
    fn rest_of(lines: u32, reads: bool) -> usize {
        let runtime = tokio::runtime::Runtime::new().expect("threads");
        let (_over, over) = watch::channel(true);
        let (pipe, mut reader) = tokio::io::duplex(64);
        let place = Arc::new(Semaphore::new(1)).try_acquire_owned();
        let handle = runtime.handle().clone();
        let pumping = runtime.spawn_blocking(move || {
            let place = place.expect("the only one");
            pump(Box::new(Lines(lines)), pipe, over, &handle, place);
        });
        runtime.block_on(async {
            let mut all = Vec::new();
            if reads {
                reader.read_to_end(&mut all).await.expect("a pipe");
            }
            pumping.await.expect("it ends");
            all.len() / "{}\n".len()
        })
    }

    #[test]
    fn what_happened_until_the_end_is_told_and_the_end_comes_all_the_same() {
        assert_eq!(rest_of(20, true), 20);
        assert_eq!(rest_of(u32::MAX, true), MOST as usize);
        assert_eq!(rest_of(u32::MAX, false), 0, "nobody reads");
    }
}
