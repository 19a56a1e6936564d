//! A room spread over slots: whatever falls between a leg's ingress and its egress, its own voice
//! stays out of what it is sent, to the bit.

mod common;

use common::{Caller, Studio, ms, network, payload_type, sine};
use talkpath_engine::{Direction, EngineConfig};
use talkpath_graph::SampleRate;
use talkpath_nodes::codec::{Codec, Decoder};

const LEGS: u32 = 48;
const HELD: Direction = Direction {
    receive: false,
    send: true,
};

/// One talker in a room of silent legs, some of them before and some behind it in the slots.
fn spread(talker: u32) -> (Studio, Caller, Vec<Caller>) {
    let config = EngineConfig {
        capacity_legs: 64,
        capacity_rooms: 8,
        slot_budget: 0.05,
        ..EngineConfig::default()
    };
    let mut studio = Studio::new(config);
    let room = studio.room("spread");
    let mut callers: Vec<Caller> = (0..LEGS)
        .map(|n| Caller::join(&room, Codec::Pcmu, n))
        .collect();
    let voice = sine(700.0, SampleRate::HZ_8000, 0.5);
    let mut caller = callers.remove(talker as usize).saying(voice);
    studio.run(ms(200), &mut [&mut caller]);
    (studio, caller, callers)
}

/// Everything the talker was sent is silence, while a listener did hear it.
fn hears_nothing_of_itself(studio: &Studio, talker: &Caller, listener: &Caller, what: &str) {
    let loudest = |caller: &Caller| {
        let packets = studio.packets(caller.id()).iter();
        packets.fold(0.0f32, |loudest, packet| {
            let codecs = [Codec::Pcmu, Codec::Pcma, Codec::L16(SampleRate::HZ_16000)];
            let codec = codecs
                .into_iter()
                .find(|codec| payload_type(*codec) == packet.header.payload_type)
                .expect("a codec of this test");
            let mut pcm = [0.0; 960];
            let samples = Decoder::new(codec)
                .decode(&packet.payload, &mut pcm)
                .expect("a whole payload");
            pcm[..samples].iter().fold(loudest, |l, x| l.max(x.abs()))
        })
    };
    assert!(loudest(listener) > 0.4, "{what}: nobody heard the talker");
    // A-law has no zero: its smallest step is 8 of 32,768.
    let own = loudest(talker);
    assert!(own <= 8.0 / 32_768.0, "{what}: it heard itself at {own}");
}

/// Does `edit` at every slot of the period, for talkers at both ends of the spread.
fn at_every_slot(what: &str, mut edit: impl FnMut(&mut Studio, &mut Caller)) {
    for talker in [0, LEGS / 2, LEGS - 1] {
        for offset in 0..20 {
            let (mut studio, mut caller, others) = spread(talker);
            studio.run(ms(offset), &mut [&mut caller]);
            edit(&mut studio, &mut caller);
            studio.run(ms(120), &mut [&mut caller]);
            let what = format!("{what}, talker {talker}, slot {offset}");
            hears_nothing_of_itself(&studio, &caller, &others[3], &what);
        }
    }
}

#[test]
fn hold_and_resume() {
    at_every_slot("hold", |studio, caller| {
        caller.leg.set_direction(HELD).expect("hold");
        studio.run(ms(61), &mut [caller]);
        caller.leg.set_direction(Direction::BOTH).expect("resume");
    });
}

#[test]
fn a_change_to_another_codec_and_rate() {
    for codec in [Codec::Pcma, Codec::L16(SampleRate::HZ_16000)] {
        at_every_slot("change", |studio, caller| {
            caller.leg.change(network(codec, 77)).expect("a change");
            studio.run(ms(40), &mut [caller]);
        });
    }
}

#[test]
fn a_stall_that_is_made_up_for_and_one_that_is_not() {
    for stall in [37, 77, 113] {
        at_every_slot("stall", |studio, _| studio.engine.stall(ms(stall)));
    }
}
