//! The `Ext` op: a node of a library user, or an audio port, behind one virtual call.
//!
//! Its planes are disjoint by the compiler's guarantee; they are found by one pass over the
//! arena, in safe Rust, so that any number of ports up to four works.

use arrayvec::ArrayVec;
use talkpath_graph::node::{Node, Outcome, PcmPlane};
use talkpath_graph::{MAX_PORTS, Op, Samples, Shape, Signal};
use talkpath_nodes::finite;
use talkpath_nodes::spec::Spec;

use crate::proto::Segment;

use super::arena::{LANES, at};
use super::bank::Seat;
use super::cohort::Cohort;
use super::shed::{Run, cross_fade};

impl Cohort<'_> {
    /// Runs the lanes' `Ext` nodes; output that is faulted or not finite is silenced, counted,
    /// and resets the node (D18).
    pub(super) fn ext(&mut self, i: usize, op: &Op<Spec>, segment: Segment) {
        let Spec::Ext { shape, .. } = &op.spec else {
            return;
        };
        while let Some(n) = self.next_lane() {
            let lane = self.lanes[n];
            let Seat::Ext(seat) = self.seat(lane, segment, i) else {
                continue;
            };
            let Some(node) = self.bank.ext.get_mut(seat) else {
                continue;
            };
            prepare_outputs(&mut self.arena.pcm, op, shape, n);
            if lane.skipped > 0 {
                node.skipped(span(op, lane.skipped));
            }
            let run = (op.spec.shed()).map_or(Run::Whole, |shed| Self::run_of(lane, shed));
            if run != Run::Whole {
                keep_input(&self.arena.pcm, op, shape, n, &mut self.spare.0);
            }
            if run == Run::Not {
                node.skipped(span(op, 1));
                self.arena.pcm[at(op.outputs[0], n)].copy_from(&self.spare.0);
                continue;
            }
            if process(node.as_mut(), &mut self.arena.pcm, op, shape.in_place, n)
                == Outcome::Faulted
            {
                node.reset();
                self.count_not_finite(lane);
            }
            if run != Run::Whole {
                let frame = &mut self.arena.pcm[at(op.outputs[0], n)];
                cross_fade(frame.as_mut_slice(), self.spare.0.as_slice(), run);
            }
        }
    }
}

/// Copies what the op would be bypassed with: its first input, which an in-place op finds in its output.
fn keep_input(planes: &[PcmPlane], op: &Op<Spec>, shape: &Shape, lane: usize, to: &mut PcmPlane) {
    let from = if shape.in_place {
        op.outputs.first()
    } else {
        op.inputs.first()
    };
    if let Some(plane) = from.and_then(|from| planes.get(at(*from, lane))) {
        to.copy_from(plane);
    }
}

/// Gives every output its length and the first input's tag; an in-place op finds its input there.
fn prepare_outputs(planes: &mut [PcmPlane], op: &Op<Spec>, shape: &Shape, lane: usize) {
    for (port, plane) in shape.outputs.iter().zip(&op.outputs) {
        let Signal::Pcm(format) = port.signal else {
            continue;
        };
        let to = at(*plane, lane);
        match op
            .inputs
            .first()
            .map(|from| planes.get_disjoint_mut([at(*from, lane), to]))
        {
            Some(Ok([from, to])) if shape.in_place => to.copy_from(from),
            Some(Ok([from, to])) => to.tag.clone_from(&from.tag),
            // In place on the very plane, or a source.
            Some(Err(_)) => {}
            None => planes[to].tag.clear(),
        }
        planes[to].set_len(format.plane_len());
    }
}

/// The audio a node missed, in samples of its first port.
fn span(op: &Op<Spec>, periods: u32) -> Samples {
    let Spec::Ext { shape, .. } = &op.spec else {
        return Samples(0);
    };
    let format = shape
        .inputs
        .iter()
        .chain(&shape.outputs)
        .find_map(|port| match port.signal {
            Signal::Pcm(format) => Some(format),
            _ => None,
        });
    Samples(format.map_or(0, |f| f.frame.0.saturating_mul(periods)))
}

fn process(
    node: &mut dyn Node,
    planes: &mut [PcmPlane],
    op: &Op<Spec>,
    in_place: bool,
    lane: usize,
) -> Outcome {
    let mut read: ArrayVec<(usize, &PcmPlane), { MAX_PORTS }> = ArrayVec::new();
    let mut write: [Option<&mut PcmPlane>; MAX_PORTS] = [const { None }; MAX_PORTS];
    for (index, plane) in planes.iter_mut().enumerate().skip(lane).step_by(LANES) {
        if let Some(port) = op.outputs.iter().position(|o| at(*o, lane) == index) {
            write[port] = Some(plane);
        } else if op.inputs.iter().any(|o| at(*o, lane) == index) {
            read.push((index, plane));
        }
    }
    let inputs: ArrayVec<&PcmPlane, { MAX_PORTS }> = (op.inputs.iter())
        .filter_map(|input| {
            read.iter()
                .find(|(index, _)| *index == at(*input, lane))
                .map(|(_, plane)| *plane)
        })
        .collect();
    let mut outputs: ArrayVec<&mut PcmPlane, { MAX_PORTS }> = write.into_iter().flatten().collect();
    let wanted = if in_place { 0 } else { op.inputs.len() };
    if inputs.len() < wanted || outputs.len() != op.outputs.len() {
        return Outcome::Faulted;
    }
    let outcome = node.process(&inputs[..wanted], &mut outputs);
    let mut finite = true;
    for plane in &mut outputs {
        // Every plane is guarded, also after a bad one.
        finite &= finite::guard(plane.as_mut_slice());
    }
    if outcome == Outcome::Faulted {
        outputs
            .iter_mut()
            .for_each(|plane| plane.as_mut_slice().fill(0.0));
    }
    if finite { outcome } else { Outcome::Faulted }
}
