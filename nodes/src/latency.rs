//! What a plan's delay is made of: the ops along its longest path, by what they do. Control side.

use core::time::Duration;
use std::collections::BTreeMap;

use talkpath_graph::{NodeSpec, Plan, PlaneRef};

use crate::spec::Spec;

/// The parts of a plan's delay. Their sum is [`Plan::latency`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Latencies {
    /// Jitter buffer: its target.
    pub jitter: Duration,
    /// Decoder, concealment, encoder.
    pub codec: Duration,
    /// Change of sample rate.
    pub resample: Duration,
    /// Look-ahead of the limiter.
    pub limit: Duration,
    /// Collecting a packet longer than the frame: the packet that waits longest.
    pub packetise: Duration,
    /// Everything else: nodes of a library user.
    pub other: Duration,
}

impl Latencies {
    /// The parts of `plan`'s delay; all zero for a half that a leg does not have.
    #[must_use]
    pub fn of(plan: Option<&Plan<Spec>>) -> Self {
        let (mut written, mut longest) = (BTreeMap::<PlaneRef, Self>::new(), Self::default());
        for op in plan.iter().flat_map(|plan| &plan.ops) {
            // Ops are in order, so what last wrote a plane is what this one reads.
            let inputs = op.inputs.iter().filter_map(|plane| written.get(plane));
            let mut path = inputs
                .max_by_key(|path| path.total())
                .copied()
                .unwrap_or_default();
            *path.part(&op.spec) += op.spec.shape().latency;
            written.extend(op.outputs.iter().map(|plane| (*plane, path)));
            longest = core::cmp::max_by_key(longest, path, Self::total);
        }
        longest
    }

    /// All parts together.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.jitter + self.codec + self.resample + self.limit + self.packetise + self.other
    }

    fn part(&mut self, spec: &Spec) -> &mut Duration {
        match spec {
            Spec::Jitter { .. } => &mut self.jitter,
            Spec::Decode { .. } | Spec::Conceal { .. } | Spec::Encode { .. } => &mut self.codec,
            Spec::Resample { .. } => &mut self.resample,
            Spec::Limit { .. } => &mut self.limit,
            Spec::Packetise { .. } => &mut self.packetise,
            _ => &mut self.other,
        }
    }
}

#[cfg(test)]
mod tests {
    use talkpath_graph::{FrameTime, Graph, Limits, SampleRate, Shape, Signal, compile};

    use super::*;
    use crate::codec::Codec;
    use crate::jitter::JitterDelays;
    use crate::leg_graphs::{network_egress, network_ingress};

    const MS: Duration = Duration::from_millis(1);

    fn of(graph: &Graph<Spec>) -> Latencies {
        let plan = compile(graph, &Limits::default()).expect("a sound graph");
        let parts = Latencies::of(Some(&plan));
        assert_eq!(parts.total(), plan.latency);
        parts
    }

    #[test]
    fn a_leg_s_parts_add_up_to_the_plan_s_latency() {
        let (frame, wide) = (FrameTime::Ms20, SampleRate::HZ_16000);
        let delays = JitterDelays {
            target: 40 * MS,
            max: 200 * MS,
        };
        let ingress = of(&network_ingress(Codec::Pcmu, frame, wide, delays));
        assert_eq!((ingress.jitter, ingress.resample), (40 * MS, 2 * MS));
        for (ptime, most) in [(10, 0), (20, 0), (30, 20), (40, 20), (50, 40), (60, 40)] {
            let egress = of(&network_egress(Codec::Pcmu, ptime * MS, frame, wide, true));
            assert_eq!(
                (egress.packetise, egress.limit),
                (most * MS, MS / 2),
                "{ptime} ms"
            );
        }
        assert_eq!(Latencies::of(None), Latencies::default());
    }

    #[test]
    fn of_two_paths_the_longer_counts() {
        let format = talkpath_graph::Format::mono(SampleRate::HZ_8000, FrameTime::Ms20);
        let pcm = Signal::Pcm(format);
        let node = |name, shape: Shape| Spec::Ext {
            name,
            shape: Box::new(shape),
        };
        let mut graph = Graph::new();
        let source = graph.add("tone", Spec::Tone { format });
        let slow = Shape::new("slow")
            .input("in", pcm)
            .output("out", pcm)
            .latency(7 * MS);
        let slow = graph
            .then(source, "slow", node("slow", slow))
            .expect("fits");
        let short = graph
            .then(source, "limit", Spec::Limit { format })
            .expect("fits");
        let join = Shape::new("join")
            .input("a", pcm)
            .input("b", pcm)
            .output("out", pcm);
        let join = graph.add("join", node("join", join));
        graph.connect(slow, "out", join, "a").expect("fits");
        graph.connect(short, "out", join, "b").expect("fits");
        graph
            .then(join, "out", Spec::Contribute { format })
            .expect("fits");
        let parts = of(&graph);
        assert_eq!((parts.other, parts.limit), (7 * MS, Duration::ZERO));
    }
}
