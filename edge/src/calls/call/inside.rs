//! What happens inside the dialog of a call: ACK, later INVITEs, other requests, the end of media.

use super::super::MediaHost;
use super::super::desk::Mail;
use super::super::media::MediaEnd;
use super::super::opening::Refusal;
use super::super::switch::{no_method, options};
use super::{Call, End, Unacked};
use crate::sip::message::{ALLOW, Method, PREEMPTION, Reason, Request, Response};
use crate::sip::stack::{Dialog, Invite, InviteEvent, ServerTransaction};

impl<H: MediaHost> Call<H> {
    /// What followed our 200.
    pub(super) async fn followed(&mut self, event: Option<InviteEvent>) -> Option<End> {
        let desk = &self.core.desk;
        match event {
            Some(InviteEvent::Ack(body)) => {
                self.unacked = None;
                if !self.seat.is_confirmed() {
                    desk.counters.calls_confirmed.add_one();
                }
                let reason = |refusal: Refusal| {
                    refusal.counter(&self.core.desk.counters).add_one();
                    Reason::new(65, refusal.to_string())
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

    pub(super) async fn read(
        &mut self,
        mail: Option<Mail>,
        dialog: &mut Box<dyn Dialog>,
    ) -> Option<End> {
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
                transaction.respond(Response::new(200).with("Allow", ALLOW).with_sdp(sdp));
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
            MediaEnd::Displaced => Reason::new(PREEMPTION, "an emergency call needed the room"),
            MediaEnd::Gone => Reason::new(41, "the media ended"),
        }
    }
}

/// The next event after our 200, `None` when the ACK is overdue; never, if none is awaited.
pub(super) async fn next(unacked: &mut Option<Unacked>) -> Option<InviteEvent> {
    match unacked {
        Some(unacked) => tokio::time::timeout_at(unacked.deadline, unacked.events.recv())
            .await
            .ok()
            .flatten(),
        None => std::future::pending().await,
    }
}
