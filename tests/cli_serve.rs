//! `talkpath serve` as a process: what it prints, shows and refuses, one call, and how it stops.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use serde_json::Value;

/// A running server; killed if a test fails half way.
struct Server {
    child: Child,
    out: BufReader<ChildStdout>,
    greeting: String,
    sip: SocketAddr,
    http: SocketAddr,
}

impl Server {
    /// Starts it on free ports, `program` before its arguments, and reads its greeting.
    fn start(program: &[&str], flags: &[&str]) -> Self {
        let free = [
            "serve",
            "--sip",
            "127.0.0.1:0",
            "--http",
            "127.0.0.1:0",
            "--capacity",
            "20",
        ];
        let mut words = program
            .iter()
            .chain([&env!("CARGO_BIN_EXE_talkpath")])
            .chain(&free)
            .chain(flags);
        let mut child = Command::new(words.next().unwrap())
            .args(words)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut greeting = String::new();
        while !greeting.contains("status ") {
            assert_ne!(
                out.read_line(&mut greeting).unwrap(),
                0,
                "it ended after: {greeting}"
            );
        }
        let after = |mark: &str| {
            let rest = greeting.split(mark).nth(1).expect(&greeting);
            rest.split([' ', '/', '\n'])
                .next()
                .unwrap()
                .parse()
                .expect(&greeting)
        };
        let (sip, http) = (after("sip:room-lobby@"), after("http://"));
        Self {
            child,
            out,
            greeting,
            sip,
            http,
        }
    }

    fn get(&self, path: &str) -> String {
        let (head, body) = self.ask(path);
        assert!(head.starts_with("HTTP/1.1 200"), "{path}: {head}");
        body
    }

    /// Status line with headers, and body.
    fn ask(&self, path: &str) -> (String, String) {
        let mut socket = TcpStream::connect(self.http).unwrap();
        write!(
            socket,
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), body.to_owned())
    }

    /// A client that has read the head of its answer.
    fn listen(&self, path: &str) -> BufReader<TcpStream> {
        let mut socket = TcpStream::connect(self.http).unwrap();
        write!(socket, "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let mut socket = BufReader::new(socket);
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            assert_ne!(socket.read_line(&mut line).unwrap(), 0, "an answer");
        }
        socket
    }

    fn status(&self) -> Value {
        serde_json::from_str(&self.get("/status")).unwrap()
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-s", name, &pid])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Waits for the end; exit status and what was printed after the greeting.
    fn end(mut self) -> (ExitStatus, String) {
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap(), rest)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Server {
    fn stopped_by(self, name: &str) {
        self.signal(name);
        let (status, said) = self.end();
        assert_eq!(status.code(), Some(0), "after {name}: {said}");
        assert!(
            said.contains("stopping") && said.ends_with("stopped\n"),
            "{said}"
        );
    }
}

#[test]
fn it_says_what_to_dial_and_stops_at_ctrl_c() {
    let server = Server::start(&[], &[]);
    let host = server.sip;
    for line in [
        format!("sip:room-lobby@{host}"),
        format!("sip:echo@{host}"),
        format!("sip:tone-440@{host}"),
    ] {
        assert!(server.greeting.contains(&line), "{}", server.greeting);
    }
    assert!(
        server.greeting.contains("Ctrl-C stops it"),
        "{}",
        server.greeting
    );
    server.stopped_by("INT");
}

#[test]
fn sigterm_stops_it_as_well() {
    Server::start(&[], &[]).stopped_by("TERM");
}

#[test]
fn the_status_has_what_the_page_reads() {
    let server = Server::start(&[], &[]);
    let status = server.status();
    let engine = &status["engine"];
    assert!(
        engine["uptime"].is_number() && engine["rooms"].as_array().unwrap().is_empty(),
        "{status}"
    );
    let legs = engine["capacity"]
        .as_array()
        .unwrap()
        .iter()
        .find(|fill| fill["what"] == "legs")
        .unwrap();
    assert_eq!((&legs["in_use"], &legs["limit"]), (&0.into(), &20.into()));
    let worker = &engine["workers"][0];
    for list in ["wake_histogram", "busy_histogram", "warnings"] {
        assert!(worker[list].is_array(), "{list}: {worker}");
    }
    for times in ["wake_us", "busy_us", "end_us"] {
        assert!(worker[times]["p999"].is_number(), "{times}: {worker}");
    }
    assert!(
        worker["slots"].is_u64()
            && worker["late_slots"].is_u64()
            && worker["skipped_slots"].is_u64()
    );
    assert!(
        status["net"]["legs"].is_array()
            && status["warnings"].is_array()
            && status["fault"].is_null(),
        "{status}"
    );

    let asked = |of: &str| -> Value {
        serde_json::from_str(&server.get(&format!("/headroom{of}"))).unwrap()
    };
    let legs = asked("");
    assert_eq!(
        (&legs["of"], &legs["more"]),
        (&"legs of PCMU/8000".into(), &20.into()),
        "its capacity"
    );
    assert_eq!(legs["workers"][0]["more"], legs["more"]);
    let calls = asked("?codec=pcma&to=l16/16000");
    assert_eq!(calls["of"], "calls from PCMA/8000 to L16/16000");
    assert_eq!(calls["more"], 10, "two seats each: {calls}");
    let (head, body) = server.ask("/headroom?codec=speex");
    assert!(
        head.starts_with("HTTP/1.1 400") && body.contains("allowed: "),
        "{head} {body}"
    );

    let metrics = server.get("/metrics");
    for name in [
        "talkpath_legs 0.0",
        "talkpath_worker_slots_total{worker=\"0\"} ",
        "talkpath_net_datagrams_in_total 0.0",
        "talkpath_sip_invites_total 0.0",
        "talkpath_net_port_pairs{state=\"free\"}",
        "# EOF",
    ] {
        assert!(metrics.contains(name), "{name} is missing in\n{metrics}");
    }
    let names: Vec<_> = metrics
        .lines()
        .filter(|line| line.starts_with("# TYPE"))
        .collect();
    let distinct: std::collections::BTreeSet<_> = names.iter().collect();
    assert_eq!(names.len(), distinct.len(), "a metric stands twice");
    let health: Value = serde_json::from_str(&server.get("/health")).unwrap();
    assert_eq!(
        (&health["status"], &health["workers"], &health["calls"]),
        (&"ok".into(), &1.into(), &0.into())
    );
    assert_eq!(server.get("/plans"), "no plans yet: nobody is in a room\n");
    assert!(server.get("/").contains("<title>talkpath</title>"));
    server.stopped_by("INT");
}

#[test]
fn on_one_core_the_worker_goes_before_the_shard() {
    let allowed = std::fs::read_to_string("/proc/self/status").unwrap();
    let cores = allowed
        .lines()
        .find_map(|line| line.strip_prefix("Cpus_allowed_list:"))
        .unwrap()
        .trim();
    let first = cores.split([',', '-']).next().unwrap();
    let server = Server::start(&["taskset", "-c", first], &["--cores", first]);
    let status = server.status();
    let (worker, shard) = (&status["engine"]["workers"][0], &status["net"]);
    assert_eq!(worker["core"].to_string(), first);
    assert_eq!(shard["core"].to_string(), first);
    if let (Some(worker), Some(shard)) = (worker["priority"].as_u64(), shard["priority"].as_u64()) {
        assert!(worker > shard, "{status}");
    }
    server.stopped_by("INT");
}

/// A request as a phone at `local` would send it.
fn request(
    method: &str,
    cseq: u32,
    local: SocketAddr,
    target: &str,
    to_tag: &str,
    body: &str,
) -> String {
    format!(
        "{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP {local};branch=z9hG4bK-{method}-{cseq};rport\r\n\
         Max-Forwards: 70\r\nFrom: <sip:phone@{local}>;tag=a1\r\nTo: <{target}>{to_tag}\r\n\
         Call-ID: one@{local}\r\nCSeq: {cseq} {method}\r\nContact: <sip:phone@{local}>\r\n\
         Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The next message whose first line holds `wanted`.
fn hear(phone: &UdpSocket, wanted: &str) -> String {
    let mut buffer = [0; 4096];
    loop {
        let (len, _) = phone.recv_from(&mut buffer).expect(wanted);
        let message = String::from_utf8_lossy(&buffer[..len]).into_owned();
        if message.lines().next().unwrap_or_default().contains(wanted) {
            return message;
        }
    }
}

fn header<'a>(message: &'a str, name: &str) -> &'a str {
    message
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .expect(name)
        .trim()
}

#[test]
fn a_call_is_shown_and_gets_its_bye_and_its_record_when_the_server_stops() {
    let file = |end: &str| {
        let name = format!("talkpath-cli-{}.{end}", std::process::id());
        std::env::temp_dir().join(name)
    };
    let (settings, log) = (file("toml"), file("jsonl"));
    std::fs::write(&settings, format!("[calls]\nlog = {log:?}\n")).unwrap();
    let server = Server::start(&[], &["--config", settings.to_str().unwrap()]);
    let phone = UdpSocket::bind("127.0.0.1:0").unwrap();
    phone
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    phone.connect(server.sip).unwrap();
    let local = phone.local_addr().unwrap();
    let target = format!("sip:room-lobby@{}", server.sip);
    let sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n";
    phone
        .send(request("INVITE", 1, local, &target, "", sdp).as_bytes())
        .unwrap();
    let answer = hear(&phone, "SIP/2.0 200");
    assert!(answer.contains("m=audio "), "{answer}");
    let tag = header(&answer, "To:").split("tag=").nth(1).unwrap();
    phone
        .send(request("ACK", 1, local, &target, &format!(";tag={tag}"), "").as_bytes())
        .unwrap();

    let rooms = server.status()["engine"]["rooms"].clone();
    assert_eq!(rooms[0]["name"], "lobby", "{rooms}");
    assert_eq!(rooms[0]["legs"].as_array().unwrap().len(), 1, "{rooms}");
    let plans = server.get("/plans");
    assert!(
        plans.contains("packetise") && plans.contains("legs 1"),
        "{plans}"
    );
    assert!(server.get("/plans?format=dot").contains("digraph "));

    let mut events = server.listen("/events");
    server.signal("INT");
    let bye = hear(&phone, "BYE ");
    let (head, body) = server.ask("/health");
    assert!(head.starts_with("HTTP/1.1 503"), "{head}");
    assert!(body.contains("\"status\":\"draining\""), "{body}");
    let reply = format!(
        "SIP/2.0 200 OK\r\nVia: {}\r\nFrom: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {}\r\nContent-Length: 0\r\n\r\n",
        header(&bye, "Via:"),
        header(&bye, "From:"),
        header(&bye, "To:"),
        header(&bye, "Call-ID:"),
        header(&bye, "CSeq:"),
    );
    phone.send(reply.as_bytes()).unwrap();
    let (status, said) = server.end();
    assert_eq!(status.code(), Some(0), "{said}");
    assert!(said.contains("BYE to 1 call"), "{said}");
    let mut told = String::new();
    events.read_to_string(&mut told).unwrap();
    assert!(told.contains(r#""event":"left""#), "{told}");
    let written = std::fs::read_to_string(&log).unwrap();
    let record: Value = serde_json::from_str(&written).expect("one line");
    assert_eq!(
        (&record["room"], &record["why"]),
        (&"lobby".into(), &"the server is going down".into())
    );
    for file in [settings, log] {
        std::fs::remove_file(file).unwrap();
    }
}

#[test]
fn what_is_advertised_in_vain_is_said_once() {
    let settings = std::env::temp_dir().join(format!("talkpath-vain-{}.toml", std::process::id()));
    std::fs::write(&settings, "[sip]\nadvertised = \"203.0.113.7\"\n").unwrap();
    let mut server = Command::new(env!("CARGO_BIN_EXE_talkpath"))
        .args([
            "serve",
            "--sip",
            "127.0.0.1:0",
            "--http",
            "127.0.0.1:0",
            "--config",
        ])
        .arg(&settings)
        .env("RUST_LOG", "info,talkpath=loud")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(server.stdout.take().unwrap());
    let mut greeting = String::new();
    while !greeting.contains("status ") {
        assert_ne!(out.read_line(&mut greeting).unwrap(), 0, "{greeting}");
    }
    server.kill().unwrap();
    let mut said = String::new();
    server
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    server.wait().unwrap();
    std::fs::remove_file(settings).unwrap();
    assert!(greeting.contains("sip:echo@203.0.113.7:"), "{greeting}");
    assert!(
        greeting.contains(", advertised as 203.0.113.7\n"),
        "{greeting}"
    );
    for warning in [
        "but 203.0.113.7 is advertised",
        "RUST_LOG was \"info,talkpath=loud\"",
    ] {
        assert_eq!(said.matches(warning).count(), 1, "{said}");
    }
}

/// Message of a server that must not start.
fn refused(flags: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_talkpath"))
        .arg("serve")
        .args(flags)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{flags:?}");
    assert!(output.stdout.is_empty(), "it greeted all the same");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_port_in_use_is_said_plainly() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (key, flags) in [
        (
            "sip.addr (--sip)",
            ["--sip", &address, "--http", "127.0.0.1:0"],
        ),
        (
            "http.addr (--http)",
            ["--http", &address, "--sip", "127.0.0.1:0"],
        ),
    ] {
        let message = refused(&flags);
        assert!(
            message.starts_with(&format!("talkpath: {key}: cannot listen on ")),
            "{message}"
        );
        assert!(
            message.contains(&address) && message.contains("in use"),
            "{message}"
        );
        assert_eq!(
            message
                .trim_end()
                .lines()
                .filter(|line| line.starts_with("talkpath:"))
                .count(),
            1,
            "{message}"
        );
    }
}
