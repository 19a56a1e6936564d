//! What a subscriber wants to hear of.

use super::{BACKLOG, Event, EventClass, EventKind};
use crate::proto::{CallId, LegId, RoomId};

/// Which events a subscriber is given, and how far it may be behind. [`Default`]: all, and 4,096.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventFilter {
    /// By class, the least first: whether it is wanted.
    classes: [bool; EventClass::ALL.len()],
    room: Option<RoomId>,
    leg: Option<LegId>,
    call: Option<CallId>,
    pub(super) backlog: usize,
}

impl Default for EventFilter {
    fn default() -> Self {
        Self {
            classes: [true; EventClass::ALL.len()],
            room: None,
            leg: None,
            call: None,
            backlog: BACKLOG,
        }
    }
}

impl EventFilter {
    /// Only events of these classes.
    #[must_use]
    pub fn of_classes(mut self, wanted: impl IntoIterator<Item = EventClass>) -> Self {
        self.classes = Default::default();
        for class in wanted {
            self.classes[class as usize] = true;
        }
        self
    }

    /// Only what happens in this room.
    #[must_use]
    pub fn in_room(mut self, room: RoomId) -> Self {
        self.room = Some(room);
        self
    }

    /// Only what happens to this leg.
    #[must_use]
    pub fn of_leg(mut self, leg: LegId) -> Self {
        self.leg = Some(leg);
        self
    }

    /// Only what happens to this point-to-point call and its sides.
    #[must_use]
    pub fn of_call(mut self, call: CallId) -> Self {
        self.call = Some(call);
        self
    }

    /// So many events may wait to be read, one at least. An eighth of them is kept for what is critical, a quarter more for that,
    /// warnings and notices.
    #[must_use]
    pub fn backlog(mut self, events: usize) -> Self {
        self.backlog = events.max(1);
        self
    }

    /// Whether the subscriber is given `event`. That it missed some it is always told.
    #[must_use]
    pub fn wants(&self, event: &Event) -> bool {
        if matches!(event.kind, EventKind::Missed { .. }) {
            return true;
        }
        let room = self.room.is_none_or(|room| event.room == Some(room));
        let leg = self.leg.is_none_or(|leg| event.leg == Some(leg));
        let call = self.call.is_none_or(|call| event.call == Some(call));
        self.classes[event.class() as usize] && room && leg && call
    }
}
