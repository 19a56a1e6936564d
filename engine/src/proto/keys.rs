//! What a worker keeps of the keys of a leg or of a side of a call; there only when telephone-event was agreed.
//!
//! Built by the supervisor, moved with the leg's body, read and written by the worker that owns it.

use core::time::Duration;

use arrayvec::ArrayVec;
use talkpath_graph::{SampleRate, Samples};
use talkpath_nodes::packet::Packet;
use talkpath_nodes::telephone_event::{Ear, Ending, Heard, KeySender, Report, rescale};

use crate::leg::NetworkConfig;

use sending::Sending;

mod sending;

/// What may wait to be told of one leg.
const WAITING: usize = 8;
/// The most that one packet tells.
const MOST: usize = 3;
/// Ticks of a segment of a long key (RFC 4733, section 2.5.1.3).
const SEGMENT: u32 = u16::MAX as u32;

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
    Crowded(Report),
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
    /// Of the key that is passed on to the other side of a call: where it began by its own stream, and by ours.
    carried: Option<(u32, u32)>,
    /// Keys of ours to this end.
    sending: Option<Sending>,
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
                carried: None,
                sending: config.keys.send.map(|payload_type| Sending {
                    payload_type,
                    ptime: config.ptime,
                    due: Duration::ZERO,
                    keys: KeySender::new(config.codec.clock(), config.ptime, payload_type),
                }),
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
            return Listened::Crowded(report);
        }
        let header = packet.header;
        if self.ssrc.replace(header.ssrc) != Some(header.ssrc) {
            let ended = self.ear.restart();
            self.note(ended);
            self.carried = None;
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
        } else {
            self.carried = old.carried;
        }
        if let (Some(now), Some(was)) = (&mut self.sending, &old.sending) {
            now.due = was.due;
            now.keys.continue_from(&was.keys);
        }
    }

    /// What this end is sent keys of the other side as; `None` while it is sent keys of ours.
    #[must_use]
    pub(crate) fn passes_as(&self) -> Option<u8> {
        let sending = self.sending.as_ref().filter(|it| !it.keys.busy())?;
        Some(sending.payload_type)
    }

    /// A report that was heard, as it is passed on: timestamp and report by a clock of `hz`. `there`: the timestamp that belongs to
    /// this packet's own in that stream. `None` for one of a key before.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub(crate) fn carry(
        &mut self,
        timestamp: u32,
        report: Report,
        there: u32,
        hz: u32,
    ) -> Option<(u32, Report)> {
        let (began, ticks) = self.ear.place(timestamp, report)?;
        let scale = |ticks| rescale(ticks, self.clock.hz(), hz);
        let known = self.carried.filter(|(known, _)| *known == began);
        // All packets of a key name one beginning, whatever rounding says of each.
        let start = match known {
            Some((_, start)) => start,
            None => there.wrapping_sub(scale(timestamp.wrapping_sub(began))),
        };
        self.carried = Some((began, start));
        let ticks = scale(ticks);
        let segment = ticks.saturating_sub(1) / SEGMENT * SEGMENT;
        let report = Report {
            // At most 65,535 by the division above.
            duration: (ticks - segment) as u16,
            ..report
        };
        Some((start.wrapping_add(segment), report))
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
