//! What `bench` is told, and what of it cannot be.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use talkpath_nodes::codec::Codec;
use talkpath_rt::thread;

use super::codecs::CodecsArgs;
use super::error::BenchError;
use crate::{codec_name, config};

/// What is measured.
#[derive(Clone, Debug, Subcommand)]
pub enum BenchCommand {
    /// One of the scenarios.
    #[command(flatten)]
    Scenario(ScenarioCommand),
    /// What a frame costs from every codec to every other, and how many times the bare coders that is; in virtual time
    Codecs(CodecsArgs),
}

/// Scenarios with phones, on the real clock.
#[derive(Clone, Debug, Subcommand)]
pub enum ScenarioCommand {
    /// Rooms of equal size, one unless told; everybody talks
    Room(SizesArgs),
    /// Many rooms of three to ten legs
    Rooms(Common),
    /// Calls of two legs with different codecs: what one says is decoded and encoded anew for the other
    Transcode(Common),
    /// Calls of two legs with one codec: packets are passed on as they are
    Relay(Common),
    /// Legs join and leave while it is measured; beside a quiet stretch of the same run
    Churn(RateArgs),
    /// Legs go from worker to worker while it is measured; beside a quiet stretch of the same run
    Migrate(RateArgs),
    /// Legs change plan while it is measured: a gain put in and taken out, another codec; beside a quiet stretch
    Swap(RateArgs),
    /// Legs join rooms of three to ten until the engine refuses, and go on asking while it is measured
    Overload(OverloadArgs),
}

/// What every scenario is told.
#[derive(Args, Clone, Debug)]
pub struct Common {
    /// Legs, all of them talking, at most 4,000 in a room; of `room` a list such as 100,1000 too [default: 100; of
    /// `overload`: 10000]
    #[arg(long, value_name = "N", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub(super) legs: Vec<u32>,
    /// How long to measure, after a warm-up of 1.5 s
    #[arg(long, value_name = "S", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub(super) seconds: u32,
    /// Codec of every leg: pcmu, pcma, g722, opus, l16/8000, l16/16000 or l16/48000
    #[arg(long, value_name = "NAME", default_value = "pcmu", value_parser = codec_name::parse)]
    pub(super) codec: Codec,
    /// Workers [default: 1; of `migrate`: 2]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=16))]
    pub(super) workers: Option<u32>,
    /// Length of a slot in microseconds: 250, 500, 1000, 2000 or 5000
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(super) slot_us: u64,
    /// Core of each worker, such as 1 or 2,3 [default: the last ones allowed]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(super) cores: Vec<usize>,
    /// Over UDP on loopback, the phones in a process of their own; without it, boxes into the worker and out of it
    #[arg(long)]
    pub(super) sockets: bool,
    /// Before and after, a bare loop that receives, mixes and sends, with the same phones; needs --sockets and pcmu
    #[arg(long)]
    pub(super) floor: bool,
    /// All phones send in the same moment, instead of spread over the packet time
    #[arg(long)]
    pub(super) burst: bool,
    /// Packets lost on the way to the server, in percent
    #[arg(long, value_name = "PCT", default_value_t = 0.0)]
    pub(super) loss: f64,
    /// Most a packet is delayed on the way to the server, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=500))]
    pub(super) jitter: u32,
    /// Print one JSON object instead of the table
    #[arg(long)]
    pub(super) json: bool,
    /// Also write a page with percentile plots
    #[arg(long, value_name = "FILE")]
    pub(super) html: Option<PathBuf>,
}

/// What a scenario of equal rooms is told.
#[derive(Args, Clone, Debug)]
pub struct RoomArgs {
    #[command(flatten)]
    pub(super) common: Common,
    /// Rooms; the legs are spread over them evenly
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=4000))]
    pub(super) rooms: u32,
}

/// What `bench room` is told.
#[derive(Args, Clone, Debug)]
pub struct SizesArgs {
    #[command(flatten)]
    pub(super) room: RoomArgs,
    /// With several numbers of legs: runs of each, in turns
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(super) rounds: u32,
}

/// What is told of a scenario in which something happens to legs.
#[derive(Args, Clone, Debug)]
pub struct RateArgs {
    #[command(flatten)]
    pub(super) room: RoomArgs,
    /// Legs in a second that it happens to; of `churn`: that join, and as many leave
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(super) rate: u32,
}

/// What `bench overload` is told.
#[derive(Args, Clone, Debug)]
pub struct OverloadArgs {
    #[command(flatten)]
    pub(super) common: Common,
    /// Legs that ask to join in a second
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(super) rate: u32,
    /// Part of a slot that legs may be admitted to fill, 0.001 to 1
    #[arg(long, value_name = "PART", default_value_t = 0.8)]
    pub(super) admit_budget: f32,
}

impl Common {
    /// Legs there are to be, where it is one number; `usual` unless told.
    pub(super) fn legs(&self, usual: u32) -> u32 {
        self.legs.first().copied().unwrap_or(usual)
    }

    /// The numbers of legs as they were given.
    pub(super) fn list(&self) -> String {
        let legs: Vec<String> = self.legs.iter().map(u32::to_string).collect();
        legs.join(",")
    }

    /// What one flag alone cannot tell.
    ///
    /// # Errors
    /// [`BenchError::Flag`].
    pub(super) fn check(&self, workers: usize) -> Result<(), BenchError> {
        let allowed = thread::allowed_cores();
        let wrong = |flag, actual: String, allowed: String| {
            Err(BenchError::Flag {
                flag,
                actual,
                allowed,
            })
        };
        if self.legs.len() > 1 {
            let legs: Vec<String> = self.legs.iter().map(u32::to_string).collect();
            return wrong(
                "--legs",
                legs.join(","),
                "one number; of room a list".into(),
            );
        }
        if self.floor && !self.sockets {
            return wrong("--floor", "in process".into(), "with --sockets".into());
        }
        if ![250, 500, 1000, 2000, 5000].contains(&self.slot_us) {
            let all = "250, 500, 1000, 2000 or 5000 (microseconds)";
            return wrong("--slot-us", self.slot_us.to_string(), all.into());
        }
        if !(0.0..=100.0).contains(&self.loss) {
            return wrong("--loss", self.loss.to_string(), "0 to 100 (percent)".into());
        }
        // A worker elsewhere than asked for would be measured as if it had the core.
        if let Some(core) = self.cores.iter().find(|core| !allowed.contains(core)) {
            let cores = format!("cores this process may run on: {}", config::list(&allowed));
            return wrong("--cores", core.to_string(), cores);
        }
        if !self.cores.is_empty() && self.cores.len() != workers {
            let cores = format!("one for each of {workers} workers");
            return wrong("--cores", config::list(&self.cores), cores);
        }
        Ok(())
    }

    /// Packet time of every leg. L16 at 48 kHz fits a packet box at 10 ms only (D16).
    pub(super) fn ptime(&self) -> Duration {
        self.codec.max_ptime().min(Duration::from_millis(20))
    }

    pub(super) fn slot(&self) -> Duration {
        Duration::from_micros(self.slot_us)
    }
}
