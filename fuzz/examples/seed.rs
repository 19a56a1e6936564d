//! Fills `fuzz/corpus` from the project's malformed packets.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The file is flat: four string fields per line, without escapes.
fn field<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let from = line.split_once(&format!("\"{key}\": \""))?.1;
    Some(from.split_once('"')?.0)
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2)
        .filter_map(|i| u8::from_str_radix(hex.get(2 * i..2 * i + 2)?, 16).ok())
        .collect()
}

fn keep(folder: PathBuf, name: usize, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(format!("seed-{name:02}")), bytes)
}

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let corpus = root.join("corpus");
    let text = fs::read_to_string(root.join("../tests/data/packets/packets.jsonl"))?;
    // All sound RTP of the file as one run, twenty milliseconds apart.
    let mut run = vec![0];
    for (i, line) in text.lines().enumerate() {
        let datagram = bytes(field(line, "hex").unwrap_or_default());
        match field(line, "proto") {
            Some("rtp") => {
                keep(corpus.join("rtp_parse"), i, &datagram)?;
                let length = u16::try_from(datagram.len()).unwrap_or(0).to_be_bytes();
                let single = [&[0, 20][..], &length, &datagram].concat();
                run.extend_from_slice(&single[1..]);
                keep(corpus.join("depacketise"), i, &single)?;
            }
            Some("rtcp") => keep(corpus.join("rtcp_parse"), i, &datagram)?,
            _ => {}
        }
    }
    keep(corpus.join("depacketise"), 99, &run)
}
