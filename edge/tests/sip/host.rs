//! The media side as it is, without a SIP front: what it does when others come between.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use talkpath_edge::calls::{
    Asked, CallLeg, Clips, Destination, EngineHost, MediaEnd, MediaHost, MediaPort, MediaRefusal,
    MediaSession,
};
use talkpath_edge::net::Net;
use talkpath_engine::negotiate::{Alongside, AudioAnswer, Direction, Numbers};
use talkpath_engine::{Codec, Engine, FrameTime, LegId, Priority};
use talkpath_rt::clock::{Clock, MonotonicClock};

use super::real::{media, media_with};
use super::until;

const LOOPBACK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

fn host(engine: &Engine, net: &Net) -> EngineHost {
    let clips = Clips::new(None);
    EngineHost::new(engine.clone(), net.clone(), clips, FrameTime::Ms20).expect("it runs")
}

fn session(codec: Codec, payload_type: u8, direction: Direction) -> MediaSession {
    MediaSession {
        answer: AudioAnswer {
            opus: talkpath_nodes::codec::OpusSettings::default(),
            codec,
            numbers: Numbers::same(payload_type),
            ptime: Duration::from_millis(20),
            direction,
            rtcp_mux: true,
            alongside: Alongside::default(),
        },
        remote_rtp: SocketAddr::new(LOOPBACK, 9),
        remote_rtcp: SocketAddr::new(LOOPBACK, 9),
    }
}

fn pause(span: Duration) {
    MonotonicClock.sleep_until(MonotonicClock.now() + span);
}

/// A caller in `room-a`; what ends its media is counted. What others have just given back may not
/// be there yet.
fn join(host: &EngineHost, ended: &Arc<AtomicUsize>) -> CallLeg {
    let asked = Asked {
        to: Destination::Room("a".to_owned()),
        class: Priority::Normal,
    };
    let session = session(Codec::Pcmu, 0, Direction::BOTH);
    for _ in 0..1_000 {
        let ended = ended.clone();
        let count = move |end| {
            assert_eq!(end, MediaEnd::RoomClosed);
            ended.fetch_add(1, Ordering::Relaxed);
        };
        let joined = host
            .open(&asked)
            .and_then(|port| host.join(port, &asked, &session, Box::new(count)));
        match joined {
            Ok(leg) => return leg,
            Err(MediaRefusal::Capacity(_)) => pause(Duration::from_millis(2)),
            Err(refusal) => panic!("{refusal}"),
        }
    }
    panic!("no place in two seconds");
}

fn is_in(engine: &Engine, leg: CallLeg) -> bool {
    let room = engine.room("a").expect("running");
    let legs = room.and_then(|room| room.legs().ok()).unwrap_or_default();
    legs.iter().any(|one| one.id().to_bits() == leg.0)
}

/// A room ends with its last caller while the next one enters: one of them is first, and neither
/// is thrown out.
#[test]
fn nobody_is_thrown_out_of_a_room_that_is_ending() {
    let (engine, net) = media(LOOPBACK);
    let host = host(&engine, &net);
    let ended = Arc::default();
    std::thread::scope(|threads| {
        for thread in 0..2_u64 {
            let (host, engine, ended) = (&host, &engine, &ended);
            threads.spawn(move || {
                for round in 0..200 {
                    let leg = join(host, ended);
                    // The two fall in and out of step.
                    pause(Duration::from_micros(round * (40 + 30 * thread) % 1_000));
                    assert!(is_in(engine, leg), "thrown out in round {round}");
                    host.leave(leg);
                }
            });
        }
    });
    assert_eq!(ended.load(Ordering::Relaxed), 0);
    assert!(
        engine.room("a").expect("running").is_none(),
        "the last has closed it"
    );
    drop(host);
    net.shutdown();
    engine.shutdown();
}

#[test]
fn a_change_that_fails_leaves_the_leg_as_it_was() {
    let (engine, net) = media(LOOPBACK);
    let host = host(&engine, &net);
    let leg = join(&host, &Arc::default());
    let terms = || {
        let status = engine.status().expect("running");
        let leg = &status.rooms[0].legs[0];
        (leg.codec.clone(), leg.receive, leg.send)
    };
    let before = terms();
    // The last of its steps is the network side's, and that has let the leg go.
    net.detach(LegId::from_bits(leg.0).expect("a handle"))
        .expect("attached");
    let silent = Direction {
        receive: false,
        send: false,
    };
    host.update(leg, &session(Codec::Pcma, 8, silent))
        .expect_err("not attached");
    assert_eq!(terms(), before);
    host.leave(leg);
    drop(host);
    net.shutdown();
    engine.shutdown();
}

#[tokio::test]
async fn a_leg_the_engine_lets_go_has_its_port_closed_at_once() {
    let (engine, net) = media(LOOPBACK);
    let host = host(&engine, &net);
    let ended = Arc::default();
    let leg = join(&host, &ended);
    let room = engine.room("a").expect("running").expect("there");
    room.close().expect("open");
    until("the end", || ended.load(Ordering::Relaxed) == 1).await;
    until("the port", || net.status().ports.in_use == 0).await;
    // The next caller of that name has nothing to do with the first one.
    let next = join(&host, &ended);
    host.leave(leg);
    assert!(is_in(&engine, next));
    host.leave(next);
    assert_eq!(ended.load(Ordering::Relaxed), 1);
    drop(host);
    net.shutdown();
    engine.shutdown();
}

fn echo() -> Asked {
    Asked {
        to: Destination::Echo,
        class: Priority::Normal,
    }
}

/// A caller at `peer` is told `ours`, for media and control.
fn is_told(port: &impl MediaPort, peer: &str, ours: &str) {
    let place = port.place(SocketAddr::new(peer.parse().expect("an address"), 5060));
    let ours: IpAddr = ours.parse().expect("an address");
    assert_eq!((place.rtp.ip(), place.rtcp.ip()), (ours, ours), "{peer}");
}

/// Callers are told the address they can use, also when a socket has mapped theirs.
#[test]
fn a_port_on_all_addresses_is_where_the_caller_can_reach_it() {
    let (engine, net) = media("::".parse().expect("an address"));
    let host = host(&engine, &net);
    let port = host.open(&echo()).expect("a port");
    for (peer, ours) in [
        ("127.0.0.1", "127.0.0.1"),
        ("::ffff:127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
    ] {
        is_told(&port, peer, ours);
    }
    drop((port, host));
    net.shutdown();
    engine.shutdown();
}

#[test]
fn an_advertised_address_is_told_to_callers_of_its_family() {
    let advertised: IpAddr = "203.0.113.7".parse().expect("an address");
    let any = "::".parse().expect("an address");
    let (engine, net) = media_with(any, |net| net.advertised = Some(advertised));
    let host = host(&engine, &net);
    let port = host.open(&echo()).expect("a port");
    for (peer, ours) in [
        ("127.0.0.1", "203.0.113.7"),
        ("::ffff:127.0.0.1", "203.0.113.7"),
        ("::1", "::1"),
    ] {
        is_told(&port, peer, ours);
    }
    drop((port, host));
    net.shutdown();
    engine.shutdown();
}
