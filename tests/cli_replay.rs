//! `talkpath serve` with a recording, real phones on it, and `talkpath replay`: identical, listed, heard; and what it says
//! of files that are wrong.

#[allow(dead_code, reason = "each test program uses its part of this")]
#[path = "clients/server.rs"]
mod server;

use std::f64::consts::TAU;
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use server::{Folder, Server};
use talkpath_engine::{
    EngineConfig, LegConfig, NetworkConfig, RecordTo, RoomConfig, RtpSender, VirtualEngine,
};
use talkpath_nodes::codec::{Codec, Encoder};
use talkpath_nodes::packet::{Header, MAX_DATAGRAM, Packet, parse, write};
use talkpath_rt::clock::{Clock, MonotonicClock};

const FRAME: Duration = Duration::from_millis(20);

/// A phone that speaks just enough SIP.
struct Phone {
    sip: UdpSocket,
    rtp: UdpSocket,
    target: String,
    to: String,
    media: SocketAddr,
    hz: f64,
    turn: u16,
    heard: usize,
}

impl Phone {
    fn dial(host: &str, whom: &str, hz: f64) -> Self {
        let local = || UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let (sip, rtp) = (local(), local());
        sip.set_read_timeout(Some(Duration::from_secs(20)))
            .expect("a socket");
        sip.connect(host).expect("a socket");
        rtp.set_nonblocking(true).expect("a socket");
        let mut phone = Self {
            target: format!("sip:{whom}@{host}"),
            to: String::new(),
            media: rtp.local_addr().expect("bound"),
            sip,
            rtp,
            hz,
            turn: 0,
            heard: 0,
        };
        let sdp = format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {} RTP/AVP 0\r\n",
            phone.media.port()
        );
        let answer = phone.ask("INVITE", 1, &sdp);
        let field = |mark: &str| {
            let rest = answer.split(mark).nth(1).expect(&answer);
            let word = rest.split([' ', '\r', '\n', ';']).next();
            word.expect(&answer).to_owned()
        };
        let tagged = answer.lines().find_map(|line| line.strip_prefix("To:"));
        let tag = tagged.and_then(|to| to.split("tag=").nth(1));
        phone.to = format!(";tag={}", tag.expect(&answer));
        let port: u16 = field("m=audio ").parse().expect(&answer);
        phone.media = SocketAddr::from(([127, 0, 0, 1], port));
        phone.send("ACK", 1, "");
        phone
    }

    fn send(&self, method: &str, cseq: u32, body: &str) {
        let local = self.sip.local_addr().expect("bound");
        let (target, to, length) = (&self.target, &self.to, body.len());
        let text = format!(
            "{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP {local};branch=z9hG4bK-{method}-{cseq};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:phone@{local}>;tag=a1\r\nTo: <{target}>{to}\r\n\
             Call-ID: one@{local}\r\nCSeq: {cseq} {method}\r\nContact: <sip:phone@{local}>\r\n\
             Content-Type: application/sdp\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        self.sip.send(text.as_bytes()).expect("loopback");
    }

    /// Asks, and returns the 200.
    fn ask(&self, method: &str, cseq: u32, body: &str) -> String {
        self.send(method, cseq, body);
        let mut buffer = [0; 4096];
        loop {
            let len = self.sip.recv(&mut buffer).expect("an answer");
            let message = String::from_utf8_lossy(&buffer[..len]).into_owned();
            if message.starts_with("SIP/2.0 200") {
                return message;
            }
        }
    }

    /// One packet out, all that came in.
    fn talk(&mut self) {
        let first = u64::from(self.turn) * 160;
        let sample = |n: u64| ((n as f64 * self.hz / 8_000.0 * TAU).sin() * 0.3) as f32;
        let pcm: Vec<f32> = (first..first + 160).map(sample).collect();
        let mut payload = [0; 160];
        Encoder::new(Codec::Pcmu)
            .encode(&pcm, &mut payload)
            .expect("a byte a sample");
        let header = Header {
            sequence: self.turn,
            timestamp: first as u32,
            ssrc: self.hz as u32,
            ..Header::default()
        };
        let mut datagram = [0; MAX_DATAGRAM];
        let mut packet = Packet::empty();
        packet.header = header;
        packet.set_payload(&payload).expect("it fits");
        let len = write(&packet, &mut datagram);
        // Every tenth is lost.
        if self.turn % 10 != 7 {
            self.rtp
                .send_to(&datagram[..len], self.media)
                .expect("loopback");
        }
        self.turn += 1;
        while let Ok(len) = self.rtp.recv(&mut datagram) {
            self.heard += usize::from(parse(&datagram[..len]).is_ok());
        }
    }
}

fn replay(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_talkpath"))
        .arg("replay")
        .args(arguments)
        .output()
        .expect("the program that cargo built")
}

fn text(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

/// Power of `hz` in one channel of a WAV file, in dB under its whole power: near 0 when it is all there is.
fn share(file: &Path, channel: usize, hz: f64) -> f64 {
    let mut wav = hound::WavReader::open(file).expect("a WAV file");
    let (channels, rate) = (
        usize::from(wav.spec().channels),
        f64::from(wav.spec().sample_rate),
    );
    let all: Vec<f64> = wav
        .samples::<i16>()
        .map(|s| s.expect("sound").into())
        .collect();
    let one: Vec<f64> = all.into_iter().skip(channel).step_by(channels).collect();
    // The middle half: everybody talks.
    let middle = &one[one.len() / 4..one.len() * 3 / 4];
    let (mut re, mut im, mut power) = (0.0, 0.0, 0.0);
    for (n, sample) in middle.iter().enumerate() {
        let phase = n as f64 * hz / rate * TAU;
        re += sample * phase.cos();
        im += sample * phase.sin();
        power += sample * sample;
    }
    let amplitude = 2.0 * (re.hypot(im)) / middle.len() as f64;
    10.0 * ((amplitude * amplitude / 2.0) / (power / middle.len() as f64)).log10()
}

#[test]
fn a_served_session_replays_identically_and_is_heard() {
    let folder = Folder::new("recorded");
    let file = folder.path().join("session.rec");
    std::fs::write(&file, "the session before").expect("a file");
    let server = Server::start(
        "recording",
        &[],
        &format!(
            "[sip]\naddr = \"127.0.0.1:0\"\n[http]\naddr = \"127.0.0.1:0\"\n\
             [engine]\ncapacity = 20\nworkers = 2\n[record]\nfile = {file:?}\n"
        ),
    );
    let mut phones = [
        ("room-lobby", 440.0),
        ("room-lobby", 1_250.0),
        ("tone-900", 700.0),
    ]
    .map(|(whom, hz)| Phone::dial(server.host(), whom, hz));
    let clock = MonotonicClock;
    let begin = clock.now();
    for turn in 0..120 {
        clock.sleep_until(begin + turn * FRAME);
        phones.iter_mut().for_each(Phone::talk);
    }
    assert_eq!(server.metric("recording"), 1.0);
    let kept = std::fs::read(folder.path().join("session.rec.1")).expect("it is kept");
    assert_eq!(kept, b"the session before");
    phones
        .iter()
        .for_each(|phone| drop(phone.ask("BYE", 2, "")));
    server.until("legs", 0.0);
    let heard: usize = phones.iter().map(|phone| phone.heard).sum();
    assert!(heard > 200, "{heard} packets");
    server.stop();

    let name = file.to_str().expect("plain");
    let done = replay(&[name, "--json"]);
    let (out, err) = text(&done);
    assert_eq!(done.status.code(), Some(0), "{out}{err}");
    let report: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(report["identical"], true, "{report}");
    assert_eq!(
        (&report["different"], &report["missing"]),
        (&0.into(), &0.into())
    );
    assert!(report["ends_early"].is_null() && report["differences"] == serde_json::json!([]));
    assert!(
        report["compared"].as_u64() >= Some(heard as u64),
        "{report}"
    );
    assert_eq!(report["digest"]["algorithm"], "talkpath-sum64");
    assert!(report["session_s"].as_f64() > Some(2.4), "{report}");
    assert!(report["speed"].as_f64() > Some(1.0), "{report}");
    let legs = report["legs"].as_array().expect("a list");
    let of_phones: Vec<_> = legs.iter().filter(|leg| leg["packets_in"] != 0).collect();
    assert_eq!((legs.len(), of_phones.len()), (4, 3), "{report}");
    let lobby = &report["rooms"][0];
    assert_eq!(lobby["name"], "lobby");
    let first = of_phones.iter().find(|leg| leg["room"] == lobby["id"]);
    let first = first.expect("the first phone")["id"]
        .as_str()
        .expect("text");

    let (leg, room) = (
        folder.path().join("leg.wav"),
        folder.path().join("room.wav"),
    );
    let wanted = [
        format!("leg={first}:{}", leg.display()),
        format!("room=lobby:{}", room.display()),
    ];
    let done = replay(&[name, "--list", "--wav", &wanted[0], "--wav", &wanted[1]]);
    let (out, err) = text(&done);
    assert_eq!(done.status.code(), Some(0), "{out}{err}");
    assert!(
        out.contains("all identical") && out.contains("lobby"),
        "{out}"
    );
    assert!(out.contains("PCMU/8000"), "{out}");
    assert!(
        out.contains(&format!("wrote     {}: room lobby, ", room.display())),
        "{out}"
    );
    // What it sent, with holes; what it was sent: the other, and never itself.
    assert!(share(&leg, 0, 440.0) > -3.0, "{}", share(&leg, 0, 440.0));
    assert!(
        share(&leg, 1, 1_250.0) > -3.0,
        "{}",
        share(&leg, 1, 1_250.0)
    );
    assert!(share(&leg, 1, 440.0) < -30.0, "{}", share(&leg, 1, 440.0));
    // Both.
    for hz in [440.0, 1_250.0] {
        assert!(share(&room, 0, hz) > -6.0, "{hz}: {}", share(&room, 0, hz));
    }
}

/// A file in memory.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("nobody panics with it").extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Half a second of a phone that hears a tone, with a jitter buffer of `target`.
fn recorded(target: Duration) -> Vec<u8> {
    let paper = Paper::default();
    let to = RecordTo {
        to: Box::new(paper.clone()),
        max_bytes: u64::MAX,
    };
    let config = EngineConfig {
        capacity_legs: 8,
        capacity_rooms: 2,
        jitter_target: target,
        ..EngineConfig::default()
    };
    let engine = VirtualEngine::recorded(config, to).expect("valid");
    let mut link = engine.take_shard_link().expect("the first to ask");
    let room = engine
        .create_room(RoomConfig::new("room"))
        .expect("the first");
    let join = |n: u32| {
        let sender = RtpSender {
            ssrc: n,
            sequence: 1,
            timestamp: 1,
        };
        let config = NetworkConfig {
            sender,
            ..NetworkConfig::new(Codec::Pcmu, 0)
        };
        room.join(LegConfig::network(config)).expect("capacity")
    };
    let (talker, _listener) = (join(1), join(2));
    for turn in 0..25_u16 {
        let mut packet = link.to_worker.take().expect("a box");
        packet.reset();
        (packet.leg, packet.received) = (talker.id().to_bits(), engine.now());
        packet.header.sequence = turn;
        packet.header.timestamp = u32::from(turn) * 160;
        let noise: Vec<u8> = (0..160).map(|n| (n * 7 + turn * 31) as u8).collect();
        packet.set_payload(&noise).expect("it fits");
        link.to_worker.send(packet).expect("room");
        engine.advance(FRAME);
        while let Some(packet) = link.from_worker.recv() {
            link.from_worker.give_back(packet).expect("its own box");
        }
    }
    engine.end_recording();
    paper.0.lock().expect("nobody panics with it").clone()
}

#[test]
fn what_is_wrong_is_said_and_in_the_exit_code() {
    let folder = Folder::new("wrong");
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("a file");
        path.to_str().expect("plain").to_owned()
    };
    let said = |arguments: &[&str], code: i32, words: &str| {
        let done = replay(arguments);
        let (out, err) = text(&done);
        assert_eq!(done.status.code(), Some(code), "{arguments:?}: {out}{err}");
        assert!((out + &err).contains(words), "{words} is missing in {err}");
    };
    let good = recorded(Duration::from_millis(20));
    let fine = file("good.rec", &good);
    said(&[&fine], 0, "all identical");
    said(
        &[&fine, "--workers", "3"],
        0,
        "recorded with 1: identical with 1, then run and compared with 3",
    );
    said(&[&fine, "--workers", "17"], 2, "17 is not in 1..=16");
    said(
        &[&fine, "--wav", "leg=7.7:x.wav"],
        2,
        "no sound of leg 7.7; it has the legs 0.1, 1.1",
    );
    said(
        &[&fine, "--wav", "room=other:x.wav"],
        2,
        "no sound of room other; it has the rooms room",
    );
    said(
        &[&fine, "--wav", "lobby.wav"],
        2,
        "leg=ID:FILE or room=NAME:FILE",
    );
    said(&["/no/such.rec"], 2, "/no/such.rec: No such file");
    said(
        &[&file("text.rec", b"Once upon a time")],
        2,
        "this is no recording of talkpath",
    );
    let mut damaged = good.clone();
    let at = damaged.len() / 2;
    damaged[at] ^= 1;
    said(
        &[&file("damaged.rec", &damaged)],
        2,
        "the recording is damaged at byte ",
    );
    let cut = &good[..good.len() / 2];
    said(
        &[&file("cut.rec", cut)],
        3,
        "before its session: the file is cut short at byte ",
    );
    let header = |bytes: &[u8]| {
        let len = bytes[12..16].try_into().expect("four bytes");
        8 + 12 + u32::from_le_bytes(len) as usize
    };
    let head = &good[..header(&good) + 40];
    said(
        &[&file("head.rec", head)],
        3,
        "0 of them compared: nothing to compare",
    );
    // The settings of one session with what happened in another: other packets.
    let other = recorded(Duration::from_millis(60));
    let mixed = [&good[..header(&good)], &other[header(&other)..]].concat();
    said(
        &[&file("mixed.rec", &mixed)],
        1,
        "the replay is not identical",
    );
}
