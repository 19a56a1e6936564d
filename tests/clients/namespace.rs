//! Two network namespaces of the test's own, joined by a pair of virtual interfaces: nothing in
//! them reaches any other network.

use std::process::Command;

/// The address of the server's side.
pub const SERVER: &str = "10.77.0.1";
/// The address of the phones' side.
pub const PHONES: &str = "10.77.0.2";

/// Both namespaces, removed at the end.
pub struct Namespaces {
    names: [String; 2],
}

impl Namespaces {
    /// New ones. `None` where the process may not make them.
    pub fn new() -> Option<Self> {
        let id = std::process::id();
        let names = [format!("talkpath-s-{id}"), format!("talkpath-p-{id}")];
        // From here on they are removed, however far this comes.
        let made = Self { names };
        let [server, phones] = &made.names;
        let lines = [
            format!("netns add {server}"),
            format!("netns add {phones}"),
            format!("link add tp0 netns {server} type veth peer name tp1 netns {phones}"),
            format!("-n {server} addr add {SERVER}/24 dev tp0"),
            format!("-n {phones} addr add {PHONES}/24 dev tp1"),
            format!("-n {server} link set lo up"),
            format!("-n {server} link set tp0 up"),
            format!("-n {phones} link set lo up"),
            format!("-n {phones} link set tp1 up"),
        ];
        lines.iter().all(|line| ip(line)).then_some(made)
    }

    /// The words before a program that put it on the server's side.
    pub fn server(&self) -> [&str; 4] {
        ["ip", "netns", "exec", &self.names[0]]
    }

    /// The words before a program that put it on the phones' side.
    pub fn phones(&self) -> [&str; 4] {
        ["ip", "netns", "exec", &self.names[1]]
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        for name in &self.names {
            ip(&format!("netns del {name}"));
        }
    }
}

fn ip(line: &str) -> bool {
    let done = Command::new("ip").args(line.split(' ')).output();
    done.is_ok_and(|done| done.status.success())
}
