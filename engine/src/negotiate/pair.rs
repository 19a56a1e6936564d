//! Both ends of a call: answers to the offers of two sides that are to be connected.
//!
//! Equal codecs come first: what one end says is then passed on as it is, which costs next to nothing and loses nothing.
//! Else codecs of one sample rate, so that nothing is resampled; else each end gets what it likes best.

use std::time::Duration;

use talkpath_graph::FrameTime;
use talkpath_nodes::codec::Codec;
use thiserror::Error;

use super::answer::{Candidate, candidates, conclude, no_codec};
use super::refusal::names;
use super::{AudioAnswer, AudioOffer, Capabilities, Refusal, mirrored, narrowed, packet_time};

/// One end of a call that is to be.
#[derive(Debug, Clone, Copy)]
pub struct End<'a> {
    /// What it offers.
    pub offer: &'a AudioOffer,
    /// What it may be answered.
    pub ours: &'a Capabilities,
}

/// Whether a call may be of two codecs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Transcode {
    /// Where the ends have no codec in common.
    #[default]
    IfNeeded,
    /// Never: a call without a codec in common is refused.
    Never,
}

/// What both ends are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// The first end.
    pub a: AudioAnswer,
    /// The second end.
    pub b: AudioAnswer,
}

impl Pair {
    /// True if packets are passed on without a decoder.
    pub fn is_relayed(&self) -> bool {
        self.a.codec.is_same_encoding(self.b.codec) && self.a.ptime == self.b.ptime
    }
}

/// Why two ends are not connected.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PairRefusal {
    /// The first end cannot be answered at all.
    #[error("side a: {0}")]
    A(#[source] Refusal),
    /// The second end cannot be answered at all.
    #[error("side b: {0}")]
    B(#[source] Refusal),
    /// Both can, but only with different codecs, and that was not wanted.
    #[error("no codec in common between the sides, and transcoding is off; a: {}; b: {}", names(.a), names(.b))]
    WouldTranscode {
        /// What the first end could be answered, best first.
        a: Vec<Codec>,
        /// What the second could.
        b: Vec<Codec>,
    },
}

/// Answers the offers of both ends of a call. The order of the first end decides, then that of the second ([`Capabilities::order`]).
///
/// Each packet time is the one its end asks for, `usual` where it does not, and with equal codecs the shorter of both for both,
/// so that packets pass as they are. Media flows where both ends want it. Telephone events are taken up by both ends or by
/// none, and with equal codecs all else beside the codec as well: nobody would be there to make it or to take it away.
///
/// # Errors
/// One end cannot be answered, or the codecs differ and must not.
pub fn pair(
    a: End<'_>,
    b: End<'_>,
    transcode: Transcode,
    usual: FrameTime,
) -> Result<Pair, PairRefusal> {
    let of_a = possible(a).map_err(PairRefusal::A)?;
    let of_b = possible(b).map_err(PairRefusal::B)?;
    let (from, to) = choose(&of_a, &of_b);
    let same = from.codec.is_same_encoding(to.codec);
    if !same && transcode == Transcode::Never {
        let all = |of: &[Candidate]| of.iter().map(|one| one.codec).collect();
        return Err(PairRefusal::WouldTranscode {
            a: all(&of_a),
            b: all(&of_b),
        });
    }
    let usual = usual.as_duration();
    let (mut wished_a, mut wished_b) = (wish(a, from, usual), wish(b, to, usual));
    if same {
        (wished_a, wished_b) = (wished_a.min(wished_b), wished_a.min(wished_b));
    }
    let mut pair = Pair {
        a: conclude(a.offer, a.ours, from, wished_a),
        b: conclude(b.offer, b.ours, to, wished_b),
    };
    if same {
        level(&mut pair, [a.offer, b.offer]);
    }
    join(&mut pair);
    Ok(pair)
}

fn possible(end: End<'_>) -> Result<Vec<Candidate>, Refusal> {
    let found = candidates(end.offer, end.ours)?;
    match found.is_empty() {
        true => Err(no_codec(end.offer, end.ours)),
        false => Ok(found),
    }
}

/// From two lists that are not empty.
fn choose(a: &[Candidate], b: &[Candidate]) -> (Candidate, Candidate) {
    let first = |fits: fn(Codec, Codec) -> bool| {
        let partner = |one: &Candidate| b.iter().find(|two| fits(one.codec, two.codec)).copied();
        a.iter().find_map(|one| Some((*one, partner(one)?)))
    };
    // Opus has the rate of whatever is beside it.
    let rates = |one: Codec, two: Codec| {
        let two = two.decoded_at(one.rate());
        one.decoded_at(two.rate()).rate() == two.rate()
    };
    first(Codec::is_same_encoding)
        .or_else(|| first(rates))
        .unwrap_or((a[0], b[0]))
}

/// The packet time of an end, were it alone.
fn wish(end: End<'_>, chosen: Candidate, usual: Duration) -> Duration {
    let wished = end.offer.ptime.unwrap_or(usual);
    packet_time::fitted(wished, end.offer, chosen.codec)
}

/// One packet time for both, where what an end says of Opus has made one of them longer: that one if the other takes it.
fn level(pair: &mut Pair, offers: [&AudioOffer; 2]) {
    let (short, long) = (
        pair.a.ptime.min(pair.b.ptime),
        pair.a.ptime.max(pair.b.ptime),
    );
    let takes = |offer: &AudioOffer| offer.maxptime.is_none_or(|most| long <= most);
    let one = if offers.into_iter().all(takes) {
        long
    } else {
        short
    };
    (pair.a.ptime, pair.b.ptime) = (one, one);
}

/// What only one end wants does not flow, and what only one end has beside its codec is nobody's.
fn join(pair: &mut Pair) {
    let Pair { a, b } = pair;
    (a.direction, b.direction) = (
        narrowed(a.direction, mirrored(b.direction)),
        narrowed(b.direction, mirrored(a.direction)),
    );
    let (one, other) = (&mut a.alongside, &mut b.alongside);
    both(&mut one.events, &mut other.events);
    if a.codec.is_same_encoding(b.codec) {
        both(&mut one.comfort_noise, &mut other.comfort_noise);
        both(&mut one.redundancy, &mut other.redundancy);
    }
}

fn both<T>(one: &mut Option<T>, other: &mut Option<T>) {
    if one.is_none() || other.is_none() {
        (*one, *other) = (None, None);
    }
}
