//! Two `baresip` phones in a room, in network namespaces of the test's own: each hears the
//! other, not itself.
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

use namespace::{Namespaces, PHONES, SERVER};
use server::{Folder, Server, breathe};

const RATE: usize = 8000;
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
    /// Starts a phone that says `speech` over and over and dials `target`.
    fn start(spaces: &Namespaces, name: &str, speech: &[i16], target: &str, port: u16) -> Self {
        let folder = Folder::new(name);
        let path = folder.path();
        let shown = path.display();
        save_speech(&path.join("speech.wav"), speech);
        let modules = modules();
        let config = format!(
            "poll_method epoll\nsip_listen {PHONES}:{port}\nrtp_ports {low}-{high}\n\
             audio_source aufile,{shown}/speech.wav\naudio_player aubridge,{name}\n\
             audio_alert aubridge,{name}-alert\nausrc_format s16\nauplay_format s16\n\
             auenc_format s16\naudec_format s16\naudio_buffer 20-160\njitter_buffer_delay 1-5\n\
             module_path {modules}\nmodule stdio.so\nmodule g711.so\nmodule aufile.so\n\
             module aubridge.so\nmodule sndfile.so\nmodule_tmp account.so\nmodule_app menu.so\n\
             snd_path {shown}\n",
            low = port + 2,
            high = port + 20,
            modules = modules.display(),
        );
        let account = format!("<sip:{name}@{PHONES}>;regint=0;audio_codecs=pcmu\n");
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
    assert_eq!(file.spec().sample_rate as usize, RATE);
    file.samples()
        .map(|sample| sample.expect("a sample"))
        .collect()
}

fn speech(name: &str) -> Vec<i16> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/speech"));
    read(&folder.join(name))
}

/// Two minutes of it: a phone hangs up at the end of its file.
fn save_speech(path: &Path, speech: &[i16]) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: RATE as u32,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut file = hound::WavWriter::create(path, spec).expect("our folder");
    for sample in speech.iter().cycle().take(120 * RATE) {
        file.write_sample(*sample).expect("room on the disk");
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
    if !tools::present(&[("baresip", "baresip"), ("ip", "iproute2")]) {
        return;
    }
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
    let phones: Vec<_> = [("alice", 7000), ("bob", 7100)]
        .into_iter()
        .zip(&said)
        .map(|((name, port), speech)| Phone::start(&spaces, name, speech, &target, port))
        .collect();
    server.until("legs", 2.0);
    // A minute at least for ten seconds; nothing is measured by it.
    let mut turns = 0..600;
    while let Some(quiet) = phones.iter().find(|phone| phone.heard() < WANTED) {
        assert!(turns.next().is_some(), "it hears nothing:\n{}", quiet.log());
        breathe();
    }
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
            other > 0.9 && itself < 0.6,
            "phone {own} hears the other as {other:.3} and itself as {itself:.3}"
        );
        println!("phone {own}: the other {other:.3}, itself {itself:.3}");
    }
}
