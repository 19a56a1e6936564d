//! RTCP (RFC 3550 6): reading, interval, and what is reported. Sans-I/O: time and datagrams are arguments.

mod compose;
mod describe;
mod interval;
mod read;
mod reports;

pub use read::{BadRtcp, Item, read};
pub(crate) use reports::Reports;
pub use rtcp_types::ReportBlock;
/// Room for any compound this side builds, octets.
pub(crate) const MAX_COMPOUND: usize = 512;
