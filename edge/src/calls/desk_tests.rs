//! Drain against a call that comes in: it is told to end or not let in, never neither.

use super::*;

fn desk() -> Desk {
    let settings = Settings {
        capabilities: Capabilities::default(),
        frame: FrameTime::Ms20,
        precedence: Precedence::default(),
        ring: Duration::ZERO,
        ack: Duration::from_secs(1),
        call_log: CallLog::open(None).unwrap(),
        chronicle: Default::default(),
    };
    Desk::new(settings, Arc::default(), crate::limits::Limits::default())
}

fn invite(number: u32) -> Request {
    Request::invite("192.0.2.1:5060", &number.to_string(), "echo")
}

fn told_to_end(mailbox: &mut mpsc::UnboundedReceiver<Mail>) -> bool {
    matches!(mailbox.try_recv(), Ok(Mail::HangUp(_)))
}

#[test]
fn who_is_listed_is_told_and_who_comes_later_is_not_listed() {
    let desk = desk();
    let mut mailbox = desk.list(&invite(1), Priority::Normal).expect("open");
    assert!(!told_to_end(&mut mailbox));
    desk.drain(&Reason::new(16, "over"));
    assert!(told_to_end(&mut mailbox));
    assert!(desk.list(&invite(2), Priority::Normal).is_none());
    assert_eq!(desk.snapshot().len(), 1);
}

#[test]
fn none_slips_in_while_the_list_is_gone_through() {
    for round in 0..200 {
        let desk = desk();
        let (desk, start) = (&desk, &std::sync::Barrier::new(2));
        std::thread::scope(|scope| {
            let comes = scope.spawn(move || {
                start.wait();
                let mailboxes = (0..20).map(|number| desk.list(&invite(number), Priority::Normal));
                mailboxes.collect::<Vec<_>>()
            });
            start.wait();
            for _ in 0..round % 8 {
                std::hint::spin_loop();
            }
            desk.drain(&Reason::new(16, "over"));
            let mailboxes = comes.join().expect("it lists");
            let told = |mailbox: Option<mpsc::UnboundedReceiver<Mail>>| {
                mailbox.is_none_or(|mut mailbox| told_to_end(&mut mailbox))
            };
            assert!(mailboxes.into_iter().all(told), "round {round}");
        });
    }
}
