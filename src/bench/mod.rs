//! `talkpath bench`: scenarios through the real worker and the real clock, and what may be said of them.
//!
//! ```text
//!  scenario ─► seats (legs of the engine) ◄──── packets ────► phones, on a thread of their own
//!     │            ▲ joins, leaves, moves, swaps                       │ gaps, jitter, marker delay
//!     └─► during ──┘                                             ▼
//!  server (slot timing, CPU) ─────────────────────────────────► report ─► table, JSON, page
//!  environment, bare loop, verdict ────────────────────────────────┘
//! ```
//!
//! In process the phones stand where the network shard stands, on another core where there is one: what is measured is the
//! worker alone, from packet box to packet box, and their cost is in none of its figures.

mod args;
mod codecs;
mod dist;
mod during;
mod environment;
mod error;
mod floor;
mod marginal;
mod marker;
mod phones;
mod place;
mod ramp;
mod reference;
mod report;
mod run;
mod scenario;
mod seating;
mod seats;
mod server;
mod speech;
mod swaps;
mod verdict;
mod window;

pub use codecs::CodecsArgs;

pub use args::{BenchCommand, Common, RateArgs, RoomArgs, ScenarioCommand, SizesArgs};
pub use error::BenchError;

use std::fmt::Display;

use serde_json::Value;

use crate::output;
use scenario::Scenario;

/// The hidden command by which the program starts itself as the phones of a run over sockets.
pub const LOAD: &str = phones::COMMAND;

/// The life of that process: standard input says what to do, standard output what was heard.
///
/// # Errors
/// [`BenchError::Phones`].
pub fn load() -> Result<(), BenchError> {
    Ok(phones::serve()?)
}

/// Measures and prints.
///
/// # Errors
/// [`BenchError`]; an allocation on the worker is one, after the figures are printed.
pub fn run(command: &BenchCommand) -> Result<(), BenchError> {
    let command = match command {
        BenchCommand::Scenario(command) => command,
        BenchCommand::Codecs(args) => {
            let codecs = codecs::run(args)?;
            return end(args.json.then(|| codecs.json()), &codecs, 0);
        }
    };
    if let ScenarioCommand::Room(sizes) = command
        && sizes.room.common.legs.len() > 1
    {
        let marginal = marginal::run(sizes)?;
        let json = sizes.room.common.json.then(|| marginal.json());
        return end(json, &marginal, marginal.allocations);
    }
    let scenario = Scenario::new(command)?;
    let report = run::run(&scenario)?;
    if let Some(path) = &scenario.common.html {
        std::fs::write(path, report.html()).map_err(|source| BenchError::Output {
            to: Some(path.display().to_string()),
            source,
        })?;
        // Standard output is the report's.
        eprintln!("talkpath: wrote {}", path.display());
    }
    let json = scenario.common.json.then(|| report.json());
    end(json, &report, report.allocations())
}

/// Prints, and then says what must be none.
fn end(json: Option<Value>, table: &impl Display, allocations: u64) -> Result<(), BenchError> {
    let text = json.map_or_else(|| table.to_string(), |json| format!("{json}\n"));
    output::print(&text).map_err(|source| BenchError::Output { to: None, source })?;
    match allocations {
        0 => Ok(()),
        calls => Err(BenchError::Allocated { calls }),
    }
}
