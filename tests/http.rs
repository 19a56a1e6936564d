//! The HTTP server over a fake source: every route, what it answers and how it stops.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use talkpath_edge::http::{
    EventFeed, EventQuery, Fed, Health, HttpError, HttpServer, Metric, MetricKind, NoFeed,
    PlanDump, StatusSource,
};
use talkpath_engine::{EngineConfig, EventFilter, EventStream, RoomConfig, VirtualEngine};
use talkpath_rt::clock::{Clock, MonotonicClock};

struct Fake;

impl StatusSource for Fake {
    fn status(&self) -> Value {
        json!({ "version": "0", "rooms": [{ "name": "a\"<b>" }] })
    }

    fn health(&self) -> Health {
        let figures = json!({ "calls": 3 });
        Health::Ok {
            figures: figures.as_object().unwrap().clone(),
        }
    }

    fn metrics(&self) -> Vec<Metric> {
        vec![
            Metric::counter("slots", "Slots run.", 7.0),
            Metric::gauge("legs", "Legs now.", 3.0),
            Metric::family(
                "wake_lateness_seconds",
                "Lateness of waking.",
                MetricKind::Gauge,
            )
            .with(vec![("quantile", "0.5".into())], 0.000_02)
            .with(vec![("quantile", "1".into())], 0.001),
            Metric::family("unused", "Nothing to say.", MetricKind::Gauge),
        ]
    }

    fn plans(&self) -> Vec<PlanDump> {
        vec![PlanDump {
            id: "p0".into(),
            name: "PCMU/8000 20 ms → room 8000".into(),
            legs: 2,
            text: "jitter -> decode".into(),
            dot: "digraph p0 { jitter -> decode }".into(),
        }]
    }
}

/// Serves the fake while `visit` runs and returns what it returned.
fn serving<T: Send + 'static>(visit: impl FnOnce(SocketAddr) -> T + Send + 'static) -> T {
    serving_of(Fake, visit)
}

/// The same for any source.
fn serving_of<T: Send + 'static>(
    source: impl StatusSource,
    visit: impl FnOnce(SocketAddr) -> T + Send + 'static,
) -> T {
    let server = HttpServer::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = server.local_addr();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let serving = tokio::spawn(server.run(Arc::new(source), async {
            stopped.await.unwrap_or(());
        }));
        let seen = tokio::task::spawn_blocking(move || visit(address))
            .await
            .unwrap();
        drop(stop);
        serving.await.unwrap().unwrap();
        seen
    })
}

/// Status line with headers, and body.
fn get(address: SocketAddr, path: &str) -> (String, String) {
    let mut socket = TcpStream::connect(address).unwrap();
    write!(
        socket,
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_ascii_lowercase(), body.to_owned())
}

#[test]
fn status_is_json_and_never_cached() {
    let (head, body) = serving(|address| get(address, "/status"));
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert!(head.contains("content-type: application/json"), "{head}");
    assert!(head.contains("cache-control: no-store"), "{head}");
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), Fake.status());
}

/// A source of which only `/health` is asked.
struct Unfit(fn() -> Health);

impl StatusSource for Unfit {
    fn status(&self) -> Value {
        Value::Null
    }

    fn health(&self) -> Health {
        (self.0)()
    }

    fn metrics(&self) -> Vec<Metric> {
        Vec::new()
    }

    fn plans(&self) -> Vec<PlanDump> {
        Vec::new()
    }
}

/// Status line with headers and the parsed body of `/health`.
fn health_of(source: impl StatusSource) -> (String, Value) {
    let (head, body) = serving_of(source, |address| get(address, "/health"));
    (head, serde_json::from_str(&body).unwrap())
}

#[test]
fn health_is_200_with_figures_or_503_with_a_reason() {
    let (head, body) = health_of(Fake);
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert!(head.contains("cache-control: no-store"), "{head}");
    assert_eq!(body, json!({ "status": "ok", "calls": 3 }));

    let (head, body) = health_of(Unfit(|| Health::Draining));
    assert!(head.starts_with("http/1.1 503"), "{head}");
    assert!(head.contains("application/json"), "{head}");
    assert_eq!(body["status"], "draining");
    assert!(body["reason"].as_str().unwrap().contains("no new calls"));

    let failed = || Health::Failed {
        reason: "the worker stands still".into(),
    };
    let (head, body) = health_of(Unfit(failed));
    assert!(head.starts_with("http/1.1 503"), "{head}");
    assert_eq!(
        body,
        json!({ "status": "failed", "reason": "the worker stands still" })
    );
}

#[test]
fn a_source_that_does_not_answer_is_not_waited_for() {
    let hangs = || {
        MonotonicClock.sleep_until(MonotonicClock.now() + Duration::from_secs(4));
        Health::Draining
    };
    let (head, body) = health_of(Unfit(hangs));
    assert!(head.starts_with("http/1.1 503"), "{head}");
    assert!(
        body["reason"].as_str().unwrap().contains("not answered"),
        "{body}"
    );
}

#[test]
fn metrics_are_openmetrics_text() {
    let (head, body) = serving(|address| get(address, "/metrics"));
    assert!(head.contains("application/openmetrics-text"), "{head}");
    assert_eq!(
        body,
        "# HELP talkpath_slots Slots run.\n\
         # TYPE talkpath_slots counter\n\
         talkpath_slots_total 7.0\n\
         # HELP talkpath_legs Legs now.\n\
         # TYPE talkpath_legs gauge\n\
         talkpath_legs 3.0\n\
         # HELP talkpath_wake_lateness_seconds Lateness of waking.\n\
         # TYPE talkpath_wake_lateness_seconds gauge\n\
         talkpath_wake_lateness_seconds{quantile=\"0.5\"} 0.00002\n\
         talkpath_wake_lateness_seconds{quantile=\"1\"} 0.001\n\
         # EOF\n"
    );
}

#[test]
fn plans_as_text_and_as_dot() {
    let (text, dot, odd) = serving(|address| {
        (
            get(address, "/plans"),
            get(address, "/plans?format=dot"),
            get(address, "/plans?format=pdf"),
        )
    });
    assert_eq!(
        text.1,
        "plan p0 · PCMU/8000 20 ms → room 8000 · legs 2\njitter -> decode\n"
    );
    assert!(dot.0.contains("text/vnd.graphviz"), "{}", dot.0);
    assert!(
        dot.1.contains("digraph p0 { jitter -> decode }"),
        "{}",
        dot.1
    );
    assert!(odd.0.starts_with("http/1.1 400"), "{}", odd.0);
}

#[test]
fn the_page_needs_nothing_from_elsewhere() {
    let (head, body) = serving(|address| get(address, "/"));
    assert!(head.contains("content-type: text/html"), "{head}");
    assert!(
        body.contains("fetch(\"/status\""),
        "the page polls its own server"
    );
    let foreign: Vec<_> = body
        .match_indices("http")
        .filter(|(at, _)| !body[*at..].starts_with("http://www.w3.org/2000/svg"))
        .collect();
    assert!(foreign.is_empty(), "external resources: {foreign:?}");
}

#[test]
fn other_paths_are_not_found_and_only_get_is_allowed() {
    let (missing, posted) = serving(|address| {
        let missing = get(address, "/etc/passwd");
        let mut socket = TcpStream::connect(address).unwrap();
        socket
            .write_all(b"POST /status HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        (missing, answer)
    });
    assert!(missing.0.starts_with("http/1.1 404"), "{}", missing.0);
    assert!(posted.starts_with("HTTP/1.1 405"), "{posted}");
}

#[test]
fn an_idle_connection_does_not_hold_the_server_up() {
    let idle = serving(|address| TcpStream::connect(address).unwrap());
    drop(idle);
}

#[test]
fn a_port_in_use_is_named() {
    let first = HttpServer::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let error = HttpServer::bind(first.local_addr()).unwrap_err();
    assert!(matches!(error, HttpError::Bind { .. }));
    let text = error.to_string();
    assert!(text.contains(&first.local_addr().to_string()), "{text}");
    assert!(text.contains("in use"), "{text}");
}

/// A source whose events are those of an engine in virtual time.
struct Happening(Arc<VirtualEngine>);

struct Feed(EventStream);

impl EventFeed for Feed {
    fn next(&mut self, wait: Duration) -> Fed {
        match self.0.wait(wait) {
            Ok(Some(event)) => Fed::Line(serde_json::to_string(&event).unwrap()),
            Ok(None) => Fed::Nothing,
            Err(_) => Fed::Over,
        }
    }
}

impl StatusSource for Happening {
    fn status(&self) -> Value {
        Value::Null
    }

    fn health(&self) -> Health {
        Health::Draining
    }

    fn metrics(&self) -> Vec<Metric> {
        Vec::new()
    }

    fn plans(&self) -> Vec<PlanDump> {
        Vec::new()
    }

    fn events(&self, query: &EventQuery) -> Result<Box<dyn EventFeed>, NoFeed> {
        let mut filter = EventFilter::default().backlog(64);
        if let Some(name) = &query.room {
            let Some(room) = self.0.room(name).unwrap() else {
                return Err(NoFeed::BadQuery(format!(
                    "room={name}: no room of that name"
                )));
            };
            filter = filter.in_room(room.id());
        }
        Ok(Box::new(Feed(self.0.subscribe_with(filter).unwrap())))
    }
}

fn engine() -> Arc<VirtualEngine> {
    let config = EngineConfig {
        capacity_legs: 8,
        ..EngineConfig::default()
    };
    Arc::new(VirtualEngine::new(config).unwrap())
}

/// The body of a chunked answer.
struct Chunks {
    socket: BufReader<TcpStream>,
    left: usize,
}

impl Read for Chunks {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.left == 0 {
            let mut size = String::new();
            self.socket.read_line(&mut size)?;
            self.left = usize::from_str_radix(size.trim_end(), 16).unwrap_or(0);
            if self.left == 0 {
                return Ok(0);
            }
        }
        let most = self.left.min(out.len());
        let read = self.socket.read(&mut out[..most])?;
        self.left -= read;
        if self.left == 0 {
            self.socket.read_exact(&mut [0; 2])?;
        }
        Ok(read)
    }
}

/// A client that has read the head of its answer.
fn listen(address: SocketAddr, path: &str) -> (String, BufReader<Chunks>) {
    let mut socket = TcpStream::connect(address).unwrap();
    write!(socket, "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut socket = BufReader::new(socket);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(socket.read_line(&mut head).unwrap(), 0, "{head}");
    }
    let body = BufReader::new(Chunks { socket, left: 0 });
    (head.to_ascii_lowercase(), body)
}

/// The next event; empty lines are passed over. `None` at the end.
fn next(reader: &mut impl BufRead) -> Option<Value> {
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap() == 0 {
            return None;
        }
        if !line.trim().is_empty() {
            return Some(serde_json::from_str(&line).unwrap());
        }
    }
}

fn change(engine: &VirtualEngine, name: &str) {
    let room = engine.create_room(RoomConfig::new(name)).unwrap();
    engine.advance(Duration::from_millis(2));
    room.close().unwrap();
    engine.advance(Duration::from_millis(50));
    engine.status().unwrap();
}

#[test]
fn events_come_line_by_line_as_they_happen_and_end_with_the_server() {
    let engine = engine();
    let lobby = engine.create_room(RoomConfig::new("lobby")).unwrap();
    let happening = Happening(Arc::clone(&engine));
    let mut readers = serving_of(happening, move |address| {
        let (head, mut all) = listen(address, "/events");
        assert!(head.starts_with("http/1.1 200"), "{head}");
        assert!(
            head.contains("application/x-ndjson") && head.contains("chunked"),
            "{head}"
        );
        let (_, mut of_room) = listen(address, "/events?room=lobby");
        change(&engine, "kitchen");
        for wanted in ["room_created", "room_ended"] {
            let event = next(&mut all).unwrap();
            assert_eq!(
                (&event["event"], &event["name"]),
                (&wanted.into(), &"kitchen".into())
            );
            assert_eq!(event["class"], "notice");
            assert!(event["slot"].is_u64() && event["at"].is_f64(), "{event}");
        }
        let leg = lobby
            .join(talkpath_engine::LegConfig::tone(440.0, -20.0))
            .unwrap();
        engine.advance(Duration::from_millis(10));
        engine.status().unwrap();
        let event = next(&mut of_room).unwrap();
        assert_eq!(
            (&event["event"], &event["leg"]),
            (&"joined".into(), &leg.id().to_string().into())
        );
        let (odd, answer) = get(address, "/events?room=cellar");
        assert!(
            odd.starts_with("http/1.1 400") && answer.contains("cellar"),
            "{odd} {answer}"
        );
        let (odd, answer) = get(address, "/events?rum=cellar");
        assert!(
            odd.starts_with("http/1.1 400") && answer.contains("rum"),
            "{odd} {answer}"
        );
        [all, of_room]
    });
    for reader in &mut readers {
        while next(reader).is_some() {}
    }
}

#[test]
fn a_client_that_does_not_read_holds_nobody_up_and_is_told_what_it_missed() {
    let engine = engine();
    let happening = Happening(Arc::clone(&engine));
    let (seen, lost) = serving_of(happening, move |address| {
        let (_, mut slow) = listen(address, "/events");
        // Long names fill what the kernel buffers.
        let long = "x".repeat(64);
        for n in 0..60_000 {
            change(&engine, &format!("{long}{n}"));
            if n % 1_000 == 0 && engine.status().unwrap().supervisor.events_lost > 0 {
                break;
            }
        }
        let lost = engine.status().unwrap().supervisor.events_lost;
        assert!(lost > 0, "nobody was held up");
        let (mut seen, mut told) = (0, 0);
        while told < lost {
            let mut line = String::new();
            assert_ne!(slow.read_line(&mut line).unwrap(), 0, "it goes on");
            if !line.trim().is_empty() {
                let event: Value = serde_json::from_str(&line).unwrap();
                if event["event"] == "missed" {
                    told += event["notice"].as_u64().unwrap();
                }
                seen += 1;
            }
            // What is read makes room, so that the next event finds a place; after an empty line there surely is some.
            if seen % 100 == 0 || line.trim().is_empty() {
                change(&engine, "more");
            }
        }
        (seen, (lost, told))
    });
    assert!(seen > 64 && lost.1 >= lost.0, "{seen} {lost:?}");
}

#[test]
fn so_many_clients_are_served_and_no_more() {
    let happening = Happening(engine());
    serving_of(happening, |address| {
        let clients: Vec<_> = (0..16).map(|_| listen(address, "/events")).collect();
        let (head, body) = get(address, "/events");
        assert!(head.starts_with("http/1.1 503"), "{head}");
        assert!(body.contains("16 clients"), "{body}");
        drop(clients);
        // Their places are free again as soon as an empty line was not taken.
        let begin = MonotonicClock.now();
        while get_head(address, "/events").starts_with("http/1.1 503") {
            assert!(MonotonicClock.now() < begin + Duration::from_secs(60));
            MonotonicClock.sleep_until(MonotonicClock.now() + Duration::from_millis(100));
        }
    });
}

fn get_head(address: SocketAddr, path: &str) -> String {
    listen(address, path).0
}

#[test]
fn an_unknown_page_says_what_there_is() {
    let asked = serving(|address| {
        let (head, body) = get(address, "/nope?x=1");
        let body: Value = serde_json::from_str(&body).unwrap();
        let pages = body["pages"].as_array().unwrap().clone();
        let heads = pages.iter().map(|page| {
            let page = page.as_str().unwrap();
            (page.to_owned(), get(address, page).0)
        });
        (head, body["error"].clone(), heads.collect::<Vec<_>>())
    });
    let (head, error, pages) = asked;
    assert!(head.starts_with("http/1.1 404"), "{head}");
    assert_eq!(error, "there is no /nope");
    assert_eq!(pages.len(), 9);
    for (page, head) in pages {
        // No call has that ID, and this source has no events and counts no room.
        let there = match page.as_str() {
            "/calls/ID" => "404",
            "/events" => "503",
            "/headroom" => "400",
            _ => "200",
        };
        assert!(
            head.starts_with(&format!("http/1.1 {there}")),
            "{page}: {head}"
        );
    }
}

#[test]
fn calls_are_json_and_an_unknown_one_is_said_so() {
    let (list, unknown) = serving(|address| (get(address, "/calls"), get(address, "/calls/a%40b")));
    assert!(
        list.0.starts_with("http/1.1 200") && list.0.contains("no-store"),
        "{}",
        list.0
    );
    assert_eq!(list.1, "[]");
    assert!(unknown.0.starts_with("http/1.1 404"), "{}", unknown.0);
    let body: Value = serde_json::from_str(&unknown.1).unwrap();
    assert_eq!(body["id"], "a@b");
    let (none, _) = serving(|address| get(address, "/events"));
    assert!(
        none.starts_with("http/1.1 503"),
        "a source without events: {none}"
    );
}
