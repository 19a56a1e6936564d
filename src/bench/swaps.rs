//! `swap`: the plans of legs change while they talk (D13).

use talkpath_engine::{EngineError, Leg, Segment};

use super::during::{Done, is_for_now};
use super::error::BenchError;
use super::scenario::Scenario;
use super::seats::Seats;

/// Name of the gain that comes and goes.
const GAIN: &str = "bench-gain";
/// Its level, dB.
const LEVEL: f32 = -3.0;

/// What a leg's next plan differs by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    GainIn,
    GainOut,
    /// Another of the scenario's talks: a codec of the same rate.
    Talk(usize),
}

const WITH_CODEC: [Turn; 4] = [Turn::GainIn, Turn::GainOut, Turn::Talk(1), Turn::Talk(0)];
const GAIN_ONLY: [Turn; 2] = [Turn::GainIn, Turn::GainOut];

/// How far each leg is.
pub(super) struct Swaps {
    /// By seat: what it does, round and round, and how much of it is done.
    legs: Vec<(&'static [Turn], usize)>,
}

impl Swaps {
    /// Those who send or await the marker keep their codec: what is heard on tape is of one. Legs of a codec that has no other of
    /// its rate keep theirs too.
    pub(super) fn new(scenario: &Scenario) -> Self {
        let mut legs: Vec<(&'static [Turn], usize)> = vec![(&GAIN_ONLY, 0); scenario.legs()];
        if scenario.talks().len() > 1 {
            for seat in scenario.loose() {
                legs[seat].0 = &WITH_CODEC;
            }
        }
        Self { legs }
    }

    /// The next leg in turn gets its next plan.
    pub(super) fn step(
        &mut self,
        n: usize,
        seats: &mut Seats<'_>,
        done: &mut Done,
    ) -> Result<(), BenchError> {
        let seat = n % self.legs.len();
        let (turns, at) = &mut self.legs[seat];
        let swapped = match (turns[*at % turns.len()], seats.leg(seat)) {
            (_, None) => return Ok(()),
            (Turn::GainIn, Some(leg)) => gain(leg, true).map_err(BenchError::from),
            (Turn::GainOut, Some(leg)) => gain(leg, false).map_err(BenchError::from),
            (Turn::Talk(talk), Some(_)) => seats.speak(seat, talk),
        };
        match swapped {
            Ok(()) => {
                *at += 1;
                done.swaps += 1;
            }
            Err(BenchError::Engine(no)) if is_for_now(&no) => done.refused += 1,
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// Puts the gain behind the leg's own one, or takes it out.
fn gain(leg: &Leg, put_in: bool) -> Result<(), EngineError> {
    let mut graph = leg.graph()?;
    match put_in {
        true => graph.gain(Segment::Ingress, "gain", GAIN, LEVEL)?,
        false => graph.remove(Segment::Ingress, GAIN)?,
    };
    leg.swap(graph)
}
