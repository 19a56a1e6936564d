//! What goes beside the codec of a stream: keys, comfort noise, redundancy.
//!
//! Each counts only at the RTP clock of the codec: both share one stream and so one line of timestamps (RFC 4733,
//! section 2.2.1; RFC 3389, section 4). What the caller's capabilities do not name is never taken up, so nothing
//! is accepted that would be dropped on its way in.

use talkpath_nodes::codec::Codec;
use talkpath_nodes::red::MOST_BLOCKS;

use super::{Capabilities, Encoding, EventSet, Numbers, OfferedCodec};

/// Named events in the stream: RFC 4733.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Events {
    /// Their payload types.
    pub numbers: Numbers,
    /// Those we take.
    pub receive: EventSet,
    /// Those the other side takes.
    pub send: EventSet,
}

/// Redundant audio: RFC 2198. Every block of a packet is of the stream's codec.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Redundancy {
    /// Its payload types.
    pub numbers: Numbers,
    /// Blocks of a packet beside the newest, 1 or more.
    pub older: u8,
}

/// What goes beside the codec; nothing by default. The RTP clock is that of the codec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Alongside {
    /// Keys and other named events.
    pub events: Option<Events>,
    /// Comfort noise.
    pub comfort_noise: Option<Numbers>,
    /// Redundant audio.
    pub redundancy: Option<Redundancy>,
}

impl Alongside {
    /// What `theirs` has beside `codec` and `ours` can; `numbers` gives the payload types of a format, if we take it.
    pub(super) fn of(
        (codec, codec_numbers): (Codec, Numbers),
        theirs: &[OfferedCodec],
        ours: &Capabilities,
        numbers: impl Fn(&OfferedCodec) -> Option<Numbers>,
    ) -> Self {
        let mut found = Self::default();
        let at_its_clock = |one: &&OfferedCodec| one.clock() == codec.clock_rate();
        for one in theirs.iter().filter(at_its_clock) {
            let Some(numbers) = numbers(one) else {
                continue;
            };
            match one.encoding() {
                Encoding::TelephoneEvent if ours.telephone_event => {
                    found.events = found.events.or_else(|| events(one, numbers));
                }
                Encoding::ComfortNoise if ours.comfort_noise => {
                    found.comfort_noise = found.comfort_noise.or(Some(numbers));
                }
                Encoding::Redundancy if ours.redundancy => {
                    let carried = || redundancy(one, numbers, codec_numbers);
                    found.redundancy = found.redundancy.or_else(carried);
                }
                _ => {}
            }
        }
        found
    }

    /// Every payload type that comes, beside that of the codec.
    pub(super) fn received(&self) -> impl Iterator<Item = (Encoding, u8)> {
        let events = self.events.map(|events| events.numbers);
        let redundancy = self.redundancy.map(|redundancy| redundancy.numbers);
        [
            (Encoding::TelephoneEvent, events),
            (Encoding::ComfortNoise, self.comfort_noise),
            (Encoding::Redundancy, redundancy),
        ]
        .into_iter()
        .filter_map(|(encoding, numbers)| Some((encoding, numbers?.receive)))
    }

    /// Whether all of it can be told from RTCP on the same port.
    pub(super) fn may_share_port(&self) -> bool {
        let events = self.events.is_none_or(|one| one.numbers.may_share_port());
        let noise = self.comfort_noise.is_none_or(Numbers::may_share_port);
        let redundancy = self.redundancy;
        events && noise && redundancy.is_none_or(|one| one.numbers.may_share_port())
    }
}

/// A list that cannot be read is none, and none that both know is of no use.
fn events(offered: &OfferedCodec, numbers: Numbers) -> Option<Events> {
    let send = EventSet::of(offered.fmtp.as_deref()).ok()?;
    (!send.is_empty()).then_some(Events {
        numbers,
        receive: EventSet::DTMF,
        send,
    })
}

/// `pt/pt`: all of them the codec, as many as a packet may have.
fn redundancy(offered: &OfferedCodec, numbers: Numbers, codec: Numbers) -> Option<Redundancy> {
    let mut blocks = 0_usize;
    for word in offered.fmtp.as_deref()?.trim().split('/') {
        let primary = word.trim().parse() == Ok(codec.send);
        blocks = primary.then_some(blocks + 1)?;
    }
    let older = u8::try_from(blocks.checked_sub(1)?).ok()?;
    (1..MOST_BLOCKS)
        .contains(&usize::from(older))
        .then_some(Redundancy { numbers, older })
}
