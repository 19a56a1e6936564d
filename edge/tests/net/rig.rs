//! A live network side with a stand-in for the worker: every box that comes in goes out again as it is.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use talkpath_edge::net::{Net, NetConfig, NetLeg, NetStatus, Session};
use talkpath_engine::{LegId, ShardLink};
use talkpath_nodes::packet::{Header, Packet, write};
use talkpath_rt::boxes::{Borrower, Lender, boxes};
use talkpath_rt::clock::{Clock, MonotonicClock};

/// SSRC of ours in every session of these tests.
pub const OWN: u32 = 0x7a1c_9a70;
/// A wait longer than this has failed; nothing is measured by it.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the stand-in does with a packet.
pub type Work = fn(&mut Packet, Duration);

pub struct Rig {
    pub net: Net,
    stop: Arc<AtomicBool>,
    worker: Option<JoinHandle<()>>,
}

/// Settings for tests: fast RTCP and fresh figures.
pub fn config(ports: RangeInclusive<u16>) -> NetConfig {
    NetConfig {
        ports,
        capacity: 128,
        rtcp_interval: Duration::from_millis(100),
        status_interval: Duration::from_millis(10),
        quarantine: Duration::from_millis(200),
        ..NetConfig::default()
    }
}

pub fn leg(index: u32) -> LegId {
    LegId::new(index, NonZeroU32::MIN)
}

impl Rig {
    /// A network side whose packets come back.
    pub fn start(config: NetConfig) -> Self {
        Self::with(config, 512, |_, _| ())
    }

    /// The same with an inventory of `boxes_each_way`, and `work` done on each packet.
    pub fn with(config: NetConfig, boxes_each_way: usize, work: Work) -> Self {
        let (to_worker, packets_in) = boxes(boxes_each_way, Packet::empty);
        let (packets_out, from_worker) = boxes(boxes_each_way, Packet::empty);
        let slot = Duration::from_millis(1);
        let base = MonotonicClock.now();
        let net = Net::start(
            config,
            ShardLink {
                to_worker: to_worker.into(),
                from_worker: from_worker.into(),
                slot,
                base,
            },
        )
        .unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let worker =
            std::thread::spawn(move || echo(packets_in, packets_out, base, slot, work, &stopped));
        Self {
            net,
            stop,
            worker: Some(worker),
        }
    }

    /// A leg on a fresh port, and a phone that it expects at `peer`.
    pub fn call(&self, index: u32, peer: SocketAddr) -> (NetLeg, SocketAddr) {
        let lease = self.net.open().unwrap();
        let local = lease.local_rtp();
        let leg = self.net.attach(lease, session(index, peer)).unwrap();
        (leg, local)
    }

    /// Waits until the figures say so.
    pub fn until(&self, what: &str, mut says: impl FnMut(&NetStatus) -> bool) -> NetStatus {
        wait(what, || {
            Some(self.net.status()).filter(|status| says(status))
        })
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.net.shutdown();
        self.stop.store(true, Ordering::Release);
        if let Some(worker) = self.worker.take() {
            worker.join().unwrap();
        }
    }
}

/// PCMU both ways, RTCP on the port after `peer`'s.
pub fn session(index: u32, peer: SocketAddr) -> Session {
    Session {
        leg: leg(index),
        remote_rtp: peer,
        remote_rtcp: SocketAddr::new(peer.ip(), peer.port() + 1),
        rtcp_mux: false,
        payload_type: 0,
        send_payload_type: 0,
        keys: None,
        clock_rate: 8000,
        ssrc: OWN,
        cname: "talkpath@test".to_owned(),
        receive: true,
        send: true,
    }
}

/// Waits for `get` to give something.
pub fn wait<T>(what: &str, mut get: impl FnMut() -> Option<T>) -> T {
    let end = MonotonicClock.now() + PATIENCE;
    loop {
        if let Some(value) = get() {
            return value;
        }
        let now = MonotonicClock.now();
        assert!(now < end, "waited in vain: {what}");
        MonotonicClock.sleep_until(now + Duration::from_millis(2));
    }
}

fn echo(
    mut packets_in: Borrower<Packet>,
    mut packets_out: Lender<Packet>,
    base: Duration,
    slot: Duration,
    work: Work,
    stop: &AtomicBool,
) {
    let mut at = base;
    while !stop.load(Ordering::Acquire) {
        at += slot;
        MonotonicClock.sleep_until(at);
        while let Some(arrived) = packets_in.recv() {
            if let Some(mut leaving) = packets_out.take() {
                leaving.leg = arrived.leg;
                leaving.header = arrived.header;
                leaving.set_payload(arrived.payload()).unwrap();
                work(&mut leaving, at);
                packets_out.send(leaving).unwrap();
            }
            packets_in.give_back(arrived).unwrap();
        }
    }
}

/// A caller's two sockets.
pub struct Phone {
    pub rtp: UdpSocket,
    pub rtcp: UdpSocket,
    pub ssrc: u32,
    pub sequence: u16,
}

impl Phone {
    /// On free ports of `ip`, the second right after the first.
    pub fn new(ip: IpAddr, ssrc: u32) -> Self {
        wait("two ports in a row", || {
            let rtp = UdpSocket::bind((ip, 0)).ok()?;
            let next = rtp.local_addr().ok()?.port().checked_add(1)?;
            let rtcp = UdpSocket::bind((ip, next)).ok()?;
            for socket in [&rtp, &rtcp] {
                socket.set_read_timeout(Some(PATIENCE)).ok()?;
            }
            Some(Self {
                rtp,
                rtcp,
                ssrc,
                sequence: 0,
            })
        })
    }

    pub fn loopback(ssrc: u32) -> Self {
        Self::new(IpAddr::from([127, 0, 0, 1]), ssrc)
    }

    pub fn addr(&self) -> SocketAddr {
        self.rtp.local_addr().unwrap()
    }

    /// The next packet of its stream.
    pub fn packet(&mut self) -> Vec<u8> {
        self.sequence = self.sequence.wrapping_add(1);
        let header = Header {
            payload_type: 0,
            marker: false,
            sequence: self.sequence,
            timestamp: u32::from(self.sequence) * 160,
            ssrc: self.ssrc,
        };
        datagram(header, &[self.sequence as u8; 160])
    }

    pub fn send(&mut self, to: SocketAddr) {
        let packet = self.packet();
        self.rtp.send_to(&packet, to).unwrap();
    }

    /// The next datagram on the RTP socket.
    pub fn hear(&self) -> Vec<u8> {
        receive(&self.rtp)
    }

    /// Sends a packet and waits for its echo; the SSRC it came under.
    pub fn exchange(&mut self, to: SocketAddr) -> u32 {
        self.send(to);
        loop {
            let heard = self.hear();
            if heard[2..4] == self.sequence.to_be_bytes() {
                assert_eq!(heard[12..], [self.sequence as u8; 160]);
                return u32::from_be_bytes(heard[8..12].try_into().unwrap());
            }
        }
    }
}

pub fn receive(socket: &UdpSocket) -> Vec<u8> {
    let mut room = [0; 2048];
    let length = socket.recv(&mut room).unwrap();
    room[..length].to_vec()
}

pub fn datagram(header: Header, payload: &[u8]) -> Vec<u8> {
    let mut packet = Packet::empty();
    packet.header = header;
    packet.set_payload(payload).unwrap();
    let mut out = [0; 1500];
    let length = write(&packet, &mut out);
    out[..length].to_vec()
}
