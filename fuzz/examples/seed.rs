//! Fills `fuzz/corpus` from the project's malformed packets, and with a small recording: whole, cut and damaged.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use talkpath_engine::{
    EngineConfig, LegConfig, NetworkConfig, RecordTo, RoomConfig, Segment, VirtualEngine,
};
use talkpath_nodes::codec::Codec;

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

/// A phone's offer with most of what may stand in one.
const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n\
    m=video 0 RTP/AVP 31\r\nm=audio 4000 RTP/AVP 8 0 96 101\r\nc=IN IP6 2001:db8::4\r\na=rtcp:4100 IN IP4 192.0.2.8\r\n\
    a=rtpmap:96 L16/16000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=maxptime:40\r\n\
    a=rtcp-mux\r\na=sendrecv\r\n";

/// A browser's, without its transport: what goes beside the codec as well.
const OTHER: &str = "v=0\r\no=- 2 1 IN IP4 192.0.2.8\r\ns=-\r\nc=IN IP4 192.0.2.8\r\nt=0 0\r\n\
    m=audio 4002 RTP/AVP 111 9 121 13 97 101 110\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n\
    a=rtpmap:121 red/8000\r\na=fmtp:121 9/9\r\na=rtpmap:97 L16/48000\r\na=rtpmap:101 telephone-event/8000\r\n\
    a=rtpmap:110 telephone-event/48000\r\na=fmtp:110 0-11,16\r\na=sendonly\r\nm=audio 4004 RTP/AVP 0\r\n";

/// A file in memory.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl io::Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut paper = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        paper.extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A tenth of a second of a room with two tones, one of them with a graph of its own, a clip and a phone, on two workers.
fn recording() -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let paper = Paper::default();
    let to = RecordTo {
        to: Box::new(paper.clone()),
        max_bytes: u64::MAX,
    };
    let config = EngineConfig {
        workers: 2,
        capacity_legs: 8,
        capacity_rooms: 2,
        ..EngineConfig::default()
    };
    let engine = VirtualEngine::recorded(config, to)?;
    let mut link = engine.take_shard_link().ok_or("the link is taken")?;
    let room = engine.create_room(RoomConfig::new("room"))?;
    room.join(LegConfig::tone(440.0, -20.0))?;
    room.join(LegConfig::clip(
        [0.5; 80].into(),
        talkpath_engine::SampleRate::HZ_8000,
        true,
    ))?;
    let mut graph = room.graph(LegConfig::tone(880.0, -30.0))?;
    graph.gain(Segment::Ingress, "gain", "softer", -6.0)?;
    room.join_graph(graph)?;
    let phone = room.join(LegConfig::network(NetworkConfig::new(Codec::Pcmu, 0)))?;
    for turn in 0..5 {
        let mut packet = link.to_worker.take().ok_or("no box")?;
        packet.reset();
        (packet.leg, packet.received) = (phone.id().to_bits(), engine.now());
        (packet.header.sequence, packet.header.timestamp) = (turn, 160 * u32::from(turn));
        packet.set_payload(&[turn as u8; 160])?;
        if link.to_worker.send(packet).is_err() {
            return Err("no room for a packet".into());
        }
        phone.mute(turn % 2 == 0)?;
        engine.advance(Duration::from_millis(20));
        while let Some(packet) = link.from_worker.recv() {
            link.from_worker
                .give_back(packet)
                .map_err(|_| "no room for a box")?;
        }
    }
    phone.move_to(1)?;
    engine.advance(Duration::from_millis(40));
    engine.end_recording();
    let bytes = paper.0.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(bytes.clone())
}

/// The recording whole, cut every so often, and with single bits wrong.
fn recordings(folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let whole = recording()?;
    keep(folder.to_owned(), 0, &whole)?;
    for n in 1..8 {
        keep(folder.to_owned(), n, &whole[..whole.len() * n / 8])?;
        let mut wrong = whole.clone();
        wrong[whole.len() * n / 9] ^= 1 << n;
        keep(folder.to_owned(), 10 + n, &wrong)?;
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
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
            // As many as one octet can count, to G.722 and to Opus at 16 kHz.
            Some(codec @ ("opus" | "g722")) => {
                let payload = &datagram[..datagram.len().min(254)];
                let head = [if codec == "opus" { 6 } else { 4 }, payload.len() as u8];
                keep(corpus.join("decoders"), i, &[&head, payload].concat())?;
            }
            Some("rtcp") => keep(corpus.join("rtcp_parse"), i, &datagram)?,
            _ => {}
        }
    }
    keep(corpus.join("sdp_read"), 0, OFFER.as_bytes())?;
    for (n, two) in [[OFFER, OTHER], [OTHER, OFFER], [OTHER, OTHER]]
        .iter()
        .enumerate()
    {
        keep(corpus.join("negotiate"), n, two.join("\0").as_bytes())?;
    }
    keep(corpus.join("depacketise"), 99, &run)?;
    recordings(&corpus.join("recording"))
}
