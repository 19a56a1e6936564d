//! What an offerer must accept, and how it is told.

use super::{AudioAnswer, AudioOffer, Encoding, OfferedCodec, mirrored};

impl AudioAnswer {
    /// True if an offerer who made `offer` must accept this (RFC 3264, section 6.1): every payload type is one of the offer and
    /// stands for the same there, packets are no longer than it takes, nothing is sent that it does not want to hear, nothing
    /// expected that it does not send, no port shared unasked.
    pub fn acceptable_to(&self, offer: &AudioOffer) -> bool {
        let short_enough = offer.maxptime.is_none_or(|max| self.ptime <= max);
        let theirs = mirrored(offer.direction);
        let wanted =
            (theirs.send || !self.direction.send) && (theirs.receive || !self.direction.receive);
        self.is_of(offer) && short_enough && wanted && (offer.rtcp_mux || !self.rtcp_mux)
    }

    fn is_of(&self, offer: &AudioOffer) -> bool {
        let clock = self.codec.clock_rate();
        let offered = |(encoding, number)| {
            let is = |one: &&OfferedCodec| one.payload_type == number;
            let one = offer.codecs.iter().find(is);
            one.is_some_and(|one| one.encoding().is_same(encoding) && one.clock() == clock)
        };
        let codec = (Encoding::Audio(self.codec), self.numbers.receive);
        offered(codec) && self.alongside.received().all(offered)
    }

    /// Every payload type that comes.
    pub(super) fn received(&self) -> impl Iterator<Item = u8> {
        let beside = self.alongside.received().map(|(_, number)| number);
        std::iter::once(self.numbers.receive).chain(beside)
    }

    /// How a description writes what comes: the codec first, then what goes beside it.
    pub fn formats(&self) -> Vec<OfferedCodec> {
        let clock = self.codec.clock_rate();
        let beside = &self.alongside;
        let noise = beside.comfort_noise;
        let noise = noise.map(|numbers| OfferedCodec::named("CN", clock, numbers.receive, None));
        let events = beside.events.map(|events| {
            let fmtp = Some(events.receive.to_string());
            OfferedCodec::named("telephone-event", clock, events.numbers.receive, fmtp)
        });
        let redundancy = beside.redundancy.map(|redundancy| {
            let blocks = vec![self.numbers.receive.to_string(); usize::from(redundancy.older) + 1];
            let fmtp = Some(blocks.join("/"));
            OfferedCodec::named("red", clock, redundancy.numbers.receive, fmtp)
        });
        let codec = OfferedCodec::of(self.codec, self.numbers.receive);
        let beside = [noise, events, redundancy].into_iter().flatten();
        std::iter::once(codec).chain(beside).collect()
    }
}
