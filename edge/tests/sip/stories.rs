//! What became of a call, over a real phone and real HTTP.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use serde_json::Value;
use talkpath_edge::http::{Health, HttpServer, Metric, PlanDump, StatusSource};
use talkpath_edge::sip::SipServer;

use super::real::{Phone, Server};
use super::until;

const DOC: &str = include_str!("../../../docs/counters.md");

/// What the pages of calls ask, and nothing else.
struct Calls(Arc<SipServer>);

impl StatusSource for Calls {
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

    fn calls(&self) -> Value {
        self.0.calls()
    }

    fn call(&self, id: &str) -> Option<Value> {
        self.0.call(id)
    }
}

/// Status and parsed body.
async fn get(address: SocketAddr, path: String) -> (u16, Value) {
    let asked = move || {
        let mut socket = TcpStream::connect(address).expect("it listens");
        write!(
            socket,
            "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        .expect("sent");
        let mut answer = String::new();
        socket.read_to_string(&mut answer).expect("an answer");
        let status = answer
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
        (
            status.expect("a status"),
            serde_json::from_str(body).expect("JSON"),
        )
    };
    tokio::task::spawn_blocking(asked).await.expect("no panic")
}

fn steps(story: &Value) -> Vec<&str> {
    let entries = story["entries"].as_array().expect("a list");
    entries
        .iter()
        .map(|entry| entry["what"].as_str().expect("a name"))
        .collect()
}

/// Fields that the table under `heading` explains.
fn explained(heading: &str) -> BTreeSet<&'static str> {
    let table = DOC.split(heading).nth(1).expect("the heading is there");
    let table = table
        .split("\n## ")
        .next()
        .expect("the part before the next");
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| row.split('`').next()).collect()
}

#[tokio::test]
async fn a_call_s_story_is_told_while_it_lasts_and_after() {
    let Server {
        sip,
        net,
        engine,
        folder,
    } = Server::start("stories").await;
    let sip = Arc::new(sip);
    let http = HttpServer::bind(([127, 0, 0, 1], 0).into()).expect("a free port");
    let page = http.local_addr();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(http.run(Arc::new(Calls(sip.clone())), async {
        stopped.await.unwrap_or(());
    }));

    let mut phone = Phone::call(sip.local_addr(), "room-a").await;
    let id = phone.ua.call_id.clone();
    let path = format!("/calls/{}", id.replace('@', "%40"));
    let (mut sequence, mut talked) = (0, false);
    until("figures of worker and port", || {
        phone.talk(sequence, 0x90);
        sequence += 1;
        let legs = engine.status().expect("running").rooms[0].legs.clone();
        talked |= legs[0].stats.received > 20;
        talked
            && net
                .status()
                .legs
                .first()
                .is_some_and(|leg| leg.packets_in > 20)
    })
    .await;
    // Hold, and back with another codec.
    for (media, more) in [(0, "a=sendonly\r\n"), (0, ""), (8, "")] {
        let offer = phone
            .ua
            .sdp(&format!("m=audio 4000 RTP/AVP {media}\r\n{more}"));
        assert_eq!(phone.ua.invite("room-a", "", &offer).await.status(), 200);
        phone.ua.ack("room-a", "").await;
    }
    let (status, story) = get(page, path.clone()).await;
    assert_eq!(status, 200);
    let mut told = steps(&story);
    // The worker applies the leg before or after the ACK comes.
    told.retain(|step| *step != "joined");
    assert_eq!(
        told,
        [
            "agreed",
            "confirmed",
            "held",
            "confirmed",
            "resumed",
            "confirmed",
            "changed",
            "confirmed"
        ]
    );
    assert_eq!(story["counts"]["joined"], 1);
    assert_eq!(
        (&story["id"], &story["state"]),
        (&id.as_str().into(), &"live".into())
    );
    let now = &story["now"];
    assert!(
        now["packets_in"]
            .as_u64()
            .is_some_and(|packets| packets > 20),
        "{now}"
    );
    assert!(
        now["ledger"]["inward"]["total_ms"]
            .as_f64()
            .is_some_and(|ms| (20.0..80.0).contains(&ms)),
        "{now}"
    );
    assert_eq!(now["ledger"]["outward"]["limiter_ms"], 0.5);
    assert!(now["plan"].is_u64() && now["worker"] == 0, "{now}");
    let fields = story
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str);
    assert_eq!(
        fields.collect::<BTreeSet<_>>(),
        explained("\n## /calls/ID\n")
    );

    let (status, list) = get(page, "/calls".to_owned()).await;
    assert_eq!((status, &list[0]["id"]), (200, &story["id"]));

    assert_eq!(phone.ua.ask("BYE", "room-a").await.status(), 200);
    until("the end", || {
        sip.status().calls.is_empty() && engine.rooms().is_ok_and(|rooms| rooms.is_empty())
    })
    .await;
    let left = async || get(page, path.clone()).await.1["counts"]["left"] == 1;
    for _ in 0..200 {
        if left().await {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let (status, story) = get(page, path.clone()).await;
    assert_eq!(
        (status, &story["state"], &story["why"]),
        (200, &"ended".into(), &"hung up".into())
    );
    assert_eq!(steps(&story).last(), Some(&"left"), "{story}");
    assert_eq!(
        story["entries"]
            .as_array()
            .and_then(|all| all.last())
            .expect("an entry")["detail"],
        "requested"
    );
    let record = &story["record"];
    assert_eq!(
        (&record["id"], &record["codecs"]),
        (&story["id"], &vec!["PCMU/8000", "PCMA/8000"].into())
    );
    assert!(
        record["ledger"]["inward"]["jitter_mean_ms"].is_f64(),
        "{record}"
    );

    let (status, unknown) = get(page, "/calls/nobody".to_owned()).await;
    assert_eq!((status, &unknown["id"]), (404, &"nobody".into()));
    assert!(
        unknown["error"]
            .as_str()
            .is_some_and(|text| text.contains("Call-ID"))
    );

    drop(stop);
    serving.await.expect("no panic").expect("served");
    let sip = Arc::into_inner(sip).expect("the page is gone");
    Server {
        sip,
        net,
        engine,
        folder,
    }
    .stop()
    .await;
}
