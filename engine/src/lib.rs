//! talkpath's engine: supervisor, real-time worker, rooms, legs and the public API.
//!
//! [`Engine`] runs on real time, [`VirtualEngine`] on the caller's; both give the same handles:
//! a [`Room`] has [`Leg`]s, an [`AudioPort`] is a leg that is the application itself, and a [`Call`] connects
//! two ends without a room.
//!
//! | module | what it is | whose thread |
//! |---|---|---|
//! | [`engine`], [`virtual_engine`], [`room`], [`leg`], [`call`] | the public handles | any |
//! | [`port`] | PCM frames in and out | caller's, and the worker's |
//! | [`ledger`] | where a leg's delay comes from | any |
//! | [`negotiate`] | offers and answers | any |
//! | `supervisor` | desired state, plans, placement, transactions | supervisor |
//! | [`record`], [`replay`] | a session written down, and run again to the same bits | recorder; any |
//! | [`proto`] | what crosses the rings | moves between both |
//! | [`worker`] | the slots | worker |
//!
//! No call here ever waits for the worker: an edit is recorded, sent, and completed by an
//! [`Event`].

#![forbid(unsafe_code)]
// scripts/sanitizers: RealtimeSanitizer watches `Worker::step`.
#![cfg_attr(rtsan, feature(sanitize))]

mod api;
pub mod call;
pub mod config;
pub mod engine;
pub mod error;
pub mod event;
mod graph_fault;
pub mod headroom;
pub mod keys;
pub mod ledger;
pub mod leg;
pub mod leg_graph;
mod metrics;
pub mod negotiate;
pub mod port;
pub mod priority;
pub mod proto;
pub mod record;
pub mod replay;
pub mod room;
mod scripted;
mod shard_link;
pub mod status;
mod supervisor;
pub mod virtual_engine;
mod wiring;
pub mod worker;

pub use call::{Call, CallConfig};
pub use config::{ConfigError, EngineConfig};
pub use engine::Engine;
pub use error::{Class, EngineError, Resource, StartError};
pub use event::{Event, EventClass, EventFilter, EventKind, EventStream, LeaveReason, WorkerFault};
pub use graph_fault::GraphFault;
pub use headroom::{Headroom, Newcomer, WorkerHeadroom};
pub use keys::{KEYS_AT_ONCE, Key, KeyEnding, KeyTypes};
pub use ledger::{FlowLedger, LegLedger};
pub use leg::{ClipConfig, JitterDelay, Leg, LegConfig, NetworkConfig, RtpSender, ToneConfig};
pub use leg_graph::LegGraph;
pub use port::{AudioPort, PortConfig, PortEmpty, PortFull};
pub use priority::Priority;
pub use proto::{CallId, CallStats, Direction, FlowStats, LegId, PlanId, RoomId, Segment, Side};
pub use record::{RecordTo, RecordingState};
pub use room::{Room, RoomConfig};
pub use shard_link::{FromWorkers, ShardLink, ToWorkers};
pub use status::{Counter, PlanInfo, Status};
pub use virtual_engine::VirtualEngine;

pub use talkpath_graph::{Channels, FrameTime, SampleRate};
pub use talkpath_nodes::codec::Codec;
