//! What point-to-point calls cost: each direction by itself, since one may never have said anything (D3, D15).
//!
//! Measured is the time of a packet; in a cycle a direction has as many as were agreed. A hint is that of 10 ms.
//!
//! Owned by the supervisor's thread.

use talkpath_nodes::call_graphs::PIECE;
use talkpath_nodes::spec::Spec;

use crate::proto::Segment;
use crate::worker::schedule::CYCLE;

use super::super::Supervisor;
use super::super::calls::CallState;
use super::super::placement::Flows;
use super::super::plans::Compiled;
use super::Prices;

impl Prices {
    /// What both directions of a call add to a cycle.
    pub(in crate::supervisor) fn flows(&self, compiled: &Compiled) -> Flows {
        let (entry, hints) = (self.entry(&compiled.graphs), compiled.costs());
        let halves = [
            (
                Segment::Ingress,
                hints.ingress,
                entry.map(|entry| &entry.ingress),
            ),
            (
                Segment::Egress,
                hints.egress,
                entry.map(|entry| &entry.egress),
            ),
        ];
        let mut flows = Flows {
            boxes: hints.boxes,
            ..Flows::default()
        };
        let cycle = CYCLE.as_nanos() as u64;
        for (half, hint, bars) in halves {
            let ptime = compiled.specs(half).find_map(|spec| match spec {
                Spec::Relay { ptime, .. } | Spec::Arrival { ptime, .. } => Some(*ptime),
                _ => None,
            });
            let price = bars.and_then(|bars| self.price(bars)).zip(ptime);
            match price {
                Some((price, ptime)) => {
                    flows.measured += price * cycle / (ptime.as_nanos() as u64).max(1);
                }
                None => flows.hinted += hint * cycle / PIECE.as_duration().as_nanos() as u64,
            }
        }
        flows
    }
}

impl Supervisor {
    /// Counts the calls of a worker with the prices of now. One that is on its way is counted twice as it was, and again
    /// when it is there.
    pub(super) fn reprice_flows(&mut self, worker: usize) {
        let site = &mut self.sites[worker];
        let prices: Vec<_> = site
            .plans
            .iter()
            .map(|(id, compiled)| (id, self.prices.flows(compiled)))
            .collect();
        let epoch = site.epoch;
        let here = |call: &&mut CallState| {
            usize::from(call.worker) == worker && call.epoch == epoch && call.moving.is_none()
        };
        for call in self.calls.values_mut().filter(here) {
            let price = prices.iter().find(|(id, _)| *id == call.plan);
            if let Some((_, flows)) = price.filter(|(_, flows)| *flows != call.flows) {
                site.table.remove_flows(call.flows);
                site.table.add_flows(*flows);
                call.flows = *flows;
            }
        }
    }
}
