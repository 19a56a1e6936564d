//! `talkpath bench codecs`: what a frame costs from every codec to every other, through the whole of a call and by the bare
//! coders beside it.
//!
//! Calls of each pair in virtual time, one side talking human speech: only the worker's steps are timed, so the machine's
//! other work counts only where it takes the core away, and the median of the periods leaves that out. The bare figure is
//! decoder, resampler and encoder on the same packets in the same process, one call after the other.

use std::fmt;
use std::time::{Duration, Instant};

use clap::Args;
use serde::Serialize;
use talkpath_nodes::codec::Codec;

use super::environment::Environment;
use super::error::BenchError;
use super::speech::Voices;
use crate::codec_name;

mod bare;
mod whole;

/// Part of a slot that may be spent, as a server is filled.
const USE: f64 = 0.8;
/// Periods before the measured ones.
const WARM_UP: usize = 10;
/// A period: a whole number of packets of every codec.
const PERIOD: Duration = Duration::from_millis(20);

/// What `bench codecs` is told.
#[derive(Args, Clone, Debug)]
pub struct CodecsArgs {
    /// Codecs to pair [default: all there are]
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = codec_name::parse)]
    codecs: Vec<Codec>,
    /// Calls of each pair at a time
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    calls: u16,
    /// Periods of 20 ms that are measured
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    periods: u16,
    /// As JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// What one direction costs.
#[derive(Clone, Copy, Debug, Serialize)]
struct Cost {
    from: Name,
    to: Name,
    /// Milliseconds of a packet.
    frame_ms: u64,
    /// Microseconds of the worker for one packet.
    us: f64,
    /// The same of the coders alone; none where nothing is decoded.
    bare_us: Option<f64>,
}

/// A codec by its name.
#[derive(Clone, Copy, Debug)]
struct Name(Codec);

impl Serialize for Name {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

impl Cost {
    fn times_bare(&self) -> Option<f64> {
        self.bare_us.map(|bare| self.us / bare)
    }
}

/// All pairs.
#[derive(Debug, Serialize)]
pub(super) struct Codecs {
    environment: Environment,
    costs: Vec<Cost>,
}

/// Measures every pair, both ways.
///
/// # Errors
/// The engine did not start or refused a call.
pub(super) fn run(args: &CodecsArgs) -> Result<Codecs, BenchError> {
    let mut environment = Environment::before();
    let all = talkpath_engine::negotiate::Capabilities::default().codecs;
    let codecs = if args.codecs.is_empty() {
        &all
    } else {
        &args.codecs
    };
    let mut costs = Vec::new();
    for &from in codecs {
        for &to in codecs {
            costs.push(cost(from, to, args)?);
        }
    }
    environment.after();
    Ok(Codecs { environment, costs })
}

/// Packet time of a codec: the usual one, or what fits a packet.
fn ptime(codec: Codec) -> Duration {
    codec.max_ptime().min(PERIOD)
}

/// Packets of a period.
fn packets_of(codec: Codec) -> usize {
    (PERIOD.as_nanos() / ptime(codec).as_nanos().max(1)) as usize
}

fn cost(from: Codec, to: Codec, args: &CodecsArgs) -> Result<Cost, BenchError> {
    // As the engine pairs them: Opus has the rate of the other side.
    let (inner, outer) = (from.decoded_at(to.rate()), to.decoded_at(from.rate()));
    let voices = Voices::encode(inner, ptime(from))
        .map_err(|why| BenchError::Phones(format!("{from}: {why}")))?;
    let (calls, periods) = (usize::from(args.calls), usize::from(args.periods));
    let whole = whole::Calls::new((from, to), calls)?.measure(&voices, periods)?;
    let bare = (!from.is_same_encoding(to))
        .then(|| bare::Coders::new(inner, outer, calls).measure(&voices, periods));
    Ok(Cost {
        from: Name(from),
        to: Name(to),
        frame_ms: ptime(from).as_millis() as u64,
        us: whole,
        bare_us: bare,
    })
}

/// The median of so many periods' times for `count` packets each, in microseconds for one.
fn median(mut periods: Vec<Duration>, count: usize) -> f64 {
    periods.sort_unstable();
    let middle = periods.get(periods.len() / 2).copied().unwrap_or_default();
    middle.as_secs_f64() * 1e6 / count.max(1) as f64
}

/// How long `work` takes.
fn timed(work: impl FnOnce()) -> Duration {
    #[allow(clippy::disallowed_methods, reason = "a benchmark measures")]
    let begin = Instant::now();
    work();
    begin.elapsed()
}

impl Codecs {
    /// Calls of both directions of a pair that one core carries.
    fn calls_per_core(&self, cost: &Cost) -> Option<f64> {
        let back = |one: &&Cost| one.from.0 == cost.to.0 && one.to.0 == cost.from.0;
        let back = self.costs.iter().find(back)?;
        let load = |one: &Cost| one.us / (one.frame_ms as f64 * 1e3);
        Some(USE / (load(cost) + load(back)))
    }

    pub(super) fn json(&self) -> serde_json::Value {
        let pair = |cost: &Cost| {
            serde_json::json!({
                "from": cost.from, "to": cost.to, "frame_ms": cost.frame_ms, "us": cost.us,
                "bare_us": cost.bare_us, "times_bare": cost.times_bare(),
                "calls_per_core": self.calls_per_core(cost),
            })
        };
        let pairs: Vec<_> = self.costs.iter().map(pair).collect();
        serde_json::json!({ "environment": self.environment, "slot_use": USE, "pairs": pairs })
    }
}

impl fmt::Display for Codecs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.environment)?;
        writeln!(
            f,
            "{:<14}{:<14}{:>9}{:>12}{:>12}{:>8}{:>16}",
            "from", "to", "frame ms", "µs a frame", "bare codec", "times", "calls a core"
        )?;
        for cost in &self.costs {
            let Cost {
                from, to, frame_ms, ..
            } = cost;
            let (from, to) = (from.0.to_string(), to.0.to_string());
            write!(f, "{from:<14}{to:<14}{frame_ms:>9}{:>12.2}", cost.us)?;
            match (cost.bare_us, cost.times_bare()) {
                (Some(bare), Some(times)) => write!(f, "{bare:>12.2}{times:>8.2}")?,
                _ => write!(f, "{:>12}{:>8}", "relayed", "")?,
            }
            let calls = self.calls_per_core(cost).unwrap_or(0.0);
            writeln!(f, "{calls:>16.0}")?;
        }
        let share = USE * 100.0;
        writeln!(
            f,
            "\nCalls a core: both directions, at {share:.0} % of the worker's time; sockets not counted."
        )
    }
}
