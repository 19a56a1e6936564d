//! A call between two phones that do not speak the same codec, over loopback UDP, and how long it takes.
//!
//! `cargo run --example call`
//!
//! Phone A sends PCMU in packets of 20 ms, phone B wants PCMA. Printed is what B received, what the way through cost
//! each packet, and the plan. Exits with an error when a packet was lost or its octets are not what they must be.

#![allow(clippy::disallowed_methods, reason = "phones live on real time")]

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use talkpath_edge::net::{Net, NetConfig, Session};
use talkpath_engine::{CallConfig, Codec, Engine, EngineConfig, LegId, NetworkConfig, Side};
use talkpath_nodes::g711;

const FRAME: Duration = Duration::from_millis(20);
const PACKETS: u16 = 100;

fn main() -> Result<(), Box<dyn Error>> {
    let engine = Engine::start(EngineConfig {
        capacity_legs: 16,
        ..EngineConfig::default()
    })?;
    let link = engine.take_shard_link().ok_or("the link is taken once")?;
    let net = Net::start(
        NetConfig {
            ports: 42_000..=42_999,
            capacity: 16,
            ..NetConfig::default()
        },
        link,
    )?;

    let ends = [
        NetworkConfig::new(Codec::Pcmu, 0),
        NetworkConfig::new(Codec::Pcma, 8),
    ];
    let call = engine.create_call(CallConfig::new(ends[0], ends[1]))?;
    let a = attach(&net, call.side(Side::A), &ends[0])?;
    let b = attach(&net, call.side(Side::B), &ends[1])?;
    let mut delays = talk(&a, &b)?;

    delays.sort();
    let at = |part: f64| delays[((delays.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e3;
    println!("{} of {PACKETS} packets came through", delays.len());
    println!(
        "delay from phone to phone: half within {:.2} ms, 90 % within {:.2} ms, all within {:.2} ms",
        at(0.5),
        at(0.9),
        at(1.0)
    );
    for plan in engine.plans()? {
        println!("\nA to B: {}", plan.ingress);
    }
    call.hang_up()?;
    net.shutdown();
    engine.shutdown();
    Ok(())
}

/// A phone, with a port of the server that is served for one side of the call.
fn attach(net: &Net, leg: LegId, config: &NetworkConfig) -> Result<UdpSocket, Box<dyn Error>> {
    let phone = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    let lease = net.open()?;
    phone.connect(SocketAddr::from((
        Ipv4Addr::LOCALHOST,
        lease.local_rtp().port(),
    )))?;
    let remote = phone.local_addr()?;
    let session = Session {
        leg,
        remote_rtp: remote,
        remote_rtcp: remote,
        rtcp_mux: true,
        payload_type: config.payload_type,
        send_payload_type: config.payload_type,
        keys: config.keys.receive,
        clock_rate: config.codec.clock_rate(),
        ssrc: config.sender.ssrc,
        cname: "call@example".to_owned(),
        receive: true,
        send: true,
    };
    net.attach(lease, session)?;
    phone.set_read_timeout(Some(Duration::from_secs(2)))?;
    Ok(phone)
}

/// A sends, B receives; how long each packet took.
fn talk(a: &UdpSocket, b: &UdpSocket) -> Result<Vec<Duration>, Box<dyn Error>> {
    let (begin, mut delays) = (Instant::now(), Vec::new());
    let mut into = [0; 2_048];
    for n in 0..PACKETS {
        let due = FRAME * (u32::from(n) + 1);
        std::thread::sleep(due.saturating_sub(begin.elapsed()));
        let payload: Vec<u8> = (0..160).map(|k| (k * 3 + n) as u8).collect();
        let mut datagram = vec![0x80, 0];
        datagram.extend(n.to_be_bytes());
        datagram.extend((u32::from(n) * 160).to_be_bytes());
        datagram.extend(0x5eed_u32.to_be_bytes());
        datagram.extend(&payload);
        let sent = Instant::now();
        a.send(&datagram)?;
        let length = loop {
            let length = b.recv(&mut into)?;
            // RTCP comes on the same port.
            if !(64..=95).contains(&(into[1] & 0x7f)) {
                break length;
            }
        };
        delays.push(sent.elapsed());
        let (mut pcm, mut expected) = ([0; 160], [0; 160]);
        g711::decode_ulaw(&payload, &mut pcm);
        g711::encode_alaw(&pcm, &mut expected);
        if into[12..length] != expected {
            return Err(format!("packet {n} is not what it must be").into());
        }
    }
    Ok(delays)
}
