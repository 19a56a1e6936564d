//! A call that is not answered yet, or not any more.

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::super::desk::{Desk, Mail};
use super::super::opening::Refusal;
use super::super::switch::no_dialog;
use crate::sip::message::{Method, Response};
use crate::sip::stack::InviteEvent;

/// Rings as long as is set, unless the caller gives up or we go down.
pub(super) async fn wait(
    desk: &Desk,
    events: &mut mpsc::UnboundedReceiver<InviteEvent>,
    mailbox: &mut mpsc::UnboundedReceiver<Mail>,
) -> Result<(), Refusal> {
    let answer_at = Instant::now() + desk.settings.ring;
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
                Some(mail) => too_late(desk, mail),
            },
        }
    }
}

/// Answers what was written to a call that is over.
pub(super) fn too_late(desk: &Desk, mail: Mail) {
    match mail {
        Mail::Request(request, transaction) if request.method == Method::Bye => {
            transaction.respond(Response::new(200));
        }
        Mail::Request(_, transaction) => no_dialog(desk, transaction.as_ref()),
        Mail::Reinvite(invite) => no_dialog(desk, invite.transaction.as_ref()),
        Mail::Media(_) | Mail::HangUp(_) => {}
    }
}
