//! Who listens: each subscriber with its filter and its own bounded channel. Supervisor's thread.
//!
//! ```text
//!   a channel of N places
//!   │ info, notice, warning, critical │ notice, warning, critical │ critical │
//!   └────────── what is left ─────────┴──────────── N/4 ──────────┴─── N/8 ──┘
//! ```
//! An event is put in as long as the places that its class may not take stay free; so a flood of talk spurts hides
//! nothing else, and nothing hides what is critical. The channel keeps the order whatever place was taken. What finds no
//! place is counted by class and told before the next event that finds one among the first.

use crossbeam::channel::{Sender, TrySendError, bounded};

use super::{Event, EventClass, EventFilter, EventKind, EventStream, Lost};

/// The supervisor's list of subscribers.
#[derive(Debug, Default)]
pub(crate) struct Subscribers {
    list: Vec<Subscriber>,
    lost: Lost,
}

#[derive(Debug)]
struct Subscriber {
    filter: EventFilter,
    events: Sender<Event>,
    missed: Lost,
}

impl Subscribers {
    /// One more.
    pub(crate) fn add(&mut self, filter: EventFilter) -> EventStream {
        let (tx, rx) = bounded(filter.backlog);
        self.list.push(Subscriber {
            filter,
            events: tx,
            missed: Lost::default(),
        });
        EventStream { events: rx }
    }

    /// Events lost to slow subscribers, over all of them.
    pub(crate) fn lost(&self) -> Lost {
        self.lost
    }

    /// Gives one event to everybody who wants it and has room, and forgets who has gone.
    pub(crate) fn publish(&mut self, event: &Event) {
        let lost = &mut self.lost;
        self.list
            .retain_mut(|subscriber| subscriber.offer(event, lost));
    }
}

impl Subscriber {
    /// False when the subscriber has gone.
    fn offer(&mut self, event: &Event, lost: &mut Lost) -> bool {
        if !self.filter.wants(event) {
            return true;
        }
        let missed = EventKind::Missed { lost: self.missed };
        if self.missed.total() > 0 && self.has_room(EventClass::Info) {
            match self.events.try_send(Event::new(event.at, missed)) {
                Ok(()) => self.missed = Lost::default(),
                Err(TrySendError::Full(_)) => {}
                Err(TrySendError::Disconnected(_)) => return false,
            }
        }
        let class = event.class();
        // A backlog of a few places may have none left after it was told what it missed.
        let sent = if self.has_room(class) {
            self.events.try_send(event.clone())
        } else {
            Err(TrySendError::Full(event.clone()))
        };
        match sent {
            Ok(()) => true,
            Err(TrySendError::Full(_)) => {
                self.missed.count(class);
                lost.count(class);
                true
            }
            Err(TrySendError::Disconnected(_)) => false,
        }
    }

    /// Whether an event of `class` may take a place. Only this thread fills the channel, so what is free stays free.
    fn has_room(&self, class: EventClass) -> bool {
        let places = self.filter.backlog;
        let reserved = match class {
            EventClass::Critical => 0,
            EventClass::Notice | EventClass::Warning => places / 8,
            EventClass::Info => places / 8 + places / 4,
        };
        places - self.events.len() > reserved
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::proto::LegId;

    fn at(ms: u64, kind: EventKind) -> Event {
        Event::new(Duration::from_millis(ms), kind)
    }

    fn leg() -> LegId {
        LegId::from_bits(1 << 32).expect("a handle")
    }

    fn talk(ms: u64) -> Event {
        at(ms, EventKind::TalkStarted { leg: leg() })
    }

    fn fenced(ms: u64) -> Event {
        let (node, fault) = ("gain", String::new());
        at(
            ms,
            EventKind::Fenced {
                leg: leg(),
                node,
                heard: true,
                fault,
            },
        )
    }

    fn with(backlog: usize) -> EventFilter {
        EventFilter::default().backlog(backlog)
    }

    #[test]
    fn a_slow_subscriber_is_told_how_many_it_missed_and_a_quick_one_misses_none() {
        let mut subscribers = Subscribers::default();
        let slow = subscribers.add(with(2));
        let quick = subscribers.add(with(16));
        (0..5).for_each(|ms| subscribers.publish(&talk(ms)));
        assert_eq!(slow.try_next(), Some(talk(0)));
        assert_eq!(slow.try_next(), Some(talk(1)));
        assert_eq!(slow.try_next(), None);
        subscribers.publish(&talk(5));
        let told = slow.try_next().expect("told");
        let lost = Lost {
            info: 3,
            ..Lost::default()
        };
        assert_eq!(told.kind, EventKind::Missed { lost });
        assert_eq!(slow.try_next(), Some(talk(5)));
        assert_eq!((subscribers.lost(), lost.total()), (lost, 3));
        assert_eq!(quick.receiver().len(), 6);
    }

    #[test]
    fn a_flood_of_talk_hides_nothing_else_and_all_that_is_lost_is_counted_by_class() {
        let mut subscribers = Subscribers::default();
        let stream = subscribers.add(with(64));
        let ended = |ms| at(ms, EventKind::MediaTimeout { leg: leg() });
        for ms in 0..1_000 {
            subscribers.publish(&talk(ms));
            if ms % 200 == 50 {
                subscribers.publish(&fenced(ms));
                subscribers.publish(&ended(ms));
            }
        }
        let got: Vec<Event> = std::iter::from_fn(|| stream.try_next()).collect();
        assert!(got.len() <= 64);
        assert!(got.is_sorted_by_key(|event| event.at), "in order");
        let of = |class| got.iter().filter(|event| event.class() == class).count() as u64;
        assert_eq!(of(EventClass::Critical), 5, "none of them is lost");
        assert_eq!(
            of(EventClass::Warning),
            5,
            "nor of these, as long as their own places last"
        );
        let lost = subscribers.lost();
        assert_eq!((lost.critical, lost.warning, lost.notice), (0, 0, 0));
        assert_eq!(lost.info + of(EventClass::Info), 1_000);

        // Warnings in turn take no place of what is critical.
        (0..1_000).for_each(|ms| subscribers.publish(&ended(ms)));
        (0..8).for_each(|ms| subscribers.publish(&fenced(ms)));
        assert_eq!(subscribers.lost().critical, 0);
        subscribers.publish(&fenced(9));
        assert_eq!(subscribers.lost().critical, 1, "full is full, and counted");
        while stream.try_next().is_some() {}
        subscribers.publish(&talk(0));
        let EventKind::Missed { lost } = stream.try_next().expect("told first").kind else {
            panic!("not told");
        };
        // That talk was missed had been told before the warnings.
        let wanted = Lost {
            info: 0,
            ..subscribers.lost()
        };
        assert_eq!(lost, wanted);
        assert_eq!(stream.try_next(), Some(talk(0)));
    }

    #[test]
    fn a_filter_takes_classes_rooms_and_legs_and_what_it_leaves_out_costs_no_place() {
        let mut subscribers = Subscribers::default();
        let critical = subscribers.add(EventFilter::default().of_classes([EventClass::Critical]));
        let other = LegId::from_bits(2 << 32).expect("a handle");
        let of_leg = subscribers.add(with(4).of_leg(other));
        for ms in 0..100 {
            subscribers.publish(&talk(ms));
        }
        subscribers.publish(&fenced(100));
        subscribers.publish(&Event {
            leg: Some(other),
            ..talk(101)
        });
        let told =
            |stream: &EventStream| std::iter::from_fn(|| stream.try_next()).collect::<Vec<_>>();
        assert_eq!(told(&critical), [fenced(100)]);
        assert_eq!(told(&of_leg).len(), 1);
        assert_eq!(subscribers.lost(), Lost::default());
    }

    #[test]
    fn a_subscriber_that_went_is_forgotten() {
        let mut subscribers = Subscribers::default();
        drop(subscribers.add(with(1)));
        subscribers.publish(&talk(0));
        assert!(subscribers.list.is_empty());
    }
}
