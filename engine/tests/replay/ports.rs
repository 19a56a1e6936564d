//! What an application says into a room through a port, and long clips: both are in a recording.

use talkpath_engine::replay::{Recording, replay, replay_with};
use talkpath_engine::{EngineConfig, LegConfig, PortConfig, VirtualEngine};

use super::Paper;
use super::common::{Caller, Codec, SampleRate, Studio, TEN, ms, small, speech};

#[test]
fn what_comes_through_ports_is_recorded_and_replays_with_any_number_of_workers() {
    let paper = Paper::default();
    let config = EngineConfig {
        workers: 2,
        ..small()
    };
    let engine = VirtualEngine::recorded(config, paper.to()).expect("valid");
    let mut studio = Studio::of(engine);
    let room = studio.room("room");
    let phone = Caller::join(&room, Codec::L16(SampleRate::HZ_16000), 1);
    for (turn, rate) in [SampleRate::HZ_8000, SampleRate::HZ_48000]
        .into_iter()
        .cycle()
        .take(4)
        .enumerate()
    {
        let (leg, mut port) = room.join_port(PortConfig::new(rate)).expect("capacity");
        // At the wrong pitch, where that is not its rate.
        let said = speech(SampleRate::HZ_16000);
        let frames: Vec<Vec<i16>> = said
            .chunks_exact(port.frame().as_usize())
            .map(|frame| frame.iter().map(|s| (s * 30_000.0) as i16).collect())
            .collect();
        for n in 0..60 {
            // Too little, then too much: frames are missing, and others find no room.
            let frames = [&frames[n % frames.len()], &frames[(n + 7) % frames.len()]];
            for frame in &frames[..[0, 0, 2, 1, 1][n % 5]] {
                port.write(frame).ok();
            }
            if n == 30 {
                leg.move_to(turn % 2).ok();
            }
            studio.advance(TEN);
            studio.advance(TEN);
        }
        leg.leave().expect("it is in");
        studio.advance(ms(100));
        assert!(port.underruns() > 5, "{} underruns", port.underruns());
    }
    let state = studio.engine.end_recording().expect("it records");
    assert_eq!(state.ended.as_deref(), Some("the session ended"));
    let heard = studio.heard(phone.id(), phone.codec, 0);
    assert!(heard.iter().any(|s| s.abs() > 0.1), "the ports are heard");
    let recording = Recording::parse(paper.bytes()).expect("a recording");
    let own = replay(&recording, &mut ()).expect("it runs");
    assert!(own.is_identical() && own.compared > 250, "{own:?}");
    for workers in [1, 3] {
        let other = replay_with(&recording, workers, &mut ()).expect("it runs");
        assert!(other.is_identical(), "{other:?}");
        assert_eq!((other.compared, other.digest), (own.sent, own.digest));
    }
}

#[test]
fn a_clip_longer_than_a_block_is_recorded_in_pieces() {
    let paper = Paper::default();
    let engine = VirtualEngine::recorded(small(), paper.to()).expect("valid");
    let mut studio = Studio::of(engine);
    let room = studio.room("room");
    let mut phone = Caller::join(&room, Codec::Pcmu, 1).saying(|_| 0.1);
    let rate = SampleRate::HZ_48000;
    // Four pieces and a bit; the end of it is what is heard when it comes round.
    let samples: Vec<f32> = (0..4_400_000_u32)
        .map(|n| (n % 997) as f32 / 2_000.0)
        .collect();
    room.join(LegConfig::clip(samples.into(), rate, true))
        .expect("capacity");
    studio.run(ms(400), &mut [&mut phone]);
    let state = studio.engine.end_recording().expect("it records");
    assert_eq!(state.ended.as_deref(), Some("the session ended"));
    assert!(state.bytes > 4 * 4_400_000);
    let recording = Recording::parse(paper.bytes()).expect("a recording");
    let replayed = replay(&recording, &mut ()).expect("it runs");
    assert!(
        replayed.is_identical() && replayed.compared > 15,
        "{replayed:?}"
    );
}
