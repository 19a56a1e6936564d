//! The SIP server: start, questions, drain.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use talkpath_engine::{Engine, LegId};

use super::Counters;
use super::message::Reason;
use super::rsip::{Bound, Names, RsipStack};
use super::stack::SipStack;
use crate::calls::{
    self, CallLeg, CallLog, Chronicle, Clips, Core, Desk, EngineHost, MediaFigures, MediaHost,
    Settings,
};
use crate::net::Net;

pub use config::SipConfig;
pub use error::SipError;
pub use status::{CallStatus, SipStatus};

mod config;
mod error;
mod status;

/// The server. Dropping it closes the sockets without a word; see [`drain`](Self::drain).
pub struct SipServer {
    desk: Arc<Desk>,
    stack: Arc<dyn SipStack>,
    address: SocketAddr,
    /// How a leg fares.
    figures: Arc<dyn Fn(CallLeg) -> MediaFigures + Send + Sync>,
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
