//! The plan cache: legs of equal graphs share one compiled plan (D1).
//!
//! A plan lives as long as a leg uses it. With its last leg it is dropped on the worker; its
//! handle is free again only when the box has come back. The supervisor keeps a copy of every
//! plan for the dump.
//!
//! Owned by the supervisor's thread.

use std::time::Duration;

use talkpath_graph::{Graph, Limits, Op, Plan, compile};
use talkpath_nodes::latency::Latencies;
use talkpath_nodes::spec::Spec;
use talkpath_rt::slab::FreeList;

use crate::error::{EngineError, Resource};
use crate::proto::{LegPlan, PlanId, PlanTag, Segment};
use crate::status::PlanInfo;

use super::crossing::Half;
use super::graph_check;
use super::placement::{Boxes, Costs};

mod name;

/// The two halves of a leg, as graphs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LegGraphs {
    pub ingress: Option<Graph<Spec>>,
    pub egress: Option<Graph<Spec>>,
}

/// A compiled leg that is not in the cache yet, or where in the cache it is.
#[derive(Debug, Clone)]
pub(crate) struct Compiled {
    pub graphs: LegGraphs,
    pub ingress: Option<Plan<Spec>>,
    pub egress: Option<Plan<Spec>>,
    /// What the delay of each half is made of.
    pub latencies: [Latencies; 2],
}

impl Compiled {
    /// Rough cost of one period of each half.
    pub(crate) fn costs(&self) -> Costs {
        let cost = |plan: &Option<Plan<Spec>>| {
            let hint = plan.as_ref().map_or(Duration::ZERO, |p| p.cost_hint);
            u64::try_from(hint.as_nanos()).unwrap_or(u64::MAX)
        };
        let halves = [Segment::Ingress, Segment::Egress];
        Costs {
            ingress: cost(&self.ingress),
            egress: cost(&self.egress),
            measured: false,
            boxes: Boxes::of(halves.iter().flat_map(|half| self.specs(*half))),
        }
    }

    /// The ops of one half, in order.
    pub(crate) fn ops(&self, segment: Segment) -> &[Op<Spec>] {
        let plan = match segment {
            Segment::Ingress => &self.ingress,
            Segment::Egress => &self.egress,
        };
        plan.as_ref().map_or(&[], |plan| &plan.ops)
    }

    /// The specs of one half, in order.
    pub(crate) fn specs(&self, segment: Segment) -> impl Iterator<Item = &Spec> + Clone {
        self.ops(segment).iter().map(|op| &op.spec)
    }

    /// One half, to be compared with that of another plan.
    pub(crate) fn half(&self, segment: Segment) -> Option<Half<'_>> {
        let (graph, plan) = match segment {
            Segment::Ingress => (&self.graphs.ingress, &self.ingress),
            Segment::Egress => (&self.graphs.egress, &self.egress),
        };
        Some(Half::new(graph.as_ref()?, plan.as_ref()?))
    }

    /// For the status and for a preview.
    pub(crate) fn info(&self, id: u64, legs: usize) -> PlanInfo {
        let half = |plan: &Option<Plan<Spec>>, show: fn(&Plan<Spec>) -> String| {
            plan.as_ref().map_or_else(String::new, show)
        };
        let latency = |plan: &Option<Plan<Spec>>| {
            let latency = plan.as_ref().map_or(Duration::ZERO, |plan| plan.latency);
            u64::try_from(latency.as_micros()).unwrap_or(u64::MAX)
        };
        let Self {
            ingress, egress, ..
        } = self;
        let costs = self.costs();
        PlanInfo {
            id,
            name: self.name(),
            legs,
            ingress: half(ingress, Plan::to_text),
            egress: half(egress, Plan::to_text),
            ingress_dot: half(ingress, Plan::to_dot),
            egress_dot: half(egress, Plan::to_dot),
            cost_ns: costs.ingress + costs.egress,
            ingress_latency_us: latency(ingress),
            egress_latency_us: latency(egress),
        }
    }
}

/// Compiles graphs that nobody has yet, and says what came of it.
pub(crate) fn compiled_info(graphs: &LegGraphs) -> Result<PlanInfo, EngineError> {
    graph_check::sources(graphs)?;
    let compiled = Plans::new(1).compile(graphs.clone())?;
    graph_check::leg(&compiled, None)?;
    Ok(compiled.info(0, 0))
}

#[derive(Debug)]
struct Entry {
    id: PlanId,
    legs: usize,
    compiled: Compiled,
}

/// All plans alive, and the handles of those on their way out.
#[derive(Debug)]
pub(crate) struct Plans {
    ids: FreeList<PlanTag>,
    limit: usize,
    entries: Vec<Entry>,
}

impl Plans {
    /// An empty cache for `limit` plans.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            ids: FreeList::with_capacity(limit),
            limit,
            entries: Vec::new(),
        }
    }

    /// Plans whose handles are in use, and how many may be.
    pub(crate) fn fill(&self) -> (usize, usize, usize) {
        (self.ids.in_use(), self.limit, self.ids.high_water())
    }

    /// Whether the plan of these graphs is there, or there is a handle for it.
    pub(crate) fn can_hold(&self, graphs: &LegGraphs) -> bool {
        let known = |entry: &Entry| entry.compiled.graphs == *graphs;
        self.ids.available() > 0 || self.entries.iter().any(known)
    }

    /// Every plan with its handle.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (PlanId, &Compiled)> {
        let entries = self.entries.iter();
        entries.map(|entry| (entry.id, &entry.compiled))
    }

    /// What is behind a handle.
    pub(crate) fn compiled(&self, plan: PlanId) -> Option<&Compiled> {
        let entry = self.entries.iter().find(|entry| entry.id == plan)?;
        Some(&entry.compiled)
    }

    /// Compiles the graphs, or takes what the cache has. Changes nothing yet.
    pub(crate) fn compile(&self, graphs: LegGraphs) -> Result<Compiled, EngineError> {
        let known = self
            .entries
            .iter()
            .find(|entry| entry.compiled.graphs == graphs);
        if let Some(Entry { compiled, .. }) = known {
            let (ingress, egress) = (compiled.ingress.clone(), compiled.egress.clone());
            return Ok(Compiled {
                graphs,
                ingress,
                egress,
                latencies: compiled.latencies,
            });
        }
        if self.ids.available() == 0 {
            return Err(self.spent());
        }
        let one = |graph: &Graph<Spec>| compile(graph, &Limits::default());
        let ingress = graphs.ingress.as_ref().map(one).transpose()?;
        let egress = graphs.egress.as_ref().map(one).transpose()?;
        Ok(Compiled {
            graphs,
            latencies: [&ingress, &egress].map(|half| Latencies::of(half.as_ref())),
            ingress,
            egress,
        })
    }

    /// Why there cannot be another plan.
    fn spent(&self) -> EngineError {
        let (in_use, limit, _) = self.fill();
        EngineError::Capacity {
            what: Resource::Plans,
            limit,
            in_use,
            wanted: 1,
        }
    }

    /// One more leg uses this. A box to add on the worker when it is the first.
    pub(crate) fn enter(
        &mut self,
        compiled: Compiled,
    ) -> Result<(PlanId, Option<Box<LegPlan>>), EngineError> {
        let known = |entry: &&mut Entry| entry.compiled.graphs == compiled.graphs;
        if let Some(entry) = self.entries.iter_mut().find(known) {
            entry.legs += 1;
            return Ok((entry.id, None));
        }
        // Compiled elsewhere it may find no handle here: a leg that moves.
        let Some(id) = self.ids.take() else {
            return Err(self.spent());
        };
        let value = LegPlan {
            ingress: compiled.ingress.clone(),
            egress: compiled.egress.clone(),
        };
        self.entries.push(Entry {
            id,
            legs: 1,
            compiled,
        });
        Ok((id, Some(Box::new(value))))
    }

    /// One leg less uses this; true when it was the last: the worker must drop the plan.
    pub(crate) fn leave(&mut self, plan: PlanId) -> bool {
        let Some(at) = self.entries.iter().position(|entry| entry.id == plan) else {
            return false;
        };
        self.entries[at].legs -= 1;
        let last = self.entries[at].legs == 0;
        if last {
            self.entries.swap_remove(at);
        }
        last
    }

    /// The worker has given the plan back. False for a handle that was not out.
    pub(crate) fn freed(&mut self, plan: PlanId) -> bool {
        self.ids.give(plan).is_ok()
    }

    /// All plans, for a dump.
    pub(crate) fn infos(&self) -> Vec<PlanInfo> {
        let info = |entry: &Entry| entry.compiled.info(entry.id.to_bits(), entry.legs);
        self.entries.iter().map(info).collect()
    }
}
