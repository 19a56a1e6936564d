//! Tools that tests with real clients need: there, or a visible skip; in CI a failure.

use std::process::{Command, Stdio};

/// A program and the Debian package that has it.
pub type Tool = (&'static str, &'static str);

/// True if every tool is there.
///
/// # Panics
/// With `CI=true` in the environment, where a missing tool is a failure.
pub fn present(tools: &[Tool]) -> bool {
    let missing: Vec<_> = tools
        .iter()
        .filter(|(program, _)| !found(program))
        .map(|(_, package)| *package)
        .collect();
    missing.is_empty()
        || skip(&format!(
            "install with apt-get install -y {}",
            missing.join(" ")
        ))
}

/// Says what is missing: a panic with `CI=true`, elsewhere a line and `false`.
pub fn skip(remedy: &str) -> bool {
    let ci = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(!ci, "CI=true and a tool is missing: {remedy}");
    eprintln!("SKIPPED: {remedy}");
    false
}

fn found(program: &str) -> bool {
    let shell = format!("command -v {program}");
    let answer = Command::new("sh")
        .args(["-c", &shell])
        .stdout(Stdio::null())
        .status();
    answer.is_ok_and(|status| status.success())
}
