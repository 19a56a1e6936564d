//! A port pair between open and attach: bound, known to the caller, not yet served. Control side.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use talkpath_rt::clock::{Clock, MonotonicClock};

use super::error::NetError;
use super::files;
use super::handle::Net;
use super::office::{Office, lock};
use super::sockets::{Sockets, route_to};
use crate::advertised;

/// A bound pair of ports. Dropped without being attached, it goes to rest in quarantine.
#[derive(Debug)]
#[must_use = "dropping a lease gives the ports back"]
pub struct PortLease {
    office: Arc<Office>,
    sockets: Option<Sockets>,
    port: u16,
}

impl Net {
    /// Binds a port pair.
    ///
    /// # Errors
    /// [`NetError::Capacity`] when every leg is in use, [`NetError::NoPort`], [`NetError::Closed`].
    pub fn open(&self) -> Result<PortLease, NetError> {
        self.open_within(self.owner.office.limit)
    }

    /// The same for an emergency call, which displaces a leg whose ports are still in use: of
    /// [`NetConfig::spare_pairs`](super::NetConfig::spare_pairs) more.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn open_spare(&self) -> Result<PortLease, NetError> {
        let office = &self.owner.office;
        self.open_within(office.limit + office.config.spare_pairs)
    }

    fn open_within(&self, limit: usize) -> Result<PortLease, NetError> {
        let office = &self.owner.office;
        let mut refused = None;
        // Each free pair is tried once; other programs may sit on some. An error that says nothing of the port ends it.
        let tries = {
            let desk = lock(&office.desk);
            desk.ports.free() + desk.ports.resting()
        };
        for _ in 0..tries {
            let mut desk = lock(&office.desk);
            if desk.closed {
                return Err(NetError::Closed);
            }
            if desk.ports.in_use() >= limit {
                return Err(NetError::Capacity { limit });
            }
            let Some(pair) = desk.ports.take(MonotonicClock.now()) else {
                break;
            };
            match Sockets::bind(office.config.bind, pair, office.config.dscp) {
                Ok(sockets) => return Ok(PortLease::new(Arc::clone(office), sockets)),
                Err(why) => {
                    desk.ports.unusable(pair);
                    let none_will_do =
                        why.kind() == io::ErrorKind::AddrNotAvailable || files::are_used_up(&why);
                    refused = Some(why);
                    if none_will_do {
                        break;
                    }
                }
            }
        }
        let desk = lock(&office.desk);
        if desk.ports.in_use() >= limit {
            return Err(NetError::Capacity { limit });
        }
        Err(NetError::NoPort {
            bind: office.config.bind,
            ports: office.config.ports.clone(),
            resting: desk.ports.resting(),
            source: refused,
        })
    }
}

impl PortLease {
    /// A lease of what was just bound.
    pub(crate) fn new(office: Arc<Office>, sockets: Sockets) -> Self {
        Self {
            office,
            port: sockets.port,
            sockets: Some(sockets),
        }
    }

    /// Where the far end is to send RTP: the advertised address, else the bound one. An unspecified address (bound to
    /// the wildcard, nothing advertised) has to be replaced; see [`local_rtp_for`](Self::local_rtp_for).
    pub fn local_rtp(&self) -> SocketAddr {
        let config = &self.office.config;
        SocketAddr::new(config.advertised.unwrap_or(config.bind), self.port)
    }

    /// The same for RTCP, when it is not muxed.
    pub fn local_rtcp(&self) -> SocketAddr {
        SocketAddr::new(self.local_rtp().ip(), self.port + 1)
    }

    /// Where `remote` is to send RTP: the advertised address if it is of `remote`'s family, else the bound one, and if
    /// that is unspecified the one that packets to `remote` leave from. An IPv4 address mapped into IPv6 (RFC 4291
    /// 2.5.5.2) is the IPv4 address it stands for: the mapped form has no meaning outside this host.
    pub fn local_rtp_for(&self, remote: IpAddr) -> SocketAddr {
        let config = &self.office.config;
        let ip = advertised::to(remote, config.advertised).unwrap_or_else(|| {
            if !config.bind.is_unspecified() {
                return config.bind;
            }
            let route = route_to(remote.to_canonical()).map(|ip| ip.to_canonical());
            route.unwrap_or(config.bind)
        });
        SocketAddr::new(ip, self.port)
    }

    /// The sockets, for the shard; their port is returned by whoever closes them.
    pub(crate) fn into_sockets(mut self) -> Option<Sockets> {
        self.sockets.take()
    }
}

impl Drop for PortLease {
    fn drop(&mut self) {
        if let Some(sockets) = self.sockets.take() {
            self.office.close(sockets);
        }
    }
}
