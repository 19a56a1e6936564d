//! The rules, each with what breaks it.

use super::*;

const IDLE: Generator = Generator {
    cpu_percent: 20.0,
    late_percent: 0.1,
};
const FIT: Server = Server {
    legs: 100,
    limit: Some(4_000),
    busiest_percent: 40.0,
    late_percent: 0.0,
    received_percent: 100.0,
};

#[test]
fn a_fit_server_and_an_idle_generator_show_a_capacity() {
    let verdict = Verdict::new(&[Some(60)], IDLE, FIT, Basis::Use);
    assert!(verdict.real_time);
    assert_eq!(verdict.capacity_legs, Some(200));
    assert_eq!(verdict.generator_bottleneck, None);
}

#[test]
fn a_capacity_ends_where_the_rooms_are_full() {
    let many = Server { legs: 3_000, ..FIT };
    let full = Verdict::new(&[Some(60)], IDLE, many, Basis::Use);
    assert_eq!(
        (full.capacity_legs, full.capacity_is_limit),
        (Some(4_000), true)
    );
    let text = full.lines().join("\n");
    assert!(
        text.contains("4000 legs, all that the rooms take"),
        "{text}"
    );
    let free = Server {
        limit: None,
        ..many
    };
    let free = Verdict::new(&[Some(60)], IDLE, free, Basis::Use);
    assert_eq!(
        (free.capacity_legs, free.capacity_is_limit),
        (Some(6_000), false)
    );
}

#[test]
fn a_generator_that_is_the_bottleneck_is_told_and_no_capacity_is() {
    for tired in [
        Generator {
            cpu_percent: 97.0,
            ..IDLE
        },
        Generator {
            late_percent: 4.0,
            ..IDLE
        },
    ] {
        let verdict = Verdict::new(&[Some(60)], tired, FIT, Basis::Use);
        assert_eq!(verdict.capacity_legs, None);
        let text = verdict.lines().join("\n");
        assert!(text.contains("generator was the bottleneck"), "{text}");
        assert!(!text.contains("about"), "{text}");
    }
}

#[test]
fn a_server_in_trouble_shows_none() {
    for server in [
        Server {
            late_percent: 0.5,
            ..FIT
        },
        Server {
            received_percent: 99.0,
            ..FIT
        },
        Server { legs: 0, ..FIT },
        Server {
            busiest_percent: 19.9,
            ..FIT
        },
    ] {
        let verdict = Verdict::new(&[Some(60)], IDLE, server, Basis::Use);
        assert_eq!(verdict.capacity_legs, None);
        assert!(verdict.no_capacity_because.is_some());
    }
}

#[test]
fn a_capacity_that_was_met_is_that_of_the_first_refusal() {
    let idle = Server {
        busiest_percent: 1.0,
        limit: None,
        ..FIT
    };
    let met = Verdict::new(&[Some(60)], IDLE, idle, Basis::Refusal(Some(321)));
    assert_eq!((met.capacity_legs, met.capacity_met), (Some(321), true));
    let late = Server {
        late_percent: 5.0,
        ..FIT
    };
    let late = Verdict::new(&[Some(60)], IDLE, late, Basis::Refusal(Some(321)));
    assert_eq!((late.capacity_legs, late.capacity_met), (None, false));
    let text = late.lines().join("\n");
    assert!(text.contains("5.00 % of the slots were late") && !text.contains("321"));
    let never = Verdict::new(&[Some(60)], IDLE, FIT, Basis::Refusal(None));
    assert_eq!(never.capacity_legs, None);
    let tired = Generator {
        late_percent: 9.0,
        ..IDLE
    };
    let unsure = Verdict::new(&[Some(60)], tired, FIT, Basis::Refusal(Some(321)));
    assert_eq!(unsure.capacity_legs, None);
    assert!(!unsure.lines().join("\n").contains("321"));
}

#[test]
fn without_priority_on_every_worker_no_tail_is_called_real_time() {
    for priorities in [&[][..], &[None], &[Some(60), None]] {
        let verdict = Verdict::new(priorities, IDLE, FIT, Basis::Use);
        assert!(!verdict.real_time);
        let text = verdict.lines().join("\n");
        assert!(text.contains("without real-time priority"), "{text}");
        assert!(!text.contains("real-time figures"), "{text}");
    }
}
