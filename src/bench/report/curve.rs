//! What is plotted.

use super::super::dist::Dist;
use super::super::run::Stretch;

/// The plot that has the bare loop beside it.
const WAKE: &str = "Workers: wake-up lateness";

/// One distribution and what it is called.
#[derive(Clone, Debug)]
pub(super) struct Curve {
    pub name: &'static str,
    /// `µs` or `ms`.
    pub unit: &'static str,
    /// What is plotted over one another, with its name; what the plot is about comes first.
    pub series: Vec<(&'static str, Dist)>,
}

impl Curve {
    pub(super) fn new(
        name: &'static str,
        unit: &'static str,
        measured: &Dist,
        beside: [(&'static str, Option<&Dist>); 2],
    ) -> Self {
        let beside = beside.into_iter();
        let beside = beside.filter_map(|(name, dist)| Some((name, dist?.clone())));
        let mut series: Vec<_> = [("measured", measured.clone())]
            .into_iter()
            .chain(beside)
            .collect();
        series.retain(|(_, dist)| dist.len() > 0);
        Self { name, unit, series }
    }

    /// Those of a measured stretch; over them, what was before and how late the bare loop woke. Those without a value are
    /// left out.
    pub(super) fn all(
        measured: &Stretch,
        quiet: Option<&Stretch>,
        bare: Option<&Dist>,
    ) -> Vec<Self> {
        type Of = fn(&Stretch) -> &Dist;
        let curve = |(name, unit, of): (_, _, Of)| {
            let bare = bare.filter(|_| name == WAKE);
            let beside = [("before", quiet.map(of)), ("bare loop", bare)];
            Self::new(name, unit, of(measured), beside)
        };
        let all: [(_, _, Of); 9] = [
            (WAKE, "µs", |s| &s.server.wake),
            ("Workers: busy time of a slot", "µs", |s| &s.server.busy),
            ("Workers: lateness at the end of a slot", "µs", |s| {
                &s.server.end
            }),
            (
                "Workers: processing of a packet, from its slot's beginning",
                "µs",
                |s| &s.server.processing,
            ),
            ("Shard: lateness in sending a packet", "µs", |s| {
                &s.server.sent
            }),
            ("Marker delay", "ms", |s| &s.phones.delay),
            ("Gap between two packets of a phone", "ms", |s| {
                &s.phones.gap
            }),
            ("Joining: from asking to the first packet", "ms", |s| {
                &s.phones.join
            }),
            ("Phones: wake-up lateness", "µs", |s| &s.phones.wake),
        ];
        let mut curves: Vec<_> = all.into_iter().map(curve).collect();
        curves.retain(|curve| !curve.series.is_empty());
        curves
    }
}
