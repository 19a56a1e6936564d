//! The SIP server: start, status, drain.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use talkpath_engine::negotiate::Capabilities;
use talkpath_engine::{Engine, LegId, Priority};
use talkpath_graph::FrameTime;

use super::Counters;
use super::message::Reason;
use super::rsip::{Bound, Names, RsipStack};
use super::stack::SipStack;
use crate::calls::{
    self, CallLeg, CallLog, Chronicle, Clips, Core, Desk, EngineHost, MediaFigures, MediaHost,
    MediaRefusal, Settings,
};
use crate::limits::Limits;
use crate::net::Net;
use crate::priority::Precedence;

/// Settings.
#[derive(Debug, Clone)]
pub struct SipConfig {
    /// Where to listen, UDP and TCP; port 0 takes one that is free for both.
    pub bind: SocketAddr,
    /// The address callers reach us at, if it is not the one we are bound to.
    pub advertised: Option<IpAddr>,
    /// Folder of recordings for `play-FILE`.
    pub play_folder: Option<PathBuf>,
    /// What callers may use.
    pub limits: Limits,
    /// Codecs we speak.
    pub capabilities: Capabilities,
    /// Frame of the rooms callers create.
    pub frame: FrameTime,
    /// Who may claim which class.
    pub precedence: Precedence,
    /// How long it rings before we answer; zero: we answer at once.
    pub ring: Duration,
    /// How long the ACK of our answer may take (RFC 3261: 32 s).
    pub ack_timeout: Duration,
    /// File that gets one JSON line for each call that has ended; `None`: the log, under the target `call`.
    pub call_log: Option<PathBuf>,
    /// Ended calls whose story is kept.
    pub kept_calls: usize,
}

impl Default for SipConfig {
    fn default() -> Self {
        Self {
            bind: SocketAddr::from(([127, 0, 0, 1], 5060)),
            advertised: None,
            play_folder: None,
            limits: Limits::default(),
            capabilities: Capabilities::default(),
            frame: FrameTime::Ms20,
            precedence: Precedence::default(),
            ring: Duration::ZERO,
            ack_timeout: Duration::from_secs(32),
            call_log: None,
            kept_calls: calls::KEPT,
        }
    }
}

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SipError {
    /// The address cannot be listened on.
    #[error("sip: cannot listen on {address} (UDP and TCP): {source}")]
    Bind {
        /// What was asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The folder of recordings is none.
    #[error("sip: the folder of recordings {folder:?} cannot be read: {source}")]
    PlayFolder {
        /// What was asked for.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file of call records cannot be written.
    #[error("sip: the call log {file:?} cannot be opened for appending: {source}")]
    CallLog {
        /// What was asked for.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The stack did not start.
    #[error("sip: the stack did not start: {0}")]
    Stack(#[source] io::Error),
    /// The media side is not there.
    #[error("sip: no media: {0}")]
    Media(#[source] MediaRefusal),
}

/// The server. Dropping it closes the sockets without a word; see [`drain`](Self::drain).
pub struct SipServer {
    desk: Arc<Desk>,
    stack: Arc<dyn SipStack>,
    address: SocketAddr,
    /// How a leg fares.
    figures: Arc<dyn Fn(CallLeg) -> MediaFigures + Send + Sync>,
}

/// State of the server, for the status page.
#[derive(Debug, Clone, Serialize)]
pub struct SipStatus {
    /// Where it listens.
    pub address: SocketAddr,
    /// True once no new calls are taken.
    pub draining: bool,
    /// Transactions in progress.
    pub transactions: usize,
    /// Rooms created by callers.
    pub rooms: usize,
    /// Calls in progress.
    pub calls: Vec<CallStatus>,
}

/// One call, for the status page.
#[derive(Debug, Clone, Serialize)]
pub struct CallStatus {
    /// Call-ID.
    pub call_id: String,
    /// Where it comes from.
    pub source: SocketAddr,
    /// What was called.
    pub to: Option<String>,
    /// Its class.
    pub priority: Priority,
    /// What it speaks.
    pub codec: Option<String>,
    /// Bits of the engine's leg.
    pub leg: Option<u64>,
    /// The ACK has come.
    pub confirmed: bool,
    /// The caller does not hear us now.
    pub held: bool,
}

impl SipServer {
    /// Starts the server over an engine and its network side. Must be called inside a tokio
    /// runtime with I/O and time.
    ///
    /// # Errors
    /// What cannot be bound, read or started; nothing is left running then.
    pub async fn start(config: SipConfig, engine: Engine, net: Net) -> Result<Self, SipError> {
        if let Some(folder) = &config.play_folder {
            let failed = |source| SipError::PlayFolder {
                folder: folder.clone(),
                source,
            };
            std::fs::read_dir(folder).map_err(failed)?;
        }
        let clips = Clips::new(config.play_folder.clone());
        let host = EngineHost::new(engine, net, clips, config.frame).map_err(SipError::Media)?;
        let chronicle = host.chronicle();
        Self::start_with(config, host, chronicle).await
    }

    /// Starts the server over any media side. Must be called inside a tokio runtime with I/O and
    /// time.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    pub async fn start_on<H: MediaHost>(config: SipConfig, host: H) -> Result<Self, SipError> {
        Self::start_with(config, host, Chronicle::default()).await
    }

    async fn start_with<H: MediaHost>(
        config: SipConfig,
        host: H,
        chronicle: Chronicle,
    ) -> Result<Self, SipError> {
        chronicle.keep(config.kept_calls);
        let call_log =
            CallLog::open(config.call_log.as_deref()).map_err(|source| SipError::CallLog {
                file: config.call_log.clone().unwrap_or_default(),
                source,
            })?;
        let failed = |source| SipError::Bind {
            address: config.bind,
            source,
        };
        let bound = Bound::bind(config.bind).map_err(failed)?;
        let address = bound.address;
        let names = Names {
            bound: address,
            advertised: config.advertised,
        };
        let counters = Arc::new(Counters::default());
        let (stack, inbound) = RsipStack::start(bound, names, &config.limits, counters.clone())
            .await
            .map_err(SipError::Stack)?;
        let settings = Settings {
            capabilities: config.capabilities,
            frame: config.frame,
            precedence: config.precedence,
            ring: config.ring,
            ack: config.ack_timeout,
            call_log,
            chronicle,
        };
        let desk = Arc::new(Desk::new(settings, counters, config.limits));
        let host = Arc::new(host);
        let asked = host.clone();
        let core = Core {
            desk: desk.clone(),
            host,
        };
        tokio::spawn(calls::run(core, inbound));
        Ok(Self {
            desk,
            stack: Arc::new(stack),
            address,
            figures: Arc::new(move |leg| asked.figures(leg)),
        })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// What has happened since the start.
    pub fn counters(&self) -> &Counters {
        &self.desk.counters
    }

    /// Its state.
    pub fn status(&self) -> SipStatus {
        let mut calls: Vec<_> = self
            .desk
            .snapshot()
            .into_iter()
            .map(|(id, info)| CallStatus {
                call_id: id.call_id,
                source: info.source,
                to: info.destination.map(|to| to.to_string()),
                priority: info.class,
                codec: info.codec,
                leg: info.leg.map(|leg| leg.0),
                confirmed: info.confirmed,
                held: info.held,
            })
            .collect();
        calls.sort_by(|one, other| one.call_id.cmp(&other.call_id));
        SipStatus {
            address: self.address,
            draining: self.desk.is_draining(),
            transactions: self.stack.transactions(),
            rooms: self.desk.admission.rooms(),
            calls,
        }
    }

    /// Every answered call there is and the last ones there were, a JSON object each.
    pub fn calls(&self) -> serde_json::Value {
        self.desk.settings.chronicle.list()
    }

    /// The story of the call with that Call-ID. May wait for the engine.
    pub fn call(&self, call_id: &str) -> Option<serde_json::Value> {
        let figures = |leg| (self.figures)(leg);
        self.desk.settings.chronicle.story(call_id, figures)
    }

    /// Looks the Call-ID of a leg up, as long as its call is known.
    pub fn call_ids(&self) -> impl Fn(LegId) -> Option<String> + Send + use<> {
        let chronicle = self.desk.settings.chronicle.clone();
        move |leg| chronicle.call_of(CallLeg(leg.to_bits()))
    }

    /// Takes no new calls, says BYE to all, waits at most `patience` for their answers, and
    /// closes the sockets. True if every call ended in that time.
    pub async fn drain(&self, patience: Duration) -> bool {
        self.desk
            .drain(&Reason::new(16, "the server is going down"));
        self.desk.tasks.close();
        let all = tokio::time::timeout(patience, self.desk.tasks.wait())
            .await
            .is_ok();
        self.stack.close();
        all
    }
}

impl Drop for SipServer {
    fn drop(&mut self) {
        self.stack.close();
    }
}
