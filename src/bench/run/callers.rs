//! The phones of a run: in this process or in one of their own.

use std::time::Duration;

use crate::codec_name::payload_type;

use super::super::error::BenchError;
use super::super::phones::{Desk, Setup, Talk};
use super::super::place::Places;
use super::super::scenario::Scenario;
use super::super::server::Server;

/// Listeners keep so much of what they hear at most.
const TAPE: Duration = Duration::from_secs(120);

/// The phones at the packet rings, in this process.
pub(super) fn beside(
    scenario: &Scenario,
    server: &Server,
    places: &Places,
) -> Result<Desk, BenchError> {
    let link = server.engine.take_shard_link();
    let link = link.ok_or_else(|| BenchError::Phones("the shard's link is taken".into()))?;
    let setup = setup(scenario, link.slot, link.base);
    let priority = Some(places.second_priority);
    Ok(Desk::here(link, setup, places.phones, priority)?)
}

/// The phones in a process of their own. Their grid divides ten milliseconds in one slot more than the worker's: so their
/// packets come at every moment of a slot and not always at the same.
pub(super) fn apart(
    scenario: &Scenario,
    base: Duration,
    places: &Places,
) -> Result<Desk, BenchError> {
    let ten = Duration::from_millis(10);
    let slots = (ten.as_nanos() / scenario.common.slot().as_nanos()) as u32 + 1;
    let setup = setup(scenario, ten / slots, base);
    let priority = Some(places.second_priority);
    Ok(Desk::there(setup, places.phones, priority)?)
}

fn setup(scenario: &Scenario, slot: Duration, base: Duration) -> Setup {
    let common = &scenario.common;
    let talks = scenario.talks().into_iter();
    let talks = talks.map(|(codec, ptime)| Talk::new(codec, payload_type(codec), ptime));
    Setup {
        seats: scenario.legs(),
        talks: talks.collect(),
        slot,
        base,
        burst: common.burst,
        loss_percent: common.loss,
        jitter: Duration::from_millis(common.jitter.into()),
        probes: scenario.probes(),
        tape: TAPE,
    }
}
