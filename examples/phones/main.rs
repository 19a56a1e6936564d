//! Phones for measuring a running server: N calls over SIP and real sockets, everybody talking.
//!
//! ```sh
//! taskset -c 0 talkpath serve --cores 0 --capacity 1100 &
//! taskset -c 1 cargo run --release --example phones -- 127.0.0.1:5060 room-load 200 20 $!
//! ```
//!
//! Arguments: server, user part to call, phones, seconds, and optionally the server's process id,
//! whose CPU time is then read from `/proc`. Each phone sends PCMU in packets of 20 ms, in a phase of its
//! own, and counts what it gets. Prints CPU per participant-second and loss.

#![allow(
    clippy::disallowed_methods,
    reason = "a load generator lives on real time"
)]

use std::error::Error;
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::num::NonZeroU16;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::{Duration, Instant};

const FRAME: Duration = Duration::from_millis(20);

struct Phone {
    media: UdpSocket,
    call: usize,
    to_tag: String,
    sequence: u16,
    received: u64,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("phones: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The argument called `name`.
fn argument<T: FromStr>(name: &str, text: &str, allowed: &str) -> Result<T, String> {
    text.parse()
        .map_err(|_| format!("{name}: was {text:?}, allowed: {allowed}"))
}

fn run() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [server, user, phones, seconds, rest @ ..] = args.as_slice() else {
        return Err("usage: phones SERVER USER PHONES SECONDS [PID]".into());
    };
    let server: SocketAddr = argument("SERVER", server, "ADDR:PORT, such as 127.0.0.1:5060")?;
    let count: NonZeroU16 = argument("PHONES", phones, "1 to 65535")?;
    let count = usize::from(count.get());
    let seconds: NonZeroU16 = argument("SECONDS", seconds, "1 to 65535")?;
    let seconds = u64::from(seconds.get());
    let pid = rest.first().map(String::as_str);
    // A wrong one is told before anybody is called.
    pid.map(cpu).transpose()?;

    let sip = UdpSocket::bind((server.ip(), 0))?;
    sip.connect(server)?;
    sip.set_read_timeout(Some(Duration::from_secs(2)))?;
    let mut desk = Desk {
        sip,
        user: user.clone(),
        server,
    };
    let mut line = Vec::with_capacity(count);
    for call in 0..count {
        line.push(desk.dial(call)?);
    }
    println!("{count} phones in {user}");
    talk(&mut line, Duration::from_secs(2))?;
    for phone in &mut line {
        phone.received = 0;
    }

    let before = pid.map(cpu).transpose()?;
    let sent = talk(&mut line, Duration::from_secs(seconds))?;
    let after = pid.map(cpu).transpose()?;
    let received: u64 = line.iter().map(|phone| phone.received).sum();
    println!(
        "sent {sent}, received {received} ({:.3} %)",
        100.0 * received as f64 / sent as f64
    );
    if let (Some(before), Some(after)) = (before, after) {
        let spent = (after - before).as_secs_f64();
        let each = spent * 1_000.0 / (count as f64 * seconds as f64);
        println!("server CPU {spent:.2} s in {seconds} s: {each:.3} ms per participant-second");
    }
    for phone in &line {
        desk.hang_up(phone)?;
    }
    Ok(())
}

/// Sends and receives for `span`; returns the packets sent.
fn talk(line: &mut [Phone], span: Duration) -> std::io::Result<u64> {
    let (begin, count) = (Instant::now(), line.len() as u32);
    let mut packet = [0u8; 172];
    packet[0] = 0x80;
    let (mut sent, mut at, mut into) = (0, 0u32, [0u8; 2048]);
    loop {
        let (period, n) = (at / count, at % count);
        let due = FRAME * period + FRAME * n / count;
        if due >= span {
            return Ok(sent);
        }
        let elapsed = begin.elapsed();
        if due > elapsed {
            std::thread::sleep(due - elapsed);
        }
        let phone = &mut line[n as usize];
        phone.sequence = phone.sequence.wrapping_add(1);
        packet[2..4].copy_from_slice(&phone.sequence.to_be_bytes());
        packet[4..8].copy_from_slice(&(u32::from(phone.sequence) * 160).to_be_bytes());
        packet[8..12].copy_from_slice(&(phone.call as u32 + 1).to_be_bytes());
        for (i, byte) in packet[12..].iter_mut().enumerate() {
            *byte = ((i * (phone.call % 7 + 1)) as u8).wrapping_add(phone.sequence as u8);
        }
        phone.media.send(&packet)?;
        sent += 1;
        at += 1;
        while let Ok(length) = phone.media.recv(&mut into) {
            if length < 12 || (64..=95).contains(&(into[1] & 0x7f)) {
                continue;
            }
            phone.received += 1;
        }
    }
}

struct Desk {
    sip: UdpSocket,
    user: String,
    server: SocketAddr,
}

impl Desk {
    fn dial(&mut self, call: usize) -> Result<Phone, Box<dyn Error>> {
        let media = UdpSocket::bind((self.server.ip(), 0))?;
        let here = media.local_addr()?;
        let family = if here.is_ipv4() { "IP4" } else { "IP6" };
        let body = format!(
            "v=0\r\no=- {call} 1 IN {family} {ip}\r\ns=-\r\nc=IN {family} {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\na=ptime:20\r\n",
            ip = here.ip(),
            port = here.port(),
        );
        let sdp = format!(
            "Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.send("INVITE", call, 1, "", &sdp)?;
        let answer = self.answer(call)?;
        let to_tag = after(&answer, "To:")
            .and_then(|to| after(to, "tag="))
            .map_or("", word)
            .to_owned();
        let port = after(&answer, "m=audio ").map_or("", word).parse();
        let port: u16 = port.map_err(|_| format!("call {call}: the answer has no audio port"))?;
        self.send("ACK", call, 1, &to_tag, "Content-Length: 0\r\n\r\n")?;
        media.connect((self.server.ip(), port))?;
        media.set_nonblocking(true)?;
        Ok(Phone {
            media,
            call,
            to_tag,
            sequence: 0,
            received: 0,
        })
    }

    fn hang_up(&mut self, phone: &Phone) -> Result<(), Box<dyn Error>> {
        self.send(
            "BYE",
            phone.call,
            2,
            &phone.to_tag,
            "Content-Length: 0\r\n\r\n",
        )?;
        self.answer(phone.call).map(drop)
    }

    fn send(
        &self,
        method: &str,
        call: usize,
        cseq: u32,
        to_tag: &str,
        rest: &str,
    ) -> Result<(), Box<dyn Error>> {
        let (me, server, user) = (self.sip.local_addr()?, self.server, &self.user);
        let tag = if to_tag.is_empty() {
            String::new()
        } else {
            format!(";tag={to_tag}")
        };
        let message = format!(
            "{method} sip:{user}@{server} SIP/2.0\r\nVia: SIP/2.0/UDP {me};branch=z9hG4bK{call}{cseq}{method}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:phone{call}@{me}>;tag=p{call}\r\nTo: <sip:{user}@{server}>{tag}\r\n\
             Call-ID: phones-{call}@{me}\r\nCSeq: {cseq} {method}\r\nContact: <sip:phone{call}@{me}>\r\n{rest}"
        );
        self.sip.send(message.as_bytes())?;
        Ok(())
    }

    /// The final answer to the request of `call` that is under way.
    fn answer(&self, call: usize) -> Result<String, Box<dyn Error>> {
        let mut into = [0u8; 4096];
        loop {
            let length = self
                .sip
                .recv(&mut into)
                .map_err(|error| match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::TimedOut => {
                        format!("call {call}: {} has not answered within 2 s", self.server)
                    }
                    _ => format!("call {call}: {}: {error}", self.server),
                })?;
            let text = String::from_utf8_lossy(&into[..length]).into_owned();
            let ours = text.contains(&format!("phones-{call}@"));
            match after(&text, "SIP/2.0 ").map_or("", word).parse::<u16>() {
                Ok(200..300) if ours => return Ok(text),
                Ok(300..) if ours => {
                    let line = text.lines().next().unwrap_or_default();
                    let why = after(&text, "Reason:").and_then(|rest| rest.lines().next());
                    let why = why.map_or(String::new(), |why| format!(" ({})", why.trim()));
                    return Err(format!("call {call} was refused: {line}{why}").into());
                }
                _ => {}
            }
        }
    }
}

fn after<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    text.find(mark).map(|at| &text[at + mark.len()..])
}

fn word(text: &str) -> &str {
    text.split([' ', '\r', '\n', ';', '>']).next().unwrap_or("")
}

/// User and system time of a process.
fn cpu(pid: &str) -> std::io::Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .map_err(|error| std::io::Error::new(error.kind(), format!("PID: was {pid:?}: {error}")))?;
    let ticks: u64 = stat.rsplit(')').next().map_or(0, |rest| {
        rest.split_whitespace()
            .skip(11)
            .take(2)
            .filter_map(|field| field.parse::<u64>().ok())
            .sum()
    });
    // The kernel counts in hundredths of a second.
    Ok(Duration::from_millis(ticks * 10))
}
