//! The way to the phones: a thread of this process, or a process of their own.

use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, Sender, channel};

use serde::{Deserialize, Serialize};
use talkpath_engine::ShardLink;
use talkpath_rt::clock::MonotonicClock;
use talkpath_rt::thread::{self, Placement, RtThread, SpawnError};

use super::process::{Process, Ready, Start};
use super::{Heard, Order, Phones, Rings, Setup, Wire};

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
        let mut process = Process::start()?;
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

/// Starts the phones' thread.
pub(super) fn spawn<W: Wire + Send + 'static>(
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

/// Where it runs.
pub(super) fn placed<R>(thread: &RtThread<R>) -> Place {
    let obtained = thread.obtained();
    Place {
        core: obtained.core,
        priority: obtained.priority,
    }
}
