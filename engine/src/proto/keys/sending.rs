//! Keys of ours to a leg or a side of a call.
//!
//! In a room the packetiser asks for them in its own time; of a call the worker does, in the slot that is due.

use core::time::Duration;

use talkpath_nodes::telephone_event::KeySender;

use crate::keys::KeyRow;

use super::LegKeys;

/// Level of keys of ours, in -dBm0.
const VOLUME: u8 = 10;

/// What this end is sent keys as.
#[derive(Clone, Debug)]
pub(super) struct Sending {
    pub payload_type: u8,
    pub ptime: Duration,
    /// A side of a call: when the next packet is due.
    pub due: Duration,
    pub keys: KeySender,
}

impl LegKeys {
    /// Keys of ours after those that wait; all of them or, where they do not fit, none.
    ///
    /// Real-time: allocates no; blocks no; cost O(keys).
    #[must_use]
    pub(crate) fn press(&mut self, row: &KeyRow) -> bool {
        let Some(sending) = &mut self.sending else {
            return false;
        };
        let fits = sending.keys.room() >= row.codes().len();
        let mut codes = row.codes().iter();
        fits && codes.all(|code| sending.keys.press(*code, VOLUME, row.length()))
    }

    /// Keys of ours are being sent or wait: no audio goes to this end.
    #[must_use]
    pub(crate) fn is_sending(&self) -> bool {
        self.sending.as_ref().is_some_and(|it| it.keys.busy())
    }

    /// Keys of ours, in the packetiser's time.
    pub(crate) fn sender(&mut self) -> Option<&mut KeySender> {
        self.sending.as_mut().map(|it| &mut it.keys)
    }

    /// Keys of ours to a side of a call, when a packet time has passed: with its ticks. At most one packet in a slot, also after
    /// a stall.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub(crate) fn due(&mut self, now: Duration) -> Option<(&mut KeySender, u32)> {
        let sending = self.sending.as_mut().filter(|it| it.keys.busy())?;
        if now < sending.due {
            return None;
        }
        sending.due = (sending.due + sending.ptime).max(now);
        if sending.due == now {
            sending.due += sending.ptime;
        }
        Some((&mut sending.keys, self.clock.samples_in(sending.ptime).0))
    }
}
