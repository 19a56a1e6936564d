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
use std::time::{Duration, Instant};

use talkpath_rt::thread::{Task, allowed_cores};

const FRAME: Duration = Duration::from_millis(20);

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [phones, seconds] = args.as_slice() else {
        return Err("usage: floor PHONES SECONDS".into());
    };
    let (count, span) = (phones.parse()?, Duration::from_secs(seconds.parse()?));
    let cores = allowed_cores();
    let (mut bare, mut far) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let (here, there) = (
            UdpSocket::bind("127.0.0.1:0")?,
            UdpSocket::bind("127.0.0.1:0")?,
        );
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
