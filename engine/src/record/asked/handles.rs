//! The handle in a request: another engine that is asked the same gives other ones.

use super::Asked;

/// What a request is about, by the bits of its handle.
#[derive(Debug)]
pub(crate) enum Named<'a> {
    /// Nothing that is there already.
    Nothing,
    Room(&'a mut u64),
    Leg(&'a mut u64),
    Call(&'a mut u64),
}

impl Asked {
    /// What it is about.
    pub(crate) fn named(&mut self) -> Named<'_> {
        match self {
            Self::CreateRoom { .. } | Self::CreateCall { .. } | Self::Rebalance => Named::Nothing,
            Self::CloseRoom { room }
            | Self::JoinNetwork { room, .. }
            | Self::JoinTone { room, .. }
            | Self::JoinClip { room, .. }
            | Self::JoinPort { room, .. }
            | Self::JoinGraph { room, .. } => Named::Room(room),
            Self::Change { leg, .. }
            | Self::Swap { leg, .. }
            | Self::Gain { leg, .. }
            | Self::Mute { leg, .. }
            | Self::Direction { leg, .. }
            | Self::Ssrc { leg, .. }
            | Self::Keys { leg, .. }
            | Self::Priority { leg, .. }
            | Self::Leave { leg, .. }
            | Self::Move { leg, .. } => Named::Leg(leg),
            Self::ChangeCall { call, .. }
            | Self::CallDirection { call, .. }
            | Self::CallSsrc { call, .. }
            | Self::CallKeys { call, .. }
            | Self::CallPriority { call, .. }
            | Self::MoveCall { call, .. }
            | Self::HangUp { call } => Named::Call(call),
        }
    }
}
