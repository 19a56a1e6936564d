//! The thread that listens to the engine and to the network side for calls.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crossbeam::channel::{Receiver, Sender, bounded, never, select};
use talkpath_engine::{EventKind, EventStream, LeaveReason, LegId};

use super::super::chronicle::Chronicle;
use super::super::{CallLeg, MediaEnd};
use super::book::Book;
use crate::net::{Net, NetEvent};

/// The watching thread; stopped and joined when dropped.
pub(super) struct Watch {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    pub fn start(
        engine: EventStream,
        net: Net,
        book: Arc<Mutex<Book>>,
        chronicle: Chronicle,
    ) -> io::Result<Self> {
        let (stop, stopped) = bounded(0);
        let events = net.subscribe();
        let watcher = Watcher {
            net,
            book,
            chronicle,
        };
        let thread = std::thread::Builder::new()
            .name("calls-watch".to_owned())
            .spawn(move || watcher.run(&engine, events, &stopped))?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop = None;
        if self
            .thread
            .take()
            .is_some_and(|thread| thread.join().is_err())
        {
            tracing::error!("the watch over calls had panicked");
        }
    }
}

struct Watcher {
    net: Net,
    book: Arc<Mutex<Book>>,
    chronicle: Chronicle,
}

impl Watcher {
    fn run(&self, engine: &EventStream, mut net: Receiver<NetEvent>, stopped: &Receiver<()>) {
        loop {
            select! {
                recv(stopped) -> _ => return,
                recv(engine.receiver()) -> event => match event {
                    Ok(event) => {
                        self.chronicle.happened(&event);
                        self.engine(event.kind);
                    }
                    Err(_) => return,
                },
                recv(net) -> event => match event {
                    Ok(event) => self.net(event),
                    // The network side is down: only the engine speaks now.
                    Err(_) => net = never(),
                },
            }
        }
    }

    fn engine(&self, event: EventKind) {
        match event {
            EventKind::Finished { leg } => {
                let listener = self.book().listener(leg);
                if let Some(call) = listener {
                    self.tell(call, MediaEnd::Finished, None);
                }
            }
            EventKind::Left { leg, reason, .. } => {
                let end = match reason {
                    LeaveReason::RoomClosed => MediaEnd::RoomClosed,
                    LeaveReason::MediaTimeout => MediaEnd::Timeout,
                    LeaveReason::Finished => MediaEnd::Finished,
                    LeaveReason::Displaced => MediaEnd::Displaced,
                    _ => MediaEnd::Gone,
                };
                self.left(leg, end);
            }
            EventKind::RoomEnded { room, .. } => self.book().forget_room(room),
            EventKind::Missed { lost } => {
                tracing::warn!(?lost, "events of the engine were missed");
            }
            _ => {}
        }
    }

    /// The engine has let a leg go by itself: from now on nobody hears what comes to its port.
    fn left(&self, leg: LegId, end: MediaEnd) {
        let call = CallLeg(leg.to_bits());
        let ended = self.book().lost(call, None);
        let Some(ended) = ended else { return };
        {
            // Locked for both, so that a call that ends meanwhile finds what the detach has left.
            let mut book = self.book();
            match self.net.detach(leg) {
                Ok(farewell) => book.set_net_farewell(call, farewell),
                Err(error) => tracing::debug!(%error, "the port was closed already"),
            }
        }
        ended(end);
    }

    fn net(&self, event: NetEvent) {
        match event {
            NetEvent::MediaTimeout(leg) => {
                self.tell(
                    CallLeg(leg.to_bits()),
                    MediaEnd::Timeout,
                    Some(LeaveReason::MediaTimeout),
                );
            }
            NetEvent::SsrcCollision { leg, new_ssrc } => {
                let changed = self.book().set_ssrc(CallLeg(leg.to_bits()), new_ssrc);
                if let Some(Err(error)) = changed.map(|leg| leg.set_ssrc(new_ssrc)) {
                    tracing::debug!(%error, "the leg had left before its SSRC changed");
                }
            }
            // Nobody serves its port: a call without media is none.
            NetEvent::Refused(leg) => self.tell(CallLeg(leg.to_bits()), MediaEnd::Gone, None),
            // A phone may say BYE for one SSRC and go on with another; silence ends the call.
            NetEvent::Bye(_) => {}
        }
    }

    fn tell(&self, call: CallLeg, end: MediaEnd, why: Option<LeaveReason>) {
        let ended = self.book().lost(call, why);
        if let Some(ended) = ended {
            ended(end);
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
