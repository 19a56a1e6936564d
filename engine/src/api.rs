//! What both kinds of engine offer: one set of calls over the way to the supervisor.

use talkpath_rt::timing::SlotStats;

use crate::call::{Call, CallConfig, CallInfo};
use crate::error::EngineError;
use crate::event::{EventFilter, EventStream, LeaveReason};
use crate::headroom::{Headroom, Newcomer};
use crate::proto::{LegId, RoomId};
use crate::room::{Room, RoomConfig, RoomInfo, remove_leg};
use crate::status::{PlanInfo, Status};
use crate::supervisor::{Link, Request, Source};

pub(crate) fn create_room(link: &Link, config: RoomConfig) -> Result<Room, EngineError> {
    let info = link.ask(|reply| Request::CreateRoom { config, reply })??;
    Ok(Room::new(link.clone(), info))
}

pub(crate) fn room(link: &Link, name: &str) -> Result<Option<Room>, EngineError> {
    let name = name.to_owned();
    let info = link.ask(|reply| Request::FindRoom { name, reply })?;
    Ok(info.map(|info| Room::new(link.clone(), info)))
}

pub(crate) fn rooms(link: &Link) -> Result<Vec<Room>, EngineError> {
    let infos = link.ask(|reply| Request::Rooms { reply })?;
    let handle = |info: RoomInfo| Room::new(link.clone(), info);
    Ok(infos.into_iter().map(handle).collect())
}

pub(crate) fn create_call(link: &Link, config: CallConfig) -> Result<Call, EngineError> {
    let config = Box::new(config);
    let info = link.ask(|reply| Request::CreateCall { config, reply })??;
    Ok(Call::new(link.clone(), info))
}

pub(crate) fn calls(link: &Link) -> Result<Vec<Call>, EngineError> {
    let infos = link.ask(|reply| Request::Calls { reply })?;
    let handle = |info: CallInfo| Call::new(link.clone(), info);
    Ok(infos.into_iter().map(handle).collect())
}

pub(crate) fn remove(link: &Link, leg: LegId, reason: LeaveReason) -> Result<(), EngineError> {
    remove_leg(link, leg, reason)
}

pub(crate) fn subscribe(link: &Link, filter: EventFilter) -> Result<EventStream, EngineError> {
    link.ask(|reply| Request::Subscribe { filter, reply })
}

pub(crate) fn status(link: &Link) -> Result<Status, EngineError> {
    link.ask(|reply| Request::Status { reply })
        .map(|status| *status)
}

pub(crate) fn plans(link: &Link) -> Result<Vec<PlanInfo>, EngineError> {
    link.ask(|reply| Request::Plans { reply })
}

pub(crate) fn headroom(
    link: &Link,
    room: Option<RoomId>,
    source: Source,
) -> Result<Headroom, EngineError> {
    link.ask(|reply| Request::Headroom {
        room,
        source,
        reply,
    })?
}

pub(crate) fn headroom_of(link: &Link, of: Newcomer) -> Result<Headroom, EngineError> {
    match of {
        Newcomer::Leg(config) => headroom(link, None, config.into()),
        Newcomer::Call(config) => link.ask(|reply| Request::HeadroomOfCalls { config, reply })?,
    }
}

pub(crate) fn timing(link: &Link) -> Result<Vec<SlotStats>, EngineError> {
    link.ask(|reply| Request::Timing { reply })
}

pub(crate) fn rebalance(link: &Link) -> Result<Option<(LegId, usize)>, EngineError> {
    link.ask(|reply| Request::Rebalance { reply })?
}

/// The calls common to [`Engine`](crate::Engine) and [`VirtualEngine`](crate::VirtualEngine).
macro_rules! engine_calls {
    ($engine:ident) => {
        impl $engine {
            /// Creates an empty room.
            ///
            /// # Errors
            /// The name is taken or no name, capacity spent, or the engine stopped.
            pub fn create_room(
                &self,
                config: $crate::RoomConfig,
            ) -> Result<$crate::Room, $crate::EngineError> {
                $crate::api::create_room(self.link(), config)
            }

            /// The open room of that name.
            ///
            /// # Errors
            /// The engine has stopped.
            pub fn room(&self, name: &str) -> Result<Option<$crate::Room>, $crate::EngineError> {
                $crate::api::room(self.link(), name)
            }

            /// All open rooms.
            ///
            /// # Errors
            /// The engine has stopped.
            pub fn rooms(&self) -> Result<Vec<$crate::Room>, $crate::EngineError> {
                $crate::api::rooms(self.link())
            }

            /// Connects two network ends (D3). When this returns the call has its handles; the worker takes it up within
            /// a few slots ([`CallStarted`]($crate::event::EventKind::CallStarted)). It lives on the least
            /// loaded worker that has room for it.
            ///
            /// # Errors
            /// Capacity spent, or a value out of range; nothing has changed then.
            pub fn create_call(
                &self,
                config: $crate::CallConfig,
            ) -> Result<$crate::Call, $crate::EngineError> {
                $crate::api::create_call(self.link(), config)
            }

            /// All calls, those that are ending not counted.
            ///
            /// # Errors
            /// The engine has stopped.
            pub fn calls(&self) -> Result<Vec<$crate::Call>, $crate::EngineError> {
                $crate::api::calls(self.link())
            }

            /// Removes a leg by its handle. Given the handle of a call's side it ends the call. Returns at once, as
            /// [`Leg::leave`]($crate::Leg::leave) does.
            ///
            /// # Errors
            /// The leg has left already, or is leaving.
            pub fn remove_leg(&self, leg: $crate::LegId) -> Result<(), $crate::EngineError> {
                self.remove_leg_because(leg, $crate::event::LeaveReason::Requested)
            }

            /// Removes a leg, and says why in its
            /// [`Left`]($crate::event::EventKind::Left) event.
            ///
            /// # Errors
            /// The leg has left already, or is leaving.
            pub fn remove_leg_because(
                &self,
                leg: $crate::LegId,
                reason: $crate::event::LeaveReason,
            ) -> Result<(), $crate::EngineError> {
                $crate::api::remove(self.link(), leg, reason)
            }

            /// A stream of everything that happens from now on.
            ///
            /// # Errors
            /// The engine has stopped.
            pub fn subscribe(&self) -> Result<$crate::EventStream, $crate::EngineError> {
                self.subscribe_with($crate::EventFilter::default())
            }

            /// A stream of what happens from now on and passes `filter`.
            ///
            /// # Errors
            /// The engine has stopped.
            pub fn subscribe_with(
                &self,
                filter: $crate::EventFilter,
            ) -> Result<$crate::EventStream, $crate::EngineError> {
                $crate::api::subscribe(self.link(), filter)
            }

            /// The state of the engine. Costs the worker nothing.
            ///
            /// # Errors
            /// The engine has stopped.
            pub fn status(&self) -> Result<$crate::Status, $crate::EngineError> {
                $crate::api::status(self.link())
            }

            /// How many more legs of this kind could join a new room, or how many more calls there could be, on which
            /// workers, and what the one after them would be refused with. [`Room::headroom`]($crate::Room::headroom) asks for a room that is there. Takes the
            /// control side milliseconds; costs the worker nothing.
            ///
            /// # Errors
            /// The configuration is out of range, no plan is left, or the engine stopped.
            pub fn headroom(
                &self,
                kind: impl Into<$crate::Newcomer>,
            ) -> Result<$crate::Headroom, $crate::EngineError> {
                $crate::api::headroom_of(self.link(), kind.into())
            }

            /// Moves one leg, or one call, if that gathers a room that is spread without need or levels two workers; which,
            /// and where to. Returns at once. Call it again after its
            /// [`Moved`]($crate::event::EventKind::Moved) event, until it says `None` (D6).
            ///
            /// # Errors
            /// The engine has stopped or is busy, or the other worker is full.
            pub fn rebalance(&self) -> Result<Option<($crate::LegId, usize)>, $crate::EngineError> {
                $crate::api::rebalance(self.link())
            }

            /// What a graph compiles to: dumps, drawings, what it costs and how it delays. Nothing runs yet.
            ///
            /// # Errors
            /// It cannot be compiled, or cannot be a leg.
            pub fn preview(
                &self,
                graph: &$crate::LegGraph,
            ) -> Result<$crate::PlanInfo, $crate::EngineError> {
                graph.preview()
            }

            /// Slot timing of every worker since the start, as full histograms; a second old at most. Taken twice, the
            /// difference is that of the time between.
            ///
            /// # Errors
            /// The engine has stopped.
            pub fn timing(
                &self,
            ) -> Result<Vec<talkpath_rt::timing::SlotStats>, $crate::EngineError> {
                $crate::api::timing(self.link())
            }

            /// The compiled plans in use.
            ///
            /// # Errors
            /// The engine has stopped.
            pub fn plans(&self) -> Result<Vec<$crate::PlanInfo>, $crate::EngineError> {
                $crate::api::plans(self.link())
            }
        }
    };
}
pub(crate) use engine_calls;
