//! Why the server does not start.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::calls::MediaRefusal;

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
