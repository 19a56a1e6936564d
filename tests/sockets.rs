//! Three callers over real UDP sockets, without SIP: each receives exactly the other two.
//!
//! Nothing is judged by time: the callers go on until each has its number of packets.

use std::f64::consts::TAU;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

use talkpath_edge::net::{Net, NetConfig, NetLeg, Session};
use talkpath_engine::{Engine, EngineConfig, Leg, LegConfig, NetworkConfig, Room, RoomConfig};
use talkpath_nodes::codec::{Codec, Decoder, Encoder};
use talkpath_nodes::packet::{Header, Packet, parse, write};
use talkpath_rt::clock::{Clock, MonotonicClock};

const LOOPBACK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
const FRAME: usize = 160;
const PERIOD: Duration = Duration::from_millis(20);
/// Callers' frequencies, Hz: no multiples of each other, whole periods in a window.
const TONES: [f64; 3] = [430.0, 1010.0, 1730.0];
/// Peak of each tone: three of them stay below full scale.
const LEVEL: f64 = 0.2;
/// Packets each caller must receive.
const WANTED: usize = 250;
/// Packets each caller sends before the test gives up.
const MOST: u16 = 6000;
/// Samples judged at a time: a second.
const WINDOW: usize = 8000;

struct Caller {
    socket: UdpSocket,
    server: SocketAddr,
    hz: f64,
    ssrc: u32,
    sequence: u16,
    heard: Vec<f32>,
    packets: usize,
    leg: Leg,
    net_leg: NetLeg,
    server_ssrc: u32,
}

impl Caller {
    fn join(room: &Room, net: &Net, number: usize) -> Self {
        let socket = UdpSocket::bind((LOOPBACK, 0)).expect("a free port");
        socket.set_nonblocking(true).expect("a socket");
        let remote = socket.local_addr().expect("bound");
        let config = NetworkConfig::new(Codec::Pcmu, 0);
        let leg = room.join(LegConfig::network(config)).expect("capacity");
        let lease = net.open().expect("a free pair of ports");
        let server = lease.local_rtp();
        let session = Session {
            leg: leg.id(),
            remote_rtp: remote,
            // Nobody reads RTCP here.
            remote_rtcp: SocketAddr::new(LOOPBACK, 0),
            rtcp_mux: false,
            payload_type: 0,
            send_payload_type: 0,
            keys: None,
            clock_rate: 8000,
            ssrc: config.sender.ssrc,
            cname: format!("caller-{number}@test"),
            receive: true,
            send: true,
        };
        let net_leg = net.attach(lease, session).expect("a free leg");
        Self {
            socket,
            server,
            hz: TONES[number],
            ssrc: 0x100 + number as u32,
            sequence: 0,
            heard: Vec::new(),
            packets: 0,
            leg,
            net_leg,
            server_ssrc: config.sender.ssrc,
        }
    }

    /// The next 20 ms of its tone.
    fn send(&mut self) {
        let first = usize::from(self.sequence) * FRAME;
        let pcm: [f32; FRAME] = std::array::from_fn(|i| {
            (LEVEL * (TAU * self.hz * (first + i) as f64 / 8000.0).sin()) as f32
        });
        let mut payload = [0; FRAME];
        Encoder::new(Codec::Pcmu)
            .encode(&pcm, &mut payload)
            .expect("a frame");
        let mut packet = Packet::empty();
        packet.header = Header {
            payload_type: 0,
            marker: self.sequence == 0,
            sequence: self.sequence,
            timestamp: first as u32,
            ssrc: self.ssrc,
        };
        packet.set_payload(&payload).expect("160 bytes");
        let mut datagram = [0; 1500];
        let length = write(&packet, &mut datagram);
        self.socket
            .send_to(&datagram[..length], self.server)
            .expect("loopback");
        self.sequence += 1;
    }

    /// Everything that has come, checked and decoded.
    fn hear(&mut self) {
        let mut datagram = [0; 2048];
        while let Ok((length, from)) = self.socket.recv_from(&mut datagram) {
            assert_eq!(from, self.server);
            let (header, payload, _) = parse(&datagram[..length]).expect("RTP");
            assert_eq!((header.ssrc, header.payload_type), (self.server_ssrc, 0));
            let mut pcm = [0.0; FRAME];
            let samples = Decoder::new(Codec::Pcmu)
                .decode(&datagram[payload], &mut pcm)
                .expect("20 ms of PCMU");
            self.heard.extend(&pcm[..samples]);
            self.packets += 1;
        }
    }

    /// Amplitude of `hz` in each second heard.
    fn levels(&self, hz: f64) -> Vec<f64> {
        self.heard
            .chunks_exact(WINDOW)
            .map(|window| amplitude(window, hz))
            .collect()
    }
}

/// Goertzel at one frequency under a Hann window: peak amplitude of that sine.
fn amplitude(samples: &[f32], hz: f64) -> f64 {
    let length = samples.len() as f64;
    let factor = 2.0 * (TAU * hz / 8000.0).cos();
    let (mut one, mut two) = (0.0, 0.0);
    for (i, sample) in samples.iter().enumerate() {
        let hann = 0.5 - 0.5 * (TAU * i as f64 / length).cos();
        let next = f64::from(*sample) * hann + factor * one - two;
        (two, one) = (one, next);
    }
    let power = one * one + two * two - factor * one * two;
    4.0 * power.max(0.0).sqrt() / length
}

/// A range that begins at a port nobody has.
fn free_ports() -> std::ops::RangeInclusive<u16> {
    let socket = UdpSocket::bind((LOOPBACK, 0)).expect("a free port");
    let low = socket.local_addr().expect("bound").port().min(65_000);
    low..=low + 200
}

#[test]
fn three_callers_each_hear_exactly_the_other_two() {
    let engine = Engine::start(EngineConfig {
        capacity_legs: 8,
        capacity_rooms: 2,
        // A busy machine may run this thread late; the delay must not lose what then comes in a heap.
        jitter_target: Duration::from_millis(60),
        lock_memory: false,
        ..EngineConfig::default()
    })
    .expect("an engine");
    let net = NetConfig {
        bind: LOOPBACK,
        ports: free_ports(),
        capacity: 8,
        ..NetConfig::default()
    };
    let net = Net::start(net, engine.take_shard_link().expect("untaken")).expect("a shard");
    let room = engine
        .create_room(RoomConfig::new("three"))
        .expect("capacity");
    let mut callers: Vec<_> = (0..TONES.len())
        .map(|number| Caller::join(&room, &net, number))
        .collect();

    let clock = MonotonicClock;
    let mut next = clock.now();
    while callers.iter().any(|caller| caller.packets < WANTED) {
        for caller in &mut callers {
            assert!(caller.sequence < MOST, "{} packets came", caller.packets);
            caller.send();
            caller.hear();
        }
        next += PERIOD;
        clock.sleep_until(next);
    }

    for (own, caller) in callers.iter().enumerate() {
        for (other, hz) in TONES.into_iter().enumerate() {
            let levels = caller.levels(hz);
            let loudest = levels.iter().copied().fold(0.0, f64::max);
            if other == own {
                assert!(
                    loudest < LEVEL / 100.0,
                    "caller {own} hears itself: {levels:?}"
                );
            } else {
                assert!(
                    (loudest / LEVEL - 1.0).abs() < 0.1,
                    "caller {own} hears {other} as {levels:?}"
                );
            }
        }
    }
    for caller in callers {
        let stats = caller.leg.stats().expect("in the room");
        // As of the last report of the worker, so not quite all.
        assert!(stats.received > 0 && stats.sent > 0, "{stats:?}");
        caller.net_leg.detach().expect("attached");
        caller.leg.leave().expect("in the room");
    }
    net.shutdown();
    engine.shutdown();
}
