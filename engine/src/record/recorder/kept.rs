//! The other ends of all tapes, and what is fetched from there.

use std::collections::BTreeMap;

use talkpath_rt::tape::TapeIn;

use super::super::block::{self, MOST, StreamId};
use super::super::control::ControlKept;
use super::super::media::PacketsKept;
use super::super::numbers;

/// The other ends of all tapes.
pub(crate) struct Kept {
    pub tapes: Vec<(StreamId, TapeIn)>,
    pub control: ControlKept,
    pub packets: PacketsKept,
}

impl Kept {
    /// Whether anything has come that a visit would fetch, of what one visit may leave behind.
    pub(super) fn is_waiting(&self) -> bool {
        !self.control.notes.is_empty() || self.packets.is_waiting()
    }

    /// Takes all that has come off the tapes, into `pending`. Why the recording must end here, if it must.
    pub(super) fn fetch(&mut self, pending: &mut BTreeMap<StreamId, Vec<u8>>) -> Option<String> {
        let mut lost = None;
        let Kept {
            tapes,
            control,
            packets,
        } = self;
        tapes.extend(control.ports.try_iter());
        // First whether it is: what was noted before is fetched below.
        let over: Vec<bool> = tapes.iter().map(|(_, tape)| tape.is_abandoned()).collect();
        for (id, tape) in &mut *tapes {
            let bytes = pending.entry(*id).or_default();
            // First whether it has: all it had noted before is there then.
            let overflowed = tape.has_overflowed();
            while let Some(number) = tape.fetch() {
                numbers::put(number, bytes);
            }
            if overflowed {
                lost = Some(format!("a tape overflowed ({id:?}): the disk was too slow"));
            }
        }
        let mut over = over.into_iter();
        tapes.retain(|(id, _)| !over.next().unwrap_or(false) || id.kind != block::PORT);
        if packets.lost.is_raised() {
            lost = Some("packets came faster than they could be written".to_owned());
        }
        let bytes = pending.entry(StreamId::of(block::PACKETS)).or_default();
        packets.drain(bytes);
        if control.lost.is_raised() {
            lost = Some("requests came faster than they could be written".to_owned());
        }
        let bytes = pending.entry(StreamId::of(block::CONTROL)).or_default();
        while bytes.len() < MOST / 2
            && let Ok(note) = control.notes.try_recv()
        {
            bytes.extend(&note);
            if let [3, name @ ..] = &note[..] {
                let name = String::from_utf8_lossy(name.get(1..).unwrap_or_default()).into_owned();
                lost = Some(format!("{name} cannot be recorded"));
            }
        }
        lost
    }
}
