//! What a worker keeps of the keys of a leg or of a side of a call; there only when telephone-event was agreed.
//!
//! Built by the supervisor, moved with the leg's body, read and written by the worker that owns it.

use core::time::Duration;

use arrayvec::ArrayVec;
use talkpath_graph::{SampleRate, Samples};
use talkpath_nodes::packet::Packet;
use talkpath_nodes::telephone_event::{Ear, Ending, Heard, Report};

use crate::leg::NetworkConfig;

/// What may wait to be told of one leg.
const WAITING: usize = 8;
/// The most that one packet tells.
const MOST: usize = 3;

/// Something to be told of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyNews {
    /// The event, by its code in the registry of RFC 4733.
    pub code: u8,
    /// How long it lasted and how its end was noticed; `None`: it began.
    pub ended: Option<(Duration, Ending)>,
}

/// What became of a packet of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listened {
    /// Heard, whether or not it told anything new.
    Heard(Report),
    /// Too short for a report.
    Malformed,
    /// Not heard: what was heard before has not been told yet. The next packet of its key will be.
    Crowded,
}

/// The keys of one end.
#[derive(Clone, Debug)]
pub struct LegKeys {
    receive: Option<u8>,
    clock: SampleRate,
    ear: Ear,
    ssrc: Option<u32>,
    news: ArrayVec<KeyNews, WAITING>,
    /// The worker looks after it in every slot.
    pub(crate) listed: bool,
}

impl LegKeys {
    /// For an end that is configured so; `None` when it has no keys. Control side: allocates.
    #[must_use]
    pub(crate) fn new(config: &NetworkConfig) -> Option<Box<Self>> {
        config.keys.any().then(|| {
            Box::new(Self {
                receive: config.keys.receive,
                clock: config.codec.clock(),
                ear: Ear::default(),
                ssrc: None,
                news: ArrayVec::new(),
                listed: false,
            })
        })
    }

    /// Whether packets of this payload type are keys.
    #[must_use]
    pub(crate) fn takes(&self, payload_type: u8) -> bool {
        self.receive == Some(payload_type)
    }

    /// Hears a packet.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub(crate) fn hear(&mut self, packet: &Packet) -> Listened {
        let Some(report) = Report::read(packet.payload()) else {
            return Listened::Malformed;
        };
        if self.news.remaining_capacity() < MOST + 1 {
            return Listened::Crowded;
        }
        let header = packet.header;
        if self.ssrc.replace(header.ssrc) != Some(header.ssrc) {
            let ended = self.ear.restart();
            self.note(ended);
        }
        let told = self.ear.hear(header.timestamp, report, packet.received);
        self.note(told);
        Listened::Heard(report)
    }

    /// Time goes on: a key of which nothing more has come is over.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub(crate) fn tick(&mut self, now: Duration) {
        if !self.news.is_full() {
            let ended = self.ear.tick(now);
            self.note(ended);
        }
    }

    /// What is to be told next.
    pub(crate) fn news(&self) -> Option<KeyNews> {
        self.news.first().copied()
    }

    /// It was told.
    pub(crate) fn told(&mut self) {
        self.news.pop_at(0);
    }

    /// Nothing is to be told, and nothing will be before another packet comes.
    #[must_use]
    pub(crate) fn is_quiet(&self) -> bool {
        self.news.is_empty() && self.ear.event().is_none()
    }

    /// Goes on with what `old` has heard, after a change of configuration.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub(crate) fn continue_from(&mut self, old: &Self) {
        self.ear.clone_from(&old.ear);
        self.ssrc = old.ssrc;
        self.news.clone_from(&old.news);
        self.listed = old.listed;
        if self.clock != old.clock {
            // What lasts cannot be measured by two clocks.
            let ended = self.ear.restart();
            self.note(ended);
        }
    }

    fn note(&mut self, heard: impl IntoIterator<Item = Heard>) {
        for heard in heard {
            let news = match heard {
                Heard::Began { event, .. } => KeyNews {
                    code: event,
                    ended: None,
                },
                Heard::Ended {
                    event,
                    ticks,
                    ending,
                } => KeyNews {
                    code: event,
                    ended: Some((self.clock.duration_of(Samples(ticks)), ending)),
                },
            };
            // Room for it was looked for before it was heard; of a change of clock the end may be lost.
            if !self.news.is_full() {
                self.news.push(news);
            }
        }
    }
}
