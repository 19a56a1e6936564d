//! The seats of a run: a leg of the engine, and the phone that talks to it. Control side.

use std::net::SocketAddr;
use std::time::Duration;

use talkpath_edge::net::{Net, NetLeg, SessionChange};
use talkpath_engine::{
    CallConfig, Engine, Leg, LegConfig, LegId, NetworkConfig, Room, RoomConfig, RtpSender, Side,
};
use talkpath_rt::clock::{Clock, MonotonicClock};

use crate::codec_name::payload_type;

use super::error::BenchError;
use super::phones::{Desk, Order, Way, heard_ssrc};
use super::scenario::{Meeting, Scenario};
use media::{attach, patiently, session};

mod media;

/// Who sits there.
struct Seated {
    /// Its leg; a side of a call has none that could leave alone.
    leg: Option<Leg>,
    port: Option<(NetLeg, SessionChange)>,
}

/// All of them.
pub(super) struct Seats<'a> {
    pub scenario: &'a Scenario,
    pub desk: Desk,
    engine: Engine,
    /// None where there are calls.
    rooms: Vec<Room>,
    seats: Vec<Option<Seated>>,
    /// The sockets, unless the phones are in process.
    net: Option<Net>,
    /// Calls there have been on each seat.
    calls: Vec<u32>,
}

impl<'a> Seats<'a> {
    /// The rooms, and nobody in them.
    pub(super) fn new(
        scenario: &'a Scenario,
        engine: &Engine,
        net: Option<Net>,
        desk: Desk,
    ) -> Result<Self, BenchError> {
        let room = |n| engine.create_room(RoomConfig::new(format!("bench-{n}")));
        let rooms = match scenario.meeting {
            Meeting::Rooms => scenario.rooms(),
            Meeting::Calls => 0,
        };
        Ok(Self {
            scenario,
            desk,
            engine: engine.clone(),
            rooms: (0..rooms).map(room).collect::<Result<_, _>>()?,
            seats: (0..scenario.legs()).map(|_| None).collect(),
            net,
            calls: vec![0; scenario.legs()],
        })
    }

    /// Everybody joins, and with several workers leg *n* goes to worker *n* modulo their number.
    pub(super) fn fill(&mut self) -> Result<(), BenchError> {
        if self.scenario.meeting == Meeting::Calls {
            return (0..self.scenario.rooms()).try_for_each(|call| self.call(2 * call));
        }
        for seat in 0..self.seats.len() {
            self.join(seat)?;
        }
        let workers = self.scenario.workers;
        for seat in (0..self.seats.len()).filter(|_| workers > 1) {
            if let Some(leg) = self.leg(seat) {
                patiently(|| leg.move_to(seat % workers))?;
            }
        }
        Ok(())
    }

    /// A leg joins its room, and its phone is told where to send.
    pub(super) fn join(&mut self, seat: usize) -> Result<(), BenchError> {
        let asked = MonotonicClock.now();
        let network = self.network(seat);
        let leg = self.rooms[self.scenario.room_of[seat]].join(LegConfig::network(network))?;
        let seated = self.seat(seat, leg.id(), Some(leg.clone()), network, asked);
        if seated.is_err() {
            patiently(|| leg.leave())?;
        }
        seated
    }

    /// The legs on `first` and on the next seat call each other.
    fn call(&mut self, first: usize) -> Result<(), BenchError> {
        let asked = MonotonicClock.now();
        let (a, b) = (self.network(first), self.network(first + 1));
        let call = self.engine.create_call(CallConfig::new(a, b))?;
        self.seat(first, call.side(Side::A), None, a, asked)?;
        self.seat(first + 1, call.side(Side::B), None, b, asked)
    }

    /// What the engine is told of the leg on `seat`, in a stream with an SSRC of its own.
    fn network(&mut self, seat: usize) -> NetworkConfig {
        self.calls[seat] += 1;
        let (codec, ptime) = self.scenario.talks()[self.scenario.talk_of(seat)];
        NetworkConfig {
            ptime,
            sender: RtpSender {
                ssrc: heard_ssrc(seat, self.calls[seat]),
                ..RtpSender::random()
            },
            ..NetworkConfig::new(codec, payload_type(codec))
        }
    }

    /// Opens its port, where there are sockets, and connects its phone.
    fn seat(
        &mut self,
        seat: usize,
        id: LegId,
        leg: Option<Leg>,
        network: NetworkConfig,
        asked: Duration,
    ) -> Result<(), BenchError> {
        let (way, port) = match &self.net {
            None => (Way::Leg(id.to_bits()), None),
            Some(net) => {
                let session = session(id, &network, self.phone(seat)?);
                let change = SessionChange::from(&session);
                let (to, port) = attach(net, session)?;
                (to, Some((port, change)))
            }
        };
        self.seats[seat] = Some(Seated { leg, port });
        self.desk.tell(Order::Connect {
            seat,
            way,
            talk: self.scenario.talk_of(seat),
            hears: network.sender.ssrc,
            asked,
        })?;
        Ok(())
    }

    /// The leg changes to another of the scenario's talks, and so do its port and its phone.
    pub(super) fn speak(&mut self, seat: usize, talk: usize) -> Result<(), BenchError> {
        let Some(Seated {
            leg: Some(leg),
            port,
        }) = &mut self.seats[seat]
        else {
            return Ok(());
        };
        let (codec, ptime) = self.scenario.talks()[talk];
        let payload_type = payload_type(codec);
        leg.change(NetworkConfig {
            ptime,
            ..NetworkConfig::new(codec, payload_type)
        })?;
        if let Some((port, change)) = port {
            change.payload_type = payload_type;
            port.update(*change)?;
        }
        Ok(self.desk.tell(Order::Speak { seat, talk })?)
    }

    /// The leg leaves, and its phone hangs up. `false` when the seat is empty.
    pub(super) fn leave(&mut self, seat: usize) -> Result<bool, BenchError> {
        let Some(Seated { leg, port }) = self.seats[seat].take() else {
            return Ok(false);
        };
        self.desk.tell(Order::Disconnect { seat })?;
        if let Some((port, _)) = port {
            port.detach()?;
        }
        if let Some(leg) = leg {
            patiently(|| leg.leave())?;
        }
        Ok(true)
    }

    /// Seats that are taken.
    pub(super) fn seated(&self) -> usize {
        self.seats.iter().flatten().count()
    }

    /// The leg on that seat.
    pub(super) fn leg(&self, seat: usize) -> Option<&Leg> {
        self.seats[seat].as_ref()?.leg.as_ref()
    }

    fn phone(&self, seat: usize) -> Result<SocketAddr, BenchError> {
        let address = self.desk.address(seat);
        address.ok_or_else(|| BenchError::Phones(format!("phone {seat} has no socket")))
    }
}
