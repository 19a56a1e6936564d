//! Codecs as typed on the command line, `pcmu`, `l16/16000`, `opus`, and the payload types they are sent as where nobody
//! negotiates one.

use talkpath_engine::negotiate::Capabilities;
use talkpath_nodes::codec::Codec;

/// The first dynamic payload type, for where RFC 3551 fixes none.
const DYNAMIC: u8 = 96;

/// The payload type of `codec` where both ends are ours, or none is there.
pub(crate) fn payload_type(codec: Codec) -> u8 {
    codec.static_payload_type().unwrap_or(DYNAMIC)
}

/// The codec `text` names, as in SDP and in any case; the rate may be left out where it is 8,000, and of Opus.
///
/// # Errors
/// A sentence that lists the codecs there are.
pub(crate) fn parse(text: &str) -> Result<Codec, String> {
    let codecs = Capabilities::default().codecs;
    // What of a name is usually left out.
    let named = |codec: &Codec| {
        let full = codec.to_string();
        let short = full.strip_suffix("/8000").or(full.strip_suffix("/48000/2"));
        text.eq_ignore_ascii_case(&full) || short.is_some_and(|it| text.eq_ignore_ascii_case(it))
    };
    codecs.iter().copied().find(named).ok_or_else(|| {
        let names: Vec<_> = codecs.iter().map(Codec::to_string).collect();
        format!("allowed: {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use talkpath_graph::SampleRate;
    use talkpath_nodes::codec::OpusRate;

    use super::*;

    #[test]
    fn names_are_read_as_people_write_them() {
        assert_eq!(parse("pcmu"), Ok(Codec::Pcmu));
        assert_eq!(parse("PCMA/8000"), Ok(Codec::Pcma));
        assert_eq!(parse("l16/48000"), Ok(Codec::L16(SampleRate::HZ_48000)));
        assert_eq!(parse("Opus"), Ok(Codec::Opus(OpusRate::Full)));
        assert_eq!(parse("opus/48000/2"), parse("opus"));
        assert!(parse("g729").unwrap_err().contains("PCMU/8000"));
    }
}
