//! talkpath's real-time foundation: rings, handles, slabs, clock, pinned thread, slot timing.
//!
//! This crate knows nothing of media. It carries the one rule of the design: every byte of
//! mutable state has exactly one owning thread at any time, and ownership changes only by
//! moving a value through a single-producer single-consumer ring. So there is no lock, no
//! reference count and no allocation on a worker; see `ARCHITECTURE.md`.
//!
//! | module | what it is |
//! |---|---|
//! | [`ring`] | the SPSC ring under everything else |
//! | [`handle`], [`slab`] | generational handles; contents owned by a worker, free list by control |
//! | [`command`] | whole transactions to a worker, published by one commit |
//! | [`outlet`] | acks, garbage and events back to control |
//! | [`boxes`] | a fixed inventory of boxes out and back |
//! | [`level`] | how full a ring or an inventory is, and once was |
//! | [`numa`] | which cores share a memory |
//! | [`pages`] | memory that is written before it is needed, by who needs it |
//! | [`prefetch`] | asking the cache for what is needed next |
//! | [`clock`], [`thread`] | absolute time and sleep; the pinned real-time thread |
//! | [`tape`] | what a thread met with, noted and met with again |
//! | [`flag`] | what happened once, and others look for |
//! | [`timing`] | slot histograms, exchanged by box |
//! | [`pulse`] | slots made, for who watches over a worker |
//! | [`sync`] | the facade that lets loom model all of it |
//!
//! `unsafe` is allowed in three modules: the system calls in `sys`, the hint in `prefetch` and the mirror ring that stands
//! in for `rtrb` when loom models the protocols. Outside this crate there are three files with it; see the table of folders
//! in `ARCHITECTURE.md`.

#![deny(unsafe_code)]

pub mod boxes;
pub mod clock;
pub mod command;
pub mod flag;
pub mod handle;
pub mod level;
#[cfg(not(loom))]
pub mod numa;
pub mod outlet;
pub mod pages;
#[allow(
    unsafe_code,
    reason = "a prefetch is an instruction; it reads nothing the program can see"
)]
pub mod prefetch;
pub mod pulse;
pub mod ring;
pub mod slab;
pub mod sync;
#[allow(
    unsafe_code,
    reason = "the thin wrapper over system calls; every block has its SAFETY note"
)]
mod sys;
pub mod tape;
pub mod thread;
pub mod timing;
