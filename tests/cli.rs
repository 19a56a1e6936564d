//! The command line: help, `plan`, and what is refused. The benches are in `bench.rs`.

use std::process::{Command, Output};

fn talkpath(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_talkpath"))
        .args(arguments)
        .output()
        .unwrap()
}

/// Standard output of a run that must succeed.
fn said(arguments: &[&str]) -> String {
    let output = talkpath(arguments);
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {complaint}");
    String::from_utf8(output.stdout).unwrap()
}

/// Message of a run that must end with exit code 2.
fn refusal(arguments: &[&str]) -> String {
    let output = talkpath(arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn holds(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "lacks {part:?}:\n{text}");
    }
}

#[test]
fn help_names_every_command_and_flag() {
    holds(
        &said(&["--help"]),
        &[
            "serve",
            "bench",
            "plan",
            "sip:room-NAME@HOST",
            "real-time worker",
        ],
    );
    let serve = said(&["serve", "--help"]);
    let flags = [
        "--config <FILE>",
        "--sip <ADDR:PORT>",
        "--rtp <ADDR>",
        "--rtp-ports <LO-HI>",
        "--http <ADDR:PORT>",
        "--workers <N>",
        "--cores <LIST>",
        "--slot-us <N>",
        "--capacity <LEGS>",
    ];
    holds(&serve, &flags);
    holds(
        &serve,
        &[
            "sip:echo@HOST",
            "sip:tone-440@HOST",
            "sip:play-FILE@HOST",
            "[default: 127.0.0.1:5060]",
        ],
    );
    holds(
        &said(&["plan", "--help"]),
        &["--codec", "--ptime", "--room-frame", "--bus-rate", "--dot"],
    );
    assert!(said(&["--version"]).starts_with("talkpath "));
}

#[test]
fn without_a_command_it_says_what_there_is() {
    holds(&refusal(&[]), &["Usage: talkpath <COMMAND>", "serve"]);
}

#[test]
fn a_plan_shows_both_ways_op_by_op() {
    let text = said(&["plan", "--codec", "pcma", "--room-frame", "10"]);
    holds(
        &text,
        &[
            "PCMA/8000, 20 ms packets, room frame 10 ms, bus 8000 Hz",
            "ingress",
            "egress",
            "8 kHz mono 80",
        ],
    );
    let order = [
        "jitter",
        "decode",
        "conceal",
        "gain",
        "meter",
        "contribute",
        "mix-minus",
        "limit",
        "encode",
        "packetise",
    ];
    let places: Vec<_> = order
        .iter()
        .map(|op| text.find(&format!("\n{op} ")).expect(op))
        .collect();
    assert!(places.is_sorted(), "ops out of order:\n{text}");
    assert!(!text.contains("resample"), "nothing to resample:\n{text}");
}

#[test]
fn a_leg_that_hears_itself_has_another_plan() {
    let (others, all) = (said(&["plan"]), said(&["plan", "--hear-self"]));
    holds(&others, &["\nmix-minus "]);
    holds(&all, &["\nmix "]);
    assert!(!all.contains("mix-minus"), "{all}");
}

#[test]
fn a_full_disk_is_said_and_a_reader_that_has_enough_is_not() {
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_talkpath"))
        .arg("plan")
        .stdout(full)
        .output()
        .unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(
        message.starts_with("talkpath: standard output: No space"),
        "{message}"
    );

    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = Command::new(env!("CARGO_BIN_EXE_talkpath"))
        .arg("plan")
        .stdout(writer)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty(), "{output:?}");
}

#[test]
fn a_bus_of_another_rate_is_resampled_once_each_way() {
    let text = said(&["plan", "--codec", "l16/16000", "--bus-rate", "8000"]);
    assert_eq!(text.matches("\nresample ").count(), 2, "{text}");
}

#[test]
fn a_plan_as_graphviz_is_two_digraphs() {
    let dot = said(&["plan", "--dot"]);
    assert_eq!(dot.matches("digraph ").count(), 2, "{dot}");
    assert_eq!(dot.matches('{').count(), dot.matches('}').count(), "{dot}");
}

#[test]
fn what_is_impossible_says_what_is_possible() {
    holds(
        &refusal(&["plan", "--codec", "g729"]),
        &["g729", "PCMU/8000", "L16/48000"],
    );
    holds(
        &refusal(&["plan", "--codec", "l16/48000", "--ptime", "20"]),
        &["--ptime: was 20", "up to 10 for L16/48000"],
    );
    holds(
        &refusal(&["plan", "--ptime", "25"]),
        &["--ptime: was 25", "a multiple of 10"],
    );
    for rate in ["8001", "12000", "24000", "32000", "44100"] {
        holds(
            &refusal(&["plan", "--bus-rate", rate]),
            &[&format!(
                "--bus-rate: was {rate}, allowed: 8000, 16000 or 48000"
            )],
        );
    }
}
