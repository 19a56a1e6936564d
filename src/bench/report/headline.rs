//! What was run, in one line.

use super::Report;

impl Report {
    /// What was run, in one line.
    pub(super) fn headline(&self) -> String {
        let core = |core: &Option<usize>| {
            core.map_or("any core".to_owned(), |core| format!("core {core}"))
        };
        let cores: Vec<String> = self.cores.iter().map(core).collect();
        let place = match &cores[..] {
            [one] => format!("worker on {one}"),
            all => format!("{} workers on {}", all.len(), all.join(", ")),
        };
        let order = self
            .priority
            .map_or("ordinary priority".into(), |p| format!("FIFO {p}"));
        let asked = self.overload.as_ref();
        let asked = asked.map(|overload| format!(" of {} that asked", overload.offered));
        format!(
            "{}, {}: {} legs{} talking in {} {}{}, {} at {} ms{}, {:.1} s; {place}, {order}, slot {} µs",
            self.scenario,
            self.transport,
            self.legs,
            asked.unwrap_or_default(),
            self.rooms,
            self.meeting,
            if self.rooms == 1 { "" } else { "s" },
            self.codec,
            self.ptime_ms,
            self.roughness(),
            self.figures.seconds,
            self.slot_us
        )
    }

    /// What was asked for on the way in, behind a comma.
    fn roughness(&self) -> String {
        let mut text = String::new();
        if self.burst {
            text.push_str(" in one burst");
        }
        if self.loss_percent > 0.0 {
            text.push_str(&format!(", {} % lost", self.loss_percent));
        }
        if self.jitter_in_ms > 0 {
            text.push_str(&format!(", up to {} ms late", self.jitter_in_ms));
        }
        text
    }
}
