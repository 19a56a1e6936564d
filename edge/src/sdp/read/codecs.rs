//! The payload types of an audio line and what `rtpmap` and `fmtp` say of them.
//!
//! Each attribute is looked at once, and what it says stands in a table by payload type: the time is linear in the length of the
//! description, whatever is in it.

use sdp_types::{Media, RtpMap};
use talkpath_engine::negotiate::OfferedCodec;

use super::super::{MOST_PAYLOADS, SdpError};

/// Payload types there are.
const PAYLOAD_TYPES: usize = 128;

/// What attributes say, by payload type.
struct Said<'a> {
    maps: [Option<RtpMap>; PAYLOAD_TYPES],
    parameters: [Option<&'a str>; PAYLOAD_TYPES],
}

/// The codecs of an audio line, in its order.
///
/// # Errors
/// A payload type that is none or stands for two codecs, or too many of them.
pub(super) fn codecs(media: &Media) -> Result<Vec<OfferedCodec>, SdpError> {
    let mut payloads = Vec::new();
    let mut actual = 0;
    for word in media.fmt.split_ascii_whitespace() {
        actual += 1;
        if actual <= MOST_PAYLOADS {
            payloads.push(payload_type(word)?);
        }
    }
    if actual > MOST_PAYLOADS {
        return Err(SdpError::TooManyPayloads { actual });
    }
    let mut seen = [false; PAYLOAD_TYPES];
    for &payload_type in &payloads {
        if std::mem::replace(&mut seen[usize::from(payload_type)], true) {
            return Err(SdpError::PayloadTwice { payload_type });
        }
    }
    let mut said = Said::of(media)?;
    Ok(payloads.into_iter().map(|one| said.codec(one)).collect())
}

fn payload_type(word: &str) -> Result<u8, SdpError> {
    let digits = word.bytes().all(|byte| byte.is_ascii_digit());
    let number = word
        .parse::<u8>()
        .ok()
        .filter(|number| digits && usize::from(*number) < PAYLOAD_TYPES);
    number.ok_or_else(|| SdpError::PayloadType {
        actual: word.chars().take(40).collect(),
    })
}

impl<'a> Said<'a> {
    fn of(media: &'a Media) -> Result<Self, SdpError> {
        let mut said = Self {
            maps: [const { None }; PAYLOAD_TYPES],
            parameters: [None; PAYLOAD_TYPES],
        };
        for map in media.attributes_typed::<RtpMap>().filter_map(Result::ok) {
            let payload_type = map.payload_type;
            let place = said.maps.get_mut(usize::from(payload_type));
            if place.is_some_and(|place| place.replace(map).is_some()) {
                return Err(SdpError::PayloadTwice { payload_type });
            }
        }
        for value in media.get_attribute_values("fmtp").flatten() {
            let number = value
                .split_once(' ')
                .and_then(|(number, parameters)| Some((number.parse::<usize>().ok()?, parameters)));
            let place = number.and_then(|(number, parameters)| {
                Some((said.parameters.get_mut(number)?, parameters))
            });
            // The first one counts.
            if let Some((place @ None, parameters)) = place {
                *place = Some(parameters);
            }
        }
        Ok(said)
    }

    /// One payload type; without `rtpmap` its name stays empty and the number speaks (RFC 3551).
    fn codec(&mut self, payload_type: u8) -> OfferedCodec {
        let place = usize::from(payload_type);
        let map = self.maps[place].take();
        let channels = map.as_ref().and_then(|map| map.encoding_params.as_deref());
        OfferedCodec {
            payload_type,
            channels: channels.map_or(1, |channels| channels.parse().unwrap_or(0)),
            clock_rate: map.as_ref().map_or(8_000, |map| map.clock_rate),
            name: map.map_or_else(String::new, |map| map.encoding_name),
            fmtp: self.parameters[place].map(str::to_owned),
        }
    }
}
