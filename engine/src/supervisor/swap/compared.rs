//! A leg's old plan and its new one side by side: what is kept, the crossing between them, and the stream that goes on.
//!
//! Pure functions on the supervisor's thread; the comparing itself is in `crossing`.

use talkpath_graph::{Graph, Op, SampleRate};
use talkpath_nodes::spec::Spec;

use crate::proto::{Continued, Direction, PlanId, Seats, Segment};
use crate::worker::bank::Seat;

use super::super::blueprint::Blueprint;
use super::super::crossing::{Crossed, as_before, crossing, kept};
use super::super::graph_check::halves;
use super::super::legs::LegState;
use super::super::placement::Place;
use super::super::plans::{Compiled, LegGraphs};

/// Which op of the old plan each op of the new one keeps the state of, half by half.
pub(super) type Keeps = [Vec<Option<usize>>; 2];

/// A crossing that is compiled: where each op comes from, half by half (`None`: the new half as it will be).
pub(super) struct Between {
    pub compiled: Compiled,
    pub crossed: [Option<Crossed>; 2],
    pub frames: [u8; 2],
}

/// The leg as it is.
pub(super) struct Before {
    pub worker: u8,
    pub plan: PlanId,
    pub rate: SampleRate,
    pub place: Place,
    pub seats: Seats,
    pub fenced: [bool; 2],
    pub payload_type: Option<u8>,
    pub linear: f32,
    pub direction: Direction,
}

impl Before {
    pub fn of(state: &LegState) -> Self {
        Self {
            worker: state.worker,
            plan: state.plan,
            rate: state.rate,
            place: state.place,
            seats: state.seats.clone(),
            fenced: state.fenced,
            payload_type: state.sources.network.map(|network| network.payload_type),
            linear: state.linear(),
            direction: state.direction,
        }
    }
}

/// What of one half is kept.
pub(super) fn keeps(
    half: Segment,
    old: &Compiled,
    new: &Compiled,
    was: &Before,
    wanted: &Blueprint,
) -> Vec<Option<usize>> {
    let fresh = |op: &Op<Spec>| wanted.renews(half, op, was.payload_type);
    match (old.half(half), new.half(half)) {
        (Some(old), Some(new)) if !was.fenced[half as usize] => kept(&old, &new, &fresh),
        (_, Some(new)) => vec![None; new.len()],
        _ => Vec::new(),
    }
}

/// The graphs of the crossing, where each op of them comes from, and the frames each half needs; `None` when nothing of
/// the swap is heard.
#[allow(clippy::type_complexity, reason = "taken apart by its one caller")]
pub(super) fn between(
    old: &Compiled,
    new: &Compiled,
    keeps: &Keeps,
    was: &Before,
    rate: SampleRate,
) -> Option<(LegGraphs, [Option<Crossed>; 2], [u8; 2])> {
    let turns = was.rate != rate;
    let one = |half: Segment| {
        let at = half as usize;
        let (old, new) = (old.half(half)?, new.half(half));
        if was.fenced[at] {
            return None;
        }
        match (new, half, turns) {
            (Some(new), _, false) => crossing(&old, &new, &keeps[at], 0),
            (None, Segment::Ingress, _) | (_, Segment::Ingress, true) => {
                Some(as_before(&old, true))
            }
            // One frame of the old sound, while the leg's own voice is on its way out of the room.
            (Some(new), Segment::Egress, true) => {
                crossing(&old, &new, &keeps[at], 1).or_else(|| Some(as_before(&old, false)))
            }
            (None, Segment::Egress, _) => None,
        }
    };
    let crossed = halves().map(one);
    if crossed.iter().all(Option::is_none) {
        return None;
    }
    let needed = if turns { 2 } else { 1 };
    let frames = [0, 1].map(|at| if crossed[at].is_some() { needed } else { 0 });
    let graph = |at: usize, new: &Option<Graph<Spec>>| match &crossed[at] {
        Some(crossed) => Some(crossed.graph.clone()),
        None => new.clone(),
    };
    let graphs = LegGraphs {
        ingress: graph(0, &new.graphs.ingress),
        egress: graph(1, &new.graphs.egress),
    };
    Some((graphs, crossed, frames))
}

/// The packetiser that goes, and the one that goes on with its stream.
pub(super) fn continued(old: &Compiled, before: &Seats, after: &Seats) -> Option<Continued> {
    let seat = |seats: &Seats| {
        seats.egress.iter().find_map(|seat| match seat {
            Seat::Packetise(seat) => Some(*seat),
            _ => None,
        })
    };
    let (from, to) = (seat(before)?, seat(after)?);
    let frame = old
        .ops(Segment::Egress)
        .iter()
        .find_map(|op| match op.spec {
            Spec::Packetise { format, .. } => Some(format.frame),
            _ => None,
        })?;
    (from != to).then_some(Continued { from, to, frame })
}
