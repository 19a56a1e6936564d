//! What calls need of a SIP stack, so that the stack can be exchanged.
//!
//! The stack owns sockets, parsing, transactions, retransmissions and the headers of dialogs.
//! It hands over requests ([`Inbound`]) and takes responses and BYEs. Nothing here waits except
//! the future of a BYE.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;

use tokio::sync::mpsc;

use super::message::{DialogId, Reason, Request, Response};

/// A boxed future.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A running stack.
pub trait SipStack: Send + Sync + 'static {
    /// Transactions not yet done with.
    fn transactions(&self) -> usize;
    /// Stops listening and forgets every transaction. What was answered stays answered.
    fn close(&self);
}

/// One request that needs an answer. Retransmissions of it never arrive here.
pub enum Inbound {
    /// INVITE, first or in a dialog.
    Invite(Invite),
    /// Any other request but ACK and CANCEL, which belong to an INVITE.
    Request(Request, Box<dyn ServerTransaction>),
}

/// Answers one request.
pub trait ServerTransaction: Send + Sync {
    /// Sends a response; what it retransmits and how often is the stack's business.
    fn respond(&self, response: Response);
}

/// An INVITE with all that follows it.
pub struct Invite {
    /// The request.
    pub request: Request,
    /// Answers it.
    pub transaction: Box<dyn ServerTransaction>,
    /// What comes after it.
    pub events: mpsc::UnboundedReceiver<InviteEvent>,
    /// The dialog a 2xx makes. For an INVITE in a dialog: the same with the new target.
    pub dialog: Box<dyn Dialog>,
}

/// What can follow an INVITE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InviteEvent {
    /// ACK of our final response, with its body.
    Ack(Vec<u8>),
    /// CANCEL before our final response; the INVITE still wants its 487.
    Cancelled,
    /// The transaction is over; no ACK came if none was reported.
    Ended,
}

/// Our end of a dialog.
pub trait Dialog: Send {
    /// Call-ID and tags.
    fn id(&self) -> &DialogId;
    /// Sends BYE and waits for its answer, at most for the transaction's time.
    ///
    /// Gives the status of the answer, `None` if there was none.
    fn bye(self: Box<Self>, reason: Reason) -> BoxFuture<Option<u16>>;
    /// Takes over the target and the way there of a later INVITE of this dialog. A dialog of
    /// another stack is ignored.
    fn retarget(&mut self, newer: Box<dyn Dialog>);
    /// The thing itself, for a stack to know its own.
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
}
