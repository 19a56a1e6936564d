//! What to do with an error of the media side: wait a little, or tell the caller.

use std::time::Duration;

use talkpath_engine::{Class, EngineError};
use talkpath_rt::clock::{Clock, MonotonicClock};

use super::super::{ClipError, MediaRefusal};
use crate::net::NetError;

/// How often something that may pass is tried.
pub(super) const TRIES: usize = 100;
/// Time between two tries: the worker and the shard take up what waits within a few slots.
const PAUSE: Duration = Duration::from_millis(2);

/// An error that may pass by itself.
pub(super) trait Passing {
    /// Whether the same request may be granted in a moment.
    fn is_passing(&self) -> bool;
}

impl Passing for EngineError {
    fn is_passing(&self) -> bool {
        // A swap under way is over in a few frames.
        matches!(
            self,
            Self::Busy { .. } | Self::Displacing { .. } | Self::Swapping { .. }
        )
    }
}

impl Passing for NetError {
    fn is_passing(&self) -> bool {
        matches!(self, Self::Busy { .. })
    }
}

/// Waits for the time between two tries. Blocks.
pub(super) fn pause() {
    MonotonicClock.sleep_until(MonotonicClock.now() + PAUSE);
}

/// Tries until it is granted or refused for good; gives the last error when patience is out.
pub(super) fn patiently<T, E: Passing>(mut attempt: impl FnMut() -> Result<T, E>) -> Result<T, E> {
    for _ in 1..TRIES {
        match attempt() {
            Err(error) if error.is_passing() => pause(),
            done => return done,
        }
    }
    attempt()
}

/// What a call is told of an error of the engine.
pub(super) fn refused(error: EngineError) -> MediaRefusal {
    match error.class() {
        Class::Capacity | Class::Transient => MediaRefusal::Capacity(error.to_string()),
        _ => MediaRefusal::Failed(error.to_string()),
    }
}

/// What a call is told of an error of the network side.
pub(super) fn no_port(error: NetError) -> MediaRefusal {
    match error {
        NetError::Capacity { .. }
        | NetError::NoPort { .. }
        | NetError::Busy { .. }
        | NetError::BeyondCapacity { .. } => MediaRefusal::Capacity(error.to_string()),
        _ => MediaRefusal::Failed(error.to_string()),
    }
}

/// What a call is told of a recording that cannot be played.
pub(super) fn unplayable(error: ClipError) -> MediaRefusal {
    match error {
        ClipError::NoFolder | ClipError::NotFound { .. } => {
            MediaRefusal::Unknown(error.to_string())
        }
        // A file for whoever looks after the folder, not for the caller.
        _ => {
            tracing::warn!("{error}");
            MediaRefusal::Failed(error.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn busy() -> NetError {
        NetError::Busy { capacity: 1 }
    }

    #[test]
    fn what_passes_is_waited_for_and_what_does_not_is_told() {
        let mut tries = 0;
        let granted = patiently(|| {
            tries += 1;
            if tries < 3 { Err(busy()) } else { Ok(tries) }
        });
        assert!(matches!(granted, Ok(3)));
        let mut tries = 0;
        let refused: Result<(), _> = patiently(|| {
            tries += 1;
            Err(NetError::Closed)
        });
        assert!(matches!(refused, Err(NetError::Closed)) && tries == 1);
        let mut tries = 0;
        let never: Result<(), _> = patiently(|| {
            tries += 1;
            Err(busy())
        });
        assert!(matches!(never, Err(NetError::Busy { .. })) && tries == TRIES);
    }
}
