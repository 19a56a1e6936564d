//! The way to the phones: a thread of this process, or a process of their own.
//!
//! That process is this program again, with the hidden command `bench-load`. It is told everything as lines of JSON on its
//! standard input and answers on its standard output: first where each phone is reached, at the end what was
//! heard. When its standard input ends it ends too.

use std::io::{self, BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use talkpath_engine::ShardLink;
use talkpath_rt::clock::MonotonicClock;
use talkpath_rt::thread::{self, Placement, RtThread, SpawnError};

use super::udp::Udp;
use super::{Heard, Order, Phones, Rings, Setup, Wire};

/// The command that runs the phones in a process of their own.
pub(in crate::bench) const COMMAND: &str = "bench-load";
/// Name of the phones' thread.
const THREAD: &str = "bench-phones";

/// Why there are no phones, or no word of them.
#[derive(Debug, thiserror::Error)]
pub(in crate::bench) enum PhonesError {
    #[error("{0}")]
    Setup(String),
    #[error("their thread did not start")]
    Thread(#[from] SpawnError),
    #[error("their process: {what}")]
    Process {
        what: &'static str,
        #[source]
        source: io::Error,
    },
    #[error("their thread panicked")]
    Panicked,
}

/// First line to the process.
#[derive(Serialize, Deserialize)]
struct Start {
    setup: Setup,
    core: Option<usize>,
    priority: Option<u8>,
}

/// First line from it.
#[derive(Serialize, Deserialize)]
struct Ready {
    addresses: Vec<SocketAddr>,
    place: Place,
}

/// Where the phones' thread runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::bench) struct Place {
    pub core: Option<usize>,
    pub priority: Option<u8>,
}

/// The phones, from the control side.
pub(in crate::bench) struct Desk {
    way: Line,
    /// Where they run.
    pub place: Place,
    addresses: Vec<SocketAddr>,
}

enum Line {
    Here(Sender<Order>, RtThread<(Vec<Heard>, Rings)>),
    There(Process),
}

/// A process that is told to end when this is dropped, and waited for.
struct Process {
    child: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
}

impl Desk {
    /// Phones on a thread of this process, at the packet rings of an engine.
    pub(in crate::bench) fn here(
        link: ShardLink,
        setup: Setup,
        core: Option<usize>,
        priority: Option<u8>,
    ) -> Result<Self, PhonesError> {
        let (orders, told) = channel();
        let phones = Phones::new(Rings(link), setup).map_err(PhonesError::Setup)?;
        let thread = spawn(phones, told, core, priority)?;
        let place = placed(&thread);
        Ok(Self {
            way: Line::Here(orders, thread),
            place,
            addresses: Vec::new(),
        })
    }

    /// Phones in a process of their own, at sockets.
    pub(in crate::bench) fn there(
        setup: Setup,
        core: Option<usize>,
        priority: Option<u8>,
    ) -> Result<Self, PhonesError> {
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
        let mut process = Process {
            child,
            to: Some(to),
            from: BufReader::new(from),
        };
        process.tell(&Start {
            setup,
            core,
            priority,
        })?;
        let ready: Ready = process.answer()?;
        Ok(Self {
            way: Line::There(process),
            place: ready.place,
            addresses: ready.addresses,
        })
    }

    /// Where the phone on `seat` is reached; `None` in process.
    pub(in crate::bench) fn address(&self, seat: usize) -> Option<SocketAddr> {
        self.addresses.get(seat).copied()
    }

    /// Tells the phones something, which they do in their next slot.
    pub(in crate::bench) fn tell(&mut self, order: Order) -> Result<(), PhonesError> {
        match &mut self.way {
            Line::Here(orders, _) => orders.send(order).map_err(|_| PhonesError::Panicked),
            Line::There(process) => process.tell(&order),
        }
    }

    /// Ends all calls. What was heard in each window, the first of which is what was before any; and the packet rings,
    /// which must outlive the worker.
    pub(in crate::bench) fn finish(mut self) -> Result<(Vec<Heard>, Option<Rings>), PhonesError> {
        self.tell(Order::Finish)?;
        match self.way {
            Line::Here(_, thread) => {
                let (heard, rings) = thread.join().map_err(|_| PhonesError::Panicked)?;
                Ok((heard, Some(rings)))
            }
            Line::There(mut process) => Ok((process.answer()?, None)),
        }
    }
}

impl Process {
    fn tell(&mut self, what: &impl Serialize) -> Result<(), PhonesError> {
        let failed = |source| PhonesError::Process {
            what: "it does not listen",
            source,
        };
        let to = self.to.as_mut();
        let to = to.ok_or_else(|| failed(io::ErrorKind::BrokenPipe.into()))?;
        say(to, what).map_err(failed)
    }

    fn answer<T: DeserializeOwned>(&mut self) -> Result<T, PhonesError> {
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

fn spawn<W: Wire + Send + 'static>(
    phones: Phones<W>,
    told: Receiver<Order>,
    core: Option<usize>,
    priority: Option<u8>,
) -> Result<RtThread<(Vec<Heard>, W)>, SpawnError> {
    let placement = Placement {
        name: THREAD.into(),
        core,
        priority,
    };
    thread::spawn(placement, move |_| phones.run(&MonotonicClock, &told))
}

fn placed<R>(thread: &RtThread<R>) -> Place {
    let obtained = thread.obtained();
    Place {
        core: obtained.core,
        priority: obtained.priority,
    }
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
