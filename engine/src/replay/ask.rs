//! A request that was written down, asked of a supervisor, and what came of it.

use crossbeam::channel::bounded;

use crate::proto::{CallId, LegId, RoomId};
use crate::supervisor::{Reply, Request, Supervisor};

/// What a request made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Made {
    /// Nothing new.
    Nothing,
    Room(RoomId),
    Leg(LegId),
    Call(CallId, [LegId; 2]),
}

/// Asks; `None` when it was refused.
pub(super) fn ask(request: Request, supervisor: &mut Supervisor) -> Option<Made> {
    match request {
        Request::CreateRoom { config, .. } => {
            let asked = |reply| Request::CreateRoom { config, reply };
            put(asked, supervisor).map(|room| Made::Room(room.id))
        }
        Request::Join {
            room,
            source,
            priority,
            ..
        } => {
            let asked = |reply| Request::Join {
                room,
                source,
                priority,
                reply,
            };
            put(asked, supervisor).map(|joined| Made::Leg(joined.leg))
        }
        Request::JoinGraph { room, graph, .. } => {
            let asked = |reply| Request::JoinGraph { room, graph, reply };
            put(asked, supervisor).map(|joined| Made::Leg(joined.leg))
        }
        Request::CreateCall { config, .. } => {
            let asked = |reply| Request::CreateCall { config, reply };
            put(asked, supervisor).map(|call| Made::Call(call.id, call.sides))
        }
        Request::CloseRoom { room, .. } => {
            nothing(|reply| Request::CloseRoom { room, reply }, supervisor)
        }
        Request::Change { leg, config, .. } => {
            let asked = |reply| Request::Change { leg, config, reply };
            nothing(asked, supervisor)
        }
        Request::Swap { leg, graph, .. } => {
            nothing(|reply| Request::Swap { leg, graph, reply }, supervisor)
        }
        Request::Edit { leg, edit, .. } => {
            nothing(|reply| Request::Edit { leg, edit, reply }, supervisor)
        }
        Request::Leave { leg, reason, .. } => {
            nothing(|reply| Request::Leave { leg, reason, reply }, supervisor)
        }
        Request::Move { leg, to, .. } => {
            nothing(|reply| Request::Move { leg, to, reply }, supervisor)
        }
        Request::EditCall { call, edit, .. } => {
            nothing(|reply| Request::EditCall { call, edit, reply }, supervisor)
        }
        Request::Rebalance { .. } => nothing(|reply| Request::Rebalance { reply }, supervisor),
        other => {
            supervisor.handle(other);
            Some(Made::Nothing)
        }
    }
}

fn put<T, E>(
    asked: impl FnOnce(Reply<Result<T, E>>) -> Request,
    supervisor: &mut Supervisor,
) -> Option<T> {
    let (reply, answer) = bounded(1);
    supervisor.handle(asked(reply));
    answer.try_recv().ok()?.ok()
}

fn nothing<T, E>(
    asked: impl FnOnce(Reply<Result<T, E>>) -> Request,
    supervisor: &mut Supervisor,
) -> Option<Made> {
    put(asked, supervisor).map(|_| Made::Nothing)
}
