//! The price list (D15): what a leg of each plan costs, learnt from the cohorts that ran.
//!
//! A price is a quantile of what was measured for a leg and period, not the mean: a slot must also hold when the caches are
//! cold. Prices are by graphs, so they outlive the plan's last leg and hold on every worker. What was measured fades as new
//! measurements come.
//!
//! Owned by the supervisor's thread.

use crate::proto::Segment;
use crate::status::{CostStatus, KindCost, PlanCostStatus};
use crate::worker::costs::{Bars, CostStats, KINDS};

use super::Supervisor;
use super::placement::Costs;
use super::plans::{Compiled, LegGraphs};

mod flows;

/// Legs and periods of a half that must have been measured before its price is believed.
pub(super) const ENOUGH: u32 = 50;
/// Measurements of a half above which they are halved.
const FADE: u32 = 1 << 16;
/// Prices kept of plans, in use or not.
const MOST: usize = 1_024;

/// One line of the list.
#[derive(Debug)]
struct Entry {
    graphs: LegGraphs,
    ingress: Bars,
    egress: Bars,
}

/// All prices.
#[derive(Debug)]
pub(super) struct Prices {
    entries: Vec<Entry>,
    kinds: [Bars; KINDS.len()],
    quantile: f64,
}

impl Prices {
    /// An empty list; prices will be that quantile of what was measured.
    pub fn new(quantile: f32) -> Self {
        Self {
            entries: Vec::new(),
            kinds: [const { Bars::new() }; KINDS.len()],
            quantile: f64::from(quantile),
        }
    }

    /// What a leg costs: measured when each of its halves was, often enough; else its hints.
    pub fn of(&self, compiled: &Compiled) -> Costs {
        let hints = compiled.costs();
        let Some(entry) = self.entry(&compiled.graphs) else {
            return hints;
        };
        let price = |half: &Bars, segment| match compiled.ops(segment) {
            [] => Some(0),
            _ => self.price(half),
        };
        let prices = (
            price(&entry.ingress, Segment::Ingress),
            price(&entry.egress, Segment::Egress),
        );
        let (Some(ingress), Some(egress)) = prices else {
            return hints;
        };
        Costs {
            ingress,
            egress,
            measured: true,
            ..hints
        }
    }

    /// What is known of these graphs.
    fn entry(&self, graphs: &LegGraphs) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.graphs == *graphs)
    }

    /// The price of a half that was measured often enough, in nanoseconds.
    fn price(&self, half: &Bars) -> Option<u64> {
        let price = || half.quantile(self.quantile).as_nanos() as u64;
        (half.count() >= ENOUGH).then(price)
    }

    /// Takes in what the cohorts of one plan measured.
    fn add(&mut self, graphs: &LegGraphs, ingress: &Bars, egress: &Bars) {
        let at = self
            .entries
            .iter()
            .position(|entry| entry.graphs == *graphs);
        let at = at.unwrap_or_else(|| {
            if self.entries.len() == MOST {
                // The one nothing was heard of for longest.
                self.entries.remove(0);
            }
            self.entries.push(Entry {
                graphs: graphs.clone(),
                ingress: Bars::new(),
                egress: Bars::new(),
            });
            self.entries.len() - 1
        });
        let mut entry = self.entries.remove(at);
        for (sum, part) in [(&mut entry.ingress, ingress), (&mut entry.egress, egress)] {
            gather(sum, part);
        }
        self.entries.push(entry);
    }
}

/// Adds a measurement to a sum that fades.
pub(super) fn gather(sum: &mut Bars, part: &Bars) {
    sum.add(part);
    while sum.count() > FADE {
        sum.fade();
    }
}

impl Supervisor {
    /// What a leg of this plan costs.
    pub(super) fn price(&self, compiled: &Compiled) -> Costs {
        self.prices.of(compiled)
    }

    /// Takes in the costs worker `worker` has measured, and counts its legs anew by what is known now.
    pub(super) fn hear_costs(&mut self, worker: usize) {
        let site = &mut self.sites[worker];
        if site.costs.collect(&mut site.arrived) == 0 {
            return;
        }
        let CostStats { plans, kinds, rest } = &site.arrived;
        for (id, compiled) in site.plans.iter() {
            let measured = plans.get(id.index() as usize);
            if let Some(cost) = measured.filter(|cost| cost.plan == Some(id)) {
                self.prices
                    .add(&compiled.graphs, &cost.ingress, &cost.egress);
            }
        }
        for (sum, part) in self.prices.kinds.iter_mut().zip(kinds) {
            gather(sum, part);
        }
        gather(&mut site.rest, rest);
        talkpath_rt::timing::Tally::clear(&mut site.arrived);
        self.reprice(worker);
    }

    /// Counts the legs of a worker with the prices of now.
    fn reprice(&mut self, worker: usize) {
        let site = &mut self.sites[worker];
        let prices: Vec<_> = site
            .plans
            .iter()
            .map(|(id, compiled)| (id, self.prices.of(compiled)))
            .collect();
        let epoch = site.epoch;
        let here = |leg: &&mut super::legs::LegState| {
            usize::from(leg.worker) == worker && leg.epoch == epoch
        };
        for leg in self.legs.values_mut().filter(here) {
            let price = prices.iter().find(|(id, _)| *id == leg.plan);
            let Some((room, (_, costs))) = self.rooms.get(&leg.room).zip(price) else {
                continue;
            };
            if costs.measured && leg.place.costs() != *costs {
                site.table.reprice(room.mix, &mut leg.place, *costs);
            }
        }
        self.reprice_flows(worker);
    }

    /// The price list, for the status.
    pub(super) fn cost_status(&self) -> CostStatus {
        let micros = |bars: &Bars, quantile| bars.quantile(quantile).as_secs_f64() * 1e6;
        let kinds = KINDS
            .iter()
            .zip(&self.prices.kinds)
            .map(|(kind, bars)| KindCost {
                kind,
                p50_us: micros(bars, 0.5),
                p90_us: micros(bars, 0.9),
                p99_us: micros(bars, 0.99),
            });
        let mut plans = Vec::new();
        for (worker, site) in self.sites.iter().enumerate() {
            for (id, compiled) in site.plans.iter() {
                let costs = self.prices.of(compiled);
                let known = self.prices.entries.iter();
                let entry = known.clone().find(|entry| entry.graphs == compiled.graphs);
                let halves = entry.map(|entry| [&entry.ingress, &entry.egress]);
                let at =
                    |half: usize, quantile| halves.map_or(0.0, |all| micros(all[half], quantile));
                plans.push(PlanCostStatus {
                    worker,
                    plan: id.to_bits(),
                    measured: costs.measured,
                    price_us: (costs.ingress + costs.egress) as f64 / 1e3,
                    ingress_us: [at(0, 0.5), at(0, 0.9), at(0, 0.99)],
                    egress_us: [at(1, 0.5), at(1, 0.9), at(1, 0.99)],
                });
            }
        }
        CostStatus {
            kinds: kinds.collect(),
            plans,
        }
    }
}
