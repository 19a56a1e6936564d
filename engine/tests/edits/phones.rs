//! The phones: each sends its tone packet by packet on its own beat, whatever becomes of its leg, and what some legs are
//! sent is kept.

use std::collections::BTreeMap;
use std::time::Duration;

use talkpath_engine::{Codec, ShardLink};
use talkpath_nodes::packet::Header;

use crate::common::ms;
use crate::sound::{GHOST, Voices, payload_type};

/// One phone.
pub struct Phone {
    pub codec: Codec,
    pub ptime: Duration,
    tone: usize,
    header: Header,
    due: Duration,
    /// How far in its 20 ms it is.
    at: Duration,
    /// The handle of a leg that had its index before: whoever has it sends the same packets, with another voice, first.
    stale: Option<u64>,
}

/// What a leg was sent while it was listened to.
#[derive(Default)]
pub struct Heard {
    pub headers: Vec<Header>,
    pub payload: Vec<u8>,
}

/// All phones, by the bits of their legs, and the shard's ends.
pub struct Phones {
    pub link: ShardLink,
    phones: BTreeMap<u64, Phone>,
    voices: Voices,
    pub heard: BTreeMap<u64, Heard>,
}

impl Phones {
    pub fn new(link: ShardLink) -> Self {
        Self {
            link,
            phones: BTreeMap::new(),
            voices: Voices::default(),
            heard: BTreeMap::new(),
        }
    }

    /// A phone begins to send at `due`.
    pub fn add(&mut self, leg: u64, tone: usize, codec: Codec, ptime: Duration, due: Duration) {
        let header = Header {
            ssrc: 0x9000 + leg as u32,
            sequence: (leg as u16).wrapping_mul(7_919),
            timestamp: (leg as u32).wrapping_mul(2_654_435_761),
            payload_type: payload_type(codec),
            ..Header::default()
        };
        let phone = Phone {
            codec,
            ptime,
            tone,
            header,
            due,
            at: Duration::ZERO,
            stale: None,
        };
        self.phones.insert(leg, phone);
    }

    /// From now on every packet of a phone comes with the stale handle of another leg as well, and comes so first.
    pub fn shadow(&mut self, leg: u64, stale: u64) {
        self.phones.get_mut(&leg).expect("a phone").stale = Some(stale);
    }

    /// It sends something else from now on; its stream goes on.
    pub fn switch(&mut self, leg: u64, codec: Codec, ptime: Duration) {
        let phone = self.phones.get_mut(&leg).expect("a phone");
        (phone.codec, phone.ptime, phone.at) = (codec, ptime, Duration::ZERO);
        phone.header.payload_type = payload_type(codec);
    }

    pub fn hang_up(&mut self, leg: u64) {
        self.phones.remove(&leg);
    }

    /// Sends what is due by `now`.
    pub fn speak(&mut self, now: Duration) {
        for (leg, phone) in &mut self.phones {
            while phone.due <= now {
                let rate = phone.codec.rate();
                let samples = |span| rate.samples_in(span).as_usize();
                let (from, count) = (samples(phone.at), samples(phone.ptime));
                if let Some(stale) = phone.stale {
                    let voice = self.voices.of(GHOST, phone.codec);
                    let payload =
                        &voice[phone.codec.octets_of(from)..phone.codec.octets_of(from + count)];
                    send(&mut self.link, stale, now, phone.header, payload);
                }
                let voice = self.voices.of(phone.tone, phone.codec);
                let payload =
                    &voice[phone.codec.octets_of(from)..phone.codec.octets_of(from + count)];
                send(&mut self.link, *leg, now, phone.header, payload);
                let header = &mut phone.header;
                header.sequence = header.sequence.wrapping_add(1);
                header.timestamp = header.timestamp.wrapping_add(count as u32);
                phone.due += phone.ptime;
                phone.at += phone.ptime;
                if phone.at >= ms(20) {
                    phone.at -= ms(20);
                }
            }
        }
    }

    /// Takes what was sent and gives the boxes back; each must be for a leg that `is_there`.
    pub fn collect(&mut self, is_there: impl Fn(u64) -> bool) {
        while let Some(mut packet) = self.link.from_worker.recv() {
            assert!(is_there(packet.leg), "a packet of a leg that has left");
            if let Some(heard) = self.heard.get_mut(&packet.leg) {
                heard.headers.push(packet.header);
                heard.payload.extend_from_slice(packet.payload());
            }
            packet.reset();
            let back = self.link.from_worker.give_back(packet);
            back.expect("the return ring holds the inventory");
        }
    }
}

fn send(link: &mut ShardLink, leg: u64, now: Duration, header: Header, payload: &[u8]) {
    let mut packet = link.to_worker.take().expect("an empty box");
    packet.reset();
    (packet.leg, packet.received, packet.header) = (leg, now, header);
    packet.set_payload(payload).expect("a payload that fits");
    let sent = link.to_worker.send(packet);
    sent.expect("the ring holds the whole inventory");
}
