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

mod desk;

use std::error::Error;
use std::net::{SocketAddr, UdpSocket};
use std::num::NonZeroU16;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::{Duration, Instant};

use desk::Desk;

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
