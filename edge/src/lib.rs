//! talkpath's outside world: UDP, RTP and RTCP, SIP, HTTP status and metrics
#![deny(unsafe_code)]

mod advertised;
pub mod calls;
pub mod http;
pub mod limits;
pub mod net;
pub mod priority;
pub mod sdp;
pub mod sip;
#[allow(
    unsafe_code,
    reason = "the thin wrapper over epoll and recvmmsg; every block has its SAFETY note"
)]
mod sys;
pub mod utc;
