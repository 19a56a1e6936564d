//! What crosses the rings between control side and shard.
//!
//! Boxes are built and freed by the control side; the shard only carries them. Each command needs at most one
//! place in the returned ring, and the shard takes a command only when it has that place.

use talkpath_engine::LegId;

use super::leg::ShardLeg;
use super::session::SessionChange;
use super::status::Snapshot;

/// Control side to shard.
pub(crate) enum Command {
    /// Serve this leg from now on.
    Attach(Box<ShardLeg>),
    /// A re-INVITE.
    Update(u64, Box<SessionChange>),
    /// Say BYE, forget the leg, send its box back.
    Detach(u64),
    /// Fill this with figures and send it back.
    Snapshot(Box<Snapshot>),
}

/// Shard to control side.
pub(crate) enum Returned {
    /// A detached leg; its sockets may be closed.
    Leg(Box<ShardLeg>),
    /// An attach that could not be served (a handle out of range or in use, no room in epoll).
    Refused(Box<ShardLeg>),
    /// A change that was applied, or came too late; to be freed.
    Change(Box<SessionChange>),
    /// A filled snapshot.
    Snapshot(Box<Snapshot>),
}

/// What subscribers of [`Net::subscribe`](super::Net::subscribe) hear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NetEvent {
    /// No RTP for the media time-out (and, for a leg that is not to send, no RTCP either). Once per silence.
    MediaTimeout(LegId),
    /// The far end uses our SSRC (RFC 3550 8.2). BYE was sent and packets leave with `new_ssrc` already; tell the
    /// leg's packetiser.
    SsrcCollision {
        /// Whose.
        leg: LegId,
        /// Our SSRC from now on.
        new_ssrc: u32,
    },
    /// The shard could not serve the leg after all, although [`Net::attach`](super::Net::attach) had taken it (no room
    /// in epoll, or a handle in use). It is detached, its port rests; the call has no media.
    Refused(LegId),
    /// The far end said BYE in RTCP. Signalling decides whether the call is over.
    Bye(LegId),
}
