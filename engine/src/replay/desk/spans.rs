//! The rooms and legs of the session, and what of it depends on the number of workers: by the events that tell of them.

use std::time::Duration;

use super::super::report::{LegSpan, RoomSpan, Unapplied};
use super::Desk;
use crate::event::{Event, EventKind, LeaveReason};
use crate::proto::LegId;

impl Desk<'_> {
    /// Something that another number of workers would not meet with.
    fn only_here(&mut self, what: &'static str, at: Duration) {
        Unapplied::add(&mut self.particular, what, at);
    }

    fn displaced(&mut self, reason: LeaveReason, at: Duration) {
        if reason == LeaveReason::Displaced {
            self.only_here("legs or calls displaced by an emergency call", at);
        }
    }

    fn left(&mut self, leg: LegId, at: Duration) {
        let mut legs = self.report.legs.iter_mut();
        if let Some(span) = legs.find(|span| span.bits == leg.to_bits()) {
            span.left = Some(at);
        }
    }

    /// Something has happened.
    pub(super) fn note(&mut self, Event { at, kind, .. }: Event) {
        let at = at.saturating_sub(self.base);
        match kind {
            EventKind::RoomCreated { room, name } => self.report.rooms.push(RoomSpan {
                id: room.to_string(),
                bits: room.to_bits(),
                name,
                created: at,
                ended: None,
            }),
            EventKind::RoomEnded { room, .. } => {
                let mut rooms = self.report.rooms.iter_mut();
                if let Some(span) = rooms.find(|span| span.bits == room.to_bits()) {
                    span.ended = Some(at);
                }
            }
            EventKind::Joined { room, leg } => {
                let room = Some(room.to_string());
                self.report.legs.push(span(leg, room, None, at));
            }
            EventKind::Left { leg, reason, .. } => {
                self.displaced(reason, at);
                self.left(leg, at);
            }
            EventKind::CallStarted { call, sides } => {
                let call = Some(call.to_string());
                let side = |leg: LegId| span(leg, None, call.clone(), at);
                self.report.legs.extend(sides.map(side));
            }
            EventKind::CallEnded { sides, reason, .. } => {
                self.displaced(reason, at);
                sides.into_iter().for_each(|leg| self.left(leg, at));
            }
            EventKind::Moved { .. } => self.only_here("moves between workers", at),
            EventKind::Shed { .. } => self.only_here("steps of the governor by measured cost", at),
            _ => {}
        }
    }
}

/// A leg that has just come.
fn span(leg: LegId, room: Option<String>, call: Option<String>, joined: Duration) -> LegSpan {
    LegSpan {
        id: leg.to_string(),
        bits: leg.to_bits(),
        room,
        call,
        joined,
        left: None,
        given: 0,
        sent: 0,
        codecs: Vec::new(),
    }
}
