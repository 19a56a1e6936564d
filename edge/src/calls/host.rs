//! The media side as it is: rooms and legs of the engine, ports of the network side.
//!
//! Called from blocking threads. What it knows of a call is kept in one book ([`book`]) behind a
//! lock that is held for map operations and, when a shared room is entered or left, for its
//! creation or end, so that two callers never create one room twice and none enters a room that
//! is just ending ([`rooms`]). A watching thread tells calls when their media is over. What the
//! engine or the shard is too busy for is tried again for a while ([`patience`]).

mod book;
mod figures;
mod legs;
mod patience;
mod rooms;
mod watch;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use talkpath_engine::{Direction, Engine, EventClass, EventFilter, Priority};
use talkpath_graph::FrameTime;

use super::chronicle::Chronicle;
use super::{
    Asked, CallLeg, Clips, Destination, MediaFigures, MediaHost, MediaPort, MediaRefusal,
    MediaSession, WhenEnded,
};
use crate::net::{Net, PortLease};
use crate::sdp::Place;
use book::{Book, Held, Terms};
use figures::Farewells;
use patience::{no_port, refused, unplayable};
use watch::Watch;

/// [`MediaHost`] over [`Engine`] and [`Net`].
pub struct EngineHost {
    engine: Engine,
    net: Net,
    clips: Clips,
    frame: FrameTime,
    /// Part of each leg's canonical name, new with every start.
    random: u64,
    book: Arc<Mutex<Book>>,
    chronicle: Chronicle,
    _watch: Watch,
}

impl MediaPort for PortLease {
    fn place(&self, peer: SocketAddr) -> Place {
        let rtp = self.local_rtp_for(peer.ip());
        Place {
            rtp,
            rtcp: SocketAddr::new(rtp.ip(), self.local_rtcp().port()),
        }
    }
}

impl EngineHost {
    /// A host whose rooms have frames of `frame`.
    ///
    /// # Errors
    /// The engine has stopped, or a watching thread cannot be started.
    pub fn new(
        engine: Engine,
        net: Net,
        clips: Clips,
        frame: FrameTime,
    ) -> Result<Self, MediaRefusal> {
        let book = Arc::new(Mutex::new(Book::default()));
        // Who talks is nobody's business here.
        let classes = [
            EventClass::Notice,
            EventClass::Warning,
            EventClass::Critical,
        ];
        let filter = EventFilter::default().of_classes(classes);
        let events = engine.subscribe_with(filter).map_err(refused)?;
        let chronicle = Chronicle::default();
        let watch = Watch::start(events, net.clone(), book.clone(), chronicle.clone())
            .map_err(|error| MediaRefusal::Failed(error.to_string()))?;
        Ok(Self {
            engine,
            net,
            clips,
            frame,
            random: rand::random(),
            book,
            chronicle,
            _watch: watch,
        })
    }

    /// Where what happens to legs is written down.
    pub(crate) fn chronicle(&self) -> Chronicle {
        self.chronicle.clone()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MediaHost for EngineHost {
    type Port = PortLease;

    fn open(&self, asked: &Asked) -> Result<PortLease, MediaRefusal> {
        if let Destination::Play(name) = &asked.to {
            self.clips.find(name).map_err(unplayable)?;
        }
        // Who is displaced for it has a port of its own until then.
        let opened = match asked.class {
            Priority::Emergency => self.net.open_spare(),
            _ => self.net.open(),
        };
        opened.map_err(no_port)
    }

    fn join(
        &self,
        port: PortLease,
        asked: &Asked,
        session: &MediaSession,
        ended: WhenEnded,
    ) -> Result<CallLeg, MediaRefusal> {
        let config = legs::stream(&asked.to, session);
        let (leg, room, home) = self.enter(asked, config)?;
        let call = CallLeg(leg.id().to_bits());
        // In the book before anything more, so that no event of the leg is missed.
        let held = Held {
            leg: leg.clone(),
            player: None,
            home,
            terms: Terms {
                config,
                direction: Direction::BOTH,
            },
            ended: Arc::from(ended),
            lost: None,
            farewells: Farewells {
                engine: leg.farewell().ok(),
                net: None,
            },
        };
        self.book().hold(call, held);
        match self.seat(port, &leg, &room, asked, session) {
            Ok(()) => Ok(call),
            Err(refusal) => {
                self.leave(call);
                Err(refusal)
            }
        }
    }

    fn update(&self, leg: CallLeg, session: &MediaSession) -> Result<(), MediaRefusal> {
        self.amend(leg, session)
    }

    fn figures(&self, leg: CallLeg) -> MediaFigures {
        self.known_of(leg)
            .map(|known| known.figures())
            .unwrap_or_default()
    }

    fn leave(&self, leg: CallLeg) -> MediaFigures {
        let known = self.known_of(leg);
        let held = self.book().let_go(leg);
        let Some((known, held)) = known.zip(held) else {
            return MediaFigures::default();
        };
        let farewells = self.dismiss(held);
        known.at_the_end(&farewells).figures()
    }
}
