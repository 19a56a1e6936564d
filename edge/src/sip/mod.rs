//! SIP: the stack behind a small trait, and the server that ties it to calls.
//!
//! Control side: tokio tasks on the runtime the server is started in. RFC 3261 (SIP), RFC 3264
//! (offer and answer), RFC 3326 (`Reason`), RFC 6026 (INVITE transactions).
//!
//! | file | what it is |
//! |---|---|
//! | [`message`] | requests, responses and reasons in our own words |
//! | [`stack`] | what calls need of a SIP stack: the trait to exchange it by |
//! | `rsip` | the stack in use, `rsipstack`, and the sockets in front of it |
//! | [`counters`] | every refusal has a name |
//! | `server` | start, status, drain |

pub mod counters;
pub mod message;
mod rsip;
mod server;
pub mod stack;

pub use counters::Counters;
pub use rsip::RsipStack;
pub use server::{CallStatus, SipConfig, SipError, SipServer, SipStatus};
