//! Legs of calls: what they are told in the engine and on the network side, in step.

use talkpath_engine::{
    Direction, EngineError, KeyTypes, Leg, LegConfig, NetworkConfig, Room, RtpSender, ToneConfig,
};

use super::super::{Asked, CallLeg, Destination, MediaEnd, MediaRefusal, MediaSession};
use super::EngineHost;
use super::book::{Held, Terms};
use super::figures::{Farewells, Known};
use super::patience::{no_port, patiently, refused, unplayable};
use crate::net::{PortLease, Session, SessionChange};

/// Level of `tone-HZ`, in dBov.
const TONE_DBOV: f32 = -16.0;

/// The stream a new call is sent.
pub(super) fn stream(to: &Destination, session: &MediaSession) -> NetworkConfig {
    NetworkConfig {
        codec: session.answer.codec,
        payload_type: session.answer.numbers.send,
        ptime: session.answer.ptime,
        sender: RtpSender::random(),
        jitter: None,
        hear_self: *to == Destination::Echo,
        opus: session.answer.opus,
        // Not taken from the session yet: what comes is dropped as before.
        keys: keys(session),
    }
}

/// What keys come and go as.
fn keys(session: &MediaSession) -> KeyTypes {
    let numbers = session.answer.alongside.events.map(|events| events.numbers);
    KeyTypes {
        receive: numbers.map(|numbers| numbers.receive),
        send: numbers.map(|numbers| numbers.send),
    }
}

impl EngineHost {
    /// Directions, sockets and player of a leg that is in its room and in the book.
    pub(super) fn seat(
        &self,
        port: PortLease,
        leg: &Leg,
        room: &Room,
        asked: &Asked,
        session: &MediaSession,
    ) -> Result<(), MediaRefusal> {
        let call = CallLeg(leg.id().to_bits());
        let over = || MediaRefusal::Failed("the leg is gone".to_owned());
        let (_, Terms { config, .. }) = self.book().leg(call).ok_or_else(over)?;
        let direction = session.answer.direction;
        direct(leg, direction)?;
        self.book().set_terms(call, Terms { config, direction });
        self.net
            .attach(port, self.attached(leg, &config, session))
            .map_err(no_port)?;
        let player = self.player(room, asked, session)?;
        self.book().set_player(call, player);
        Ok(())
    }

    /// The player of a private room, if it has one.
    fn player(
        &self,
        room: &Room,
        asked: &Asked,
        session: &MediaSession,
    ) -> Result<Option<Leg>, MediaRefusal> {
        let rate = session.answer.codec.rate();
        let config = match &asked.to {
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
        patiently(|| room.join_as(config.clone(), asked.class))
            .map(Some)
            .map_err(refused)
    }

    /// Other terms for a leg: all of them, or none and an error.
    pub(super) fn amend(&self, call: CallLeg, session: &MediaSession) -> Result<(), MediaRefusal> {
        let over = || MediaRefusal::Failed("the leg is gone".to_owned());
        let (leg, was) = self.book().leg(call).ok_or_else(over)?;
        let now = Terms {
            config: NetworkConfig {
                codec: session.answer.codec,
                payload_type: session.answer.numbers.send,
                ptime: session.answer.ptime,
                opus: session.answer.opus,
                keys: keys(session),
                ..was.config
            },
            direction: session.answer.direction,
        };
        let change = SessionChange::from(&self.attached(&leg, &now.config, session));
        let taken = take_up(&leg, &was, &now)
            .and_then(|()| patiently(|| self.net.update(leg.id(), change)).map_err(no_port));
        match taken {
            Ok(()) => self.book().set_terms(call, now),
            Err(_) => self.put_back(call, &leg, &now, &was),
        }
        taken
    }

    /// The network side comes last, so it is the engine that has to forget what it was told. If
    /// it will not, the leg is neither what it was nor what it should be, and the call ends.
    fn put_back(&self, call: CallLeg, leg: &Leg, now: &Terms, was: &Terms) {
        let Err(refusal) = take_up(leg, now, was) else {
            return;
        };
        tracing::warn!(%refusal, leg = %leg.id(), "a leg could not be put back as it was");
        let ended = self.book().lost(call, None);
        if let Some(ended) = ended {
            ended(MediaEnd::Gone);
        }
    }

    /// What the network side is told of a leg. Its canonical name tells it from every other leg of this server, and
    /// this server from every other (RFC 3550 6.5.1, RFC 7022 4.2).
    fn attached(&self, leg: &Leg, config: &NetworkConfig, session: &MediaSession) -> Session {
        Session {
            leg: leg.id(),
            remote_rtp: session.remote_rtp,
            remote_rtcp: session.remote_rtcp,
            rtcp_mux: session.answer.rtcp_mux,
            payload_type: session.answer.numbers.receive,
            send_payload_type: config.payload_type,
            keys: config.keys.receive,
            clock_rate: config.codec.clock_rate(),
            ssrc: config.sender.ssrc,
            cname: format!("{:016x}{:016x}@talkpath", self.random, leg.id().to_bits()),
            receive: session.answer.direction.receive,
            send: session.answer.direction.send,
        }
    }

    /// What worker and shard last told of a leg. One the engine has let go has figures of its
    /// port alone.
    pub(super) fn known_of(&self, call: CallLeg) -> Option<Known> {
        let (leg, _) = self.book().leg(call)?;
        Some(Known {
            engine: leg.status().ok(),
            net: self.net.stats(leg.id()),
        })
    }

    /// Takes a leg that is no longer in the book out of everything else; where its last words will come.
    pub(super) fn dismiss(&self, mut held: Held) -> Farewells {
        match self.net.detach(held.leg.id()) {
            Ok(farewell) => held.farewells.net = Some(farewell),
            Err(error) => tracing::debug!(%error, "the port was closed already"),
        }
        gone(patiently(|| match held.lost {
            Some(reason) => self.engine.remove_leg_because(held.leg.id(), reason),
            None => held.leg.leave(),
        }));
        if let Some(player) = held.player {
            gone(patiently(|| player.leave()));
        }
        self.exit(&held.home);
        held.farewells
    }
}

/// Brings a leg of the engine from one set of terms to another.
fn take_up(leg: &Leg, from: &Terms, to: &Terms) -> Result<(), MediaRefusal> {
    if to.config != from.config {
        patiently(|| leg.change(to.config)).map_err(refused)?;
    }
    direct(leg, to.direction)
}

fn direct(leg: &Leg, direction: Direction) -> Result<(), MediaRefusal> {
    patiently(|| leg.set_direction(direction)).map_err(refused)
}

/// A leg that has left already is what was wanted.
fn gone(left: Result<(), EngineError>) {
    if let Err(error) = left {
        tracing::debug!(%error, "the leg had left already");
    }
}
