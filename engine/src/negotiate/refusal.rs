//! Why there is no answer.

use std::time::Duration;

use talkpath_nodes::codec::Codec;
use thiserror::Error;

use super::OfferedCodec;
use super::opus::OpusFault;

/// Formats that a sentence names; what goes beyond is counted.
const NAMED: usize = 8;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// No codec of the offer is one of ours.
    #[error("no codec in common; supported: {}; offered: {}", names(.supported), in_words(.offered))]
    NoCodec {
        /// What was offered, in its order.
        offered: Vec<OfferedCodec>,
        /// What there would be, best first: what was forced or denied is taken into account.
        supported: Vec<Codec>,
    },
    /// The only codec of the offer that is one of ours has parameters that cannot be read.
    #[error("payload type {payload_type}, Opus: {why}")]
    Parameters {
        /// Its payload type.
        payload_type: u8,
        /// What is wrong.
        why: OpusFault,
    },
    /// The answer to an offer of ours names no codec of it.
    #[error("the answer names no codec of the offer; offered: {}; answered: {}", in_words(.offered), in_words(.answered))]
    NotOffered {
        /// What we had offered.
        offered: Vec<OfferedCodec>,
        /// What was answered.
        answered: Vec<OfferedCodec>,
    },
    /// Packets would have to be shorter than we send.
    #[error("maxptime {actual:?} is below the shortest packet time, {shortest:?}")]
    PtimeTooShort {
        /// The offer's maxptime.
        actual: Duration,
        /// What we can do.
        shortest: Duration,
    },
    /// Two codecs of the offer share one payload type, or it is above 127.
    #[error("payload type {payload_type} is named twice, or above 127")]
    BadPayloadType {
        /// Which.
        payload_type: u8,
    },
}

/// Codecs as a sentence has them.
pub(super) fn names(codecs: &[Codec]) -> String {
    sentence(codecs.iter().map(ToString::to_string))
}

fn in_words(offered: &[OfferedCodec]) -> String {
    sentence(offered.iter().map(OfferedCodec::in_words))
}

fn sentence(words: impl ExactSizeIterator<Item = String>) -> String {
    let more = words.len().saturating_sub(NAMED);
    let named: Vec<_> = words.take(NAMED).collect();
    match (named.is_empty(), more) {
        (true, _) => "nothing".to_owned(),
        (_, 0) => named.join(", "),
        _ => format!("{} and {more} more", named.join(", ")),
    }
}
