//! The public API in virtual time: rooms, legs, ports, packets; what is full, stale or gone.

mod callers;
mod edges;
mod fills;
mod network;
mod room;
