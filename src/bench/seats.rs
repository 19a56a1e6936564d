//! The seats of a run: a leg of the engine, and the phone that talks to it. Control side.

use std::net::SocketAddr;
use std::time::Duration;

use talkpath_edge::net::{Net, NetError, NetLeg, Session};
use talkpath_engine::{
    Class, Engine, EngineError, Leg, LegConfig, NetworkConfig, Room, RoomConfig, RtpSender,
};
use talkpath_nodes::codec::Codec;
use talkpath_rt::clock::{Clock, MonotonicClock};

use super::error::BenchError;
use super::phones::{Desk, Order, Way, heard_ssrc};
use super::scenario::Scenario;

/// Payload type where RFC 3551 fixes none.
const DYNAMIC: u8 = 96;

/// Payload type of every leg that speaks `codec`.
pub(super) fn payload_type(codec: Codec) -> u8 {
    codec.static_payload_type().unwrap_or(DYNAMIC)
}

/// Who sits there.
struct Seated {
    leg: Leg,
    port: Option<NetLeg>,
}

/// All of them.
pub(super) struct Seats<'a> {
    pub scenario: &'a Scenario,
    pub desk: Desk,
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
        Ok(Self {
            scenario,
            desk,
            rooms: (0..scenario.rooms()).map(room).collect::<Result<_, _>>()?,
            seats: (0..scenario.legs()).map(|_| None).collect(),
            net,
            calls: vec![0; scenario.legs()],
        })
    }

    /// Everybody joins, and with several workers leg *n* goes to worker *n* modulo their number.
    pub(super) fn fill(&mut self) -> Result<(), BenchError> {
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
        self.calls[seat] += 1;
        let (hears, common) = (heard_ssrc(seat, self.calls[seat]), &self.scenario.common);
        let network = NetworkConfig {
            ptime: common.ptime(),
            sender: RtpSender {
                ssrc: hears,
                ..RtpSender::random()
            },
            ..NetworkConfig::new(common.codec, payload_type(common.codec))
        };
        let room = &self.rooms[self.scenario.room_of[seat]];
        let leg = room.join(LegConfig::network(network))?;
        let (way, port) = match &self.net {
            None => (Way::Leg(leg.id().to_bits()), None),
            Some(net) => {
                let (to, port) =
                    attach(net, session(common.codec, &leg, hears, self.phone(seat)?))?;
                (to, Some(port))
            }
        };
        self.seats[seat] = Some(Seated { leg, port });
        self.desk.tell(Order::Connect {
            seat,
            way,
            talk: 0,
            hears,
            asked,
        })?;
        Ok(())
    }

    /// The leg leaves, and its phone hangs up. `false` when the seat is empty.
    pub(super) fn leave(&mut self, seat: usize) -> Result<bool, BenchError> {
        let Some(Seated { leg, port }) = self.seats[seat].take() else {
            return Ok(false);
        };
        self.desk.tell(Order::Disconnect { seat })?;
        if let Some(port) = port {
            port.detach()?;
        }
        patiently(|| leg.leave())?;
        Ok(true)
    }

    /// The leg on that seat.
    pub(super) fn leg(&self, seat: usize) -> Option<&Leg> {
        self.seats[seat].as_ref().map(|seated| &seated.leg)
    }

    fn phone(&self, seat: usize) -> Result<SocketAddr, BenchError> {
        let address = self.desk.address(seat);
        address.ok_or_else(|| BenchError::Phones(format!("phone {seat} has no socket")))
    }
}

fn session(codec: Codec, leg: &Leg, ssrc: u32, phone: SocketAddr) -> Session {
    Session {
        leg: leg.id(),
        remote_rtp: phone,
        remote_rtcp: phone,
        rtcp_mux: true,
        payload_type: payload_type(codec),
        clock_rate: codec.clock_rate(),
        ssrc,
        cname: "talkpath@bench".to_owned(),
        receive: true,
        send: true,
    }
}

/// Opens a port for the leg; asks again while the shard has too many waiting.
fn attach(net: &Net, session: Session) -> Result<(Way, NetLeg), NetError> {
    let clock = MonotonicClock;
    loop {
        let lease = net.open()?;
        let to = Way::Socket(lease.local_rtp());
        match net.attach(lease, session.clone()) {
            Err(NetError::Busy { .. }) => clock.sleep_until(clock.now() + Duration::from_millis(5)),
            attached => return Ok((to, attached?)),
        }
    }
}

/// Asks again while the engine is busy.
fn patiently(ask: impl Fn() -> Result<(), EngineError>) -> Result<(), EngineError> {
    let clock = MonotonicClock;
    loop {
        match ask() {
            Err(busy) if busy.class() == Class::Transient => {
                clock.sleep_until(clock.now() + Duration::from_millis(5));
            }
            done => return done,
        }
    }
}
