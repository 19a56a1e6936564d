//! A room in virtual time and callers on ports who each say one value all the time.

use std::time::Duration;

use talkpath_engine::{
    AudioPort, EngineConfig, Event, EventStream, FrameTime, Leg, PortConfig, Room, RoomConfig,
    SampleRate, VirtualEngine,
};

/// One room frame.
pub const FRAME: Duration = Duration::from_millis(20);

/// An engine of `legs` legs.
pub fn engine(legs: usize) -> VirtualEngine {
    let config = EngineConfig {
        capacity_legs: legs,
        capacity_rooms: 4,
        ..EngineConfig::default()
    };
    VirtualEngine::new(config).expect("a valid configuration")
}

/// An engine with one room of 20 ms frames.
pub fn engine_and_room(legs: usize) -> (VirtualEngine, Room) {
    let engine = engine(legs);
    let room = engine
        .create_room(RoomConfig::new("room"))
        .expect("the first room");
    assert_eq!(room.frame(), FrameTime::Ms20);
    (engine, room)
}

/// A caller on a port.
pub struct Caller {
    pub leg: Leg,
    pub port: AudioPort,
    /// What it says, every sample of it.
    pub value: i16,
    /// All it heard.
    pub heard: Vec<i16>,
}

impl Caller {
    pub fn join(room: &Room, rate: SampleRate, value: i16) -> Self {
        let (leg, port) = room
            .join_port(PortConfig::new(rate))
            .expect("there is capacity");
        Self {
            leg,
            port,
            value,
            heard: Vec::new(),
        }
    }

    /// Says one frame.
    pub fn say(&mut self) {
        let frame = vec![self.value; self.port.frame().as_usize()];
        self.port
            .write(&frame)
            .expect("the room took the frames before");
    }

    /// Hears all there is.
    pub fn hear(&mut self) {
        let mut frame = vec![0; self.port.frame().as_usize()];
        while self.port.read(&mut frame).is_ok() {
            self.heard.extend_from_slice(&frame);
        }
    }

    /// The last sample heard.
    pub fn last(&self) -> i16 {
        *self.heard.last().expect("something was heard")
    }
}

/// Everybody talks for `frames` frames.
pub fn talk(engine: &VirtualEngine, callers: &mut [Caller], frames: usize) {
    for _ in 0..frames {
        callers.iter_mut().for_each(Caller::say);
        engine.advance(FRAME);
        callers.iter_mut().for_each(Caller::hear);
    }
}

/// All events there are now.
pub fn drain(events: &EventStream) -> Vec<Event> {
    std::iter::from_fn(|| events.try_next()).collect()
}
