//! The network side over real loopback sockets. One binary: it links once.

mod cost;
mod live;
mod packets;
mod rig;
