//! What one leg more costs: a room of several sizes, each run several times in turns.
//!
//! A machine with two speeds makes one run of each size worthless: so the sizes take turns, up and then down, every figure
//! is the median of the rounds beside their least and most, and what is compared is taken within a round.

use serde::Serialize;

use super::args::{ScenarioCommand, SizesArgs};
use super::error::BenchError;
use super::report::Report;
use super::scenario::Scenario;

/// A figure over the rounds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Spread {
    pub median: f64,
    pub min: f64,
    pub max: f64,
}

/// What one leg took in a second.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Cost {
    /// CPU time, in milliseconds.
    cpu_ms: f64,
    /// Time the workers were busy in their slots, in microseconds.
    busy_us: f64,
}

/// One number of legs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Size {
    pub legs: u32,
    pub cpu_ms_per_leg_second: Spread,
    pub busy_us_per_leg_second: Spread,
}

/// From one number of legs to the next: what each of those takes that are more.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Step {
    pub from: u32,
    pub to: u32,
    pub cpu_ms_per_leg_second: Spread,
    pub busy_us_per_leg_second: Spread,
    /// The one above divided by that from the first size to the last, in the same round.
    pub busy_of_whole: Spread,
}

/// All of it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Marginal {
    pub rounds: u32,
    pub sizes: Vec<Size>,
    pub marginal: Vec<Step>,
    /// Calls of workers to the allocator, in all runs.
    pub allocations: u64,
    /// The last run of the most legs.
    pub last: Report,
}

/// Runs every size in turns.
///
/// # Errors
/// As for one run; or the numbers of legs do not ascend, or a flag is for one run only.
pub(super) fn run(args: &SizesArgs) -> Result<Marginal, BenchError> {
    let legs = check(args)?;
    let of = |legs: &u32| {
        let mut one = args.clone();
        one.room.common.legs = vec![*legs];
        Scenario::new(&ScenarioCommand::Room(one))
    };
    let scenarios: Vec<Scenario> = legs.iter().map(of).collect::<Result<_, _>>()?;
    let (mut rounds, mut allocations, mut last) = (Vec::new(), 0, None);
    for round in 0..args.rounds {
        let mut costs = vec![None; legs.len()];
        for turn in 0..legs.len() {
            let up = round.is_multiple_of(2);
            let at = if up { turn } else { legs.len() - 1 - turn };
            let report = super::run::run(&scenarios[at])?;
            allocations += report.allocations();
            costs[at] = Some(Cost::of(&report));
            if at == legs.len() - 1 {
                last = Some(report);
            }
        }
        rounds.push(costs.into_iter().flatten().collect());
    }
    let last = last.ok_or_else(|| BenchError::Phones("there was no round".into()))?;
    Ok(Marginal {
        rounds: args.rounds,
        sizes: sizes(legs, &rounds),
        marginal: steps(legs, &rounds),
        allocations,
        last,
    })
}

/// The numbers of legs.
fn check(args: &SizesArgs) -> Result<&[u32], BenchError> {
    let common = &args.room.common;
    let wrong = |flag, actual: String, allowed: &str| {
        Err(BenchError::Flag {
            flag,
            actual,
            allowed: allowed.to_owned(),
        })
    };
    if !common.legs.is_sorted_by(|a, b| a < b) {
        return wrong("--legs", common.list(), "ascending numbers");
    }
    for (flag, given) in [("--html", common.html.is_some()), ("--floor", common.floor)] {
        if given {
            return wrong(
                flag,
                format!("with --legs {}", common.list()),
                "with one number of legs",
            );
        }
    }
    Ok(&common.legs)
}

impl Cost {
    fn of(report: &Report) -> Self {
        let figures = &report.figures;
        let leg_seconds = figures.seconds * report.legs.max(1) as f64;
        Self {
            cpu_ms: figures.cpu_ms_per_leg_second,
            busy_us: figures.busy_us.mean * figures.busy_us.count as f64 / leg_seconds,
        }
    }

    /// What each leg takes by which `to` legs are more than `from`; this is the cost with `from` of them.
    fn more(self, from: u32, with: Self, to: u32) -> Self {
        let (few, many) = (f64::from(from), f64::from(to));
        let more = |a: f64, b: f64| (b * many - a * few) / (many - few);
        Self {
            cpu_ms: more(self.cpu_ms, with.cpu_ms),
            busy_us: more(self.busy_us, with.busy_us),
        }
    }
}

impl Spread {
    /// At least one value.
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let at = |place: usize| values.get(place).copied().unwrap_or_default();
        let (low, high) = (at(values.len().saturating_sub(1) / 2), at(values.len() / 2));
        Self {
            median: (low + high) / 2.0,
            min: at(0),
            max: at(values.len().saturating_sub(1)),
        }
    }
}

fn sizes(legs: &[u32], rounds: &[Vec<Cost>]) -> Vec<Size> {
    let size = |(at, legs): (usize, &u32)| Size {
        legs: *legs,
        cpu_ms_per_leg_second: Spread::of(rounds.iter().map(|costs| costs[at].cpu_ms)),
        busy_us_per_leg_second: Spread::of(rounds.iter().map(|costs| costs[at].busy_us)),
    };
    legs.iter().enumerate().map(size).collect()
}

fn steps(legs: &[u32], rounds: &[Vec<Cost>]) -> Vec<Step> {
    let more = |costs: &Vec<Cost>, a: usize, b: usize| costs[a].more(legs[a], costs[b], legs[b]);
    let end = legs.len() - 1;
    let step = |at: usize| {
        let each = || rounds.iter().map(|costs| more(costs, at, at + 1));
        let whole = rounds.iter().map(|costs| more(costs, 0, end));
        let of_whole = each()
            .zip(whole)
            .map(|(step, whole)| step.busy_us / whole.busy_us);
        Step {
            from: legs[at],
            to: legs[at + 1],
            cpu_ms_per_leg_second: Spread::of(each().map(|cost| cost.cpu_ms)),
            busy_us_per_leg_second: Spread::of(each().map(|cost| cost.busy_us)),
            busy_of_whole: Spread::of(of_whole),
        }
    };
    (0..end).map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A worker that takes so much for itself, and so much for each of `legs`.
    fn cost(legs: u32, alone: f64, each: f64) -> Cost {
        let busy_us = each + alone / f64::from(legs);
        Cost {
            cpu_ms: 2.0 * busy_us,
            busy_us,
        }
    }

    #[test]
    fn a_straight_line_has_one_slope_whatever_its_foot_and_the_machines_speed() {
        let legs = [100, 250, 1_000];
        let rounds: Vec<Vec<Cost>> = [1.0, 1.9, 1.3]
            .iter()
            .map(|slow| legs.map(|n| cost(n, 4_000.0 * slow, 50.0 * slow)).to_vec())
            .collect();
        let sizes = sizes(&legs, &rounds);
        assert!((sizes[0].busy_us_per_leg_second.median - 117.0).abs() < 1e-9);
        for step in steps(&legs, &rounds) {
            let Spread { median, min, max } = step.busy_us_per_leg_second;
            for (is, should) in [(median, 65.0), (min, 50.0), (max, 95.0)] {
                assert!((is - should).abs() < 1e-9, "{step:?}");
            }
            assert!((step.cpu_ms_per_leg_second.median - 130.0).abs() < 1e-9);
            assert!((step.busy_of_whole.max - step.busy_of_whole.min).abs() < 1e-9);
            assert!((step.busy_of_whole.median - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn a_leg_that_costs_more_in_a_crowd_is_seen() {
        let legs = [100, 200, 400];
        let costs = [(100, 50.0), (200, 50.0), (400, 60.0)];
        let costs = costs.map(|(legs, each)| cost(legs, 0.0, each));
        let steps = steps(&legs, &[costs.to_vec()]);
        // 400 × 60 − 200 × 50 for 200 legs; 400 × 60 − 100 × 50 for 300.
        let last = steps[1];
        assert!((last.busy_us_per_leg_second.median - 70.0).abs() < 1e-9);
        assert!((last.busy_of_whole.median - 70.0 * 300.0 / 19_000.0).abs() < 1e-9);
    }

    #[test]
    fn the_median_of_two_lies_between_them() {
        let spread = Spread::of([4.0, 2.0].into_iter());
        assert_eq!((spread.min, spread.median, spread.max), (2.0, 3.0, 4.0));
    }
}
