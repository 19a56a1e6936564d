//! `talkpath serve` is stopped for a while and goes on (D14): what two phones in a room then receive, and what it says of it.
//!
//! How long it stood still is measured on this side and only ever too short, how long it ran only ever too long: a busy
//! machine makes the bounds wider, never wrong.

#[allow(dead_code, reason = "each test program uses its part of this")]
#[path = "clients/server.rs"]
mod server;

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use serde_json::Value;
use server::{Server, breathe};
use talkpath_nodes::packet::{Header, Packet, parse, write};
use talkpath_rt::clock::{Clock, MonotonicClock};

/// Loopback only, ports of the system's choice.
const SETTINGS: &str = r#"
[engine]
capacity = 20
slot_us = 1000
watchdog_ms = 1000
[sip]
addr = "127.0.0.1:0"
[http]
addr = "127.0.0.1:0"
"#;
/// Samples of a packet: 20 ms of PCMU.
const FRAME: usize = 160;
const PERIOD: Duration = Duration::from_millis(20);
/// Slots of a period, with the settings above.
const SLOTS: u64 = 20;
/// What is made up for after a stall, in periods: 60 ms (D14).
const MADE_UP: u64 = 3;
/// How long it stands still: once within the watchdog's patience, once beyond it.
const STOPS: [Duration; 2] = [Duration::from_millis(400), Duration::from_millis(1200)];
/// Packets each phone receives before the first stop and after each.
const MORE: usize = 100;
/// Periods before the test gives up waiting for those.
const MOST: usize = 6000;

/// A packet as it came.
struct Heard {
    header: Header,
    loud: bool,
    at: Duration,
}

/// A phone with a call into the room.
struct Phone {
    sip: UdpSocket,
    rtp: UdpSocket,
    target: String,
    to_tag: String,
    media: SocketAddr,
    sent: u16,
    heard: Vec<Heard>,
}

impl Phone {
    fn call(server: &Server) -> Self {
        let rtp = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        rtp.set_nonblocking(true).expect("a socket");
        let sip = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        sip.set_read_timeout(Some(Duration::from_secs(20)))
            .expect("a socket");
        sip.connect(server.host()).expect("HOST:PORT");
        let mut phone = Self {
            sip,
            target: format!("sip:room-stall@{}", server.host()),
            to_tag: String::new(),
            media: rtp.local_addr().expect("bound"),
            rtp,
            sent: 0,
            heard: Vec::new(),
        };
        let port = phone.media.port();
        let sdp = format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\n"
        );
        phone.ask("INVITE", 1, &sdp);
        let answer = phone.answer("1 INVITE");
        let value = |mark: &str, end: &[char]| {
            let rest = answer.split(mark).nth(1).expect(&answer);
            rest.split(end).next().expect(&answer).to_owned()
        };
        let to = value("\r\nTo:", &['\r']);
        phone.to_tag = format!(";tag={}", to.split("tag=").nth(1).expect("a tag"));
        let port = value("m=audio ", &[' ']).parse().expect("a port");
        phone.media = SocketAddr::from(([127, 0, 0, 1], port));
        phone.ask("ACK", 1, "");
        phone
    }

    fn ask(&self, method: &str, cseq: u32, body: &str) {
        let local = self.sip.local_addr().expect("bound");
        let (target, to_tag, length) = (&self.target, &self.to_tag, body.len());
        let request = format!(
            "{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP {local};branch=z9hG4bK-{method}-{cseq};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:phone@{local}>;tag=a1\r\nTo: <{target}>{to_tag}\r\n\
             Call-ID: stall@{local}\r\nCSeq: {cseq} {method}\r\nContact: <sip:phone@{local}>\r\n\
             Content-Type: application/sdp\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        self.sip.send(request.as_bytes()).expect("loopback");
    }

    /// The 200 to the request of that CSeq.
    fn answer(&self, cseq: &str) -> String {
        let mut buffer = [0; 4096];
        loop {
            let length = self.sip.recv(&mut buffer).expect(cseq);
            let message = String::from_utf8_lossy(&buffer[..length]).into_owned();
            let code = message.split(' ').nth(1).unwrap_or_default();
            assert!(code < "300", "{message}");
            if code == "200" && message.contains(cseq) {
                return message;
            }
        }
    }

    /// The next 20 ms: a loud square wave of 1 kHz.
    fn send(&mut self) {
        let mut packet = Packet::empty();
        packet.header = Header {
            payload_type: 0,
            marker: self.sent == 0,
            sequence: self.sent,
            timestamp: u32::from(self.sent) * FRAME as u32,
            ssrc: u32::from(self.sip.local_addr().expect("bound").port()),
        };
        let payload: [u8; FRAME] = std::array::from_fn(|i| if i % 8 < 4 { 0x20 } else { 0xa0 });
        packet.set_payload(&payload).expect("160 bytes");
        let mut datagram = [0; 1500];
        let length = write(&packet, &mut datagram);
        self.rtp
            .send_to(&datagram[..length], self.media)
            .expect("loopback");
        self.sent += 1;
    }

    fn hear(&mut self) {
        let mut datagram = [0; 2048];
        while let Ok((length, from)) = self.rtp.recv_from(&mut datagram) {
            assert_eq!(from, self.media);
            let (header, payload, _) = parse(&datagram[..length]).expect("RTP");
            assert_eq!(payload.len(), FRAME);
            // PCMU: the smaller the lower bits, the louder.
            let loud = datagram[payload].iter().any(|byte| byte & 0x7f < 0x40);
            let at = MonotonicClock.now();
            self.heard.push(Heard { header, loud, at });
        }
    }

    /// Periods that were left out before packet `index`; one SSRC, and the sequence without a hole or a repetition.
    fn left_out(&self, index: usize) -> u64 {
        let (one, two) = (&self.heard[index - 1].header, &self.heard[index].header);
        assert_eq!((two.ssrc, two.payload_type), (one.ssrc, 0), "at {index}");
        assert_eq!(two.sequence, one.sequence.wrapping_add(1), "at {index}");
        let advance = two.timestamp.wrapping_sub(one.timestamp);
        let whole = advance.is_multiple_of(FRAME as u32);
        assert!(whole && advance > 0, "by {advance} at {index}");
        u64::from(advance) / FRAME as u64 - 1
    }

    /// The gap of a stop, after which `first` was the first to come: how many periods were left out. No more than
    /// [`MADE_UP`] of those of the stop were made up for, and all that followed came one by one.
    fn gap(&self, first: usize, stood: Duration, resumed: Duration) -> u64 {
        let (left_out, after) = (first..self.heard.len())
            .map(|index| (self.left_out(index), index))
            .max_by_key(|(left_out, _)| *left_out)
            .expect("packets after the stop");
        let periods = |span: Duration| (span.as_nanos() / PERIOD.as_nanos()) as u64;
        // One for the period the stop began in.
        assert!(
            left_out + MADE_UP + 1 >= periods(stood),
            "{left_out} periods left out in {stood:?}"
        );
        for (index, heard) in self.heard[after..].iter().enumerate() {
            let ran = heard.at - resumed;
            assert!(
                index as u64 <= MADE_UP + periods(ran),
                "{} packets in {ran:?}",
                index + 1
            );
        }
        left_out
    }
}

/// RTP both ways, a packet each period, for as long as `more` says.
fn talk(phones: &mut [Phone], mut more: impl FnMut(&[Phone]) -> bool) {
    let mut next = MonotonicClock.now();
    while more(phones) {
        for phone in &mut *phones {
            phone.send();
            phone.hear();
        }
        next += PERIOD;
        MonotonicClock.sleep_until(next);
    }
}

/// Talks until each has [`MORE`] packets beyond the numbers of `since`.
fn talk_on(phones: &mut [Phone], since: &[usize]) {
    let mut turns = 0;
    talk(phones, |phones| {
        turns += 1;
        assert!(turns < MOST, "too few packets came");
        let mut pairs = phones.iter().zip(since);
        pairs.any(|(phone, since)| phone.heard.len() < since + MORE)
    });
}

fn counts(phones: &[Phone]) -> Vec<usize> {
    phones.iter().map(|phone| phone.heard.len()).collect()
}

/// Returns once no thread of the process runs any more.
fn all_stopped(process: u32) {
    let stopped = || {
        let mut threads = std::fs::read_dir(format!("/proc/{process}/task")).expect("a process");
        threads.all(|thread| {
            let stat = std::fs::read_to_string(thread.expect("a thread").path().join("stat"));
            let stat = stat.expect("nobody ends");
            stat.rsplit(") ").next().expect("a state").starts_with('T')
        })
    };
    while !stopped() {
        MonotonicClock.sleep_until(MonotonicClock.now() + Duration::from_millis(1));
    }
}

fn status(server: &Server) -> Value {
    serde_json::from_str(&server.get("/status")).expect("JSON")
}

#[test]
fn a_stop_of_the_process_leaves_a_gap_and_no_burst_and_no_worker_is_lost() {
    let server = Server::start("stall", &[], SETTINGS);
    let mut phones = [Phone::call(&server), Phone::call(&server)];
    talk_on(&mut phones, &[0, 0]);

    // Slots that must have been skipped for what was left out.
    let mut owed = 0;
    for stop in STOPS {
        server.signal("STOP");
        all_stopped(server.id());
        let stopped = MonotonicClock.now();
        talk(&mut phones, |_| MonotonicClock.now() < stopped + stop);
        phones.iter_mut().for_each(Phone::hear);
        let before = counts(&phones);
        let resumed = MonotonicClock.now();
        server.signal("CONT");
        talk_on(&mut phones, &before);

        let stood = resumed - stopped;
        let gaps: Vec<_> = std::iter::zip(&phones, &before)
            .map(|(phone, &first)| phone.gap(first, stood, resumed))
            .collect();
        println!("stopped for {stood:?} at least: periods left out per phone {gaps:?}");
        owed += (gaps.iter().max().expect("two") - 1) * SLOTS + 1;
        for phone in &phones {
            let last = &phone.heard[phone.heard.len() - MORE / 2..];
            assert!(last.iter().any(|heard| heard.loud), "nobody is heard");
        }
    }
    for phone in &phones {
        (1..phone.heard.len()).for_each(|index| {
            phone.left_out(index);
        });
    }

    // What is told is about a second old.
    let skipped = |status: &Value| status["engine"]["workers"][0]["skipped_slots"].as_u64();
    let mut told = status(&server);
    for _ in 0..600 {
        if skipped(&told).expect("a number") >= owed {
            break;
        }
        breathe();
        told = status(&server);
    }
    let skipped = skipped(&told).expect("a number");
    println!("slots skipped: {skipped}, of them owed to the stops {owed} at least");
    assert!(owed > 0 && skipped >= owed, "{skipped} of {owed}");
    let engine = &told["engine"];
    assert_eq!(engine["supervisor"]["workers_lost"], 0, "{told}");
    assert_eq!(engine["workers"][0]["epoch"], 0, "{told}");
    assert!(told["fault"].is_null(), "{told}");
    let legs = engine["rooms"][0]["legs"].as_array().expect("a room");
    assert_eq!(legs.len(), phones.len(), "{told}");

    for phone in &phones {
        phone.ask("BYE", 2, "");
        phone.answer("2 BYE");
    }
    server.until("legs", 0.0);
    server.stop();
}
