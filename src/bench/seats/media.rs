//! The media of a seat: its session with the shard, and what is asked again while somebody is busy.

use std::net::SocketAddr;
use std::time::Duration;

use talkpath_edge::net::{Net, NetError, NetLeg, Session};
use talkpath_engine::{Class, EngineError, LegId, NetworkConfig};
use talkpath_rt::clock::{Clock, MonotonicClock};

use super::super::phones::Way;

pub(super) fn session(leg: LegId, network: &NetworkConfig, phone: SocketAddr) -> Session {
    Session {
        leg,
        remote_rtp: phone,
        remote_rtcp: phone,
        rtcp_mux: true,
        payload_type: network.payload_type,
        send_payload_type: network.payload_type,
        keys: network.keys.receive,
        clock_rate: network.codec.clock_rate(),
        ssrc: network.sender.ssrc,
        cname: "talkpath@bench".to_owned(),
        receive: true,
        send: true,
    }
}

/// Opens a port for the leg; asks again while the shard has too many waiting.
pub(super) fn attach(net: &Net, session: Session) -> Result<(Way, NetLeg), NetError> {
    let clock = MonotonicClock;
    loop {
        let lease = net.open()?;
        let to = Way::Socket(lease.local_rtp());
        match net.attach(lease, session.clone()) {
            Err(NetError::Busy { .. }) => clock.sleep_until(clock.now() + Duration::from_millis(5)),
            attached => return Ok((to, attached?)),
        }
    }
}

/// Asks again while the engine is busy.
pub(super) fn patiently(ask: impl Fn() -> Result<(), EngineError>) -> Result<(), EngineError> {
    let clock = MonotonicClock;
    loop {
        match ask() {
            Err(busy) if busy.class() == Class::Transient => {
                clock.sleep_until(clock.now() + Duration::from_millis(5));
            }
            done => return done,
        }
    }
}
