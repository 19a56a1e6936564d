//! The status of point-to-point calls.

use crate::ledger::FlowLedger;
use crate::status::{CallStatus, SideStatus};

use super::super::Supervisor;
use super::super::calls::{CallState, Stage};

impl Supervisor {
    pub(super) fn call_status(&self, call: &CallState) -> CallStatus {
        let plans = &self.sites[usize::from(call.worker)].plans;
        let compiled = plans.compiled(call.plan);
        let latencies = compiled.map_or_else(Default::default, |compiled| compiled.latencies);
        let stats = [call.stats.from_a, call.stats.from_b];
        let side = |n: usize| {
            let (leg, config, direction) =
                (call.info.sides[n], call.configs[n], call.directions[n]);
            SideStatus {
                id: leg.to_string(),
                bits: leg.to_bits(),
                codec: config.codec.to_string(),
                payload_type: config.payload_type,
                ptime_ms: config.ptime.as_millis() as u64,
                receive: direction.receive,
                send: direction.send,
                ledger: FlowLedger::new(&latencies[n], &stats[n]),
            }
        };
        let [a, b] = call.configs;
        CallStatus {
            id: call.info.id.to_string(),
            sides: [side(0), side(1)],
            worker: call.worker,
            plan: call.plan.to_bits(),
            state: match call.stage {
                Stage::Beginning => "beginning",
                Stage::Up => "up",
                Stage::Ending(_) => "ending",
            },
            priority: call.priority,
            relay: (a.codec, a.ptime) == (b.codec, b.ptime),
            stats: call.stats,
        }
    }
}
