//! What the shard is told: to which worker a leg's packets go, and that a worker was replaced.
//!
//! What a ring has no room for waits here, of routes one entry per leg at most. The ends of lost workers come back the
//! other way and are freed here.

use std::collections::{BTreeMap, VecDeque};

use talkpath_rt::ring::{Consumer, Full, Producer};

use crate::proto::{LegId, PacketBox};
use crate::shard_link::{Change, Inlet, Outflow, Route};
use crate::status::Fill;

/// The supervisor's ends of the shard's rings.
#[derive(Debug)]
pub(crate) struct Routes {
    /// With one worker there is nothing to tell of legs.
    several: bool,
    changes: Producer<Change>,
    outflows: Producer<Box<Outflow>>,
    spent: Consumer<Box<Inlet>>,
    spent_out: Consumer<Box<Outflow>>,
    waiting: BTreeMap<u32, u8>,
    /// Before any route.
    renewals: VecDeque<Change>,
    renewals_out: VecDeque<Box<Outflow>>,
    /// The shard's ends of lost workers' rings: what those still give back is found there.
    ends: Vec<Inlet>,
    /// Boxes that were written off with lost workers.
    pub(super) boxes_lost: u64,
}

impl Routes {
    pub(crate) fn new(
        several: bool,
        (changes, spent): (Producer<Change>, Consumer<Box<Inlet>>),
        (outflows, spent_out): (Producer<Box<Outflow>>, Consumer<Box<Outflow>>),
    ) -> Self {
        Self {
            several,
            changes,
            outflows,
            spent,
            spent_out,
            waiting: BTreeMap::new(),
            renewals: VecDeque::new(),
            renewals_out: VecDeque::new(),
            ends: Vec::new(),
            boxes_lost: 0,
        }
    }

    /// Tells nothing of legs from now on: a replay knows where packets go.
    pub(crate) fn mute(&mut self) {
        self.several = false;
    }

    /// From now on the packets of `leg` go to `worker`.
    pub(super) fn set(&mut self, leg: LegId, worker: u8) {
        if self.several {
            self.waiting.insert(leg.index(), worker);
            self.flush();
        }
    }

    /// Another worker is in the place of a lost one.
    pub(super) fn renew(&mut self, inlet: Box<Inlet>, outflow: Box<Outflow>) {
        self.renewals.push_back(Change::Renew(inlet));
        self.renewals_out.push_back(outflow);
        self.flush();
    }

    /// A box that a lost worker had of another one's.
    pub(super) fn found(&mut self, packet: PacketBox) {
        self.renewals.push_back(Change::Found(packet));
    }

    /// What a lost worker of this place has given back to the shard's old end, which is freed here.
    pub(super) fn given_back(&mut self, worker: usize, epoch: u16) -> Vec<PacketBox> {
        let of = |inlet: &mut Inlet| {
            usize::from(inlet.worker) == worker && inlet.epoch == epoch.wrapping_add(1)
        };
        let mut found = Vec::new();
        for mut inlet in self.ends.extract_if(.., of) {
            found.extend(std::iter::from_fn(|| inlet.lender.take_returned()));
        }
        found
    }

    /// Frees the ends whose workers are not `awaited`: by place and epoch.
    pub(super) fn free_ends(&mut self, awaited: impl Fn(usize, u16) -> bool) {
        self.ends
            .retain(|inlet| awaited(usize::from(inlet.worker), inlet.epoch.wrapping_sub(1)));
    }

    /// How full the four rings to and from the shard are.
    pub(super) fn fills(&self) -> [Fill; 4] {
        [
            Fill::of("routes ring", self.changes.level()),
            Fill::of("renewals ring", self.outflows.level()),
            Fill::of_ring("spent inlets ring", &self.spent),
            Fill::of_ring("spent outflows ring", &self.spent_out),
        ]
    }

    /// Sends what waits, as far as the rings have room, and frees what has come back.
    pub(super) fn flush(&mut self) {
        self.spent.gauge();
        self.spent_out.gauge();
        while let Some(inlet) = self.spent.pop() {
            self.boxes_lost += inlet.lost as u64;
            self.ends.push(*inlet);
        }
        while self.spent_out.pop().is_some() {}
        while let Some(outflow) = self.renewals_out.pop_front() {
            if let Err(Full(outflow)) = self.outflows.push(outflow) {
                self.renewals_out.push_front(outflow);
                break;
            }
        }
        while let Some(change) = self.renewals.pop_front() {
            if let Err(Full(change)) = self.changes.push(change) {
                return self.renewals.push_front(change);
            }
        }
        while let Some((&leg, &worker)) = self.waiting.first_key_value() {
            let route = Change::Route(Route { leg, worker });
            if self.changes.push(route).is_err() {
                return;
            }
            self.waiting.remove(&leg);
        }
    }

    /// Whether anything waits.
    pub(super) fn waiting(&self) -> bool {
        !self.waiting.is_empty() || !self.renewals.is_empty() || !self.renewals_out.is_empty()
    }
}
