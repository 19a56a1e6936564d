//! The talkpath program: command line, settings, `serve`, `bench`, `replay` and `plan`.
//!
//! Thin by intent. The engine is `talkpath-engine`, the outside world `talkpath-edge`; what stands here reads
//! settings, puts threads on cores, starts things in order and stops them in reverse.
#![deny(unsafe_code)]

pub mod alloc;
pub mod bench;
pub mod cli;
mod codec_name;
pub mod config;
mod output;
pub mod plan;
pub mod replay;
pub mod serve;

/// The blocks of the guide, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../docs/integration.md")]
struct IntegrationGuide;
