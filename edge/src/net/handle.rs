//! The handle callers hold: [`Net`]. Control side; every call returns at once. Ports are opened in `lease`.

use std::sync::Arc;
use std::time::Duration;

use crossbeam::channel::{Receiver, bounded, unbounded};
use talkpath_engine::LegId;
use talkpath_rt::clock::{Clock, MonotonicClock};
use talkpath_rt::timing::SlotStats;

use super::error::NetError;
use super::far_end::FarEnd;
use super::lease::PortLease;
use super::leg::ShardLeg;
use super::level::{Level, fills};
use super::net_leg::NetLeg;
use super::office::{Attached, lock};
use super::owner::Owner;
use super::rtcp::Reports;
use super::session::{Session, SessionChange};
use super::status::{NetLegStats, NetStatus, PortStatus, ShardTiming};
use super::wire::{Command, NetEvent};

/// Octets of a canonical name.
const CNAME: usize = 255;

/// The network side: ports, the shard thread, RTCP. Clones name the same one; the last one gone shuts it down.
#[derive(Debug, Clone)]
pub struct Net {
    pub(crate) owner: Arc<Owner>,
}

impl Net {
    /// Serves a leg on a leased port from the next slot on. One that had its place before and is still attached is gone
    /// from the engine (it was displaced), and is detached first.
    ///
    /// # Errors
    /// [`NetError::BeyondCapacity`], [`NetError::Attached`], [`NetError::Busy`], [`NetError::Closed`]; the port goes
    /// to rest then.
    pub fn attach(&self, lease: PortLease, session: Session) -> Result<NetLeg, NetError> {
        let office = &self.owner.office;
        let (leg, capacity) = (session.leg, office.config.capacity);
        if leg.index() as usize >= capacity {
            return Err(NetError::BeyondCapacity {
                index: leg.index(),
                capacity,
            });
        }
        let mut desk = lock(&office.desk);
        if desk.attached.contains_key(&leg.to_bits()) {
            // The lease, dropped on return, locks the desk to give its port back.
            drop(desk);
            return Err(NetError::Attached(leg));
        }
        let Some(sockets) = lease.into_sockets() else {
            return Err(NetError::Closed);
        };
        let same_place =
            |key: &u64| LegId::from_bits(*key).is_some_and(|it| it.index() == leg.index());
        let former = desk.attached.keys().copied().find(same_place);
        if let Some(former) = former.and_then(LegId::from_bits) {
            match desk.detach(former) {
                // Whoever detaches it yet wants its last figures.
                Ok(farewell) => drop(desk.displaced.insert(leg.index(), (former, farewell))),
                Err(closed) => {
                    drop(desk);
                    office.close(sockets);
                    return Err(closed);
                }
            }
        }
        let port = sockets.port;
        let now = MonotonicClock.now();
        let (last, farewell) = bounded(1);
        let mut body = Box::new(ShardLeg::new(
            leg,
            sockets,
            far_end(session, office.config.rtcp_interval, now),
        ));
        body.farewell = Some(last);
        if let Err((error, command)) = desk.submit(Command::Attach(body)) {
            drop(desk);
            if let Command::Attach(body) = command {
                office.close(body.sockets);
            }
            return Err(error);
        }
        let attached = Attached { port, farewell };
        desk.attached.insert(leg.to_bits(), attached);
        desk.most_attached = desk.most_attached.max(desk.attached.len());
        Ok(NetLeg {
            net: self.clone(),
            leg,
        })
    }

    /// Applies a re-INVITE: the latch opens again.
    ///
    /// # Errors
    /// [`NetError::NotAttached`], [`NetError::Busy`], [`NetError::Closed`].
    pub fn update(&self, leg: LegId, change: SessionChange) -> Result<(), NetError> {
        let mut desk = lock(&self.owner.office.desk);
        if !desk.attached.contains_key(&leg.to_bits()) {
            return Err(NetError::NotAttached(leg));
        }
        desk.submit(Command::Update(leg.to_bits(), Box::new(change)))
            .map_err(|(error, _)| error)
    }

    /// Ends a leg: BYE to the far end, sockets closed, port to rest. Never refused for want of room. Its last figures,
    /// exact to the packet, come once the shard has given it back, a few dozen milliseconds later; the receiver
    /// disconnects if the shard has stopped.
    ///
    /// # Errors
    /// [`NetError::NotAttached`], [`NetError::Closed`].
    pub fn detach(&self, leg: LegId) -> Result<Receiver<NetLegStats>, NetError> {
        lock(&self.owner.office.desk).detach(leg)
    }

    /// Figures of one leg, at most `status_interval` old; `None` before its first snapshot or after its end.
    pub fn stats(&self, leg: LegId) -> Option<NetLegStats> {
        let published = lock(&self.owner.office.published);
        published
            .snapshot
            .legs
            .iter()
            .find(|stats| stats.leg == leg)
            .copied()
    }

    /// What the shard saw of its slots since it began, at most `status_interval` old: histograms, of which
    /// [`status`](Self::status) has the percentiles. `handed` is from the time a packet may leave to the shard's
    /// beginning to send.
    pub fn timing(&self) -> SlotStats {
        lock(&self.owner.office.published).timing.clone()
    }

    /// All figures, at most `status_interval` old.
    pub fn status(&self) -> NetStatus {
        let office = &self.owner.office;
        let (ports, commands, legs) = {
            let desk = lock(&office.desk);
            let ports = PortStatus {
                free: desk.ports.free(),
                in_use: desk.ports.in_use(),
                resting: desk.ports.resting(),
            };
            let legs = Level {
                now: desk.attached.len(),
                limit: office.limit,
                most: Some(desk.most_attached),
            };
            (ports, Level::filled(&desk.commands), legs)
        };
        let published = lock(&office.published);
        NetStatus {
            counters: published.snapshot.counters,
            legs: published.snapshot.legs.clone(),
            held: published.snapshot.held,
            fills: fills(published.snapshot.packets, published.levels, commands, legs),
            timing: ShardTiming::of(&published.timing),
            ports,
            capacity: office.limit,
            core: self.owner.obtained.core,
            priority: self.owner.obtained.priority,
            warnings: self.warnings(),
        }
    }

    /// What was asked for and not granted, in plain words: for the log at start.
    pub fn warnings(&self) -> Vec<String> {
        let Owner {
            warnings, obtained, ..
        } = &*self.owner;
        warnings.iter().chain(&obtained.warnings).cloned().collect()
    }

    /// Most legs at once: the configured capacity, or less if the system grants fewer open files.
    pub fn capacity(&self) -> usize {
        self.owner.office.limit
    }

    /// Every event from now on. A receiver dropped is forgotten.
    pub fn subscribe(&self) -> Receiver<NetEvent> {
        let (sender, receiver) = unbounded();
        lock(&self.owner.office.subscribers).push(sender);
        receiver
    }

    /// Whether shard and clerk run. False after [`shutdown`](Self::shutdown), and when one has ended by itself: with the
    /// worker's end of the packet rings, or by a bug of talkpath. Media has stopped then.
    pub fn is_alive(&self) -> bool {
        self.owner.is_alive()
    }

    /// BYE to every far end, sockets closed, threads joined. Later calls answer [`NetError::Closed`].
    pub fn shutdown(&self) {
        self.owner.shutdown();
    }
}

fn far_end(session: Session, rtcp_interval: Duration, now: Duration) -> FarEnd {
    let change = SessionChange::from(&session);
    let mut cname = session.cname;
    cname.truncate(cname.floor_char_boundary(CNAME));
    let reports = Reports::new(
        session.ssrc,
        cname,
        session.clock_rate,
        rtcp_interval,
        now,
        rand::random(),
    );
    FarEnd::new(change, reports, now)
}

#[cfg(test)]
#[path = "handle_tests.rs"]
mod tests;
