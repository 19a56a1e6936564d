//! The command line: what can be typed, and which part of the program it reaches.
//!
//! Exit codes: 0 done, 1 something failed at work, 2 the command line or the configuration is wrong (an address that
//! cannot be bound is).

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::bench::{BenchCommand, BenchError};
use crate::config::{Config, ConfigError};
use crate::replay::ReplayCommandError;
use crate::serve::ServeError;
use crate::{bench, output, plan, replay, serve};

/// The exit code of a replay that is identical as far as the recording goes, which ends before its session.
const SHORT: u8 = 3;
/// What the exit code 2 is for.
const WRONG_INPUT: u8 = 2;

/// A lock-free real-time media engine for voice.
///
/// SIP phones call sip:room-NAME@HOST and hear each other; all media runs on a pinned real-time worker
/// that neither allocates nor locks.
#[derive(Debug, Parser)]
#[command(
    name = "talkpath",
    version,
    max_term_width = 100,
    subcommand_required = true
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the media server until Ctrl-C
    Serve(ServeArgs),
    /// Measure this machine: synthetic phones through the real worker and the real clock
    #[command(subcommand)]
    Bench(BenchCommand),
    /// The phones of `bench --sockets`, in a process of their own
    #[command(name = bench::LOAD, hide = true)]
    BenchLoad,
    /// Run a session again that `serve --record` wrote down, and compare every packet
    Replay(replay::ReplayArgs),
    /// Print the compiled plan of a leg
    Plan(plan::PlanArgs),
}

/// Flags of `serve`. Each wins over the same key of the file and is checked by the same rule.
#[derive(Args, Debug, Default)]
#[command(after_help = SERVE_HELP, override_usage = "talkpath serve [OPTIONS]")]
struct ServeArgs {
    /// Settings file; docs/talkpath.toml shows every key with its default
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// SIP over UDP and TCP [default: 127.0.0.1:5060]
    #[arg(long, value_name = "ADDR:PORT")]
    sip: Option<String>,
    /// Address for media [default: the one of --sip]
    #[arg(long, value_name = "ADDR")]
    rtp: Option<String>,
    /// UDP ports for media, two for each leg [default: 20000-29999]
    #[arg(long, value_name = "LO-HI")]
    rtp_ports: Option<String>,
    /// Status page, /status, /health, /metrics, /plans, /calls, /events [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR:PORT")]
    http: Option<String>,
    /// Real-time workers, each on a core of its own where there are enough
    #[arg(long, value_name = "N")]
    workers: Option<String>,
    /// Core of each worker, within the inherited mask [default: the last one allowed]
    #[arg(long, value_name = "LIST")]
    cores: Option<String>,
    /// Length of a slot in microseconds [default: 1000]
    #[arg(long, value_name = "N")]
    slot_us: Option<String>,
    /// Most legs at a time [default: 1000]
    #[arg(long, value_name = "LEGS")]
    capacity: Option<String>,
    /// Write the session to FILE, for `talkpath replay`
    #[arg(long, value_name = "FILE")]
    record: Option<String>,
    /// Megabytes at which the recording ends [default: 1000]
    #[arg(long, value_name = "MB")]
    record_max_mb: Option<String>,
}

const SERVE_HELP: &str = "\
What callers can dial:
  sip:room-NAME@HOST   a room, created by the first caller, ended after the last
  sip:echo@HOST        yourself
  sip:tone-440@HOST    a tone of 440 Hz
  sip:play-FILE@HOST   FILE.wav from the folder of the key play.folder

RUST_LOG sets what is logged, for example RUST_LOG=talkpath_edge=debug.";

impl ServeArgs {
    /// Defaults, then the file, then these flags.
    fn config(&self) -> Result<Config, ConfigError> {
        let mut config = match &self.config {
            Some(path) => Config::load(path)?,
            None => Config::default(),
        };
        let flags = [
            ("--sip", "sip.addr", &self.sip),
            ("--rtp", "rtp.addr", &self.rtp),
            ("--rtp-ports", "rtp.ports", &self.rtp_ports),
            ("--http", "http.addr", &self.http),
            ("--workers", "engine.workers", &self.workers),
            ("--cores", "engine.cores", &self.cores),
            ("--slot-us", "engine.slot_us", &self.slot_us),
            ("--capacity", "engine.capacity", &self.capacity),
            ("--record", "record.file", &self.record),
            ("--record-max-mb", "record.max_mb", &self.record_max_mb),
        ];
        for (flag, key, text) in flags {
            if let Some(text) = text {
                config.set_flag(flag, key, text)?;
            }
        }
        let typed = flags.iter().filter(|(.., text)| text.is_some());
        config
            .check(&talkpath_rt::thread::allowed_cores())
            .map_err(|wrong| wrong.typed(typed.map(|(flag, key, _)| (*flag, *key))))?;
        Ok(config)
    }
}

/// Runs the command line `arguments` (the program's name first) to its end.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(message) => message.exit(),
    };
    match cli.command {
        Command::Serve(args) => match args.config() {
            Ok(config) => finish(serve::run(&config), ServeError::is_wrong_input),
            Err(wrong) => refuse(&wrong),
        },
        Command::Bench(command) => finish(bench::run(&command), BenchError::is_wrong_input),
        Command::BenchLoad => finish(bench::load(), BenchError::is_wrong_input),
        Command::Replay(args) => match replay::run(&args) {
            Err(short) if short.is_short() => {
                complain(&short);
                ExitCode::from(SHORT)
            }
            outcome => finish(outcome, ReplayCommandError::is_wrong_input),
        },
        Command::Plan(args) => match plan::describe(&args) {
            Ok(text) => finish(output::print(&text).map_err(Unprinted), |_| false),
            Err(wrong) => refuse(&wrong),
        },
    }
}

/// Standard output did not take what was to be printed.
#[derive(Debug, thiserror::Error)]
#[error("standard output: {0}")]
struct Unprinted(#[source] std::io::Error);

/// `is_wrong_input` tells what other settings would cure from what failed at work.
fn finish<E: std::error::Error>(
    outcome: Result<(), E>,
    is_wrong_input: impl FnOnce(&E) -> bool,
) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(wrong) if is_wrong_input(&wrong) => refuse(&wrong),
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn refuse(error: &dyn std::error::Error) -> ExitCode {
    complain(error);
    ExitCode::from(WRONG_INPUT)
}

/// The error with its causes, leaving out a cause whose words the error already has.
fn complain(error: &dyn std::error::Error) {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let words = inner.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        cause = inner.source();
    }
    eprintln!("talkpath: {text}");
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_win_over_the_file() {
        let file = std::env::temp_dir().join(format!("talkpath-flags-{}.toml", std::process::id()));
        std::fs::write(&file, "[engine]\ncapacity = 10\nslot_us = 2000\n").unwrap();
        let args = ServeArgs {
            config: Some(file.clone()),
            capacity: Some("20".into()),
            ..ServeArgs::default()
        };
        let config = args.config().unwrap();
        std::fs::remove_file(file).unwrap();
        assert_eq!(config.engine.capacity, 20);
        assert_eq!(config.engine.slot.as_micros(), 2000);
    }
}
