//! What the network side is told once, at start.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use talkpath_rt::thread::Placement;

use super::{NetError, sockets};
use crate::advertised;

/// Settings of [`Net::start`](super::Net::start).
#[derive(Debug, Clone)]
pub struct NetConfig {
    /// Local address of every media socket. The IPv6 wildcard `::` takes IPv4 callers as well.
    pub bind: IpAddr,
    /// Address told to the far ends of its family, for a server behind NAT; `None`, and for the other family: the bound
    /// one.
    pub advertised: Option<IpAddr>,
    /// UDP ports to use, in pairs: RTP on the even one, RTCP on the next.
    pub ports: RangeInclusive<u16>,
    /// Most legs at once, and one more than the largest index of a leg handle: at least the engine's capacity.
    pub capacity: usize,
    /// Port pairs beyond `capacity` for emergency calls that displace a leg: as many may come at once.
    pub spare_pairs: usize,
    /// Open files the process needs beside the two sockets of a leg: SIP connections, HTTP, recordings, epoll, standard
    /// streams. They are asked of the system together, and a leg is refused rather than one of these.
    pub other_files: u64,
    /// Differentiated-services code point of what is sent, 0–63; 46 is Expedited Forwarding. `None`: unmarked.
    pub dscp: Option<u8>,
    /// How long a port rests after a leg before another may have it: packets still on the way must die first.
    pub quarantine: Duration,
    /// A leg that sends nothing for this long is reported once. Zero: never.
    pub media_timeout: Duration,
    /// Least RTCP interval before randomisation (RFC 3550 6.2); five seconds in earnest, less in tests.
    pub rtcp_interval: Duration,
    /// How old the figures of [`Net::status`](super::Net::status) may be.
    pub status_interval: Duration,
    /// How long before a slot the shard receives; `None`: a quarter slot.
    pub receive_lead: Option<Duration>,
    /// How long after the beginning of a slot the shard sends what the worker made in it. `None`: together with receiving
    /// for the next slot, so that it wakes once a slot: what is sent leaves half a slot later than with a lag of a
    /// quarter, and a server of 200 phones takes a sixth less CPU time.
    pub send_lag: Option<Duration>,
    /// Where the shard thread runs.
    pub placement: Placement,
}

impl Default for NetConfig {
    /// Loopback, ports 16384–32767, 1,000 legs, EF, no pinning.
    fn default() -> Self {
        Self {
            bind: IpAddr::from([127, 0, 0, 1]),
            advertised: None,
            ports: 16_384..=32_767,
            capacity: 1_000,
            spare_pairs: 16,
            other_files: 512,
            dscp: Some(46),
            quarantine: Duration::from_secs(5),
            media_timeout: Duration::from_secs(30),
            rtcp_interval: Duration::from_secs(5),
            status_interval: Duration::from_millis(500),
            receive_lead: None,
            send_lag: None,
            placement: Placement {
                name: "net-shard".to_owned(),
                core: None,
                priority: None,
            },
        }
    }
}

impl NetConfig {
    /// Checks what can be checked before anything is bound.
    ///
    /// # Errors
    /// [`NetError::Config`] with the key, what it was and what is allowed.
    pub fn validate(&self) -> Result<(), NetError> {
        let bad = |key, actual: String, expected| {
            Err(NetError::Config {
                key,
                actual,
                expected,
            })
        };
        let (low, high) = (*self.ports.start(), *self.ports.end());
        let second = low
            .checked_next_multiple_of(2)
            .and_then(|even| even.checked_add(1));
        if low == 0 || second.is_none_or(|second| second > high) {
            return bad(
                "ports",
                format!("{low}-{high}"),
                "LOW-HIGH, LOW above 0, holding an even port and the next",
            );
        }
        if let Some(dscp) = self.dscp.filter(|dscp| *dscp > 63) {
            return bad("dscp", dscp.to_string(), "0 to 63");
        }
        if self.capacity == 0 {
            return bad("capacity", "0".to_owned(), "1 or more legs");
        }
        if self.rtcp_interval.is_zero() {
            return bad("rtcp_interval", "0".to_owned(), "above 0");
        }
        if self.status_interval.is_zero() {
            return bad("status_interval", "0".to_owned(), "above 0");
        }
        if let Some(ip) = self.advertised.filter(IpAddr::is_unspecified) {
            return bad(
                "advertised",
                ip.to_string(),
                "an address the far ends can reach",
            );
        }
        if let Some(ip) = self
            .advertised
            .filter(|ip| !advertised::is_served(self.bind, *ip))
        {
            return bad(
                "advertised",
                ip.to_string(),
                "an address of the bound address's family",
            );
        }
        Ok(())
    }

    /// Tries whether media sockets can be bound to [`bind`](Self::bind), so that a wrong address is known before the
    /// first call. [`Net::start`](super::Net::start) does it too; a program that starts other things first asks before.
    ///
    /// # Errors
    /// [`NetError::Address`] with what the system said.
    pub fn probe(&self) -> Result<(), NetError> {
        sockets::probe(self.bind).map_err(|source| NetError::Address {
            address: self.bind,
            source,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(change: impl FnOnce(&mut NetConfig)) -> Option<&'static str> {
        let mut config = NetConfig::default();
        change(&mut config);
        match config.validate() {
            Err(NetError::Config { key, .. }) => Some(key),
            _ => None,
        }
    }

    #[test]
    fn each_setting_is_checked() {
        assert_eq!(key(|_| ()), None);
        assert_eq!(key(|c| c.ports = 4000..=4001), None);
        for ports in [4001..=4002, 0..=100, 65535..=65535, 4000..=4000] {
            assert_eq!(key(|c| c.ports = ports), Some("ports"));
        }
        assert_eq!(key(|c| c.dscp = Some(64)), Some("dscp"));
        assert_eq!(key(|c| c.capacity = 0), Some("capacity"));
        assert_eq!(
            key(|c| c.rtcp_interval = Duration::ZERO),
            Some("rtcp_interval")
        );
        assert_eq!(
            key(|c| c.status_interval = Duration::ZERO),
            Some("status_interval")
        );
        assert_eq!(
            key(|c| c.advertised = "::".parse().ok()),
            Some("advertised")
        );
        assert_eq!(
            key(|c| c.advertised = "2001:db8::7".parse().ok()),
            Some("advertised")
        );
    }
}
