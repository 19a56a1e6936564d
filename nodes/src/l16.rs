//! L16: linear 16-bit samples in network byte order (RFC 3551 4.5.11), mono, any rate.
//!
//! Stateless; one pass between payload and samples in ±1.0.

use crate::convert::{FULL_SCALE, to_i16};
use multiversion::multiversion;

/// Payload octets to samples in ±1.0; as many whole samples as both slices hold.
///
/// Real-time: allocates no; blocks no; cost O(samples).
#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
pub fn decode(payload: &[u8], out: &mut [f32]) {
    let (pairs, _odd) = payload.as_chunks::<2>();
    for (o, &pair) in out.iter_mut().zip(pairs) {
        *o = f32::from(i16::from_be_bytes(pair)) * (1.0 / FULL_SCALE);
    }
}

/// Samples in ±1.0 to payload octets, rounded and saturated as
/// [`to_i16`] says; as many samples as both slices hold.
///
/// Real-time: allocates no; blocks no; cost O(samples).
#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
pub fn encode(pcm: &[f32], out: &mut [u8]) {
    let (pairs, _odd) = out.as_chunks_mut::<2>();
    for (pair, &x) in pairs.iter_mut().zip(pcm) {
        *pair = to_i16(x).to_be_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_are_in_network_order() {
        let mut pcm = [0.0; 3];
        decode(&[0x80, 0x00, 0x00, 0x01, 0x40, 0x00], &mut pcm);
        assert_eq!(pcm, [-1.0, 1.0 / 32768.0, 0.5]);
    }

    #[test]
    fn every_word_survives_at_any_alignment() {
        let words: Vec<u8> = (0..=u16::MAX).flat_map(u16::to_be_bytes).collect();
        for offset in 0..4 {
            let payload = &words[2 * offset..];
            let mut pcm = vec![0.0; payload.len() / 2];
            decode(payload, &mut pcm);
            let mut back = vec![0; payload.len() + 1];
            encode(&pcm, &mut back[1..]);
            assert_eq!(&back[1..], payload);
        }
    }
}
