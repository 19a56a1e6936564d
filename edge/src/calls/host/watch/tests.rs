use std::sync::mpsc;

use talkpath_engine::{
    Codec, Direction, EngineConfig, LegConfig, NetworkConfig, RoomConfig, VirtualEngine,
};

use super::super::book::{Held, Home, Terms};
use super::super::figures::Farewells;
use super::*;
use crate::net::NetConfig;

#[test]
fn a_leg_the_shard_refuses_ends_its_call() {
    let config = EngineConfig {
        capacity_legs: 4,
        capacity_rooms: 4,
        ..EngineConfig::default()
    };
    let engine = VirtualEngine::new(config).expect("an engine");
    let link = engine.take_shard_link().expect("nobody has taken it");
    let net = Net::start(NetConfig::default(), link).expect("a shard");
    let room = engine.create_room(RoomConfig::new("a")).expect("a room");
    let config = NetworkConfig::new(Codec::Pcmu, 0);
    let leg = room.join(LegConfig::network(config)).expect("a leg");
    let (told, hears) = mpsc::channel();
    let held = Held {
        leg: leg.clone(),
        player: None,
        home: Home::Private(room),
        terms: Terms {
            config,
            direction: Direction::BOTH,
        },
        ended: Arc::new(move |end| told.send(end).expect("somebody listens")),
        lost: None,
        farewells: Farewells::default(),
    };
    let watcher = Watcher {
        net: net.clone(),
        book: Arc::default(),
        chronicle: Chronicle::default(),
    };
    watcher.book().hold(CallLeg(leg.id().to_bits()), held);
    watcher.net(NetEvent::Bye(leg.id()));
    watcher.net(NetEvent::Refused(leg.id()));
    assert_eq!(hears.try_iter().collect::<Vec<_>>(), [MediaEnd::Gone]);
    net.shutdown();
}
