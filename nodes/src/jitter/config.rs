//! Settings of a jitter buffer. Control side.

use crate::codec::Codec;
use core::time::Duration;

/// How long packets wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct JitterDelays {
    /// From the receipt of the first packet to its playout. Playout begins at the first frame after it.
    pub target: Duration,
    /// Most that may wait; raised to `target` + 60 ms if below.
    pub max: Duration,
}

impl Default for JitterDelays {
    /// 20 ms and 200 ms.
    fn default() -> Self {
        Self {
            target: Duration::from_millis(20),
            max: Duration::from_millis(200),
        }
    }
}

/// Settings of a jitter buffer, fixed for its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JitterConfig {
    /// The codec of the stream.
    pub codec: Codec,
    /// The negotiated payload type, 0..=127. Packets of others are dropped.
    pub payload_type: u8,
    /// How long packets wait.
    pub delays: JitterDelays,
}
