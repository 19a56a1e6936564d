//! One JSON line for each call that has ended, over real sockets.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use talkpath_edge::calls::MediaEnd;
use talkpath_edge::sip::{SipConfig, SipError, SipServer};

use super::fake::FakeHost;
use super::real::{Phone, Server};
use super::ua::Ua;
use super::{count, server, until};

const DOC: &str = include_str!("../../../docs/counters.md");

/// A file of this test's own, removed at its end.
struct Log(PathBuf);

impl Log {
    fn new(name: &str) -> Self {
        let file = format!("talkpath-calls-{}-{name}.jsonl", std::process::id());
        Self(std::env::temp_dir().join(file))
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).ok();
    }
}

/// Every line of the file, each a record of its own.
fn records(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    assert!(text.is_empty() || text.ends_with('\n'), "{text}");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a record"))
        .collect()
}

#[tokio::test]
async fn who_hung_up_and_what_was_spoken_stands_in_the_record() {
    let log = Log::new("caller");
    let (server, _host) = server(|config| config.call_log = Some(log.0.clone())).await;
    let mut ua = Ua::udp(server.local_addr()).await;
    // A refused call is none.
    let strange = ua.sdp("m=audio 4000 RTP/AVP 3\r\n");
    assert_eq!(ua.invite("room-a", "", &strange).await.status(), 488);
    ua.fresh();
    ua.call("room-a").await;
    for media in ["m=audio 4000 RTP/AVP 8\r\n", "m=audio 4002 RTP/AVP 8\r\n"] {
        let offer = ua.sdp(media);
        assert_eq!(ua.invite("room-a", "", &offer).await.status(), 200);
        ua.ack("room-a", "").await;
    }
    assert_eq!(ua.ask("BYE", "room-a").await.status(), 200);
    until("the end", || server.status().calls.is_empty()).await;
    let all = records(&log.0);
    assert_eq!(all.len(), 1, "{all:?}");
    let record = &all[0];
    let table = DOC.split("## calls.log\n").nth(1).expect("a heading");
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `"));
    let explained: BTreeSet<_> = rows.filter_map(|row| row.split('`').next()).collect();
    let fields = record.as_object().expect("an object").keys();
    assert_eq!(
        fields.map(String::as_str).collect::<BTreeSet<_>>(),
        explained
    );
    let is = |field: &str, value: Value| assert_eq!(record[field], value, "{field}: {record}");
    is("id", ua.call_id.as_str().into());
    is("to", "room-a".into());
    is("room", "a".into());
    is("codecs", vec!["PCMU/8000", "PCMA/8000"].into());
    is("ended_by", "caller".into());
    is("why", "hung up".into());
    is("cause", 16.into());
    is("packets_in", 7.into());
    is("late", Value::Null);
    is("refused_for", Value::Null);
    assert!(
        record["peer"]
            .as_str()
            .expect("text")
            .starts_with("127.0.0.1:"),
        "{record}"
    );
    let time = |field: &str| record[field].as_str().expect("a time").to_owned();
    assert!(time("joined") <= time("left") && time("left").ends_with('Z'));
    assert!((0.0..60.0).contains(&record["duration_s"].as_f64().expect("a number")));
    assert_eq!(count(&server, "call_records_unwritten"), 0);
}

#[tokio::test]
async fn why_the_server_ended_a_call_stands_in_the_record() {
    let log = Log::new("server");
    let (server, host) = server(|config| config.call_log = Some(log.0.clone())).await;
    let mut ua = Ua::tcp(server.local_addr()).await;
    ua.call("play-hello").await;
    until("the ACK", || {
        server.status().calls.iter().any(|call| call.confirmed)
    })
    .await;
    host.end_all(MediaEnd::Timeout);
    ua.expect("BYE").await;
    until("the end", || server.status().calls.is_empty()).await;
    ua.fresh();
    ua.call("echo").await;
    let (drained, _) = tokio::join!(server.drain(Duration::from_secs(20)), ua.expect("BYE"));
    assert!(drained, "the record is written before that");
    let told: Vec<_> = records(&log.0)
        .iter()
        .map(|record| {
            let word = |field: &str| record[field].as_str().map(str::to_owned);
            (
                word("to"),
                word("ended_by"),
                word("why"),
                record["cause"].clone(),
            )
        })
        .collect();
    let record = |to: &str, why: &str, cause: u8| {
        let word = |text: &str| Some(text.to_owned());
        (word(to), word("server"), word(why), cause.into())
    };
    assert_eq!(
        told,
        [
            record("play-hello", "no media", 102),
            record("echo", "the server is going down", 16),
        ]
    );
}

/// A call is over before anybody has told figures of it by himself.
#[tokio::test]
async fn the_record_of_a_short_call_is_exact() {
    const PACKETS: u16 = 30;
    let server = Server::start("records").await;
    let mut phone = Phone::call(server.sip.local_addr(), "echo").await;
    // One is left out, one is of another codec, one is cut short.
    for sequence in (0..=PACKETS).filter(|sequence| *sequence != 7) {
        phone.talk(sequence, 0x90);
    }
    phone.send(&[0x80, 8, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 0xff]);
    phone.send(&[0x80, 0, 0]);
    assert_eq!(phone.ua.ask("BYE", "echo").await.status(), 200);
    until("the end", || server.sip.status().calls.is_empty()).await;
    let mut silent = Phone::call(server.sip.local_addr(), "echo").await;
    assert_eq!(silent.ua.ask("BYE", "echo").await.status(), 200);
    until("the end", || server.sip.status().calls.is_empty()).await;
    let all = records(&server.folder.join("calls.jsonl"));
    let [record, silent] = all.as_slice() else {
        panic!("two calls: {all:?}");
    };
    let is = |field: &str, value: Value| assert_eq!(record[field], value, "{field}: {record}");
    is("packets_in", PACKETS.into());
    is("packets_out", phone.heard().into());
    is("lost", 1.into());
    is("refused", 2.into());
    is("refused_for", json!({ "payload_type": 1, "malformed": 1 }));
    is("malformed", 0.into());
    is("room", Value::Null);
    let number = |field: &str| {
        let number = record[field].as_f64();
        number.unwrap_or_else(|| panic!("{field}: {record}"))
    };
    assert!(number("packets_out") > 0.0, "{record}");
    assert!(number("jitter_ms") >= 0.0 && number("concealed_ms") >= 0.0);
    assert!(number("late") <= number("packets_in"), "{record}");
    assert!(record["ledger"]["inward"]["total_ms"].is_f64(), "{record}");
    let told = |field: &str| silent[field].clone();
    assert_eq!(
        (told("packets_in"), told("refused_for"), told("ledger")),
        (0.into(), json!({}), Value::Null),
        "{silent}"
    );
    server.stop().await;
}

#[tokio::test]
async fn a_log_that_cannot_be_written_is_said_at_start() {
    let config = SipConfig {
        bind: ([127, 0, 0, 1], 0).into(),
        call_log: Some("/nonexistent/calls.jsonl".into()),
        ..SipConfig::default()
    };
    let error = SipServer::start_on(config, FakeHost::default())
        .await
        .err()
        .expect("no such folder");
    assert!(matches!(error, SipError::CallLog { .. }));
    let text = error.to_string();
    assert!(
        text.contains("/nonexistent/calls.jsonl") && text.contains("appending"),
        "{text}"
    );
}
