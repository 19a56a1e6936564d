//! Symmetric RTP with a safe latch: where a leg's media comes from and goes to. Sans-I/O.
//!
//! An SDP address behind a NAT is often wrong, so the true one is learnt from what arrives; but whoever can
//! learn can be lied to. So: only packets that passed every other check teach (the caller's duty), only the
//! first few do, and an address that agrees better with the SDP cannot be displaced by one that agrees less.
//! After that the latch is locked and media from elsewhere is refused until signalling opens it again. But for the first
//! seconds the very SDP address still takes a latch that somebody else has locked: a flood that was there before the
//! phone would keep it out else. The price: who can forge that address as a source, and knows the port, may do the same to a
//! phone behind a NAT within those seconds. That is one who sees the signalling; a flood needs to see nothing.

use std::net::SocketAddr;
use std::time::Duration;

/// Packets in a row from one source that lock the latch.
const LOCK_AFTER: u8 = 5;
/// Most packets that may teach; then the source at hand is locked.
const LESSONS: u8 = 20;
/// A source that has not changed for this long is locked whatever it has sent.
const SETTLE: Duration = Duration::from_secs(1);

/// From the first packet on: so long the SDP address itself takes the latch, locked or not.
const RECONSIDER: Duration = Duration::from_secs(5);

/// How much a leg knows about its far end's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LatchState {
    /// Nothing came yet: media goes to the SDP address.
    Waiting,
    /// Learning from the first packets.
    Learning,
    /// Locked until a re-INVITE.
    Locked,
}

/// The latch of one port.
#[derive(Debug, Clone)]
pub(crate) struct Latch {
    signalled: SocketAddr,
    target: SocketAddr,
    /// Where the last packet that taught came from, also before the latch was opened again.
    heard: Option<SocketAddr>,
    state: LatchState,
    run: u8,
    lessons: u8,
    since: Duration,
    /// When the first packet taught, since the latch was opened.
    first: Option<Duration>,
}

impl Latch {
    /// A latch that sends to `signalled`, the address in the SDP, until it has learnt better.
    pub(crate) fn new(signalled: SocketAddr) -> Self {
        Self {
            signalled,
            target: signalled,
            heard: None,
            state: LatchState::Waiting,
            run: 0,
            lessons: 0,
            since: Duration::ZERO,
            first: None,
        }
    }

    /// A re-INVITE: learns anew. An unchanged SDP address keeps the target (the far end is where it was, perhaps
    /// behind its NAT), a changed one replaces it.
    pub(crate) fn reopen(&mut self, signalled: SocketAddr) {
        let target = if signalled == self.signalled {
            self.target
        } else {
            signalled
        };
        *self = Self {
            target,
            heard: self.heard,
            ..Self::new(signalled)
        };
    }

    /// Whether a packet from `from`, arrived at `at`, is the far end's; learns from it while open. The packet must
    /// have passed all checks of its content.
    pub(crate) fn admit(&mut self, from: SocketAddr, at: Duration) -> bool {
        if self.improves(from, at) {
            // Twice at most (none, host, address): the better one gets all the lessons.
            self.lessons = 0;
            self.state = LatchState::Learning;
        }
        match self.state {
            LatchState::Locked => return from == self.target,
            LatchState::Waiting => self.restart(from, at),
            LatchState::Learning if from == self.target => self.run += 1,
            LatchState::Learning if self.agreement(from) < self.agreement(self.target) => {
                return false;
            }
            LatchState::Learning => self.restart(from, at),
        }
        self.lessons += 1;
        let settled = at.saturating_sub(self.since) >= SETTLE;
        if self.run >= LOCK_AFTER || self.lessons >= LESSONS || settled {
            self.state = LatchState::Locked;
        }
        true
    }

    /// Whether a packet from `from` that arrived at `at` would be admitted; learns nothing.
    pub(crate) fn trusts(&self, from: SocketAddr, at: Duration) -> bool {
        match self.state {
            LatchState::Locked => from == self.target || self.improves(from, at),
            LatchState::Learning => {
                from == self.target || self.agreement(from) >= self.agreement(self.target)
            }
            LatchState::Waiting => true,
        }
    }

    /// Whether `from` agrees better with the SDP than what was heard so far, and the latch is open; or is the SDP address
    /// itself, soon enough. Its source then takes the port at once: were it put on probation, a stranger who is faster
    /// would interrupt it for ever.
    pub(crate) fn improves(&self, from: SocketAddr, at: Duration) -> bool {
        let better = |heard| self.agreement(from) > self.agreement(heard);
        let soon = |first| at.saturating_sub(first) < RECONSIDER;
        let open = self.state != LatchState::Locked
            || (from == self.signalled && self.first.is_some_and(soon));
        open && self.heard.is_some_and(better)
    }

    /// Where to send; `None` when signalling gave no address and nothing has come.
    pub(crate) fn target(&self) -> Option<SocketAddr> {
        (self.target.port() != 0 && !self.target.ip().is_unspecified()).then_some(self.target)
    }

    /// How far learning has come.
    pub(crate) fn state(&self) -> LatchState {
        self.state
    }

    fn restart(&mut self, from: SocketAddr, at: Duration) {
        self.state = LatchState::Learning;
        self.target = from;
        self.heard = Some(from);
        self.run = 1;
        self.since = at;
        self.first.get_or_insert(at);
    }

    /// 2: the very SDP address, 1: its host, 0: neither.
    fn agreement(&self, from: SocketAddr) -> u8 {
        u8::from(from == self.signalled) + u8::from(from.ip() == self.signalled.ip())
    }
}

#[cfg(test)]
#[path = "latch_tests.rs"]
mod tests;
