//! Tests of `far_end`, in virtual time.

use super::super::rtcp::MAX_COMPOUND;
use super::*;

const NOW: Duration = Duration::from_secs(500);
const OWN: u32 = 0x0b0b;
const TIMEOUT: Duration = Duration::from_secs(10);

fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn session() -> SessionChange {
    SessionChange {
        remote_rtp: addr("192.0.2.1:4000"),
        remote_rtcp: addr("192.0.2.1:4001"),
        rtcp_mux: false,
        payload_type: 0,
        send_payload_type: 0,
        keys: None,
        clock_rate: 8000,
        receive: true,
        send: true,
    }
}

fn reports(ssrc: u32) -> Reports {
    Reports::new(
        ssrc,
        "test@talkpath".to_owned(),
        8000,
        Duration::from_secs(5),
        NOW,
        1,
    )
}

fn far_end(session: SessionChange) -> FarEnd {
    FarEnd::new(session, reports(OWN), NOW)
}

fn header(ssrc: u32, sequence: u16) -> Header {
    Header {
        ssrc,
        sequence,
        ..Header::default()
    }
}

fn wall() -> Wall {
    Wall::new(Duration::from_secs(1_700_000_000), NOW)
}

/// A report of `ssrc`, with BYE if wanted.
fn compound(ssrc: u32, bye: bool) -> Vec<u8> {
    let mut out = [0; MAX_COMPOUND];
    let mut reports = reports(ssrc);
    let length = if bye {
        reports.compose_bye(NOW, &wall(), None, &mut out)
    } else {
        reports.compose(NOW, &wall(), None, &mut out)
    };
    out[..length].to_vec()
}

#[test]
fn each_refusal_has_its_reason() {
    let mut far = far_end(session());
    let (home, away) = (addr("192.0.2.1:4000"), addr("198.51.100.1:4000"));
    let wrong = Header {
        payload_type: 127,
        ..header(7, 1)
    };
    assert_eq!(
        far.judge(&wrong, home, NOW),
        Verdict::Drop(Refusal::PayloadType)
    );
    assert_eq!(far.judge(&header(7, 1), home, NOW), Verdict::Accept);
    assert_eq!(
        far.judge(&header(7, 2), away, NOW),
        Verdict::Drop(Refusal::Foreign)
    );
    assert_eq!(
        far.judge(&header(8, 9), home, NOW),
        Verdict::Drop(Refusal::Probation)
    );
    assert_eq!(far.judge(&header(8, 10), home, NOW), Verdict::AcceptChanged);
    assert_eq!(
        far.judge(&header(8, 9000), home, NOW),
        Verdict::Drop(Refusal::Sequence)
    );
    far.update(
        SessionChange {
            receive: false,
            ..session()
        },
        NOW,
    );
    assert_eq!(
        far.judge(&header(8, 11), home, NOW),
        Verdict::Drop(Refusal::NotReceiving)
    );
}

/// The packets of a key share a timestamp and would count as jitter.
#[test]
fn keys_come_in_where_they_were_agreed_on_and_are_no_measure_of_jitter() {
    let home = addr("192.0.2.1:4000");
    let key = |n| Header {
        payload_type: 101,
        ..header(7, n)
    };
    let mut without = far_end(session());
    assert_eq!(
        without.judge(&key(1), home, NOW),
        Verdict::Drop(Refusal::PayloadType)
    );
    let mut far = far_end(SessionChange {
        keys: Some(101),
        ..session()
    });
    for n in 1..=20 {
        let at = NOW + Duration::from_millis(20 * u64::from(n));
        assert_eq!(far.judge(&key(n), home, at), Verdict::Accept);
    }
    let heard = far.sources.reception().expect("a source");
    assert_eq!((heard.jitter, heard.cumulative_lost), (0, 0));
}

#[test]
fn a_refused_packet_teaches_nothing() {
    let mut far = far_end(session());
    let away = addr("198.51.100.1:4000");
    let wrong = Header {
        payload_type: 127,
        ..header(7, 1)
    };
    far.judge(&wrong, away, NOW);
    assert_eq!(
        (far.latch(), far.rtp_target()),
        (LatchState::Waiting, Some(session().remote_rtp))
    );
    far.judge(&header(OWN, 1), away, NOW);
    assert_eq!(far.latch(), LatchState::Waiting);
}

#[test]
fn collision_once_then_a_loop() {
    let mut far = far_end(session());
    let home = addr("192.0.2.1:4000");
    far.judge(&header(7, 1), home, NOW);
    assert_eq!(
        far.judge(&header(OWN, 1), home, NOW),
        Verdict::Drop(Refusal::Collision)
    );
    let new = far.change_own_ssrc();
    assert!(new != OWN && new != 7);
    assert_eq!(
        far.judge(&header(OWN, 2), home, NOW),
        Verdict::Drop(Refusal::Probation)
    );
    assert_eq!(
        far.judge(&header(new, 3), home, NOW),
        Verdict::Drop(Refusal::OwnSsrc)
    );
    let later = NOW + CONFLICT_LISTED;
    assert_eq!(
        far.judge(&header(new, 3), home, later),
        Verdict::Drop(Refusal::Collision)
    );
}

#[test]
fn control_packets_collide_and_loop_as_media_does() {
    let mut far = far_end(session());
    let (rtp, rtcp) = (addr("192.0.2.1:4000"), addr("192.0.2.1:4001"));
    let hear = |far: &mut FarEnd, ssrc, at| far.hear(&compound(ssrc, false), rtcp, at, &wall());
    assert_eq!(hear(&mut far, OWN, NOW), Err(Refusal::Collision));
    let new = far.change_own_ssrc();
    assert_eq!(hear(&mut far, OWN, NOW), Ok(Heard { bye: false }));
    assert_eq!(hear(&mut far, new, NOW), Err(Refusal::OwnSsrc));
    // A loop of everything: each of its two addresses is met once, then both are known.
    let media = |far: &mut FarEnd, at| far.judge(&header(new, 1), rtp, at);
    assert_eq!(media(&mut far, NOW), Verdict::Drop(Refusal::Collision));
    let mut at = NOW;
    for _ in 0..20 {
        at += CONFLICT_LISTED / 10;
        assert_eq!(media(&mut far, at), Verdict::Drop(Refusal::OwnSsrc));
        assert_eq!(hear(&mut far, new, at), Err(Refusal::OwnSsrc));
    }
    let later = at + CONFLICT_LISTED;
    assert_eq!(hear(&mut far, new, later), Err(Refusal::Collision));
}

#[test]
fn bye_counts_from_the_current_source_only() {
    let mut far = far_end(session());
    let rtcp = addr("192.0.2.1:4001");
    far.judge(&header(7, 1), addr("192.0.2.1:4000"), NOW);
    let hear = |far: &mut FarEnd, ssrc, bye| far.hear(&compound(ssrc, bye), rtcp, NOW, &wall());
    assert_eq!(hear(&mut far, 8, true), Ok(Heard { bye: false }));
    assert_eq!(hear(&mut far, 7, false), Ok(Heard { bye: false }));
    assert_eq!(hear(&mut far, 7, true), Ok(Heard { bye: true }));
    assert_eq!(hear(&mut far, OWN, true), Err(Refusal::Collision));
    assert_eq!(
        far.hear(&[0x80, 201, 0], rtcp, NOW, &wall()),
        Err(Refusal::BadRtcp)
    );
    assert_eq!(far.reports.remote_name().as_str(), "test@talkpath");
}

#[test]
fn rtcp_has_its_own_latch_unless_muxed() {
    let mut far = far_end(session());
    let nat = addr("203.0.113.5:6001");
    for _ in 0..5 {
        far.hear(&compound(7, false), nat, NOW, &wall()).unwrap();
    }
    assert_eq!(far.rtcp_target(), Some(nat));
    let (other, late) = (addr("192.0.2.1:4001"), NOW + Duration::from_secs(5));
    assert_eq!(
        far.hear(&compound(7, false), other, late, &wall()),
        Err(Refusal::Foreign)
    );
    assert_eq!(far.rtp_target(), Some(session().remote_rtp));
    far.update(
        SessionChange {
            rtcp_mux: true,
            ..session()
        },
        NOW,
    );
    far.hear(&compound(7, false), nat, NOW, &wall()).unwrap();
    assert_eq!(
        far.rtcp_target(),
        Some(session().remote_rtp),
        "RTCP never moves RTP"
    );
}

#[test]
fn silence_is_reported_once() {
    let mut far = far_end(session());
    assert!(!far.times_out(NOW + TIMEOUT - Duration::from_millis(1), TIMEOUT));
    assert!(far.times_out(NOW + TIMEOUT, TIMEOUT));
    assert!(!far.times_out(NOW + TIMEOUT * 2, TIMEOUT));
    far.judge(&header(7, 1), addr("192.0.2.1:4000"), NOW + TIMEOUT * 2);
    assert!(!far.times_out(NOW + TIMEOUT * 2, TIMEOUT));
    assert!(far.times_out(NOW + TIMEOUT * 3, TIMEOUT));
    assert!(!far.times_out(NOW + TIMEOUT * 9, Duration::ZERO));
}

#[test]
fn rtcp_keeps_a_held_leg_alive() {
    let mut far = far_end(SessionChange {
        receive: false,
        ..session()
    });
    for i in 1..10 {
        let now = NOW + Duration::from_secs(5) * i;
        assert!(!far.times_out(now, TIMEOUT));
        far.hear(&compound(7, false), addr("192.0.2.1:4001"), now, &wall())
            .unwrap();
    }
    assert!(far.times_out(NOW + Duration::from_secs(55), TIMEOUT));
    // Sending again, RTCP is not enough.
    far.update(session(), NOW + Duration::from_secs(60));
    far.hear(
        &compound(7, false),
        addr("192.0.2.1:4001"),
        NOW + Duration::from_secs(69),
        &wall(),
    )
    .unwrap();
    assert!(far.times_out(NOW + Duration::from_secs(70), TIMEOUT));
}

#[test]
fn a_flood_before_and_among_its_packets_does_not_keep_the_phone_out() {
    let (phone, host, flood) = (
        addr("192.0.2.1:4000"),
        addr("192.0.2.1:9999"),
        addr("198.51.100.1:666"),
    );
    // The flood begins first; for each packet of the phone there are two of it.
    for before in 1..5 {
        let mut far = far_end(session());
        let mut floods = 0..;
        let mut strange =
            |far: &mut FarEnd| far.judge(&header(66, floods.next().unwrap()), flood, NOW);
        for _ in 0..before {
            assert_eq!(strange(&mut far), Verdict::Accept, "nothing better known");
        }
        assert_eq!(
            far.judge(&header(7, 100), phone, NOW),
            Verdict::AcceptChanged
        );
        assert_eq!(far.rtp_target(), Some(phone));
        for i in 101..120 {
            assert_eq!(strange(&mut far), Verdict::Drop(Refusal::Foreign));
            assert_eq!(strange(&mut far), Verdict::Drop(Refusal::Foreign));
            assert_eq!(far.judge(&header(7, i), phone, NOW), Verdict::Accept);
        }
        assert_eq!(
            (far.latch(), far.rtp_target()),
            (LatchState::Locked, Some(phone))
        );
        assert_eq!(
            far.reception()
                .map(|r| (r.ssrc, r.highest, r.cumulative_lost)),
            Some((7, 119, 0))
        );
    }
    // By steps: a stranger, the host's other port, the very address; with the stranger using the phone's own SSRC.
    let mut far = far_end(session());
    far.judge(&header(7, 40_000), flood, NOW);
    far.judge(&header(8, 1), host, NOW);
    assert_eq!(far.rtp_target(), Some(host));
    assert_eq!(far.judge(&header(7, 5), phone, NOW), Verdict::AcceptChanged);
    assert_eq!(
        far.judge(&header(8, 2), host, NOW),
        Verdict::Drop(Refusal::Foreign)
    );
    // A flood that has locked the latch before the phone's first packet loses it; and it does not come back.
    let locked = || {
        let mut far = far_end(session());
        for i in 0..500 {
            far.judge(&header(66, i), flood, NOW);
        }
        assert_eq!(far.latch(), LatchState::Locked);
        far
    };
    let mut far = locked();
    for i in 1..50 {
        let at = NOW + Duration::from_millis(2_000 + 20 * u64::from(i));
        let first = i == 1;
        let verdict = [Verdict::Accept, Verdict::AcceptChanged][usize::from(first)];
        assert_eq!(far.judge(&header(7, i), phone, at), verdict);
        let strange = far.judge(&header(66, 500 + i), flood, at);
        assert_eq!(strange, Verdict::Drop(Refusal::Foreign));
    }
    assert_eq!(far.rtp_target(), Some(phone));
    // After some seconds locked is locked; signalling gives the phone another chance.
    let (mut far, late) = (locked(), NOW + Duration::from_secs(5));
    let refused = far.judge(&header(7, 1), phone, late);
    assert_eq!(refused, Verdict::Drop(Refusal::Foreign));
    far.update(session(), late);
    assert_eq!(
        far.judge(&header(7, 2), phone, late),
        Verdict::AcceptChanged
    );
}

#[test]
fn after_a_transfer_two_new_sources_do_not_keep_each_other_out() {
    let (moved, flood) = (addr("203.0.113.4:9000"), addr("198.51.100.1:666"));
    let mut far = far_end(session());
    far.judge(&header(7, 1), addr("192.0.2.1:4000"), NOW);
    far.update(
        SessionChange {
            remote_rtp: moved,
            ..session()
        },
        NOW,
    );
    assert_eq!(
        far.judge(&header(66, 1), flood, NOW),
        Verdict::Drop(Refusal::Probation)
    );
    assert_eq!(far.judge(&header(8, 1), moved, NOW), Verdict::AcceptChanged);
    assert_eq!(
        far.judge(&header(66, 2), flood, NOW),
        Verdict::Drop(Refusal::Foreign)
    );
    assert_eq!(far.rtp_target(), Some(moved));
}

#[test]
fn a_better_source_takes_rtcp_from_the_stranger_too() {
    let (phone, flood) = (addr("192.0.2.1:4000"), addr("198.51.100.1:667"));
    let mut far = far_end(session());
    far.judge(&header(66, 1), addr("198.51.100.1:666"), NOW);
    for _ in 0..5 {
        far.hear(&compound(66, false), flood, NOW, &wall()).unwrap();
    }
    assert_eq!(far.rtcp_target(), Some(flood));
    far.judge(&header(7, 1), phone, NOW);
    assert_eq!(far.rtcp_target(), Some(session().remote_rtcp));
}

#[test]
fn what_is_refused_is_no_sign_of_life() {
    let mut far = far_end(session());
    let home = addr("192.0.2.1:4000");
    far.judge(&header(7, 1), home, NOW);
    let late = NOW + TIMEOUT;
    // From the phone's own address: never two in order, our own SSRC, far out of sequence.
    for i in 0..20 {
        far.judge(&header(100 + i, 1), home, late);
        far.judge(&header(OWN, 1), home, late);
        far.judge(&header(7, 10_000 + 10 * i as u16), home, late);
    }
    assert!(far.times_out(late, TIMEOUT));
    for i in 0..20 {
        far.judge(&header(100 + i, 1), home, late);
    }
    assert!(!far.times_out(late + TIMEOUT, TIMEOUT), "once per silence");
    // A held far end that sends all the same is alive.
    far.update(
        SessionChange {
            receive: false,
            ..session()
        },
        late,
    );
    far.judge(&header(7, 2), home, late + TIMEOUT);
    assert!(!far.times_out(late + TIMEOUT, TIMEOUT));
}
