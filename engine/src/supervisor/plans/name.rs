//! A plan in a few words, for people: `PCMU/8000 20 ms → room 16000`.

use std::time::Duration;

use talkpath_nodes::codec::Codec;
use talkpath_nodes::leg_graphs::{PORT_IN, PORT_OUT};
use talkpath_nodes::spec::Spec;

use super::Compiled;
use crate::proto::Segment;

impl Compiled {
    /// What comes and goes and at which rate the room hears it, with the names of nodes of a user's own. Several plans may
    /// have one name.
    pub(crate) fn name(&self) -> String {
        let all = || {
            let ingress = self.specs(Segment::Ingress);
            ingress.chain(self.specs(Segment::Egress))
        };
        let mut name = self.call().unwrap_or_else(|| self.leg());
        let own = all().filter_map(|spec| match spec {
            Spec::Ext { name, .. } if ![PORT_IN, PORT_OUT].contains(name) => Some(*name),
            _ => None,
        });
        for (n, own) in own.enumerate() {
            name = format!("{name}{}{own}", if n == 0 { " with " } else { ", " });
        }
        if all().any(|spec| matches!(spec, Spec::Fade { .. })) {
            name += ", fading";
        }
        name
    }

    /// Of a point-to-point call: both ends.
    fn call(&self) -> Option<String> {
        let end = |half| {
            self.specs(half).find_map(|spec| match spec {
                Spec::Arrival { codec, ptime, .. } => Some((packets(codec, *ptime), "")),
                Spec::Relay { codec, ptime } => Some((packets(codec, *ptime), ", relayed")),
                _ => None,
            })
        };
        let ((a, how), (b, _)) = end(Segment::Ingress).zip(end(Segment::Egress))?;
        Some(format!("{a} ↔ {b}{how}"))
    }

    /// Of a leg in a room.
    fn leg(&self) -> String {
        let (inward, outward) = (
            || self.specs(Segment::Ingress),
            || self.specs(Segment::Egress),
        );
        let sent = outward().find_map(|spec| match spec {
            Spec::Packetise { codec, ptime, .. } => Some(packets(codec, *ptime)),
            _ => None,
        });
        let said = || {
            inward().chain(outward()).find_map(|spec| match spec {
                Spec::Jitter { codec, .. } => Some(codec.to_string()),
                Spec::Ext { name, .. } if [PORT_IN, PORT_OUT].contains(name) => {
                    Some("port".to_owned())
                }
                Spec::Tone { .. } | Spec::Clip { .. } => Some(spec.kind().to_owned()),
                _ => None,
            })
        };
        let end = sent.or_else(said).unwrap_or_else(|| "leg".to_owned());
        let room = inward().chain(outward()).find_map(|spec| match spec {
            Spec::Contribute { format } | Spec::MixMinus { format, .. } => Some(format.rate.hz()),
            _ => None,
        });
        let room = room.map_or_else(|| "room".to_owned(), |hz| format!("room {hz}"));
        if self.ingress.is_some() {
            format!("{end} → {room}")
        } else {
            format!("{room} → {end}")
        }
    }
}

fn packets(codec: &Codec, ptime: Duration) -> String {
    format!("{codec} {} ms", ptime.as_millis())
}

#[cfg(test)]
mod tests {
    use talkpath_graph::{FrameTime, Graph, SampleRate};
    use talkpath_nodes::call_graphs::{End, direction};
    use talkpath_nodes::jitter::JitterDelays;
    use talkpath_nodes::leg_graphs::{
        network_egress, network_ingress, port_egress, port_ingress, tone_ingress,
    };

    use super::super::{LegGraphs, Plans};
    use super::*;

    const FRAME: FrameTime = FrameTime::Ms20;
    const WIDE: SampleRate = SampleRate::HZ_16000;
    const PTIME: Duration = Duration::from_millis(20);

    #[track_caller]
    fn named(ingress: Option<Graph<Spec>>, egress: Option<Graph<Spec>>, name: &str) {
        let compiled = Plans::new(1).compile(LegGraphs { ingress, egress });
        assert_eq!(compiled.expect("a plan").name(), name);
    }

    #[test]
    fn a_plan_is_named_by_what_comes_and_goes() {
        let phone = |codec| {
            let ingress = network_ingress(codec, FRAME, WIDE, JitterDelays::default());
            (ingress, network_egress(codec, PTIME, FRAME, WIDE, true))
        };
        let (ingress, egress) = phone(Codec::Pcmu);
        let name = "PCMU/8000 20 ms → room 16000";
        named(Some(ingress), Some(egress.clone()), name);
        named(None, Some(egress), "room 16000 → PCMU/8000 20 ms");
        named(Some(tone_ingress(FRAME, WIDE)), None, "tone → room 16000");
        let ports = [
            port_ingress(WIDE, FRAME, WIDE),
            port_egress(WIDE, FRAME, WIDE, true),
        ];
        let [ingress, egress] = ports.map(Some);
        named(ingress, egress, "port → room 16000");
        let end = |codec| End {
            codec,
            ptime: PTIME,
        };
        let (a, b) = (end(Codec::Pcmu), end(Codec::Pcma));
        let call = "PCMU/8000 20 ms ↔ PCMA/8000 20 ms";
        named(Some(direction(a, b)), Some(direction(b, a)), call);
        let relay = "PCMU/8000 20 ms ↔ PCMU/8000 20 ms, relayed";
        named(Some(direction(a, a)), Some(direction(a, a)), relay);
    }
}
