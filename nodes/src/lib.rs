//! talkpath's catalogue of node kinds and the signal processing behind them.
//!
//! Everything here is plain state and arithmetic: no threads, no clocks, no sockets. A worker owns
//! each value while it runs; the control side builds it (`new` may allocate) and takes it back.
//! Nothing a worker calls allocates, locks, blocks or panics on input.
//!
//! Audio inside a strand is `f32` in ±1.0, exactly `i16 / 32768` at the codec edges.
#![forbid(unsafe_code)]

pub mod arrival;
pub mod call_graphs;
pub mod codec;
pub mod comfort_noise;
pub mod conceal;
pub mod convert;
pub mod decode_node;
pub mod encode_node;
pub mod encoded;
pub mod fade;
pub mod finite;
pub mod g711;
pub mod g722;
pub mod gain;
pub mod jitter;
pub mod l16;
pub mod latency;
pub mod leg_graphs;
pub mod limit;
pub mod meter;
pub mod mix;
pub mod packet;
pub mod packetise;
pub mod player;
pub mod red;
pub mod relay;
pub mod resample;
pub mod spec;
pub mod state;
pub mod telephone_event;
pub mod units;
pub mod waited;
