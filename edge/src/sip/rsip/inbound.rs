//! Transactions of the stack, turned into [`Inbound`] and answered.
//!
//! One task per transaction polls it until it is over: that is what makes the stack retransmit.
//! Responses go through the transaction's own queue, so nothing is ever lost between two awaits.

mod answers;
mod read;

use std::net::SocketAddr;

use rsipstack::sip::{HeadersExt, Method as StackMethod, Request as StackRequest, SipMessage};
use rsipstack::transaction::TransactionReceiver;
use rsipstack::transaction::make_tag;
use rsipstack::transaction::transaction::Transaction;
use rsipstack::transport::SipConnection;
use tokio::sync::mpsc;

use super::super::message::{Method, Request, Transport};
use super::super::stack::{Inbound, Invite, InviteEvent};
use super::Names;
use super::dialog::RsipDialog;
use super::sockets::canonical;
use answers::{Answers, contact};
use read::read;

/// Hands every transaction over to calls until the stack is gone.
pub(super) async fn receive(
    mut transactions: TransactionReceiver,
    names: Names,
    inbound: mpsc::UnboundedSender<Inbound>,
) {
    while let Some(transaction) = transactions.recv().await {
        let Some(arrived) = Arrived::new(&transaction, names) else {
            tracing::debug!(key = %transaction.key, "request without a source dropped");
            continue;
        };
        if inbound.send(arrived.begin(transaction)).is_err() {
            return;
        }
    }
}

/// What is read from a request before its transaction runs.
struct Arrived {
    request: Request,
    /// The request as it came, with our tag in `To`.
    original: StackRequest,
    ours: SocketAddr,
    connection: SipConnection,
}

impl Arrived {
    fn new(transaction: &Transaction, names: Names) -> Option<Self> {
        let connection = transaction.connection.clone()?;
        let source = canonical(connection.get_remote_addr()?.get_socketaddr().ok()?);
        let transport = match connection {
            SipConnection::Udp(_) => Transport::Udp,
            _ => Transport::Tcp,
        };
        let mut original = transaction.original.clone();
        let theirs = original.to_header().ok()?.tag().ok()?;
        let in_dialog = theirs.is_some();
        let local = theirs.unwrap_or_else(make_tag).value().to_owned();
        if !in_dialog {
            let to = original.to_header_mut().ok()?;
            let tagged = format!("{};tag={local}", to.value());
            to.replace(tagged);
        }
        let request = read(&original, local, in_dialog, source, transport)?;
        Some(Self {
            request,
            original,
            ours: names.towards(source),
            connection,
        })
    }

    fn begin(self, transaction: Transaction) -> Inbound {
        let answers = Box::new(Answers {
            endpoint: transaction.endpoint_inner.clone(),
            contact: contact(self.ours, self.request.transport),
            original: self.original.clone(),
            queue: transaction.tu_sender.clone(),
        });
        if self.request.method != Method::Invite {
            tokio::spawn(run(transaction, None));
            return Inbound::Request(self.request, answers);
        }
        let dialog = Box::new(RsipDialog::new(
            transaction.endpoint_inner.clone(),
            self.connection,
            self.ours,
            &self.request,
            &self.original,
        ));
        let (sender, events) = mpsc::unbounded_channel();
        tokio::spawn(run(transaction, Some(sender)));
        Inbound::Invite(Invite {
            request: self.request,
            transaction: answers,
            events,
            dialog,
        })
    }
}

/// Polls one transaction until it is over, and tells what follows an INVITE.
async fn run(mut transaction: Transaction, events: Option<mpsc::UnboundedSender<InviteEvent>>) {
    let tell = |event| {
        if let Some(events) = &events {
            // The call may have ended meanwhile: then nobody is left to tell.
            drop(events.send(event));
        }
    };
    while let Some(message) = transaction.receive().await {
        let SipMessage::Request(request) = message else {
            continue;
        };
        match request.method {
            StackMethod::Ack => tell(InviteEvent::Ack(request.body)),
            StackMethod::Cancel => tell(InviteEvent::Cancelled),
            _ => {}
        }
    }
    tell(InviteEvent::Ended);
}
