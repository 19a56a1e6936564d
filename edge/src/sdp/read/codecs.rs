//! The payload types of an audio line and what `rtpmap` and `fmtp` say of them.

use sdp_types::{Media, RtpMap};
use talkpath_engine::negotiate::OfferedCodec;

use super::super::{MOST_PAYLOADS, SdpError};

/// The codecs of an audio line, in its order.
///
/// # Errors
/// A payload type that is none or stands for two codecs, or too many of them.
pub(super) fn codecs(media: &Media) -> Result<Vec<OfferedCodec>, SdpError> {
    let payloads: Vec<u8> = media
        .fmt
        .split_ascii_whitespace()
        .map(|word| match word.parse::<u8>() {
            Ok(payload_type @ 0..=127) => Ok(payload_type),
            _ => Err(SdpError::PayloadType {
                actual: word.to_owned(),
            }),
        })
        .collect::<Result<_, _>>()?;
    if payloads.len() > MOST_PAYLOADS {
        return Err(SdpError::TooManyPayloads {
            actual: payloads.len(),
        });
    }
    let maps: Vec<RtpMap> = media
        .attributes_typed::<RtpMap>()
        .filter_map(Result::ok)
        .collect();
    twice(&payloads)?;
    twice(&maps.iter().map(|map| map.payload_type).collect::<Vec<_>>())?;
    Ok(payloads
        .iter()
        .map(|&payload_type| codec(media, &maps, payload_type))
        .collect())
}

fn twice(payloads: &[u8]) -> Result<(), SdpError> {
    let mut seen = [false; 256];
    for &payload_type in payloads {
        if std::mem::replace(&mut seen[usize::from(payload_type)], true) {
            return Err(SdpError::PayloadTwice { payload_type });
        }
    }
    Ok(())
}

/// One payload type; without `rtpmap` its name stays empty and the number speaks (RFC 3551).
fn codec(media: &Media, maps: &[RtpMap], payload_type: u8) -> OfferedCodec {
    let map = maps.iter().find(|map| map.payload_type == payload_type);
    OfferedCodec {
        payload_type,
        name: map.map_or_else(String::new, |map| map.encoding_name.clone()),
        clock_rate: map.map_or(8_000, |map| map.clock_rate),
        channels: map
            .and_then(|map| map.encoding_params.as_deref())
            .map_or(1, |channels| channels.parse().unwrap_or(0)),
        fmtp: parameters(media, payload_type),
    }
}

fn parameters(media: &Media, payload_type: u8) -> Option<String> {
    media
        .get_attribute_values("fmtp")
        .flatten()
        .filter_map(|value| value.split_once(' '))
        .find(|(number, _)| number.parse() == Ok(payload_type))
        .map(|(_, parameters)| parameters.to_owned())
}
