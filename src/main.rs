//! The `talkpath` program; everything is in the library beside it.
#![forbid(unsafe_code)]

use std::process::ExitCode;

/// Counts what the worker allocates while `bench` runs; elsewhere the system allocator as it is.
#[global_allocator]
static ALLOCATOR: talkpath::alloc::Counting = talkpath::alloc::Counting;

fn main() -> ExitCode {
    talkpath::cli::run(std::env::args_os())
}
