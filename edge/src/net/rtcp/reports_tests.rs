//! Two ends in virtual time: what one sends, lost and delayed as the test says, the other must report.

use super::*;
use crate::net::rtcp::{Item, MAX_COMPOUND, read};
use crate::net::source::Sources;
use rtcp_types::SenderReport;
use rtcp_types::prelude::*;
use talkpath_nodes::packet::Header;

const UNIX: Duration = Duration::from_secs(1_700_000_000);

struct End {
    reports: Reports,
    sources: Sources,
    byes: Vec<u32>,
}

impl End {
    fn new(ssrc: u32, now: Duration) -> Self {
        let cname = format!("end-{ssrc}@talkpath");
        let reports = Reports::new(ssrc, cname, 8000, Duration::from_secs(5), now, ssrc.into());
        Self {
            reports,
            sources: Sources::default(),
            byes: Vec::new(),
        }
    }

    fn send(&mut self, sequence: u16, at: Duration) -> Header {
        let timestamp = u32::from(sequence) * 160;
        self.reports.sent(timestamp, 160, at);
        Header {
            ssrc: self.reports.ssrc(),
            sequence,
            timestamp,
            ..Header::default()
        }
    }

    fn hear(&mut self, compound: &[u8], at: Duration, wall: &Wall) {
        let mut byes = Vec::new();
        read(compound, |item| match item {
            Item::Sender { ntp, .. } => self.reports.heard_sender(ntp, at),
            Item::Block { block, .. } => self.reports.heard_block(&block, at, wall),
            Item::Name { cname, .. } => self.reports.heard_name(cname),
            Item::Bye { ssrc } => byes.push(ssrc),
            Item::Receiver { .. } => {}
        })
        .unwrap();
        self.byes.extend(byes);
    }

    fn compose(&mut self, now: Duration, wall: &Wall) -> Vec<u8> {
        let mut out = [0; MAX_COMPOUND];
        let heard = self.sources.report();
        let length = self.reports.compose(now, wall, heard, &mut out);
        out[..length].to_vec()
    }
}

fn block_of(compound: &[u8]) -> (u8, u32, u32, u32) {
    let mut found = None;
    read(compound, |item| {
        if let Item::Block { block, .. } = item {
            found = Some((
                block.fraction_lost(),
                block.cumulative_lost(),
                block.extended_sequence_number(),
                block.interarrival_jitter(),
            ));
        }
    })
    .unwrap();
    found.unwrap()
}

#[test]
fn known_loss_and_delay_are_reported() {
    let start = Duration::from_secs(1000);
    let wall = Wall::new(UNIX, start);
    let (mut a, mut b) = (End::new(0xa, start), End::new(0xb, start));
    let one_way = Duration::from_millis(60);
    // 200 packets of 20 ms, every fourth lost, even sequence numbers 2 ms late.
    for i in 0..200u16 {
        let at = start + Duration::from_millis(20) * u32::from(i);
        let header = a.send(i, at);
        if i % 4 != 3 {
            let late = Duration::from_millis(if i % 2 == 0 { 2 } else { 0 });
            b.sources.admit(&header, at + one_way + late, Some(8000));
        }
    }
    let at = start + Duration::from_secs(4);
    let sr = a.compose(at, &wall);
    b.hear(&sr, at + one_way, &wall);
    // B answers a second and a half later.
    let answered = at + one_way + Duration::from_millis(1500);
    let rr = b.compose(answered, &wall);
    let (fraction, lost, highest, jitter) = block_of(&rr);
    // The last one lost (199) is not yet missed: 199 expected, 150 received.
    assert_eq!((fraction, lost, highest), ((49 * 256 / 199) as u8, 49, 198));
    // Deviations of 16 ticks on two of three steps: the mean settles between 8 and 16.
    assert!((8..=16).contains(&jitter), "{jitter}");
    a.hear(&rr, answered + one_way, &wall);
    let trip = a.reports.round_trip().unwrap();
    assert!(
        trip.abs_diff(one_way * 2) < Duration::from_micros(100),
        "{trip:?}"
    );
    let remote = a.reports.remote().unwrap();
    assert_eq!(
        (remote.fraction_lost, remote.cumulative_lost),
        (fraction, 49)
    );
    assert_eq!(a.reports.remote_name().as_str(), "end-11@talkpath");
}

#[test]
fn packets_of_a_key_do_not_hold_the_clock_back() {
    let start = Duration::from_secs(1000);
    let wall = Wall::new(UNIX, start);
    let mut a = End::new(0xa, start);
    a.send(0, start);
    for n in 1..=10 {
        let at = start + Duration::from_millis(20) * n;
        a.reports.sent(160, 4, at);
    }
    let compound = a.compose(start + Duration::from_millis(220), &wall);
    let report = SenderReport::parse(&compound[..28]).unwrap();
    assert_eq!((report.packet_count(), report.octet_count()), (11, 200));
    assert_eq!(report.rtp_timestamp(), 160 + 1_600);
}

#[test]
fn sender_report_tells_what_was_sent() {
    let start = Duration::from_secs(1000);
    let wall = Wall::new(UNIX, start);
    let mut a = End::new(0xa, start);
    for i in 0..10 {
        a.send(i, start + Duration::from_millis(20) * u32::from(i));
    }
    // 100 ms after the last packet, whose time stamp was 9 * 160.
    let now = start + Duration::from_millis(280);
    let compound = a.compose(now, &wall);
    let report = SenderReport::parse(&compound[..28]).unwrap();
    assert_eq!((report.packet_count(), report.octet_count()), (10, 1600));
    assert_eq!(report.rtp_timestamp(), 9 * 160 + 800);
    assert_eq!(report.ntp_timestamp(), wall.ntp(now));
    assert_eq!(a.compose(now, &wall)[1], 200, "a sender two intervals long");
    assert_eq!(a.compose(now, &wall)[1], 201, "then a receiver");
}

#[test]
fn bye_and_change_of_ssrc() {
    let start = Duration::from_secs(1000);
    let wall = Wall::new(UNIX, start);
    let (mut a, mut b) = (End::new(0xa, start), End::new(0xb, start));
    let mut out = [0; MAX_COMPOUND];
    let length = a.reports.compose_bye(start, &wall, None, &mut out);
    b.hear(&out[..length], start, &wall);
    assert_eq!(b.byes, [0xa]);
    let new = a.reports.change_ssrc(Some(0xb));
    assert!(new != 0xa && new != 0xb && a.reports.ssrc() == new);
}

#[test]
fn due_within_the_randomised_interval() {
    let start = Duration::from_secs(1000);
    let wall = Wall::new(UNIX, start);
    for seed in 1..50 {
        let mut end = End::new(seed, start);
        let first = end.reports.due - start;
        assert!((1.0..3.1).contains(&first.as_secs_f64()), "{first:?}");
        assert!(!end.reports.is_due(start) && end.reports.is_due(start + first));
        end.compose(start, &wall);
        let next = end.reports.due - start;
        assert!((2.0..6.2).contains(&next.as_secs_f64()), "{next:?}");
    }
}

#[test]
fn negative_loss_and_long_names_survive() {
    let start = Duration::from_secs(1000);
    let wall = Wall::new(UNIX, start);
    let (mut a, mut b) = (End::new(0xa, start), End::new(0xb, start));
    b.reports.cname = "é".repeat(127);
    for i in [0, 1, 1, 1] {
        let header = a.send(i, start);
        b.sources.admit(&header, start, Some(8000));
    }
    let compound = b.compose(start, &wall);
    a.hear(&compound, start, &wall);
    assert_eq!(a.reports.remote().unwrap().cumulative_lost, -2);
    assert_eq!(a.reports.remote_name().chars().count(), 32);
    assert_eq!(a.reports.round_trip(), None, "no sender report was echoed");
}
