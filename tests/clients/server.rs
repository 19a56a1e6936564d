//! `talkpath serve` as a process of its own, with a settings file in a folder that goes with it.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use talkpath_rt::clock::{Clock, MonotonicClock};

/// A folder of this test's own, removed at its end.
pub struct Folder(PathBuf);

impl Folder {
    /// A new one; `name` is unique in its test program.
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("talkpath-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder in the temporary one");
        Self(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left behind harms nobody.
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// A running server; killed if a test fails half way.
pub struct Server {
    child: Child,
    out: BufReader<ChildStdout>,
    sip: String,
    http: String,
    prefix: Vec<String>,
    _folder: Folder,
}

impl Server {
    /// Starts it with the settings of `toml`; the words of `prefix` stand before the program, as for `ip netns exec`.
    pub fn start(name: &str, prefix: &[&str], toml: &str) -> Self {
        let folder = Folder::new(name);
        let file = folder.path().join("talkpath.toml");
        std::fs::write(&file, toml).expect("a settings file");
        let prefix: Vec<_> = prefix.iter().map(|&word| word.to_owned()).collect();
        let mut child = command(&prefix, env!("CARGO_BIN_EXE_talkpath"))
            .args(["serve", "--config"])
            .arg(&file)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program that cargo built");
        let mut out = BufReader::new(child.stdout.take().expect("piped"));
        let mut greeting = String::new();
        while !greeting.contains("status ") {
            let length = out.read_line(&mut greeting).expect("text");
            assert_ne!(length, 0, "it ended after: {greeting}");
        }
        let after = |mark: &str| {
            let rest = greeting.split(mark).nth(1).expect(&greeting);
            let word = rest.split([' ', '/', '\n']).next();
            word.expect(&greeting).to_owned()
        };
        let (sip, http) = (after("sip:room-lobby@"), after("http://"));
        Self {
            child,
            out,
            sip,
            http,
            prefix,
            _folder: folder,
        }
    }

    /// What stands behind the `@` of what is dialled.
    pub fn host(&self) -> &str {
        &self.sip
    }

    /// The body of a page, fetched from where the server runs; bash is on every Debian and speaks TCP.
    pub fn get(&self, path: &str) -> String {
        let (host, port) = self.http.rsplit_once(':').expect("HOST:PORT");
        let script = format!(
            "exec 3<>/dev/tcp/{host}/{port}; \
             printf 'GET {path} HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3; cat <&3"
        );
        let got = command(&self.prefix, "bash")
            .args(["-c", &script])
            .output()
            .expect("bash");
        let text = String::from_utf8_lossy(&got.stdout).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_default();
        assert!(head.starts_with("HTTP/1.1 200"), "{path}: {text}");
        body.to_owned()
    }

    /// One number of `/metrics`, its name without `talkpath_`.
    pub fn metric(&self, name: &str) -> f64 {
        let page = self.get("/metrics");
        let start = format!("talkpath_{name} ");
        let line = page.lines().find_map(|line| line.strip_prefix(&start));
        let value = line.unwrap_or_else(|| panic!("{name} is missing in\n{page}"));
        value.parse().expect("a number")
    }

    /// Waits until a number of `/metrics` is `value`.
    pub fn until(&self, name: &str, value: f64) {
        // A minute at least; nothing is measured by it.
        for _ in 0..600 {
            if self.metric(name) == value {
                return;
            }
            breathe();
        }
        panic!("{name} is {}, not {value}", self.metric(name));
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal by name.
    pub fn signal(&self, name: &str) {
        signal(self.id(), name);
    }

    /// Ctrl-C; waits for the end, which must be a clean one.
    pub fn stop(mut self) {
        self.signal("INT");
        let mut said = String::new();
        self.out.read_to_string(&mut said).expect("text");
        let code = self.child.wait().expect("a child").code();
        assert_eq!(code, Some(0), "{said}");
        assert!(
            said.contains("stopping: BYE to") && said.ends_with("stopped\n"),
            "{said}"
        );
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // After `stop` there is nothing left to kill.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// `program` with the words of `prefix` before it.
pub fn command(prefix: &[String], program: &str) -> Command {
    match prefix {
        [] => Command::new(program),
        [first, rest @ ..] => {
            let mut command = Command::new(first);
            command.args(rest).arg(program);
            command
        }
    }
}

/// Sends a signal by name.
pub fn signal(process: u32, name: &str) {
    let sent = Command::new("kill")
        .args(["-s", name, &process.to_string()])
        .status();
    assert!(sent.expect("kill").success(), "{name} to {process}");
}

/// A tenth of a second between two looks.
pub fn breathe() {
    MonotonicClock.sleep_until(MonotonicClock.now() + Duration::from_millis(100));
}
