//! Rooms and their legs.

use serde::Serialize;

use crate::ledger::LegLedger;
use crate::priority::Priority;
use crate::worker::stats::LegStats;

/// One room.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RoomStatus {
    /// Its handle, as `index.generation`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its frame in milliseconds.
    pub frame_ms: u32,
    /// The slot of its period in which it mixes.
    pub mix_slot: u32,
    /// The workers it is on, by index.
    pub workers: Vec<u8>,
    /// Slots from the mix until the sum is complete (D5); 0 while it is on one worker.
    pub margin: u32,
    /// Rates it has a bus for, in hertz.
    pub rates: Vec<u32>,
    /// Whether it is on its way out.
    pub closing: bool,
    /// Its legs.
    pub legs: Vec<LegStatus>,
}

/// One leg.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LegStatus {
    /// Its handle, as `index.generation`.
    pub id: String,
    /// Its handle as packets carry it.
    pub bits: u64,
    /// `network`, `port`, `tone` or `clip`.
    pub kind: &'static str,
    /// Its codec, for a network leg.
    pub codec: Option<String>,
    /// Rate of its bus, in hertz.
    pub rate: u32,
    /// Its plan, as `/plans` names it.
    pub plan: u64,
    /// The same in a few words.
    pub plan_name: String,
    /// Index of the worker it is on.
    pub worker: u8,
    /// `joining`, `in` or `leaving`.
    pub state: &'static str,
    /// Its class (D15).
    pub priority: Priority,
    /// Its gain in dB.
    pub gain_db: f32,
    /// Whether it is muted.
    pub muted: bool,
    /// Whether it is heard.
    pub receive: bool,
    /// Whether it is sent anything.
    pub send: bool,
    /// Slots before the mix at which its ingress runs.
    pub slots_before: u32,
    /// Slots after the mix at which its egress runs.
    pub slots_after: u32,
    /// Where its delay comes from.
    pub ledger: LegLedger,
    /// Its figures, about a second old at most.
    pub stats: LegStats,
}
