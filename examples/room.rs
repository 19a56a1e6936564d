//! A room without any network: one who talks, one who listens, and a tone behind them.
//!
//! `cargo run --example room`

use talkpath_engine::{Engine, EngineConfig, LegConfig, PortConfig, RoomConfig, SampleRate};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine = Engine::start(EngineConfig::default())?;
    let room = engine.create_room(RoomConfig::new("kitchen"))?;
    room.join(LegConfig::tone(440.0, -20.0))?;
    let (_talker, mut talker) = room.join_port(PortConfig::new(SampleRate::HZ_16000))?;
    let (_listener, mut listener) = room.join_port(PortConfig::new(SampleRate::HZ_8000))?;
    let spoken = vec![1_000_i16; talker.frame().as_usize()];
    let mut heard = vec![0_i16; listener.frame().as_usize()];
    for _ in 0..50 {
        while listener.read(&mut heard).is_err() {
            std::thread::park_timeout(listener.frame_time() / 4);
        }
        // Full: the room has not taken the last frames yet, and this one would only come later.
        if let Err(full) = talker.write(&spoken) {
            println!("the talker's frame was not taken: {full}");
        }
        println!(
            "the listener hears a peak of {}",
            heard.iter().max().unwrap_or(&0)
        );
    }
    engine.shutdown();
    Ok(())
}
