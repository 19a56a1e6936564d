//! Calls: what a caller asked for, and the state of each dialog.
//!
//! Control side, one task per call, which alone owns the call's state; it is reached by mail.
//! Nothing here knows a SIP stack ([`crate::sip::stack`]) or an engine ([`MediaHost`]): both are
//! traits, so the whole of it is tested with a fake on either end.
//!
//! ```text
//!   INVITE ─▶ switch ─▶ opening (limits, name, SDP, codec) ─▶ [ring] ─▶ media ─▶ 200
//!                │                                                              │
//!                └────────── mail: BYE, OPTIONS, INVITE, hang up ──▶ call ◀── ACK, media ends
//! ```

mod call;
mod chronicle;
mod clip;
mod convert;
mod desk;
mod destination;
mod host;
mod media;
mod opening;
mod record;
mod seat;
mod switch;

pub use clip::{ClipError, Clips};
pub use destination::{Destination, TONES};
pub use host::EngineHost;
pub use media::{
    Asked, CallLeg, MediaEnd, MediaFigures, MediaHost, MediaPort, MediaRefusal, MediaSession,
    WhenEnded,
};

pub(crate) use chronicle::{Chronicle, KEPT};
pub(crate) use desk::{Desk, Settings};
pub(crate) use record::CallLog;
pub(crate) use switch::{Core, run};
