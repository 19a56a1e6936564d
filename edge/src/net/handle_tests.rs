//! The handles against rings nobody empties: the caller is told, and nothing stays behind.

use std::sync::Mutex;

use crossbeam::channel::TryRecvError;
use talkpath_rt::ring::{Consumer, Producer, ring};
use talkpath_rt::timing::{SlotStats, exchange};

use super::super::clerk::Clerk;
use super::super::config::NetConfig;
use super::super::office::{Desk, Office, Published};
use super::super::ports::PortPool;
use super::super::status::Snapshot;
use super::super::wire::Returned;
use super::*;

/// A network side whose shard is the test.
struct Side {
    net: Net,
    obeyed: Consumer<Command>,
    returned: Producer<Returned>,
    clerk: Clerk,
}

fn side(room: usize) -> Side {
    let (commands, obeyed) = ring(room);
    let (returned, returning) = ring(8);
    let (_, events) = ring(8);
    let (_, timing) = exchange();
    let config = NetConfig {
        ports: 14_000..=14_199,
        capacity: 8,
        ..NetConfig::default()
    };
    let office = Arc::new(Office {
        limit: 8,
        desk: Mutex::new(Desk {
            commands,
            backlog: Default::default(),
            ports: PortPool::new(&config.ports, config.quarantine),
            attached: Default::default(),
            most_attached: 0,
            displaced: Default::default(),
            closed: false,
        }),
        subscribers: Mutex::default(),
        published: Mutex::new(Published {
            snapshot: Box::default(),
            timing: SlotStats::new(),
            levels: Default::default(),
        }),
        config,
    });
    let clerk = Clerk {
        office: Arc::clone(&office),
        returned: returning,
        events,
        timing,
        spare: Some(Box::new(Snapshot::default())),
    };
    Side {
        net: Net {
            owner: Arc::new(Owner::without_threads(office)),
        },
        obeyed,
        returned,
        clerk,
    }
}

fn session(index: u32) -> Session {
    let remote = "192.0.2.1:4000".parse().unwrap();
    Session {
        leg: LegId::new(index, std::num::NonZeroU32::MIN),
        remote_rtp: remote,
        remote_rtcp: remote,
        rtcp_mux: false,
        payload_type: 0,
        send_payload_type: 0,
        keys: None,
        clock_rate: 8000,
        ssrc: 1,
        cname: "a@b".to_owned(),
        receive: true,
        send: true,
    }
}

impl Side {
    fn attach(&self, index: u32) -> Result<NetLeg, NetError> {
        self.net.attach(self.net.open().unwrap(), session(index))
    }

    /// Ports in use and resting, and legs known.
    fn books(&self) -> (usize, usize, usize) {
        let desk = lock(&self.net.owner.office.desk);
        (
            desk.ports.in_use(),
            desk.ports.resting(),
            desk.attached.len(),
        )
    }

    /// What a shard does that cannot serve the oldest attach.
    fn refuse(&mut self) {
        let Some(Command::Attach(leg)) = self.obeyed.pop() else {
            panic!("an attach");
        };
        assert!(self.returned.push(Returned::Refused(leg)).is_ok());
    }
}

/// The engine gives a displaced leg's place to the one that displaced it before anybody has detached the former.
#[test]
fn a_leg_takes_the_place_of_one_that_was_displaced() {
    let mut side = side(4);
    let former = side.attach(0).unwrap();
    let mut next = session(0);
    next.leg = LegId::new(0, std::num::NonZeroU32::MIN.saturating_add(1));
    side.net
        .attach(side.net.open_spare().unwrap(), next)
        .unwrap();
    assert!(matches!(side.obeyed.pop(), Some(Command::Attach(_))));
    let Some(Command::Detach(key)) = side.obeyed.pop() else {
        panic!("the former goes first");
    };
    assert_eq!(key, former.id().to_bits());
    assert!(matches!(side.obeyed.pop(), Some(Command::Attach(_))));
    // Its last figures come to whoever detaches it, once.
    former.detach().unwrap();
    assert!(matches!(former.detach(), Err(NetError::NotAttached(_))));
}

#[test]
fn emergency_calls_have_ports_when_the_others_have_none() {
    let side = side(1);
    let leases: Vec<_> = (0..8).map(|_| side.net.open().unwrap()).collect();
    let refused = side.net.open().unwrap_err();
    assert!(matches!(refused, NetError::Capacity { limit: 8 }));
    let spare = side.net.owner.office.config.spare_pairs;
    let more: Vec<_> = (0..spare).map(|_| side.net.open_spare().unwrap()).collect();
    let refused = side.net.open_spare().unwrap_err();
    assert!(matches!(refused, NetError::Capacity { limit } if limit == 8 + spare));
    drop((leases, more));
}

#[test]
fn a_full_command_ring_is_told_and_leaves_nothing_behind() {
    let mut side = side(1);
    let call = side.attach(0).unwrap();
    assert!(matches!(
        side.attach(1),
        Err(NetError::Busy { capacity: 1 })
    ));
    assert_eq!(side.books(), (1, 1, 1));
    let change = SessionChange::from(&session(0));
    assert!(matches!(call.update(change), Err(NetError::Busy { .. })));
    assert!(matches!(
        side.attach(0),
        Err(NetError::Attached(leg)) if leg == call.id()
    ));
    assert_eq!(side.books(), (1, 2, 1), "the second lease rests");
    // A detach is taken all the same, and arrives.
    call.detach().unwrap();
    assert!(matches!(call.detach(), Err(NetError::NotAttached(_))));
    assert!(matches!(side.obeyed.pop(), Some(Command::Attach(_))));
    side.clerk.work();
    assert!(matches!(side.obeyed.pop(), Some(Command::Detach(_))));
    assert!(
        side.attach(1).is_ok(),
        "what was refused can be tried again"
    );
}

#[test]
fn a_closed_side_leaves_nothing_behind() {
    let side = side(4);
    let lease = side.net.open().unwrap();
    side.net.shutdown();
    assert!(matches!(
        side.net.attach(lease, session(0)),
        Err(NetError::Closed)
    ));
    assert_eq!(side.books(), (0, 1, 0));
}

#[test]
fn a_refused_attach_is_told_once_and_forgotten() {
    let mut side = side(8);
    let events = side.net.subscribe();
    let call = side.attach(3).unwrap();
    side.refuse();
    side.clerk.work();
    assert_eq!(events.try_recv(), Ok(NetEvent::Refused(call.id())));
    assert_eq!(events.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(side.books(), (0, 1, 0));
    assert!(matches!(call.detach(), Err(NetError::NotAttached(_))));
    // Detached and attached anew before the refusal was heard of: the new one is not touched.
    let call = side.attach(3).unwrap();
    call.detach().unwrap();
    let anew = side.attach(3).unwrap();
    side.refuse();
    side.clerk.work();
    assert_eq!(events.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(side.books(), (1, 2, 1));
    anew.detach().unwrap();
}
