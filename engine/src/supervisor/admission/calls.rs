//! Admission of point-to-point calls: a worker whose fullest slot holds the share of both directions as well.
//!
//! On the supervisor's thread.

use crate::error::{EngineError, Resource};
use crate::priority::Priority;

use super::super::Supervisor;
use super::super::placement::Flows;
use super::super::plans::LegGraphs;
use super::{Needs, Shortage, nanos};

/// A call that asks to come.
#[derive(Debug, Clone, Copy)]
pub(in crate::supervisor) struct Calling<'a> {
    pub graphs: &'a LegGraphs,
    pub flows: Flows,
    pub priority: Priority,
}

impl<'a> Calling<'a> {
    fn needs(&self) -> Needs<'a> {
        Needs {
            graphs: self.graphs,
            handles: 2,
            boxes: self.flows.boxes,
        }
    }
}

impl Supervisor {
    /// The worker that takes a new call: the least loaded one that is open and has the slot time, of the shard's node
    /// first.
    pub(in crate::supervisor) fn admit_call(&self, call: Calling<'_>) -> Result<u8, EngineError> {
        let open = |worker: &u8| self.is_open(*worker, call.needs());
        let mut workers: Vec<u8> = (0..self.sites.len() as u8).filter(open).collect();
        workers.sort_by(|a, b| self.by_home(*a, *b));
        let mut refused: Option<Shortage> = None;
        for worker in workers {
            let Some(short) = self.refuses_call(call, worker) else {
                return Ok(worker);
            };
            if refused.is_none_or(|other| short.left > other.left) {
                refused = Some(short);
            }
        }
        Err(refused.map_or_else(|| self.closed(call.needs()), EngineError::from))
    }

    /// Why worker `worker` cannot take the call; `None`: it can.
    fn refuses_call(&self, call: Calling<'_>, worker: u8) -> Option<Shortage> {
        let table = &self.sites[usize::from(worker)].table;
        let (load, needed) = (table.sure_of_fullest(), table.sure_of_flows(call.flows));
        let limit = self.limit(worker, call.priority);
        (load + needed > limit).then(|| Shortage {
            worker,
            needed: nanos(needed),
            left: nanos(limit - load),
            limit: nanos(limit),
        })
    }

    /// The handles a call takes, when `more` calls have taken theirs.
    pub(in crate::supervisor) fn room_for_a_call(&self, more: usize) -> Result<(), EngineError> {
        let spent = |what, limit, in_use, wanted| EngineError::Capacity {
            what,
            limit,
            in_use,
            wanted,
        };
        let (legs, calls) = (&self.leg_ids, &self.call_ids);
        if legs.available() < 2 * (more + 1) {
            let limit = self.config.capacity_legs;
            return Err(spent(Resource::Legs, limit, legs.in_use() + 2 * more, 2));
        }
        if calls.available() <= more {
            let limit = self.config.calls();
            return Err(spent(Resource::Calls, limit, calls.in_use() + more, 1));
        }
        Ok(())
    }
}
