//! A call that is not answered yet, or not any more.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::super::desk::Mail;
use super::super::opening::Refusal;
use crate::sip::message::{Method, Response};
use crate::sip::stack::InviteEvent;

/// Waits for `span` unless the caller gives up or we go down.
pub(super) async fn wait(
    span: Duration,
    events: &mut mpsc::UnboundedReceiver<InviteEvent>,
    mailbox: &mut mpsc::UnboundedReceiver<Mail>,
) -> Result<(), Refusal> {
    let answer_at = Instant::now() + span;
    loop {
        tokio::select! {
            () = tokio::time::sleep_until(answer_at) => return Ok(()),
            event = events.recv() => match event {
                Some(InviteEvent::Ack(_)) => {}
                Some(InviteEvent::Cancelled | InviteEvent::Ended) | None => return Err(Refusal::Cancelled),
            },
            mail = mailbox.recv() => match mail {
                Some(Mail::HangUp(_)) | None => return Err(Refusal::Draining),
                Some(Mail::Request(request, transaction)) if request.method == Method::Bye => {
                    transaction.respond(Response::new(200));
                    return Err(Refusal::Cancelled);
                }
                Some(mail) => too_late(mail),
            },
        }
    }
}

/// Answers what was written to a call that is over.
pub(super) fn too_late(mail: Mail) {
    match mail {
        Mail::Request(request, transaction) if request.method == Method::Bye => {
            transaction.respond(Response::new(200));
        }
        Mail::Request(_, transaction) => transaction.respond(Response::new(481)),
        Mail::Reinvite(invite) => invite.transaction.respond(Response::new(481)),
        Mail::Media(_) | Mail::HangUp(_) => {}
    }
}
