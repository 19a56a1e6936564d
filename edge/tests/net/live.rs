//! The network side over real loopback sockets, with a stand-in for the worker.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

use crate::rig::{OWN, Phone, Rig, config, datagram, leg, receive, session, wait};
use talkpath_edge::net::{LatchState, NetError, NetEvent, SessionChange};
use talkpath_nodes::packet::Header;
use talkpath_rt::clock::{Clock, MonotonicClock};

#[test]
fn echo_over_both_families() {
    for (ip, bind) in [
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
        ("127.0.0.1", "::"),
    ] {
        let bind: IpAddr = bind.parse().unwrap();
        let rig = Rig::start(talkpath_edge::net::NetConfig {
            bind,
            ..config(20_000..=20_999)
        });
        let ip: IpAddr = ip.parse().unwrap();
        let mut phones: Vec<_> = (0..3).map(|i| Phone::new(ip, 100 + i)).collect();
        let ports: Vec<_> = (0..3)
            .map(|i| {
                let lease = rig.net.open().unwrap();
                let local = lease.local_rtp_for(ip);
                rig.net
                    .attach(lease, session(i, phones[i as usize].addr()))
                    .unwrap();
                local
            })
            .collect();
        for _ in 0..10 {
            for (phone, port) in phones.iter_mut().zip(&ports) {
                assert_eq!(phone.exchange(*port), OWN);
            }
        }
        let status = rig.until("all counted", |s| {
            s.counters.rtp_out == 30 && s.legs.iter().all(|l| l.packets_out == 10)
        });
        assert_eq!((status.counters.rtp_in, status.legs.len()), (30, 3));
        assert!(
            status
                .legs
                .iter()
                .all(|leg| leg.latch == LatchState::Locked && leg.octets_in == 1600)
        );
    }
}

#[test]
fn nat_foreign_packets_and_reinvite() {
    let rig = Rig::start(config(21_000..=21_999));
    let (mut phone, mut other) = (Phone::loopback(1), Phone::loopback(2));
    // The SDP names an address behind a NAT; media comes from elsewhere.
    let (call, port) = rig.call(0, SocketAddr::from(([127, 0, 0, 2], 4000)));
    for _ in 0..5 {
        phone.exchange(port);
    }
    other.send(port);
    rig.until("the stranger is refused", |s| {
        s.counters.drop_in_foreign == 1
    });
    assert_eq!(phone.exchange(port), OWN);
    // A transfer: only signalling opens the latch.
    call.update(SessionChange {
        remote_rtp: other.addr(),
        ..SessionChange::from(&session(0, other.addr()))
    })
    .unwrap();
    rig.until("open again", |s| {
        s.legs.iter().any(|l| l.latch == LatchState::Waiting)
    });
    assert_eq!(other.exchange(port), OWN, "from the first packet on");
    let status = rig.until("learnt anew", |s| {
        s.counters.source_changes == 1 && s.legs.iter().any(|l| l.remote == Some(other.addr()))
    });
    assert_eq!(status.counters.drop_in_probation, 0);
}

#[test]
fn reports_bye_and_figures() {
    let rig = Rig::start(config(22_000..=22_999));
    let mut phone = Phone::loopback(0x51);
    let (call, port) = rig.call(0, phone.addr());
    phone.sequence = 65_530;
    for i in 0..20 {
        if i % 5 == 4 {
            phone.packet();
        }
        phone.exchange(port);
    }
    // 24 packets from sequence number 65,531 on, four of them lost on the way.
    let word =
        |report: &[u8], at: usize| u32::from_be_bytes(report[at..at + 4].try_into().unwrap());
    let report = loop {
        let report = receive(&phone.rtcp);
        if report[..2] == [0x81, 200] && word(&report, 36) == 65_530 + 24 {
            break report;
        }
    };
    assert_eq!(
        (
            word(&report, 4),
            word(&report, 28),
            word(&report, 32) & 0xff_ffff
        ),
        (OWN, 0x51, 4)
    );
    assert_eq!((word(&report, 20), word(&report, 24)), (20, 3200));
    assert!(report.windows(14).any(|name| name == b"talkpath@test\0"));
    let middle: [u8; 4] = report[10..14].try_into().unwrap();
    let mut answer = vec![0x81, 201, 0, 7, 0, 0, 0, 0x51];
    answer.extend(OWN.to_be_bytes());
    answer.extend([64, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 80]);
    answer.extend(middle);
    answer.extend([0; 4]);
    phone
        .rtcp
        .send_to(&answer, SocketAddr::new(port.ip(), port.port() + 1))
        .unwrap();
    let status = rig.until("round trip known", |s| {
        s.legs.iter().any(|l| l.round_trip_ms.is_some())
    });
    let stats = status.legs[0];
    assert_eq!(
        (
            stats.remote_lost,
            stats.remote_fraction_lost,
            stats.remote_jitter_ms
        ),
        (Some(9), Some(0.25), Some(10.0))
    );
    assert_eq!((stats.lost, stats.remote_ssrc), (4, Some(0x51)));
    call.detach().unwrap();
    wait("BYE", || {
        let last = receive(&phone.rtcp);
        last.windows(8)
            .any(|w| w[..4] == [0x81, 203, 0, 1] && w[4..] == OWN.to_be_bytes())
            .then_some(())
    });
}

#[test]
fn silence_bye_and_collision_are_told() {
    let rig = Rig::start(talkpath_edge::net::NetConfig {
        media_timeout: Duration::from_millis(300),
        ..config(23_000..=23_999)
    });
    let events = rig.net.subscribe();
    let mut phone = Phone::loopback(7);
    let (_call, port) = rig.call(3, phone.addr());
    phone.exchange(port);
    assert_eq!(events.recv(), Ok(NetEvent::MediaTimeout(leg(3))));
    let bye = [
        &[0x80, 201, 0, 1, 0, 0, 0, 7][..],
        &[0x81, 203, 0, 1, 0, 0, 0, 7],
    ]
    .concat();
    phone
        .rtcp
        .send_to(&bye, SocketAddr::new(port.ip(), port.port() + 1))
        .unwrap();
    assert_eq!(events.recv(), Ok(NetEvent::Bye(leg(3))));
    // The phone takes our SSRC: the next packets leave under another one.
    phone.ssrc = OWN;
    phone.send(port);
    let told = loop {
        if let NetEvent::SsrcCollision { leg: of, new_ssrc } = events.recv().unwrap() {
            break (of, new_ssrc);
        }
    };
    assert_eq!(told.0, leg(3));
    phone.send(port);
    phone.send(port);
    assert_eq!(phone.exchange(port), told.1);
    assert_eq!(
        rig.until("counted", |s| s.counters.ssrc_collisions == 1)
            .counters
            .byes_in,
        1
    );
}

#[test]
fn ports_run_out_rest_and_come_back() {
    let taken = UdpSocket::bind("127.0.0.1:24002").ok();
    let rig = Rig::start(config(24_000..=24_005));
    let leases: Vec<_> = std::iter::from_fn(|| rig.net.open().ok()).collect();
    assert!(leases.len() <= 3 - usize::from(taken.is_some()) && !leases.is_empty());
    assert!(matches!(rig.net.open(), Err(NetError::NoPort { .. })));
    let count = leases.len();
    drop(leases);
    let error = rig.net.open().unwrap_err();
    assert!(
        matches!(error, NetError::NoPort { resting, .. } if resting == count),
        "{error}"
    );
    drop(wait("quarantine over", || rig.net.open().ok()));
}

#[test]
fn wrong_handles_and_a_closed_side() {
    let rig = Rig::start(config(25_000..=25_999));
    let phone = Phone::loopback(7);
    let (call, _) = rig.call(0, phone.addr());
    let again = rig
        .net
        .attach(rig.net.open().unwrap(), session(0, phone.addr()));
    assert!(matches!(again, Err(NetError::Attached(_))));
    let beyond = rig
        .net
        .attach(rig.net.open().unwrap(), session(128, phone.addr()));
    assert!(matches!(
        beyond,
        Err(NetError::BeyondCapacity {
            index: 128,
            capacity: 128
        })
    ));
    call.detach().unwrap();
    assert!(matches!(call.detach(), Err(NetError::NotAttached(_))));
    rig.until("port at rest", |s| s.ports.in_use == 0);
    let lease = rig.net.open().unwrap();
    rig.net.shutdown();
    assert!(matches!(
        rig.net.attach(lease, session(1, phone.addr())),
        Err(NetError::Closed)
    ));
    assert!(matches!(rig.net.open(), Err(NetError::Closed)));
}

#[test]
fn packets_wait_for_their_time() {
    const WAIT: Duration = Duration::from_millis(40);
    let rig = Rig::with(config(26_000..=26_999), 64, |packet, now| {
        packet.not_before = now + WAIT
    });
    let mut phone = Phone::loopback(7);
    let (_call, port) = rig.call(0, phone.addr());
    let before = MonotonicClock.now();
    phone.exchange(port);
    assert!(MonotonicClock.now() - before >= WAIT);
    assert_eq!(
        rig.until("sent", |s| s.counters.rtp_out == 1)
            .counters
            .sent_early,
        0
    );
}

#[test]
fn an_empty_inventory_drops_and_counts() {
    // Packets never leave before the end of the test, so two boxes are all there are on the way out; on the way in
    // the stand-in gives each back at once, and takes no box when there is none. Fewer than a batch of the shard.
    let rig = Rig::with(config(27_000..=27_999), 2, |packet, now| {
        packet.not_before = now + Duration::from_secs(9)
    });
    let mut phone = Phone::loopback(7);
    let (_call, port) = rig.call(0, phone.addr());
    for _ in 0..60 {
        phone.send(port);
    }
    let status = rig.until("all counted", |s| {
        s.counters.rtp_in + s.counters.drop_in_no_box + s.counters.drop_in_ring_full == 60
    });
    assert!(status.counters.drop_in_no_box > 0);
    assert_eq!(status.counters.datagrams_in, 60);
    rig.until("half held, half sent early", |s| {
        s.held == 1 && s.counters.sent_early > 0
    });
}

#[test]
fn held_legs_and_unknown_addresses() {
    let rig = Rig::start(config(28_000..=28_999));
    let mut phone = Phone::loopback(7);
    let (call, port) = rig.call(0, phone.addr());
    phone.exchange(port);
    let now = SessionChange::from(&session(0, phone.addr()));
    call.update(SessionChange {
        receive: false,
        ..now
    })
    .unwrap();
    rig.until("open again", |s| {
        s.legs.iter().any(|l| l.latch == LatchState::Waiting)
    });
    phone.send(port);
    rig.until("not received", |s| s.counters.drop_in_not_receiving == 1);
    call.update(SessionChange { send: false, ..now }).unwrap();
    rig.until("open again", |s| {
        s.legs.iter().any(|l| l.latch == LatchState::Waiting)
    });
    phone.send(port);
    rig.until("not sent", |s| s.counters.drop_out_not_sending == 1);
    // RTP on the RTCP port, RTCP on the RTP port.
    let second = SocketAddr::new(port.ip(), port.port() + 1);
    let packet = phone.packet();
    phone.rtp.send_to(&packet, second).unwrap();
    phone
        .rtp
        .send_to(&[0x80, 201, 0, 1, 0, 0, 0, 7], port)
        .unwrap();
    rig.until("wrong port", |s| s.counters.drop_in_wrong_port == 2);
    call.update(SessionChange {
        rtcp_mux: true,
        ..now
    })
    .unwrap();
    rig.until("open again", |s| {
        s.legs.iter().any(|l| l.latch == LatchState::Waiting)
    });
    phone
        .rtp
        .send_to(&[0x80, 201, 0, 1, 0, 0, 0, 7], port)
        .unwrap();
    rig.until("muxed", |s| s.counters.rtcp_in == 1);
    // A payload type that was not negotiated.
    let wrong = datagram(
        Header {
            payload_type: 8,
            ssrc: 7,
            ..Header::default()
        },
        &[0; 160],
    );
    phone.rtp.send_to(&wrong, port).unwrap();
    rig.until("payload type", |s| s.counters.drop_in_payload_type == 1);
}
