//! Why the server does not run, and whether the settings are to blame.

use std::io;
use std::path::Path;

use talkpath_edge::http::HttpError;
use talkpath_edge::net::NetError;
use talkpath_edge::sip::SipError;
use talkpath_engine::StartError;

use crate::config::Config;

/// Why the server does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// A setting names an address or a file that this machine does not let us have.
    #[error("{key} ({flag}): {actual}: {source}{hint}")]
    Setting {
        /// The key to change.
        key: &'static str,
        /// The flag that sets the same.
        flag: &'static str,
        /// What could not be done with what was asked for.
        actual: String,
        /// What the system said.
        source: io::Error,
        /// What to set instead, where that can be known.
        hint: &'static str,
    },
    /// The status page cannot be served.
    #[error(transparent)]
    Http(HttpError),
    /// The engine did not start.
    #[error("engine: {0}")]
    Engine(#[from] StartError),
    /// The media sockets cannot be had.
    #[error("rtp: {0}")]
    Net(NetError),
    /// The SIP sockets cannot be had.
    #[error(transparent)]
    Sip(SipError),
    /// A thread that media needs ended by itself; the calls were ended and everything stopped.
    #[error("{what}; this is a bug of talkpath: the log above says where, please report it")]
    Died {
        /// Which one.
        what: &'static str,
    },
    /// The system refused something basic.
    #[error("{what}: {source}")]
    System {
        /// What was asked for.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

impl ServeError {
    /// Whether other settings or flags are needed: the same ones will fail again.
    pub fn is_wrong_input(&self) -> bool {
        matches!(self, Self::Setting { .. })
    }
}

const SIP: (&str, &str) = ("sip.addr", "--sip");
const FOREIGN_HTTP: &str = "; the address is none of this machine: name one that is";
const FOREIGN_SIP: &str = "; the address is none of this machine: name one that is, or 0.0.0.0, and the one phones \
    reach as sip.advertised";
const FOREIGN_RTP: &str = "; the address is none of this machine: name one that is, or 0.0.0.0, and the one phones \
    reach as rtp.advertised";

fn setting(
    (key, flag): (&'static str, &'static str),
    actual: String,
    source: io::Error,
    foreign: &'static str,
) -> ServeError {
    let hint = match source.kind() {
        io::ErrorKind::AddrNotAvailable => foreign,
        _ => "",
    };
    ServeError::Setting {
        key,
        flag,
        actual,
        source,
        hint,
    }
}

impl From<HttpError> for ServeError {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::Bind { address, source } => setting(
                ("http.addr", "--http"),
                format!("cannot listen on {address}"),
                source,
                FOREIGN_HTTP,
            ),
            other => Self::Http(other),
        }
    }
}

impl From<SipError> for ServeError {
    fn from(error: SipError) -> Self {
        match error {
            SipError::Bind { address, source } => setting(
                SIP,
                format!("cannot listen on {address} (UDP and TCP)"),
                source,
                FOREIGN_SIP,
            ),
            other => Self::Sip(other),
        }
    }
}

/// The file of the recording cannot be written.
pub(super) fn record(path: &Path, source: io::Error) -> ServeError {
    let actual = format!("cannot write {}", path.display());
    setting(("record.file", "--record"), actual, source, "")
}

/// What the network side says; the address of media is that of SIP unless it is set.
pub(super) fn net(error: NetError, config: &Config) -> ServeError {
    match error {
        NetError::Address { address, source } => {
            let (key, foreign) = match config.rtp.addr {
                Some(_) => (("rtp.addr", "--rtp"), FOREIGN_RTP),
                None => (SIP, FOREIGN_SIP),
            };
            setting(
                key,
                format!("cannot bind media to {address}"),
                source,
                foreign,
            )
        }
        other => ServeError::Net(other),
    }
}
