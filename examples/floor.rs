//! The floor under a room's figures: the least any program can do for N phones on one core.
//!
//! ```sh
//! cargo run --release --example floor -- 1000 8
//! ```
//!
//! A bare loop on core 0 takes every phone's packet of 160 bytes and sends one back, 50 times a second,
//! each phone in a phase of its own: no jitter buffer, no mix, no checks. The phones are on the last core.
//! Prints the loop's CPU per participant-second; put it beside that of `phones`, taken in the same minute.

#![allow(
    clippy::disallowed_methods,
    reason = "a load generator lives on real time"
)]

use std::error::Error;
use std::net::UdpSocket;
use std::num::NonZeroU16;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use talkpath_rt::thread::{Task, allowed_cores};

const FRAME: Duration = Duration::from_millis(20);

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("floor: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The argument called `name`.
fn argument(name: &str, text: &str) -> Result<u16, String> {
    let number = text.parse::<NonZeroU16>();
    number
        .map(NonZeroU16::get)
        .map_err(|_| format!("{name}: was {text:?}, allowed: 1 to 65535"))
}

fn run() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [phones, seconds] = args.as_slice() else {
        return Err("usage: floor PHONES SECONDS".into());
    };
    let count = usize::from(argument("PHONES", phones)?);
    let span = Duration::from_secs(argument("SECONDS", seconds)?.into());
    let cores = allowed_cores();
    let (mut bare, mut far) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let (here, there) = (socket()?, socket()?);
        there.connect(here.local_addr()?)?;
        for socket in [&here, &there] {
            socket.set_nonblocking(true)?;
        }
        bare.push((here, there.local_addr()?));
        far.push(there);
    }
    let last = cores[cores.len() - 1];
    let talkers = std::thread::spawn(move || -> std::io::Result<u64> {
        Task::current().confine_to(&[last])?;
        let (mut into, mut received) = ([0u8; 2048], 0);
        rounds(count, span + FRAME, |n| {
            far[n].send(&[0x55; 172])?;
            while far[n].recv(&mut into).is_ok() {
                received += 1;
            }
            Ok(())
        })?;
        Ok(received)
    });
    Task::current().confine_to(&cores[..1])?;
    let before = Task::current().cpu_time()?;
    let mut into = [0u8; 2048];
    rounds(count, span, |n| {
        let (socket, phone) = &bare[n];
        if socket.recv_from(&mut into).is_ok() {
            socket.send_to(&into[..172], phone)?;
        }
        Ok(())
    })?;
    let spent = (Task::current().cpu_time()? - before).as_secs_f64();
    let received = talkers.join().map_err(|_| "the phones panicked")??;
    let each = spent * 1_000.0 / (count as f64 * span.as_secs_f64());
    println!(
        "{count} phones received {received}; the bare loop took {each:.3} ms of CPU per participant-second"
    );
    Ok(())
}

fn socket() -> Result<UdpSocket, String> {
    UdpSocket::bind("127.0.0.1:0")
        .map_err(|error| format!("no socket: {error}; two are needed for each phone (ulimit -n)"))
}

/// Calls `turn` for each of `count` phones once per frame, in slots of a millisecond.
fn rounds(
    count: usize,
    span: Duration,
    mut turn: impl FnMut(usize) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let begin = Instant::now();
    for slot in 0..span.as_millis() as u32 {
        let due = Duration::from_millis(1) * slot;
        std::thread::sleep(due.saturating_sub(begin.elapsed()));
        let phase = slot as usize % 20;
        for n in count * phase / 20..count * (phase + 1) / 20 {
            turn(n)?;
        }
    }
    Ok(())
}
