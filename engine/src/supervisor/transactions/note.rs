//! What is remembered of a command until the worker has answered, and how much of the way back it may need.
//!
//! Owned by the supervisor's thread.

use crate::proto::{CallId, Command, LegId};

/// What is remembered of a command until the worker has answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Note {
    /// A leg joins.
    Join(LegId),
    /// A leg leaves; its ack and its body come a frame later.
    Leave(LegId),
    /// A leg gets another plan; the ack and what went come when it has it.
    Swap(LegId),
    /// A leg comes from another worker; its ack and its berth come when it is there.
    Await(LegId),
    /// A leg goes to another worker, if there is room on the way.
    Send(LegId),
    /// A call likewise.
    SendCall(CallId),
    /// A call begins.
    Call(CallId),
    /// A call gets another plan; the old body comes back.
    ReplaceCall,
    /// Something else is added: comes back only when it was refused.
    Add,
    /// Something else is removed: comes back.
    Remove,
    /// The ring with a neighbour that is lost is exchanged; the old one comes back.
    Peer { worker: u8, epoch: u16 },
    /// A value is lent, and comes back.
    Lend,
    /// A value is set.
    Set,
}

impl Note {
    pub(super) fn of(command: &Command) -> Self {
        match *command {
            Command::AddLeg { leg, .. } => Self::Join(leg),
            Command::RemoveLeg { leg } => Self::Leave(leg),
            Command::SwapLeg { leg, .. } => Self::Swap(leg),
            Command::AddCall { call, .. } => Self::Call(call),
            Command::ReplaceCall { .. } => Self::ReplaceCall,
            Command::AddPlan { .. } | Command::AddRoom { .. } | Command::AddBus { .. } => Self::Add,
            Command::DropPlan { .. }
            | Command::RemoveRoom { .. }
            | Command::RemoveBus { .. }
            | Command::RemoveCall { .. } => Self::Remove,
            Command::AwaitLeg { leg, .. } => Self::Await(leg),
            // A leg that moves to other slots comes back only when its handle went stale: never.
            Command::MoveLeg { .. } => Self::Add,
            Command::SetPeer { ref value } => Self::Peer {
                worker: value.index,
                epoch: value.epoch,
            },
            Command::SendKeys { .. } => Self::Lend,
            Command::SetGain { .. }
            | Command::SetDirection { .. }
            | Command::SetSsrc { .. }
            | Command::SetPriority { .. }
            | Command::SetFlows { .. }
            | Command::SetPeers { .. }
            | Command::DropBerth { .. } => Self::Set,
            Command::SendLeg { leg, .. } => Self::Send(leg),
            Command::SendCall { call, .. } => Self::SendCall(call),
        }
    }

    /// Boxes that come back at most.
    pub(super) fn garbage_at_most(self) -> usize {
        let none = matches!(self, Self::Set | Self::Send(_) | Self::SendCall(_));
        usize::from(!none)
    }

    /// Whether an ack of its own follows that of its transaction.
    pub(super) fn is_answered_later(self) -> bool {
        matches!(self, Self::Leave(_) | Self::Await(_) | Self::Swap(_))
    }

    /// Boxes that come back, now that the command's fate is known.
    pub(super) fn garbage(self, failed: bool) -> usize {
        let comes_back = match self {
            Self::Join(_) | Self::Call(_) | Self::Add => failed,
            Self::Leave(_) | Self::Remove => !failed,
            Self::Swap(_) | Self::ReplaceCall | Self::Await(_) | Self::Peer { .. } | Self::Lend => {
                true
            }
            Self::Set | Self::Send(_) | Self::SendCall(_) => false,
        };
        usize::from(comes_back)
    }
}
