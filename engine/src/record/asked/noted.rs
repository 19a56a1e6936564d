//! What of a request is written down.
//!
//! On the supervisor's thread.

use std::sync::Arc;

use talkpath_graph::SampleRate;

use crate::leg::{ClipConfig, ToneConfig};
use crate::leg_graph::LegGraph;
use crate::port::PortConfig;
use crate::priority::Priority;
use crate::proto::{Direction, RoomId};
use crate::supervisor::{CallEdit, Edit, Request, Source};

use super::{Asked, Network, Written};

/// What becomes of a request in the recording.
#[derive(Debug, PartialEq)]
pub(crate) enum Noted {
    /// It changes nothing.
    Nothing,
    Asked(Asked),
    /// It may play a clip, whose samples go before it when they are new.
    Clip(Asked, Option<Arc<[f32]>>),
    /// It brings a port of this number and rate.
    Port(Asked, u32, SampleRate),
    /// It cannot be written down; what it is.
    Cannot(String),
}

/// What was written down: a clip that is played again is named only.
#[derive(Debug, Default)]
pub(crate) struct Known {
    clips: Vec<Arc<[f32]>>,
    ports: u32,
}

impl Known {
    /// The number of a clip, and whether it is new.
    fn clip(&mut self, samples: &Arc<[f32]>) -> (usize, bool) {
        match self
            .clips
            .iter()
            .position(|known| Arc::ptr_eq(known, samples))
        {
            Some(at) => (at, false),
            None => {
                self.clips.push(Arc::clone(samples));
                (self.clips.len() - 1, true)
            }
        }
    }

    /// The number of another port.
    fn port(&mut self) -> u32 {
        self.ports += 1;
        self.ports - 1
    }
}

impl Noted {
    /// What to write down of `request`.
    pub(crate) fn of(request: &Request, known: &mut Known) -> Self {
        Self::Asked(match request {
            Request::CreateRoom { config, .. } => Asked::CreateRoom {
                name: config.name.clone(),
                frame_ms: config.frame.as_millis(),
                ends_with_last_leg: config.ends_with_last_leg,
            },
            Request::CloseRoom { room, .. } => Asked::CloseRoom {
                room: room.to_bits(),
            },
            Request::Join {
                room,
                source,
                priority,
                ..
            } => return Self::join(*room, source, *priority, known),
            Request::Change { leg, config, .. } => Asked::Change {
                leg: leg.to_bits(),
                network: Network::from(config),
            },
            Request::JoinGraph { room, graph, .. } => {
                let room = room.to_bits();
                return Self::graph(graph, known, |graph| Asked::JoinGraph { room, graph });
            }
            Request::Swap { leg, graph, .. } => {
                let leg = leg.to_bits();
                return Self::graph(graph, known, |graph| Asked::Swap { leg, graph });
            }
            Request::Edit { leg, edit, .. } => Asked::edit(leg.to_bits(), *edit),
            Request::Leave { leg, reason, .. } => Asked::Leave {
                leg: leg.to_bits(),
                reason: *reason,
            },
            Request::Move { leg, to, .. } => Asked::Move {
                leg: leg.to_bits(),
                to: *to,
            },
            Request::Rebalance { .. } => Asked::Rebalance,
            Request::CreateCall { config, .. } => Asked::CreateCall {
                a: Box::new(Network::from(&config.a)),
                b: Box::new(Network::from(&config.b)),
                priority: config.priority,
            },
            Request::EditCall { call, edit, .. } => Asked::edit_call(call.to_bits(), *edit),
            // The end is the end of the recording.
            Request::Stop { .. }
            | Request::FindRoom { .. }
            | Request::Rooms { .. }
            | Request::Legs { .. }
            | Request::LegStatus { .. }
            | Request::LegStats { .. }
            | Request::Farewell { .. }
            | Request::Subscribe { .. }
            | Request::Status { .. }
            | Request::Plans { .. }
            | Request::RoomGraph { .. }
            | Request::LegGraph { .. }
            | Request::Headroom { .. }
            | Request::HeadroomOfCalls { .. }
            | Request::Timing { .. }
            | Request::Calls { .. }
            | Request::CallStats { .. } => return Self::Nothing,
        })
    }

    /// A request with a graph; its clip goes before it when it is new.
    fn graph(graph: &LegGraph, known: &mut Known, asked: impl FnOnce(Written) -> Asked) -> Self {
        let mut new = None;
        let clip = |samples: &Arc<[f32]>| {
            let (clip, is_new) = known.clip(samples);
            new = is_new.then(|| Arc::clone(samples));
            clip
        };
        match Written::of(graph, clip) {
            Ok(written) => Self::Clip(asked(written), new),
            Err(what) => Self::Cannot(what),
        }
    }

    fn join(room: RoomId, source: &Source, priority: Priority, known: &mut Known) -> Self {
        let room = room.to_bits();
        match source {
            Source::Network(config) => Self::Asked(Asked::JoinNetwork {
                room,
                network: Network::from(config),
                priority,
            }),
            Source::Tone(ToneConfig { hz, dbov, rate }) => Self::Asked(Asked::JoinTone {
                room,
                hz: hz.to_bits(),
                dbov: dbov.to_bits(),
                rate: rate.hz(),
                priority,
            }),
            Source::Clip(ClipConfig {
                samples,
                rate,
                looping,
            }) => {
                let (clip, new) = known.clip(samples);
                let asked = Asked::JoinClip {
                    room,
                    clip,
                    rate: rate.hz(),
                    looping: *looping,
                    priority,
                };
                Self::Clip(asked, new.then(|| Arc::clone(samples)))
            }
            Source::Port(PortConfig {
                rate,
                depth,
                hear_self,
                channels: _,
            }) => {
                let port = known.port();
                let asked = Asked::JoinPort {
                    room,
                    port,
                    rate: rate.hz(),
                    depth: *depth,
                    hear_self: *hear_self,
                    priority,
                };
                Self::Port(asked, port, *rate)
            }
        }
    }
}

impl Asked {
    fn edit(leg: u64, edit: Edit) -> Self {
        match edit {
            Edit::GainDb(db) => Self::Gain {
                leg,
                db: db.to_bits(),
            },
            Edit::Mute(muted) => Self::Mute { leg, muted },
            Edit::Direction(Direction { receive, send }) => Self::Direction { leg, receive, send },
            Edit::Keys(row) => Self::Keys {
                leg,
                keys: row.to_string(),
                length: row.length(),
            },
            Edit::Ssrc(ssrc) => Self::Ssrc { leg, ssrc },
            Edit::Priority(priority) => Self::Priority { leg, priority },
        }
    }

    fn edit_call(call: u64, edit: CallEdit) -> Self {
        match edit {
            CallEdit::Change(side, config) => Self::ChangeCall {
                call,
                side,
                network: Network::from(&config),
            },
            CallEdit::Direction(side, Direction { receive, send }) => Self::CallDirection {
                call,
                side,
                receive,
                send,
            },
            CallEdit::Keys(side, row) => Self::CallKeys {
                call,
                side,
                keys: row.to_string(),
                length: row.length(),
            },
            CallEdit::Ssrc(side, ssrc) => Self::CallSsrc { call, side, ssrc },
            CallEdit::Priority(priority) => Self::CallPriority { call, priority },
            CallEdit::Move(to) => Self::MoveCall { call, to },
            CallEdit::HangUp => Self::HangUp { call },
        }
    }
}
