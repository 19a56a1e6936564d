//! The configuration of a network leg as plain data, and back.
//!
//! On the supervisor's thread, and where a recording is played again.

use std::time::Duration;

use super::codec::{Opus, name, named};
use crate::keys::KeyTypes;
use crate::leg::{JitterDelay, NetworkConfig, RtpSender};
use serde::{Deserialize, Serialize};

/// A [`NetworkConfig`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Network {
    codec: String,
    payload_type: u8,
    ptime: Duration,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    /// Target and most.
    jitter: Option<(Duration, Duration)>,
    hear_self: bool,
    opus: Opus,
    /// Recordings of earlier versions have none.
    #[serde(default)]
    keys: KeyTypes,
}

impl From<&NetworkConfig> for Network {
    fn from(config: &NetworkConfig) -> Self {
        let NetworkConfig {
            codec,
            payload_type,
            ptime,
            sender:
                RtpSender {
                    ssrc,
                    sequence,
                    timestamp,
                },
            jitter,
            hear_self,
            opus,
            keys,
        } = *config;
        Self {
            codec: name(codec),
            payload_type,
            ptime,
            ssrc,
            sequence,
            timestamp,
            jitter: jitter.map(|JitterDelay { target, max }| (target, max)),
            hear_self,
            opus: opus.into(),
            keys,
        }
    }
}

impl Network {
    pub(super) fn config(self) -> Option<NetworkConfig> {
        let Self {
            codec,
            payload_type,
            ptime,
            ssrc,
            sequence,
            timestamp,
            jitter,
            hear_self,
            opus,
            keys,
        } = self;
        Some(NetworkConfig {
            codec: named(&codec)?,
            payload_type,
            ptime,
            sender: RtpSender {
                ssrc,
                sequence,
                timestamp,
            },
            jitter: jitter.map(|(target, max)| JitterDelay { target, max }),
            hear_self,
            opus: opus.settings()?,
            keys,
        })
    }
}
