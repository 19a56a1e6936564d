//! Requests as plain data, to be written down and asked again.
//!
//! A request that changes nothing is not written down. One that cannot be (an application's port: what comes through it
//! is not in the recording) is named, and ends the recording.

use std::sync::Arc;
use std::time::Duration;

use crossbeam::channel::bounded;
use serde::{Deserialize, Serialize};
use talkpath_graph::{FrameTime, SampleRate};
use talkpath_nodes::codec::Codec;

use crate::call::CallConfig;
use crate::event::LeaveReason;
use crate::leg::{ClipConfig, JitterDelay, NetworkConfig, RtpSender, ToneConfig};
use crate::negotiate::Capabilities;
use crate::priority::Priority;
use crate::proto::{CallId, Direction, LegId, RoomId, Side};
use crate::room::RoomConfig;
use crate::supervisor::{CallEdit, Edit, Reply, Request, Source};

/// A request. Handles are their bits, floating-point values theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Asked {
    CreateRoom {
        name: String,
        frame_ms: u32,
        ends_with_last_leg: bool,
    },
    CloseRoom {
        room: u64,
    },
    JoinNetwork {
        room: u64,
        network: Network,
        priority: Priority,
    },
    JoinTone {
        room: u64,
        hz: u32,
        dbov: u32,
        rate: u32,
        priority: Priority,
    },
    JoinClip {
        room: u64,
        /// Which of the clips that were written down so far.
        clip: usize,
        rate: u32,
        looping: bool,
        priority: Priority,
    },
    Change {
        leg: u64,
        network: Network,
    },
    Gain {
        leg: u64,
        db: u32,
    },
    Mute {
        leg: u64,
        muted: bool,
    },
    Direction {
        leg: u64,
        receive: bool,
        send: bool,
    },
    Ssrc {
        leg: u64,
        ssrc: u32,
    },
    Priority {
        leg: u64,
        priority: Priority,
    },
    Leave {
        leg: u64,
        reason: LeaveReason,
    },
    Move {
        leg: u64,
        to: usize,
    },
    Rebalance,
    CreateCall {
        a: Network,
        b: Network,
    },
    ChangeCall {
        call: u64,
        side: Side,
        network: Network,
    },
    CallDirection {
        call: u64,
        side: Side,
        receive: bool,
        send: bool,
    },
    CallSsrc {
        call: u64,
        side: Side,
        ssrc: u32,
    },
    MoveCall {
        call: u64,
        to: usize,
    },
    HangUp {
        call: u64,
    },
}

/// A [`NetworkConfig`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Network {
    codec: String,
    payload_type: u8,
    ptime: Duration,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    /// Target and most.
    jitter: Option<(Duration, Duration)>,
    hear_self: bool,
}

/// What becomes of a request in the recording.
#[derive(Debug, PartialEq)]
pub(crate) enum Noted {
    /// It changes nothing.
    Nothing,
    Asked(Asked),
    /// It plays a clip, whose samples go before it when they are new.
    Clip(Asked, Option<Arc<[f32]>>),
    /// It cannot be written down; what it is.
    Cannot(&'static str),
}

/// Clips that were written down: one that is played again is named only.
#[derive(Debug, Default)]
pub(crate) struct Clips(Vec<Arc<[f32]>>);

impl Clips {
    /// Its number, and whether it is new.
    fn number(&mut self, samples: &Arc<[f32]>) -> (usize, bool) {
        match self.0.iter().position(|known| Arc::ptr_eq(known, samples)) {
            Some(at) => (at, false),
            None => {
                self.0.push(Arc::clone(samples));
                (self.0.len() - 1, true)
            }
        }
    }
}

impl Noted {
    /// What to write down of `request`.
    pub(crate) fn of(request: &Request, clips: &mut Clips) -> Self {
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
            } => return Self::join(*room, source, *priority, clips),
            Request::Change { leg, config, .. } => Asked::Change {
                leg: leg.to_bits(),
                network: Network::from(config),
            },
            Request::JoinGraph { .. } | Request::Swap { .. } => {
                return Self::Cannot("a graph of one's own");
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
                a: Network::from(&config.a),
                b: Network::from(&config.b),
            },
            Request::EditCall { call, edit, .. } => Asked::edit_call(call.to_bits(), *edit),
            // The end is the end of the recording.
            Request::Stop { .. }
            | Request::FindRoom { .. }
            | Request::Rooms { .. }
            | Request::Legs { .. }
            | Request::LegStatus { .. }
            | Request::LegStats { .. }
            | Request::Subscribe { .. }
            | Request::Status { .. }
            | Request::Plans { .. }
            | Request::RoomGraph { .. }
            | Request::LegGraph { .. }
            | Request::Headroom { .. }
            | Request::Timing { .. }
            | Request::Calls { .. }
            | Request::CallStats { .. } => return Self::Nothing,
        })
    }

    fn join(room: RoomId, source: &Source, priority: Priority, clips: &mut Clips) -> Self {
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
                let (clip, new) = clips.number(samples);
                let asked = Asked::JoinClip {
                    room,
                    clip,
                    rate: rate.hz(),
                    looping: *looping,
                    priority,
                };
                Self::Clip(asked, new.then(|| Arc::clone(samples)))
            }
            Source::Port(_) => Self::Cannot("an application's audio port"),
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
            CallEdit::Ssrc(side, ssrc) => Self::CallSsrc { call, side, ssrc },
            CallEdit::Move(to) => Self::MoveCall { call, to },
            CallEdit::HangUp => Self::HangUp { call },
        }
    }

    /// The request again; nobody waits for its answer. `None` when it names what there cannot be.
    pub(crate) fn request(self, clips: &[Arc<[f32]>]) -> Option<Request> {
        let edit = |leg, edit| {
            Some(Request::Edit {
                leg: LegId::from_bits(leg)?,
                edit,
                reply: nobody(),
            })
        };
        let edit_call = |call, edit| {
            Some(Request::EditCall {
                call: CallId::from_bits(call)?,
                edit,
                reply: nobody(),
            })
        };
        let join = |room, source, priority| {
            Some(Request::Join {
                room: RoomId::from_bits(room)?,
                source,
                priority,
                reply: nobody(),
            })
        };
        match self {
            Self::CreateRoom {
                name,
                frame_ms,
                ends_with_last_leg,
            } => {
                let frames = [FrameTime::Ms10, FrameTime::Ms20];
                let frame = frames.into_iter().find(|f| f.as_millis() == frame_ms)?;
                Some(Request::CreateRoom {
                    config: RoomConfig {
                        name,
                        frame,
                        ends_with_last_leg,
                    },
                    reply: nobody(),
                })
            }
            Self::CloseRoom { room } => Some(Request::CloseRoom {
                room: RoomId::from_bits(room)?,
                reply: nobody(),
            }),
            Self::JoinNetwork {
                room,
                network,
                priority,
            } => join(room, Source::Network(network.config()?), priority),
            Self::JoinTone {
                room,
                hz,
                dbov,
                rate,
                priority,
            } => {
                let tone = ToneConfig {
                    hz: f32::from_bits(hz),
                    dbov: f32::from_bits(dbov),
                    rate: SampleRate::new(rate).ok()?,
                };
                join(room, Source::Tone(tone), priority)
            }
            Self::JoinClip {
                room,
                clip,
                rate,
                looping,
                priority,
            } => {
                let clip = ClipConfig {
                    samples: Arc::clone(clips.get(clip)?),
                    rate: SampleRate::new(rate).ok()?,
                    looping,
                };
                join(room, Source::Clip(clip), priority)
            }
            Self::Change { leg, network } => Some(Request::Change {
                leg: LegId::from_bits(leg)?,
                config: network.config()?,
                reply: nobody(),
            }),
            Self::Gain { leg, db } => edit(leg, Edit::GainDb(f32::from_bits(db))),
            Self::Mute { leg, muted } => edit(leg, Edit::Mute(muted)),
            Self::Direction { leg, receive, send } => {
                edit(leg, Edit::Direction(Direction { receive, send }))
            }
            Self::Ssrc { leg, ssrc } => edit(leg, Edit::Ssrc(ssrc)),
            Self::Priority { leg, priority } => edit(leg, Edit::Priority(priority)),
            Self::Leave { leg, reason } => Some(Request::Leave {
                leg: LegId::from_bits(leg)?,
                reason,
                reply: nobody(),
            }),
            Self::Move { leg, to } => Some(Request::Move {
                leg: LegId::from_bits(leg)?,
                to,
                reply: nobody(),
            }),
            Self::Rebalance => Some(Request::Rebalance { reply: nobody() }),
            Self::CreateCall { a, b } => Some(Request::CreateCall {
                config: Box::new(CallConfig::new(a.config()?, b.config()?)),
                reply: nobody(),
            }),
            Self::ChangeCall {
                call,
                side,
                network,
            } => edit_call(call, CallEdit::Change(side, network.config()?)),
            Self::CallDirection {
                call,
                side,
                receive,
                send,
            } => edit_call(call, CallEdit::Direction(side, Direction { receive, send })),
            Self::CallSsrc { call, side, ssrc } => edit_call(call, CallEdit::Ssrc(side, ssrc)),
            Self::MoveCall { call, to } => edit_call(call, CallEdit::Move(to)),
            Self::HangUp { call } => edit_call(call, CallEdit::HangUp),
        }
    }
}

/// A place for an answer that nobody reads.
fn nobody<T>() -> Reply<T> {
    bounded(1).0
}

impl From<&NetworkConfig> for Network {
    fn from(config: &NetworkConfig) -> Self {
        let NetworkConfig {
            codec,
            payload_type,
            ptime,
            sender:
                RtpSender {
                    ssrc,
                    sequence,
                    timestamp,
                },
            jitter,
            hear_self,
        } = *config;
        Self {
            codec: codec.to_string(),
            payload_type,
            ptime,
            ssrc,
            sequence,
            timestamp,
            jitter: jitter.map(|JitterDelay { target, max }| (target, max)),
            hear_self,
        }
    }
}

impl Network {
    fn config(self) -> Option<NetworkConfig> {
        let Self {
            codec,
            payload_type,
            ptime,
            ssrc,
            sequence,
            timestamp,
            jitter,
            hear_self,
        } = self;
        let known = Capabilities::default().codecs;
        let named = |known: &&Codec| known.to_string() == codec;
        Some(NetworkConfig {
            codec: *known.iter().find(named)?,
            payload_type,
            ptime,
            sender: RtpSender {
                ssrc,
                sequence,
                timestamp,
            },
            jitter: jitter.map(|(target, max)| JitterDelay { target, max }),
            hear_self,
        })
    }
}
