//! The SIP front over the real engine and real sockets.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::time::Duration;

use talkpath_edge::net::{Net, NetConfig};
use talkpath_edge::sip::{SipConfig, SipServer};
use talkpath_engine::{Engine, EngineConfig};

use super::ua::Ua;
use super::until;

/// One packet of G.711 at 20 ms: header and 160 samples.
const PACKET: usize = 172;

pub struct Server {
    pub sip: SipServer,
    pub net: Net,
    pub engine: Engine,
    pub folder: PathBuf,
}

/// An engine and its network side, media bound to `bind`.
pub fn media(bind: IpAddr) -> (Engine, Net) {
    let config = EngineConfig {
        capacity_legs: 32,
        capacity_rooms: 32,
        priority: None,
        ..EngineConfig::default()
    };
    let engine = Engine::start(config).expect("an engine");
    let link = engine.take_shard_link().expect("nobody has taken it");
    let net = NetConfig {
        bind,
        ports: free_ports(),
        capacity: 32,
        quarantine: Duration::from_millis(10),
        ..NetConfig::default()
    };
    (engine, Net::start(net, link).expect("a shard"))
}

impl Server {
    pub async fn start(name: &str) -> Self {
        Self::start_at(name, IpAddr::from([127, 0, 0, 1])).await
    }

    /// A server whose SIP and media are bound to `bind`.
    async fn start_at(name: &str, bind: IpAddr) -> Self {
        let (engine, net) = media(bind);
        let folder =
            std::env::temp_dir().join(format!("talkpath-sip-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let config = SipConfig {
            bind: SocketAddr::new(bind, 0),
            play_folder: Some(folder.clone()),
            call_log: Some(folder.join("calls.jsonl")),
            ..SipConfig::default()
        };
        let sip = SipServer::start(config, engine.clone(), net.clone())
            .await
            .expect("free ports");
        Self {
            sip,
            net,
            engine,
            folder,
        }
    }

    pub async fn stop(self) {
        assert!(self.sip.drain(Duration::from_secs(20)).await);
        drop(self.sip);
        self.net.shutdown();
        self.engine.shutdown();
        std::fs::remove_dir_all(self.folder).expect("ours");
    }
}

/// A range no other test of this process has, and most likely nobody else.
fn free_ports() -> std::ops::RangeInclusive<u16> {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let port = socket.local_addr().expect("bound").port();
    let low = port.clamp(2_000, 60_000);
    low..=low + 200
}

pub struct Phone {
    pub ua: Ua,
    rtp: UdpSocket,
    remote: SocketAddr,
}

impl Phone {
    pub async fn call(server: SocketAddr, user: &str) -> Self {
        let rtp = UdpSocket::bind(SocketAddr::new(server.ip(), 0)).expect("a free port");
        rtp.set_read_timeout(Some(Duration::from_millis(20)))
            .expect("a socket");
        let mut ua = Ua::udp(server).await;
        let port = rtp.local_addr().expect("bound").port();
        let offer = ua.sdp(&format!("m=audio {port} RTP/AVP 0\r\n"));
        let answer = ua.invite(user, "", &offer).await;
        assert_eq!(answer.status(), 200, "{}", answer.text);
        ua.ack(user, "").await;
        let line = answer
            .body()
            .lines()
            .find(|line| line.starts_with("m=audio "))
            .expect("audio");
        let port: u16 = line
            .split(' ')
            .nth(1)
            .expect("a port")
            .parse()
            .expect("a number");
        let place = answer
            .body()
            .lines()
            .find(|line| line.starts_with("c=IN "))
            .expect("a connection");
        let host = place.split(' ').nth(2).expect("an address");
        let host = host.parse().expect("an address");
        assert_eq!(host, server.ip(), "{place}");
        Self {
            ua,
            rtp,
            remote: SocketAddr::new(host, port),
        }
    }

    /// Sends one packet of a constant level and reads what has come; the loudest sample of it.
    pub fn talk(&self, sequence: u16, payload: u8) -> u8 {
        let mut packet = [payload; PACKET];
        packet[..12].copy_from_slice(&[0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]);
        packet[2..4].copy_from_slice(&sequence.to_be_bytes());
        packet[4..8].copy_from_slice(&(u32::from(sequence) * 160).to_be_bytes());
        self.rtp.send_to(&packet, self.remote).expect("sent");
        self.listen()
    }

    /// Loudness of the next packet: the magnitude bits of µ-law, 0 silent to 127.
    fn listen(&self) -> u8 {
        let mut packet = [0; 2_048];
        let Ok(length) = self.rtp.recv(&mut packet) else {
            return 0;
        };
        packet[12.min(length)..length]
            .iter()
            .map(|byte| !byte & 0x7f)
            .max()
            .unwrap_or(0)
    }
}

#[tokio::test]
async fn two_phones_hear_each_other_and_nobody_hears_himself() {
    let server = Server::start("two").await;
    let one = Phone::call(server.sip.local_addr(), "room-a").await;
    let two = Phone::call(server.sip.local_addr(), "room-a").await;
    let (mut own, mut other) = (0, 0);
    for sequence in 0..60 {
        own = own.max(one.talk(sequence, if sequence % 2 == 0 { 0x90 } else { 0x10 }));
        other = other.max(two.listen());
        tokio::task::yield_now().await;
    }
    assert!(other > 60, "two heard {other}");
    assert!(own < 8, "one heard itself at {own}");
    assert_eq!(server.engine.rooms().expect("running").len(), 1);
    let mut phones = [one, two];
    for phone in &mut phones {
        assert_eq!(phone.ua.ask("BYE", "room-a").await.status(), 200);
    }
    until("the end of the room", || {
        server.engine.rooms().is_ok_and(|rooms| rooms.is_empty())
    })
    .await;
    server.stop().await;
}

#[tokio::test]
async fn echo_tone_and_hold() {
    let server = Server::start("alone").await;
    let mut echo = Phone::call(server.sip.local_addr(), "echo").await;
    let loudest = (0..60)
        .map(|sequence| echo.talk(sequence, if sequence % 2 == 0 { 0x90 } else { 0x10 }))
        .max();
    assert!(loudest > Some(60), "the echo came at {loudest:?}");
    let held = echo.ua.sdp("m=audio 4000 RTP/AVP 8\r\na=sendonly\r\n");
    assert_eq!(echo.ua.invite("echo", "", &held).await.status(), 200);
    echo.ua.ack("echo", "").await;
    assert_eq!(echo.ua.ask("BYE", "echo").await.status(), 200);
    let tone = Phone::call(server.sip.local_addr(), "tone-440").await;
    let loudest = (0..60).map(|_| tone.listen()).max();
    assert!(loudest > Some(40), "the tone came at {loudest:?}");
    let mut tone = tone;
    assert_eq!(tone.ua.ask("BYE", "tone-440").await.status(), 200);
    until("the end of the rooms", || {
        server.engine.rooms().is_ok_and(|rooms| rooms.is_empty())
    })
    .await;
    server.stop().await;
}

#[tokio::test]
async fn a_recording_is_played_and_then_the_call_ends() {
    let server = Server::start("play").await;
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: 44_100,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer =
        hound::WavWriter::create(server.folder.join("beep.wav"), spec).expect("a file");
    for n in 0..44_100_u32 {
        let sample = if n / 100 % 2 == 0 {
            12_000_i16
        } else {
            -12_000
        };
        writer.write_sample(sample).expect("room");
    }
    writer.finalize().expect("room");
    let mut phone = Phone::call(server.sip.local_addr(), "play-beep").await;
    let loudest = (0..20).map(|_| phone.listen()).max();
    assert!(loudest > Some(60), "the recording came at {loudest:?}");
    let bye = phone.ua.expect("BYE").await;
    assert!(
        bye.header("Reason")
            .is_some_and(|reason| reason.contains("played to the end")),
        "{}",
        bye.text
    );
    until("the end of the room", || {
        server.engine.rooms().is_ok_and(|rooms| rooms.is_empty())
    })
    .await;
    server.stop().await;
}

/// An echo call to a server on `bind` by a phone that reaches it at `at`, ended by the server.
async fn an_echo_call(name: &str, bind: &str, at: &str) {
    let server = Server::start_at(name, bind.parse().expect("an address")).await;
    let at = SocketAddr::new(
        at.parse().expect("an address"),
        server.sip.local_addr().port(),
    );
    let mut phone = Phone::call(at, "echo").await;
    let loudest = (0..60)
        .map(|sequence| phone.talk(sequence, if sequence % 2 == 0 { 0x90 } else { 0x10 }))
        .max();
    assert!(loudest > Some(60), "the echo came at {loudest:?}");
    let status = server.sip.status();
    assert_eq!(status.calls[0].source.ip(), at.ip());
    let (bye, ()) = tokio::join!(phone.ua.expect("BYE"), server.stop());
    assert!(
        bye.header("Via")
            .is_some_and(|via| via.contains(&at.to_string())),
        "{}",
        bye.text
    );
}

#[tokio::test]
async fn a_call_over_ipv6() {
    an_echo_call("six", "::1", "::1").await;
}

#[tokio::test]
async fn an_ipv4_phone_calls_a_server_on_all_addresses() {
    an_echo_call("all-four", "::", "127.0.0.1").await;
}

#[tokio::test]
async fn an_ipv6_phone_calls_a_server_on_all_addresses() {
    an_echo_call("all-six", "::", "::1").await;
}
