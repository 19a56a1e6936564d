//! The phones in virtual time, with a wire that gives every packet back.

use std::collections::VecDeque;
use std::sync::mpsc::channel;

use talkpath_nodes::codec::Codec;
use talkpath_nodes::packet::Header;
use talkpath_rt::clock::{Clock, ManualClock};

use super::*;

const FRAME: Duration = Duration::from_millis(20);
const SLOT: Duration = Duration::from_millis(1);

/// Everything phone `n` sends, phone `n ^ 1` hears `after` later.
struct Echo {
    after: Duration,
    clock: ManualClock,
    waiting: VecDeque<(Duration, Header, Vec<u8>)>,
    sent: Vec<(Duration, Header)>,
    drop_every: Option<usize>,
}

impl Wire for Echo {
    fn send(&mut self, way: &Way, now: Duration, header: Header, payload: &[u8]) -> bool {
        self.sent.push((now, header));
        let Way::Leg(ssrc) = *way else { return false };
        if self
            .drop_every
            .is_some_and(|every| self.sent.len().is_multiple_of(every))
        {
            return true;
        }
        let header = Header {
            ssrc: ssrc as u32,
            ..header
        };
        let due = now + self.after;
        self.waiting.push_back((due, header, payload.to_vec()));
        true
    }

    fn receive(&mut self, mut each: impl FnMut(&Header, &[u8], Duration)) {
        let now = self.clock.now();
        while self.waiting.front().is_some_and(|front| front.0 <= now) {
            let (at, header, payload) = self.waiting.pop_front().expect("there is a front");
            each(&header, &payload, at);
        }
    }
}

fn setup(seats: usize) -> Setup {
    Setup {
        seats,
        talks: vec![Talk::new(Codec::Pcmu, 0, FRAME)],
        slot: SLOT,
        base: Duration::ZERO,
        burst: false,
        loss_percent: 0.0,
        jitter: Duration::ZERO,
        probes: Vec::new(),
        tape: Duration::from_secs(20),
    }
}

/// Pairs of phones for `slots`, with a window from `window` on.
fn run(setup: Setup, drop_every: Option<usize>, slots: u64, window: u64) -> (Vec<Heard>, Echo) {
    let clock = ManualClock::new(Duration::from_secs(1));
    let wire = Echo {
        after: Duration::from_micros(33_300),
        clock: clock.clone(),
        waiting: VecDeque::new(),
        sent: Vec::new(),
        drop_every,
    };
    let seats = setup.seats;
    let mut phones = Phones::new(wire, setup).unwrap();
    phones.open(clock.now());
    let connect = |seat: usize| Order::Connect {
        seat,
        way: Way::Leg(heard_ssrc(seat ^ 1, 1).into()),
        talk: 0,
        hears: heard_ssrc(seat, 1),
        asked: clock.now(),
    };
    for seat in 0..seats {
        phones.obey(connect(seat), 0, clock.now());
    }
    for k in 0..slots {
        if k == window {
            phones.obey(Order::Window, k, clock.now());
        }
        phones.turn(k, &clock);
        clock.advance(SLOT);
    }
    phones.finish(clock.now())
}

#[test]
fn every_phone_sends_in_its_own_phase_and_hears_all() {
    let (heard, wire) = run(setup(20), None, 2_000, 1_000);
    assert_eq!(heard.len(), 2);
    let window = &heard[1];
    assert_eq!((window.sent, window.missing), (1_000, 0));
    // The end is heard a slot later than the last is sent.
    assert!((1_000..=1_001).contains(&window.received));
    assert_eq!((window.stray, window.foreign, window.disordered), (0, 0, 0));
    let gap = window.gap.quantiles(1e6);
    assert!(
        (19.9..=20.1).contains(&gap.p50) && gap.max < 20.1,
        "{gap:?}"
    );
    let first: Vec<_> = wire.sent[..20].iter().map(|(at, _)| *at).collect();
    assert!(first.windows(2).all(|pair| pair[1] - pair[0] == SLOT));
    assert_eq!(heard[0].join.len(), 20);
}

#[test]
fn a_burst_is_all_in_one_slot() {
    let burst = Setup {
        burst: true,
        ..setup(20)
    };
    let (_, wire) = run(burst, None, 100, 50);
    assert_eq!(wire.sent.len(), 100);
    assert!(wire.sent.chunks(20).all(|slot| slot[0].0 == slot[19].0));
}

#[test]
fn loss_and_jitter_are_as_asked_and_spare_the_marker() {
    let rough = Setup {
        loss_percent: 10.0,
        jitter: Duration::from_millis(8),
        probes: vec![Probe {
            talker: 0,
            listeners: vec![1],
        }],
        ..setup(20)
    };
    let (heard, _) = run(rough, None, 20_000, 0);
    let window = &heard[1];
    let percent = 100.0 * window.lost as f64 / (window.lost + window.sent) as f64;
    assert!((8.0..11.0).contains(&percent), "{percent}");
    // A packet that was kept back at the very end is not missed by anybody.
    assert!(window.missing.abs_diff(window.lost) < 20);
    let jitter = window.jitter.quantiles(1e6);
    assert!(jitter.max > 1.0 && jitter.max < 8.0, "{jitter:?}");
    let delay = window.delay.quantiles(1e6);
    assert_eq!(delay.count, window.markers_expected);
    assert!(delay.count >= 18 && delay.max < 33.5, "{delay:?}");
}

#[test]
fn the_marker_is_heard_as_late_as_the_wire_is_long() {
    let probed = Setup {
        probes: vec![Probe {
            talker: 2,
            listeners: vec![3],
        }],
        ..setup(4)
    };
    let (heard, _) = run(probed, None, 5_000, 500);
    let delay = heard[1].delay.quantiles(1e6);
    assert_eq!(delay.count, heard[1].markers_expected);
    assert!((3..=5).contains(&delay.count), "{delay:?}");
    assert!((33.2..33.4).contains(&delay.p50), "{delay:?}");
}

#[test]
fn what_is_lost_on_the_way_is_missed() {
    let (heard, _) = run(setup(2), Some(10), 10_000, 0);
    assert_eq!(heard[1].missing, heard[1].sent / 10 - 1);
    assert_eq!(heard[1].long_gaps, 0, "one packet is no long gap");
}

#[test]
fn a_call_that_is_over_is_silent_and_what_still_comes_is_stray() {
    let clock = ManualClock::new(Duration::from_secs(1));
    let (orders, told) = channel();
    let wire = Echo {
        after: Duration::from_millis(30),
        clock: clock.clone(),
        waiting: VecDeque::new(),
        sent: Vec::new(),
        drop_every: None,
    };
    let mut phones = Phones::new(wire, setup(2)).unwrap();
    for seat in 0..2 {
        let call = Order::Connect {
            seat,
            way: Way::Leg(heard_ssrc(seat ^ 1, 1).into()),
            talk: 0,
            hears: heard_ssrc(seat, 1),
            asked: clock.now(),
        };
        phones.obey(call, 0, clock.now());
    }
    for k in 0..200 {
        if k == 100 {
            phones.obey(Order::Disconnect { seat: 0 }, k, clock.now());
        }
        phones.turn(k, &clock);
        clock.advance(SLOT);
    }
    orders.send(Order::Finish).unwrap();
    let (heard, wire) = phones.run(&clock, &told);
    let of_first = wire
        .sent
        .iter()
        .filter(|sent| order::seat_of(sent.1.ssrc) == 0);
    assert_eq!(of_first.count(), 5);
    assert!(heard[0].stray >= 4, "{}", heard[0].stray);
}
