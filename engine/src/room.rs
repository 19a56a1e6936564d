//! A room as its users hold it: a name, a handle, and a way to the supervisor.

use std::fmt;
use std::sync::Arc;

use talkpath_graph::FrameTime;

use crate::error::EngineError;
use crate::event::LeaveReason;
use crate::headroom::Headroom;
use crate::leg::{Leg, LegConfig};
use crate::leg_graph::LegGraph;
use crate::port::{AudioPort, PortConfig};
use crate::priority::Priority;
use crate::proto::{LegId, RoomId};
use crate::supervisor::{Link, Request, Source};

/// Longest name of a room, in bytes.
pub const MAX_NAME: usize = 128;

/// How to create a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomConfig {
    /// Its name, 1 to [`MAX_NAME`] bytes, unique in the engine.
    pub name: String,
    /// Length of its frame: 20 ms unless its legs all send 10 ms packets.
    pub frame: FrameTime,
    /// Whether it ends by itself when its last leg has left. A room nobody has joined yet stays.
    pub ends_with_last_leg: bool,
}

impl RoomConfig {
    /// A room of 20 ms frames, which stays until it is closed.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            frame: FrameTime::Ms20,
            ends_with_last_leg: false,
        }
    }
}

/// What there is to know of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RoomInfo {
    pub id: RoomId,
    pub name: Arc<str>,
    pub frame: FrameTime,
}

/// A room. Clones are handles on the same room; dropping them all does not close it.
#[derive(Clone)]
pub struct Room {
    link: Link,
    info: RoomInfo,
}

impl fmt::Debug for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Room({} {:?})", self.info.id, self.info.name)
    }
}

impl Room {
    pub(crate) fn new(link: Link, info: RoomInfo) -> Self {
        Self { link, info }
    }

    /// Its handle.
    pub fn id(&self) -> RoomId {
        self.info.id
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.info.name
    }

    /// The length of its frame.
    pub fn frame(&self) -> FrameTime {
        self.info.frame
    }

    /// Adds a leg. When this returns, the leg has its handle and its place is reserved; the
    /// worker takes it up within a few slots
    /// ([`EventKind::Joined`](crate::event::EventKind::Joined)).
    ///
    /// # Errors
    /// Capacity spent, the room closed, a value out of range; nothing has changed then.
    pub fn join(&self, config: LegConfig) -> Result<Leg, EngineError> {
        self.join_as(config, Priority::default())
    }

    /// As [`join`](Self::join), with a priority. An emergency leg for which there is no room displaces the newest of the
    /// lowest class present: it is told so, and comes again a few milliseconds later until it is in (D15).
    ///
    /// # Errors
    /// As for [`join`](Self::join); [`Displacing`](EngineError::Displacing) while room is being made for an emergency leg.
    pub fn join_as(&self, config: LegConfig, priority: Priority) -> Result<Leg, EngineError> {
        let (leg, _) = self.ask_to_join(Source::from(config), priority)?;
        Ok(leg)
    }

    /// Joins as the application: PCM frames in and out through the port.
    ///
    /// # Errors
    /// As for [`join`](Self::join).
    pub fn join_port(&self, config: PortConfig) -> Result<(Leg, AudioPort), EngineError> {
        self.join_port_as(config, Priority::default())
    }

    /// As [`join_port`](Self::join_port), with a priority.
    ///
    /// # Errors
    /// As for [`join_as`](Self::join_as).
    pub fn join_port_as(
        &self,
        config: PortConfig,
        priority: Priority,
    ) -> Result<(Leg, AudioPort), EngineError> {
        let (leg, port) = self.ask_to_join(Source::Port(config), priority)?;
        let port = port.ok_or(EngineError::Internal {
            what: "a port leg came without its port",
        })?;
        Ok((leg, port))
    }

    /// The graph that a leg of this kind would have, to be changed before it joins.
    ///
    /// # Errors
    /// The room is closed, or a value out of range.
    pub fn graph(&self, config: LegConfig) -> Result<LegGraph, EngineError> {
        let (room, source) = (self.info.id, Source::from(config));
        self.link.ask(|reply| Request::RoomGraph {
            room,
            source,
            reply,
        })?
    }

    /// Adds a leg with a graph of one's own.
    ///
    /// # Errors
    /// As for [`join`](Self::join), or the graph cannot be a leg.
    pub fn join_graph(&self, graph: LegGraph) -> Result<Leg, EngineError> {
        let (room, graph) = (self.info.id, Box::new(graph));
        let joined = self
            .link
            .ask(|reply| Request::JoinGraph { room, graph, reply })??;
        Ok(self.handle(joined.leg))
    }

    /// How many more legs of this kind could join this room, on which workers, and what the one after them would be
    /// refused with. Nothing is reserved by asking.
    ///
    /// # Errors
    /// The room is closed, the configuration is out of range, or no plan is left.
    pub fn headroom(&self, kind: LegConfig) -> Result<Headroom, EngineError> {
        crate::api::headroom(&self.link, Some(self.info.id), Source::from(kind))
    }

    /// Closes the room: its legs leave, then it ends. Returns at once; the end is told by
    /// [`EventKind::RoomEnded`](crate::event::EventKind::RoomEnded).
    ///
    /// # Errors
    /// The room is closed already, or closing.
    pub fn close(&self) -> Result<(), EngineError> {
        let room = self.info.id;
        self.link.ask(|reply| Request::CloseRoom { room, reply })?
    }

    /// The legs in it, those that are leaving not counted.
    ///
    /// # Errors
    /// The room is closed.
    pub fn legs(&self) -> Result<Vec<Leg>, EngineError> {
        let room = self.info.id;
        let legs = self.link.ask(|reply| Request::Legs { room, reply })??;
        Ok(legs.into_iter().map(|leg| self.handle(leg)).collect())
    }

    fn ask_to_join(
        &self,
        source: Source,
        priority: Priority,
    ) -> Result<(Leg, Option<AudioPort>), EngineError> {
        let room = self.info.id;
        let joined = self.link.ask(|reply| Request::Join {
            room,
            source,
            priority,
            reply,
        })??;
        Ok((self.handle(joined.leg), joined.port))
    }

    fn handle(&self, leg: LegId) -> Leg {
        Leg::new(self.link.clone(), leg, self.info.id)
    }
}

/// Removes a leg by its handle alone.
pub(crate) fn remove_leg(link: &Link, leg: LegId, reason: LeaveReason) -> Result<(), EngineError> {
    link.ask(|reply| Request::Leave { leg, reason, reply })?
}
