//! The op of a crossing: from the sound of the old plan to that of the new one (D13).

use talkpath_graph::{Format, Op};
use talkpath_nodes::fade::Fading;
use talkpath_nodes::spec::Spec;

use crate::proto::Segment;

use super::arena::at;
use super::bank::Seat;
use super::cohort::Cohort;

impl Cohort<'_> {
    /// Fades the lanes.
    pub(super) fn fade(
        &mut self,
        i: usize,
        op: &Op<Spec>,
        format: Format,
        into: Fading,
        segment: Segment,
    ) {
        while let Some(n) = self.next_lane() {
            let lane = self.lanes[n];
            let Seat::Fade(seat) = self.seat(lane, segment, i) else {
                continue;
            };
            let out = at(op.outputs[0], n);
            if into == Fading::Silence {
                Self::in_place(self.arena, op, n);
            }
            let Some(fade) = self.bank.fade.get_mut(seat) else {
                continue;
            };
            if into == Fading::Silence {
                fade.out(self.arena.pcm[out].as_mut_slice(), format.rate);
            } else {
                let planes = [at(op.inputs[0], n), at(op.inputs[1], n), out];
                // The compiler has made them three planes.
                let Ok([old, new, to]) = self.arena.pcm.get_disjoint_mut(planes) else {
                    continue;
                };
                to.set_len(format.plane_len());
                to.tag.clone_from(&new.tag);
                if old.len() == to.len() && new.len() == to.len() {
                    fade.across(old.as_slice(), new.as_slice(), to.as_mut_slice());
                }
            }
            // Neither input can be what is not finite, so there is nothing to reset.
            self.finite(lane, out);
        }
    }
}
