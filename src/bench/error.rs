//! Why a bench has no figures, or figures that must not be.

use talkpath_edge::net::NetError;
use talkpath_engine::{EngineError, StartError};
use talkpath_rt::thread::SpawnError;

use super::phones::PhonesError;

/// Why the bench has no figures.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BenchError {
    /// The engine did not start.
    #[error("the engine did not start")]
    Start(#[from] StartError),
    /// The engine refused a leg, a room or a call.
    #[error("the engine refused")]
    Engine(#[from] EngineError),
    /// The media sockets.
    #[error("the media sockets")]
    Net(#[from] NetError),
    /// A flag is out of its range.
    #[error("{flag}: was {actual}, allowed: {allowed}")]
    Flag {
        /// The flag.
        flag: &'static str,
        /// What was asked for.
        actual: String,
        /// What is allowed, in words.
        allowed: String,
    },
    /// The report cannot be written.
    #[error("the report cannot be written{}", to.as_ref().map_or(String::new(), |to| format!(" to {to}")))]
    Output {
        /// The file; `None` is standard output.
        to: Option<String>,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The phones did not start or did not end well.
    #[error("the phones: {0}")]
    Phones(String),
    /// A thread of the bench itself did not start.
    #[error("a thread of the bench")]
    Thread(#[from] SpawnError),
    /// CPU time could not be read.
    #[error("the CPU time cannot be read")]
    Cpu(#[from] std::io::Error),
    /// What must be zero was not.
    #[error("{calls} allocator calls on the worker, allowed: 0")]
    Allocated {
        /// Calls counted.
        calls: u64,
    },
}

impl From<PhonesError> for BenchError {
    fn from(error: PhonesError) -> Self {
        let mut text = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(inner) = cause {
            text = format!("{text}: {inner}");
            cause = inner.source();
        }
        Self::Phones(text)
    }
}

impl BenchError {
    /// Whether other flags are needed.
    pub fn is_wrong_input(&self) -> bool {
        matches!(self, Self::Flag { .. })
    }
}
