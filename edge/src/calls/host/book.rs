//! Which calls hold which legs and rooms.

use std::collections::HashMap;
use std::sync::Arc;

use crossbeam::channel::Receiver;
use talkpath_engine::{
    Direction, EngineError, LeaveReason, Leg, LegId, NetworkConfig, Room, RoomId,
};

use super::super::{CallLeg, Destination, MediaEnd};
use super::figures::Farewells;
use crate::net::NetLegStats;

/// What a call holds.
pub(super) struct Held {
    pub leg: Leg,
    /// The tone or recording beside it.
    pub player: Option<Leg>,
    pub home: Home,
    pub terms: Terms,
    pub ended: Arc<dyn Fn(MediaEnd) + Send + Sync>,
    /// Why it was lost, if it is to leave for that reason.
    pub lost: Option<LeaveReason>,
    /// Where the last words about it will come.
    pub farewells: Farewells,
}

/// How a leg sends and receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Terms {
    pub config: NetworkConfig,
    pub direction: Direction,
}

/// Where a call is.
pub(super) enum Home {
    /// A room others may be in. By its handle, as the next room may have the same name.
    Shared(RoomId),
    /// A room of its own.
    Private(Room),
}

struct Shared {
    name: String,
    room: Room,
    callers: usize,
    /// Created by callers, so closed when the last of them has left.
    ours: bool,
}

/// The book.
#[derive(Default)]
pub(super) struct Book {
    calls: HashMap<CallLeg, Held>,
    players: HashMap<LegId, CallLeg>,
    rooms: HashMap<RoomId, Shared>,
    named: u64,
}

impl Book {
    /// A name for a private room that no caller can ask for.
    pub fn private_name(&mut self, to: &Destination) -> String {
        self.named += 1;
        // Recordings have long names; rooms may not.
        let kind: String = to.to_string().chars().take(32).collect();
        format!("{kind}:{}", self.named)
    }

    /// The shared room of that name, with one more caller in it.
    pub fn enter(&mut self, name: &str) -> Option<Room> {
        let shared = self.rooms.values_mut().find(|shared| shared.name == name)?;
        shared.callers += 1;
        Some(shared.room.clone())
    }

    /// A shared room, nobody in it yet.
    pub fn add_room(&mut self, name: &str, room: Room, ours: bool) {
        let shared = Shared {
            name: name.to_owned(),
            room,
            callers: 0,
            ours,
        };
        self.rooms.insert(shared.room.id(), shared);
    }

    /// One caller less.
    pub fn exit(&mut self, room: RoomId) {
        if let Some(shared) = self.rooms.get_mut(&room) {
            shared.callers = shared.callers.saturating_sub(1);
        }
    }

    /// Closes a room that callers have made and left; while the engine is too busy for that, the
    /// room stays and may be entered again.
    pub fn close_if_empty(&mut self, room: RoomId) -> Result<(), EngineError> {
        let Some(shared) = self.rooms.get(&room).filter(|shared| shared.callers == 0) else {
            return Ok(());
        };
        let closed = if shared.ours {
            shared.room.close()
        } else {
            Ok(())
        };
        if !matches!(closed, Err(EngineError::Busy { .. })) {
            self.rooms.remove(&room);
        }
        closed
    }

    /// A room that was closed by somebody else is not entered again.
    pub fn forget_room(&mut self, room: RoomId) {
        self.rooms.remove(&room);
    }

    pub fn hold(&mut self, call: CallLeg, held: Held) {
        self.calls.insert(call, held);
    }

    pub fn set_player(&mut self, call: CallLeg, player: Option<Leg>) {
        let Some(held) = self.calls.get_mut(&call) else {
            return;
        };
        if let Some(player) = &player {
            self.players.insert(player.id(), call);
        }
        held.player = player;
    }

    pub fn leg(&self, call: CallLeg) -> Option<(Leg, Terms)> {
        self.calls
            .get(&call)
            .map(|held| (held.leg.clone(), held.terms))
    }

    /// Other terms were taken up. Where the stream began, and its SSRC, are no part of them.
    pub fn set_terms(&mut self, call: CallLeg, terms: Terms) {
        if let Some(held) = self.calls.get_mut(&call) {
            let sender = held.terms.config.sender;
            held.terms = terms;
            held.terms.config.sender = sender;
        }
    }

    /// A collision was resolved: what is remembered is what is sent.
    pub fn set_ssrc(&mut self, call: CallLeg, ssrc: u32) -> Option<Leg> {
        let held = self.calls.get_mut(&call)?;
        held.terms.config.sender.ssrc = ssrc;
        Some(held.leg.clone())
    }

    /// The network side has let the leg go, and will tell its last figures there.
    pub fn set_net_farewell(&mut self, call: CallLeg, farewell: Receiver<NetLegStats>) {
        if let Some(held) = self.calls.get_mut(&call) {
            held.farewells.net = Some(farewell);
        }
    }

    pub fn let_go(&mut self, call: CallLeg) -> Option<Held> {
        let held = self.calls.remove(&call)?;
        if let Some(player) = &held.player {
            self.players.remove(&player.id());
        }
        Some(held)
    }

    /// Whom to tell that the media of `call` is over.
    pub fn lost(
        &mut self,
        call: CallLeg,
        why: Option<LeaveReason>,
    ) -> Option<Arc<dyn Fn(MediaEnd) + Send + Sync>> {
        let held = self.calls.get_mut(&call)?;
        held.lost = why;
        Some(held.ended.clone())
    }

    /// The call a player plays to.
    pub fn listener(&self, player: LegId) -> Option<CallLeg> {
        self.players.get(&player).copied()
    }
}

#[cfg(test)]
mod tests;
