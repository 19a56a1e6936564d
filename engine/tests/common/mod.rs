//! What the media tests share: callers in virtual time, and ears.
//!
//! A [`Studio`] is an engine with the shard's ends of its packet rings; a [`Caller`] is a phone: it sends
//! packets on its own beat and everything it is sent is kept, byte for byte.

#![allow(dead_code, reason = "each test binary uses its part of this")]

pub mod bare;
pub mod dial;
pub mod ears;
pub mod heap;

use std::collections::BTreeMap;
use std::time::Duration;

pub use talkpath_engine::{EngineConfig, LegId};
use talkpath_engine::{
    Event, EventKind, EventStream, Leg, LegConfig, NetworkConfig, Room, RoomConfig, RtpSender,
    ShardLink, Status, VirtualEngine,
};
pub use talkpath_graph::SampleRate;
use talkpath_graph::Samples;
pub use talkpath_nodes::codec::Codec;
use talkpath_nodes::codec::{Encoder, MAX_PAYLOAD};
use talkpath_nodes::packet::Header;

pub const TEN: Duration = Duration::from_millis(10);
pub const FRAME: Duration = Duration::from_millis(20);

/// Milliseconds.
pub const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A small engine: its rings and slabs are cheap to build.
pub fn small() -> EngineConfig {
    EngineConfig {
        capacity_legs: 64,
        capacity_rooms: 8,
        ..EngineConfig::default()
    }
}

/// A packet a leg was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    pub header: Header,
    pub payload: Vec<u8>,
    pub not_before: Duration,
}

/// An engine in virtual time with its packet rings at hand.
pub struct Studio {
    pub engine: VirtualEngine,
    pub events: EventStream,
    pub link: ShardLink,
    pub sent: BTreeMap<u64, Vec<Sent>>,
    /// Packets that found no empty box.
    pub refused: u64,
    /// Packets dropped because the ring to a worker that stands still was full.
    pub crowded: u64,
}

impl Studio {
    pub fn new(config: EngineConfig) -> Self {
        Self::of(VirtualEngine::new(config).expect("a valid configuration"))
    }

    /// Over an engine that was made otherwise.
    pub fn of(engine: VirtualEngine) -> Self {
        let events = engine.subscribe().expect("running");
        let link = engine.take_shard_link().expect("the first to ask");
        Self {
            engine,
            events,
            link,
            sent: BTreeMap::new(),
            refused: 0,
            crowded: 0,
        }
    }

    pub fn room(&self, name: &str) -> Room {
        self.engine
            .create_room(RoomConfig::new(name))
            .expect("room")
    }

    /// Gives one packet to the worker, as a shard would; false when there was no empty box.
    pub fn inject(
        &mut self,
        leg: LegId,
        received: Duration,
        header: Header,
        payload: &[u8],
    ) -> bool {
        let Some(mut packet) = self.link.to_worker.take() else {
            self.refused += 1;
            return false;
        };
        packet.reset();
        packet.leg = leg.to_bits();
        packet.received = received;
        packet.header = header;
        packet.set_payload(payload).expect("a payload that fits");
        if let Err(full) = self.link.to_worker.send(packet) {
            self.link.to_worker.put_back(full.0);
            self.crowded += 1;
        }
        true
    }

    /// Lets time pass and keeps what was sent.
    pub fn advance(&mut self, span: Duration) {
        self.engine.advance(span);
        self.collect();
    }

    /// As [`advance`](Self::advance); the heap operations of the worker's steps are returned.
    pub fn advance_counting(&mut self, span: Duration) -> heap::Count {
        let mut count = heap::Count::default();
        self.engine
            .advance_around(span, |step| count += heap::of(step));
        self.collect();
        count
    }

    /// Takes what the worker sent, and gives the boxes back.
    pub fn collect(&mut self) {
        while let Some(mut packet) = self.link.from_worker.recv() {
            let sent = Sent {
                header: packet.header,
                payload: packet.payload().to_vec(),
                not_before: packet.not_before,
            };
            self.sent.entry(packet.leg).or_default().push(sent);
            packet.reset();
            self.link
                .from_worker
                .give_back(packet)
                .expect("the return ring holds the inventory");
        }
    }

    /// Lets time pass while the callers talk, in steps of 10 ms.
    pub fn run(&mut self, span: Duration, callers: &mut [&mut Caller]) {
        self.run_counting(span, callers);
    }

    /// As [`run`](Self::run), counting the heap operations of the worker.
    pub fn run_counting(&mut self, span: Duration, callers: &mut [&mut Caller]) -> heap::Count {
        let mut count = heap::Count::default();
        let end = self.engine.now() + span;
        while self.engine.now() < end {
            for caller in callers.iter_mut() {
                caller.speak(self);
            }
            count += self.advance_counting(TEN.min(end - self.engine.now()));
        }
        count
    }

    /// What a leg was sent, decoded, from its `from`-th packet on.
    pub fn heard(&self, leg: LegId, codec: Codec, from: usize) -> Vec<f32> {
        let packets = self
            .sent
            .get(&leg.to_bits())
            .map_or(&[][..], |all| &all[from.min(all.len())..]);
        ears::decode(codec, packets.iter().map(|packet| &packet.payload[..]))
    }

    pub fn packets(&self, leg: LegId) -> &[Sent] {
        self.sent.get(&leg.to_bits()).map_or(&[], |all| all)
    }

    pub fn status(&self) -> Status {
        self.engine.status().expect("running")
    }

    pub fn told(&self) -> Vec<EventKind> {
        std::iter::from_fn(|| self.events.try_next())
            .map(|Event { kind, .. }| kind)
            .collect()
    }
}

/// What a phone says: sample number to sample, ±1.0.
pub type Voice = Box<dyn FnMut(u64) -> f32>;

/// A phone.
pub struct Caller {
    pub leg: Leg,
    pub codec: Codec,
    pub ptime: Duration,
    pub payload_type: u8,
    pub voice: Option<Voice>,
    pub header: Header,
    pub due: Option<Duration>,
    encoder: Encoder,
    sample: u64,
    marker: bool,
}

/// The configuration of a phone number `n`: everything that is usually random is fixed.
pub fn network(codec: Codec, n: u32) -> NetworkConfig {
    let sender = RtpSender {
        ssrc: 0x1000 + n,
        sequence: 100 + n as u16,
        timestamp: 7_000 * n,
    };
    NetworkConfig {
        sender,
        ..NetworkConfig::new(codec, payload_type(codec))
    }
}

pub fn payload_type(codec: Codec) -> u8 {
    codec.static_payload_type().unwrap_or(96)
}

impl Caller {
    /// Phone number `n` joins `room`; it says nothing yet.
    pub fn join(room: &Room, codec: Codec, n: u32) -> Self {
        Self::with(room, network(codec, n), n)
    }

    pub fn with(room: &Room, config: NetworkConfig, n: u32) -> Self {
        let leg = room
            .join(LegConfig::network(config))
            .expect("room for one more");
        Self::of(leg, config, n)
    }

    /// The phone of a leg that is there.
    pub fn of(leg: Leg, config: NetworkConfig, n: u32) -> Self {
        let header = Header {
            ssrc: 0x9000 + n,
            sequence: 65_530,
            timestamp: u32::MAX - 500,
            ..Header::default()
        };
        let (codec, ptime, payload_type) = (config.codec, config.ptime, config.payload_type);
        Self {
            leg,
            codec,
            ptime,
            payload_type,
            voice: None,
            encoder: Encoder::new(config.codec),
            header,
            due: None,
            sample: 0,
            marker: true,
        }
    }

    pub fn saying(mut self, voice: impl FnMut(u64) -> f32 + 'static) -> Self {
        self.voice = Some(Box::new(voice));
        self
    }

    pub fn id(&self) -> LegId {
        self.leg.id()
    }

    /// Changes what the phone sends; the RTP stream goes on.
    pub fn switch(&mut self, codec: Codec, ptime: Duration) {
        (self.codec, self.ptime, self.payload_type) = (codec, ptime, payload_type(codec));
        self.encoder = Encoder::new(codec);
        self.sample = 0;
    }

    /// The payload of the next packet, and its header; time goes on for the phone.
    pub fn packet(&mut self) -> (Header, Vec<u8>) {
        let samples = self.codec.rate().samples_in(self.ptime).as_usize();
        let mut silence = |_| 0.0;
        let voice: &mut dyn FnMut(u64) -> f32 = match &mut self.voice {
            Some(voice) => voice,
            None => &mut silence,
        };
        let pcm: Vec<f32> = (self.sample..).take(samples).map(voice).collect();
        let mut bytes = vec![0; MAX_PAYLOAD];
        let encoded = self.encoder.encode(&pcm, &mut bytes);
        bytes.truncate(encoded.expect("a payload fits a packet"));
        let header = Header {
            payload_type: self.payload_type,
            marker: self.marker,
            ..self.header
        };
        self.marker = false;
        self.sample += samples as u64;
        self.header.sequence = self.header.sequence.wrapping_add(1);
        let ticks = self.codec.ticks_of(Samples(samples as u32));
        self.header.timestamp = self.header.timestamp.wrapping_add(ticks);
        (header, bytes)
    }

    /// Sends what is due by now.
    pub fn speak(&mut self, studio: &mut Studio) {
        let now = studio.engine.now();
        if self.voice.is_none() {
            self.due = None;
            return;
        }
        let mut due = *self.due.get_or_insert(now);
        while due <= now {
            let (header, payload) = self.packet();
            assert!(
                studio.inject(self.id(), now, header, &payload),
                "an empty box for every packet"
            );
            due += self.ptime;
        }
        self.due = Some(due);
    }
}

/// A sine of `hz` at `rate` with a peak of `peak`.
pub fn sine(hz: f64, rate: SampleRate, peak: f64) -> impl FnMut(u64) -> f32 + Clone + 'static {
    let step = hz / f64::from(rate.hz()) * std::f64::consts::TAU;
    move |n| ((n as f64 * step).sin() * peak) as f32
}

/// Sample by sample what `pcm` holds, over and over.
pub fn playing(pcm: Vec<f32>) -> impl FnMut(u64) -> f32 {
    move |n| pcm[n as usize % pcm.len()]
}

/// A speech clip of the repository, ±1.0.
pub fn speech(rate: SampleRate) -> Vec<f32> {
    let name = format!("../tests/data/speech/{}k_en_f_00.wav", rate.hz() / 1_000);
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let mut wav = hound::WavReader::open(&path).expect("a speech clip");
    assert_eq!(wav.spec().sample_rate, rate.hz());
    wav.samples::<i16>()
        .map(|sample| f32::from(sample.expect("a sound clip")) / 32_768.0)
        .collect()
}
