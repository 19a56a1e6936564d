//! The SIP front over the real engine and real sockets.

use std::cell::Cell;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::time::Duration;

use talkpath_edge::net::{Net, NetConfig};
use talkpath_edge::sip::{SipConfig, SipServer};
use talkpath_engine::{Engine, EngineConfig, EventKind, LeaveReason, LegConfig, LegId};

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
    media_with(bind, |_| ())
}

/// The same, the network side's settings changed.
pub fn media_with(bind: IpAddr, change: impl FnOnce(&mut NetConfig)) -> (Engine, Net) {
    media_of(bind, EngineConfig::default(), change)
}

/// The same, on an engine of these settings.
fn media_of(
    bind: IpAddr,
    config: EngineConfig,
    change: impl FnOnce(&mut NetConfig),
) -> (Engine, Net) {
    let capacity = config.capacity_legs.min(32);
    let config = EngineConfig {
        capacity_legs: capacity,
        capacity_rooms: 32,
        priority: None,
        ..config
    };
    let engine = Engine::start(config).expect("an engine");
    let link = engine.take_shard_link().expect("nobody has taken it");
    let mut net = NetConfig {
        bind,
        ports: free_ports(),
        capacity,
        quarantine: Duration::from_millis(10),
        ..NetConfig::default()
    };
    change(&mut net);
    (engine, Net::start(net, link).expect("a shard"))
}

impl Server {
    pub async fn start(name: &str) -> Self {
        let bind = IpAddr::from([127, 0, 0, 1]);
        Self::start_on(name, bind, None, media(bind)).await
    }

    /// A server whose SIP is bound to `bind`, as the media is.
    async fn start_on(
        name: &str,
        bind: IpAddr,
        advertised: Option<IpAddr>,
        media: (Engine, Net),
    ) -> Self {
        Self::start_with(name, media, |config| {
            config.bind = SocketAddr::new(bind, 0);
            config.advertised = advertised;
        })
        .await
    }

    /// A server on loopback, unless `change` says otherwise.
    async fn start_with(
        name: &str,
        (engine, net): (Engine, Net),
        change: impl FnOnce(&mut SipConfig),
    ) -> Self {
        let folder =
            std::env::temp_dir().join(format!("talkpath-sip-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let mut config = SipConfig {
            bind: SocketAddr::from(([127, 0, 0, 1], 0)),
            play_folder: Some(folder.clone()),
            call_log: Some(folder.join("calls.jsonl")),
            ..SipConfig::default()
        };
        change(&mut config);
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
    /// RTP packets read.
    heard: Cell<u64>,
}

impl Phone {
    pub async fn call(server: SocketAddr, user: &str) -> Self {
        Self::call_with(server, user, "").await
    }

    /// The same with more headers.
    async fn call_with(server: SocketAddr, user: &str, more: &str) -> Self {
        Self::call_as(server, user, more, "0", "").await
    }

    /// The same that offers these payload types and says more of them.
    async fn call_as(server: SocketAddr, user: &str, more: &str, types: &str, lines: &str) -> Self {
        let rtp = UdpSocket::bind(SocketAddr::new(server.ip(), 0)).expect("a free port");
        rtp.set_read_timeout(Some(Duration::from_millis(20)))
            .expect("a socket");
        let mut ua = Ua::udp(server).await;
        let port = rtp.local_addr().expect("bound").port();
        let offer = ua.sdp(&format!("m=audio {port} RTP/AVP {types}\r\n{lines}"));
        let answer = ua.invite(user, more, &offer).await;
        assert_eq!(answer.status(), 200, "{}", answer.text);
        assert!(answer.body().contains(&format!("RTP/AVP {types}\r\n")));
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
            heard: Cell::new(0),
        }
    }

    /// Sends one packet of a constant level and reads what has come; the loudest sample of it.
    pub fn talk(&self, sequence: u16, payload: u8) -> u8 {
        let mut packet = [payload; PACKET];
        packet[..12].copy_from_slice(&[0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]);
        packet[2..4].copy_from_slice(&sequence.to_be_bytes());
        packet[4..8].copy_from_slice(&(u32::from(sequence) * 160).to_be_bytes());
        self.send(&packet);
        self.listen()
    }

    /// Sends anything at all.
    pub fn send(&self, datagram: &[u8]) {
        self.rtp.send_to(datagram, self.remote).expect("sent");
    }

    /// RTP packets that have come so far.
    pub fn heard(&mut self) -> u64 {
        while self.next().is_some() {}
        self.heard.get()
    }

    /// The next datagram, waited for a packet time; RTP is counted, RTCP (payload types 72 to 76) is not.
    fn next(&self) -> Option<Vec<u8>> {
        let mut packet = [0; 2_048];
        let length = self.rtp.recv(&mut packet).ok()?;
        if !(72..=76).contains(&(packet[1] & 0x7f)) {
            self.heard.set(self.heard.get() + 1);
        }
        Some(packet[..length].to_vec())
    }

    /// Loudness of the next packet: the magnitude bits of µ-law, 0 silent to 127.
    fn listen(&self) -> u8 {
        let packet = self.next().unwrap_or_default();
        packet
            .iter()
            .skip(12)
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

/// RFC 4733 from offer to event: one for each key, whatever of its packets is lost.
#[tokio::test]
async fn the_keys_of_a_phone_are_told_as_events_and_the_engine_can_press_some() {
    let server = Server::start("keys").await;
    let events = server.engine.subscribe().expect("running");
    let lines = "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n";
    let address = server.sip.local_addr();
    let mut phone = Phone::call_as(address, "room-a", "", "0 101", lines).await;
    for sequence in 0..10 {
        phone.talk(sequence, 0x90);
    }
    // The 5, for 60 ms: of six packets the first, and two of the three last, are lost.
    let press = |sequence: u16, duration: u16, end: bool| {
        let mut packet = [0x80, 101, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 10, 0, 0];
        packet[2..4].copy_from_slice(&sequence.to_be_bytes());
        packet[4..8].copy_from_slice(&1_600_u32.to_be_bytes());
        packet[13] |= if end { 0x80 } else { 0 };
        packet[14..].copy_from_slice(&duration.to_be_bytes());
        phone.send(&packet);
    };
    press(11, 320, false);
    press(12, 480, false);
    press(14, 480, true);
    let mut told = Vec::new();
    until("the key", || {
        let kinds = events.receiver().try_iter().map(|event| event.kind);
        told.extend(kinds.filter_map(|kind| match kind {
            EventKind::Key {
                leg, key, duration, ..
            } => Some((leg, key.to_string(), duration)),
            _ => None,
        }));
        !told.is_empty()
    })
    .await;
    let (leg, key, duration) = told.remove(0);
    assert_eq!((key.as_str(), duration), ("5", Duration::from_millis(60)));
    // And back: packets of the number that was agreed on, the last marked as such three times.
    let rooms = server.engine.rooms().expect("running");
    let mut legs = rooms.iter().flat_map(|room| room.legs().expect("running"));
    let leg = legs.find(|one| one.id() == leg).expect("it is there");
    leg.send_keys("#", Duration::from_millis(80))
        .expect("keys were agreed on");
    let mut ends = 0;
    for _ in 0..200 {
        let packet = phone.next().unwrap_or_default();
        if packet.get(1).is_some_and(|second| second & 0x7f == 101) {
            assert_eq!(packet[12], 11, "the code of #");
            ends += u32::from(packet[13] & 0x80 != 0);
        }
        if ends == 3 {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(ends, 3);
    assert_eq!(phone.ua.ask("BYE", "room-a").await.status(), 200);
    server.stop().await;
}

/// A slot in which there is no time for a phone, whatever the machine.
#[tokio::test]
async fn a_call_there_is_no_time_for_is_told_so_before_any_media() {
    let loopback = IpAddr::from([127, 0, 0, 1]);
    let tiny = EngineConfig {
        slot: Duration::from_micros(250),
        admit_budget: 0.001,
        ..EngineConfig::default()
    };
    let server = Server::start_on("full", loopback, None, media_of(loopback, tiny, |_| ())).await;
    let mut ua = Ua::udp(server.sip.local_addr()).await;
    let offer = ua.sdp("m=audio 4000 RTP/AVP 0\r\n");
    for user in ["room-a", "echo"] {
        let answer = ua.invite(user, "", &offer).await;
        assert_eq!(answer.status(), 503, "{}", answer.text);
        let reason = answer.header("Reason").expect("a reason");
        assert!(reason.starts_with("SIP;cause=503;"), "{reason}");
        assert!(reason.contains("slot time"), "{reason}");
        assert!(reason.contains("left on worker 0"), "{reason}");
        assert!(
            answer
                .header("Warning")
                .is_some_and(|text| text.contains("slot time"))
        );
        assert_eq!(answer.header("Retry-After"), Some("10"));
        ua.ack(user, "").await;
        ua.fresh();
    }
    until("the ports", || server.net.status().ports.in_use == 0).await;
    let status = server.engine.status().expect("running");
    assert_eq!(status.legs(), 0);
    assert_eq!(status.supervisor.legs_joined, 0);
    assert_eq!(status.supervisor.refused_capacity, 2);
    until("the rooms", || {
        server.engine.rooms().is_ok_and(|rooms| rooms.is_empty())
    })
    .await;
    server.stop().await;
}

/// A full server: legs, ports and the limit of calls are all spent.
#[tokio::test]
async fn an_emergency_call_gets_in_and_the_least_is_told_why_it_goes() {
    let loopback = IpAddr::from([127, 0, 0, 1]);
    let full = EngineConfig {
        capacity_legs: 3,
        ..EngineConfig::default()
    };
    let server = Server::start_with("displaced", media_of(loopback, full, |_| ()), |config| {
        config.limits.calls = 3;
        config.precedence.trusted = vec!["127.0.0.0/8".parse().expect("a network")];
    })
    .await;
    let events = server.engine.subscribe().expect("running");
    let address = server.sip.local_addr();
    let mut urgent = Phone::call_with(address, "room-a", "Priority: urgent\r\n").await;
    let mut low = Phone::call_with(address, "room-a", "Priority: non-urgent\r\n").await;
    let mut normal = Phone::call(address, "echo").await;
    let leg_of = |call_id: &str| {
        let calls = server.sip.status().calls;
        let call = calls.iter().find(|call| call.call_id == call_id);
        LegId::from_bits(call.expect("listed").leg.expect("joined")).expect("a handle")
    };
    let displaced = leg_of(&low.ua.call_id);

    let more = "Resource-Priority: wps.9, esnet.1\r\n";
    let mut emergency = Phone::call_with(address, "room-a", more).await;
    let bye = low.ua.expect("BYE").await;
    let reason = bye.header("Reason").expect("why");
    let why = "text=\"an emergency call needed the room\"";
    assert!(
        reason.starts_with(&format!("preemption ;cause=1 ;{why}")),
        "{reason}"
    );
    let by = leg_of(&emergency.ua.call_id);
    // It has the very place of the one that left.
    assert_eq!(by.index(), displaced.index());
    let told = EventKind::Displaced {
        leg: displaced,
        call: None,
        by,
    };
    until("the event", || {
        events.receiver().try_iter().any(|event| event.kind == told)
    })
    .await;
    // Nobody else had to go, and no ordinary call comes in.
    let mut ua = Ua::udp(address).await;
    let offer = ua.sdp("m=audio 4000 RTP/AVP 0\r\n");
    assert_eq!(ua.invite("echo", "", &offer).await.status(), 503);
    until("three calls", || server.sip.status().calls.len() == 3).await;
    // The leg lives on where another had been.
    let loudest = (0..60)
        .map(|sequence| {
            emergency.talk(sequence, 0xff);
            normal.talk(sequence, 0xff);
            urgent.talk(sequence, if sequence % 2 == 0 { 0x90 } else { 0x10 });
            emergency.listen()
        })
        .max();
    assert!(loudest > Some(60), "it hears {loudest:?}");
    for (phone, user) in [
        (&mut emergency, "room-a"),
        (&mut urgent, "room-a"),
        (&mut normal, "echo"),
    ] {
        assert_eq!(phone.ua.ask("BYE", user).await.status(), 200);
    }
    until("the end of the rooms", || {
        server.engine.rooms().is_ok_and(|rooms| rooms.is_empty())
    })
    .await;
    server.stop().await;
}

/// One of two phones is gone without a word, as when its battery is pulled out.
#[tokio::test]
async fn a_phone_that_vanishes_is_let_go_and_the_other_hears_on() {
    const SILENCE: u8 = 0xff;
    let loopback = IpAddr::from([127, 0, 0, 1]);
    let media = media_with(loopback, |net| net.media_timeout = Duration::from_secs(2));
    let server = Server::start_on("vanish", loopback, None, media).await;
    let events = server.engine.subscribe().expect("running");
    let mut gone = Phone::call(server.sip.local_addr(), "room-a").await;
    let leg = server.sip.status().calls[0].leg.expect("joined");
    let leg = LegId::from_bits(leg).expect("a handle");
    let stays = Phone::call(server.sip.local_addr(), "room-a").await;
    let room = server.engine.room("a").expect("running").expect("there");
    room.join(LegConfig::tone(440.0, -16.0)).expect("a place");
    gone.talk(0, SILENCE);
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let staying = tokio::task::spawn_blocking(move || {
        let mut sequence = 0;
        // The other end of the channel only ever hangs up.
        while stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
            stays.talk(sequence, SILENCE);
            sequence += 1;
        }
        let loudest = (0..50).map(|n| stays.talk(sequence + n, SILENCE)).max();
        (stays, loudest)
    });

    let bye = gone.ua.expect("BYE").await;
    assert!(
        bye.header("Reason")
            .is_some_and(|reason| reason.contains("no media")),
        "{}",
        bye.text
    );
    let mut told = Vec::new();
    let ended = [
        EventKind::MediaTimeout { leg },
        EventKind::Left {
            room: room.id(),
            leg,
            reason: LeaveReason::MediaTimeout,
        },
    ];
    until("the end of the leg", || {
        told.extend(events.receiver().try_iter().map(|event| event.kind));
        ended.iter().all(|end| told.contains(end))
    })
    .await;
    drop(stop);
    let (mut stays, loudest) = staying.await.expect("it talks");
    assert!(loudest > Some(40), "the tone came at {loudest:?}");
    let calls = server.sip.status().calls;
    assert_eq!(calls.len(), 1);
    assert_ne!(calls[0].leg, Some(leg.to_bits()));
    assert_eq!(stays.ua.ask("BYE", "room-a").await.status(), 200);
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

/// An echo call to a server on `bind` that advertises an address, by a phone that reaches it at `at`; ended by the server.
async fn an_echo_call(name: &str, bind: &str, advertised: Option<&str>, at: &str) {
    let bind = bind.parse().expect("an address");
    let advertised = advertised.map(|ip| ip.parse().expect("an address"));
    let media = media_with(bind, |net| net.advertised = advertised);
    let server = Server::start_on(name, bind, advertised, media).await;
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
    an_echo_call("six", "::1", None, "::1").await;
}

#[tokio::test]
async fn an_ipv4_phone_calls_a_server_on_all_addresses() {
    an_echo_call("all-four", "::", None, "127.0.0.1").await;
}

#[tokio::test]
async fn an_ipv6_phone_calls_a_server_on_all_addresses() {
    an_echo_call("all-six", "::", None, "::1").await;
}

/// An address of the other family is of no use to a phone: it is told the one it has reached.
#[tokio::test]
async fn a_phone_of_one_family_calls_a_server_that_advertises_the_other() {
    an_echo_call("other-six", "::", Some("2001:db8::7"), "127.0.0.1").await;
    an_echo_call("other-four", "::", Some("203.0.113.7"), "::1").await;
}
