//! A recording: the frame as it is, and streams of any content in sound blocks.
#![no_main]

use libfuzzer_sys::fuzz_target;
use talkpath_engine::replay::{Recording, RecordingError};

const HEADER: &str = r#"{"talkpath":"","program":"","processor":[],"config":{},
    "base":{"secs":1,"nanos":0},"started":{"secs":1,"nanos":0}}"#;

/// CRC-32 (IEEE 802.3), bit by bit.
fn crc32(bytes: impl Iterator<Item = u8>) -> u32 {
    !bytes.fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(byte), |sum, _| {
            sum >> 1 ^ (0xEDB8_8320 & (sum & 1).wrapping_neg())
        })
    })
}

fn block(id: [u8; 4], content: &[u8], to: &mut Vec<u8>) {
    let from = to.len();
    to.extend(id);
    to.extend((content.len() as u32).to_le_bytes());
    let sum = crc32(to[from..].iter().chain(content).copied());
    to.extend(sum.to_le_bytes());
    to.extend(content);
}

fuzz_target!(|bytes: &[u8]| {
    if let Ok(recording) = Recording::parse(bytes) {
        std::hint::black_box((recording.count(), recording.ends_early()));
    }
    // Eight octets of the input say what the next block is of, and how long.
    let mut whole = b"talkrec\x01".to_vec();
    block([1, 0, 0, 0], HEADER.as_bytes(), &mut whole);
    // The header is a stream as well.
    let (mut rest, mut content) = (bytes, HEADER.len());
    while let Some((head, behind)) = rest.split_first_chunk::<4>() {
        let [kind, worker, ring, len] = *head;
        let (piece, behind) = behind.split_at(behind.len().min(usize::from(len)));
        // A second header would be ignored.
        block([kind % 9 + 2, worker, ring, 0], piece, &mut whole);
        content += piece.len();
        rest = behind;
    }
    // A request may be none, and a graph among them neither.
    let recording = match Recording::parse(whole) {
        Err(RecordingError::Graph { .. } | RecordingError::Request { .. }) => return,
        other => other.expect("a sound frame"),
    };
    let (numbers, notes, packets) = recording.count();
    assert!(
        numbers + notes + packets <= 3 * content,
        "more than there is"
    );
});
