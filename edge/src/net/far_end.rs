//! Everything the shard knows of one leg's far end, and every decision about its packets. Sans-I/O.
//!
//! Joins the latch, the source, RTCP and the time-out under one roof; owned by the shard thread, one per leg. A
//! packet teaches only after it has passed all the checks, and what it is refused for has one name each.

use std::net::SocketAddr;
use std::time::Duration;

use talkpath_nodes::packet::Header;

use super::latch::{Latch, LatchState};
use super::refused::Refusal;
use super::rtcp::{BadRtcp, Item, Reports, read};
use super::session::SessionChange;
use super::source::{Admission, Reception, Sources};
use super::wall::Wall;

/// What becomes of an RTP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// To the worker.
    Accept,
    /// To the worker; a new source has replaced the old one.
    AcceptChanged,
    /// Dropped, for this reason.
    Drop(Refusal),
}

/// What an accepted RTCP compound brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Heard {
    /// The current source says BYE.
    pub bye: bool,
}

/// One leg's far end.
#[derive(Debug)]
pub(crate) struct FarEnd {
    /// As negotiated last.
    pub session: SessionChange,
    /// Our side of RTCP.
    pub reports: Reports,
    rtp: Latch,
    rtcp: Latch,
    sources: Sources,
    /// Where our own SSRC last came from, and when (8.2's list of conflicting addresses): what is looped comes back
    /// from two, media from one and control from the other.
    conflicts: [Option<(SocketAddr, Duration)>; 2],
    last_rtp: Duration,
    last_rtcp: Duration,
    timed_out: bool,
}

/// How long an address that sent our SSRC stays listed (8.2: ten RTCP intervals).
const CONFLICT_LISTED: Duration = Duration::from_secs(50);

impl FarEnd {
    /// A far end not heard yet; its time-out runs from `now`.
    pub(crate) fn new(session: SessionChange, reports: Reports, now: Duration) -> Self {
        Self {
            rtp: Latch::new(session.remote_rtp),
            rtcp: Latch::new(session.remote_rtcp),
            session,
            reports,
            sources: Sources::default(),
            conflicts: [None; 2],
            last_rtp: now,
            last_rtcp: now,
            timed_out: false,
        }
    }

    /// A re-INVITE.
    pub(crate) fn update(&mut self, change: SessionChange, now: Duration) {
        if change.clock_rate != self.session.clock_rate {
            self.sources.clock_changed();
            self.reports.set_rate(change.clock_rate);
        }
        self.rtp.reopen(change.remote_rtp);
        self.rtcp.reopen(change.remote_rtcp);
        self.session = change;
        (self.last_rtp, self.last_rtcp, self.timed_out) = (now, now, false);
    }

    /// Judges an RTP packet from `from` that arrived at `at`.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub(crate) fn judge(&mut self, header: &Header, from: SocketAddr, at: Duration) -> Verdict {
        let key = self.session.keys == Some(header.payload_type);
        if !key && header.payload_type != self.session.payload_type {
            return Verdict::Drop(Refusal::PayloadType);
        }
        if !self.rtp.trusts(from, at) {
            return Verdict::Drop(Refusal::Foreign);
        }
        if header.ssrc == self.reports.ssrc() {
            return Verdict::Drop(self.own_ssrc(from, at));
        }
        // The packets of a key share the timestamp of its beginning.
        let rate = (!key).then_some(self.session.clock_rate);
        let admission = if self.rtp.improves(from, at) {
            // Whoever was heard before may have taught the RTCP latch as well.
            self.rtcp = Latch::new(self.session.remote_rtcp);
            self.sources.restart(header, at, rate)
        } else {
            self.sources.admit(header, at, rate)
        };
        let verdict = match admission {
            Admission::Accepted => Verdict::Accept,
            Admission::Replaced => Verdict::AcceptChanged,
            Admission::Probation => return Verdict::Drop(Refusal::Probation),
            Admission::OutOfSequence => return Verdict::Drop(Refusal::Sequence),
        };
        self.rtp.admit(from, at);
        // Only now: what is refused above is no sign of the far end's life.
        self.last_rtp = self.last_rtp.max(at);
        self.timed_out = false;
        if self.session.receive {
            verdict
        } else {
            Verdict::Drop(Refusal::NotReceiving)
        }
    }

    /// Takes an RTCP compound from `from` that arrived at `at`.
    ///
    /// # Errors
    /// The reason it does not count; nothing but the list of conflicts has changed then.
    pub(crate) fn hear(
        &mut self,
        datagram: &[u8],
        from: SocketAddr,
        at: Duration,
        wall: &Wall,
    ) -> Result<Heard, Refusal> {
        let latch = if self.session.rtcp_mux {
            &self.rtp
        } else {
            &self.rtcp
        };
        if !latch.trusts(from, at) {
            return Err(Refusal::Foreign);
        }
        let (current, own) = (self.sources.ssrc(), self.reports.ssrc());
        let is_far_end = |ssrc: u32| current.is_none_or(|current| current == ssrc);
        let mut heard = Heard { bye: false };
        let mut theirs = false;
        let mut looped = false;
        let reports = &mut self.reports;
        read(datagram, |item| match item {
            Item::Sender { ssrc, .. } | Item::Receiver { ssrc } if ssrc == own => looped = true,
            Item::Sender { ssrc, ntp } if is_far_end(ssrc) => {
                theirs = true;
                reports.heard_sender(ntp, at);
            }
            Item::Receiver { ssrc } if is_far_end(ssrc) => theirs = true,
            // A far end that only listens reports under an SSRC we have never seen in RTP.
            Item::Block { from, block } if from != own => reports.heard_block(&block, at, wall),
            Item::Name { ssrc, cname } if ssrc != own && is_far_end(ssrc) => {
                reports.heard_name(cname)
            }
            Item::Bye { ssrc } => heard.bye |= ssrc != own && is_far_end(ssrc),
            _ => {}
        })
        .map_err(|_: BadRtcp| Refusal::BadRtcp)?;
        if looped {
            return Err(self.own_ssrc(from, at));
        }
        if theirs && !self.session.rtcp_mux {
            self.rtcp.admit(from, at);
        }
        self.last_rtcp = self.last_rtcp.max(at);
        Ok(heard)
    }

    /// Whether the far end has now been silent for `limit`; true once per silence. For a leg that is not to send,
    /// RTCP counts as a sign of life (and RTP does too).
    pub(crate) fn times_out(&mut self, now: Duration, limit: Duration) -> bool {
        let alive = if self.session.receive {
            self.last_rtp
        } else {
            self.last_rtp.max(self.last_rtcp)
        };
        let due = !limit.is_zero() && !self.timed_out && now.saturating_sub(alive) >= limit;
        self.timed_out |= due;
        due
    }

    /// Takes a new SSRC of our own.
    pub(crate) fn change_own_ssrc(&mut self) -> u32 {
        self.reports.change_ssrc(self.sources.ssrc())
    }

    /// Where RTP goes.
    pub(crate) fn rtp_target(&self) -> Option<SocketAddr> {
        self.rtp.target()
    }

    /// Where RTCP goes.
    pub(crate) fn rtcp_target(&self) -> Option<SocketAddr> {
        if self.session.rtcp_mux {
            self.rtp.target()
        } else {
            self.rtcp.target()
        }
    }

    /// How far the RTP latch is.
    pub(crate) fn latch(&self) -> LatchState {
        self.rtp.state()
    }

    /// Reception figures for a report; starts the next interval.
    pub(crate) fn report(&mut self) -> Option<Reception> {
        self.sources.report()
    }

    /// Reception figures, for reading.
    pub(crate) fn reception(&self) -> Option<Reception> {
        self.sources.reception()
    }

    /// Our SSRC came in. From a listed address it is our own traffic, looped; else a collision.
    fn own_ssrc(&mut self, from: SocketAddr, at: Duration) -> Refusal {
        let mut listed = self.conflicts.iter_mut().flatten();
        let Some((_, last)) = listed.find(|(address, _)| *address == from) else {
            self.conflicts.rotate_left(1);
            self.conflicts[1] = Some((from, at));
            return Refusal::Collision;
        };
        if at.saturating_sub(std::mem::replace(last, at)) < CONFLICT_LISTED {
            Refusal::OwnSsrc
        } else {
            Refusal::Collision
        }
    }
}

#[cfg(test)]
#[path = "far_end_tests.rs"]
mod tests;
