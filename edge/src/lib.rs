//! talkpath's outside world: UDP, RTP and RTCP, SIP, HTTP status and metrics
#![deny(unsafe_code)]

pub mod http;
pub mod net;
#[allow(unsafe_code, reason = "the thin wrapper over epoll and recvmmsg; every block has its SAFETY note")]
mod sys;
pub mod calls;
pub mod limits;
pub mod sdp;
pub mod sip;
