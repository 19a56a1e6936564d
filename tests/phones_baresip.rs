//! Two `baresip` phones in a room, in network namespaces of the test's own: each hears the
//! other, not itself, whether both speak µ-law or one speaks Opus.
//!
//! Each phone says human speech from a file, and its module `sndfile` writes what it hears to
//! another. What was heard is compared with what was said by correlation.

#[path = "clients/correlate.rs"]
mod correlate;
#[path = "clients/namespace.rs"]
mod namespace;
#[path = "clients/server.rs"]
mod server;
#[path = "clients/tools.rs"]
mod tools;

use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::{Mutex, PoisonError};

use namespace::{Namespaces, PHONES, SERVER};
use server::{Folder, Server, breathe};

const RATE: usize = 8000;
/// One test at a time.
static ALONE: Mutex<()> = Mutex::new(());
/// As a phone's account names it.
const OPUS: &str = "opus/48000/2";
/// Bytes of 16-bit audio each phone must have heard: ten seconds.
const WANTED: u64 = 10 * 2 * RATE as u64;
/// Length of the speech that is looked for.
const PIECE: usize = RATE / 2;

struct Phone {
    child: Child,
    /// Kept open: a phone whose input ends may end as well.
    _input: ChildStdin,
    folder: Folder,
}

impl Phone {
    /// Starts a phone that says `speech` over and over in `codec` and dials `target`.
    fn start(
        spaces: &Namespaces,
        (name, codec, port): (&str, &str, u16),
        speech: &[i16],
        target: &str,
    ) -> Self {
        let folder = Folder::new(name);
        let path = folder.path();
        let shown = path.display();
        let times = if codec == OPUS { 6 } else { 1 };
        save_speech(&path.join("speech.wav"), speech, times);
        let modules = modules();
        let config = format!(
            "poll_method epoll\nsip_listen {PHONES}:{port}\nrtp_ports {low}-{high}\n\
             audio_source aufile,{shown}/speech.wav\naudio_player aubridge,{name}\n\
             audio_alert aubridge,{name}-alert\nausrc_format s16\nauplay_format s16\n\
             auenc_format s16\naudec_format s16\naudio_buffer 20-160\njitter_buffer_delay 1-5\n\
             module_path {modules}\nmodule stdio.so\nmodule g711.so\nmodule opus.so\nmodule aufile.so\n\
             module aubridge.so\nmodule sndfile.so\nmodule_tmp account.so\nmodule_app menu.so\n\
             snd_path {shown}\n",
            low = port + 2,
            high = port + 20,
            modules = modules.display(),
        );
        let account = format!("<sip:{name}@{PHONES}>;regint=0;audio_codecs={codec}\n");
        for (file, text) in [
            ("config", config.as_str()),
            ("accounts", &account),
            ("contacts", ""),
        ] {
            std::fs::write(path.join(file), text).expect("our folder");
        }
        let log = std::fs::File::create(path.join("log")).expect("our folder");
        let mut child = server::command(&spaces.phones().map(str::to_owned), "baresip")
            .args(["-4", "-f"])
            .arg(path)
            .args(["-e", &format!("/dial {target}")])
            .stdin(Stdio::piped())
            .stdout(log.try_clone().expect("a file"))
            .stderr(log)
            .spawn()
            .expect("baresip");
        let input = child.stdin.take().expect("piped");
        Self {
            child,
            _input: input,
            folder,
        }
    }

    /// Where it writes what it hears, once it hears.
    fn recording(&self) -> Option<PathBuf> {
        let files = std::fs::read_dir(self.folder.path()).expect("our folder");
        files
            .map(|entry| entry.expect("our folder").path())
            .find(|path| path.to_string_lossy().ends_with("-dec.wav"))
    }

    /// Bytes it has heard so far.
    fn heard(&self) -> u64 {
        let meta = self.recording().and_then(|path| path.metadata().ok());
        meta.map_or(0, |meta| meta.len())
    }

    fn log(&self) -> String {
        let log = std::fs::read(self.folder.path().join("log")).expect("our file");
        String::from_utf8_lossy(&log).into_owned()
    }

    /// Hangs up, waits for its end; what it has heard, ±1.0.
    fn hang_up(mut self) -> Vec<f32> {
        server::signal(self.child.id(), "TERM");
        self.child.wait().expect("a child");
        let path = self.recording().expect("it has heard something");
        samples(&read(&path))
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        // After `hang_up` there is nothing left to kill.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Debian and Ubuntu have the modules in a folder with or without the machine's name.
fn modules() -> PathBuf {
    let mut libraries: Vec<_> = std::fs::read_dir("/usr/lib")
        .expect("/usr/lib")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    libraries.push(PathBuf::from("/usr/lib"));
    let folders = libraries
        .into_iter()
        .map(|path| path.join("baresip/modules"));
    folders
        .into_iter()
        .find(|path| path.join("g711.so").exists())
        .expect("baresip's modules below /usr/lib")
}

fn read(path: &Path) -> Vec<i16> {
    let mut file = hound::WavReader::open(path).expect("a WAV file");
    let spec = file.spec();
    let rate = spec.sample_rate as usize;
    assert!(rate.is_multiple_of(RATE), "{rate} Hz");
    let samples: Vec<i16> = file
        .samples()
        .map(|sample| sample.expect("a sample"))
        .collect();
    // Down to one channel of the lowest rate by averages: good enough to find speech of that rate again.
    let each = usize::from(spec.channels) * rate / RATE;
    let average = |part: &[i16]| {
        let sum: i32 = part.iter().map(|sample| i32::from(*sample)).sum();
        (sum / part.len() as i32) as i16
    };
    samples.chunks_exact(each).map(average).collect()
}

fn speech(name: &str) -> Vec<i16> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/speech"));
    read(&folder.join(name))
}

/// Two minutes of it, since a phone hangs up at the end of its file; at so many times the rate, and in two channels then: a
/// phone takes no file but of its codec's own.
fn save_speech(path: &Path, speech: &[i16], times: u32) {
    let channels = if times > 1 { 2 } else { 1 };
    let spec = hound::WavSpec {
        channels,
        sample_rate: RATE as u32 * times,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut file = hound::WavWriter::create(path, spec).expect("our folder");
    let next = speech.iter().cycle().skip(1);
    for (from, to) in speech.iter().cycle().zip(next).take(120 * RATE) {
        for n in 0..times as i32 {
            let sample = i32::from(*from) + n * (i32::from(*to) - i32::from(*from)) / times as i32;
            for _ in 0..channels {
                file.write_sample(sample as i16).expect("room on the disk");
            }
        }
    }
    file.finalize().expect("room on the disk");
}

fn samples(pcm: &[i16]) -> Vec<f32> {
    pcm.iter()
        .map(|sample| f32::from(*sample) / 32768.0)
        .collect()
}

#[test]
fn two_phones_in_a_room_hear_each_other() {
    hear_each_other("pcmu", 0.9);
}

/// 48 kHz and two channels in the description, on the 8 kHz of the other phone what its codec makes of it.
#[test]
fn a_phone_that_speaks_opus_and_one_that_speaks_g711_hear_each_other() {
    hear_each_other(OPUS, 0.8);
}

/// The second phone speaks `codec`; how alike at least is what is heard to what was said.
fn hear_each_other(codec: &str, alike: f64) {
    if !tools::present(&[("baresip", "baresip"), ("ip", "iproute2")]) {
        return;
    }
    // The namespaces have fixed names.
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(spaces) = Namespaces::new() else {
        tools::skip("run as root: this test makes network namespaces");
        return;
    };
    let settings = format!(
        "[engine]\ncapacity = 10\n[sip]\naddr = \"{SERVER}:5060\"\n[http]\naddr = \"127.0.0.1:0\"\n"
    );
    let server = Server::start("baresip", &spaces.server(), &settings);
    let target = format!("sip:room-phones@{}", server.host());
    let said = [speech("8k_en_f_00.wav"), speech("8k_fr_f_01.wav")];
    let phones: Vec<_> = [("alice", "pcmu", 7000), ("bob", codec, 7100)]
        .into_iter()
        .zip(&said)
        .map(|(phone, speech)| Phone::start(&spaces, phone, speech, &target))
        .collect();
    server.until("legs", 2.0);
    // A minute at least for ten seconds; nothing is measured by it.
    let mut turns = 0..600;
    while let Some(quiet) = phones.iter().find(|phone| phone.heard() < WANTED) {
        assert!(turns.next().is_some(), "it hears nothing:\n{}", quiet.log());
        breathe();
    }
    let recording = phones[1].recording().expect("it hears");
    let file = hound::WavReader::open(recording).expect("a WAV file");
    let opus = file.spec().sample_rate == 48_000;
    assert_eq!(opus, codec == OPUS, "it speaks {codec}");
    let heard: Vec<_> = phones.into_iter().map(Phone::hang_up).collect();
    server.until("legs", 0.0);
    server.until("rooms", 0.0);
    server.stop();

    for (own, heard) in heard.iter().enumerate() {
        let found = |speech: &[i16]| {
            let speech = samples(speech);
            correlate::best_match(heard, correlate::loudest(&speech, PIECE))
        };
        let (itself, other) = (found(&said[own]), found(&said[1 - own]));
        assert!(
            other > alike && itself < 0.6,
            "phone {own} hears the other as {other:.3} and itself as {itself:.3}"
        );
        println!("phone {own}: the other {other:.3}, itself {itself:.3}");
    }
}
