//! What all calls share: the settings, the counters, and the list of calls.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use talkpath_engine::Priority;
use talkpath_engine::negotiate::Capabilities;
use talkpath_graph::FrameTime;
use talkpath_rt::flag::Flag;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use super::{CallLeg, CallLog, Chronicle, Destination, MediaEnd};
use crate::limits::Admission;
use crate::priority::Precedence;
use crate::sip::Counters;
use crate::sip::message::{DialogId, Reason, Request};
use crate::sip::stack::{Invite, ServerTransaction};

/// Settings of every call.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Codecs we speak.
    pub capabilities: Capabilities,
    /// Frame of the rooms, which answers prefer as packet time.
    pub frame: FrameTime,
    /// Who may claim which class.
    pub precedence: Precedence,
    /// How long it rings before we answer; zero: not at all.
    pub ring: Duration,
    /// How long the ACK of our 200 may take.
    pub ack: Duration,
    /// Where records of ended calls go.
    pub call_log: CallLog,
    /// Where what becomes of calls is kept.
    pub chronicle: Chronicle,
}

/// What a call can be told.
pub(crate) enum Mail {
    /// A request inside its dialog, INVITE apart.
    Request(Box<Request>, Box<dyn ServerTransaction>),
    /// An INVITE inside its dialog.
    Reinvite(Box<Invite>),
    /// Its media is over.
    Media(MediaEnd),
    /// It is to end.
    HangUp(Reason),
}

/// A call as the status page shows it.
#[derive(Debug, Clone)]
pub(crate) struct CallInfo {
    pub source: SocketAddr,
    pub class: Priority,
    pub destination: Option<Destination>,
    pub codec: Option<String>,
    pub leg: Option<CallLeg>,
    pub confirmed: bool,
    pub held: bool,
}

struct Entry {
    /// `CSeq` of the INVITE that made it.
    cseq: u32,
    mail: mpsc::UnboundedSender<Mail>,
    info: CallInfo,
}

/// The desk.
pub(crate) struct Desk {
    pub settings: Settings,
    pub counters: Arc<Counters>,
    pub admission: Admission,
    /// Tasks of calls, to be waited for.
    pub tasks: TaskTracker,
    calls: Mutex<HashMap<DialogId, Entry>>,
    /// Changed and, where it matters, read while the list is locked.
    draining: Flag,
    epoch: Instant,
}

impl Desk {
    pub fn new(settings: Settings, counters: Arc<Counters>, limits: crate::limits::Limits) -> Self {
        Self {
            settings,
            counters,
            admission: Admission::new(limits, Duration::ZERO),
            tasks: TaskTracker::new(),
            calls: Mutex::new(HashMap::new()),
            draining: Flag::new(),
            epoch: Instant::now(),
        }
    }

    /// Time since the desk was opened.
    pub fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    /// True once no new calls are taken.
    pub fn is_draining(&self) -> bool {
        self.draining.is_raised()
    }

    /// Takes no new calls from now on and ends those in progress.
    pub fn drain(&self, reason: &Reason) {
        let calls = self.calls();
        // With the list in hand: a call is on it by now, and told to end, or will not be let onto it.
        self.draining.raise();
        for entry in calls.values() {
            // A call that is ending already reads no more mail.
            drop(entry.mail.send(Mail::HangUp(reason.clone())));
        }
    }

    /// Lists a call and gives its mailbox; `None` once no new calls are taken.
    pub fn list(
        &self,
        request: &Request,
        class: Priority,
    ) -> Option<mpsc::UnboundedReceiver<Mail>> {
        let (mail, mailbox) = mpsc::unbounded_channel();
        let info = CallInfo {
            source: request.source,
            class,
            destination: None,
            codec: None,
            leg: None,
            confirmed: false,
            held: false,
        };
        let cseq = request.cseq;
        let entry = Entry { cseq, mail, info };
        let mut calls = self.calls();
        if self.is_draining() {
            return None;
        }
        calls.insert(request.dialog.clone(), entry);
        Some(mailbox)
    }

    /// Takes a call off the list.
    pub fn strike(&self, id: &DialogId) {
        self.calls().remove(id);
    }

    /// True if the call this INVITE asks for is listed already: the same request came by another
    /// way (RFC 3261, section 8.2.2.2). With another `CSeq` it is another request.
    pub fn is_merged(&self, request: &Request) -> bool {
        let id = &request.dialog;
        self.calls().iter().any(|(listed, entry)| {
            listed.call_id == id.call_id && listed.remote == id.remote && entry.cseq == request.cseq
        })
    }

    /// Gives mail to a call, or back if there is none of that name.
    pub fn deliver(&self, id: &DialogId, mail: Mail) -> Result<(), Mail> {
        match self.calls().get(id) {
            Some(entry) => entry.mail.send(mail).map_err(|unread| unread.0),
            None => Err(mail),
        }
    }

    /// The way to a call's mailbox.
    pub fn mailbox(&self, id: &DialogId) -> Option<mpsc::UnboundedSender<Mail>> {
        self.calls().get(id).map(|entry| entry.mail.clone())
    }

    /// Changes what the status page shows of a call.
    pub fn note(&self, id: &DialogId, change: impl FnOnce(&mut CallInfo)) {
        if let Some(entry) = self.calls().get_mut(id) {
            change(&mut entry.info);
        }
    }

    /// All calls.
    pub fn snapshot(&self) -> Vec<(DialogId, CallInfo)> {
        self.calls()
            .iter()
            .map(|(id, entry)| (id.clone(), entry.info.clone()))
            .collect()
    }

    fn calls(&self) -> MutexGuard<'_, HashMap<DialogId, Entry>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[path = "desk_tests.rs"]
mod tests;
