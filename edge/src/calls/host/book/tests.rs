use talkpath_engine::{EngineConfig, LegConfig, NetworkConfig, RoomConfig, VirtualEngine};
use talkpath_nodes::codec::Codec;

use super::*;

fn engine() -> VirtualEngine {
    let config = EngineConfig {
        capacity_legs: 4,
        capacity_rooms: 4,
        ..EngineConfig::default()
    };
    VirtualEngine::new(config).expect("an engine")
}

fn held(leg: &Leg, home: Home, config: NetworkConfig) -> Held {
    Held {
        leg: leg.clone(),
        player: None,
        home,
        terms: Terms {
            config,
            direction: Direction::BOTH,
        },
        ended: Arc::new(|_| ()),
        lost: None,
        farewells: Farewells::default(),
    }
}

#[test]
fn a_late_exit_does_not_close_the_next_room_of_that_name() {
    let engine = engine();
    let mut book = Book::default();
    let room = || engine.create_room(RoomConfig::new("a"));
    let first = room().expect("a room");
    book.add_room("a", first.clone(), true);
    book.enter("a").expect("there");
    // The application closes it, and somebody makes the next one, before its caller has left.
    first.close().expect("open");
    book.forget_room(first.id());
    let second = room().expect("another room");
    book.add_room("a", second.clone(), true);
    assert_eq!(book.enter("a").map(|room| room.id()), Some(second.id()));
    book.exit(first.id());
    book.close_if_empty(first.id()).expect("nothing to close");
    second.legs().expect("still open");
    book.exit(second.id());
    book.close_if_empty(second.id()).expect("closed now");
    assert!(second.legs().is_err() && book.enter("a").is_none());
}

#[test]
fn a_collision_between_two_terms_is_not_forgotten() {
    let engine = engine();
    let mut book = Book::default();
    let room = engine.create_room(RoomConfig::new("a")).expect("a room");
    let config = NetworkConfig::new(Codec::Pcmu, 0);
    let leg = room.join(LegConfig::network(config)).expect("a leg");
    let call = CallLeg(leg.id().to_bits());
    book.hold(call, held(&leg, Home::Private(room), config));
    let (_, mut terms) = book.leg(call).expect("held");
    let new_ssrc = config.sender.ssrc ^ 1;
    book.set_ssrc(call, new_ssrc).expect("held");
    terms.config.payload_type = 8;
    book.set_terms(call, terms);
    let (_, now) = book.leg(call).expect("held");
    assert_eq!(now.config.sender.ssrc, new_ssrc);
    assert_eq!(now.config.payload_type, 8);
}
