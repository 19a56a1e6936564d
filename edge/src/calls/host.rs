//! The media side as it is: rooms and legs of the engine, ports of the network side.
//!
//! Called from blocking threads. What it knows of a call is kept in one book ([`book`]) behind a
//! lock that is held for map operations and, when a shared room is entered or left, for its
//! creation or end, so that two callers never create one room twice. Two watching threads tell
//! calls when their media is over.

mod book;
mod watch;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use talkpath_engine::negotiate::AudioAnswer;
use talkpath_engine::{
    Class, Direction, Engine, EngineError, Leg, LegConfig, NetworkConfig, Room, RoomConfig,
    RtpSender, ToneConfig,
};
use talkpath_graph::FrameTime;
use talkpath_rt::clock::{Clock, MonotonicClock};

use super::{
    CallLeg, ClipError, Clips, Destination, MediaHost, MediaPort, MediaRefusal, MediaSession,
    WhenEnded,
};
use crate::net::{Net, NetError, PortLease, Session, SessionChange};
use crate::sdp::Place;
use book::{Book, Held, Home};
use watch::Watch;

/// Level of `tone-HZ`, in dBov.
const TONE_DBOV: f32 = -16.0;
/// How often a room of a name is asked for while one of that name is closing.
const TRIES: usize = 100;
/// Pause between two tries.
const PAUSE: Duration = Duration::from_millis(2);

/// [`MediaHost`] over [`Engine`] and [`Net`].
pub struct EngineHost {
    engine: Engine,
    net: Net,
    clips: Clips,
    frame: FrameTime,
    book: Arc<Mutex<Book>>,
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
        let events = engine.subscribe().map_err(refused)?;
        let watch = Watch::start(events, net.subscribe(), book.clone())
            .map_err(|error| MediaRefusal::Failed(error.to_string()))?;
        Ok(Self {
            engine,
            net,
            clips,
            frame,
            book,
            _watch: watch,
        })
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The room of a call, with one more caller in it.
    fn enter(&self, to: &Destination) -> Result<(Room, Home), MediaRefusal> {
        let Some(name) = to.shared_room() else {
            let name = self.book().private_name(to);
            let room = self.create(name)?;
            return Ok((room.clone(), Home::Private(room)));
        };
        for _ in 0..TRIES {
            let mut book = self.book();
            if let Some(room) = book.enter(name) {
                return Ok((room, Home::Shared(name.to_owned())));
            }
            // Somebody else's room (the application's) is used, but never closed, by callers.
            if let Some(room) = self.engine.room(name).map_err(refused)? {
                book.add_room(name, room, false);
                continue;
            }
            match self.engine.create_room(self.config(name)) {
                Ok(room) => book.add_room(name, room, true),
                Err(EngineError::RoomExists { .. }) => {
                    drop(book);
                    MonotonicClock.sleep_until(MonotonicClock.now() + PAUSE);
                }
                Err(error) => return Err(refused(error)),
            }
        }
        Err(MediaRefusal::Failed(format!("room {name:?} is closing")))
    }

    fn create(&self, name: String) -> Result<Room, MediaRefusal> {
        self.engine.create_room(self.config(&name)).map_err(refused)
    }

    fn config(&self, name: &str) -> RoomConfig {
        let mut config = RoomConfig::new(name);
        config.frame = self.frame;
        config
    }

    fn exit(&self, home: &Home) {
        let room = match home {
            Home::Shared(name) => self.book().exit(name),
            Home::Private(room) => Some(room.clone()),
        };
        if let Some(Err(error)) = room.map(|room| room.close()) {
            tracing::debug!(%error, "the room was closed already");
        }
    }

    /// The player of a private room, if it has one.
    fn player(
        &self,
        room: &Room,
        to: &Destination,
        answer: &AudioAnswer,
    ) -> Result<Option<Leg>, MediaRefusal> {
        let rate = answer.codec.rate();
        let config = match to {
            Destination::Room(_) | Destination::Echo => return Ok(None),
            Destination::Tone(hz) => LegConfig::Tone(ToneConfig {
                hz: f32::from(*hz),
                dbov: TONE_DBOV,
                rate,
            }),
            Destination::Play(name) => LegConfig::clip(
                self.clips.load(name, rate).map_err(unplayable)?,
                rate,
                false,
            ),
        };
        room.join(config).map(Some).map_err(refused)
    }

    /// Leg, sockets and player of a call that has entered `room`.
    fn seat(
        &self,
        port: PortLease,
        room: &Room,
        to: &Destination,
        session: &MediaSession,
    ) -> Result<(Leg, NetworkConfig), MediaRefusal> {
        let config = network(&session.answer, to, RtpSender::random());
        let leg = room.join(LegConfig::network(config)).map_err(refused)?;
        let seated = direct(&leg, session.answer.direction).and_then(|()| {
            self.net
                .attach(port, attached(&leg, &config, session))
                .map_err(no_port)
        });
        match seated {
            Ok(_) => Ok((leg, config)),
            Err(refusal) => {
                gone(leg.leave());
                Err(refusal)
            }
        }
    }
}

impl MediaHost for EngineHost {
    type Port = PortLease;

    fn open(&self, to: &Destination) -> Result<PortLease, MediaRefusal> {
        if let Destination::Play(name) = to {
            self.clips.find(name).map_err(unplayable)?;
        }
        self.net.open().map_err(no_port)
    }

    fn join(
        &self,
        port: PortLease,
        to: &Destination,
        session: &MediaSession,
        ended: WhenEnded,
    ) -> Result<CallLeg, MediaRefusal> {
        let (room, home) = self.enter(to)?;
        let (leg, config) = self
            .seat(port, &room, to, session)
            .inspect_err(|_| self.exit(&home))?;
        let call = CallLeg(leg.id().to_bits());
        let held = Held {
            leg: leg.clone(),
            player: None,
            home,
            config,
            ended: Arc::from(ended),
            lost: None,
        };
        self.book().hold(call, held);
        match self.player(&room, to, &session.answer) {
            Ok(player) => {
                self.book().set_player(call, player);
                Ok(call)
            }
            Err(refusal) => {
                self.leave(call);
                Err(refusal)
            }
        }
    }

    fn update(&self, leg: CallLeg, session: &MediaSession) -> Result<(), MediaRefusal> {
        let over = || MediaRefusal::Failed("the leg is gone".to_owned());
        let (held, was) = self.book().leg(leg).ok_or_else(over)?;
        let now = NetworkConfig {
            codec: session.answer.codec,
            payload_type: session.answer.payload_type,
            ptime: session.answer.ptime,
            ..was
        };
        if now != was {
            held.change(now).map_err(refused)?;
            self.book().set_config(leg, now);
        }
        direct(&held, session.answer.direction)?;
        let session = attached(&held, &now, session);
        self.net
            .update(held.id(), SessionChange::from(&session))
            .map_err(no_port)
    }

    fn leave(&self, leg: CallLeg) {
        let Some(held) = self.book().let_go(leg) else {
            return;
        };
        if let Err(error) = self.net.detach(held.leg.id()) {
            tracing::debug!(%error, "the port was closed already");
        }
        match held.lost {
            Some(reason) => gone(self.engine.remove_leg_because(held.leg.id(), reason)),
            None => gone(held.leg.leave()),
        }
        if let Some(player) = held.player {
            gone(player.leave());
        }
        self.exit(&held.home);
    }
}

fn network(answer: &AudioAnswer, to: &Destination, sender: RtpSender) -> NetworkConfig {
    NetworkConfig {
        codec: answer.codec,
        payload_type: answer.payload_type,
        ptime: answer.ptime,
        sender,
        jitter: None,
        hear_self: *to == Destination::Echo,
    }
}

fn attached(leg: &Leg, config: &NetworkConfig, session: &MediaSession) -> Session {
    Session {
        leg: leg.id(),
        remote_rtp: session.remote_rtp,
        remote_rtcp: session.remote_rtcp,
        rtcp_mux: session.answer.rtcp_mux,
        payload_type: config.payload_type,
        clock_rate: config.codec.clock_rate(),
        ssrc: config.sender.ssrc,
        cname: format!("talkpath-{:016x}", leg.id().to_bits()),
        receive: session.answer.direction.receive,
        send: session.answer.direction.send,
    }
}

fn direct(leg: &Leg, direction: Direction) -> Result<(), MediaRefusal> {
    leg.set_direction(direction).map_err(refused)
}

/// A leg that has left already is what was wanted.
fn gone(left: Result<(), EngineError>) {
    if let Err(error) = left {
        tracing::debug!(%error, "the leg had left already");
    }
}

fn refused(error: EngineError) -> MediaRefusal {
    match error.class() {
        Class::Capacity | Class::Transient => MediaRefusal::Capacity(error.to_string()),
        _ => MediaRefusal::Failed(error.to_string()),
    }
}

fn no_port(error: NetError) -> MediaRefusal {
    match error {
        NetError::Capacity { .. }
        | NetError::NoPort { .. }
        | NetError::Busy { .. }
        | NetError::BeyondCapacity { .. } => MediaRefusal::Capacity(error.to_string()),
        _ => MediaRefusal::Failed(error.to_string()),
    }
}

fn unplayable(error: ClipError) -> MediaRefusal {
    match error {
        ClipError::NoFolder | ClipError::NotFound { .. } => {
            MediaRefusal::Unknown(error.to_string())
        }
        _ => MediaRefusal::Failed(error.to_string()),
    }
}
