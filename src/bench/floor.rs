//! The floor under a room's figures: the least any program can do for N phones that hear each other.
//!
//! A bare loop on the first worker's core takes every phone's packet, decodes µ-law by table, adds it to the bus of its
//! room, takes the phone's own part out of the last full bus, encodes and sends: 50 times a second, each phone at a moment
//! of its own. No jitter buffer, no limiter, no check of what came. Sockets, phones and speech are those of the run it is
//! put beside, so the ratio is what the engine costs more.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use serde::Serialize;
use talkpath_nodes::codec::{Codec, Decoder, Encoder};
use talkpath_nodes::packet::HEADER_LEN;
use talkpath_rt::clock::{Clock, MonotonicClock};
use talkpath_rt::flag::Flag;
use talkpath_rt::thread::{self, Placement, Task};

use super::error::BenchError;
use super::phones::{Desk, Order, Way, heard_ssrc};
use super::place::Places;
use super::scenario::Scenario;

const THREAD: &str = "bench-floor";
/// Samples in a packet of 20 ms.
const FRAME: usize = 160;
/// Slots of a millisecond in it.
const SLOTS: usize = 20;
const SLOT: Duration = Duration::from_millis(1);
/// Given to start-up.
const WARM_UP: Duration = Duration::from_millis(500);

/// What the loop took.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Taken {
    /// CPU time of the loop's thread for one phone's second, in milliseconds.
    pub cpu_ms_per_leg_second: f64,
    /// Packets that came of those that were sent in sequence, in percent.
    pub received_percent: f64,
}

/// One phone, from the loop's side.
struct Place {
    socket: UdpSocket,
    to: SocketAddr,
    room: usize,
    /// What it said in the frame whose bus is full.
    said: [i16; FRAME],
    /// Head of the packets it is sent.
    header: [u8; HEADER_LEN],
}

/// The loop's whole state.
struct Floor {
    places: Vec<Place>,
    /// The bus that fills and the one that is full, by room.
    filling: Vec<[i32; FRAME]>,
    full: Vec<[i32; FRAME]>,
    decode: [i16; 256],
    encode: Vec<u8>,
}

/// Runs the loop for `span` with phones in a process of their own.
pub(super) fn run(
    scenario: &Scenario,
    mut desk: Desk,
    places: &Places,
    span: Duration,
) -> Result<Taken, BenchError> {
    let legs = scenario.legs();
    thread::raise_nofile(legs as u64 + 64);
    let phone = |seat| desk.address(seat);
    let floor = Floor::new(scenario, phone).map_err(|why| BenchError::Phones(why.to_string()))?;
    let ways: Vec<SocketAddr> = floor
        .places
        .iter()
        .map(|place| place.socket.local_addr())
        .collect::<Result<_, _>>()?;
    let stop = Flag::new();
    let stopped = stop.clone();
    let placement = Placement {
        name: THREAD.into(),
        core: places.workers.first().copied(),
        priority: Some(places.worker_priority),
    };
    let thread = thread::spawn(placement, move |_| floor.run(&MonotonicClock, &stopped))?;
    let clock = MonotonicClock;
    for (seat, way) in ways.into_iter().enumerate() {
        desk.tell(Order::Connect {
            seat,
            way: Way::Socket(way),
            talk: 0,
            hears: heard_ssrc(seat, 1),
            asked: clock.now(),
        })?;
    }
    clock.sleep_until(clock.now() + WARM_UP);
    let task = Task::named(THREAD).ok_or_else(|| io::Error::other("no thread of that name"))?;
    desk.tell(Order::Window)?;
    let (before, from) = (task.cpu_time()?, clock.now());
    clock.sleep_until(from + span);
    let (after, to) = (task.cpu_time()?, clock.now());
    let (heard, _) = desk.finish()?;
    stop.raise();
    let floor = thread.join();
    floor.map_err(|_| BenchError::Phones("the bare loop panicked".into()))?;
    let heard = heard.last().cloned().unwrap_or_default();
    let in_sequence = (heard.received + heard.missing).max(1);
    Ok(Taken {
        cpu_ms_per_leg_second: 1e3 * (after - before).as_secs_f64()
            / (to - from).as_secs_f64()
            / legs as f64,
        received_percent: 100.0 * heard.received as f64 / in_sequence as f64,
    })
}

impl Floor {
    fn new(scenario: &Scenario, phone: impl Fn(usize) -> Option<SocketAddr>) -> io::Result<Self> {
        let place = |(seat, room): (usize, &usize)| {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            socket.set_nonblocking(true)?;
            let to = phone(seat).ok_or(io::ErrorKind::AddrNotAvailable)?;
            let mut header = [0; HEADER_LEN];
            header[0] = 0x80;
            header[8..].copy_from_slice(&heard_ssrc(seat, 1).to_be_bytes());
            Ok(Place {
                socket,
                to,
                room: *room,
                said: [0; FRAME],
                header,
            })
        };
        let places = scenario.room_of.iter().enumerate().map(place);
        let (decode, encode) = tables();
        Ok(Self {
            places: places.collect::<io::Result<_>>()?,
            filling: vec![[0; FRAME]; scenario.rooms()],
            full: vec![[0; FRAME]; scenario.rooms()],
            decode,
            encode,
        })
    }

    fn run(mut self, clock: &impl Clock, stop: &Flag) {
        let count = self.places.len();
        let mut due = clock.now();
        for slot in (0..SLOTS).cycle() {
            if stop.is_raised() {
                return;
            }
            due += SLOT;
            clock.sleep_until(due);
            if slot == 0 {
                std::mem::swap(&mut self.filling, &mut self.full);
                self.filling.fill([0; FRAME]);
            }
            for n in count * slot / SLOTS..count * (slot + 1) / SLOTS {
                self.serve(n);
            }
        }
    }

    /// Receive, mix, send: one packet of a phone each way.
    fn serve(&mut self, n: usize) {
        let place = &mut self.places[n];
        let mut packet = [0; 2 * FRAME];
        let length = place.socket.recv(&mut packet).unwrap_or(0);
        let (full, filling) = (&self.full[place.room], &mut self.filling[place.room]);
        let mut out = [0; HEADER_LEN + FRAME];
        for ((sent, sum), own) in out[HEADER_LEN..].iter_mut().zip(full).zip(&place.said) {
            let heard = (sum - i32::from(*own)).clamp(-0x8000, 0x7fff);
            *sent = self.encode[(heard + 0x8000) as usize];
        }
        if length == HEADER_LEN + FRAME {
            let payload = &packet[HEADER_LEN..length];
            for ((own, sum), octet) in place.said.iter_mut().zip(filling).zip(payload) {
                *own = self.decode[usize::from(*octet)];
                *sum += i32::from(*own);
            }
        } else {
            place.said = [0; FRAME];
        }
        let sequence = u16::from_be_bytes([place.header[2], place.header[3]]).wrapping_add(1);
        let timestamp = u32::from(sequence).wrapping_mul(FRAME as u32);
        place.header[2..4].copy_from_slice(&sequence.to_be_bytes());
        place.header[4..8].copy_from_slice(&timestamp.to_be_bytes());
        out[..HEADER_LEN].copy_from_slice(&place.header);
        // What the system does not take is missed by the phone, which counts it.
        place.socket.send_to(&out, place.to).ok();
    }
}

/// µ-law to 16 bits, and 16 bits (from the lowest) to µ-law.
fn tables() -> ([i16; 256], Vec<u8>) {
    let octets: [u8; 256] = std::array::from_fn(|octet| octet as u8);
    let mut samples = [0.0; 256];
    let decoded = Decoder::new(Codec::Pcmu).decode(&octets, &mut samples);
    decoded.expect("256 octets are 256 samples");
    let all: Vec<f32> = (-0x8000..=0x7fff)
        .map(|sample| sample as f32 / 32_768.0)
        .collect();
    let mut encode = vec![0; all.len()];
    let encoded = Encoder::new(Codec::Pcmu).encode(&all, &mut encode);
    encoded.expect("as many octets as samples");
    (samples.map(|sample| (sample * 32_768.0) as i16), encode)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_each_others_inverse() {
        let (decode, encode) = tables();
        for octet in 0..=255u8 {
            let sample = decode[usize::from(octet)];
            let back = encode[(i32::from(sample) + 0x8000) as usize];
            // µ-law has two zeros.
            assert!(back == octet || sample == 0, "{octet} {sample} {back}");
        }
        assert!(encode.len() == 65_536 && decode[0] < -32_000);
    }
}
