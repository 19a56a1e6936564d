//! Keeps what is to be heard of a replay, and writes it as WAV.
//!
//! Packets are kept as they are and decoded at the end, when it is known which codecs a leg had. What a phone sent is as it came,
//! by its timestamps: before the jitter buffer, with holes where packets were lost.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use talkpath_engine::replay::{Listener, Mix, Replayed};
use talkpath_engine::{LegId, SampleRate};
use talkpath_nodes::limit::Limiter;
use talkpath_nodes::packet::Packet;

use super::track::Track;
use super::wanted::{Wanted, What};
use decoded::{Kept, decoded};

mod decoded;

/// Why there is no sound.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SoundError {
    /// Nothing of the session has that name, or nothing was heard of it.
    #[error("--wav: the session has no sound of {what}; it has {known}")]
    Unknown {
        /// What was asked for.
        what: String,
        /// What there is.
        known: String,
    },
    /// The file could not be written.
    #[error("{}: {source}", file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        source: hound::Error,
    },
}

/// A file that was written.
#[derive(Debug)]
pub(super) struct Written {
    pub what: String,
    pub file: PathBuf,
    pub length: Duration,
}

/// The mix of one room.
struct Room {
    track: Track,
    limiter: Limiter,
    rate: SampleRate,
    /// The first mix.
    first: u64,
    /// Mixes that were heard, and from which worker.
    heard: BTreeMap<u64, u8>,
}

/// What is kept of a replay.
pub(super) struct Sound {
    wanted: Vec<Wanted>,
    base: Duration,
    legs: BTreeSet<String>,
    /// By leg: what it sent and what it was sent.
    kept: BTreeMap<u64, Option<[Vec<Kept>; 2]>>,
    rooms: BTreeMap<u64, Room>,
}

impl Sound {
    pub fn new(wanted: &[Wanted], base: Duration) -> Self {
        let legs = wanted.iter().filter_map(|wanted| match &wanted.what {
            What::Leg(id) => Some(id.clone()),
            What::Room(_) => None,
        });
        Self {
            legs: legs.collect(),
            wanted: wanted.to_vec(),
            base,
            kept: BTreeMap::new(),
            rooms: BTreeMap::new(),
        }
    }

    fn keep(&mut self, packet: &Packet, at: Duration, way: usize) {
        let legs = &self.legs;
        if legs.is_empty() {
            return;
        }
        let kept = self.kept.entry(packet.leg).or_insert_with(|| {
            let id = LegId::from_bits(packet.leg)?.to_string();
            legs.contains(&id).then(<[Vec<Kept>; 2]>::default)
        });
        if let Some(ways) = kept {
            ways[way].push(Kept {
                at: at.saturating_sub(self.base),
                header: packet.header,
                payload: packet.payload().to_vec(),
            });
        }
    }

    /// Writes every file that is wanted.
    ///
    /// # Errors
    /// There is no such leg or room, or a file could not be written.
    pub fn write(self, replayed: &Replayed) -> Result<Vec<Written>, SoundError> {
        let mut all = Vec::new();
        for Wanted { what, file } in &self.wanted {
            let found = match what {
                What::Leg(id) => self.leg(id, replayed),
                What::Room(name) => self.room(name, replayed),
            };
            let (rate, tracks) = found.ok_or_else(|| SoundError::Unknown {
                what: what.to_string(),
                known: "none of it: --list shows what there is".to_owned(),
            })?;
            let len = tracks.iter().map(Vec::len).max().unwrap_or(0);
            write_wav(file, rate, &tracks).map_err(|source| SoundError::Write {
                file: file.clone(),
                source,
            })?;
            all.push(Written {
                what: what.to_string(),
                file: file.clone(),
                length: Duration::from_secs_f64(len as f64 / f64::from(rate.hz())),
            });
        }
        Ok(all)
    }

    /// Both ways of a leg, from when it joined, at the highest rate it had.
    fn leg(&self, id: &str, replayed: &Replayed) -> Option<(SampleRate, Vec<Vec<i16>>)> {
        let span = replayed.legs.iter().find(|leg| leg.id == id)?;
        let ways = self.kept.get(&span.bits)?.as_ref()?;
        let rate = span.codecs.iter().map(|told| told.codec.rate()).max()?;
        let tracks = ways.iter().map(|way| decoded(way, span, rate));
        Some((rate, tracks.map(|track| track.samples().to_vec()).collect()))
    }

    /// All rooms of a name, one after the other, from the first one's first mix.
    fn room(&self, name: &str, replayed: &Replayed) -> Option<(SampleRate, Vec<Vec<i16>>)> {
        let named = replayed.rooms.iter().filter(|room| room.name == name);
        let rooms: Vec<&Room> = named
            .filter_map(|room| self.rooms.get(&room.bits))
            .collect();
        let first = rooms.first()?;
        let mut all: Vec<i16> = Vec::new();
        for room in rooms.iter().filter(|room| room.rate == first.rate) {
            all.extend(room.track.samples());
        }
        Some((first.rate, vec![all]))
    }
}

impl Listener for Sound {
    fn given(&mut self, packet: &Packet) {
        self.keep(packet, packet.received, 0);
    }

    fn sent(&mut self, packet: &Packet) {
        self.keep(packet, packet.not_before, 1);
    }

    fn wants_mixes(&self) -> bool {
        let room = |wanted: &Wanted| matches!(wanted.what, What::Room(_));
        self.wanted.iter().any(room)
    }

    fn mixed(&mut self, mix: &Mix) {
        let room = self
            .rooms
            .entry(mix.room.to_bits())
            .or_insert_with(|| Room {
                track: Track::new(mix.rate),
                limiter: Limiter::new(mix.rate),
                rate: mix.rate,
                first: mix.number,
                heard: BTreeMap::new(),
            });
        // A room that is on several workers is heard on each of them: the first one's is taken.
        let heard = room.heard.entry(mix.number).or_insert(mix.worker);
        if mix.number < room.first || *heard < mix.worker {
            return;
        }
        *heard = mix.worker;
        let mut samples = mix.samples.clone();
        room.limiter.process(&mut samples);
        let frames = (mix.number - room.first) as usize;
        room.track.put(frames * samples.len(), mix.rate, &samples);
    }
}

fn write_wav(file: &PathBuf, rate: SampleRate, tracks: &[Vec<i16>]) -> Result<(), hound::Error> {
    let spec = hound::WavSpec {
        // One or two.
        channels: tracks.len() as u16,
        sample_rate: rate.hz(),
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut wav = hound::WavWriter::create(file, spec)?;
    let len = tracks.iter().map(Vec::len).max().unwrap_or(0);
    for at in 0..len {
        for track in tracks {
            wav.write_sample(track.get(at).copied().unwrap_or(0))?;
        }
    }
    wav.finalize()
}
