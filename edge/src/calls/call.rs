//! One call: its state, and the task that owns it.
//!
//! ```text
//!              ┌──────────── CANCEL: 487 ───────────▶ over
//!   opening ─ ring ─ media ─ 200 ─▶ answered ─ ACK ─▶ confirmed ─ BYE of either ─▶ over
//!                                      └─ no ACK in 32 s: BYE ─▶ over
//! ```
//! A later INVITE of the dialog is answered in the same states; media changes before its 200.

mod inside;
mod ring;

use talkpath_engine::Priority;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::desk::{Desk, Mail};
use super::opening::Refusal;
use super::record::{CallRecord, EndedBy};
use super::seat::Seat;
use super::switch::Core;
use super::{Asked, MediaHost, opening};
use crate::limits::Permit;
use crate::sip::message::{ALLOW, Reason, Request, Response};
use crate::sip::stack::{Dialog, Invite, InviteEvent, ServerTransaction};

/// Serves a new INVITE and all that follows, then takes the call off the list.
pub(super) async fn serve<H: MediaHost>(
    core: Core<H>,
    invite: Invite,
    class: Priority,
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
        class,
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
            tracing::info!(source = %request.source, user = %request.user, %refusal, "call refused");
            refusal.counter(&desk.counters).add_one();
            transaction.respond(refusal.response());
        }
    }
    desk.strike(&id);
    // Whoever wrote meanwhile came too late.
    mailbox.close();
    while let Ok(mail) = mailbox.try_recv() {
        ring::too_late(&desk, mail);
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

impl End {
    /// As the record has it.
    fn told(&self) -> (EndedBy, Reason) {
        match self {
            Self::Theirs => (EndedBy::Caller, Reason::new(16, "hung up")),
            Self::Ours(reason) => (EndedBy::Server, reason.clone()),
        }
    }
}

/// Writes the record of a call, off the async threads. A disk that is full ends no call.
async fn file(desk: &Desk, record: CallRecord) {
    let log = desk.settings.call_log.clone();
    let written = tokio::task::spawn_blocking(move || log.write(&record)).await;
    if let Err(error) = written.map_err(std::io::Error::other).flatten() {
        desk.counters.call_records_unwritten.add_one();
        tracing::warn!(%error, "the record of a call was not written");
    }
}

impl<H: MediaHost> Call<H> {
    /// From INVITE to the answer ready to be sent.
    async fn open(
        core: Core<H>,
        request: &Request,
        class: Priority,
        transaction: &dyn ServerTransaction,
        events: &mut mpsc::UnboundedReceiver<InviteEvent>,
        mailbox: &mut mpsc::UnboundedReceiver<Mail>,
    ) -> Result<(Self, Response), Refusal> {
        let desk = core.desk.clone();
        let opening = opening::look(&desk, request, class)?;
        let id = &request.dialog;
        desk.note(id, |info| {
            info.destination = Some(opening.destination.clone())
        });
        if !desk.settings.ring.is_zero() {
            transaction.respond(Response::new(180));
            ring::wait(&desk, events, mailbox).await?;
        }
        let asked = Asked {
            to: opening.destination,
            class,
        };
        let (seat, sdp) = Seat::take(core.clone(), request, asked, opening.terms).await?;
        let call = Self {
            core,
            seat,
            unacked: None,
            sequence: request.cseq,
            _permit: opening.permit,
        };
        if matches!(events.try_recv(), Ok(InviteEvent::Cancelled)) {
            drop(call.seat.leave().await);
            return Err(Refusal::Cancelled);
        }
        Ok((call, Response::new(200).with("Allow", ALLOW).with_sdp(sdp)))
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
                event = inside::next(&mut self.unacked) => self.followed(event).await,
                mail = mailbox.recv() => self.read(mail, &mut dialog).await,
            };
            if let Some(end) = end {
                return (end, dialog);
            }
        }
    }

    /// Media first, then the record, then the farewell: a phone that is gone keeps nobody waiting in the room.
    async fn finish(self, end: End, dialog: Box<dyn Dialog>) {
        let Self {
            core,
            seat,
            _permit: permit,
            ..
        } = self;
        let (story, figures, page) = seat.leave().await;
        drop(permit);
        let (by, reason) = end.told();
        let record = story.over((figures, page.shedding()), by, &reason);
        page.close(&record);
        file(&core.desk, record).await;
        let End::Ours(reason) = end else { return };
        let counters = core.desk.counters.clone();
        counters.calls_ended_by_us.add_one();
        tracing::info!(call_id = %dialog.id().call_id, %reason, "call ended");
        if dialog.bye(reason).await.is_none() {
            counters.byes_unanswered.add_one();
        }
    }
}
