//! Offers of ours.

use std::time::Duration;

use talkpath_graph::FrameTime;
use talkpath_nodes::codec::Codec;

use super::{AudioAnswer, AudioOffer, Capabilities, EventSet, OfferedCodec};
use crate::proto::Direction;

/// Dynamic payload types (RFC 3551, section 3).
const DYNAMIC: std::ops::RangeInclusive<u8> = 96..=127;
/// What most phones call telephone events at 8 kHz; some know them by this number only.
const USUAL_EVENTS: u8 = 101;
/// Comfort noise at 8 kHz (RFC 3551, table 4).
const STATIC_NOISE: u8 = 13;

impl Capabilities {
    /// An offer for a room of frame `room`; payload types are the static ones where there are, else dynamic ones from 96 on.
    ///
    /// One `ptime` and one `maxptime` stand for all codecs of a description (RFC 8866, section 6), so a codec whose packets
    /// cannot be as long as the room's frame is left out: L16 at 48 kHz in a room of 20 ms. If there is no other, the packet
    /// is as short as it needs. Telephone events and comfort noise come once for each RTP clock of the codecs.
    pub fn offer(&self, room: FrameTime) -> AudioOffer {
        self.make(room, None)
    }

    /// An offer inside a session that has agreed on `before`: its codec comes first, so that who answers need not change,
    /// and has its number, which may mean no other codec as long as the session lasts (RFC 3264, section 8.3.2).
    pub fn offer_again(&self, room: FrameTime, before: &AudioAnswer) -> AudioOffer {
        self.make(room, Some(before))
    }

    fn make(&self, room: FrameTime, before: Option<&AudioAnswer>) -> AudioOffer {
        let mut usable = self.usable();
        if let Some(before) = before {
            usable.sort_by_key(|codec| !codec.is_same_encoding(before.codec));
        }
        let longest = |codec: &Codec| whole(codec.max_ptime());
        let most = usable.iter().map(longest).max();
        let ptime = most.map_or(room.as_duration(), |most| most.min(room.as_duration()));
        usable.retain(|codec| longest(codec) >= ptime);
        let maxptime = usable.iter().map(longest).min();
        let mut spent = Spent::new(before);
        let mut codecs: Vec<_> = usable
            .iter()
            .filter_map(|&codec| Some(OfferedCodec::of(codec, spent.number_of(codec, before)?)))
            .collect();
        self.beside(&mut codecs, &mut spent, before);
        AudioOffer {
            codecs,
            ptime: Some(ptime),
            maxptime,
            direction: Direction::BOTH,
            rtcp_mux: self.rtcp_mux,
        }
    }

    fn beside(
        &self,
        codecs: &mut Vec<OfferedCodec>,
        spent: &mut Spent,
        before: Option<&AudioAnswer>,
    ) {
        let mut clocks: Vec<_> = codecs.iter().map(|codec| codec.clock_rate).collect();
        clocks.sort_unstable();
        clocks.dedup();
        let was = |clock| before.filter(|before| before.codec.clock_rate() == clock);
        for clock in clocks.iter().copied().filter(|_| self.comfort_noise) {
            let known = was(clock).and_then(|before| before.alongside.comfort_noise);
            let usual = (clock == 8_000).then_some(STATIC_NOISE);
            let number = known.map(|numbers| numbers.receive);
            let number = number.or_else(|| spent.take(usual));
            codecs.extend(number.map(|number| OfferedCodec::named("CN", clock, number, None)));
        }
        for clock in clocks.into_iter().filter(|_| self.telephone_event) {
            let known = was(clock).and_then(|before| before.alongside.events);
            let usual = (clock == 8_000).then_some(USUAL_EVENTS);
            let number = known.map(|events| events.numbers.receive);
            let number = number.or_else(|| spent.take(usual));
            let fmtp = Some(EventSet::DTMF.to_string());
            codecs.extend(
                number.map(|number| OfferedCodec::named("telephone-event", clock, number, fmtp)),
            );
        }
    }
}

/// The numbers given away.
struct Spent([bool; 128]);

impl Spent {
    /// Those of the session are never given to anything else.
    fn new(before: Option<&AudioAnswer>) -> Self {
        let mut spent = Self([false; 128]);
        for number in before.into_iter().flat_map(AudioAnswer::received) {
            spent.0[usize::from(number & 127)] = true;
        }
        spent
    }

    fn number_of(&mut self, codec: Codec, before: Option<&AudioAnswer>) -> Option<u8> {
        let same = before.filter(|before| before.codec.is_same_encoding(codec));
        let known = same.map(|before| before.numbers.receive);
        known.or_else(|| self.take(codec.static_payload_type()))
    }

    /// `wanted` if it is free, else the first that is and is nobody's usual one; `None` if all are spent.
    fn take(&mut self, wanted: Option<u8>) -> Option<u8> {
        let free = |number: &u8| !self.0[usize::from(*number)];
        let unusual = DYNAMIC.filter(|number| *number != USUAL_EVENTS);
        let number = wanted.into_iter().chain(unusual).find(free)?;
        self.0[usize::from(number)] = true;
        Some(number)
    }
}

/// Whole milliseconds, rounded down: what `maxptime` can say.
fn whole(span: Duration) -> Duration {
    Duration::from_millis(u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
}
