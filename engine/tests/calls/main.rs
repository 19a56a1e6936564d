//! Point-to-point calls in virtual time (D3): what one side sends leaves for the other in the slot it came in.
//!
//! | file | what |
//! |---|---|
//! | `rig` | a call and its two phones |
//! | `relay` | both ends agree: nothing is decoded |
//! | `transcode` | they do not: codecs, clocks and packet times |
//! | `lost` | its worker is lost (D18) |
//! | `life` | beginning, changing, holding, ending; capacity; several workers |
//! | `ledger` | where the delay of a direction comes from, against a marker |
//! | `late` | what takes too long is named |
//! | `moves` | to another worker |
//! | `opus` | a codec that codes packets as a whole, at any rate: Opus |
//! | `prices` | what they were measured to cost, who is refused and how many more would come in (D15) |
//! | `priority` | classes: reserves, who makes room for whom, what the governor leaves out (D15) |

#[path = "../common/mod.rs"]
mod common;
mod late;
mod ledger;
mod life;
mod lost;
mod moves;
mod opus;
mod prices;
mod priority;
mod relay;
mod rig;
mod transcode;
