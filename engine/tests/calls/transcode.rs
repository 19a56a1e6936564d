//! The ends do not agree: codecs, clocks and packet times, in the slot the packet came in.

use talkpath_engine::Side::{A, B};
use talkpath_nodes::g711;

use super::rig::{Rig, header, line, payload, side};
use crate::common::{Codec, ms};

/// What decoding and encoding anew gives.
fn recoded(from: Codec, payload: &[u8]) -> Vec<u8> {
    let (mut pcm, mut out) = (vec![0; payload.len()], vec![0; payload.len()]);
    if from == Codec::Pcmu {
        g711::decode_ulaw(payload, &mut pcm);
        g711::encode_alaw(&pcm, &mut out);
    } else {
        g711::decode_alaw(payload, &mut pcm);
        g711::encode_ulaw(&pcm, &mut out);
    }
    out
}

#[test]
fn the_two_laws_are_what_decoding_and_encoding_gives_bit_for_bit() {
    for (from, to) in [(Codec::Pcmu, Codec::Pcma), (Codec::Pcma, Codec::Pcmu)] {
        let mut rig = Rig::new(side(from, 20, 1), side(to, 20, 2));
        let mut all = [Vec::new(), Vec::new()];
        for n in 0..40_u16 {
            let said = payload(n, 160);
            let now = rig.engine().now();
            let sent = rig.pass(A, header(from, n, 160), &said);
            assert_eq!(sent.len(), 1, "in its own slot");
            assert_eq!(
                (&sent[0].payload, sent[0].not_before),
                (&recoded(from, &said), now)
            );
            assert_eq!(
                sent[0].header.payload_type,
                to.static_payload_type().unwrap()
            );
            assert_eq!(sent[0].header.marker, n == 0);
            all[0].extend(said);
            let back = rig.pass(B, header(to, n, 160), &payload(n + 3, 160));
            assert_eq!(back[0].payload, recoded(to, &payload(n + 3, 160)));
            all[1].extend_from_slice(&sent[0].payload);
            rig.studio.advance(ms(18));
        }
        let codes: std::collections::BTreeSet<u8> = all[0].iter().copied().collect();
        assert_eq!(codes.len(), 256, "every code was said");
        let expected: Vec<_> = (0..40).map(|n| (n, 160 * u32::from(n))).collect();
        assert_eq!(line(rig.sent(B)), expected);
        rig.studio.advance(ms(1_000));
        let worker = rig.studio.status().workers[0].counters;
        assert_eq!((worker.packets_relayed, worker.packets_transcoded), (0, 80));
    }
}
