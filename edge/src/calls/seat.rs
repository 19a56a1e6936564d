//! The media of one call, and what was said about it.
//!
//! A seat is taken in one of two ways: the INVITE brought an offer, then the leg is there before
//! the 200 goes out; or it brought none, then the 200 makes our offer on an open port and the leg
//! joins when the ACK brings the answer.

use std::net::SocketAddr;

use talkpath_engine::negotiate::{AudioAnswer, AudioOffer};

use super::chronicle::Page;
use super::desk::Mail;
use super::media::MediaPort;
use super::opening::{self, Agreed, Refusal, Terms};
use super::record::Story;
use super::switch::Core;
use super::{Asked, CallLeg, MediaFigures, MediaHost, MediaRefusal, WhenEnded};
use crate::sdp::{Description, Place};
use crate::sip::message::{DialogId, Request};

/// The media of a call.
pub(super) struct Seat<H: MediaHost> {
    core: Core<H>,
    id: DialogId,
    source: SocketAddr,
    asked: Asked,
    description: Description,
    place: Place,
    media: Media<H>,
    /// Our last offer, while its answer is still to come.
    offered: Option<AudioOffer>,
    /// What was agreed on last.
    agreed: Option<AudioAnswer>,
    confirmed: bool,
    story: Story,
    page: Page,
}

enum Media<H: MediaHost> {
    /// A port, waiting for the answer to our offer.
    Open(H::Port),
    /// In the room.
    Joined(CallLeg),
    /// Neither, for good.
    None,
}

impl<H: MediaHost> Seat<H> {
    /// Takes a seat; gives the description for the 200 with it.
    pub async fn take(
        core: Core<H>,
        request: &Request,
        asked: Asked,
        terms: Terms,
    ) -> Result<(Self, Vec<u8>), Refusal> {
        let host = core.host.clone();
        let wanted = asked.clone();
        let port = off(move || host.open(&wanted)).await?;
        let place = port.place(request.source);
        let story = Story::new(&request.dialog.call_id, request.source, &asked.to);
        let chronicle = &core.desk.settings.chronicle;
        let page = chronicle.open(&request.dialog.call_id, request.source, &asked);
        let mut seat = Self {
            core,
            id: request.dialog.clone(),
            source: request.source,
            asked,
            description: Description::new(rand::random()),
            place,
            media: Media::Open(port),
            offered: None,
            agreed: None,
            confirmed: false,
            story,
            page,
        };
        let sdp = match terms {
            Terms::Ours => seat.offer(),
            Terms::Theirs(agreed) => {
                seat.settle(&agreed).await?;
                seat.description
                    .answer(&agreed.remote, &agreed.answer, place)
            }
        };
        Ok((seat, sdp))
    }

    /// True once an ACK has come.
    pub fn is_confirmed(&self) -> bool {
        self.confirmed
    }

    /// Takes an ACK, with the answer to our offer if we made one.
    pub async fn acknowledged(&mut self, body: &[u8]) -> Result<(), Refusal> {
        self.confirmed = true;
        self.core.desk.note(&self.id, |info| info.confirmed = true);
        self.page.confirmed();
        if let Some(ours) = self.offered.take() {
            let agreed = opening::answered(&self.core.desk, &ours, body)?;
            self.settle(&agreed).await?;
        }
        Ok(())
    }

    /// Serves a later INVITE; gives the description for its 200. On an error nothing changed.
    pub async fn change(&mut self, request: &Request) -> Result<Vec<u8>, Refusal> {
        match opening::terms(&self.core.desk, request)? {
            Terms::Ours => Ok(self.offer()),
            Terms::Theirs(agreed) => {
                self.settle(&agreed).await?;
                Ok(self
                    .description
                    .answer(&agreed.remote, &agreed.answer, self.place))
            }
        }
    }

    /// Gives the seat up; what there is to tell of it.
    pub async fn leave(mut self) -> (Story, MediaFigures, Page) {
        let mut figures = MediaFigures::default();
        if let Media::Joined(leg) = std::mem::replace(&mut self.media, Media::None) {
            let host = self.core.host.clone();
            match off(move || Ok(host.leave(leg))).await {
                Ok(last) => figures = last,
                Err(refusal) => tracing::warn!(%refusal, "leaving the room failed"),
            }
        }
        (self.story, figures, self.page)
    }

    fn offer(&mut self) -> Vec<u8> {
        let settings = &self.core.desk.settings;
        let (capabilities, frame) = (&settings.capabilities, settings.frame);
        let offer = match &self.agreed {
            Some(agreed) => capabilities.offer_again(frame, agreed),
            None => capabilities.offer(frame),
        };
        let text = self.description.offer(&offer, self.place);
        self.offered = Some(offer);
        text
    }

    /// Joins with what was agreed on, or changes the leg there is.
    async fn settle(&mut self, agreed: &Agreed) -> Result<(), Refusal> {
        let session = agreed.session();
        if !session.remote_rtp.ip().is_unspecified()
            && session.remote_rtp.is_ipv4() != self.place.rtp.is_ipv4()
        {
            let why = format!(
                "media at {} cannot be reached from {}",
                session.remote_rtp.ip(),
                self.place.rtp.ip()
            );
            return Err(Refusal::Media(MediaRefusal::NotHere(why)));
        }
        let (host, noted) = (self.core.host.clone(), session.clone());
        let leg = match std::mem::replace(&mut self.media, Media::None) {
            Media::Open(port) => {
                let (asked, ended) = (self.asked.clone(), self.when_ended());
                off(move || host.join(port, &asked, &session, ended)).await?
            }
            Media::Joined(leg) => {
                self.media = Media::Joined(leg);
                off(move || host.update(leg, &session)).await?;
                leg
            }
            Media::None => {
                let gone = MediaRefusal::Failed("the media of this call is gone".to_owned());
                return Err(Refusal::Media(gone));
            }
        };
        self.media = Media::Joined(leg);
        self.story.agreed(noted.answer.codec.to_string());
        self.page.agreed(leg, &noted.answer);
        self.core.desk.note(&self.id, |info| {
            info.leg = Some(leg);
            info.codec = Some(noted.answer.codec.to_string());
            info.held = !noted.answer.direction.send;
        });
        let changed = self.agreed.map(|before| noted.answer.since(&before));
        let changed = changed.map(|changed| changed.to_string());
        self.agreed = Some(noted.answer);
        tracing::debug!(source = %self.source, to = %self.asked.to, ?noted, changed, "media agreed");
        Ok(())
    }

    fn when_ended(&self) -> WhenEnded {
        let mailbox = self.core.desk.mailbox(&self.id);
        Box::new(move |end| {
            if let Some(mailbox) = &mailbox {
                // A call that is over reads no more mail.
                drop(mailbox.send(Mail::Media(end)));
            }
        })
    }
}

/// Runs what may block for a moment off the async threads.
async fn off<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, MediaRefusal> + Send + 'static,
) -> Result<T, Refusal> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(Refusal::Media),
        Err(failed) => Err(Refusal::Media(MediaRefusal::Failed(failed.to_string()))),
    }
}
