//! A request that was written down, asked again.
//!
//! Where a recording is played again.

use std::sync::Arc;

use crossbeam::channel::bounded;
use talkpath_graph::{FrameTime, SampleRate};

use crate::call::CallConfig;
use crate::keys::KeyRow;
use crate::leg::{ClipConfig, ToneConfig};
use crate::port::PortConfig;
use crate::proto::{CallId, Direction, LegId, RoomId};
use crate::room::RoomConfig;
use crate::supervisor::{CallEdit, Edit, Reply, Request, Source};

use super::Asked;

impl Asked {
    /// Whether it brings a graph.
    pub(crate) fn has_graph(&self) -> bool {
        matches!(self, Self::JoinGraph { .. } | Self::Swap { .. })
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
            Self::JoinPort {
                room,
                port: _,
                rate,
                depth,
                hear_self,
                priority,
            } => {
                let port = PortConfig {
                    depth,
                    hear_self,
                    ..PortConfig::new(SampleRate::new(rate).ok()?)
                };
                join(room, Source::Port(port), priority)
            }
            Self::JoinGraph { room, graph } => Some(Request::JoinGraph {
                room: RoomId::from_bits(room)?,
                graph: Box::new(graph.read(clips).ok()?),
                reply: nobody(),
            }),
            Self::Swap { leg, graph } => Some(Request::Swap {
                leg: LegId::from_bits(leg)?,
                graph: Box::new(graph.read(clips).ok()?),
                reply: nobody(),
            }),
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
            Self::Keys { leg, keys, length } => {
                edit(leg, Edit::Keys(KeyRow::new(&keys, length).ok()?))
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
            Self::CreateCall { a, b, priority } => Some(Request::CreateCall {
                config: Box::new(CallConfig {
                    a: a.config()?,
                    b: b.config()?,
                    priority,
                }),
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
            Self::CallKeys {
                call,
                side,
                keys,
                length,
            } => edit_call(call, CallEdit::Keys(side, KeyRow::new(&keys, length).ok()?)),
            Self::CallSsrc { call, side, ssrc } => edit_call(call, CallEdit::Ssrc(side, ssrc)),
            Self::CallPriority { call, priority } => edit_call(call, CallEdit::Priority(priority)),
            Self::MoveCall { call, to } => edit_call(call, CallEdit::Move(to)),
            Self::HangUp { call } => edit_call(call, CallEdit::HangUp),
        }
    }
}

/// A place for an answer that nobody reads.
fn nobody<T>() -> Reply<T> {
    bounded(1).0
}
