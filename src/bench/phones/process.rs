//! The process of the phones, from both sides.
//!
//! It is this program again, with the hidden command `bench-load`. It is told everything as lines of JSON on its
//! standard input and answers on its standard output: first where each phone is reached, at the end what was
//! heard. When its standard input ends it ends too.

use std::io::{self, BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::channel;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use talkpath_rt::thread;

use super::desk::{Place, placed, spawn};
use super::udp::Udp;
use super::{Order, Phones, PhonesError, Setup};

/// The command that runs the phones in a process of their own.
pub(in crate::bench) const COMMAND: &str = "bench-load";
/// First line to the process.
#[derive(Serialize, Deserialize)]
pub(super) struct Start {
    pub setup: Setup,
    pub core: Option<usize>,
    pub priority: Option<u8>,
}

/// First line from it.
#[derive(Serialize, Deserialize)]
pub(super) struct Ready {
    pub addresses: Vec<SocketAddr>,
    pub place: Place,
}

/// A process that is told to end when this is dropped, and waited for.
pub(super) struct Process {
    child: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
}

impl Process {
    /// This program again, as the phones.
    pub(super) fn start() -> Result<Self, PhonesError> {
        let failed = |what| move |source| PhonesError::Process { what, source };
        let program = std::env::current_exe().map_err(failed("where this program is"))?;
        let mut child = Command::new(program)
            .arg(COMMAND)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed("it does not start"))?;
        let (Some(to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failed("it has no pipes")(io::ErrorKind::BrokenPipe.into()));
        };
        Ok(Self {
            child,
            to: Some(to),
            from: BufReader::new(from),
        })
    }

    pub(super) fn tell(&mut self, what: &impl Serialize) -> Result<(), PhonesError> {
        let failed = |source| PhonesError::Process {
            what: "it does not listen",
            source,
        };
        let to = self.to.as_mut();
        let to = to.ok_or_else(|| failed(io::ErrorKind::BrokenPipe.into()))?;
        say(to, what).map_err(failed)
    }

    pub(super) fn answer<T: DeserializeOwned>(&mut self) -> Result<T, PhonesError> {
        read(&mut self.from).map_err(|source| PhonesError::Process {
            what: "its answer",
            source,
        })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.to = None;
        // It ends by itself then; how, has been told by its answers.
        self.child.wait().ok();
    }
}

fn say(to: &mut impl Write, what: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(what)?;
    line.push(b'\n');
    to.write_all(&line)?;
    to.flush()
}

/// One line.
fn read<T: DeserializeOwned>(from: &mut impl BufRead) -> io::Result<T> {
    let mut line = String::new();
    if from.read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(serde_json::from_str(&line)?)
}

/// The whole life of the phones' own process.
///
/// # Errors
/// [`PhonesError`]; the other side sees that its answer does not come.
pub(in crate::bench) fn serve() -> Result<(), PhonesError> {
    let failed = |what| move |source| PhonesError::Process { what, source };
    let mut input = BufReader::new(io::stdin());
    let Start {
        setup,
        core,
        priority,
    } = read(&mut input).map_err(failed("its first line"))?;
    let seats = setup.seats;
    thread::raise_nofile(seats as u64 + 64);
    let udp = Udp::bind(seats).map_err(failed("its sockets"))?;
    let addresses = udp.addresses(seats).map_err(failed("its sockets"))?;
    let phones = Phones::new(udp, setup).map_err(PhonesError::Setup)?;
    let (orders, told) = channel();
    let thread = spawn(phones, told, core, priority)?;
    let place = placed(&thread);
    let ready = Ready { addresses, place };
    say(&mut io::stdout(), &ready).map_err(failed("its answer"))?;
    // Until the other side says that this is all, or is gone.
    while let Ok(order) = read::<Order>(&mut input) {
        if orders.send(order).is_err() || order == Order::Finish {
            break;
        }
    }
    drop(orders);
    let (heard, _) = thread.join().map_err(|_| PhonesError::Panicked)?;
    say(&mut io::stdout(), &heard).map_err(failed("its answer"))
}
