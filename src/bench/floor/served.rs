//! The loop itself: one thread, no engine.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use talkpath_nodes::codec::{Codec, Decoder, Encoder};
use talkpath_nodes::packet::HEADER_LEN;
use talkpath_rt::clock::Clock;
use talkpath_rt::flag::Flag;

use super::super::phones::heard_ssrc;
use super::super::scenario::Scenario;

/// Samples in a packet of 20 ms.
const FRAME: usize = 160;
/// Slots of a millisecond in it.
const SLOTS: usize = 20;
const SLOT: Duration = Duration::from_millis(1);

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
pub(super) struct Floor {
    places: Vec<Place>,
    /// The bus that fills and the one that is full, by room.
    filling: Vec<[i32; FRAME]>,
    full: Vec<[i32; FRAME]>,
    decode: [i16; 256],
    encode: Vec<u8>,
}

impl Floor {
    pub(super) fn new(
        scenario: &Scenario,
        phone: impl Fn(usize) -> Option<SocketAddr>,
    ) -> io::Result<Self> {
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

    /// Where each phone of the run sends.
    pub(super) fn ways(&self) -> io::Result<Vec<SocketAddr>> {
        let local = |place: &Place| place.socket.local_addr();
        self.places.iter().map(local).collect()
    }

    /// Serves every phone once in 20 ms until told to stop.
    pub(super) fn run(mut self, clock: &impl Clock, stop: &Flag) {
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
