//! The configuration of a network leg as plain data, and back.
//!
//! On the supervisor's thread, and where a recording is played again.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use talkpath_graph::SampleRate;
use talkpath_nodes::codec::Codec;

use crate::keys::KeyTypes;
use crate::leg::{JitterDelay, NetworkConfig, RtpSender};

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
            keys,
        } = *config;
        Self {
            codec: codec.to_string(),
            payload_type,
            ptime,
            ssrc,
            sequence,
            timestamp,
            jitter: jitter.map(|JitterDelay { target, max }| (target, max)),
            hear_self,
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
            keys,
        } = self;
        Some(NetworkConfig {
            codec: codec_named(&codec)?,
            payload_type,
            ptime,
            sender: RtpSender {
                ssrc,
                sequence,
                timestamp,
            },
            jitter: jitter.map(|(target, max)| JitterDelay { target, max }),
            hear_self,
            keys,
        })
    }
}

/// The codec that is displayed as `name`.
pub(super) fn codec_named(name: &str) -> Option<Codec> {
    let rates = SampleRate::ALLOWED_HZ.into_iter();
    let linear = rates.filter_map(|hz| SampleRate::new(hz).ok().map(Codec::L16));
    let mut known = [Codec::Pcmu, Codec::Pcma].into_iter().chain(linear);
    known.find(|codec| codec.to_string() == name)
}
