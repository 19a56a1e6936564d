//! One call: its state, and the task that owns it.
//!
//! ```text
//!              ┌──────────── CANCEL: 487 ───────────▶ over
//!   opening ─ ring ─ media ─ 200 ─▶ answered ─ ACK ─▶ confirmed ─ BYE of either ─▶ over
//!                                      └─ no ACK in 32 s: BYE ─▶ over
//! ```
//! A later INVITE of the dialog is answered in the same states; media changes before its 200.

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::desk::Mail;
use super::media::MediaEnd;
use super::opening::Refusal;
use super::seat::Seat;
use super::switch::{Core, no_method, options};
use super::{MediaHost, opening};
use crate::limits::Permit;
use crate::sip::message::{Method, Reason, Request, Response};
use crate::sip::stack::{Dialog, Invite, InviteEvent, ServerTransaction};

/// Serves a new INVITE and all that follows, then takes the call off the list.
pub(super) async fn serve<H: MediaHost>(
    core: Core<H>,
    invite: Invite,
    mut mailbox: mpsc::UnboundedReceiver<Mail>,
) {
    let id = invite.dialog.id().clone();
    let desk = core.desk.clone();
    let Invite {
        request,
        transaction,
        mut events,
        dialog,
    } = invite;
    match Call::open(
        core,
        &request,
        transaction.as_ref(),
        &mut events,
        &mut mailbox,
    )
    .await
    {
        Ok((mut call, answer)) => {
            desk.counters.calls_answered.add_one();
            transaction.respond(answer);
            call.await_ack(events);
            let (end, dialog) = call.live(dialog, &mut mailbox).await;
            call.finish(end, dialog).await;
        }
        Err(refusal) => {
            tracing::info!(source = %request.source, user = %request.user, ?refusal, "call refused");
            refusal.counter(&desk.counters).add_one();
            transaction.respond(refusal.response());
        }
    }
    desk.strike(&id);
    // Whoever wrote meanwhile came too late.
    mailbox.close();
    while let Ok(mail) = mailbox.try_recv() {
        too_late(mail);
    }
}

/// A call that was answered.
struct Call<H: MediaHost> {
    core: Core<H>,
    seat: Seat<H>,
    /// The 200 whose ACK is awaited.
    unacked: Option<Unacked>,
    /// Number of their last request.
    sequence: u32,
    _permit: Permit,
}

/// A 200 without its ACK.
struct Unacked {
    events: mpsc::UnboundedReceiver<InviteEvent>,
    deadline: Instant,
}

/// How a call ended.
enum End {
    /// By their BYE, answered already.
    Theirs,
    /// By ours, to be sent.
    Ours(Reason),
}

impl<H: MediaHost> Call<H> {
    /// From INVITE to the answer ready to be sent.
    async fn open(
        core: Core<H>,
        request: &Request,
        transaction: &dyn ServerTransaction,
        events: &mut mpsc::UnboundedReceiver<InviteEvent>,
        mailbox: &mut mpsc::UnboundedReceiver<Mail>,
    ) -> Result<(Self, Response), Refusal> {
        let desk = core.desk.clone();
        let opening = opening::look(&desk, request)?;
        let id = &request.dialog;
        desk.note(id, |info| {
            info.destination = Some(opening.destination.clone())
        });
        if !desk.settings.ring.is_zero() {
            transaction.respond(Response::new(180));
            ring(desk.settings.ring, events, mailbox).await?;
        }
        let (seat, sdp) =
            Seat::take(core.clone(), request, opening.destination, opening.terms).await?;
        let call = Self {
            core,
            seat,
            unacked: None,
            sequence: request.cseq,
            _permit: opening.permit,
        };
        if matches!(events.try_recv(), Ok(InviteEvent::Cancelled)) {
            call.seat.leave().await;
            return Err(Refusal::Cancelled);
        }
        Ok((
            call,
            Response::new(200)
                .with("Allow", crate::sip::message::ALLOW)
                .with_sdp(sdp),
        ))
    }

    fn await_ack(&mut self, events: mpsc::UnboundedReceiver<InviteEvent>) {
        let deadline = Instant::now() + self.core.desk.settings.ack;
        self.unacked = Some(Unacked { events, deadline });
    }

    /// Lives until somebody ends it.
    async fn live(
        &mut self,
        mut dialog: Box<dyn Dialog>,
        mailbox: &mut mpsc::UnboundedReceiver<Mail>,
    ) -> (End, Box<dyn Dialog>) {
        loop {
            let end = tokio::select! {
                event = followed(&mut self.unacked) => self.followed(event).await,
                mail = mailbox.recv() => self.read(mail, &mut dialog).await,
            };
            if let Some(end) = end {
                return (end, dialog);
            }
        }
    }

    /// What followed our 200.
    async fn followed(&mut self, event: Option<InviteEvent>) -> Option<End> {
        let desk = &self.core.desk;
        match event {
            Some(InviteEvent::Ack(body)) => {
                self.unacked = None;
                if !self.seat.is_confirmed() {
                    desk.counters.calls_confirmed.add_one();
                }
                let reason = |refusal: Refusal| {
                    refusal.counter(&self.core.desk.counters).add_one();
                    Reason::new(65, format!("{refusal:?}"))
                };
                self.seat
                    .acknowledged(&body)
                    .await
                    .err()
                    .map(reason)
                    .map(End::Ours)
            }
            // Too late: the 200 is out (RFC 3261, section 9.2).
            Some(InviteEvent::Cancelled) => None,
            Some(InviteEvent::Ended) | None => {
                self.unacked = None;
                desk.counters.calls_without_ack.add_one();
                Some(End::Ours(Reason::new(102, "no ACK")))
            }
        }
    }

    async fn read(&mut self, mail: Option<Mail>, dialog: &mut Box<dyn Dialog>) -> Option<End> {
        match mail {
            Some(Mail::Request(request, transaction)) => {
                self.request(&request, transaction.as_ref())
            }
            Some(Mail::Reinvite(invite)) => {
                self.reinvite(*invite, dialog).await;
                None
            }
            Some(Mail::Media(end)) => Some(End::Ours(self.over(end))),
            Some(Mail::HangUp(reason)) => Some(End::Ours(reason)),
            None => Some(End::Ours(Reason::new(41, "forgotten"))),
        }
    }

    fn request(&mut self, request: &Request, transaction: &dyn ServerTransaction) -> Option<End> {
        if !self.in_order(request, transaction) {
            return None;
        }
        let desk = &self.core.desk;
        match request.method {
            Method::Bye => {
                desk.counters.calls_ended_by_caller.add_one();
                transaction.respond(Response::new(200));
                return Some(End::Theirs);
            }
            Method::Options => options(desk, transaction),
            Method::Invite | Method::Other => no_method(desk, transaction),
        }
        None
    }

    /// Requests of a dialog are numbered upwards (RFC 3261, section 12.2.2).
    fn in_order(&mut self, request: &Request, transaction: &dyn ServerTransaction) -> bool {
        let in_order = request.cseq > self.sequence;
        if in_order {
            self.sequence = request.cseq;
        } else {
            self.core.desk.counters.refused_out_of_order.add_one();
            transaction.respond(Response::refusal(500, "out of order"));
        }
        in_order
    }

    /// An INVITE of the dialog: hold, resume, another codec, or only a sign of life.
    async fn reinvite(&mut self, invite: Invite, dialog: &mut Box<dyn Dialog>) {
        let Invite {
            request,
            transaction,
            events,
            dialog: newer,
        } = invite;
        if !self.in_order(&request, transaction.as_ref()) {
            return;
        }
        let desk = self.core.desk.clone();
        if self.unacked.is_some() {
            desk.counters.reinvites_refused.add_one();
            transaction.respond(Response::refusal(
                491,
                "the ACK of the last INVITE is not here yet",
            ));
            return;
        }
        match self.seat.change(&request).await {
            Ok(sdp) => {
                desk.counters.reinvites.add_one();
                dialog.retarget(newer);
                transaction.respond(
                    Response::new(200)
                        .with("Allow", crate::sip::message::ALLOW)
                        .with_sdp(sdp),
                );
                self.await_ack(events);
            }
            Err(refusal) => {
                desk.counters.reinvites_refused.add_one();
                transaction.respond(refusal.response());
            }
        }
    }

    fn over(&self, end: MediaEnd) -> Reason {
        match end {
            MediaEnd::Timeout => {
                self.core.desk.counters.calls_media_timeout.add_one();
                Reason::new(102, "no media")
            }
            MediaEnd::Finished => Reason::new(16, "played to the end"),
            MediaEnd::RoomClosed => Reason::new(16, "the room was closed"),
            MediaEnd::Gone => Reason::new(41, "the media ended"),
        }
    }

    /// Media first, then the farewell: a phone that is gone keeps nobody waiting in the room.
    async fn finish(self, end: End, dialog: Box<dyn Dialog>) {
        let Self {
            core,
            seat,
            _permit: permit,
            ..
        } = self;
        seat.leave().await;
        drop(permit);
        let End::Ours(reason) = end else { return };
        let counters = core.desk.counters.clone();
        counters.calls_ended_by_us.add_one();
        tracing::info!(call_id = %dialog.id().call_id, %reason, "call ended");
        if dialog.bye(reason).await.is_none() {
            counters.byes_unanswered.add_one();
        }
    }
}

/// The next event after our 200, `None` when the ACK is overdue; never, if none is awaited.
async fn followed(unacked: &mut Option<Unacked>) -> Option<InviteEvent> {
    match unacked {
        Some(unacked) => tokio::time::timeout_at(unacked.deadline, unacked.events.recv())
            .await
            .ok()
            .flatten(),
        None => std::future::pending().await,
    }
}

/// Waits for `span` unless the caller gives up or we go down.
async fn ring(
    span: std::time::Duration,
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

fn too_late(mail: Mail) {
    match mail {
        Mail::Request(request, transaction) if request.method == Method::Bye => {
            transaction.respond(Response::new(200));
        }
        Mail::Request(_, transaction) => transaction.respond(Response::new(481)),
        Mail::Reinvite(invite) => invite.transaction.respond(Response::new(481)),
        Mail::Media(_) | Mail::HangUp(_) => {}
    }
}
