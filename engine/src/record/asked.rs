//! Requests as plain data, to be written down and asked again.
//!
//! A request that changes nothing is not written down. One that cannot be (a graph with a node that only the application
//! has) is named, and ends the recording.
//!
//! | file | what | whose thread |
//! |---|---|---|
//! | `asked/noted` | what of a request is written down | supervisor |
//! | `asked/network` | the configuration of a network leg | supervisor, replay |
//! | `asked/graph`, `asked/kind`, `asked/sound` | a leg's graph; one node of it; what its leg sends or plays | supervisor, replay |
//! | `asked/again` | a request asked again | replay |
//! | `asked/handles` | the handle in a request | replay |

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::event::LeaveReason;
use crate::priority::Priority;
use crate::proto::Side;

pub use graph::GraphReadError;
pub(crate) use graph::Written;
pub(crate) use handles::Named;
pub(crate) use network::Network;
pub(crate) use noted::{Known, Noted};

mod again;
mod codec;
mod graph;
mod handles;
mod kind;
mod network;
mod noted;
mod sound;

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
    JoinPort {
        room: u64,
        /// Its number: what comes in through it is a stream of its own.
        port: u32,
        rate: u32,
        depth: usize,
        hear_self: bool,
        priority: Priority,
    },
    JoinGraph {
        room: u64,
        graph: Written,
    },
    Change {
        leg: u64,
        network: Network,
    },
    Swap {
        leg: u64,
        graph: Written,
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
    Keys {
        leg: u64,
        keys: String,
        length: Duration,
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
        a: Box<Network>,
        b: Box<Network>,
        priority: Priority,
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
    CallKeys {
        call: u64,
        side: Side,
        keys: String,
        length: Duration,
    },
    CallPriority {
        call: u64,
        priority: Priority,
    },
    MoveCall {
        call: u64,
        to: usize,
    },
    HangUp {
        call: u64,
    },
}
