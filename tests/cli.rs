//! The command line: help, `plan`, `bench room`.

use std::process::{Command, Output};

use serde_json::Value;

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
        &said(&["bench", "room", "--help"]),
        &["--legs <N>", "--seconds <S>", "--codec <NAME>", "--json"],
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
        &refusal(&["plan", "--codec", "opus"]),
        &["opus", "PCMU/8000", "L16/48000"],
    );
    holds(
        &refusal(&["plan", "--codec", "l16/48000", "--ptime", "20"]),
        &["--ptime: was 20", "up to 10 for L16/48000"],
    );
    holds(
        &refusal(&["plan", "--ptime", "25"]),
        &["--ptime: was 25", "a multiple of 10"],
    );
    holds(
        &refusal(&["bench", "room", "--core", "1023"]),
        &["--core: was 1023", "cores this process may run on: 0"],
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

#[test]
fn the_room_bench_reports_and_the_worker_allocates_nothing() {
    let text = said(&["bench", "room", "--legs", "5", "--seconds", "2", "--json"]);
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["legs"], 5);
    assert_eq!(report["codec"], "PCMU/8000");
    assert_eq!(report["allocations"], 0);
    assert!(report["slots"].as_u64().unwrap() > 0, "{report}");
    assert!(
        report["cpu_ms_per_leg_second"].as_f64().unwrap() > 0.0,
        "{report}"
    );
    assert!(
        report["traffic"]["packets_in"].as_u64().unwrap() > 0,
        "{report}"
    );
    assert!(
        report["traffic"]["packets_out"].as_u64().unwrap() > 0,
        "{report}"
    );
    assert_eq!(report["traffic"]["packets_out_foreign"], 0);
    for distribution in ["wake_us", "busy_us", "end_us"] {
        for figure in ["p50", "p99", "p999", "max"] {
            assert!(
                report[distribution][figure].is_number(),
                "{distribution}.{figure} in {report}"
            );
        }
    }
}

#[test]
fn the_room_bench_as_a_table() {
    let text = said(&[
        "bench",
        "room",
        "--legs",
        "2",
        "--seconds",
        "1",
        "--codec",
        "l16/48000",
    ]);
    holds(
        &text,
        &[
            "2 legs talking in 1 room, L16/48000 at 10 ms",
            "woke late by",
            "busy for",
            "CPU ms per leg-second",
        ],
    );
    let allocations = text
        .lines()
        .find(|line| line.starts_with("allocations on the worker"))
        .unwrap();
    assert!(allocations.ends_with(" 0"), "{allocations}");
}

#[test]
fn the_room_bench_over_rooms_and_workers() {
    let text = said(&[
        "bench",
        "room",
        "--legs",
        "9",
        "--rooms",
        "3",
        "--workers",
        "2",
        "--seconds",
        "1",
    ]);
    holds(
        &text,
        &[
            "9 legs talking in 3 rooms, PCMU/8000 at 20 ms",
            "2 workers on",
            "sums late",
        ],
    );
    let figure = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().last().unwrap().to_owned()
    };
    assert_eq!(figure("allocations on the worker"), "0");
    assert_ne!(figure("packets out "), "0");
}
