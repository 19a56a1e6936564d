//! What the phones hear: counted as it comes, and searched for markers when all is over.

use std::time::Duration;

use super::{Mark, Phones, Wire, order};

impl<W: Wire> Phones<W> {
    /// Hears everything that has come; `forget`: without counting it, since it waited while nobody listened.
    pub(super) fn listen(&mut self, forget: bool) {
        let (seats, heard, recording) = (&mut self.seats, &mut self.now, !self.closed.is_empty());
        self.wire.receive(|header, payload, at| {
            if forget {
                return;
            }
            let Some(seat) = seats.get_mut(order::seat_of(header.ssrc)) else {
                heard.foreign += 1;
                return;
            };
            match seat.ear.as_mut().filter(|ear| ear.ssrc == header.ssrc) {
                Some(ear) => {
                    ear.hear(header, at, heard);
                    if let Some(tape) = seat.tape.as_mut().filter(|_| recording) {
                        tape.record(header, payload, at);
                    }
                }
                None if seat.calls > 0 => heard.stray += 1,
                None => heard.foreign += 1,
            }
        });
    }

    /// Looks for every marker on the tapes of its listeners.
    pub(super) fn find_markers(&mut self) {
        for (index, probe) in self.setup.probes.iter().enumerate() {
            for listener in &probe.listeners {
                let tape = self
                    .seats
                    .get(*listener)
                    .and_then(|seat| seat.tape.as_ref());
                let Some((tape, end)) = tape.and_then(|tape| Some((tape, tape.end()?))) else {
                    continue;
                };
                let played = tape.play();
                // One sent in the last half second may not be on the tape to its end.
                let whole = |mark: &&Mark| mark.at + Duration::from_millis(500) < end;
                let of_probe = |mark: &&Mark| mark.probe == index && mark.window > 0;
                for mark in self.marks.iter().filter(of_probe).filter(whole) {
                    let heard = &mut self.closed[mark.window];
                    heard.markers_expected += 1;
                    if let Some(delay) = played.delay(mark.at) {
                        heard.delay.record(delay);
                    }
                }
            }
        }
    }
}
